"""The platform's own count against what agents report, restated days, and reports that never come (facts 4.11)."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.core.time import DAY_MS, parse_instant
from sandbox.kernel.faults import Fault
from sandbox.kernel.network import NetworkConfig
from tests.unit.buyer.conftest import MakePlatform, Platform
from tests.unit.buyer.test_reporting import added_up, known, of, report, running

RESTATING = {"late_share": 0.2, "ivt_rate": 0.05, "restatement_delay": "36h"}


def packages(platform: Platform, **params: str) -> dict[str, dict[str, Any]]:
    """What the summary says of each package, by product."""
    found: dict[str, dict[str, Any]] = {}
    for advertiser in report(platform, **{"days": "30", **params})["advertisers"]:
        for campaign in advertiser["campaigns"]:
            for buy in campaign["mediaBuys"]:
                found.update({package["productId"]: package for package in buy["packages"]})
    return found


def told(platform: Platform, day: str) -> list[Any]:
    at_ms = parse_instant(day)
    return [kept for (_, _, day_ms), kept in platform.buyer.delivered.items() if day_ms == at_ms]


def test_agents_that_count_like_the_platform_are_reconciled(platform: Platform) -> None:
    running(platform, "5d6h")
    for package in packages(platform).values():
        found = package["reconciliation"]
        assert found["reportedImpressions"] == found["countedImpressions"] > 0
        assert (found["discrepancy"], found["status"]) == (0, "RECONCILED")
        assert found["provisionalDays"] == found["restatedDays"] == 0


@pytest.mark.parametrize(("more", "status"), [(0.01, "RECONCILED"), (0.06, "DISCREPANCY"), (-0.3, "ALARM")])
def test_the_discrepancy_of_an_agent_is_exposed(make_platform: MakePlatform, more: float, status: str) -> None:
    platform = make_platform(sellers={"harbor": {"count_discrepancy": more}})
    running(platform, "8d6h")
    found = {name: package["reconciliation"] for name, package in packages(platform).items()}
    assert found["streamtv_ctv"]["discrepancy"] == pytest.approx(more, rel=0.25)
    assert found["streamtv_ctv"]["status"] == status
    assert found["herald_display"]["discrepancy"] == found["tribune_display"]["discrepancy"] == 0
    shown = report(platform, days="30")
    assert of(shown["totals"]) == added_up(shown["advertisers"])


def test_before_a_day_is_known_and_for_made_up_figures_there_is_nothing_to_reconcile(platform: Platform) -> None:
    running(platform, "1d3h")
    assert all("reconciliation" not in package for package in packages(platform).values())
    platform.advance("2d")
    assert all("reconciliation" in package for package in packages(platform).values())
    assert all("reconciliation" not in package for package in packages(platform, demo="true").values())


@pytest.mark.parametrize("buyer", [{"poll_interval": None}, {"webhooks": False}], ids=["webhooks", "polling"])
def test_restated_days_replace_provisional_ones(make_platform: MakePlatform, buyer: dict[str, Any]) -> None:
    platform = make_platform(buyer=buyer, sellers=dict.fromkeys(("northstar", "harbor", "summit"), RESTATING))
    running(platform, "2d12h")
    first = sum(kept.impressions for kept in told(platform, "2026-05-02"))
    assert all(not kept.is_final for kept in told(platform, "2026-05-02"))
    platform.advance("9d")
    last = told(platform, "2026-05-02")
    assert all(kept.is_final and kept.restated for kept in last)
    assert sum(kept.impressions for kept in last) == pytest.approx(first * 0.95 / 0.8, rel=0.02)
    shown = packages(platform)["streamtv_ctv"]["reconciliation"]
    assert shown["restatedDays"] > 0
    assert shown["discrepancy"] < 0


def test_at_the_end_every_day_is_known_for_good(make_platform: MakePlatform) -> None:
    for buyer in ({"poll_interval": None}, {"webhooks": False}):
        platform = make_platform(buyer=buyer, sellers=dict.fromkeys(("northstar", "harbor", "summit"), RESTATING))
        running(platform, "45d")
        assert all(kept.is_final for kept in platform.buyer.delivered.values())  # type: ignore[attr-defined]
        for seller in ("northstar", "harbor", "summit"):
            ledger = platform.world.actors[seller].ledger  # type: ignore[attr-defined]
            mine = {package for (_, package, _) in platform.buyer.delivered}
            for package in mine & set(platform.world.actors[seller].package_buys):  # type: ignore[attr-defined]
                spent = sum(spend for (name, _), spend in known(platform).items() if name == package)
                assert spent == ledger.between(package, 0, platform.world.now)["spend_micros"] > 0


def test_a_provisional_report_that_comes_late_changes_nothing(make_platform: MakePlatform) -> None:
    platform = make_platform(sellers={"harbor": RESTATING})
    running(platform, "2d1h")
    hooks = [event.data["payload"] for event in platform.events("webhook") if event.actor == "harbor"]
    provisional = next(hook for hook in hooks if hook.get("task_type") == "media_buy_delivery")
    platform.advance("3d")
    before = dict(known(platform))
    late = {**provisional, "idempotency_key": "late-copy-of-a-report-0001"}
    platform.world.network.notify("harbor", platform.world.network.url("buyer", "webhooks/reports"), late)
    platform.advance("1s")
    assert known(platform) == before


def test_a_report_that_never_comes_is_pulled(make_platform: MakePlatform) -> None:
    from_ms = parse_instant("2026-05-03T00:00:00Z")
    lost = Fault("drop", "northstar", "buyer", "webhook", from_ms=from_ms, until_ms=from_ms + 2 * DAY_MS)
    platform = make_platform(network=NetworkConfig(faults=[lost], webhook_retries_ms=()))
    running(platform, "5d8h")
    assert platform.events("webhook_result", ok=False)
    asked = platform.messages("get_media_buy_delivery", to="northstar")
    lost_days, the_days_after = ["2026-05-02", "2026-05-03"], ["2026-05-03", "2026-05-04"]
    assert [body["start_date"] for body in asked] == [*lost_days, *the_days_after]  # with the day that just runs
    assert platform.messages("get_media_buy_delivery", to="harbor") == []
    found = packages(platform)["herald_display"]["reconciliation"]
    assert found["reportedImpressions"] == found["countedImpressions"] > 0


def test_days_that_a_slow_agent_does_not_know_yet_stay_open(make_platform: MakePlatform) -> None:
    platform = make_platform(buyer={"webhooks": False}, sellers={"harbor": {"reporting_delay": "30h"}})
    running(platform, "9d7h")
    streams = packages(platform)["streamtv_ctv"]["reconciliation"]
    assert streams["reportedImpressions"] == streams["countedImpressions"] > 0
    buy = next(buy for c in platform.buyer.campaigns.values() for buy in c.media_buys if buy.seller_id == "harbor")
    known_until = platform.buyer.reported_until[buy.media_buy_id]
    assert platform.world.now - 2 * DAY_MS - DAY_MS < known_until <= platform.world.now - DAY_MS


def test_a_notice_of_delay_is_no_report(make_platform: MakePlatform) -> None:
    platform = make_platform(buyer={"poll_interval": None}, sellers={"harbor": {"reporting_jitter": "20h"}})
    running(platform, "9d")
    payloads = [event.data["payload"].get("result", {}) for event in platform.events("webhook")]
    assert any(result.get("notification_type") == "delayed" for result in payloads)
    assert all(kept.impressions > 0 for kept in platform.buyer.delivered.values())
