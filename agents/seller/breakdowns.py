"""Delivery of packages by creative, place and device (reporting_dimensions of get_media_buy_delivery).

The market knows the slices exactly; the seller's count of the package may differ. Each of its figures is shared
out over the slices by largest remainder, so that the rows of a dimension add up to the package, and no figure of
a row exceeds one that it is a part of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from agents.seller.counting import Counts
from agents.seller.metrics import metrics
from agents.seller.records import Package

if TYPE_CHECKING:
    from sandbox.delivery.model import Slice

DEVICE_TYPES = ("desktop", "mobile", "tablet", "ctv", "dooh", "unknown")
"""enums/device-type.json."""

GEO_LIMIT = 25
"""Rows of ``by_geo`` if the caller does not say."""

_PART_OF = {
    "clicks": "impressions",
    "viewable": "impressions",
    "engagements": "impressions",
    "views": "impressions",
    "first_quartile": "views",
    "midpoint": "first_quartile",
    "third_quartile": "midpoint",
    "completed_views": "third_quartile",
}
"""What a figure is a part of; the larger one comes before."""


def apportion(total: int, weights: Sequence[int], limits: Sequence[int] | None = None) -> list[int]:
    """Split ``total`` by ``weights`` into whole parts that add up to it, by largest remainder, none above its limit.

    Ties go to the earlier part. Without any weight all weigh the same. ``ValueError`` if the limits leave no room.
    """
    if limits is not None and total > sum(limits):
        raise ValueError(f"{total} does not fit into {sum(limits)}")
    if not any(weights):
        weights = [1] * len(weights)
    whole = sum(weights)
    room = [total] * len(weights) if limits is None else list(limits)
    parts = [min(total * weight // whole, most) for weight, most in zip(weights, room, strict=True)]
    order = sorted(range(len(parts)), key=lambda i: (-(total * weights[i] % whole), i))
    left = total - sum(parts)
    while left:
        for i in order:
            step = min(left, 1, room[i] - parts[i])
            parts[i] += step
            left -= step
    return parts


def share_out(total: Counts, parts: Sequence[Counts]) -> list[Counts]:
    """A package's figures over its slices, in proportion to what the market says of each."""
    made: list[Counts] = [Counter() for _ in parts]
    names = ["impressions", *_PART_OF, *(name for name in total if name not in _PART_OF and name != "impressions")]
    for name in names if parts else ():
        limits = [counts[_PART_OF[name]] for counts in made] if name in _PART_OF else None
        for counts, value in zip(made, apportion(total[name], [part[name] for part in parts], limits), strict=True):
            counts[name] = value
    return made


def grouped(total: Counts, slices: Sequence[Slice], key: Callable[[Slice], str]) -> dict[str, Counts]:
    """A package's figures by a key of its slices, in the order of the keys."""
    found: dict[str, Counts] = {}
    for one in slices:
        found.setdefault(key(one), Counter()).update(asdict(one.totals))
    keys = sorted(found)
    return dict(zip(keys, share_out(total, [found[k] for k in keys]), strict=True))


def by_creative(package: Package, counts: Mapping[str, Counts]) -> list[dict[str, Any]]:
    """The rows of ``by_creative``, with the weights of creatives that have one."""
    weights = package.assignments
    return [
        {
            "creative_id": creative_id,
            **metrics(count),
            **({} if weights.get(creative_id) is None else {"weight": weights[creative_id]}),
        }
        for creative_id, count in counts.items()
    ]


def breakdowns(package: Package, total: Counts, slices: Sequence[Slice], wanted: dict[str, Any]) -> dict[str, Any]:
    """The fields ``by_creative`` (always), ``by_geo`` and ``by_device_type`` (if wanted) of a package's row.

    ``wanted`` is the request's ``reporting_dimensions``; a dimension that is not known is left out.
    """
    body: dict[str, Any] = {
        "by_creative": by_creative(package, grouped(total, slices, lambda one: one.creative_id)),
    }
    geo, device = wanted.get("geo"), wanted.get("device_type")
    if geo is not None and geo["geo_level"] in ("country", "region"):
        level = geo["geo_level"]
        places = grouped(total, slices, lambda one: one.country if level == "region" else one.country[:2])
        rows = [{"geo_level": level, "geo_code": code, **metrics(counts)} for code, counts in places.items()]
        body["by_geo"], body["by_geo_truncated"] = _top(rows, {"limit": GEO_LIMIT, **geo})
    if device is not None:
        kinds = grouped(total, slices, lambda one: one.device if one.device in DEVICE_TYPES else "unknown")
        rows = [{"device_type": kind, **metrics(counts)} for kind, counts in kinds.items()]
        body["by_device_type"], body["by_device_type_truncated"] = _top(rows, device)
    return body


def _top(rows: list[dict[str, Any]], wanted: dict[str, Any]) -> tuple[list[dict[str, Any]], bool]:
    """The rows with the most of a metric (spend, if it is not given), and whether others were cut off."""
    metric = wanted.get("sort_by", "spend")
    rows.sort(key=lambda row: -(row.get(metric) or 0))
    limit = wanted.get("limit", len(rows))
    return rows[:limit], len(rows) > limit
