"""Notifications: what is told, to whom, and what is done with it (rules 14 and 170 to 172)."""

from __future__ import annotations

from typing import Any

import pytest

from agents.buyer.campaign_health import BEHIND
from agents.buyer.notification_kinds import KINDS, kind_of
from agents.buyer.notifications import unread_text
from sandbox.kernel.faults import Fault
from tests.unit.buyer.conftest import MakePlatform, Platform, banners
from tests.unit.buyer.optimised import OFTEN_CLICKED, Flight
from tests.unit.buyer.test_campaigns import get, ready
from tests.unit.buyer.test_execution import execute


def listed(platform: Platform, customer: str | None = None, **params: str) -> dict[str, Any]:
    return platform.call("list_notifications", params=params, customer=customer)


def rows(platform: Platform, **params: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = listed(platform, **params)["notifications"]
    return found


def kinds(platform: Platform, **params: str) -> list[str]:
    return [row["type"] for row in rows(platform, **params)]


def tell(platform: Platform, kind: str = "campaign.completed", text: str = "It is over", **about: str) -> str:
    return platform.buyer.notifications.tell(kind, text, 1, **about).notification_id


def launched(platform: Platform, **fields: Any) -> str:
    campaign, _ = ready(platform, **fields)
    banners(platform, campaign)
    execute(platform, campaign)
    return campaign


# -- the list --------------------------------------------------------------------------------------------------


def test_a_row_is_a_summary_without_data(platform: Platform) -> None:  # rules 7 and 171
    tell(platform, text="x" * 250)
    (row,) = rows(platform)
    assert set(row) == {"id", "type", "status", "messagePreview", "read", "acknowledged", "createdAt"}
    assert (len(row["messagePreview"]), row["messagePreview"][-2:]) == (200, "x…")
    assert (row["read"], row["acknowledged"], row["status"]) == (False, False, "success")
    assert row["id"].startswith("notif_1777593600_")
    assert row["createdAt"] == "2026-05-01T00:00:00Z"


def test_types_are_a_resource_and_an_action() -> None:  # rule 170
    assert all(kind.count(".") == 1 and kind.replace(".", "").replace("_", "").islower() for kind in KINDS)


def test_the_newest_come_first_page_by_page(platform: Platform) -> None:  # rule 8
    told = [tell(platform) for _ in range(60)]
    first = listed(platform)
    assert [row["id"] for row in first["notifications"]] == told[:9:-1]
    assert (first["totalCount"], first["hasMore"]) == (60, True)
    rest = listed(platform, limit="50", offset="50")
    assert ([row["id"] for row in rest["notifications"]], rest["hasMore"]) == (told[9::-1], False)
    assert platform.error("list_notifications", params={"limit": "101"})["field"] == "limit"


def test_filters_narrow_the_list_but_not_the_count_of_unread(platform: Platform) -> None:  # rule 171
    tell(platform, "campaign.unhealthy", advertiser_id="1", campaign_id="c1")
    tell(platform, "creative.sync_failed", advertiser_id="2", campaign_id="c2", creative_id="k")
    seen = tell(platform, "campaign.completed", advertiser_id="2", campaign_id="c2")
    platform.call("read_notification", path={"notificationId": seen})
    assert kinds(platform, types="campaign.unhealthy,creative.sync_failed") == [
        "creative.sync_failed", "campaign.unhealthy",
    ]  # fmt: skip
    assert kinds(platform, brandAgentId="2") == ["campaign.completed", "creative.sync_failed"]
    assert kinds(platform, campaignId="c1") == ["campaign.unhealthy"]
    assert kinds(platform, creativeId="k") == ["creative.sync_failed"]
    assert kinds(platform, unreadOnly="true", brandAgentId="2") == ["creative.sync_failed"]
    assert listed(platform, campaignId="c1")["unreadCount"] == 2
    assert listed(platform, campaignId="c1")["totalCount"] == 1


def test_read_and_acknowledged_are_independent(platform: Platform) -> None:  # rule 170
    first, second = tell(platform), tell(platform)
    platform.call("read_notification", path={"notificationId": first})
    platform.call("acknowledge_notification", path={"notificationId": second})
    states = {row["id"]: (row["read"], row["acknowledged"]) for row in rows(platform)}
    assert states == {first: (True, False), second: (False, True)}
    assert listed(platform)["unreadCount"] == 1


def test_acknowledged_ones_are_gone_after_ninety_days(platform: Platform) -> None:  # rule 170
    done, open_ = tell(platform), tell(platform)
    platform.call("acknowledge_notification", path={"notificationId": done})
    platform.advance("10d")
    platform.call("acknowledge_notification", path={"notificationId": done})
    platform.until("2026-07-29T23:00:00Z")
    assert len(rows(platform)) == 2
    platform.until("2026-07-30T01:00:00Z")
    assert [row["id"] for row in rows(platform)] == [open_]
    assert platform.error("read_notification", path={"notificationId": done})["code"] == "NOT_FOUND"


def test_all_are_marked_as_read_or_those_of_one_advertiser(platform: Platform) -> None:  # rule 172
    for advertiser in ("1", "1", "2"):
        tell(platform, advertiser_id=advertiser)
    platform.call("read_all_notifications", {"brandAgentId": 1})
    assert listed(platform)["unreadCount"] == 1
    platform.call("read_all_notifications")
    assert listed(platform)["unreadCount"] == 0


def test_notifications_are_a_customers_own(make_platform: MakePlatform) -> None:  # rule 13
    platform = make_platform(buyer={"customers": [{"name": "Acme"}, {"name": "Rival"}]})
    one = tell(platform)
    assert listed(platform, "rival") == {"notifications": [], "totalCount": 0, "unreadCount": 0, "hasMore": False}
    for operation in ("read_notification", "acknowledge_notification"):
        error = platform.error(operation, path={"notificationId": one}, customer="rival")
        assert error["code"] == "NOT_FOUND"
    platform.call("read_all_notifications", customer="rival")
    assert listed(platform)["unreadCount"] == 1


def test_they_live_outside_of_the_buyer_prefix(platform: Platform) -> None:  # rule 1, C51
    endpoint = platform.buyer.endpoint
    assert endpoint is not None
    route = endpoint.operations["list_notifications"].detail
    assert route.path == "/api/v2/notifications"
    assert "/api/v2/buyer/notifications" in route.aliases


def test_memory_is_bounded(platform: Platform) -> None:
    first = tell(platform)
    for _ in range(10_000):
        tell(platform)
    assert listed(platform)["totalCount"] == 10_000
    assert platform.error("read_notification", path={"notificationId": first})["code"] == "NOT_FOUND"


def test_help_tells_unread_ones_until_they_are_read(platform: Platform) -> None:  # rule 14
    assert unread_text(platform.buyer, 1) == ""
    tell(platform, "campaign.unhealthy", 'Campaign "Q1 CTV" is unhealthy')
    for _ in range(25):
        tell(platform)
    text = unread_text(platform.buyer, 1)
    assert text.startswith("## Unread Notifications (26)")
    assert "and 6 more" in text
    platform.call("read_all_notifications")
    tell(platform, "campaign.unhealthy", 'Campaign "Q1 CTV" is unhealthy')
    text = platform.buyer.unread_text(1)
    assert '[warning] campaign.unhealthy: Campaign "Q1 CTV" is unhealthy' in text
    assert len(text.splitlines()) == 3
    assert platform.buyer.unread_text(2) == ""


# -- what is told ----------------------------------------------------------------------------------------------


def test_a_launch_is_told_with_what_agents_decide(make_platform: MakePlatform) -> None:  # rule 170
    platform = make_platform(sellers={"northstar": {"approval": "manual"}, "harbor": {"approval": "manual"}})
    campaign = launched(platform)
    assert sorted(kinds(platform, campaignId=campaign)).count("media_buy.approval_needed") == 2
    assert "campaign.started" in kinds(platform)
    assert kinds(platform).count("media_buy.approved") == 1
    platform.do("northstar", "reject", reason="no news")
    platform.do("harbor", "approve")
    assert kinds(platform).count("media_buy.approved") == 2
    (row,) = rows(platform, types="media_buy.rejected")
    assert row["status"] == "error"
    assert "Northstar Media" in row["messagePreview"]
    assert "no news" in row["messagePreview"]


def test_what_an_agent_needs_to_know_is_told(make_platform: MakePlatform) -> None:  # rule 170
    platform = make_platform(sellers={"northstar": {"approval": "manual"}})
    launched(platform)
    platform.do("northstar", "ask_input", missing="which brand?")
    (row,) = rows(platform, types="media_buy.input_required")
    assert "which brand?" in row["messagePreview"]


def test_an_order_that_fails_is_told(make_platform: MakePlatform) -> None:  # rule 170
    platform = make_platform()
    platform.world.network.config.faults.append(Fault("unavailable", to="summit", message="create_media_buy"))
    launched(platform)
    (row,) = rows(platform, types="media_buy.failed")
    assert "Summit Sales" in row["messagePreview"]


def test_a_pause_and_the_end_of_a_campaign_are_told(platform: Platform) -> None:  # rule 170
    campaign = launched(platform)
    platform.call("pause_campaign", path={"campaignId": campaign})
    platform.call("reactivate_campaign", path={"campaignId": campaign})
    platform.advance("32d")
    told = [kind for kind in reversed(kinds(platform, limit="100")) if kind.startswith("campaign.")]
    assert [kind for kind in told if kind not in ("campaign.unhealthy", "campaign.recovered")] == [
        "campaign.started", "campaign.paused", "campaign.resumed", "campaign.completed",
    ]  # fmt: skip
    assert kinds(platform, limit="100").count("media_buy.approved") == 3


def test_rejected_and_approved_creatives_are_told_once(make_platform: MakePlatform) -> None:  # rule 170
    platform = make_platform(sellers={"northstar": {"creative_review": {"mode": "manual"}}})
    launched(platform)
    told = rows(platform, types="creative.approved,creative.rejected")
    assert {row["type"] for row in told} == {"creative.approved"}
    assert all(row["messagePreview"].endswith(("Harbor Exchange", "Summit Sales")) for row in told)
    platform.do("northstar", "reject_creative", reason="too loud")
    platform.advance("2d")
    (row,) = rows(platform, types="creative.rejected")
    assert row["messagePreview"].endswith(" was rejected: Northstar Media: too loud")
    assert rows(platform, types="creative.approved") == told


def test_a_creative_that_does_not_reach_its_agent_is_told_once(platform: Platform) -> None:  # rule 170
    campaign = launched(platform)
    platform.advance("1d")
    platform.world.network.config.faults.append(Fault("unavailable", to="northstar", message="sync_creatives"))
    banners_again = platform.call("list_creatives", path={"campaignId": campaign})["manifests"][0]["creative_id"]
    path = {"campaignId": campaign, "creativeId": banners_again}
    platform.call("update_creative", {"name": "New name"}, path)
    platform.advance("2d")
    failed = rows(platform, types="creative.sync_failed", creativeId=banners_again)
    assert len(failed) == 1
    assert failed[0]["status"] == "error"
    platform.world.network.config.faults.clear()
    platform.advance("1d")
    assert len(kinds(platform, types="creative.sync_failed")) == 1


def test_what_waits_for_a_person_is_told(make_platform: MakePlatform) -> None:  # rules 170 and 174
    platform = make_platform(publishers=OFTEN_CLICKED, buyer={"optimization": {"interval": "2d"}})
    flight = Flight(platform)
    platform.advance("3d4h")
    waiting = ["optimization_suggestion.waiting"] * len(flight.made("HIL_WAITING"))
    assert len(waiting) == 2
    assert kinds(platform, types=waiting[0], **flight.path) == waiting
    flight.decide(flight.of("northstar"))
    platform.advance("1h")
    assert kinds(platform, types="optimization_suggestion.applied") == ["optimization_suggestion.applied"]


def test_credentials_are_told_of_but_not_those_from_the_start(make_platform: MakePlatform) -> None:  # rule 170
    source = {"agent": "harbor", "sourceId": "oauth", "requires_credentials": True, "auth": "OAUTH"}
    shop = {"platformId": "all", "name": "All", "sources": [source]}
    customer = {"name": "Acme", "authorised_sellers": ["harbor"]}
    platform = make_platform(buyer={"storefronts": [shop], "customers": [customer]})
    assert rows(platform) == []
    place = {"storefrontId": "1", "sourceId": "oauth"}
    platform.call("register_source_credentials", {"accountIdentifier": "second"}, place)
    (row,) = rows(platform)
    assert row["type"] == "agent.credentials_pending"
    assert "second with Harbor Exchange" in row["messagePreview"]


def test_audiences_are_told_of_when_they_were_matched(make_platform: MakePlatform) -> None:  # rules 143 and 170
    platform = make_platform(buyer={"audiences": {"minimum_size": 1, "match_rate": 1}})
    advertiser = platform.advertiser()
    member = {"externalId": "u1", "hashedEmail": "a" * 64}
    body = {"audiences": [{"audienceId": "buyers", "name": "Buyers", "add": [member]}, {"audienceId": "nobody"}]}
    platform.call("sync_audiences", body, {"accountId": advertiser})
    platform.advance("1d")
    told = {row["type"]: row["messagePreview"] for row in rows(platform, brandAgentId=advertiser)}
    assert told["audience.ready"] == 'Audience "Buyers" is ready'
    assert told["audience.too_small"].startswith('Audience "nobody" is too small to be targeted: 0 of 0')


def test_a_campaign_that_delivers_nothing_is_unhealthy_until_it_does(make_platform: MakePlatform) -> None:  # rule 170
    platform = make_platform()
    campaign, _ = ready(platform)
    execute(platform, campaign)
    platform.until("2026-05-05T00:00:00Z")
    (row,) = rows(platform, types="campaign.unhealthy", campaignId=campaign)
    assert row["createdAt"] == "2026-05-03T12:00:00Z"
    assert row["messagePreview"] == 'Campaign "Spring" is unhealthy: nothing was delivered on 2026-05-02'
    banners(platform, campaign)
    platform.advance("12d")
    assert kinds(platform, types="campaign.unhealthy,campaign.recovered")[0] in (
        "campaign.recovered", "campaign.unhealthy",
    )  # fmt: skip


def test_a_campaign_far_behind_its_plan_is_unhealthy(platform: Platform) -> None:  # rule 170
    campaign = launched(platform, budget={"total": 10_000_000, "currency": "USD"})
    platform.until("2026-05-05T00:00:00Z")
    (row,) = rows(platform, types="campaign.unhealthy", campaignId=campaign)
    share = float(row["messagePreview"].partition("has spent ")[2].partition("%")[0]) / 100
    assert share < BEHIND


def test_a_budget_that_is_spent_before_the_end_is_told_once(platform: Platform) -> None:  # rule 170
    campaign = launched(platform, budget={"total": 100, "currency": "USD", "pacing": "asap"})
    platform.advance("10d")
    assert get(platform, campaign)["status"] in ("ACTIVE", "COMPLETED")
    assert kinds(platform, types="campaign.budget_exhausted") == ["campaign.budget_exhausted"]


def test_a_changed_property_list_is_told(platform: Platform) -> None:  # rule 170
    advertiser = platform.advertiser()
    body = {"name": "Premium", "purpose": "include", "domains": ["herald.example"]}
    made = platform.call("create_property_list", body, {"advertiserId": advertiser})
    path = {"advertiserId": advertiser, "listId": made["listId"]}
    platform.call("update_property_list", {"name": "Other"}, path)
    assert kinds(platform, brandAgentId=advertiser) == ["property_list.changed"]
    platform.call("delete_property_list", path=path)
    assert [row["messagePreview"] for row in rows(platform)] == [
        'Property list "Other" of Acme Corp no longer applies',
        'Property list "Premium" of Acme Corp was created',
    ]


@pytest.mark.parametrize(
    ("entity", "old", "new", "kind"),
    [
        ("suggestion", "INGESTED", "HIL_WAITING", "optimization_suggestion.waiting"),
        ("suggestion", "INGESTED", "APPLIED", "optimization_suggestion.applied"),
        ("credential", None, "PENDING", "agent.credentials_pending"),
        ("credential", "PENDING", "ACTIVE", "agent.registered"),
        ("platform_audience", "PROCESSING", "READY", "audience.ready"),
        ("platform_audience", "PROCESSING", "TOO_SMALL", "audience.too_small"),
        ("syndication", "SYNCING", "FAILED", "syndication.failed"),
        ("platform_media_buy", "PAUSED", "ACTIVE", None),
        ("platform_media_buy", "PENDING_APPROVAL", "ARCHIVED", None),
        ("campaign", "ACTIVE", "ARCHIVED", None),
    ],
)
def test_statuses_make_notifications(entity: str, old: str | None, new: str, kind: str | None) -> None:  # rule 170
    assert kind_of(entity, old, new) == kind
    assert kind is None or kind in KINDS


# -- webhooks --------------------------------------------------------------------------------------------------


def test_a_customer_with_an_address_is_called(make_platform: MakePlatform) -> None:  # C63
    url = "https://northstar.sandbox.test/webhooks"
    platform = make_platform(buyer={"customers": [{"name": "Acme", "notify_url": url}, {"name": "Rival"}]})
    tell(platform, "campaign.unhealthy", "y" * 5_000, advertiser_id="7", campaign_id="c1")
    platform.buyer.notifications.tell("campaign.completed", "not for Acme", 2)
    platform.advance("1s")
    (event,) = platform.events("webhook", to="northstar", attempt=1)
    payload = event.data["payload"]
    assert set(payload) == {"type", "timestamp", "data"}
    assert (payload["type"], payload["timestamp"]) == ("campaign.unhealthy", "2026-05-01T00:00:00Z")
    assert (payload["data"]["brandAgentId"], payload["data"]["campaignId"]) == ("7", "c1")
    assert len(str(payload)) < 10_000


def test_without_an_address_the_trace_knows_nothing_of_them(platform: Platform) -> None:
    before = platform.world.trace.digest()
    tell(platform)
    assert platform.world.trace.digest() == before
