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

MAX_ROWS = 60
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
    width = max((len(row.actor) for row in rows), default=0)
    left_out = len(rows) - MAX_ROWS
    for number, row in enumerate(rows):
        if left_out > 0 and MAX_ROWS // 2 <= number < MAX_ROWS // 2 + left_out:
            if number == MAX_ROWS // 2:
                yield click.style(f"  … {left_out} more rows; --out DIR writes all of them", dim=True)
            continue
        text = row.text if len(row.text) <= WIDTH else f"{row.text[: WIDTH - 1]}…"
        kind = click.style(f"{row.kind:<9}", fg=_COLOURS.get(row.kind))
        yield f"{iso(row.at_ms)}  {kind} {row.actor:<{width}}  {text}"


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
