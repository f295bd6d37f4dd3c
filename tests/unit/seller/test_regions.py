"""Packages that are meant for regions of a country only (core/targeting.json)."""

from __future__ import annotations

from tests.unit.seller.conftest import Opener

PLACES = [{"channel": "ctv", "daily_opportunities": 20_000, "countries": {"US-NY": 1, "US-CA": 2, "CA": 1}}]


def areas(stage: Opener, **overlay: list[str]) -> set[str]:
    world = stage(publisher={"placements": PLACES})
    _, package_id = world.running(package={"targeting_overlay": overlay})
    world.run("+2d")
    market = world.world.market
    slices = market.breakdown([package_id], world.world.start_ms, world.world.now)
    assert sum(part.totals.impressions for part in slices) == market.totals(package_id).impressions > 0
    return {part.country for part in slices}


def test_a_package_serves_in_its_regions_only(stage: Opener) -> None:
    assert areas(stage, geo_regions=["US-NY"]) == {"US-NY"}
    assert areas(stage, geo_regions_exclude=["US-NY"]) == {"US-CA", "CA"}


def test_a_country_has_all_its_regions(stage: Opener) -> None:
    assert areas(stage, geo_countries=["US"]) == {"US-NY", "US-CA"}
