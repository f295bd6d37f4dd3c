"""Proposals: offered with a brief, finalized, bought (facts 4.13)."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.seller.conftest import ACCOUNT, PLACEMENTS, Opener, Stage


def offered(world: Stage) -> dict[str, Any]:
    [proposal] = world.call("get_products", buying_mode="brief", brief="television and display")["proposals"]
    return dict(proposal)


def finalize(world: Stage, *proposal_ids: str) -> Any:
    entries = [{"scope": "proposal", "proposal_id": i, "action": "finalize"} for i in proposal_ids]
    return world.reply("get_products", buying_mode="refine", refine=entries)


def order(proposal_id: str, total: float) -> dict[str, Any]:
    return {
        "account": ACCOUNT,
        "brand": {"domain": "acme.com"},
        "start_time": "asap",
        "end_time": "2026-06-01T00:00:00Z",
        "proposal_id": proposal_id,
        "total_budget": {"amount": total, "currency": "USD"},
    }


def test_a_brief_is_answered_with_a_plan_over_the_best_products(stage: Opener) -> None:
    proposal = offered(stage())
    assert [entry["product_id"] for entry in proposal["allocations"]] == ["daily_ctv", "daily_display"]
    assert sum(entry["allocation_percentage"] for entry in proposal["allocations"]) == 100
    assert proposal["proposal_status"] == "draft"


def test_a_seller_may_make_no_proposals(stage: Opener) -> None:
    world = stage(proposals=False)
    assert "proposals" not in world.call("get_products", buying_mode="brief", brief="television and display")
    assert world.call("get_adcp_capabilities")["media_buy"]["supports_proposals"] is False


def test_a_draft_has_to_be_finalized_before_it_is_bought(stage: Opener) -> None:
    world = stage()
    proposal_id = offered(world)["proposal_id"]
    assert world.error("create_media_buy", **order(proposal_id, 300))["code"] == "PROPOSAL_NOT_COMMITTED"
    answer = finalize(world, proposal_id).body
    assert answer["proposals"][0]["proposal_status"] == "committed"
    assert answer["refinement_applied"] == [{"scope": "proposal", "proposal_id": proposal_id, "status": "applied"}]
    made = world.call("create_media_buy", **order(proposal_id, 300))
    assert [package["budget"] for package in made["packages"]] == [200.01, 99.99]
    assert made["total_budget"] == 300
    assert world.error("create_media_buy", **order(proposal_id, 300))["code"] == "INVALID_STATE"


@settings(max_examples=10, deadline=None)
@given(total=st.decimals("5", "100000", places=2))
def test_the_packages_of_a_proposal_add_up_to_its_budget_exactly(total: Any) -> None:
    world = Stage({}, {"domain": "daily.example", "placements": PLACEMENTS}, "3.1", 1)
    proposal_id = offered(world)["proposal_id"]
    finalize(world, proposal_id)
    made = world.call("create_media_buy", **order(proposal_id, float(total)))
    packages = world.seller.media_buys[made["media_buy_id"]].packages.values()
    assert sum(package.budget_micros for package in packages) == int(total * 1_000_000)


def test_an_expired_proposal_can_be_neither_finalized_nor_bought(stage: Opener) -> None:
    world = stage(proposal_validity="1d")
    first, second = offered(world)["proposal_id"], offered(world)["proposal_id"]
    finalize(world, first)
    world.run("+1d1m")
    assert world.error("create_media_buy", **order(first, 300))["code"] == "PROPOSAL_EXPIRED"
    [applied] = finalize(world, second).body["refinement_applied"]
    assert applied["status"] == "unable"


def test_two_proposals_can_not_be_finalized_in_one_call(stage: Opener) -> None:
    world = stage()
    reply = finalize(world, offered(world)["proposal_id"], offered(world)["proposal_id"])
    assert reply.body["errors"][0]["code"] == "MULTI_FINALIZE_UNSUPPORTED"


def test_proposals_of_others_look_like_absent_ones(stage: Opener) -> None:
    world = stage()
    proposal_id = offered(world)["proposal_id"]
    foreign = world.error("create_media_buy", sender="rival", **order(proposal_id, 300))
    assert foreign["code"] == "PROPOSAL_NOT_FOUND"


def test_a_standing_proposal_that_can_no_longer_be_bought_makes_room_for_another(stage: Opener) -> None:
    world = stage(proposal_id="spring_plan", proposals_firm=True, proposal_validity="2d")
    assert offered(world)["proposal_id"] == offered(world)["proposal_id"] == "spring_plan"
    world.run("2026-05-05T00:00:00Z")
    fresh = offered(world)
    assert fresh["proposal_id"] != "spring_plan"
    assert world.error("create_media_buy", **order("spring_plan", 300))["code"] == "PROPOSAL_EXPIRED"
    assert "media_buy_id" in world.call("create_media_buy", **order(fresh["proposal_id"], 300))
