"""Checks of intents and executions: plans hold what they say (rules 212 to 222)."""

from __future__ import annotations

from typing import Any

import pytest

from agents.governance.token import payload_hash, read
from sandbox.core.time import parse_instant
from sandbox.kernel.network import Network
from tests.unit.governance.conftest import RIVAL_SELLER, SELLER, START, MakeStage, Stage

GEO_US = {"geo_countries": ["US"]}


def categories(answer: dict[str, Any]) -> list[str]:
    return [finding["category_id"] for finding in answer.get("findings", []) if finding["severity"] == "critical"]


def required(answer: dict[str, Any]) -> dict[str, Any]:
    return {row["field"]: row.get("required_value") for row in answer["conditions"]}


def test_a_plan_is_new_once_and_then_replaced_by_its_id(stage: Stage) -> None:
    # rule 212
    assert stage.plan()["version"] == 1
    assert stage.plan()["version"] == 1, "the same plan again is no new revision"
    row = stage.plan(budget={"total": 2000})
    assert (row["version"], row["status"]) == (2, "active")
    assert stage.log()["budget"]["authorized"] == 2000


def test_a_plan_without_what_it_needs_is_refused(stage: Stage) -> None:
    # rule 212
    assert stage.error("sync_plans", {"plans": []})["field"] == "plans"
    flight = {"start": START, "end": START}
    body = {"plan_id": "p", "brand": {"domain": "acme.com"}, "objectives": "x", "flight": flight}
    assert stage.error("sync_plans", {"plans": [body]}, role="driver")["field"] == "plans[0].budget"
    budget = {"total": 1, "currency": "USD", "reallocation_unlimited": True}
    answer = stage.call("sync_plans", {"plans": [body | {"budget": budget}]})
    assert answer["plans"][0]["status"] == "error"
    assert answer["errors"][0]["field"] == "plans[0].flight.end"


@pytest.mark.parametrize(
    ("level", "verdict"), [("agent_full", "completed"), ("agent_limited", "submitted"), ("human_required", "submitted")]
)
def test_the_older_form_of_a_plan_is_understood(stage: Stage, level: str, verdict: str) -> None:
    # C80: authority_level, policies in plain text, no idempotency key
    body = {
        "plan_id": "plan",
        "brand": {"domain": "acme.com"},
        "objectives": "x",
        "budget": {"total": 1000, "currency": "USD", "authority_level": level},
        "flight": {"start": START, "end": "2026-06-01T00:00:00Z"},
        "custom_policies": ["No gambling content."],
    }
    answer = stage.call("sync_plans", {"plans": [body], "idempotency_key": None})
    assert set(answer["plans"][0]) >= {"plan_id", "status", "version", "categories"}  # C81
    assert stage.check(10)["status"] == verdict


def test_what_fits_is_approved_with_a_token_for_this_seller_and_this_payload(stage: Stage) -> None:
    stage.plan()
    intent = stage.intent(100)
    answer = stage.call("check_governance", intent)
    assert answer["verdict"] == "approved"
    claims = read(answer["governance_context"], stage.agent.jwks)
    assert claims["aud"] == SELLER
    assert claims["authorized_task"] == "create_media_buy"
    assert claims["authorized_payload_hash"] == payload_hash(intent["payload"])
    assert claims["authorized_commitment"] == {"amount": 100, "currency": "USD"}
    assert 0 < claims["exp"] - claims["iat"] <= 15 * 60
    assert parse_instant(answer["expires_at"]) // 1000 == claims["exp"]
    assert "plan" not in claims["sub"]


def test_the_key_is_the_same_in_every_run(make_stage: MakeStage) -> None:
    tokens = []
    for _ in range(2):
        stage = make_stage()
        stage.plan()
        tokens.append(stage.check()["governance_context"])
    assert tokens[0] == tokens[1]


def test_more_than_the_budget_is_denied(stage: Stage) -> None:
    stage.plan()
    assert categories(stage.check(1000.01)) == ["budget_authority"]
    assert stage.check(1000)["verdict"] == "approved"


def test_an_intent_reserves_nothing(stage: Stage) -> None:
    stage.plan()
    assert [stage.check(800)["verdict"] for _ in range(3)] == ["approved"] * 3
    assert stage.log()["budget"]["committed"] == 0


def test_dates_outside_of_the_flight_are_rejected_with_the_dates_that_would_do(stage: Stage) -> None:
    # rule 213
    stage.plan()
    answer = stage.check(payload={"start_time": "2026-04-20T00:00:00Z", "end_time": "2026-07-01T00:00:00Z"})
    assert answer["verdict"] == "conditions"
    assert required(answer) == {"payload.start_time": "asap", "payload.end_time": "2026-06-01T00:00:00Z"}
    stage.advance("40d")
    assert stage.check()["verdict"] == "denied"


def test_countries_outside_are_rejected(stage: Stage) -> None:
    # rule 214
    stage.plan(countries=["US", "GB"])
    assert stage.check(overlay=GEO_US)["verdict"] == "approved"
    assert categories(stage.check(overlay={"geo_countries": ["FR"]})) == ["geo_compliance"]
    both = stage.check(overlay={"geo_countries": ["FR", "GB"]})
    assert required(both) == {"payload.packages[0].targeting_overlay.geo_countries": ["GB"]}
    untargeted = stage.check()
    assert untargeted["findings"][0]["confidence"] < 1


def test_regions_narrow_a_country(stage: Stage) -> None:
    # rule 214
    stage.plan(countries=["US"], regions=["US-MA"])
    assert stage.check(overlay={"geo_regions": ["US-MA"]})["verdict"] == "approved"
    assert stage.check(overlay={"geo_regions": ["US-CA"]})["verdict"] == "denied"
    whole = stage.check(overlay=GEO_US)
    assert required(whole) == {"payload.packages[0].targeting_overlay.geo_regions": ["US-MA"]}


def test_only_allowed_channels(stage: Stage) -> None:
    # rule 215
    stage.plan(channels={"allowed": ["ctv"]})
    assert stage.check(package={"product_id": "sports_ctv_q2"})["verdict"] == "approved"
    wrong = stage.check()
    assert (wrong["verdict"], categories(wrong)) == ("denied", ["strategic_alignment"])
    two = [
        {"product_id": "a_ctv", "pricing_option_id": "x", "budget": 1},
        {"product_id": "b_display", "pricing_option_id": "x", "budget": 1},
    ]
    assert "payload.packages[1]" in required(stage.check(packages=two))


def test_no_allowed_channels_are_all_channels(stage: Stage) -> None:
    # rule 215
    stage.plan(channels={"mix_targets": {}})
    assert stage.check(package={"product_id": "any_podcast"})["verdict"] == "approved"


def test_shares_of_channels_keep_to_the_mix(stage: Stage) -> None:
    # rule 215
    stage.plan(channels={"mix_targets": {"display": {"max_pct": 30}, "ctv": {"min_pct": 40}}})
    assert stage.check(300)["verdict"] == "approved"
    assert required(stage.check(301)) == {"payload.packages[0].budget": 300}
    stage.report(stage.check(300))
    olv = {"product_id": "x_olv"}
    assert stage.check(300, package=olv)["verdict"] == "approved"
    assert categories(stage.check(301, package=olv)) == ["strategic_alignment"], "ctv needs the rest"


def test_a_required_channel_must_stay_possible(stage: Stage) -> None:
    # rule 215
    stage.plan(channels={"required": ["ctv"]})
    assert stage.check(999)["verdict"] == "approved"
    assert categories(stage.check(1000)) == ["strategic_alignment"]


def test_one_seller_gets_no_more_than_its_share(stage: Stage) -> None:
    # rule 216
    stage.plan(budget={"per_seller_max_pct": 40})
    stage.report(stage.check(300))
    assert stage.check(100)["verdict"] == "approved"
    assert required(stage.check(150)) == {"payload.packages[0].budget": 100}
    assert stage.check(150, target_agent=RIVAL_SELLER)["verdict"] == "approved"


def test_above_the_threshold_people_decide(stage: Stage) -> None:
    # rule 216
    stage.plan(budget={"reallocation_threshold": 100})
    first = stage.check(60)
    assert first["verdict"] == "approved"
    stage.report(first)
    assert stage.check(40)["verdict"] == "approved"
    second = stage.check(41)
    assert (second["status"], second["verdict"]) == ("submitted", "denied"), "small parts add up"
    assert stage.check(41, target_agent=RIVAL_SELLER)["verdict"] == "approved", "another seller counts by itself"


def test_the_window_rolls_off_after_thirty_days_and_not_by_canceling(stage: Stage) -> None:
    stage.plan(budget={"reallocation_threshold": 100})
    stage.report(stage.check(100))
    stage.advance("29d")
    late = {"start_time": "asap", "end_time": "2026-06-01T00:00:00Z"}
    assert stage.check(1, payload=late)["status"] == "submitted"
    stage.advance("1d1m")
    assert stage.check(1, payload=late)["verdict"] == "approved"


def test_policies_hold_where_the_plan_runs(stage: Stage) -> None:
    # rule 217
    row = stage.plan(countries=["GB"], policy_ids=["us_alcohol_advertising"])
    assert "resolved_policies" not in row
    row = stage.plan(regions=["US-CA"], policy_ids=["us_alcohol_advertising"])
    assert row["resolved_policies"][0]["source"] == "explicit", "a subdivision is in its country"
    in_ca = {"geo_regions": ["US-CA"]}
    wanted = required(stage.check(overlay=in_ca))
    assert list(wanted) == ["payload.packages[0].targeting_overlay.age_restriction"]
    adults = in_ca | {"age_restriction": {"min": 21, "verification_required": False}}
    assert stage.check(overlay=adults)["verdict"] == "approved"


def test_categories_bring_the_policies_of_their_jurisdictions(stage: Stage) -> None:
    # rule 217
    def ids(row: dict[str, Any]) -> list[str]:
        return [policy["policy_id"] for policy in row.get("resolved_policies", [])]

    assert ids(stage.plan(countries=["US"], policy_categories=["children_directed"])) == ["us_coppa"]
    assert ids(stage.plan(countries=["GB", "US"], policy_categories=["children_directed"])) == ["us_coppa", "uk_aadc"]
    brand = {"domain": "acme.com", "industries": ["alcohol"]}
    assert ids(stage.plan(countries=["US"], brand=brand)) == ["us_alcohol_advertising"], "inferred when omitted"


def test_restricted_attributes_hold_for_inclusion_and_exclusion(stage: Stage) -> None:
    # rule 218
    stage.plan(restricted_attributes=["health_data", "age"], restricted_attributes_custom=["financial_status"])
    for overlay in (
        {"audience_include": ["diabetes_patients"]},
        {"audience_exclude": ["seniors_60"]},
        {"audience_include": ["high-income-homes"]},
        {"demographics": {"age": {"min": 30}}},
    ):
        answer = stage.check(overlay=overlay)
        assert categories(answer) == ["bias_fairness"], overlay
    assert stage.check(overlay={"audience_include": ["sport_fans"]})["verdict"] == "approved"


def test_what_a_signal_declares_is_certain_and_words_are_less(stage: Stage) -> None:
    # rule 218
    stage.plan(restricted_attributes=["health_data"])
    declared = {"type": "description", "description": "x", "ext": {"restricted_attributes": ["health_data"]}}
    told = stage.check(payload={"audience_targeting": [declared]})["findings"][0]
    guessed = stage.check(overlay={"audience_include": ["cancer"]})["findings"][0]
    assert (told["confidence"], guessed["confidence"] < 1) == (1.0, True)
    assert guessed["uncertainty_reason"]


def test_an_audience_must_be_large_enough_and_an_unknown_size_is_no_pass(make_stage: MakeStage) -> None:
    # rule 219
    stage = make_stage(population=10_000)
    stage.plan(min_audience_size=1000)

    def sized(*sizes: int | None) -> dict[str, Any]:
        rows = [{"type": "description", "description": "x"} | ({"size": s} if s else {}) for s in sizes]
        return stage.check(payload={"audience_targeting": rows})

    assert sized(2000)["verdict"] == "approved"
    assert sized(999)["verdict"] == "denied"
    assert sized(2000, 2000)["verdict"] == "denied", "the intersection counts"
    unknown = sized(None)["findings"][0]
    assert (unknown["severity"], unknown["confidence"]) == ("warning", 0.5)


def test_custom_policies_hold_everywhere(stage: Stage) -> None:
    # rule 220
    rule = {"policy_id": "weekly", "enforcement": "must", "policy": "CTV buys require weekly delivery reporting."}
    stage.plan(countries=["US"], custom_policies=[rule])
    assert stage.check(overlay=GEO_US)["verdict"] == "approved", "it is about CTV"
    answer = stage.check(package={"product_id": "sports_ctv_q2"})
    assert required(answer) == {"payload.reporting_webhook.reporting_frequency": "daily"}
    hook = {"url": "https://x.example/", "reporting_frequency": "daily"}
    fixed = stage.check(package={"product_id": "sports_ctv_q2"}, payload={"reporting_webhook": hook})
    assert fixed["verdict"] == "approved"


def test_policies_in_words_forbid_and_ask_for_amounts(stage: Stage) -> None:
    # rule 220
    texts = ["No gambling or tobacco content.", "Legal review required for buys over $0.5K."]
    rules = [{"policy_id": f"p{n}", "enforcement": "must", "policy": text} for n, text in enumerate(texts)]
    stage.plan(custom_policies=rules)
    assert stage.check(500)["verdict"] == "approved"
    assert required(stage.check(501)) == {"payload.ext.policies.p1": True}
    assert stage.check(501, payload={"ext": {"policies": {"p1": True}}})["verdict"] == "approved"
    denied = stage.check(package={"product_id": "gambling_display"})
    assert denied["findings"][0]["policy_id"] == "p0"


def test_approved_sellers_restrict_and_null_does_not(stage: Stage) -> None:
    # rule 220
    stage.plan(approved_sellers=None)
    assert stage.check()["verdict"] == "approved"
    stage.plan(approved_sellers=[SELLER])
    assert stage.check()["verdict"] == "approved"
    assert categories(stage.check(target_agent=RIVAL_SELLER)) == ["seller_verification"]


def test_delegates_keep_to_what_they_were_given(stage: Stage) -> None:
    # rule 221
    entry: dict[str, Any] = {"agent_url": Network.url("agency"), "authority": "full", "markets": ["US"]}
    entry |= {"budget_limit": {"amount": 300, "currency": "USD"}, "expires_at": "2026-05-10T00:00:00Z"}
    stage.plan(delegations=[entry])
    first = stage.check(200, by="agency", overlay=GEO_US)
    assert first["verdict"] == "approved"
    stage.report(first, by="agency")
    assert categories(stage.check(101, by="agency", overlay=GEO_US)) == ["delegation_authority"]
    assert categories(stage.check(10, by="agency", overlay={"geo_countries": ["GB"]})) == ["delegation_authority"]
    assert stage.check(101, overlay=GEO_US)["verdict"] == "approved", "the owner keeps all authority"
    assert stage.error("check_governance", stage.intent(by="rival"), by="rival")["code"] == "PLAN_NOT_FOUND"
    stage.advance("10d")
    assert categories(stage.check(10, by="agency", overlay=GEO_US)) == ["delegation_authority"]


def test_a_portfolio_governs_its_members(stage: Stage) -> None:
    # rule 222
    shared = {"policy_id": "no_casino", "enforcement": "must", "policy": "No casino content."}
    portfolio = {
        "member_plan_ids": ["plan", "second"],
        "total_budget_cap": {"amount": 1500, "currency": "USD"},
        "shared_policy_ids": ["us_alcohol_advertising"],
        "shared_exclusions": [shared],
    }
    stage.plan("above", portfolio=portfolio)
    adults = {"age_restriction": {"min": 21, "verification_required": False}}
    for name in ("plan", "second"):
        stage.plan(name)
    stage.report(stage.check(900, overlay=adults))
    denied = stage.check(700, plan_id="second", overlay=adults)
    assert denied["findings"][0]["source_plan_id"] == "above"
    assert stage.check(600, plan_id="second", overlay=adults)["verdict"] == "approved"
    assert stage.check(10, plan_id="second")["verdict"] == "conditions"
    casino = stage.check(10, plan_id="second", overlay=adults, package={"product_id": "casino_display"})
    assert casino["verdict"] == "denied"


@pytest.mark.parametrize("mode", ["audit", "advisory"])
def test_an_agent_that_does_not_enforce_approves_with_findings(make_stage: MakeStage, mode: str) -> None:
    stage = make_stage(mode=mode)
    stage.plan()
    answer = stage.check(5000)
    assert (answer["verdict"], answer["mode"]) == ("approved", mode)
    assert categories(answer) == ["budget_authority"]


def test_what_only_reduces_risk_is_never_held_up(stage: Stage) -> None:
    stage.plan()
    stage.advance("40d")
    for change in ({"canceled": True}, {"paused": True}, {"packages": [{"package_id": "p", "paused": True}]}):
        payload = {"media_buy_id": "mb", "account": {"account_id": "a"}} | change
        body = {"plan_id": "plan", "caller": Network.url("buyer"), "target_agent": SELLER}
        answer = stage.call("check_governance", body | {"tool": "update_media_buy", "payload": payload})
        assert answer["verdict"] == "approved", change
    mixed = {"paused": True, "end_time": "2027-01-01T00:00:00Z", "media_buy_id": "mb", "account": {"account_id": "a"}}
    answer = stage.call("check_governance", body | {"tool": "update_media_buy", "payload": mixed})
    assert answer["verdict"] == "denied", "one thing that is governed makes all of it governed"


def test_after_three_counterproposals_it_is_denied(stage: Stage) -> None:
    stage.plan(budget={"per_seller_max_pct": 10})
    talk: dict[str, Any] = {}
    for _ in range(3):
        answer = stage.check(500, **talk)
        assert answer["verdict"] == "conditions"
        talk = {"consultation_context": answer["consultation_context"]}
    assert stage.check(500, **talk)["verdict"] == "denied"
    error = stage.error("check_governance", stage.intent(500, target_agent=RIVAL_SELLER, **talk))
    assert error["field"] == "consultation_context"


def test_a_mixture_of_intent_and_execution_is_refused(stage: Stage) -> None:
    stage.plan()
    body = stage.intent() | {"planned_delivery": {"total_budget": 1}}
    assert stage.error("check_governance", body)["code"] == "VALIDATION_ERROR"
    assert stage.error("check_governance", {"plan_id": "plan", "caller": Network.url("buyer")})["field"] == "tool"


def test_nobody_calls_under_the_name_of_another(stage: Stage) -> None:
    stage.plan()
    body = stage.intent() | {"caller": Network.url("rival")}
    assert stage.error("check_governance", body)["code"] == "PERMISSION_DENIED"


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
def test_every_release_gets_its_own_form(make_stage: MakeStage, version: str) -> None:
    stage = make_stage(version)
    stage.plan(budget={"per_seller_max_pct": 50})
    intent = stage.intent(100)
    if version == "3.0":
        intent["ext"] = {"target_agent": intent.pop("target_agent")}
    answer = stage.call("check_governance", intent)
    assert answer["status" if version == "3.0" else "verdict"] == "approved"
    intent["payload"]["packages"][0]["budget"] = 700
    conditions = stage.call("check_governance", intent)
    assert conditions["status" if version == "3.0" else "verdict"] == "conditions"
    body = {"plan_id": "plan", "check_id": answer["check_id"], "governance_context": answer["governance_context"]}
    outcome = stage.call(
        "report_plan_outcome", body | {"outcome": "completed", "seller_response": {"committed_budget": 100}}
    )
    assert outcome["status" if version == "3.0" else "outcome_state"] == "accepted"
    entries = stage.log()["entries"]
    assert entries[0]["status" if version == "3.0" else "verdict"] == "approved"
    assert "governance" in stage.call("get_adcp_capabilities", {})["supported_protocols"]
