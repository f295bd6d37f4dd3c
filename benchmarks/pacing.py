"""All pacing strategies on one trace: the same opportunities, rivals and people, one line at a time.

    python -m benchmarks.pacing [--seed N] [--json] [--plot FILE]

Two weeks of auctions on traffic with a curve of the day; as fast as it goes the budget is spent in two days.
The error is the root of the mean squared distance of spend from plan at the ends of all hours, over the budget.
The plan is the strategy's own; asap has none and is measured against the even one.
"""

from __future__ import annotations

import argparse
import json
import sys
from math import pi, sin, sqrt
from typing import Any, NamedTuple

from sandbox.core.money import MICROS
from sandbox.core.time import DAY_MS, HOUR_MS, parse_instant
from sandbox.delivery import Competition, CreativeWeight, Engine, Line, Placement, Population, Price
from sandbox.delivery.pacing import PACING

START_MS = parse_instant("2026-05-04")
DAYS = 14
HOURS = 24 * DAYS
BUDGET_MICROS = 200 * MICROS
BID_MICROS = 8 * MICROS

PEOPLE = Population(50_000, activity_shape=0.8)
PLACE = Placement(
    "news",
    "gazette",
    "gazette.example",
    "display",
    daily_opportunities=30_000,
    hour_shape=tuple(1.0 + 0.8 * sin(2.0 * pi * (hour - 12) / 24) for hour in range(24)),
    week_shape=(1.0, 1.0, 1.0, 1.0, 0.9, 0.7, 0.7),
    noise=0.2,
    floor_micros=MICROS,
    competition=Competition(4 * MICROS, 0.6),
)


class Outcome(NamedTuple):
    """What one strategy made of the trace. Shares are of the budget; ``spent`` has one for each hour's end."""

    strategy: str
    overspend_micros: int
    utilisation: float
    rmse: float
    reach: int
    mean_cpm_micros: int
    spent: list[float]


def plan(strategy: str, elapsed: float) -> float:
    """The part of the budget that is to be spent after a part of the flight."""
    return 1.0 - (1.0 - elapsed) ** 2 if strategy == "front_loaded" else elapsed


def play(strategy: str, seed: int) -> Outcome:
    """One line with this pacing through the whole flight, and a recount of its exposures."""
    engine = Engine(seed, START_MS, PEOPLE, [PLACE])
    line = Line(
        "line",
        "buy",
        "seller",
        (PLACE.placement_id,),
        START_MS,
        START_MS + DAYS * DAY_MS,
        BUDGET_MICROS,
        Price("cpm", 0, fixed=False, bid_micros=BID_MICROS),
        pacing=strategy,
        creatives=(CreativeWeight("banner"),),
    )
    engine.add_line(line, START_MS)
    spent = []
    for hour in range(HOURS):
        engine.advance(START_MS + (hour + 1) * HOUR_MS)
        spent.append(engine.totals("line").spend_micros / BUDGET_MICROS)
    if wrong := engine.audit():
        raise AssertionError(f"{strategy}: {wrong[0]}")
    totals = engine.totals("line")
    errors = [share - plan(strategy, (hour + 1) / HOURS) for hour, share in enumerate(spent)]
    return Outcome(
        strategy,
        max(0, totals.spend_micros - BUDGET_MICROS),
        totals.spend_micros / BUDGET_MICROS,
        sqrt(sum(error * error for error in errors) / HOURS),
        engine.reach("package", "line"),
        totals.spend_micros * 1000 // totals.impressions,
        spent,
    )


def table(outcomes: list[Outcome]) -> str:
    """The comparison as a Markdown table."""
    rows = ["| strategy | overspend | utilisation | RMSE | reach | mean CPM |", "|---|--:|--:|--:|--:|--:|"]
    for one in outcomes:
        cells = (
            one.strategy,
            f"{one.overspend_micros / MICROS:.2f}",
            f"{one.utilisation:.4f}",
            f"{one.rmse:.4f}",
            f"{one.reach:,}",
            f"{one.mean_cpm_micros / MICROS:.2f}",
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def plot(outcomes: list[Outcome], path: str) -> None:
    """Draw spend against plan: above all of it, below the distance from the plan of those that keep one."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (whole, error) = plt.subplots(2, 1, figsize=(8, 7), sharex=True, layout="constrained")
    days = [(hour + 1) / 24 for hour in range(HOURS)]
    whole.plot([0, DAYS], [0, 100], color="0.6", linestyle="--", linewidth=1, label="even plan")
    for number, one in enumerate(outcomes):
        colour = f"C{number}"
        whole.plot([0.0, *days], [0.0, *(100 * share for share in one.spent)], color=colour, label=one.strategy)
        if one.strategy != "asap":
            off = [100 * (share - plan(one.strategy, day / DAYS)) for share, day in zip(one.spent, days, strict=True)]
            error.plot(days, off, color=colour, linewidth=1)
    error.axhline(0, color="0.6", linestyle="--", linewidth=1)
    whole.set(title="Spend against plan, one trace of auctions", ylabel="spent, % of budget", ylim=(0, 102))
    error.set(xlabel="day of flight", ylabel="spend less own plan, % of budget", xlim=(0, DAYS))
    whole.legend(fontsize=8, loc="lower right")
    for axes in (whole, error):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=80, pil_kwargs={"optimize": True})
    plt.close(figure)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pacing", description="Compare pacing strategies.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--plot", metavar="FILE", help="draw spend against plan (needs matplotlib)")
    chosen = parser.parse_args(arguments)
    outcomes = [play(strategy, chosen.seed) for strategy in PACING]
    if chosen.json:
        found: Any = {"seed": chosen.seed, "strategies": [one._asdict() for one in outcomes]}
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.write(table(outcomes) + "\n")
    if chosen.plot:
        plot(outcomes, chosen.plot)


if __name__ == "__main__":
    main()
