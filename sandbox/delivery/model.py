"""What the delivery engine is told: inventory, people, lines, prices, caps.

Times are ms since 1970 (UTC), money is micros of one currency, a CPM is the price of 1,000 impressions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sandbox.core.time import DAY_MS, HOUR_MS

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
    ``countries`` and ``devices`` map codes to shares, where a country may be split into regions (``US-NY``);
    ``audience`` is the fraction of the population that this publisher ever sees, ``match_rate`` the fraction
    of those whom the identity graph knows across publishers; ``floor_micros`` is a CPM that bids must reach,
    and with ``first_price`` a winning bid is paid in full.

    Traffic grows by ``growth`` a day from 2026 on (0.01 is one percent), is multiplied on ``special_days`` (UTC dates)
    and, by the hour, with log-normal noise of mean 1 and sigma ``noise``. It exists in ``[start_ms, end_ms)``,
    or always.

    Rates are fractions of impressions (``completion_rate`` of views, ``click_conversion_rate`` of clicks, and
    ``conversion_rate`` of impressions without one). A placement without video has a ``view_rate`` of 0.
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
    match_rate: float = 1.0
    floor_micros: int = 0
    competition: Competition | None = None
    first_price: bool = False
    viewability: float = 0.7
    click_rate: float = 0.002
    view_rate: float = 0.6
    completion_rate: float = 0.7
    engagement_rate: float = 0.01
    conversion_rate: float = 0.0005
    click_conversion_rate: float = 0.02
    growth: float = 0.0
    noise: float = 0.0
    special_days: dict[str, float] = field(default_factory=dict)
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(slots=True, frozen=True)
class Population:
    """The people of the world.

    ``activity_shape`` is the shape of gamma-distributed activity; None: all are equal. ``segments`` maps
    names to the fraction of the people that are in them, each independent of the others.
    """

    users: int
    activity_shape: float | None = None
    segments: dict[str, float] = field(default_factory=dict)


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
    population (cpp), or in total (flat_rate).

    With ``fixed`` false the line bids ``bid_micros`` CPM in an auction; the rate is then a floor. A line
    that pays by impression pays the highest of floors and competing bids, or its own bid where the placement
    sells at the first price.

    A flat rate accrues in a straight line over the flight while the line is active, whatever is delivered;
    time that passes while it is not active is not charged, then or later.
    """

    model: PriceModel
    rate_micros: int
    fixed: bool = True
    bid_micros: int | None = None


@dataclass(slots=True, frozen=True)
class Targeting:
    """Where a line may serve, and to whom; an empty ``include`` side means everywhere and everybody.

    A person is in reach who is in one of the ``segments`` and in none of ``segments_exclude``.
    """

    countries: tuple[str, ...] = ()
    countries_exclude: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    regions_exclude: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    devices_exclude: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    properties_exclude: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    segments_exclude: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class CreativeWeight:
    """A creative in rotation; weights are relative."""

    creative_id: str
    weight: int = 100


@dataclass(slots=True, frozen=True)
class Line:
    """A deployed line item: one package of one media buy. The flight ``[start_ms, end_ms)`` is half open.

    A lower ``priority`` is served first (guaranteed before auction). Without creatives a line can't serve.
    ``group_ids`` name budget groups that its spend also counts against. ``impressions_goal`` is paced like the
    budget and never passed. The daily cap counts days of ``timezone``.

    ``conversion_rate`` replaces both rates of the placement. A conversion comes ``conversion_delay_ms`` after
    its impression (mean of an exponential distribution), is worth ``conversion_value_micros`` (median of a
    log-normal one, sigma 0.5), and counts if that is inside ``click_window_ms`` of a clicked impression or
    inside ``view_window_ms`` of a viewable one.
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
    conversion_delay_ms: int = 12 * HOUR_MS
    conversion_value_micros: int = 50_000_000
    click_window_ms: int = 7 * DAY_MS
    view_window_ms: int = DAY_MS
    timezone: str = "UTC"


@dataclass(slots=True)
class Totals:
    """What a line delivered. Conversions, their value and their charges count when they happen."""

    impressions: int = 0
    spend_micros: int = 0
    viewable: int = 0
    clicks: int = 0
    views: int = 0
    completed_views: int = 0
    conversions: int = 0
    engagements: int = 0
    first_quartile: int = 0
    midpoint: int = 0
    third_quartile: int = 0
    conversion_value_micros: int = 0


@dataclass(slots=True)
class HourRow(Totals):
    """What a line delivered in one hour, or in a part of it."""

    line_id: str = ""
    hour_ms: int = 0


@dataclass(slots=True, frozen=True)
class Slice:
    """What a line delivered with one creative, in one country (or region), on one kind of device."""

    line_id: str
    creative_id: str
    country: str
    device: str
    totals: Totals
