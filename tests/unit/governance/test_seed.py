"""Every field of a plan (seed 004) is taken, kept and means something; what the other tests do not look at is here."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.kernel.endpoint import Principal
from sandbox.kernel.network import Network
from tests.unit.governance.conftest import SELLER, START, MakeStage, Stage

Json = dict[str, Any]

SIGNAL = {
    "type": "signal",
    "signal_ref": {"scope": "data_provider", "data_provider_domain": "data.example", "signal_id": "new_parents"},
    "value_type": "binary",
    "value": True,
}
EVERYTHING: Json = {
    "plan_id": "plan",
    "brand": {"domain": "acme.com"},
    "objectives": "Sell more",
    "budget": {"total": 1000, "currency": "USD", "per_seller_max_pct": 60, "reallocation_threshold": 900},
    "channels": {
        "required": ["display"],
        "allowed": ["display", "olv"],
        "mix_targets": {"display": {"min_pct": 10, "max_pct": 80}},
    },
    "flight": {"start": START, "end": "2026-06-01T00:00:00Z"},
    "countries": ["US"],
    "regions": ["US-MA", "US-CA"],
    "policy_ids": ["us_coppa"],
    "policy_categories": ["alcohol"],
    "audience": {
        "include": [{"type": "description", "description": "sports fans"}],
        "exclude": [{"type": "description", "description": "vulnerable communities"}, SIGNAL],
    },
    "restricted_attributes": ["health_data"],
    "restricted_attributes_custom": ["financial_status"],
    "min_audience_size": 100,
    "custom_policies": [{"policy_id": "no_casino", "enforcement": "must", "policy": "No casino content."}],
    "approved_sellers": [SELLER],
    "delegations": [
        {
            "agent_url": Network.url("agency"),
            "authority": "full",
            "budget_limit": {"amount": 300, "currency": "USD"},
            "markets": ["US"],
            "expires_at": "2026-05-20T00:00:00Z",
        }
    ],
    "portfolio": {
        "member_plan_ids": ["member"],
        "total_budget_cap": {"amount": 5000, "currency": "USD"},
        "shared_policy_ids": ["us_coppa"],
        "shared_exclusions": [{"policy_id": "none", "enforcement": "must", "policy": "No gambling."}],
    },
    "ext": {"cost_center": "77"},
}


def findings(answer: Json, severity: str = "critical") -> list[str]:
    return [found["category_id"] for found in answer.get("findings", []) if found["severity"] == severity]


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
def test_a_plan_with_every_field_is_taken_and_kept_as_it_came(make_stage: MakeStage, version: str) -> None:
    # rule 212
    stage = make_stage(version)
    plan = EVERYTHING
    if version == "3.0":  # it names signals by another field
        plan = EVERYTHING | {"audience": {"include": EVERYTHING["audience"]["include"]}}
    row = stage.call("sync_plans", {"plans": [plan]})["plans"][0]
    assert (row["status"], row["version"]) == ("active", 1)
    assert {policy["policy_id"] for policy in row["resolved_policies"]} == {"us_coppa", "us_alcohol_advertising"}
    assert stage.agent.plans["buyer", "plan"].body == plan


@pytest.mark.parametrize(
    ("overlay", "verdict"),
    [
        ({"audience_include": ["vulnerable communities"]}, "denied"),
        ({"audience_include": ["communities, vulnerable ones"]}, "denied"),
        ({"audience_exclude": ["vulnerable communities"]}, "approved"),
        ({"audience_include": ["sports fans"]}, "approved"),
    ],
)
def test_an_excluded_audience_is_not_targeted_and_may_be_left_out(stage: Stage, overlay: Json, verdict: str) -> None:
    stage.plan(audience={"exclude": EVERYTHING["audience"]["exclude"]})
    assert stage.check(overlay=overlay)["verdict"] == verdict


def test_signals_are_compared_by_reference_and_value(stage: Stage) -> None:
    ages = {
        "type": "signal",
        "signal_ref": SIGNAL["signal_ref"],
        "value_type": "numeric",
        "min_value": 0,
        "max_value": 5,
    }
    stage.plan(audience={"exclude": [SIGNAL]})
    stage.plan("ranges", audience={"exclude": [ages]})

    def verdict(plan_id: str, **part: Any) -> str:
        selector = {**SIGNAL, **part}
        answer = stage.check(plan_id=plan_id, payload={"audience_targeting": [selector]})
        return str(answer["verdict"])

    assert verdict("plan") == "denied"
    assert verdict("plan", value=False) == "approved", "people without the signal are meant"
    elsewhere = {"scope": "data_provider", "data_provider_domain": "other.example", "signal_id": "new_parents"}
    assert verdict("plan", signal_ref=elsewhere) == "approved"
    assert verdict("ranges", value_type="numeric", min_value=5) == "denied"
    assert verdict("ranges", value_type="numeric", min_value=6) == "approved"


def test_a_targeting_that_meets_no_wanted_audience_is_a_warning(stage: Stage) -> None:
    stage.plan(audience={"include": EVERYTHING["audience"]["include"]})
    answer = stage.check(overlay={"audience_include": ["gardeners"]})
    assert (answer["verdict"], findings(answer, "warning")) == ("approved", ["bias_fairness"])
    assert findings(stage.check(overlay={"audience_include": ["fans of sports"]}), "warning") == []
    assert findings(stage.check(), "warning") == [], "who is not chosen by an audience is not a finding"


def test_what_a_seller_will_really_target_is_judged_by_the_same_constraints(stage: Stage) -> None:
    stage.plan(audience={"exclude": EVERYTHING["audience"]["exclude"]})
    token = stage.check()["governance_context"]
    targeting = [{"type": "description", "description": "vulnerable communities nearby"}]
    answer = stage.call("check_governance", stage.execution(token, audience_targeting=targeting), by="seller")
    assert (answer["verdict"], findings(answer)) == ("denied", ["bias_fairness"])


def test_who_may_only_propose_gets_a_person_to_approve(make_stage: MakeStage) -> None:
    # rule 221
    stage = make_stage(review={"delay": "1h"})
    stage.plan(delegations=[{"agent_url": Network.url("agency"), "authority": "propose_only"}])
    waiting = stage.check(10, by="agency")
    assert (waiting["status"], waiting["verdict"]) == ("submitted", "denied")
    stage.advance("2h")
    assert stage.check(10, by="agency")["verdict"] == "approved"
    assert stage.check(10)["verdict"] == "approved", "the owner needs nobody"


def test_naming_an_agent_gives_nobody_its_delegation(stage: Stage) -> None:
    # rule 221
    stage.plan(delegations=[{"agent_url": Network.url("agency"), "authority": "full"}])
    body = stage.intent(by="agency")
    process = stage.world.spawn(
        stage.world.network.call(
            "rival", "governor", "check_governance", {"adcp_version": "3.1"} | body, Principal("x")
        )
    )
    while not process.processed:
        stage.world.env.step()
    reply: Any = process.value
    assert reply.body["errors"][0]["code"] == "PLAN_NOT_FOUND"


def test_a_seller_is_the_same_at_each_of_its_addresses(stage: Stage) -> None:
    # rules 216 and 220
    served = "http://127.0.0.1:8081/agents/seller/mcp"
    stage.plan(budget={"per_seller_max_pct": 50}, approved_sellers=[served])
    stage.report(stage.check(300, target_agent=served))
    assert stage.check(201, target_agent=SELLER)["verdict"] == "conditions", "its share counts once"
    token = stage.check(200, target_agent=served)["governance_context"]
    answer = stage.call("check_governance", stage.execution(token, 200), by="seller")
    assert answer["verdict"] == "approved"
    other = "http://127.0.0.1:8081/agents/other-seller/mcp"
    assert findings(stage.check(target_agent=other)) == ["seller_verification"]


@pytest.mark.parametrize(
    ("url", "actor"),
    [
        ("https://governor.sandbox.test/", "governor"),
        ("http://127.0.0.1:8081/agents/governor/mcp", "governor"),
        ("http://localhost:9/agents/governor/a2a/", "governor"),
        ("http://[::1]:9/agents/governor/mcp", "governor"),
        ("https://elsewhere.example/agents/governor/mcp", ""),
        ("http://127.0.0.1:8081/agents/governor/other", ""),
        ("http://127.0.0.1:8081/hooks", ""),
    ],
)
def test_an_address_of_a_served_agent_leads_to_the_agent_in_the_world(url: str, actor: str) -> None:
    assert Network.agent_at(url) == actor


def test_an_audience_that_is_skewed_is_found_in_the_period_and_over_all(stage: Stage) -> None:
    stage.plan()
    token = stage.check()["governance_context"]
    told = {"baseline": "census", "indices": {"age:18-24": 1.1}, "cumulative_indices": {"age:65+": 0.4}}
    metrics = {"reporting_period": {"start": START, "end": "2026-05-02T00:00:00Z"}, "audience_distribution": told}
    body = {"plan_id": "plan", "caller": SELLER, "governance_context": token, "phase": "delivery"}
    answer = stage.call("check_governance", body | {"delivery_metrics": metrics}, by="seller")
    [found] = answer["findings"]
    assert ("age:65+ 0.4" in found["explanation"], "18-24" in found["explanation"]) == (True, False)
    assert (found["severity"], answer["verdict"]) == ("warning", "approved")


@pytest.mark.parametrize(
    ("tool", "payload", "amount"),
    [
        ("control_media_buy", {"media_buy_id": "mb", "revision": 2, "paused": True}, None),
        (
            "control_media_buy",
            {"media_buy_id": "mb", "revision": 2, "total_budget": {"amount": 1, "currency": "USD"}},
            0,
        ),
        ("update_rights", {"rights_id": "r", "paused": True}, None),
        ("build_creative", {"mode": "estimate", "message": "A banner"}, None),
        ("activate_signal", {"action": "deactivate", "signal_agent_segment_id": "s"}, None),
    ],
)
def test_whatever_the_tool_what_reduces_risk_or_costs_nothing_passes(
    stage: Stage, tool: str, payload: Json, amount: float | None
) -> None:
    stage.plan()
    stage.advance("40d")
    body: Json = {"plan_id": "plan", "caller": Network.url("buyer"), "target_agent": SELLER, "tool": tool}
    declared = {} if amount is None else {"proposed_commitment": {"amount": amount, "currency": "USD"}}
    answer = stage.call("check_governance", body | declared | {"payload": payload | {"account": {"account_id": "a"}}})
    assert answer["verdict"] == "approved"


def test_purchases_of_the_compact_tools_are_judged_line_by_line(stage: Stage) -> None:
    # rules 214 and 215
    stage.plan(countries=["US"], channels={"allowed": ["display"]})
    line = {"product_id": "daily_display", "pricing_option_id": "cpm", "budget": 100}
    purchases = [line, {**line, "product_id": "daily_ctv", "targeting_overlay": {"geo_countries": ["FR"]}}]
    payload = {"account": {"account_id": "a"}, "purchases": purchases, "start_time": "asap", "end_time": "2026-05-09"}
    body = {"plan_id": "plan", "caller": Network.url("buyer"), "target_agent": SELLER}
    answer = stage.call("check_governance", body | {"tool": "buy_products", "payload": payload})
    assert findings(answer) == ["strategic_alignment", "geo_compliance"]
