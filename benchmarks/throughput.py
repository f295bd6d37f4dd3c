"""All suites, each figure next to its baseline.

python -m benchmarks.throughput [--suite NAME] [--json | --markdown] [--quick]
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

_HEADS = ("case", "figure", "unit", "baseline", "its figure", "ratio", "target", "met")


def table(rows: list[Row], markdown: bool) -> list[str]:
    """The rows as lines of text, or as a table in Markdown."""
    if not markdown:
        return [_line(_HEADS), *(_line(_cells(row)) for row in rows)]
    rule = "|---|--:|---|---|--:|--:|--:|---|"
    return [f"| {' | '.join(_HEADS)} |", rule, *(f"| {' | '.join(_cells(row))} |" for row in rows)]


def _cells(row: Row) -> tuple[str, ...]:
    theirs = "" if row.baseline_figure is None else _short(row.baseline_figure)
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    met = {True: "yes", False: "NO", None: ""}[row.met]
    return f"{row.suite}: {row.case}", _short(row.figure), row.unit, row.baseline, theirs, ratio, row.target, met


def _line(cells: tuple[str, ...]) -> str:
    case, figure, unit, baseline, theirs, ratio, target, met = cells
    return f"{case:<60} {figure:>9} {unit:<16} {baseline:<31} {theirs:>10} {ratio:>8} {target:>6}  {met}".rstrip()


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
    for least, letter in ((1e6, " M"), (1e3, " k")):
        if value >= least:
            return f"{value / least:.3g}{letter}"
    return f"{value:.3g}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--suite", action="append", choices=sorted(SUITES), help="only this suite; may be repeated")
    parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON object instead of a table")
    parser.add_argument("--markdown", action="store_true", help="a table in Markdown")
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
    click.echo(
        "\n".join([*table(rows, given.markdown), "", ", ".join(f"{key} {value}" for key, value in before.items())])
    )


if __name__ == "__main__":
    main()
