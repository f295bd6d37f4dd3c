"""Spend against plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.core.money import MICROS
from sandbox.core.time import HOUR_MS
from sandbox.results.plan import Knot, even_plans
from sandbox.results.plots.style import INK, QUIET, End, canvas, colour, dates, label_ends, nothing, thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sandbox.results.run import Run


def draw(run: Run, ax: Axes | None) -> Axes:
    """What all lines have spent by each hour, and what an even plan of their budgets wants."""
    import numpy as np
    import pandas as pd

    outcome = run.outcome
    with canvas(ax, "Spend against plan") as drawn:
        plans = [knots for knots in even_plans(outcome.trace.events, outcome.end_ms).values() if knots]
        if not plans:
            return nothing(drawn, "no line was active")
        hours = np.arange(min(knots[0][0] for knots in plans), outcome.end_ms + 1, HOUR_MS)
        due = np.sum([_at(hours, knots) for knots in plans], axis=0) / MICROS
        spent = run.deliveries.groupby("hour")["spend"].sum().cumsum()
        spent.index = spent.index + pd.Timedelta(hours=1)  # an hour's spend is complete when the hour is over
        times = pd.to_datetime(hours, unit="ms", utc=True)
        actual = spent.reindex(times, method="ffill").fillna(0.0)
        drawn.fill_between(times, due, actual, color=colour(0), alpha=0.12, linewidth=0)
        drawn.plot(times, due, color=QUIET, linestyle=(0, (4, 2)))
        drawn.plot(times, actual, color=colour(0))
        drawn.set_ylim(bottom=0)
        drawn.set_xlim(times[0], times[-1])
        drawn.set_ylabel("units of currency, summed up")
        thousands(drawn.yaxis)
        dates(drawn)
        last = actual.iloc[-1]
        ends = [
            End(times[-1], due[-1], f"even plan {due[-1]:,.0f}", QUIET),
            End(times[-1], last, f"spent {last:,.0f}", INK),
        ]
        label_ends(drawn, ends)
        return drawn


def _at(hours: NDArray[Any], knots: list[Knot]) -> NDArray[Any]:
    """What a plan wants at each hour, in micros."""
    import numpy as np

    due: NDArray[Any] = np.interp(hours, [at_ms for at_ms, _ in knots], [planned for _, planned in knots])
    return due
