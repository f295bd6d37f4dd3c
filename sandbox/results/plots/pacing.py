"""Pacing by package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.results.names import shortest
from sandbox.results.plots.style import FAINT, QUIET, End, canvas, colour, dates, label_ends, nothing, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sandbox.results.run import Run

MOST = 12
"""With more lines than this, names would be a thicket: lines are drawn grey and without names."""

CHOICES = (("seller",), ("campaign",), ("publishers",), ("campaign", "seller"), ("campaign", "publishers"), ("seller",))


def draw(run: Run, ax: Axes | None) -> Axes:
    """The part of its budget that each line has spent by each hour; dashed: even from start to end."""
    import pandas as pd

    lines = run.lines[run.lines["budget_micros"] > 0]
    with canvas(ax, "Pacing by package (dashed: even)") as drawn:
        if lines.empty:
            return nothing(drawn, "no line was opened")
        spent = run.deliveries.pivot_table(index="hour", columns="line_id", values="spend", aggfunc="sum")
        spent.index = spent.index + pd.Timedelta(hours=1)  # an hour's spend is complete when the hour is over
        share = spent.reindex(columns=lines.index).fillna(0.0).cumsum() / lines["budget"]
        for start, end in dict.fromkeys(zip(lines["start"], lines["end"], strict=True)):
            drawn.plot([start, end], [0, 1], color=QUIET, linewidth=1, linestyle=(0, (4, 2)))
        named = len(lines) <= MOST
        names = shortest(lines.to_dict("index"), CHOICES)
        ends = []
        for number, line_id in enumerate(lines.index):
            start = pd.Series([0.0], index=[lines["start"][line_id]])
            path = pd.concat([start, share[line_id][share.index > start.index[0]]])
            drawn.plot(path.index, path, color=colour(number) if named else QUIET, alpha=1.0 if named else 0.5)
            ends.append(End(path.index[-1], path.iloc[-1], f"{names[line_id]} {path.iloc[-1]:.0%}", colour(number)))
        drawn.axhline(1.0, color=FAINT, linewidth=1, zorder=0)
        drawn.set_ylim(0, max(1.02, float(share.max().max()) * 1.02) if len(share) else 1.02)
        drawn.set_ylabel("part of the budget that is spent")
        percent(drawn.yaxis)
        dates(drawn)
        if named:
            label_ends(drawn, ends)
        return drawn
