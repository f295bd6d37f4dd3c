"""What the delivery engine is told: inventory, people, lines, prices, caps.

Times are ms since 1970 (UTC), money is micros of one currency, a CPM is the price of 1,000 impressions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PriceModel = Literal["cpm", "vcpm", "cpc", "cpcv", "cpv", "cpp", "cpa", "flat_rate"]

FLAT_DAY = (1.0,) * 24
FLAT_WEEK = (1.0,) * 7


@dataclass(slots=True, frozen=True)
class Competition:
    """What others bid for an opportunity: log-normal, given by its median CPM in micros."""

    median_micros: int
    sigma: float = 0.5


@dataclass(slots=True, frozen=True)
class Placement:
    """A place for ads and the traffic that it has.

    ``hour_shape`` (24 values, UTC) and ``week_shape`` (7 values, Monday first) are relative;
    ``countries`` and ``devices`` map codes to shares; ``audience`` is the fraction of the population that
    this publisher ever sees; ``floor_micros`` is a CPM that bids must reach; rates are fractions of
    impressions (``completion_rate`` of views). A placement without video has a ``view_rate`` of 0. It has
    traffic in ``[start_ms, end_ms)``, or always.
    """

    placement_id: str
    publisher_id: str
    property_id: str
    channel: str
    daily_opportunities: int
    countries: dict[str, float] = field(default_factory=lambda: {"US": 1.0})
    devices: dict[str, float] = field(default_factory=lambda: {"desktop": 1.0})
    hour_shape: tuple[float, ...] = FLAT_DAY
    week_shape: tuple[float, ...] = FLAT_WEEK
    audience: float = 1.0
    floor_micros: int = 0
    competition: Competition | None = None
    viewability: float = 0.7
    click_rate: float = 0.002
    view_rate: float = 0.6
    completion_rate: float = 0.7
    conversion_rate: float = 0.0005
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(slots=True, frozen=True)
class Population:
    """The people of the world. ``activity_shape`` is the shape of gamma-distributed activity; None: equal."""

    users: int
    activity_shape: float | None = None


@dataclass(slots=True, frozen=True)
class Cap:
    """At most ``max_impressions`` to one user in a rolling ``window_ms``; None is the whole flight.

    A slot is free again exactly ``window_ms`` after its impression. A specification ``suppress`` of a
    duration is one impression in that window.
    """

    max_impressions: int
    window_ms: int | None = None


@dataclass(slots=True, frozen=True)
class Price:
    """What is charged for what.

    ``rate_micros`` is per 1,000 impressions (cpm) or viewable impressions (vcpm), per click, completed view,
    view or conversion (cpc, cpcv, cpv, cpa), per rating point, which is one impression for each 100 of the
    population (cpp), or in total (flat_rate). With ``fixed`` false the line bids ``bid_micros`` CPM against
    the placement's floor and competition and pays the second price.

    A flat rate accrues in a straight line over the flight while the line is active, whatever is delivered;
    time that passes while it is not active is not charged, then or later.
    """

    model: PriceModel
    rate_micros: int
    fixed: bool = True
    bid_micros: int | None = None


@dataclass(slots=True, frozen=True)
class Targeting:
    """Where a line may serve; an empty ``include`` side means everywhere."""

    countries: tuple[str, ...] = ()
    countries_exclude: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    devices_exclude: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    properties_exclude: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class CreativeWeight:
    """A creative in rotation; weights are relative."""

    creative_id: str
    weight: int = 100


@dataclass(slots=True, frozen=True)
class Line:
    """A deployed line item: one package of one media buy. The flight ``[start_ms, end_ms)`` is half open.

    A lower ``priority`` is served first (guaranteed before auction). Without creatives a line can't serve.
    ``group_ids`` name budget groups that its spend also counts against. ``conversion_rate`` replaces that of
    the placement. ``impressions_goal`` is paced like the budget and never passed.
    """

    line_id: str
    media_buy_id: str
    seller_id: str
    placement_ids: tuple[str, ...]
    start_ms: int
    end_ms: int
    budget_micros: int
    price: Price
    campaign_id: str = ""
    advertiser_id: str = ""
    pacing: str = "even"
    daily_cap_micros: int | None = None
    impressions_goal: int | None = None
    priority: int = 1
    targeting: Targeting = Targeting()
    creatives: tuple[CreativeWeight, ...] = ()
    group_ids: tuple[str, ...] = ()
    active: bool = True
    conversion_rate: float | None = None


@dataclass(slots=True)
class Totals:
    """What a line delivered."""

    impressions: int = 0
    spend_micros: int = 0
    viewable: int = 0
    clicks: int = 0
    views: int = 0
    completed_views: int = 0
    conversions: int = 0


@dataclass(slots=True)
class HourRow(Totals):
    """What a line delivered in one hour, or in a part of it."""

    line_id: str = ""
    hour_ms: int = 0
