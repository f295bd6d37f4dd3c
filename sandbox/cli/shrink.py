"""What ``adcp-sandbox run --shrink`` does when a scenario fails."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from pathlib import Path

import click

from sandbox.core.errors import InputError
from sandbox.core.time import SECOND_MS, format_duration


@dataclass(slots=True, frozen=True)
class Smaller:
    """The file that was written, and what to tell about it."""

    path: str
    told: str


def shrunk(scenario: str, seed: int | None, limit_ms: int) -> Smaller:
    """Write ``NAME.shrunk.yaml``: beside a scenario's file, or in the present folder for a shipped one.

    Progress goes to stderr; the search ends after ``limit_ms`` of real time with the smallest found so far.
    """
    from sandbox.scenario.shrink import shrink

    gc.enable()  # many runs in one process
    ends = time.monotonic() + limit_ms / SECOND_MS
    found = shrink(
        scenario, seed, lambda: time.monotonic() > ends, lambda line: click.echo(f"shrinking: {line}", err=True)
    )
    given = Path(scenario)
    path = given.with_suffix(".shrunk.yaml") if given.is_file() else Path(f"{given.name}.shrunk.yaml")
    try:
        path.write_text(found.text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror}", "--shrink") from None
    lines = [f"{path} still breaks {found.breach.name!r}, found in {found.runs} runs"]
    if not found.finished:
        lines.append(f"stopped after {format_duration(limit_ms)}; --shrink-limit gives it more time")
    lines.append(f"play it with: adcp-sandbox run {path}")
    return Smaller(str(path), "\n".join(lines))
