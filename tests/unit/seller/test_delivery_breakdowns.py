"""Delivery by creative, country and device, and reach with its window (reporting_dimensions; facts 4.11)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.seller.conftest import ACCOUNT, PLACEMENTS, Opener, Stage, creative
from tests.unit.seller.test_delivery import two_packages

PUBLISHER = {
    "placements": [
        {**PLACEMENTS[0], "countries": {"US": 0.6, "DE": 0.3, "FR": 0.1}},
        {**PLACEMENTS[1], "devices": {"desktop": 0.5, "mobile": 0.4, "tablet": 0.1}},
    ]
}
SUMS = ("impressions", "spend", "clicks", "views", "completed_views", "conversions", "engagements")
DIMENSIONS: dict[str, Any] = {"geo": {"geo_level": "country"}, "device_type": {}}


def rows(world: Stage, buy: str, **request: Any) -> dict[str, Any]:
    answer = world.call("get_media_buy_delivery", media_buy_ids=[buy], **request)
    row: dict[str, Any] = answer["media_buy_deliveries"][0]
    return row


@pytest.mark.parametrize(
    "config", [{}, {"count_discrepancy": 0.07, "late_share": 0.1, "ivt_rate": 0.05, "reporting_delay": "3h"}]
)
def test_creatives_countries_and_devices_add_up_to_their_package(stage: Opener, config: dict[str, Any]) -> None:
    world = stage(publisher=PUBLISHER, **config)
    buy = two_packages(world)
    world.run("2026-05-04T13:30")
    for period in ({}, {"start_date": "2026-05-02", "end_date": "2026-05-03"}):
        for package in rows(world, buy, reporting_dimensions=DIMENSIONS, **period)["by_package"]:
            assert package["impressions"] > 0
            for name in ("by_creative", "by_geo", "by_device_type"):
                for counter in SUMS:
                    parts = sum(row[counter] for row in package[name])
                    assert parts == pytest.approx(package[counter]), (name, counter)


def test_slices_are_those_that_the_market_knows(stage: Opener) -> None:
    world = stage(publisher=PUBLISHER)
    buy = two_packages(world)
    world.run("2026-05-04")
    spot, banner = rows(world, buy, reporting_dimensions=DIMENSIONS)["by_package"]
    places = {row["geo_code"]: row["impressions"] / spot["impressions"] for row in spot["by_geo"]}
    assert places == {
        "US": pytest.approx(0.6, abs=0.05),
        "DE": pytest.approx(0.3, abs=0.05),
        "FR": pytest.approx(0.1, abs=0.05),
    }
    assert [row["creative_id"] for row in banner["by_creative"]] == ["banner"]
    assert {row["device_type"] for row in banner["by_device_type"]} == {"desktop", "mobile", "tablet"}
    assert spot["by_geo_truncated"] is spot["by_device_type_truncated"] is False


def test_creatives_are_always_told_with_their_weight_and_other_dimensions_if_wanted(stage: Opener) -> None:
    world = stage()
    buy, package = world.running()
    world.call("sync_creatives", account=ACCOUNT, creatives=[creative("other")])
    assigned = [{"creative_id": "spot", "weight": 75}, {"creative_id": "other", "weight": 25}]
    world.update(buy, packages=[{"package_id": package, "creative_assignments": assigned}])
    world.run("2026-05-05")
    [row] = rows(world, buy)["by_package"]
    assert not {"by_geo", "by_device_type", "by_geo_truncated"} & row.keys()
    shares = {
        one["creative_id"]: (one["weight"], one["impressions"] / row["impressions"]) for one in row["by_creative"]
    }
    assert shares == {"spot": (75, pytest.approx(0.75, abs=0.05)), "other": (25, pytest.approx(0.25, abs=0.05))}


def test_rows_are_sorted_and_cut_off_as_asked(stage: Opener) -> None:
    world = stage(publisher=PUBLISHER)
    buy, _ = world.running()
    world.run("2026-05-03")
    geo = {"geo_level": "country", "limit": 2, "sort_by": "impressions"}
    [package] = rows(world, buy, reporting_dimensions={"geo": geo})["by_package"]
    assert [row["geo_code"] for row in package["by_geo"]] == ["US", "DE"]
    assert package["by_geo_truncated"] is True


def test_a_dimension_that_is_not_supported_is_left_out(stage: Opener) -> None:
    world = stage()
    buy, _ = world.running()
    world.run("2026-05-02")
    asked = {"geo": {"geo_level": "metro"}, "audience": {}, "placement": {}}
    [package] = rows(world, buy, reporting_dimensions=asked)["by_package"]
    assert not {"by_geo", "by_audience", "by_placement"} & package.keys()


def test_reach_has_a_unit_and_a_window_and_is_no_sum(stage: Opener) -> None:
    world = stage()
    buy = two_packages(world)
    world.run("2026-05-05")
    whole = rows(world, buy)
    day = rows(world, buy, start_date="2026-05-02", end_date="2026-05-03")["totals"]
    total = whole["totals"]
    assert total["reach_unit"] == "individuals"
    assert total["reach_window"] == {"kind": "cumulative"}
    assert day["reach_window"] == {"kind": "period", "period": {"interval": 1, "unit": "days"}}
    assert total["frequency"] == pytest.approx(total["impressions"] / total["reach"], abs=1e-5)
    assert 0 < day["reach"] < total["reach"] <= total["impressions"]
    packages = [package["reach"] for package in whole["by_package"]]
    assert max(packages) <= total["reach"] <= sum(packages)


def test_reach_over_buys_counts_everybody_once(stage: Opener) -> None:
    world = stage()
    first, _ = world.running()
    second, _ = world.running()
    world.run("2026-05-04")
    answer = world.call("get_media_buy_delivery", media_buy_ids=[first, second])
    single = [row["totals"]["reach"] for row in answer["media_buy_deliveries"]]
    assert max(single) <= answer["aggregated_totals"]["reach"] <= sum(single)


def test_quartiles_fall_and_end_in_completions(stage: Opener) -> None:
    world = stage()
    buy, _ = world.running()
    world.run("2026-05-04")
    totals = rows(world, buy)["totals"]
    data = totals["quartile_data"]
    views = [data[f"q{n}_views"] for n in (1, 2, 3, 4)]
    assert totals["views"] >= views[0] >= views[1] >= views[2] >= views[3] == totals["completed_views"] > 0


def test_the_product_says_what_can_be_reported(stage: Opener) -> None:
    world = stage(reporting_delay="4h")
    product = world.call("get_products", buying_mode="wholesale")["products"][0]
    can = product["reporting_capabilities"]
    assert can["expected_delay_minutes"] == 240
    assert can["supports_creative_breakdown"] is can["supports_device_type_breakdown"] is True
    assert can["supports_geo_breakdown"]["country"] is True
    assert {"reach", "frequency", "quartile_data"} <= set(can["available_metrics"])


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
def test_every_release_gets_everything_in_its_own_form(stage: Opener, version: str) -> None:
    world = stage(publisher=PUBLISHER, version=version, ivt_rate=0.05, restatement_delay="6h", guaranteed=True)
    package = {"budget": 5_000, "creatives": [creative()]}
    buy = world.buy(start_time="asap", end_time="2026-05-03T00:00:00Z", package=package)["media_buy_id"]
    world.run("2026-05-04")
    asked = {"time_granularity": "daily", "include_window_breakdown": True} if version != "3.0" else {}
    row = rows(world, buy, reporting_dimensions=DIMENSIONS, include_package_daily_breakdown=True, **asked)
    [package] = row["by_package"]
    days = package["daily_breakdown"], row["daily_breakdown"]
    assert [len([day for day in each if day["impressions"]]) for each in days] == [2, 2]
    assert {"by_creative", "by_geo", "by_device_type", "ext"} <= package.keys()
