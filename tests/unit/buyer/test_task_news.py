"""News of tasks and listings that come early, late or out of order (rules 82, 83, 89)."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.kernel.faults import Fault
from sandbox.kernel.latency import Latency
from sandbox.kernel.network import NetworkConfig
from tests.unit.buyer.conftest import MakePlatform
from tests.unit.buyer.test_campaigns import get, ready, update
from tests.unit.buyer.test_execution import execute, manual, statuses
from tests.unit.buyer.test_media_buys import MANUAL_UPDATES, buys_of, change


def test_news_that_overtake_the_answer_are_kept_for_it(make_platform: MakePlatform) -> None:  # rule 82
    slow = Fault("latency", sender="buyer", to="harbor", message="create_media_buy", latency=Latency(0, 0))
    network = NetworkConfig(latency=Latency(40, 4_000), faults=[slow])
    early = 0
    for seed in range(12):
        platform = make_platform(
            seed=seed,
            network=network,
            buyer={"poll_interval": None},
            sellers={name: manual(delay="1ms") for name in ("northstar", "harbor", "summit")},
        )
        campaign, _ = ready(platform)
        execute(platform, campaign)
        platform.advance("1h")
        assert set(statuses(platform, campaign).values()) == {"ACTIVE"}
        assert not platform.events("webhook_result", ok=False)
        answered = {e.actor: e.seq for e in platform.events("reply", operation="create_media_buy")}
        early += sum(e.seq < answered[e.actor] for e in platform.events("webhook_result", ok=True))
    assert early > 0


def test_a_webhook_that_comes_twice_counts_once(make_platform: MakePlatform) -> None:  # rule 82
    lost = NetworkConfig(faults=[Fault("answer_lost", sender="harbor", message="webhook", count=2)])
    platform = make_platform(network=lost, sellers={"harbor": manual()})
    campaign, _ = ready(platform)
    execute(platform, campaign)
    platform.do("harbor", "approve")
    platform.advance("1h")
    moves = platform.events("status", entity="platform_media_buy", new="ACTIVE")
    assert len(moves) == 3


@pytest.mark.parametrize("end", ["cancel", "reject"])
def test_an_update_that_waits_ends_with_its_media_buy(make_platform: MakePlatform, end: str) -> None:  # rule 89
    platform = make_platform(sellers={"harbor": MANUAL_UPDATES})
    campaign, _ = ready(platform)
    execute(platform, campaign)
    update(platform, campaign, mediaBuys=[change(buys_of(platform, campaign)["harbor"], budget=100)])
    buy = platform.buyer.campaigns[campaign].media_buys[-1]
    assert buy.status == "PENDING_APPROVAL"
    if end == "cancel":
        platform.do("harbor", "cancel", reason="inventory is gone", media_buy=buy.adcp_media_buy_id)
    else:
        platform.do("harbor", "reject", reason="too little")
    platform.call("get_media_buy_status", path={"campaignId": campaign})
    rows = [b for b in get(platform, campaign)["mediaBuys"] if b["salesAgentId"] == "harbor"]
    assert [row["status"] for row in rows] == [{"cancel": "CANCELED", "reject": "ACTIVE"}[end]]


def test_a_cancellation_with_notice_takes_effect_when_it_is_over(make_platform: MakePlatform) -> None:  # rule 93
    from tests.unit.buyer.test_flight import delivering

    platform = make_platform(sellers={"harbor": {"cancellation_notice": "2d"}})
    campaign = delivering(platform)
    platform.until("2026-05-04T00:00:00Z")
    buy = buys_of(platform, campaign)["harbor"]["mediaBuyId"]
    update(platform, campaign, mediaBuys=[{"mediaBuyId": buy, "action": "cancel", "reason": "enough"}])
    assert statuses(platform, campaign)["harbor"] == "ACTIVE"
    assert "notice" in buys_of(platform, campaign)["harbor"]["message"]
    platform.advance("3d")
    assert statuses(platform, campaign)["harbor"] == "CANCELED"


def test_what_an_agent_does_by_itself_is_seen_by_polling(make_platform: MakePlatform) -> None:  # rules 82, 83
    from tests.unit.buyer.test_flight import delivering

    platform = make_platform(buyer={"poll_interval": "1h"})
    campaign = delivering(platform)
    platform.until("2026-05-03T00:30:00Z")
    platform.do("harbor", "pause", reason="traffic problem")
    assert statuses(platform, campaign)["harbor"] == "ACTIVE"
    platform.advance("1h1m")
    assert statuses(platform, campaign)["harbor"] == "PAUSED"
    shown: dict[str, Any] = get(platform, campaign)
    assert shown["mediaBuyStatus"] == "PAUSED"  # rule 80


def test_an_order_that_was_given_up_is_undone_when_polling_finds_it_approved(make_platform: MakePlatform) -> None:
    # rules 83, 93
    platform = make_platform(buyer={"webhooks": False, "poll_interval": "1h"}, sellers={"harbor": manual()})
    campaign, _ = ready(platform)
    execute(platform, campaign)
    buy = buys_of(platform, campaign)["harbor"]["mediaBuyId"]
    update(platform, campaign, mediaBuys=[{"mediaBuyId": buy, "action": "cancel", "reason": "too slow"}])
    platform.call("delete_campaign", path={"campaignId": campaign})
    platform.do("harbor", "approve")
    platform.advance("2h")
    assert [request["canceled"] for request in platform.messages("update_media_buy", to="harbor")] == [True]
    assert platform.events("status", entity="media_buy", new="canceled")
