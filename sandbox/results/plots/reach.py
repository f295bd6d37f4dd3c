"""Reach curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.results.plots.style import INK, End, canvas, colour, label_ends, nothing, thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from sandbox.results.run import Run

MOST = 8
"""So many publishers get a curve, those with most impressions."""

POINTS = 400
"""A curve of more points looks the same."""


def draw(run: Run, campaign: str | None, ax: Axes | None) -> Axes:
    """Different people reached in all and at each publisher, by the number of impressions that everybody had."""
    exposures = of_campaign(run, campaign)
    with canvas(ax, "Reach" if campaign is None else f"Reach of {run.names.get(campaign, campaign)}") as drawn:
        if exposures.empty:
            return nothing(drawn, "no impressions")
        ends = [_curve(drawn, exposures, None, INK)]
        publishers = exposures["publisher"].value_counts()
        publishers = publishers[publishers > 0]
        if len(publishers) > 1:
            found = enumerate(publishers.index[:MOST])
            ends += [_curve(drawn, exposures, str(publisher), colour(number)) for number, publisher in found]
        drawn.set_xlim(0, len(exposures))
        drawn.set_ylim(bottom=0)
        drawn.set_xlabel("impressions in all")
        drawn.set_ylabel("different people")
        thousands(drawn.xaxis)
        thousands(drawn.yaxis)
        label_ends(drawn, ends)
        return drawn


def of_campaign(run: Run, campaign: str | None) -> DataFrame:
    """The exposures of a campaign by id or name, or all of them. ``ValueError`` if there is no such campaign."""
    exposures = run.exposures()
    if campaign is None:
        return exposures
    lines = run.lines
    known = dict(zip(lines["campaign_id"], lines["campaign"], strict=True))
    ids = [campaign_id for campaign_id, name in known.items() if campaign in (campaign_id, name)]
    if not ids:
        raise ValueError(f"no campaign {campaign!r} has lines; there are {', '.join(known.values()) or 'none'}")
    return exposures[exposures["campaign_id"].isin(ids)]


def _curve(ax: Axes, exposures: DataFrame, publisher: str | None, ink: str) -> End:
    """Draw the reach of one publisher, or of all of them."""
    import numpy as np

    there = np.ones(len(exposures), bool) if publisher is None else (exposures["publisher"] == publisher).to_numpy()
    first = np.zeros(len(exposures), bool)
    first[there] = ~exposures["user"][there].duplicated().to_numpy()
    people = np.concatenate([[0], np.cumsum(first)])
    at = np.unique(np.linspace(0, len(first), POINTS).astype(int))
    ax.plot(at, people[at], color=ink)
    return End(at[-1], float(people[-1]), f"{publisher or 'in all'} {people[-1]:,}", ink)
