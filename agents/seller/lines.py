"""Delivery lines: what a package is on the market. A line has the id of its package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.attribution import windows
from agents.seller.audience_matching import segment_name
from agents.seller.compact.controls import groups_of
from agents.seller.properties import deliverable, undeliverable
from agents.seller.records import MediaBuy, Package
from agents.seller.sandbox import creative_of
from sandbox.domain.targeting import read_overlay

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.delivery import CreativeWeight, Price, Targeting

GUARANTEED_PRIORITY, AUCTION_PRIORITY = 1, 2
"""Lower is served first: what is guaranteed goes before what is won by bid."""

_EVEN_WEIGHT = 100.0


def open_line(seller: Seller, buy: MediaBuy, package: Package) -> None:
    """Put a package onto the market."""
    from sandbox.delivery import Line

    start_ms, end_ms = buy.window(package)
    line = Line(
        line_id=package.package_id,
        media_buy_id=buy.media_buy_id,
        seller_id=seller.id,
        placement_ids=tuple(offer.placement_id for offer in package.product.offers),
        start_ms=start_ms,
        end_ms=end_ms,
        budget_micros=package.budget_micros,
        price=_price(package),
        pacing=_pacing(seller, package),
        daily_cap_micros=package.daily_cap_micros,
        impressions_goal=package.impressions,
        group_ids=groups_of(buy),
        priority=GUARANTEED_PRIORITY if package.product.guaranteed else AUCTION_PRIORITY,
        targeting=_targeting(seller, buy, package),
        creatives=_rotation(seller, buy, package),
        active=_may_serve(seller, buy, package),
        **_attribution(buy, package),
    )
    seller.world.market.open_line(seller.id, buy.buyer, line)
    if package.overlay:
        set_caps(seller, package)


def sync_line(seller: Seller, buy: MediaBuy, package: Package, why: str) -> None:
    """Bring the market in line with a package; nothing happens where nothing differs."""
    start_ms, end_ms = buy.window(package)
    fields: dict[str, Any] = {
        "start_ms": start_ms,
        "end_ms": max(end_ms, start_ms),
        "budget_micros": package.budget_micros,
        "price": _price(package),
        "pacing": _pacing(seller, package),
        "daily_cap_micros": package.daily_cap_micros,
        "impressions_goal": package.impressions,
        "targeting": _targeting(seller, buy, package),
        "creatives": _rotation(seller, buy, package),
        "active": _may_serve(seller, buy, package),
        **_attribution(buy, package),
    }
    seller.world.market.change_line(package.package_id, why, **fields)


def set_caps(seller: Seller, package: Package) -> None:
    """Hand the frequency caps of a package to the engine; they replace those before."""
    from sandbox.delivery import Cap

    windows = read_overlay(deliverable(seller, package.overlay)).caps
    caps = [Cap(window.max_impressions, window.window_ms) for window in windows]
    seller.world.market.set_caps("package", package.package_id, caps)


def approved_creatives(seller: Seller, buy: MediaBuy, package: Package) -> list[str]:
    """The assigned creatives that may run."""
    return [
        creative_id
        for creative_id in package.assignments
        if (found := creative_of(seller, buy.account_id, creative_id)) and found.status == "approved"
    ]


def _attribution(buy: MediaBuy, package: Package) -> dict[str, Any]:
    return dict(zip(("click_window_ms", "view_window_ms"), windows(buy, package), strict=True))


def _pacing(seller: Seller, package: Package) -> str:
    """The engine's strategy. The buyer names a plan; how an even one is kept is the seller's own affair."""
    method = seller.config.pacing_method
    if package.pacing != "even" or method == "due_time":
        return package.pacing
    return "adaptive_bids" if method == "adaptive" and not package.option.is_fixed else method


def _may_serve(seller: Seller, buy: MediaBuy, package: Package) -> bool:
    running = buy.status == "active" and not package.paused and not package.canceled
    if undeliverable(package.overlay, package.properties):
        return False
    return running and bool(_rotation(seller, buy, package))


def _rotation(seller: Seller, buy: MediaBuy, package: Package) -> tuple[CreativeWeight, ...]:
    """Weights of the approved creatives. Without any weight all are equal; a weight of zero rests."""
    from sandbox.delivery import CreativeWeight

    rotation = []
    for creative_id in approved_creatives(seller, buy, package):
        weight = package.assignments[creative_id]
        parts = round((_EVEN_WEIGHT if weight is None else weight) * 100)
        if parts > 0:
            rotation.append(CreativeWeight(creative_id, parts))
    return tuple(rotation)


def _price(package: Package) -> Price:
    from sandbox.delivery import Price

    option = package.option
    model: Any = option.model
    return Price(model, option.rate_micros, option.is_fixed, package.bid_micros)


def _targeting(seller: Seller, buy: MediaBuy, package: Package) -> Targeting:
    from sandbox.delivery import Targeting

    overlay = read_overlay(deliverable(seller, package.overlay))
    audiences = (overlay.audiences, overlay.audiences_exclude)
    segments, segments_exclude = (tuple(segment_name(seller.id, buy.account_id, a) for a in s) for s in audiences)
    return Targeting(
        countries=overlay.countries or package.product.countries,
        countries_exclude=overlay.countries_exclude,
        regions=overlay.regions,
        regions_exclude=overlay.regions_exclude,
        devices=overlay.devices,
        properties=package.properties or (),
        segments=segments,
        segments_exclude=segments_exclude,
    )
