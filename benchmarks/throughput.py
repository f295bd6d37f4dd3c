"""All suites, each figure next to its baseline.

python -m benchmarks.throughput [--suite NAME] [--json] [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from typing import Any

import click

from benchmarks import cpp, worlds
from benchmarks.measure import Row
from benchmarks.suites import SUITES


def table(rows: list[Row]) -> list[str]:
    """The rows as lines of text."""
    heads = ("case", "figure", "unit", "baseline", "figure", "ratio", "target", "met")
    lines = [_line(heads)]
    for row in rows:
        theirs = "" if row.baseline_figure is None else _short(row.baseline_figure)
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        met = {True: "yes", False: "NO", None: ""}[row.met]
        what = f"{row.suite}: {row.case}"
        lines.append(_line((what, _short(row.figure), row.unit, row.baseline, theirs, ratio, row.target, met)))
    return lines


def _line(cells: tuple[str, ...]) -> str:
    case, figure, unit, baseline, theirs, ratio, target, met = cells
    return f"{case:<58} {figure:>9} {unit:<16} {baseline:<31} {theirs:>9} {ratio:>8} {target:>6}  {met}".rstrip()


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it was."""
    compiler = cpp.compiler()
    return {
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "compiler": compiler or "none: comparisons with C++ are left out",
    }


def _short(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:.2f} M"
    return f"{value / 1e3:.1f} k" if value >= 1e4 else f"{value:.3g}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--suite", action="append", choices=sorted(SUITES), help="only this suite; may be repeated")
    parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON object instead of a table")
    parser.add_argument("--quick", action="store_true", help="small worlds and few repeats: does everything work?")
    given = parser.parse_args()
    worlds.warm_up()
    before, rows = machine(), []
    for name in given.suite or SUITES:
        click.echo(f"{name} …", err=True)
        rows += SUITES[name](given.quick)
    if given.as_json:
        click.echo(json.dumps({"machine": before, "quick": given.quick, "rows": [row.as_dict() for row in rows]}))
        return
    click.echo("\n".join([*table(rows), "", ", ".join(f"{key} {value}" for key, value in before.items())]))


if __name__ == "__main__":
    main()
