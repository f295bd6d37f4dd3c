"""The test controller (docs/building/by-layer/L3/comply-test-controller.mdx) on the state of a sales agent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.seller.conftest import Opener, Stage, creative

TOOL = "comply_test_controller"
ON = {"test_controller": True}


@pytest.fixture
def stage(stage: Opener) -> Stage:
    """A sales agent with the test controller."""
    return stage(**ON)


def do(stage: Stage, scenario: str, **params: Any) -> dict[str, Any]:
    return stage.call(TOOL, scenario=scenario, params=params, account={"sandbox": True})


def done(stage: Stage, scenario: str, **params: Any) -> dict[str, Any]:
    answer = do(stage, scenario, **params)
    assert answer["success"] is True, answer
    return answer


def error(stage: Stage, scenario: str, **params: Any) -> str:
    answer = do(stage, scenario, **params)
    assert answer["success"] is False
    assert answer["error_detail"]
    return str(answer["error"])


def test_the_tool_is_there_only_where_the_settings_say_so(stage: Stage) -> None:
    off = Stage({}, {"domain": "daily.example", "placements": [{"channel": "ctv"}]}, "3.1", 1)
    assert off.error(TOOL, scenario="list_scenarios")["code"] == "UNSUPPORTED_FEATURE"
    assert "compliance_testing" not in off.call("get_adcp_capabilities")
    assert "force_creative_status" in stage.call("get_adcp_capabilities")["compliance_testing"]["scenarios"]


def test_it_lists_its_scenarios_and_says_which_it_does_not_know(stage: Stage) -> None:
    assert len(do(stage, "list_scenarios")["scenarios"]) == 13
    answer = stage.call(TOOL, scenario="seed_moon", context={"id": 7})
    assert (answer["error"], answer["context"]) == ("UNKNOWN_SCENARIO", {"id": 7})


@pytest.mark.parametrize(
    ("scenario", "params", "code"),
    [
        ("force_creative_status", {}, "INVALID_PARAMS"),
        ("force_creative_status", {"creative_id": "none", "status": "approved"}, "NOT_FOUND"),
        ("force_account_status", {"account_id": "none", "status": "active"}, "NOT_FOUND"),
        ("force_media_buy_status", {"media_buy_id": "none", "status": "active"}, "NOT_FOUND"),
        ("force_task_completion", {"task_id": "none", "result": {"media_buy_id": "x", "packages": []}}, "NOT_FOUND"),
        ("simulate_delivery", {"media_buy_id": "none"}, "NOT_FOUND"),
        ("simulate_budget_spend", {"spend_percentage": 50}, "INVALID_PARAMS"),
        ("seed_pricing_option", {"product_id": "none", "pricing_option_id": "p", "fixture": {}}, "INVALID_PARAMS"),
        ("seed_media_buy", {"media_buy_id": "m", "fixture": {"packages": [{"product_id": "x"}]}}, "INVALID_PARAMS"),
    ],
)
def test_refusals_have_words_of_their_own(stage: Stage, scenario: str, params: dict[str, Any], code: str) -> None:
    assert error(stage, scenario, **params) == code


def test_a_creative_goes_only_where_its_lifecycle_leads(stage: Stage) -> None:
    stage.call("sync_creatives", account=stage.order()["account"], creatives=[creative()])
    answer = done(stage, "force_creative_status", creative_id="spot", status="rejected", rejection_reason="too loud")
    assert (answer["previous_state"], answer["current_state"]) == ("approved", "rejected")
    assert error(stage, "force_creative_status", creative_id="spot", status="approved") == "INVALID_TRANSITION"
    assert done(stage, "force_creative_status", creative_id="spot", status="rejected")["previous_state"] == "rejected"
    assert stage.call("list_creatives")["creatives"][0]["status"] == "rejected"


def test_a_suspended_account_buys_nothing_and_can_still_be_read(stage: Stage) -> None:
    made = stage.call("create_media_buy", **stage.order())
    account_id = made["account"]["account_id"]
    done(stage, "force_account_status", account_id=account_id, status="suspended")
    assert stage.error("create_media_buy", **stage.order())["code"] == "ACCOUNT_SUSPENDED"
    assert stage.call("get_media_buys", media_buy_ids=[made["media_buy_id"]])["media_buys"]
    assert do(stage, "force_account_status", account_id=account_id, status="active")["success"]


def test_a_media_buy_is_moved_and_stays_there(stage: Stage) -> None:
    made = stage.call("create_media_buy", **stage.order())["media_buy_id"]
    done(stage, "force_media_buy_status", media_buy_id=made, status="active")
    stage.run("+4d")
    assert stage.call("get_media_buys", media_buy_ids=[made])["media_buys"][0]["status"] == "active"
    assert error(stage, "force_media_buy_status", media_buy_id=made, status="rejected") == "INVALID_TRANSITION"
    done(stage, "force_media_buy_status", media_buy_id=made, status="completed")
    assert error(stage, "force_media_buy_status", media_buy_id=made, status="active") == "INVALID_TRANSITION"


def test_a_directive_is_used_up_by_the_next_order_and_its_task_is_ended_on_demand(stage: Stage) -> None:
    done(stage, "force_create_media_buy_arm", arm="submitted", task_id="task-io", message="waits for an IO")
    push = {"url": stage.world.network.url("buyer", "hooks"), "operation_id": "o1"}
    answer = stage.call("create_media_buy", **stage.order(), push_notification_config=push)
    assert (answer["status"], answer["task_id"], answer["message"]) == ("submitted", "task-io", "waits for an IO")
    assert stage.call("create_media_buy", **stage.order())["status"] == "completed"
    result = {
        "media_buy_id": "mb-of-the-buyer", "media_buy_status": "active", "confirmed_at": "2026-05-01T00:00:00Z",
        "revision": 1, "packages": [{"package_id": "pkg-of-the-buyer"}],
    }  # fmt: skip
    assert done(stage, "force_task_completion", task_id="task-io", result=result)["current_state"] == "completed"
    again = done(stage, "force_task_completion", task_id="task-io", result=result)
    assert again["previous_state"] == "completed"
    other = {**result, "media_buy_id": "another"}
    assert error(stage, "force_task_completion", task_id="task-io", result=other) == "INVALID_TRANSITION"
    stage.run("+1m")
    assert stage.webhooks[-1]["result"]["media_buy_id"] == "mb-of-the-buyer"
    assert done(stage, "simulate_delivery", media_buy_id="mb-of-the-buyer", impressions=5)


def test_input_can_be_required_of_the_next_order(stage: Stage) -> None:
    done(stage, "force_create_media_buy_arm", arm="input-required")
    assert stage.error("create_media_buy", **stage.order())["code"] == "IO_REQUIRED"


@pytest.fixture(scope="module")
def bought() -> tuple[Stage, str]:
    stage = Stage(dict(ON), {"domain": "daily.example", "placements": [{"channel": "ctv"}]}, "3.1", 1)
    order = stage.order()
    return stage, str(stage.call("create_media_buy", **order)["media_buy_id"])


@given(impressions=st.integers(0, 10**9), cents=st.integers(0, 10**9))
def test_simulated_delivery_adds_up_and_leaves_the_budget(
    bought: tuple[Stage, str], impressions: int, cents: int
) -> None:
    stage, media_buy_id = bought
    spend = {"amount": cents / 100, "currency": "USD"}
    before = done(stage, "simulate_delivery", media_buy_id=media_buy_id)["cumulative"]
    answer = done(stage, "simulate_delivery", media_buy_id=media_buy_id, impressions=impressions, reported_spend=spend)
    after = answer["cumulative"]
    assert after["impressions"] == before["impressions"] + impressions
    grown = round(after["reported_spend"]["amount"] * 100) - round(before["reported_spend"]["amount"] * 100)
    assert grown == cents
    told = stage.call("get_media_buy_delivery", media_buy_ids=[media_buy_id])["media_buy_deliveries"][0]["totals"]
    assert told["impressions"] == after["impressions"]
    budget = done(stage, "simulate_budget_spend", media_buy_id=media_buy_id, spend_percentage=95)["simulated"]
    assert budget["computed_spend"] == {"amount": 190, "currency": "USD"}


def test_a_seeded_product_can_be_found_and_bought(stage: Stage) -> None:
    fixture = {"delivery_type": "guaranteed", "channels": ["video"], "format_ids": [{"id": "spot_9s"}]}
    done(stage, "seed_product", product_id="sports_q2", fixture=fixture)
    done(stage, "seed_pricing_option", product_id="sports_q2", pricing_option_id="cpm_9",
         fixture={"pricing_model": "cpm", "currency": "USD", "fixed_price": 9})  # fmt: skip
    product = next(p for p in stage.call("get_products", buying_mode="wholesale")["products"]
                   if p["product_id"] == "sports_q2")  # fmt: skip
    assert product["pricing_options"][0]["fixed_price"] == 9
    package = {"product_id": "sports_q2", "pricing_option_id": "cpm_9"}
    assert stage.call("create_media_buy", **stage.order(package=package))["media_buy_id"]


def test_the_same_seed_twice_is_one_and_another_under_its_id_is_refused(stage: Stage) -> None:
    assert "previous_state" not in done(stage, "seed_plan", plan_id="plan-1", fixture={"budget": 1})
    assert done(stage, "seed_plan", plan_id="plan-1", fixture={"budget": 1})["previous_state"] == "existing"
    assert error(stage, "seed_plan", plan_id="plan-1", fixture={"budget": 2}) == "INVALID_PARAMS"


@pytest.mark.parametrize("status", ["active", "paused", "completed", "canceled", "pending_creatives", "rejected"])
def test_a_seeded_media_buy_has_the_state_that_was_asked_for(stage: Stage, status: str) -> None:
    flight = {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}
    fixture = {"status": status, "flight": flight, "budget": {"total": 400}}
    done(stage, "seed_media_buy", media_buy_id="mb-seed", fixture=fixture)
    row = stage.call("get_media_buys", media_buy_ids=["mb-seed"])["media_buys"][0]
    assert (row["status"], row["total_budget"]) == (status, 400)


@pytest.mark.parametrize("status", ["approved", "rejected", "archived", "pending_review", "suspended", "processing"])
def test_a_seeded_creative_is_in_the_library(stage: Stage, status: str) -> None:
    done(stage, "seed_creative", creative_id="c1", fixture={"status": status, "format_id": {"id": "vast_30s"}})
    filters = {"statuses": [status], "creative_ids": ["c1"]}
    assert [row["status"] for row in stage.call("list_creatives", filters=filters)["creatives"]] == [status]


def test_a_seeded_format_is_listed(stage: Stage) -> None:
    done(stage, "seed_creative_format", format_id="odd_one", fixture={"name": "Odd", "type": "video"})
    found = stage.call("list_creative_formats", name_search="odd")["formats"]
    assert [fmt["format_id"]["id"] for fmt in found] == ["odd_one"]


def test_a_task_is_not_completed_with_the_ids_of_another_media_buy(stage: Stage) -> None:
    there = stage.buy()
    done(stage, "force_create_media_buy_arm", arm="submitted", task_id="task-io")
    assert stage.call("create_media_buy", **stage.order())["task_id"] == "task-io"
    assert error(stage, "force_task_completion", task_id="task-io", result=there) == "INVALID_PARAMS"
    assert [*stage.seller.media_buys] == [there["media_buy_id"]]
    package = {**there["packages"][0], "package_id": "pkg_new"}
    result = {**there, "media_buy_id": "mb_new", "packages": [package]}
    assert done(stage, "force_task_completion", task_id="task-io", result=result)["current_state"] == "completed"
    assert stage.read("mb_new")["packages"][0]["package_id"] == "pkg_new"
