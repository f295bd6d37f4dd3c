"""get_media_buy_delivery and the reports by webhook (facts 4.11)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from sandbox.core.time import parse_instant
from tests.unit.seller.conftest import Opener, Stage, creative


def delivery(world: Stage, **request: Any) -> dict[str, Any]:
    return world.call("get_media_buy_delivery", **request)


def two_packages(world: Stage) -> str:
    order = world.order(start_time="asap", package={"creatives": [creative()]})
    banner = creative("banner", "display_300x250_image")
    order["packages"].append(
        {"product_id": "daily_display", "pricing_option_id": "cpm_fixed", "budget": 70, "creatives": [banner]}
    )
    return str(world.call("create_media_buy", **order)["media_buy_id"])


def test_totals_are_the_sum_of_the_packages_and_of_the_days(stage: Opener) -> None:
    world = stage()
    buy = two_packages(world)
    world.run("2026-05-04T13:30")
    row = delivery(world, media_buy_ids=[buy], include_package_daily_breakdown=True)["media_buy_deliveries"][0]
    for counter in ("impressions", "spend", "clicks"):
        by_package = sum(package[counter] for package in row["by_package"])
        by_day = sum(day[counter] for day in row["daily_breakdown"])
        assert row["totals"][counter] == pytest.approx(by_package) == pytest.approx(by_day)
    assert row["totals"]["impressions"] > 0
    for package in row["by_package"]:
        held = world.world.market.totals(package["package_id"])
        assert package["impressions"] == held.impressions
        assert package["spend"] == pytest.approx(held.spend_micros / 1e6)


def test_periods_are_half_open_and_add_up(stage: Opener) -> None:
    world = stage()
    buy = two_packages(world)
    world.run("2026-05-06")

    def spent(**dates: str) -> float:
        found = delivery(world, media_buy_ids=[buy], **dates)
        return float(found["aggregated_totals"]["spend"])

    first, rest = spent(start_date="2026-05-01", end_date="2026-05-03"), spent(start_date="2026-05-03")
    assert first > 0
    assert first + rest == pytest.approx(spent())
    assert spent(start_date="2026-04-01", end_date="2026-05-01") == 0


def test_a_period_that_ends_before_it_begins_is_refused(stage: Opener) -> None:
    world = stage()
    buy, _ = world.running()
    dates = {"start_date": "2026-05-03", "end_date": "2026-05-03"}
    assert world.error("get_media_buy_delivery", media_buy_ids=[buy], **dates)["code"] == "INVALID_REQUEST"


def test_ids_and_states_scope_the_rows_and_foreign_ids_are_not_found(stage: Opener) -> None:
    world = stage()
    first, _ = world.running()
    second, _ = world.running()
    world.update(second, paused=True)
    listed = [row["media_buy_id"] for row in delivery(world)["media_buy_deliveries"]]
    assert listed == [first]
    paused = delivery(world, status_filter=["paused"])["media_buy_deliveries"]
    assert [row["media_buy_id"] for row in paused] == [second]
    error = world.error("get_media_buy_delivery", sender="rival", media_buy_ids=[first])
    assert error["code"] == "MEDIA_BUY_NOT_FOUND"


@pytest.mark.parametrize(("granularity", "count"), [("hourly", 48), ("daily", 2)])
def test_windows_cut_the_period_without_gaps_and_add_up_to_it(stage: Opener, granularity: str, count: int) -> None:
    world = stage()
    buy = two_packages(world)
    world.run("2026-05-03T12:00")
    asked = {"time_granularity": granularity, "start_date": "2026-05-01", "end_date": "2026-05-03"}
    row = delivery(world, media_buy_ids=[buy], include_window_breakdown=True, **asked)["media_buy_deliveries"][0]
    windows = row["windows"]
    assert len(windows) == count
    assert (windows[0]["window_start"], windows[-1]["window_end"]) == ("2026-05-01T00:00:00Z", "2026-05-03T00:00:00Z")
    assert all(one["window_end"] == two["window_start"] for one, two in pairwise(windows))
    assert all(window["is_final"] for window in windows)
    for name in ("impressions", "clicks", "spend"):
        assert sum(window["totals"][name] for window in windows) == pytest.approx(row["totals"][name])
        for window in windows:
            packages = sum(package[name] for package in window["by_package"])
            assert window["totals"][name] == pytest.approx(packages)


def test_windows_are_given_only_if_they_are_asked_for(stage: Opener) -> None:
    world = stage()
    buy, _ = world.running()
    world.run("2026-05-02")
    for asked in ({"time_granularity": "daily"}, {"include_window_breakdown": True}):
        assert "windows" not in delivery(world, media_buy_ids=[buy], **asked)["media_buy_deliveries"][0]
    error = world.error("get_media_buy_delivery", media_buy_ids=[buy], time_granularity="monthly")
    assert error["code"] == "UNSUPPORTED_GRANULARITY"


def test_even_pacing_keeps_near_its_line(stage: Opener) -> None:
    world = stage()
    buy, _ = world.running()
    world.run("2026-05-08T00:00:01")
    package = delivery(world, media_buy_ids=[buy])["media_buy_deliveries"][0]["by_package"][0]
    assert package["pacing_index"] == pytest.approx(1.0, abs=0.1)
    assert package["delivery_status"] == "delivering"


@pytest.mark.parametrize("model", ["cpm", "vcpm", "cpc", "cpcv", "cpv", "cpp", "cpa", "flat_rate"])
def test_every_pricing_model_is_sold_delivered_and_reported_within_budget(stage: Opener, model: str) -> None:
    world = stage(pricing_models=[model], rate_card={"ctv": {"flat_rate": 100}} if model == "flat_rate" else {})
    buy, _ = world.running(package={"creatives": [creative()], "pricing_option_id": f"{model}_fixed"})
    world.run("2026-05-06")
    row = delivery(world, media_buy_ids=[buy])["media_buy_deliveries"][0]
    assert row["pricing_model"] == model
    assert row["totals"]["impressions"] > 0
    assert row["totals"]["spend"] <= 200
    if model not in ("cpa", "cpc"):  # conversions and clicks on television are too rare for a sure charge
        assert row["totals"]["spend"] > 0


# -- reports by webhook ------------------------------------------------------------------------------------


def webhook(world: Stage, frequency: str) -> dict[str, Any]:
    return {
        "url": world.world.network.url("buyer", "reports"),
        "authentication": {"schemes": ["Bearer"], "credentials": "x" * 32},
        "reporting_frequency": frequency,
    }


def test_daily_reports_are_numbered_and_the_last_one_is_final(stage: Opener) -> None:
    world = stage()
    buy, package = world.running(end_time="2026-05-05T00:00:00Z", reporting_webhook=webhook(world, "daily"))
    world.run("2026-05-08")
    reports = [hook["result"] for hook in world.webhooks]
    assert [report["sequence_number"] for report in reports] == [1, 2, 3, 4, 5]  # flight / frequency + 1
    assert [report["notification_type"] for report in reports] == [*["scheduled"] * 4, "final"]
    assert all(hook["task_type"] == "media_buy_delivery" for hook in world.webhooks)
    assert all(hook["operation_id"] == buy for hook in world.webhooks)
    scheduled, final = reports[:-1], reports[-1]
    for report in scheduled:
        assert report["next_expected_at"] > report["reporting_period"]["end"]
        assert "aggregated_totals" not in report
    [row] = final["media_buy_deliveries"]
    assert row["is_final"] is True
    assert "next_expected_at" not in final
    held = world.world.market.totals(package)
    assert row["totals"]["impressions"] == held.impressions > 0


@pytest.mark.parametrize("delay", ["0s", "5h"])
def test_scheduled_reports_add_up_to_the_final_one(stage: Opener, delay: str) -> None:
    world = stage(reporting_delay=delay)
    world.running(end_time="2026-05-05T12:00:00Z", reporting_webhook=webhook(world, "hourly"))
    world.run("2026-05-06")
    *hourly, final = (hook["result"]["media_buy_deliveries"][0]["totals"] for hook in world.webhooks)
    assert len(hourly) == 4 * 24 + 12
    assert sum(totals["impressions"] for totals in hourly) == final["impressions"] > 0
    assert sum(totals["spend"] for totals in hourly) == pytest.approx(final["spend"])


def test_reports_come_late_if_the_seller_is_slow(stage: Opener) -> None:
    world = stage(reporting_delay="4h")
    world.running(reporting_webhook=webhook(world, "daily"))
    world.run("2026-05-02T03:59")
    assert world.webhooks == []
    world.run("2026-05-02T04:01")
    assert world.webhooks[0]["result"]["reporting_period"]["end"] == "2026-05-02T00:00:00Z"


def test_a_new_reporting_webhook_replaces_the_schedule_and_goes_on_counting(stage: Opener) -> None:
    world = stage()
    buy, _ = world.running(reporting_webhook=webhook(world, "daily"))
    world.run("2026-05-02T12:30")
    world.update(buy, reporting_webhook=webhook(world, "hourly"))
    world.run("2026-05-02T14:30")
    assert [hook["result"]["sequence_number"] for hook in world.webhooks] == [1, 2, 3]
    periods = [hook["result"]["reporting_period"]["end"] for hook in world.webhooks]
    assert [parse_instant(end) % 3_600_000 for end in periods] == [0, 0, 0]
    assert periods[1:] == ["2026-05-02T13:00:00Z", "2026-05-02T14:00:00Z"]


def test_a_paused_buy_reports_on_and_a_waiting_one_does_not(stage: Opener) -> None:
    world = stage()
    buy = world.buy(package={"creatives": [creative()]}, reporting_webhook=webhook(world, "daily"))["media_buy_id"]
    world.run("2026-05-03T12:00")
    assert world.webhooks == []
    world.update(buy, paused=True)
    world.run("2026-05-05T00:01")
    assert [hook["result"]["media_buy_deliveries"][0]["status"] for hook in world.webhooks] == ["paused", "paused"]
