"""report_plan_adjustment: a seller says what it gives back, and only the plan's owner makes it count."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.governance.conftest import SELLER, MakeStage, Stage

Json = dict[str, Any]

EVIDENCE = {
    "decommitment": "decommitment_agreement",
    "refund": "refund_settlement",
    "credit": "credit_note",
    "makegood": "makegood_agreement",
}
SEVERAL = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def newest(make_stage: MakeStage) -> Stage:
    """A governance agent that is spoken to in 3.2, the first release with the task."""
    return make_stage("3.2")


def settled(stage: Stage, amount: float = 400, **budget: Any) -> tuple[Json, str]:
    """A plan of 1000 of which an amount is committed to a media buy; gives the check and the outcome's id."""
    stage.plan(budget=budget)
    check = stage.check(amount)
    outcome = stage.report(check, seller_response={"seller_reference": "mb_1", "committed_budget": amount})
    return check, str(outcome["outcome_id"])


def report_of(outcome_id: str, kind: str = "refund", amount: float = 100, number: int = 1, **more: Any) -> Json:
    """The body of a seller's report."""
    evidence = {
        "evidence_id": f"paper-{number}",
        "evidence_type": EVIDENCE[kind],
        "digest": f"sha256:{number:064x}",
        "issued_at": "2026-05-02T00:00:00Z",
    }
    body: Json = {"action": "report", "plan_id": "plan", "outcome_id": outcome_id, "seller_reference": "mb_1"}
    body |= {"seller_adjustment_id": f"back-{number}", "adjustment_type": kind, "reason": "agreed by both"}
    body |= {"amount": {"amount": amount, "currency": "USD"}, "effective_at": "2026-05-02T00:00:00Z"}
    return body | {"evidence": evidence} | more


def report(stage: Stage, outcome_id: str, kind: str = "refund", amount: float = 100, number: int = 1) -> Json:
    return stage.call("report_plan_adjustment", report_of(outcome_id, kind, amount, number), by="seller")


def review(stage: Stage, adjustment: Json, decision: str = "accept") -> Json:
    body = {"action": "review", "plan_id": "plan", "adjustment_id": adjustment["adjustment_id"], "decision": decision}
    return stage.call("report_plan_adjustment", body | {"reason": "looked into"})


def state_delivery(stage: Stage, check: Json, spent: float) -> None:
    """The seller says what was spent."""
    period = {"start": "2026-05-01T00:00:00Z", "end": "2026-05-02T00:00:00Z"}
    body = {"caller": SELLER, "plan_id": "plan", "phase": "delivery"}
    body |= {"governance_context": check["governance_context"]}
    metrics = {"reporting_period": period, "spend": spent, "cumulative_spend": spent}
    stage.call("check_governance", body | {"delivery_metrics": metrics}, by="seller", version="3.1")


def test_a_report_changes_nothing_until_the_owner_accepts_it(newest: Stage) -> None:
    check, outcome = settled(newest)
    state_delivery(newest, check, 100)
    made = report(newest, outcome, "decommitment", 250)
    assert (made["adjustment_state"], made["headroom_restored"]) == ("reported", 0)
    assert made["plan_summary"]["budget_remaining"] == 600
    accepted = review(newest, made)
    assert (accepted["adjustment_state"], accepted["headroom_restored"]) == ("verified", 250)
    assert accepted["plan_summary"] == {
        "accounting_mode": "gross_commitment",
        "gross_committed": 400,
        "adjustments_reported": 250,
        "adjustments_verified": 250,
        "net_cost": 150,
        "headroom_restored": 250,
        "ledger_committed": 150,
        "net_committed": 150,
        "budget_remaining": 850,
    }
    assert newest.check(850)["verdict"] == "approved"


@pytest.mark.parametrize(
    ("kind", "mode", "net_cost", "restored"),
    [
        ("refund", "gross_commitment", 300, 0),
        ("credit", "gross_commitment", 300, 0),
        ("makegood", "gross_commitment", 400, 0),
        ("refund", "verified_net_cost", 300, 100),
        ("credit", "verified_net_cost", 300, 100),
        ("makegood", "verified_net_cost", 400, 0),
    ],
)
def test_each_kind_counts_as_the_mode_of_the_plan_says(
    newest: Stage, kind: str, mode: str, net_cost: float, restored: float
) -> None:
    _, outcome = settled(newest, accounting_mode=mode)
    accepted = review(newest, report(newest, outcome, kind))
    assert accepted["headroom_restored"] == restored
    assert accepted["plan_summary"]["net_cost"] == net_cost
    assert accepted["plan_summary"]["budget_remaining"] == 600 + restored


def test_what_is_disputed_never_counts_and_stays_so(newest: Stage) -> None:
    _, outcome = settled(newest)
    made = report(newest, outcome, amount=400)
    assert review(newest, made, "dispute")["adjustment_state"] == "disputed"
    again = {"action": "review", "plan_id": "plan", "adjustment_id": made["adjustment_id"], "decision": "accept"}
    assert newest.error("report_plan_adjustment", again)["code"] == "CONFLICT"
    assert report(newest, outcome, amount=400, number=2)["plan_summary"]["adjustments_reported"] == 400


def test_only_what_is_not_delivered_can_be_decommitted_and_the_larger_count_holds(newest: Stage) -> None:
    check, outcome = settled(newest)
    body = {"action": "review", "plan_id": "plan", "decision": "accept"}
    made = report(newest, outcome, "decommitment", 300)
    early = newest.error("report_plan_adjustment", body | {"adjustment_id": made["adjustment_id"]})
    assert "has not stated its delivery" in early["message"]
    state_delivery(newest, check, 50)
    seen = {"plan_id": "plan", "check_id": check["check_id"], "governance_context": check["governance_context"]}
    seen |= {"outcome": "delivery", "delivery": {"cumulative_spend": 150}}
    newest.call("report_plan_outcome", seen, version="3.1")
    late = newest.error("report_plan_adjustment", body | {"adjustment_id": made["adjustment_id"]})
    assert (late["code"], "250" in late["message"]) == ("VALIDATION_ERROR", True)
    assert review(newest, report(newest, outcome, "decommitment", 100, 2))["headroom_restored"] == 100


def test_only_the_seller_of_the_action_reports_and_only_the_owner_reviews(newest: Stage) -> None:
    _, outcome = settled(newest)
    body = report_of(outcome)
    assert newest.error("report_plan_adjustment", body, by="other-seller")["code"] == "REFERENCE_NOT_FOUND"
    assert newest.error("report_plan_adjustment", body | {"outcome_id": "out_9"}, by="seller")["field"] == "outcome_id"
    wrong = body | {"seller_reference": "mb_2"}
    assert newest.error("report_plan_adjustment", wrong, by="seller")["field"] == "seller_reference"
    made = report(newest, outcome)
    review_body = {"action": "review", "plan_id": "plan", "adjustment_id": made["adjustment_id"], "decision": "accept"}
    for other in ("seller", "rival"):
        assert newest.error("report_plan_adjustment", review_body, by=other)["code"] == "REFERENCE_NOT_FOUND"


def test_amounts_and_ids_of_reports_are_checked(newest: Stage) -> None:
    _, outcome = settled(newest)
    report(newest, outcome, amount=300)

    def refused(**more: Any) -> Json:
        return newest.error("report_plan_adjustment", report_of(outcome, number=2) | more, by="seller")

    assert refused(amount={"amount": 101, "currency": "USD"})["field"] == "amount.amount"
    assert refused(amount={"amount": 1, "currency": "EUR"})["field"] == "amount.currency"
    assert refused(seller_adjustment_id="back-1")["code"] == "CONFLICT"
    other = report_of(outcome)["evidence"] | {"digest": f"sha256:{9:064x}"}
    assert refused(evidence=other)["field"] == "evidence.evidence_id"


def test_what_came_back_still_counts_for_thresholds(newest: Stage) -> None:
    check, outcome = settled(newest, reallocation_threshold=500)
    state_delivery(newest, check, 0)
    review(newest, report(newest, outcome, "decommitment", 400))
    answer = newest.call("check_governance", newest.intent(200))
    assert answer["status"] == "submitted"  # 400 and 200 in the window, whatever was given back


def test_the_audit_log_tells_of_adjustments(newest: Stage) -> None:
    _, outcome = settled(newest)
    review(newest, report(newest, outcome))
    log = newest.log()
    assert (log["budget"]["gross_committed"], log["budget"]["net_cost"]) == (400, 300)
    entry = next(entry for entry in log["entries"] if entry["type"] == "adjustment")
    assert (entry["adjustment_state"], entry["outcome_id"], entry["review_reason"]) == (
        "verified",
        outcome,
        "looked into",
    )


@SEVERAL
@given(
    parts=st.lists(
        st.tuples(st.sampled_from(["decommitment", "refund", "credit", "makegood"]), st.integers(1, 200)), max_size=8
    ),
    mode=st.sampled_from(["gross_commitment", "verified_net_cost"]),
)
def test_no_adjustments_give_back_more_than_was_committed(
    make_stage: MakeStage, parts: list[tuple[str, int]], mode: str
) -> None:
    stage = make_stage("3.2")
    check, outcome = settled(stage, accounting_mode=mode)
    state_delivery(stage, check, 120)
    restored = 0.0
    for number, (kind, amount) in enumerate(parts, start=1):
        reply = stage.reply("report_plan_adjustment", report_of(outcome, kind, amount, number), by="seller")
        if not reply.ok:
            continue
        body = {"action": "review", "plan_id": "plan", "adjustment_id": reply.body["adjustment_id"]}
        accepted = stage.reply("report_plan_adjustment", body | {"decision": "accept"})
        restored += accepted.body["headroom_restored"] if accepted.ok else 0
    assert 0 <= restored <= 400
    assert stage.log()["budget"]["committed"] == 400 - restored
