"""How the platform talks to sales agents: releases, keys, repetitions (facts 4.0, 4.7 and 4.8)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from agents.buyer.sellers import redact
from sandbox.kernel.faults import Fault
from sandbox.kernel.network import NetworkConfig
from tests.unit.buyer.conftest import MakePlatform, Platform


@pytest.mark.parametrize("release", ["3.0", "3.1", "3.2"])
def test_the_platform_speaks_the_release_that_an_agent_knows(make_platform: MakePlatform, release: str) -> None:
    platform = make_platform(sellers={"northstar": {"adcp_versions": [release]}})
    found = platform.discover(platform.advertiser(), salesAgentIds=["northstar"])
    assert found["totalGroups"] == 1
    asked = platform.messages("get_products", to="northstar")[-1]
    assert asked.get("adcp_version", "3.0") == release


def test_the_preferred_release_is_spoken_where_both_know_it(make_platform: MakePlatform) -> None:
    platform = make_platform(buyer={"adcp_version": "3.2"})
    platform.discover(platform.advertiser())
    assert {payload["adcp_version"] for payload in platform.messages("get_products")} == {"3.2"}


def test_capabilities_are_asked_for_once(platform: Platform) -> None:
    advertiser = platform.advertiser()
    platform.discover(advertiser)
    platform.discover(advertiser)
    assert len(platform.messages("get_adcp_capabilities", to="northstar")) == 1


def test_a_lost_answer_is_asked_for_again_with_the_same_key(make_platform: MakePlatform) -> None:  # facts 4.7
    faults = [Fault("answer_lost", to="northstar", message="sync_accounts", count=1)]
    platform = make_platform(network=NetworkConfig(faults=faults))
    found = platform.discover(platform.advertiser())
    first, second = platform.messages("sync_accounts", to="northstar")
    assert first == second
    assert found["totalGroups"] == 3
    assert len(platform.events("status", entity="account", old=None)) == 3


def test_an_agent_that_is_down_for_a_moment_is_asked_again_later(make_platform: MakePlatform) -> None:  # facts 4.8
    faults = [Fault("unavailable", to="northstar", message="get_products", count=2)]
    platform = make_platform(network=NetworkConfig(faults=faults))
    assert platform.discover(platform.advertiser())["totalGroups"] == 3
    at = [event.at_ms for event in platform.events("call", operation="get_products", to="northstar")]
    waits = [later - earlier for earlier, later in pairwise(at)]
    assert len(waits) == 2
    assert waits[0] >= 1_500
    assert waits[1] > waits[0]


def test_after_the_last_repetition_the_agent_has_failed(make_platform: MakePlatform) -> None:
    faults = [Fault("unavailable", to="northstar", message="get_products")]
    platform = make_platform(buyer={"requests": {"retries": 1}}, network=NetworkConfig(faults=faults))
    found = platform.discover(platform.advertiser(), debug=True)
    assert found["totalGroups"] == 2
    assert [result["agentId"] for result in found["agentResults"]] == ["northstar"]
    assert len(platform.messages("get_products", to="northstar")) == 2


def test_an_error_that_a_caller_has_to_correct_is_not_repeated(make_platform: MakePlatform) -> None:
    platform = make_platform(sellers={"northstar": {"accounts": "manual"}})
    advertiser = platform.advertiser()
    found = platform.discover(advertiser, salesAgentIds=["northstar"])
    platform.select(found)
    campaign = platform.campaign(advertiser, discoveryId=found["discoveryId"])
    answer = platform.call("execute_campaign", {}, {"campaignId": campaign})
    assert answer["success"] is False
    assert len(platform.messages("create_media_buy", to="northstar")) == 1


def test_every_change_has_a_key_of_its_own(platform: Platform) -> None:  # facts 4.7
    advertiser = platform.advertiser()
    found = platform.discover(advertiser)
    platform.select(found)
    campaign = platform.campaign(advertiser, discoveryId=found["discoveryId"])
    platform.call("execute_campaign", {}, {"campaignId": campaign})
    keys = [p["idempotency_key"] for op in ("sync_accounts", "create_media_buy") for p in platform.messages(op)]
    assert len(keys) == len(set(keys)) == 6


def test_an_agent_that_the_platform_does_not_know_is_not_asked(make_platform: MakePlatform) -> None:
    platform = make_platform(buyer={"sellers": ["harbor"]})
    assert platform.discover(platform.advertiser())["totalGroups"] == 1
    assert platform.messages("get_products", to="northstar") == []


def test_logs_hold_no_credentials() -> None:  # rule 123
    message = {"packages": [{"authentication": {"schemes": ["Bearer"], "credentials": "s3cret"}}], "token": "t"}
    assert redact(message) == {
        "packages": [{"authentication": {"schemes": ["Bearer"], "credentials": "[REDACTED]"}}],
        "token": "[REDACTED]",
    }


def test_a_world_is_the_same_in_every_run(make_platform: MakePlatform) -> None:
    digests = []
    for _ in range(2):
        platform = make_platform(network=NetworkConfig(faults=[Fault("drop", sender="buyer", probability=0.2)]))
        platform.reply("discover_products", {"advertiserId": platform.advertiser(), "brief": "display"})
        digests.append(platform.world.trace.digest())
    assert digests[0] == digests[1]
