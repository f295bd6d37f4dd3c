"""How cost grows: ``python -m benchmarks.growth [--plot DIR] [--json FILE] [--only DIMENSION] [--quick]``.

One world is made larger in one dimension at a time, each time in a process of its own. The exponent is the slope of
log cost over log size at the large end: 1 is proportional, less is better, and more would be superlinear.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, replace
from math import log
from pathlib import Path
from typing import Any

import click

from benchmarks.single import Cost, Size, in_own_process

LINEAR = 1.15
"""Up to this exponent a cost counts as proportional: caches and the noise of the machine account for the rest."""


@dataclass(slots=True, frozen=True)
class Dimension:
    """A field of :class:`Size` and the values it takes, from a base; a scenario where ``base`` has sellers."""

    title: str
    field: str
    values: tuple[int, ...]
    base: Size
    factor: int = 1
    """What to multiply values by for the axis."""


_LINES = Size(lines=8, users=1_000_000, days=30)
_SCENARIO = Size(users=200_000, days=15, sellers=8)
DIMENSIONS = {
    "opportunities": Dimension(
        "opportunities", "daily", (41_667, 83_334, 166_667, 333_334, 666_667, 1_333_334), _LINES, 30
    ),
    "users": Dimension("users", "users", (125_000, 250_000, 500_000, 1_000_000, 2_000_000, 4_000_000), _LINES),
    "packages": Dimension("packages (lines alone)", "lines", (1, 2, 4, 8, 16, 32, 64), replace(_LINES, users=200_000)),
    "days": Dimension("simulated days (lines alone)", "days", (15, 30, 60, 120, 240), replace(_LINES, users=200_000)),
    "sellers": Dimension("sellers (whole protocol)", "sellers", (1, 2, 4, 8, 16, 32), _SCENARIO),
    "scenario-days": Dimension("simulated days (whole protocol)", "days", (15, 30, 60, 120), _SCENARIO),
}


@dataclass(slots=True, frozen=True)
class Point:
    """What a world of one size cost; seconds are the least of the repeats."""

    dimension: str
    size: int
    cost: Cost


def measure(name: str, repeats: int, values: tuple[int, ...] | None = None) -> list[Point]:
    """Grow one dimension."""
    dimension = DIMENSIONS[name]
    points = []
    for value in values or dimension.values:
        size = replace(dimension.base, **{dimension.field: value})
        costs = [in_own_process(size) for _ in range(repeats)]
        points.append(Point(name, value * dimension.factor, min(costs, key=lambda cost: cost.run_s)))
        click.echo(f"{name} {value:,}: {points[-1].cost.run_s:.2f} s", err=True)
    return points


def exponent(points: list[Point], figure: str) -> float:
    """The slope of log cost over log size, by least squares over the last three points."""
    last = points[-3:]
    xs, ys = [log(p.size) for p in last], [log(getattr(p.cost, figure)) for p in last]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def table(points: dict[str, list[Point]]) -> list[str]:
    """All points as a Markdown table, with the exponents of time and memory."""
    lines = ["| grows | to | opportunities | seconds | of them kernel | peak MB |", "|---|--:|--:|--:|--:|--:|"]
    for name, row in points.items():
        for point in row:
            cost = point.cost
            lines.append(
                f"| {DIMENSIONS[name].title} | {point.size:,} | {cost.opportunities / 1e6:.1f} M | {cost.run_s:.2f} "
                f"| {cost.kernel_s:.2f} | {cost.peak_mb:.0f} |"
            )
        time, memory = exponent(row, "run_s"), exponent(row, "peak_mb")
        verdict = "no superlinear term" if max(time, memory) <= LINEAR else "**superlinear**"
        lines.append(f"| | exponent | | {time:.2f} | {exponent(row, 'kernel_s'):.2f} | {memory:.2f}: {verdict} |")
    return lines


def plot(points: dict[str, list[Point]], folder: Path) -> None:
    """Two figures with a panel for each dimension: ``cost-time.png`` and ``cost-memory.png``."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figures = {"time": ("seconds", (("run_s", "whole run"), ("kernel_s", "kernel"))), "memory": ("MB", ())}
    for name, (unit, series) in figures.items():
        figure, axes = plt.subplots(2, 3, figsize=(12, 7), sharey=True, layout="constrained")
        for axis, (dimension, row) in zip(axes.flat, points.items(), strict=False):
            sizes = [point.size for point in row]
            for attribute, label in series or (("peak_mb", "peak of the process"),):
                axis.plot(sizes, [getattr(point.cost, attribute) for point in row], "o-", label=label)
            _slope(axis, sizes, [getattr(p.cost, "run_s" if series else "peak_mb") for p in row])
            axis.set(xscale="log", yscale="log", xlabel=DIMENSIONS[dimension].title, ylabel=unit)
            axis.set_xticks(sizes, [_short(size) for size in sizes])
            axis.minorticks_off()
            axis.grid(visible=True, which="both", alpha=0.2)
        axes.flat[0].legend(loc="upper left")
        figure.suptitle(f"How {name} grows in one dimension at a time; dotted: proportional")
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(folder / f"cost-{name}.png", dpi=110)
        plt.close(figure)


def _slope(axis: Any, sizes: list[int], figures: list[float]) -> None:
    """A dotted line of slope 1 through the last point."""
    axis.plot(sizes, [figures[-1] * size / sizes[-1] for size in sizes], ":", color="grey")


def _short(size: int) -> str:
    for least, letter in ((1_000_000, "M"), (1_000, "k")):
        if size >= least:
            return f"{size / least:.3g}{letter}"
    return str(size)


def read(file: Path) -> dict[str, list[Point]]:
    """Points that were written by ``--json``."""
    points: dict[str, list[Point]] = {}
    for one in json.loads(file.read_text(encoding="utf-8")):
        points.setdefault(one["dimension"], []).append(Point(one["dimension"], one["size"], Cost(**one["cost"])))
    return points


def main() -> None:
    """Measure, print the table, and draw the plots."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=main.__doc__)
    parser.add_argument("--plot", type=Path, metavar="DIR", help="write cost-time.png and cost-memory.png here")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all points here too")
    parser.add_argument("--only", action="append", choices=list(DIMENSIONS), help="only this; may be repeated")
    parser.add_argument("--quick", action="store_true", help="three small points a dimension, once each")
    parser.add_argument("--from", type=Path, metavar="FILE", dest="known", help="points of an earlier --json")
    given = parser.parse_args()
    if given.known:
        points = read(given.known)
    else:
        points = {
            name: measure(name, 1 if given.quick else 2, DIMENSIONS[name].values[:3] if given.quick else None)
            for name in given.only or DIMENSIONS
        }
    click.echo("\n".join(table(points)))
    if given.json:
        flat = [asdict(point) for row in points.values() for point in row]
        given.json.write_text(json.dumps(flat, indent=1), encoding="utf-8")
    if given.plot:
        plot(points, given.plot)


if __name__ == "__main__":
    main()
