"""Outcomes commit budget, reviews wait for people, and audit logs tell all of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.governance.matching import stem
from agents.governance.reading import read_policy
from agents.governance.token import Signer, check_binding, check_claims, payload_hash, read
from sandbox.core.errors import AdcpError
from sandbox.core.money import MICROS
from tests.unit.governance.conftest import MakeStage, Stage

RELAXED = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def test_budget_is_committed_at_the_outcome_and_once(stage: Stage) -> None:
    stage.plan()
    approved = stage.check(400)
    outcome = stage.report(approved, seller_response={"seller_reference": "mb_1", "committed_budget": 400})
    assert (outcome["outcome_state"], outcome["committed_budget"]) == ("accepted", 400)
    assert outcome["plan_summary"] == {"total_committed": 400, "budget_remaining": 600}
    body = {"plan_id": "plan", "check_id": approved["check_id"], "outcome": "failed"}
    body |= {"governance_context": approved["governance_context"]}
    assert stage.error("report_plan_outcome", body)["code"] == "CONFLICT"
    assert stage.log()["budget"]["committed"] == 400


def test_what_failed_commits_nothing(stage: Stage) -> None:
    stage.plan()
    outcome = stage.report(stage.check(400), "failed", error={"code": "PRODUCT_UNAVAILABLE", "message": "gone"})
    assert outcome["plan_summary"]["total_committed"] == 0


def test_a_lower_report_frees_nothing_and_a_higher_one_is_found(stage: Stage) -> None:
    stage.plan()
    low = stage.report(stage.check(400), seller_response={"committed_budget": 100})
    assert (low["committed_budget"], low["outcome_state"]) == (400, "findings")
    high = stage.report(stage.check(100), seller_response={"committed_budget": 250})
    assert high["committed_budget"] == 250
    assert high["findings"][0]["severity"] == "critical"


def test_concurrent_overspend_is_found_at_the_outcome(stage: Stage) -> None:
    stage.plan()
    first, second = stage.check(700), stage.check(600)
    assert stage.report(first)["outcome_state"] == "accepted"
    late = stage.report(second)
    assert late["outcome_state"] == "findings"
    assert late["findings"][0]["details"] == {"proposed": 0, "committed": 1300, "authorized": 1000}
    assert stage.check(1)["verdict"] == "denied"


def test_nobody_reports_for_another_or_about_what_was_not_approved(stage: Stage) -> None:
    stage.plan()
    approved = stage.check(10)
    body = {"plan_id": "plan", "check_id": approved["check_id"], "outcome": "completed"}
    context = {"governance_context": approved["governance_context"]}
    assert stage.error("report_plan_outcome", body | context, by="rival")["code"] == "PERMISSION_DENIED"
    denied = stage.check(5000)
    wrong = body | {"check_id": denied["check_id"], "governance_context": "none"}
    assert stage.error("report_plan_outcome", wrong)["code"] == "VALIDATION_ERROR"
    unknown = body | {"check_id": "chk_none", "governance_context": "none"}
    assert stage.error("report_plan_outcome", unknown)["code"] == "REFERENCE_NOT_FOUND"
    del wrong["check_id"]
    told = stage.call("report_plan_outcome", wrong | {"seller_response": {"committed_budget": 30}})
    assert (told["committed_budget"], told["findings"][0]["severity"]) == (30, "critical")


@RELAXED
@given(amounts=st.lists(st.integers(1, 700 * MICROS), min_size=1, max_size=8))
def test_one_after_the_other_never_commits_more_than_the_plan(make_stage: MakeStage, amounts: list[int]) -> None:
    stage = make_stage()
    stage.plan()
    total = 0
    for micros in amounts:
        answer = stage.check(micros / MICROS)
        fits = total + micros <= 1000 * MICROS
        assert answer["verdict"] == ("approved" if fits else "denied")
        if fits:
            assert stage.report(answer)["outcome_state"] == "accepted"
            total += micros
    assert round(stage.log()["budget"]["committed"] * MICROS) == total


@RELAXED
@given(amounts=st.lists(st.integers(1, 1000), min_size=2, max_size=6))
def test_overspend_by_concurrency_is_found_whenever_there_is_any(make_stage: MakeStage, amounts: list[int]) -> None:
    stage = make_stage()
    stage.plan()
    approved = [stage.check(amount) for amount in amounts]
    total = 0
    for amount, check in zip(amounts, approved, strict=True):
        assert check["verdict"] == "approved", "each fits alone"
        outcome = stage.report(check)
        total += amount
        assert (outcome["outcome_state"] == "findings") == (total > 1000)
        assert outcome["plan_summary"]["total_committed"] == total


@RELAXED
@given(parts=st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_small_parts_do_not_get_around_the_threshold(make_stage: MakeStage, parts: list[int]) -> None:
    # rule 216
    stage = make_stage(review={"delay": None})
    stage.plan(budget={"reallocation_threshold": 100})
    committed = 0
    for part in parts:
        answer = stage.check(part)
        assert (answer["status"] == "submitted") == (committed + part > 100)
        if answer["verdict"] == "approved":
            stage.report(answer)
            committed += part


@RELAXED
@given(budgets=st.lists(st.integers(1, 500), min_size=1, max_size=4), percent=st.integers(1, 90))
def test_whoever_meets_the_conditions_is_approved(make_stage: MakeStage, budgets: list[int], percent: int) -> None:
    # rule 216: required values can be acted on by a machine
    stage = make_stage()
    stage.plan(budget={"per_seller_max_pct": percent, "total": 2000})
    rows = [{"product_id": f"d{n}_display", "pricing_option_id": "x", "budget": b} for n, b in enumerate(budgets)]
    answer = stage.check(packages=rows)
    assert (answer["verdict"] == "approved") == (sum(budgets) <= 20 * percent)
    for condition in answer.get("conditions", []):
        number = int(condition["field"].split("[")[1].split("]")[0])
        rows[number]["budget"] = condition["required_value"]
    assert stage.check(packages=rows)["verdict"] == "approved"


def test_a_review_decides_after_its_delay_and_the_same_intent_passes_then(make_stage: MakeStage) -> None:
    stage = make_stage(review={"delay": "3h"})
    stage.plan(human_review_required=True)
    first = stage.check(100)
    assert (first["status"], first["verdict"]) == ("submitted", "denied")
    assert stage.check(100)["task_id"] == first["task_id"], "it is not asked twice"
    ask = {"task_id": first["task_id"], "include_result": True}
    assert stage.call("get_task_status", ask)["status"] == "submitted"
    stage.advance("3h1m")
    done = stage.call("get_task_status", ask)
    assert (done["status"], done["result"]["verdict"]) == ("completed", "approved")
    again = stage.check(100, payload={"idempotency_key": "another-key-0000001"})
    assert again["verdict"] == "approved"
    assert stage.check(100)["status"] == "submitted", "an approval serves once"
    assert stage.call("list_tasks", {})["query_summary"]["total_matching"] == 2


def test_people_may_deny_and_scenarios_decide_for_them(make_stage: MakeStage) -> None:
    stage = make_stage(review={"delay": None})
    stage.plan(human_review_required=True)
    hook: dict[str, Any] = {
        "push_notification_config": {"url": stage.world.network.url("buyer", "webhooks"), "operation_id": "op-1"}
    }
    first = stage.check(100, **hook)
    stage.advance("10d")
    stage.agent.controls["deny_review"](reason="not this month")
    stage.advance("1m")
    assert stage.parties["buyer"].webhooks[0]["result"]["verdict"] == "denied"
    second = stage.check(200)
    assert second["task_id"] != first["task_id"]
    stage.agent.controls["approve_review"]()
    escalations = stage.log()["summary"]["escalations"]
    assert [row["resolution"].split(":")[0] for row in escalations] == ["deny", "approve"]


def test_what_was_reviewed_is_judged_anew(make_stage: MakeStage) -> None:
    stage = make_stage(review={"delay": "3h"})
    stage.plan(budget={"reallocation_threshold": 500})
    waiting = stage.check(800)
    stage.report(stage.check(400))
    stage.advance("4h")
    result = stage.call("get_task_status", {"task_id": waiting["task_id"], "include_result": True})["result"]
    assert result["verdict"] == "denied", "the budget has gone meanwhile"


def test_a_suspended_plan_takes_nothing_but_what_reduces_risk(stage: Stage) -> None:
    stage.plan()
    stage.agent.controls["suspend_plan"](plan="plan")
    assert stage.error("check_governance", stage.intent())["code"] == "CAMPAIGN_SUSPENDED"
    assert stage.log()["status"] == "suspended"
    stage.agent.controls["resume_plan"](plan="plan")
    assert stage.check()["verdict"] == "approved"


def test_audit_logs_reconstruct_every_decision(stage: Stage) -> None:
    stage.plan(budget={"per_seller_max_pct": 50})
    approved = stage.check(300)
    conditions, denied = stage.check(600), stage.check(2000, payload={"currency": "USD"})
    stage.report(approved, seller_response={"seller_reference": "mb_7"})
    log = stage.log()
    assert [entry["id"] for entry in log["entries"]][:3] == [c["check_id"] for c in (approved, conditions, denied)]
    assert [entry.get("verdict") for entry in log["entries"]] == ["approved", "conditions", "denied", None]
    assert log["entries"][0]["plan_hash"] == read(approved["governance_context"], stage.agent.jwks)["plan_hash"]
    assert log["summary"]["statuses"] == {"approved": 1, "denied": 1, "conditions": 1, "human_reviewed": 0}
    assert log["governed_actions"][0]["seller_reference"] == "mb_7"
    assert log["channel_allocation"] == {"display": {"committed": 300, "pct": 100.0}}
    one = stage.call("get_plan_audit_logs", {"governance_contexts": [approved["governance_context"]]})
    assert one["plans"][0]["summary"]["checks_performed"] == 1


def test_logs_are_for_the_owner_and_for_auditors(make_stage: MakeStage) -> None:
    stage = make_stage(auditors=["agency"])
    stage.plan()
    assert stage.log(by="agency")["plan_id"] == "plan"
    assert stage.error("get_plan_audit_logs", {"plan_ids": ["plan"]}, by="rival")["code"] == "PLAN_NOT_FOUND"


def test_the_logs_of_a_portfolio_are_those_of_its_members(stage: Stage) -> None:
    # rule 222
    stage.plan("above", portfolio={"member_plan_ids": ["plan", "not-yet"]})
    stage.plan()
    found = stage.call("get_plan_audit_logs", {"portfolio_plan_ids": ["above"]})["plans"]
    assert [row["plan_id"] for row in found] == ["above", "plan"]


def test_a_brand_spends_no_more_than_its_people_allow(make_stage: MakeStage) -> None:
    stage = make_stage(brands={"acme.com": {"spend_limit": 500}})
    stage.plan("one")
    stage.plan("two")
    stage.report(stage.check(300, plan_id="one"))
    assert stage.check(201, plan_id="two")["verdict"] == "denied"
    assert stage.check(200, plan_id="two")["verdict"] == "approved"


# -- tokens ----------------------------------------------------------------------------------------------

CLAIMS: dict[str, Any] = {
    "iss": "https://g/",
    "aud": "https://s/",
    "sub": "act",
    "iat": 1000,
    "exp": 1900,
    "phase": "intent",
    "authorized_task": "create_media_buy",
    "authorized_payload_hash": payload_hash({"a": 1}),
    "authorized_commitment": {"amount": 10, "currency": "USD"},
}


def test_a_token_is_good_for_one_seller_one_task_one_payload_and_its_time() -> None:
    signer = Signer(1, "g")
    claims = read(signer.sign(CLAIMS), signer.jwks())
    assert claims == CLAIMS
    check_claims(claims, "https://g/", "https://s/", "intent", 1_500_000)
    check_binding(claims, "create_media_buy", {"a": 1, "context": {}, "governance_context": "x"}, 10 * MICROS, "USD")
    for wrong in (
        ("https://h/", "https://s/", "intent", 1_500_000),
        ("https://g/", "https://t/", "intent", 1_500_000),
        ("https://g/", "https://s/", "purchase", 1_500_000),
        ("https://g/", "https://s/", "intent", 2_000_000),
    ):
        with pytest.raises(AdcpError, match="not accepted"):
            check_claims(claims, *wrong)
    for tool, payload, money, currency in (
        ("update_media_buy", {"a": 1}, 10 * MICROS, "USD"),
        ("create_media_buy", {"a": 2}, 10 * MICROS, "USD"),
        ("create_media_buy", {"a": 1}, 10 * MICROS + 1, "USD"),
        ("create_media_buy", {"a": 1}, 10 * MICROS, "EUR"),
    ):
        with pytest.raises(AdcpError, match="not accepted"):
            check_binding(claims, tool, payload, money, currency)


@pytest.mark.parametrize("change", ["", "a.b", "header", "claims", "signature"])
def test_a_token_that_was_changed_is_refused(change: str) -> None:
    signer = Signer(1, "g")
    head, body, signature = signer.sign(CLAIMS).split(".")
    other = Signer(2, "g").sign({**CLAIMS, "exp": 9999}).split(".")
    forged = {
        "header": f"{other[0][:-2]}.{body}.{signature}",
        "claims": f"{head}.{other[1]}.{signature}",
        "signature": f"{head}.{body}.{other[2]}",
    }
    with pytest.raises(AdcpError, match="not accepted"):
        read(forged.get(change, change), signer.jwks())


# -- words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "above"),
    [
        ("CTV buys require weekly delivery reporting.", "require", None),
        ("Weekly reporting required for buys over $10K.", "require", 10_000 * MICROS),
        ("No single-seller concentration above 60% of total budget.", "seller_share", None),
        ("No alcohol, gambling, or tobacco content.", "forbid", None),
        ("Political content is prohibited.", "forbid", None),
        ("Minimum 72 DPI for display assets", "unreadable", None),
    ],
)
def test_policies_are_read_by_their_words(text: str, kind: str, above: int | None) -> None:
    (demand,) = read_policy(text)
    assert (demand.kind, demand.above_micros) == (kind, above)


def test_words_are_compared_in_their_simplest_form() -> None:
    assert [stem(word) for word in ("Buys", "parties", "class", "CTV")] == ["buy", "party", "class", "ctv"]


def test_a_member_in_another_currency_does_not_slip_through_the_cap_of_its_portfolio(stage: Stage) -> None:
    # rule 222
    cap = {"amount": 500, "currency": "USD"}
    stage.plan("all", portfolio={"member_plan_ids": ["home", "abroad"], "total_budget_cap": cap})
    stage.plan("home")
    stage.plan("abroad", budget={"currency": "EUR", "total": 100_000})
    abroad = stage.check(plan_id="abroad", proposed_commitment={"amount": 100, "currency": "EUR"})
    assert abroad["verdict"] == "denied"
    assert "the cap of the portfolio is in USD" in abroad["explanation"]
    stage.report(stage.check(500, plan_id="home"))
    assert stage.check(1, plan_id="home")["verdict"] == "denied"
