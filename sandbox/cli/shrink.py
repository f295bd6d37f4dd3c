"""What ``adcp-sandbox run --shrink`` does when a scenario fails."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from pathlib import Path

import click

from sandbox.core.files import write_text
from sandbox.core.time import SECOND_MS, format_duration


@dataclass(slots=True, frozen=True)
class Smaller:
    """The file that was written, and what to tell about it."""

    path: str
    told: str


def target(scenario: str) -> Path:
    """``NAME.shrunk.yaml``: beside a scenario's file, or in the present folder for a shipped one."""
    given = Path(scenario)
    return given.with_suffix(".shrunk.yaml") if given.is_file() else Path(f"{given.name}.shrunk.yaml")


def shrunk(scenario: str, seed: int | None, limit_ms: int) -> Smaller:
    """Write a smaller scenario that fails in the same way to its :func:`target`.

    Progress goes to stderr; the search ends after ``limit_ms`` of real time with the smallest found so far.
    """
    from sandbox.scenario.shrink import shrink

    gc.enable()  # many runs in one process
    ends = time.monotonic() + limit_ms / SECOND_MS
    found = shrink(
        scenario, seed, lambda: time.monotonic() > ends, lambda line: click.echo(f"shrinking: {line}", err=True)
    )
    path = target(scenario)
    write_text(path, found.text, "--shrink")
    lines = [f"{path} still breaks {found.breach.name!r}, found in {found.runs} runs"]
    if not found.finished:
        lines.append(f"stopped after {format_duration(limit_ms)}; --shrink-limit gives it more time")
    lines.append(f"play it with: adcp-sandbox run {path}")
    return Smaller(str(path), "\n".join(lines))
