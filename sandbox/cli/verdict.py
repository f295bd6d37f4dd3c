"""What a check found, as lines of a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import click

from sandbox.contract.check import Finding, Subject
from sandbox.contract.render import word
from sandbox.contract.run import Verdict

_COLOURS = {"passed": "green", "failed": "red", "warned": "yellow", "skipped": "bright_black"}


def lines(finding: Finding) -> Iterator[str]:
    """A finding, with what is wrong and how to see it again."""
    how = word(finding)
    name = click.style(finding.check.name, bold=how in ("failed", "warned"))
    yield f"{click.style(f'{how:<8}', fg=_COLOURS[how])}{name}  {finding.check.says.splitlines()[0]}"
    if finding.outcome != "passed":
        yield f"        {finding.detail}" + (f"  ({finding.check.rule})" if finding.outcome == "failed" else "")
    if finding.outcome == "failed" and finding.curl:
        yield f"        {finding.curl if len(finding.curl) <= 1000 else finding.curl[:999] + '…'}"


def totals(verdict: Verdict) -> str:
    """The last line."""
    passed, skipped = verdict.count("passed"), verdict.count("skipped")
    failed, warned = verdict.count("failed", "must"), verdict.count("failed", "should")
    how = click.style("conforms", fg="green") if verdict.conforms else click.style("does not conform", fg="red")
    counts = f"{verdict.url} {how}: {passed} passed, {failed} failed, {warned} warned, {skipped} skipped"
    return f"{counts}; nothing listens there any more since {verdict.gone}" if verdict.gone else counts


def unplayed(subject: Subject[Any]) -> str:
    """What could be checked besides, since Node is there; empty if nothing could."""
    if subject.official is None or shutil.which("node") is None:
        return ""
    return f"Node is there: --official also plays {len(subject.official)} official storyboards"
