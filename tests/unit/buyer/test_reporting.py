"""Reporting and delivery reports (rules 82 and 161 to 169)."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from sandbox.core.time import iso_date
from tests.unit.buyer.conftest import MakePlatform, Platform
from tests.unit.buyer.test_creatives import Flight, banner, spot

METRICS = {
    "impressions", "spend", "clicks", "views", "completedViews", "conversions", "leads", "videoCompletions",
    "ecpm", "cpc", "ctr", "completionRate",
}  # fmt: skip
SUMS = ("impressions", "spend", "clicks", "views", "completedViews", "conversions")


def running(platform: Platform, days: str = "4d") -> Flight:
    flight = Flight(platform, "herald_display", "streamtv_ctv", "tribune_display")
    flight.create(banner())
    flight.create(spot())
    flight.execute()
    platform.advance(days)
    return flight


def report(platform: Platform, **params: str) -> dict[str, Any]:
    return platform.call("get_reporting_metrics", params={"days": "7", "breakdown": "package", **params})


def added_up(parts: list[dict[str, Any]]) -> dict[str, float]:
    return {name: round(sum(part["metrics"][name] for part in parts), 6) for name in SUMS}


def of(metrics: dict[str, Any]) -> dict[str, float]:
    return {name: metrics[name] for name in SUMS}


def delivered(platform: Platform) -> dict[tuple[str, str], int]:
    """What the market says that was spent, in micros, by package and day."""
    platform.world.market.settle()
    spent: dict[tuple[str, str], int] = {}
    for event in platform.events("delivery"):
        key = (event.data["line_id"], event.data["hour"][:10])
        spent[key] = spent.get(key, 0) + event.data["spend_micros"]
    return spent


def known(platform: Platform) -> dict[tuple[str, str], int]:
    """What the platform knows that was spent, likewise."""
    rows = platform.buyer.delivered.items()
    return {(package, iso_date(day_ms)): told.spend_micros for (_, package, day_ms), told in rows}


@pytest.mark.parametrize("webhooks", [True, False])
def test_whole_days_are_known_by_webhook_as_by_polling(make_platform: MakePlatform, webhooks: bool) -> None:
    # rule 82
    platform = make_platform(buyer={"webhooks": webhooks, "poll_interval": None if webhooks else "6h"})
    running(platform, "5d6h1m")
    today = iso_date(platform.world.now)
    told = {key: spend for key, spend in known(platform).items() if key[1] < today}
    assert told == {key: spend for key, spend in delivered(platform).items() if key[1] < today}
    assert len(told) == 12
    assert bool(platform.events("webhook")) == webhooks


def test_the_last_hours_are_known_when_the_flight_is_over(make_platform: MakePlatform) -> None:  # facts 4.11
    for settings in ({"poll_interval": None}, {"webhooks": False}):
        platform = make_platform(buyer=settings)
        running(platform, "40d")  # a month of flight, and a week in which conversions still come
        assert known(platform) == delivered(platform)


def test_the_present_day_is_asked_for_when_somebody_reads(platform: Platform) -> None:
    running(platform, "3d5h")
    today = iso_date(platform.world.now)
    assert today not in {day for _, day in known(platform)}
    first = report(platform)
    assert today in {day for _, day in known(platform)}
    assert report(platform) == first
    platform.advance("2h")
    assert report(platform)["totals"]["impressions"] > first["totals"]["impressions"]


def test_agents_that_report_are_not_asked_besides(platform: Platform) -> None:
    running(platform, "9d")
    assert platform.messages("get_media_buy_delivery") == []
    assert len(known(platform)) == 3 * 8


def test_the_summary_shows_what_agents_reported(platform: Platform) -> None:
    running(platform)
    shown = report(platform)["totals"]
    assert shown["spend"] == round(sum(known(platform).values()) / 1_000_000, 6) > 0


def test_each_level_is_the_sum_of_the_next(platform: Platform) -> None:  # rule 168
    running(platform)
    body = report(platform)
    assert set(body["totals"]) == METRICS
    assert of(body["totals"]) == added_up(body["advertisers"])
    for advertiser in body["advertisers"]:
        assert of(advertiser["metrics"]) == added_up(advertiser["campaigns"])
        for campaign in advertiser["campaigns"]:
            assert of(campaign["metrics"]) == added_up(campaign["mediaBuys"])
            assert len(campaign["mediaBuys"]) == 3
            for buy in campaign["mediaBuys"]:
                assert of(buy["metrics"]) == added_up(buy["packages"])
                assert {"budget", "status", "name"} <= set(buy)  # C49


def test_rates_follow_from_the_counts(platform: Platform) -> None:  # rule 168
    running(platform)
    total = report(platform)["totals"]
    assert total["ecpm"] == pytest.approx(total["spend"] / total["impressions"] * 1000, abs=1e-5)
    assert total["ctr"] == pytest.approx(total["clicks"] / total["impressions"], abs=1e-5)


def test_without_delivery_rates_are_unknown(platform: Platform) -> None:  # rule 168, C49
    assert report(platform)["totals"]["ecpm"] is None
    assert report(platform)["advertisers"] == []


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"breakdown": "package"}, "days"),
        ({"days": "7"}, "breakdown"),
        ({"days": "91", "breakdown": "package"}, "days"),
        ({"days": "7", "breakdown": "banner"}, "breakdown"),
        ({"startDate": "2026-05-02", "view": "timeseries"}, "days"),
        ({"startDate": "2026-05-02", "endDate": "2026-05-01", "breakdown": "package"}, "endDate"),
    ],
)
def test_what_the_server_enforces(platform: Platform, params: dict[str, str], field: str) -> None:  # 161, 163
    error = platform.error("get_reporting_metrics", params=params)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)


def test_breakdown_changes_nothing(platform: Platform) -> None:  # rule 162
    running(platform)
    shown = [report(platform, breakdown=name) for name in ("campaign", "mediaBuy", "package")]
    assert shown[0] == shown[1] == shown[2]


def test_two_dates_overrule_days(platform: Platform) -> None:  # rule 163
    running(platform)
    body = report(platform, days="1", startDate="2026-05-02", endDate="2026-05-03")
    assert (body["periodStart"], body["periodEnd"]) == ("2026-05-02", "2026-05-03")
    assert 0 < body["totals"]["impressions"] < report(platform)["totals"]["impressions"]


def test_a_timeseries_has_a_row_for_each_package_and_day(platform: Platform) -> None:  # rule 165
    running(platform)
    body = platform.call("get_reporting_metrics", params={"days": "30", "view": "timeseries"})
    rows = body["timeseries"]
    assert len({(row["date"], row["packageId"]) for row in rows}) == len(rows) >= 6
    assert {row["productId"] for row in rows} == {"herald_display", "streamtv_ctv", "tribune_display"}
    assert of(body["totals"]) == added_up(rows)


def test_a_timeseries_is_cut_to_seven_days_and_a_summary_is_not(platform: Platform) -> None:  # rule 164
    running(platform, "12d")
    series = platform.call("get_reporting_metrics", params={"days": "30", "view": "timeseries"})
    assert len({row["date"] for row in series["timeseries"]}) <= 7
    assert series["periodStart"] == "2026-05-07"
    assert report(platform, days="30")["totals"]["impressions"] > series["totals"]["impressions"]


def test_a_download_has_a_line_for_each_package(platform: Platform) -> None:  # rule 167
    running(platform)
    body = platform.call("get_reporting_metrics", params={"days": "7", "download": "true"})  # C24: no breakdown
    token = {"token": body["downloadUrl"].rpartition("/")[2]}
    text = platform.call("get_report_file", path=token)["text"]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows[0]) == 20
    assert body["rowCount"] == len(rows) == 3
    assert body["fileName"] == "reporting-metrics-2026-04-29-to-2026-05-05.csv"
    assert sum(int(row["Impressions"]) for row in rows) == report(platform)["totals"]["impressions"]


def test_demo_figures_are_made_up(platform: Platform) -> None:  # rule 166
    running(platform, "1h")
    assert report(platform)["totals"]["impressions"] == 0
    demo = report(platform, demo="true")
    assert demo["totals"]["impressions"] > 0
    assert report(platform, demo="true") == demo
    assert of(demo["totals"]) == added_up(demo["advertisers"])


def test_reports_are_filtered_and_of_one_customer(make_platform: MakePlatform) -> None:  # rule 13
    platform = make_platform(buyer={"customers": [{"name": "Acme"}, {"name": "Rival"}]})
    flight = running(platform)
    assert report(platform, campaignId=flight.path["campaignId"]) == report(platform)
    assert report(platform, campaignId="other")["advertisers"] == []
    assert report(platform, advertiserId="99")["advertisers"] == []
    params = {"days": "7", "breakdown": "package"}
    assert platform.call("get_reporting_metrics", params=params, customer="rival")["advertisers"] == []


def test_archived_buys_stay_in_reports(platform: Platform) -> None:  # rules 94 and 169
    flight = running(platform)
    before = report(platform)
    buy = before["advertisers"][0]["campaigns"][0]["mediaBuys"][0]["mediaBuyId"]
    platform.call("update_campaign", {"mediaBuys": [{"action": "delete", "mediaBuyId": buy}]}, flight.path)
    after = report(platform)["advertisers"][0]["campaigns"][0]["mediaBuys"][0]
    assert after["mediaBuyId"] == buy
    assert after["status"] == "ARCHIVED"
    assert after["metrics"]["impressions"] > 0


def test_a_repeated_report_counts_once(platform: Platform) -> None:  # facts 4.9
    running(platform, "3d")
    before = report(platform)["totals"]
    payload = platform.events("webhook")[-1].data["payload"]
    platform.world.network.notify("northstar", platform.world.network.url("buyer", "webhooks/reports"), payload)
    platform.advance("1s")
    assert report(platform)["totals"] == before


def test_a_report_about_anothers_buy_is_ignored(platform: Platform) -> None:
    running(platform, "3d")
    before = report(platform)["totals"]
    sent = [e for e in platform.events("webhook") if e.actor == "northstar"][-1].data["payload"]
    forged = {**sent, "idempotency_key": "forged-0000-0000-0000"}
    platform.world.network.notify("harbor", platform.world.network.url("buyer", "webhooks/reports"), forged)
    platform.advance("1s")
    assert report(platform)["totals"] == before


@pytest.mark.parametrize(
    "result",
    [
        {"media_buy_deliveries": 5},
        {"media_buy_deliveries": [5]},
        {"media_buy_deliveries": []},
        {"reporting_period": {"start": "2026-05-10T00:00:00Z"}, "media_buy_deliveries": []},
    ],
    ids=str,
)
def test_a_report_that_is_none_is_refused_and_counts_nothing(platform: Platform, result: dict[str, Any]) -> None:
    stamp = {"timestamp": "2026-05-01T00:00:00Z", "protocol": "media-buy", "status": "completed"}
    names = {"idempotency_key": "report-000000000001", "operation_id": "mb-1", "task_id": "report-1"}
    payload = {**stamp, **names, "task_type": "media_buy_delivery", "result": result}
    platform.world.network.notify("northstar", platform.world.network.url("buyer", "webhooks/reports"), payload)
    platform.advance("1m")
    first, *_ = [event.data for event in platform.events("webhook_result")]
    assert not first["ok"]
    assert "INVALID_REQUEST" in first["why"]
    assert not platform.buyer.delivered
