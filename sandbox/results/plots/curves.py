"""Curves over time or anything else, each with its name at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.results.plots.style import End, canvas, colour, dates, label_ends, percent, thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame


def curves(
    table: DataFrame,
    title: str,
    ylabel: str = "",
    *,
    shares: bool = False,
    points: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw each column of a table over its index; an index of instants becomes an axis of dates.

    ``shares`` writes values from 0 to 1 as percentages; ``points`` marks each value with a dot.
    """
    import pandas as pd

    with canvas(ax, title) as drawn:
        ends = []
        for number, (name, column) in enumerate(table.items()):
            known = column.dropna()
            drawn.plot(known.index, known, color=colour(number), marker="o" if points else None, markersize=4)
            ends.append(End(known.index[-1], float(known.iloc[-1]), str(name), colour(number)))
        drawn.set_ylim(bottom=min(0.0, float(table.min().min())))
        drawn.set_ylabel(ylabel)
        drawn.set_xlabel(str(table.index.name or ""))
        if isinstance(table.index, pd.DatetimeIndex) and len(table) > 1:
            drawn.set_xlabel("")
            dates(drawn)
        if shares:
            percent(drawn.yaxis)
        else:
            thousands(drawn.yaxis)
        label_ends(drawn, ends)
        return drawn
