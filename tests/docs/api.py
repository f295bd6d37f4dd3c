"""Writes docs/api.md from the operations of the platform: ``python -m tests.docs.api`` (``make api-docs``)."""

from __future__ import annotations

from pathlib import Path

from agents.buyer import api
from sandbox.operations import reference

PLACE = Path(__file__).parents[2] / "docs" / "api.md"

HEAD = """# The buyer API

The operations of the simulated buyer platform, written by `make api-docs` from the rows in `agents/buyer`. A served
sandbox shows the same with all fields at `/docs`, as OpenAPI 3.1 at `/openapi.json`, and as a guide for agents at
`/api/v2/buyer/skill.md`. Fields in **bold** are required. Every request carries `Authorization: Bearer <API key>`;
every error is `{data: null, error: {code, message, field, details}}`. The numbers of rules are those that tests cite.

"""


def text() -> str:
    """What docs/api.md has to be."""
    return HEAD + reference.tables(api.operations())


if __name__ == "__main__":
    PLACE.write_text(text(), encoding="utf-8")
