"""Reports by webhook as sellers send them: late, delayed, adjusted, final (facts 4.11)."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.core.time import HOUR_MS, parse_instant
from sandbox.protocol.schemas import check_answer
from tests.unit.seller.conftest import Opener, Stage, creative
from tests.unit.seller.test_delivery import webhook

SHORT = {"end_time": "2026-05-04T00:00:00Z", "package": {"budget": 200}}
RESTATING = {"late_share": 0.1, "ivt_rate": 0.05, "restatement_delay": "36h"}


def flight(world: Stage, frequency: str = "daily", **changes: Any) -> list[dict[str, Any]]:
    """The reports of three days of flight, each with when it came (``at``) and its only row (``row``)."""
    world.running(**{**SHORT, **changes}, reporting_webhook=webhook(world, frequency))
    world.run("2026-05-20")
    found = []
    for hook in world.webhooks:
        row = hook["result"]["media_buy_deliveries"][0]
        found.append({**hook["result"], "at": hook["timestamp"], "row": row})
        assert check_answer("get_media_buy_delivery", hook["result"], "3.1") == []
    return sorted(found, key=lambda report: int(report["sequence_number"]))  # they may arrive out of order


def kinds(reports: list[dict[str, Any]]) -> list[str]:
    return [report["notification_type"] for report in reports]


def test_provisional_days_are_adjusted_and_the_final_report_is_the_sum_of_what_was_told_last(stage: Opener) -> None:
    reports = flight(stage(**RESTATING))
    assert kinds(reports) == ["scheduled", "scheduled", "adjusted", "scheduled", "adjusted", "adjusted", "final"]
    assert [report["sequence_number"] for report in reports] == list(range(1, 8))
    known: dict[str, dict[str, Any]] = {}
    for report in reports[:-1]:
        day, row = report["reporting_period"]["start"][:10], report["row"]
        assert row["is_final"] is row["is_adjusted"] is (report["notification_type"] == "adjusted")
        if day in known:
            assert row["totals"]["impressions"] > known[day]["impressions"]  # 95 % instead of 90 %
            assert parse_instant(report["at"]) == parse_instant(report["reporting_period"]["end"]) + 36 * HOUR_MS
        known[day] = row["totals"]
    final = reports[-1]["row"]
    assert final["is_final"] is final["is_adjusted"] is True
    for name in ("impressions", "clicks", "spend"):
        assert sum(totals[name] for totals in known.values()) == pytest.approx(final["totals"][name])


def test_a_pull_gives_what_the_reports_of_the_same_days_gave(stage: Opener) -> None:
    world = stage(**RESTATING)
    buy, _ = world.running(**SHORT, reporting_webhook=webhook(world, "daily"))
    world.run("2026-05-03T00:30")
    day = {"start_date": "2026-05-02", "end_date": "2026-05-03"}
    [pulled] = world.call("get_media_buy_delivery", media_buy_ids=[buy], **day)["media_buy_deliveries"]
    [told] = world.webhooks[-1]["result"]["media_buy_deliveries"]
    assert pulled["totals"] == told["totals"]
    assert [p["spend"] for p in pulled["by_package"]] == [p["spend"] for p in told["by_package"]]


def test_small_changes_are_not_sent_again(stage: Opener) -> None:
    reports = flight(stage(ivt_rate=0.001, restatement_delay="36h"))
    assert kinds(reports) == ["scheduled"] * 3 + ["final"]
    assert [report["row"]["is_final"] for report in reports] == [False, False, False, True]


def test_the_counts_of_a_seller_that_never_restates_are_final_at_once(stage: Opener) -> None:
    reports = flight(stage(reporting_delay="2h"))
    assert kinds(reports)[:4] == ["scheduled"] * 3 + ["final"]
    assert all(report["row"]["is_final"] for report in reports)


def test_jitter_makes_reports_late_and_long_delays_are_announced(stage: Opener) -> None:
    reports = flight(stage(reporting_delay="2h", reporting_jitter="5h"), "hourly")
    notices = [report for report in reports if report["notification_type"] == "delayed"]
    assert 20 < len(notices) < 72
    came: dict[str, str] = {}
    for report in reports:
        period = report["reporting_period"]
        late_ms = parse_instant(report["at"]) - parse_instant(period["end"]) - 2 * HOUR_MS
        if report["notification_type"] == "scheduled":
            assert 0 <= late_ms <= 5 * HOUR_MS
            came[period["start"]] = report["at"]
    for notice in notices:
        assert (notice["partial_data"], notice["unavailable_count"]) == (True, 1)
        assert notice["row"]["status"] == "reporting_delayed"
        expected = notice["row"]["expected_availability"]
        assert came[notice["reporting_period"]["start"]] == expected > notice["at"]
    assert kinds(reports).count("final") == 1
    assert len(came) == 72


def test_a_buy_that_pays_by_conversion_is_closed_when_no_conversion_can_come_any_more(stage: Opener) -> None:
    world = stage(pricing_models=["cpa"], rate_card={"ctv": {"cpa": 0.5}})
    package = {"budget": 40, "pricing_option_id": "cpa_fixed"}
    reports = flight(world, package=package)
    final = next(report for report in reports if report["notification_type"] == "final")
    assert final["at"] == "2026-05-11T00:00:00Z"  # seven days after the flight
    [line] = world.world.market.lines()
    assert final["row"]["totals"]["spend"] == pytest.approx(world.world.market.totals(line.line_id).spend_micros / 1e6)
    [row] = final["row"]["by_package"]
    assert sum(event["count"] for event in row.get("by_event_type", [])) == row["conversions"]


def test_conversions_after_the_flight_are_told_in_an_adjusted_report(stage: Opener) -> None:
    placement = {"channel": "ctv", "daily_opportunities": 6_000, "conversion_rate": 0.02}
    reports = flight(stage(publisher={"placements": [placement]}), package={"budget": 400})
    assert kinds(reports)[-2:] == ["final", "adjusted"]
    final, adjusted = reports[-2]["row"], reports[-1]["row"]
    assert adjusted["is_adjusted"]
    assert adjusted["totals"]["conversions"] > final["totals"]["conversions"]
    assert adjusted["totals"]["spend"] == final["totals"]["spend"]
    assert reports[-1]["at"] == "2026-05-11T00:00:00Z"


def test_a_buy_that_never_ran_is_not_reported(stage: Opener) -> None:
    world = stage(reporting_delay="30h")
    buy = world.buy(start_time="2026-05-02T00:00:00Z", reporting_webhook=webhook(world, "daily"))["media_buy_id"]
    world.run("2026-05-04")
    world.update(buy, canceled=True)
    world.run("2026-05-10")
    assert [hook["result"]["notification_type"] for hook in world.webhooks] == ["final"]


def test_a_canceled_buy_is_reported_up_to_its_last_full_day(stage: Opener) -> None:
    world = stage(reporting_delay="30h")
    buy, _ = world.running(package={"creatives": [creative()]}, reporting_webhook=webhook(world, "daily"))
    world.run("2026-05-03T12:00")
    world.update(buy, canceled=True)
    world.run("2026-05-10")
    results = [hook["result"] for hook in world.webhooks]
    assert [result["notification_type"] for result in results] == ["scheduled", "scheduled", "final"]
    told = [result["media_buy_deliveries"][0]["totals"]["impressions"] for result in results]
    assert told[-1] > told[0] + told[1]
