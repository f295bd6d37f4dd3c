"""The report of a run for people: a timeline, a table of what was promised, and how to repeat it.

Colours are ANSI codes that ``click.echo`` takes out where there is no terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from sandbox.core.money import MICROS
from sandbox.core.time import format_duration, iso
from sandbox.results.timeline import Row, describe, timeline

if TYPE_CHECKING:
    from sandbox.results.result import Judgement, RunResult

MAX_ROWS = 100
"""A longer timeline is shown without its middle."""

WIDTH = 150
"""Longer texts of the timeline are cut."""

_COLOURS = {"status": "cyan", "decision": "magenta", "fault": "yellow", "spend": "green", "step": "blue"}


def report(result: RunResult, title: str) -> Iterator[str]:
    """The lines of the report."""
    yield click.style(f"{result.scenario}: {title}", bold=True)
    yield ""
    yield from _timeline(timeline(result.trace.events))
    if result.expectations:
        yield ""
        yield from _expectations(result.expectations)
    for violation in result.violations:
        yield click.style(f"breach  {violation}", fg="red")
    yield ""
    yield from _totals(result)


def _timeline(rows: list[Row]) -> Iterator[str]:
    """The rows; of messages that come out the same again and again (polls), the first one."""
    told = list(_first(rows))
    width = max((len(row.actor) for row in told), default=0)
    head, tail = told[: MAX_ROWS // 2], told[MAX_ROWS // 2 :]
    cut = max(0, len(tail) - MAX_ROWS // 2)
    yield from (_row(row, width) for row in head)
    if cut:
        yield click.style(f"  … {cut} more rows", dim=True)
    yield from (_row(row, width) for row in tail[cut:])
    if cut or len(told) < len(rows):
        repeated = len(rows) - len(told)
        yield click.style(f"  ({repeated} rows repeat earlier ones; --out DIR writes everything)", dim=True)


def _first(rows: list[Row]) -> Iterator[Row]:
    seen = set()
    for row in rows:
        key = (row.kind, row.text)
        if key not in seen or row.kind not in ("message", "webhook"):
            yield row
        seen.add(key)


def _row(row: Row, width: int) -> str:
    text = row.text if len(row.text) <= WIDTH else f"{row.text[: WIDTH - 1]}…"
    kind = click.style(f"{row.kind:<9}", fg=_COLOURS.get(row.kind))
    return f"{iso(row.at_ms)}  {kind} {row.actor:<{width}}  {text}"


def _expectations(judgements: list[Judgement]) -> Iterator[str]:
    width = max(len(judgement.name) for judgement in judgements)
    for judgement in judgements:
        mark = click.style("held  ", fg="green")
        if not judgement.held:
            mark = click.style("FAILED", fg="red", bold=True)
        yield f"{mark}  {judgement.name:<{width}}  {judgement.detail}"
        if judgement.held:
            continue
        if judgement.place:
            yield f"        {judgement.place}"
        for event in judgement.nearest:
            yield click.style(f"        {iso(event.at_ms)}  {event.actor}  {describe(event)}", dim=True)


def _totals(result: RunResult) -> Iterator[str]:
    held = sum(judgement.held for judgement in result.expectations)
    passed = result.status == "passed"
    status = click.style(result.status, fg="green" if passed else "red", bold=True)
    yield (
        f"{status}: {held} of {len(result.expectations)} held, {len(result.violations)} breaches; "
        f"{format_duration(result.simulated_ms)} simulated in {result.wall_s:.2f} s"
    )
    yield (
        f"{result.messages:,} messages, {result.opportunities:,} opportunities, "
        f"{result.impressions:,} impressions, spend {result.spend_micros / MICROS:,.2f}"
    )
    yield f"digest {result.digest}"
    if not passed:
        yield f"repeat with: {result.repeat}"
