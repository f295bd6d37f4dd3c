"""docs/api.md is what the operations say."""

from __future__ import annotations

from tests.docs.api import PLACE, text


def test_the_tables_of_operations_are_current() -> None:
    assert PLACE.read_text(encoding="utf-8") == text(), "run make api-docs"
