"""Attribution windows: how long after a click or a view a conversion counts (core/attribution-window.json)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.seller.records import MediaBuy, Package
from sandbox.core.time import DAY_MS, HOUR_MS, MINUTE_MS, interval_ms

POST_CLICK_MS, POST_VIEW_MS = 7 * DAY_MS, DAY_MS
"""The windows of packages whose goals name none."""


def windows(buy: MediaBuy, package: Package) -> tuple[int, int]:
    """The windows after a click and after a view, in ms: those of the first goal that names some."""
    start_ms, end_ms = buy.window(package)
    for goal in package.extras.get("optimization_goals", ()):
        if wanted := goal.get("attribution_window"):
            click_ms, view_ms = (
                default_ms
                if (span := wanted.get(name)) is None
                else end_ms - start_ms
                if span["unit"] == "campaign"
                else interval_ms(span["interval"], span["unit"])
                for name, default_ms in (("post_click", POST_CLICK_MS), ("post_view", POST_VIEW_MS))
            )
            return click_ms, view_ms
    return POST_CLICK_MS, POST_VIEW_MS


def latest_ms(buy: MediaBuy) -> int:
    """How long after the flight of a media buy conversions may come, in ms."""
    return max(max(windows(buy, package)) for package in buy.packages.values())


def describe(buys: Sequence[MediaBuy]) -> dict[str, Any]:
    """How the conversions of these buys are attributed; windows only where all of them have the same."""
    found = {windows(buy, package) for buy in buys for package in buy.packages.values()}
    body: dict[str, Any] = {"model": "last_touch"}
    if len(found) == 1:
        click_ms, view_ms = found.pop()
        body |= {"post_click": _span(click_ms), "post_view": _span(view_ms)}
    return body


def _span(length_ms: int) -> dict[str, Any]:
    for unit, unit_ms in (("days", DAY_MS), ("hours", HOUR_MS)):
        if length_ms % unit_ms == 0:
            return {"interval": length_ms // unit_ms, "unit": unit}
    return {"interval": -(-length_ms // MINUTE_MS), "unit": "minutes"}
