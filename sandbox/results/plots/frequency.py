"""The frequency histogram."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.results.plots.reach import of_campaign
from sandbox.results.plots.style import INK, QUIET, canvas, colour, nothing, thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sandbox.results.run import Run

BARS = 40
"""More bars than this are put together."""

TAIL = 0.99
"""Of a long tail, so many of the people have bars of their own; the last bar has all others."""


def draw(run: Run, campaign: str | None, ax: Axes | None) -> Axes:
    """People by the number of impressions that they had; those who had none are not shown."""
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    of = "" if campaign is None else f" of {run.names.get(campaign, campaign)}"
    counts = of_campaign(run, campaign)["user"].value_counts().to_numpy()
    with canvas(ax, f"Frequency{of}") as drawn:
        if not counts.size:
            return nothing(drawn, "no impressions")
        end = int(counts.max())
        usual = int(np.quantile(counts, TAIL))
        most = usual if end > 2 * usual else end
        width = -(-most // BARS)
        people = np.bincount((np.minimum(counts, most) - 1) // width)
        lows = 1 + width * np.arange(len(people))
        drawn.bar(lows + (width - 1) / 2, people, width=0.85 * width, color=colour(0))
        if most < end:
            _tell(drawn, f"{lows[-1]:,} and more,\nat most {end:,}", lows[-1] + (width - 1) / 2, int(people[-1]))
        mean = float(counts.mean())
        drawn.axvline(mean, color=INK, linewidth=1)
        drawn.margins(y=0.15)
        is_left = mean < lows[-1] / 2
        drawn.annotate(
            f"mean {mean:.1f}",
            (mean, 0.97),
            xycoords=("data", "axes fraction"),
            xytext=(5 if is_left else -5, 0),
            textcoords="offset points",
            ha="left" if is_left else "right",
            va="top",
        )
        drawn.set_xlim(0.5, lows[-1] + width - 0.5)
        drawn.xaxis.set_major_locator(MaxNLocator(integer=True))
        drawn.set_xlabel(f"impressions of one person; {len(counts):,} people had {counts.sum():,}")
        drawn.set_ylabel("people")
        thousands(drawn.yaxis)
        return drawn


def _tell(ax: Axes, text: str, x: float, y: int) -> None:
    """Write over a bar at the right edge."""
    ax.annotate(text, (x, y), xytext=(4, 6), textcoords="offset points", ha="right", va="bottom", color=QUIET)
