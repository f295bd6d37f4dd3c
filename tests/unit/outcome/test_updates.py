"""What agents are told of changes, and how their tactics do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonpatch
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.core.time import DAY_MS, iso, parse_instant
from sandbox.kernel.faults import Fault
from sandbox.kernel.network import NetworkConfig
from tests.unit.buyer.conftest import START
from tests.unit.outcome.conftest import Market, Scripted, build, flight

Json = dict[str, Any]
MakeScripted = Callable[..., tuple[Market, Scripted]]


def running(make_scripted: MakeScripted, **settings: Any) -> tuple[Market, Scripted, str, str]:
    """A world with a tactic of 1,000 that runs: world, agent, campaign, proposal."""
    market, agent = make_scripted(**settings)
    campaign = market.start_campaign(flightDates=flight())
    return market, agent, campaign, market.pick(campaign)["proposalId"]


def update(market: Market, campaign: str, proposal: str, **change: Any) -> Json:
    return market.call("update_tactic", change, {"campaignId": campaign, "proposalId": proposal})


def replayed(market: Market) -> Json:
    """The context as it was sent with the acceptance, after all patches since."""
    context: Json = market.messages("accept-proposal")[0]["body"]["tacticContext"]
    for call in market.events("call", to="script"):
        if call.data["operation"] in ("tactic-context-updated", "tactic-creatives-updated"):
            context = jsonpatch.apply_patch(context, call.data["payload"]["body"]["patch"])
    return context


def test_another_budget_is_told_as_the_seed_shows_it(make_scripted: MakeScripted) -> None:  # rule 203
    market, _agent, campaign, proposal = running(make_scripted)
    assert update(market, campaign, proposal, budget=1500)["budget"] == 1500
    [body] = [m["body"] for m in market.messages("tactic-context-updated")]
    assert body == {
        "tacticId": "premium",
        "tactic": {"budget": 1500},
        "patch": [{"op": "replace", "path": "/budget", "value": 1500}],
    }


def test_dates_of_the_campaign_are_those_of_its_tactics(make_scripted: MakeScripted) -> None:  # rule 203
    market, agent, campaign, _proposal = running(make_scripted)
    end = iso(parse_instant(START) + 20 * DAY_MS)
    market.call("update_campaign", {"flightDates": {"endDate": end}}, {"campaignId": campaign})
    market.advance("10s")
    [body] = agent.bodies("tactic-context-updated")
    assert body["tactic"] == {"endDate": end}


def test_a_tactic_may_end_before_its_campaign(make_scripted: MakeScripted) -> None:  # rule 203
    market, _agent, campaign, proposal = running(make_scripted)
    end = iso(parse_instant(START) + 5 * DAY_MS)
    assert update(market, campaign, proposal, endDate=end)["endDate"] == end
    market.advance("6d")
    assert market.tactics(campaign)["tactics"][0]["status"] == "COMPLETED"
    assert market.call("get_campaign", path={"campaignId": campaign})["status"] == "ACTIVE"


def test_pausing_is_told_and_so_is_going_on(make_scripted: MakeScripted) -> None:  # rule 203
    market, agent, campaign, proposal = running(make_scripted)
    market.call("pause_campaign", path={"campaignId": campaign})
    market.advance("10s")
    assert market.tactics(campaign)["tactics"][0]["status"] == "PAUSED"
    market.call("reactivate_campaign", path={"campaignId": campaign})
    market.advance("10s")
    assert update(market, campaign, proposal, paused=True)["status"] == "PAUSED"
    assert update(market, campaign, proposal, paused=False)["status"] == "ACTIVE"
    first, *others = agent.bodies("tactic-context-updated")
    assert first["patch"] == [{"op": "add", "path": "/status", "value": "PAUSED"}]
    assert [body["tactic"]["status"] for body in others] == ["ACTIVE", "PAUSED", "ACTIVE"]


def test_a_deleted_campaign_ends_its_tactics(make_scripted: MakeScripted) -> None:  # rule 203
    market, agent, campaign, _proposal = running(make_scripted)
    market.call("delete_campaign", path={"campaignId": campaign})
    market.advance("10s")
    assert market.tactics(campaign)["tactics"][0]["status"] == "CANCELED"
    assert agent.bodies("tactic-context-updated")[-1]["tactic"] == {"status": "ENDED"}


def test_creatives_that_come_change_and_go_are_told(make_scripted: MakeScripted) -> None:  # rule 204, C32
    market, agent, campaign, _proposal = running(make_scripted)
    ref = {"agent_url": "https://creative.adcontextprotocol.org", "id": "display_300x250_image"}
    asset = {"asset_type": "IMAGE", "url": "https://cdn.acme.com/b.png", "width": 300, "height": 250}
    body = {"name": "Second", "format_id": ref, "assets": [asset]}
    made = market.call("create_creative", body, {"campaignId": campaign})
    second, old = made["creative_id"], made["assets"][0]["asset_id"]
    market.advance("10s")
    path = {"campaignId": campaign, "creativeId": second}
    fresh = {**asset, "url": "https://cdn.acme.com/c.png"}
    market.call("update_creative", {"new_assets": [fresh], "delete_asset_ids": [old]}, path)
    market.advance("10s")
    market.call("delete_creative", path=path)
    market.advance("10s")
    added, changed, removed = agent.bodies("tactic-creatives-updated")
    assert [row["creativeId"] for row in added["creatives"]][1:] == [second]
    assert added["patch"][0]["op"] == "add"
    assert changed["creatives"][1]["assetUrl"] == "https://cdn.acme.com/c.png"
    assert removed["patch"] == [{"op": "remove", "path": "/creatives/1"}]
    assert agent.bodies("tactic-context-updated") == []


def test_an_update_that_got_lost_is_sent_again(make_scripted: MakeScripted) -> None:  # rules 203, 207
    faults = [Fault("answer_lost", "buyer", "script", "tactic-context-updated", count=1)]
    market, agent, campaign, proposal = running(make_scripted, network=NetworkConfig(faults=faults))
    update(market, campaign, proposal, budget=1500)
    calls = market.messages("tactic-context-updated")
    assert len(calls) == 2
    assert calls[0] == calls[1]
    assert len(agent.bodies("tactic-context-updated")) == 1


def test_an_update_that_never_arrived_is_made_up_for(make_scripted: MakeScripted) -> None:  # rule 203
    faults = [Fault("unavailable", "buyer", "script", "tactic-context-updated", count=4)]
    market, agent, campaign, proposal = running(make_scripted, network=NetworkConfig(faults=faults))
    update(market, campaign, proposal, budget=1500)
    assert agent.bodies("tactic-context-updated") == []
    market.advance("9d")
    assert agent.bodies("tactic-context-updated")[0]["tactic"] == {"budget": 1500}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"budget": 5001}, "budget"),  # rule 202
        ({"budget": 0}, "budget"),
        ({"endDate": START}, "endDate"),
    ],
)
def test_a_change_that_can_not_be_is_refused(make_scripted: MakeScripted, change: Json, field: str) -> None:
    market, agent, campaign, proposal = running(make_scripted)
    error = market.error("update_tactic", change, {"campaignId": campaign, "proposalId": proposal})
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)
    assert agent.bodies("tactic-context-updated") == []


CHANGES = st.one_of(
    st.fixed_dictionaries({"budget": st.integers(1, 4_600)}),
    st.fixed_dictionaries({"paused": st.booleans()}),
    st.fixed_dictionaries({"endDate": st.integers(2, 30).map(lambda day: iso(parse_instant(START) + day * DAY_MS))}),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(CHANGES, max_size=6))
def test_patches_and_tactic_agree_whatever_changes(changes: list[Json]) -> None:  # rule 203
    from tests.unit.outcome.conftest import KEY, registration

    market = build(scripted=KEY)
    market.call("outcome_agent_register", registration())
    campaign = market.start_campaign(flightDates=flight())
    proposal = market.pick(campaign)["proposalId"]
    for change in changes:
        update(market, campaign, proposal, **change)
    tactic = market.buyer.outcome.tactics[proposal]
    assert replayed(market) == tactic.sent
    for call in market.messages("tactic-context-updated"):
        body = call["body"]
        assert set(body["tactic"]) == {step["path"].split("/")[1] for step in body["patch"]}


def test_feedback_comes_every_week_and_at_the_end(make_scripted: MakeScripted) -> None:  # rule 205
    market, agent, campaign, _proposal = running(make_scripted)
    market.advance("45d")
    bodies = agent.bodies("tactic-feedback")
    assert len(bodies) == 5  # 30 days: four weeks and two days
    assert [body["tacticId"] for body in bodies] == ["premium"] * 5
    calls = [m["body"] for m in market.messages("tactic-feedback")]
    assert calls[0]["startDate"] == flight()["startDate"]
    assert [c["startDate"] for c in calls[1:]] == [c["endDate"] for c in calls[:-1]]
    assert calls[-1]["endDate"] == flight()["endDate"]
    assert {c["deliveryIndex"] for c in calls} == {0}  # the script buys nothing
    assert {c["performanceIndex"] for c in calls} == {0}
    assert all(row["delivered"] for row in market.tactics(campaign)["tactics"][0]["feedback"])


def test_feedback_goes_with_a_change(make_scripted: MakeScripted) -> None:  # rule 205
    market, agent, campaign, proposal = running(make_scripted)
    update(market, campaign, proposal, budget=1100)
    assert agent.bodies("tactic-feedback") == []  # the flight has not begun
    market.advance("3d")
    update(market, campaign, proposal, budget=1200)
    assert len(agent.bodies("tactic-feedback")) == 1


def test_lost_feedback_is_recorded(make_scripted: MakeScripted) -> None:  # rules 205, 207
    fault = Fault("unavailable", "buyer", "script", "tactic-feedback", count=4)
    market, _agent, campaign, _proposal = running(make_scripted, network=NetworkConfig(faults=[fault]))
    market.advance("16d")
    assert [row["delivered"] for row in market.tactics(campaign)["tactics"][0]["feedback"]] == [False, True]
