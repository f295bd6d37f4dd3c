"""Approval of new buys: automatic, by rule, by people, with input that is missing (facts 4.3 and 4.6)."""

from __future__ import annotations

from typing import Any

import pytest

from agents.seller.config import ApprovalConfig, BuyRule
from agents.seller.policy.approval import BuyFacts, decide_buy, first_breach
from sandbox.core.errors import InputError
from sandbox.core.time import DAY_MS
from tests.unit.seller.conftest import Opener, creative

FACTS = BuyFacts(0, 10 * DAY_MS, 20 * DAY_MS, 1_000_000_000, "acme.com", ("gambling.casino",), ("tv",))


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"budget_under": 1000.01}, "BUDGET_TOO_LOW"),
        ({"budget_over": 999}, "POLICY_VIOLATION"),
        ({"category": "gambling"}, "POLICY_VIOLATION"),
        ({"brand": "acme.com"}, "POLICY_VIOLATION"),
        ({"product": "tv"}, "POLICY_VIOLATION"),
        ({"start_within": "11d"}, "POLICY_VIOLATION"),
        ({"flight_over": "9d"}, "POLICY_VIOLATION"),
    ],
)
def test_each_ground_for_refusal_applies_at_its_threshold(rule: dict[str, Any], code: str) -> None:
    decision = first_breach([BuyRule(**rule)], FACTS)
    assert decision is not None
    assert decision.code == code
    assert decision.reason


@pytest.mark.parametrize(
    "rule",
    [
        {"budget_under": 1000},
        {"budget_over": 1000},
        {"category": "gamb"},
        {"brand": "other.com"},
        {"product": "radio"},
        {"start_within": "10d"},
        {"flight_over": "10d"},
    ],
)
def test_no_ground_applies_short_of_its_threshold(rule: dict[str, Any]) -> None:
    assert first_breach([BuyRule(**rule)], FACTS) is None


def test_a_rule_with_two_conditions_needs_both() -> None:
    both = BuyRule(budget_under=5000, category="gambling", reason="too small for gambling")
    decision = first_breach([both], FACTS)
    assert decision is not None
    assert decision.reason == "too small for gambling"
    assert first_breach([BuyRule(budget_under=5000, category="alcohol")], FACTS) is None


def test_a_refusal_by_rule_comes_before_missing_input_and_both_before_chance() -> None:
    config = ApprovalConfig(reject_if=[BuyRule(brand="acme.com")], requires=["po_number"], probability_of_rejection=1.0)
    assert decide_buy(config, FACTS, {}, 0.0).verdict == "reject"
    asking = config.model_copy(update={"reject_if": []})
    assert decide_buy(asking, FACTS, {}, 0.0).missing == ("po_number",)
    assert decide_buy(asking, FACTS, {"po_number": "1"}, 0.0).verdict == "reject"


def test_an_automatic_refusal_is_an_error_at_once(stage: Opener) -> None:
    world = stage(approval={"reject_if": [{"budget_under": 5000}]})
    error = world.error("create_media_buy", **world.order())
    assert error["code"] == "BUDGET_TOO_LOW"
    assert not world.seller.media_buys


def test_a_manual_approval_is_submitted_and_ends_in_a_webhook_with_the_answer(stage: Opener) -> None:
    world = stage(approval={"mode": "manual", "delay": "1d"})
    answer = world.call("create_media_buy", **world.order(push_notification_config=world.push()))
    assert answer["status"] == "submitted"
    assert "media_buy_id" not in answer
    assert not world.seller.media_buys
    world.run("+1d")
    world.run("+1m")
    [hook] = world.webhooks
    assert (hook["status"], hook["task_id"], hook["operation_id"]) == ("completed", answer["task_id"], "op-1")
    assert hook["result"]["media_buy_id"] in world.seller.media_buys
    polled = world.call("get_task_status", task_id=answer["task_id"], include_result=True)
    assert polled["status"] == "completed"
    assert polled["result"] == hook["result"]


def test_people_decide_in_office_hours_only(stage: Opener) -> None:
    world = stage(approval={"delay": "1h", "office_hours": {"days": "mon-fri", "from": "09:00", "to": "17:00"}})
    world.run("2026-05-01T16:30")  # a Friday
    world.call("create_media_buy", **world.order(start_time="2026-05-05T00:00:00Z"))
    world.run("2026-05-04T08:59")
    assert world.statuses("task") == ["submitted"]
    world.run("2026-05-04T09:00")
    assert world.statuses("task") == ["submitted", "completed"]


def test_a_manual_approval_without_a_delay_waits_for_the_scenario(stage: Opener) -> None:
    world = stage(approval="manual")
    task = world.call("create_media_buy", **world.order())["task_id"]
    world.run("+1d")
    assert world.statuses("task") == ["submitted"]
    world.do("approve", task=task)
    assert world.statuses("task") == ["submitted", "completed"]
    assert len(world.seller.media_buys) == 1


def test_a_refused_task_is_rejected_with_the_reason(stage: Opener) -> None:
    world = stage(approval="manual")
    answer = world.call("create_media_buy", **world.order(push_notification_config=world.push()))
    world.do("reject", reason="no room left")
    world.run("+1m")
    [hook] = world.webhooks
    assert hook["status"] == "rejected"
    assert hook["result"]["errors"][0]["message"] == "no room left"
    assert world.call("get_task_status", task_id=answer["task_id"])["error"]["message"] == "no room left"
    assert not world.seller.media_buys


def test_an_approval_that_comes_after_the_flight_fails_the_task(stage: Opener) -> None:
    world = stage(approval="manual")
    world.call("create_media_buy", **world.order())
    world.run("2026-05-14")
    world.do("approve")
    assert world.statuses("task") == ["submitted", "failed"]


def test_missing_input_is_named_and_the_order_goes_on_when_it_comes(stage: Opener) -> None:
    world = stage(approval={"requires": ["po_number", "creatives"]})
    answer = world.call("create_media_buy", **world.order(push_notification_config=world.push()))
    assert answer["status"] == "submitted"
    world.run("+1m")
    assert "po_number, creatives" in world.webhooks[0]["message"]
    assert world.webhooks[0]["status"] == "input-required"
    again = world.order(po_number="77", context_id=answer["context_id"], package={"creatives": [creative()]})
    assert world.call("create_media_buy", **again)["task_id"] == answer["task_id"]
    world.run("+1m")
    assert world.statuses("task") == ["submitted", "input-required", "submitted", "completed"]
    assert world.statuses("media_buy") == ["pending_start"]


def test_the_seller_can_ask_for_input_and_approve_afterwards(stage: Opener) -> None:
    world = stage(approval="manual")
    world.call("create_media_buy", **world.order())
    world.do("ask_input", missing=["signed order"])
    assert world.statuses("task")[-1] == "input-required"
    world.do("approve")
    assert world.statuses("task")[-1] == "completed"


def test_a_control_without_anything_to_act_on_is_the_scenarios_mistake(stage: Opener) -> None:
    world = stage()
    for control in ("approve", "reject", "approve_creative", "reject_creative", "revoke_creative", "pause", "cancel"):
        with pytest.raises(InputError):
            world.do(control)
    with pytest.raises(InputError):
        world.do("ask_input", missing="x")


def test_chance_is_a_stream_of_the_seed(stage: Opener) -> None:
    def outcomes(seed: int) -> list[bool]:
        world = stage(seed=seed, approval={"probability_of_rejection": 0.5})
        return [world.reply("create_media_buy", **world.order()).ok for _ in range(12)]

    assert outcomes(1) == outcomes(1)
    assert outcomes(1) != outcomes(2)
    assert len(set(outcomes(1))) == 2
