"""The Gantt chart of media buys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.results.names import shortest
from sandbox.results.plots.style import FAINT, INK, canvas, dates, key, nothing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from sandbox.results.run import Run

COLOURS = {
    "draft": "#cfcfcf",
    "pending": "#e3c26b",
    "input required": "#c8643c",
    "active": "#2f5d8c",
    "paused": "#9db7d1",
    "over": FAINT,
    "failed": "#6d2b3a",
    "rejected": "#a6485b",
}
"""What a status means, and its colour."""

_MEANINGS = {
    "DRAFT": "draft",
    "PENDING_APPROVAL": "pending",
    "INPUT_REQUIRED": "input required",
    "pending_creatives": "pending",
    "pending_start": "pending",
    "ACTIVE": "active",
    "active": "active",
    "PAUSED": "paused",
    "paused": "paused",
    "FAILED": "failed",
    "REJECTED": "rejected",
    "rejected": "rejected",
}

SHORT = 0.012
"""A state that takes less of the picture than this is drawn this wide, so that it can be seen."""


def draw(run: Run, ax: Axes | None) -> Axes:
    """The status of each media buy over time, as the platform has it; without a platform, as its seller has it."""
    from matplotlib.patches import Patch

    statuses = run.statuses
    entity = "platform_media_buy" if (statuses["entity"] == "platform_media_buy").any() else "media_buy"
    changes = statuses[statuses["entity"] == entity]
    buys = list(dict.fromkeys(changes["id"]))
    with canvas(ax, "Media buys", height=1.6 + 0.38 * max(1, len(buys))) as drawn:
        if not buys:
            return nothing(drawn, "no media buy was made")
        told = _rows(run, drawn, changes, buys)
        drawn.set_yticks(range(len(buys)), _names(run, changes, buys), color=INK)
        drawn.invert_yaxis()
        drawn.tick_params(axis="y", length=0)
        drawn.spines["left"].set_visible(False)
        drawn.grid(visible=False, axis="y")
        drawn.grid(visible=True, axis="x")
        dates(drawn)
        key(drawn, [Patch(color=COLOURS[meaning], label=meaning) for meaning in COLOURS if meaning in told])
        return drawn


def _rows(run: Run, ax: Axes, changes: DataFrame, buys: list[str]) -> set[str]:
    """Draw the states; gives back what they mean."""
    import pandas as pd

    first, last = changes["at"].min(), pd.Timestamp(run.outcome.end_ms, unit="ms", tz="UTC")
    least = (last - first) * SHORT
    told = set()
    for row, buy in enumerate(buys):
        own = changes[changes["id"] == buy]
        for at, until, state in zip(own["at"], [*own["at"][1:], last], own["new"], strict=True):
            meaning = _MEANINGS.get(state, "over")
            if until - at < least and meaning == "draft":
                continue
            ax.barh(row, max(until - at, least), left=at, height=0.6, color=COLOURS[meaning], linewidth=0)
            told.add(meaning)
    ax.set_xlim(first, last)
    return told


def _names(run: Run, changes: DataFrame, buys: list[str]) -> list[str]:
    """Seller or campaign of each media buy, whatever tells them apart. The platform orders under its own ids."""
    buyers = dict(zip(changes["id"], changes["actor"], strict=True))
    things = {buy: {"seller": buyers[buy]} for buy in buys}
    for event in run.outcome.trace.of("call"):
        if event.data["operation"] == "create_media_buy":
            order = event.data["payload"]
            buy = order.get("push_notification_config", {}).get("operation_id")
            if buy in things:
                campaign = str(order.get("po_number", ""))
                things[buy] = {"seller": event.data["to"], "campaign": run.names.get(campaign, campaign)}
    labels = shortest(things, (("seller",), ("campaign",), ("campaign", "seller"), ("seller",)))
    return [labels[buy] for buy in buys]
