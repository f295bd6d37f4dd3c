"""What holds, accepted terms and waiting decisions of the compact tools keep when several things happen at once."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.unit.seller.compact_calls import BRIEF, bought, wish
from tests.unit.seller.compact_story import ACCOUNT, Json, finalized, refined, requested
from tests.unit.seller.conftest import Opener, Stage

RIVAL = {"brand": {"domain": "rival.com"}, "operator": "rival.example"}


def nearly_all(world: Stage) -> Json:
    """A draft for nine tenths of what the television channel has in its flight."""
    draft = requested(world.call, "television", offer_filters={"channels": ["ctv"]})
    listed = world.call("list_products", criteria={"product_ids": ["daily_ctv"]}, fields=["forecast"])
    most = listed["products"][0]["forecast"]["points"][0]["metrics"]["impressions"]["mid"]
    made: Json
    [made] = refined(world.call, draft, constraints={"impressions": {"min": int(most * 0.9)}})["proposals"]
    return made


def flight_of(proposal: Json) -> Json:
    return {name: proposal["commercial_terms"][name] for name in ("start_time", "end_time")}


def budget_of(proposal: Json) -> float:
    return float(proposal["commercial_terms"]["total_budget"]["amount"])


# -- holds -----------------------------------------------------------------------------------------------


def test_an_order_that_waited_can_not_take_what_has_been_held_for_others_meanwhile(stage: Opener) -> None:
    world = stage(version="3.2", guaranteed=True, approval="manual")
    big = nearly_all(world)
    order = world.order(account=RIVAL, package={"budget": budget_of(big)}, **flight_of(big))
    task = world.call("create_media_buy", sender="rival", **order)["task_id"]
    finalized(world.call, big)
    world.do("approve", task=task)
    told = world.call("get_task_status", sender="rival", task_id=task, include_result=True)
    assert told["status"] == "failed"
    assert "held for others" in told["error"]["message"]
    assert not world.seller.media_buys


@pytest.mark.parametrize("way", ["budget", "new_packages"])
def test_a_change_of_a_media_buy_can_not_take_what_is_held_for_others(stage: Opener, way: str) -> None:
    world = stage(version="3.2", guaranteed=True)
    big = nearly_all(world)
    order = world.order(account=RIVAL, package={"budget": 10}, **flight_of(big))
    made = world.call("create_media_buy", sender="rival", **order)
    finalized(world.call, big)
    entry = {"product_id": "daily_ctv", "pricing_option_id": "cpm_fixed", "budget": budget_of(big)}
    changes: dict[str, Json] = {
        "budget": {"packages": [{"package_id": made["packages"][0]["package_id"], "budget": budget_of(big)}]},
        "new_packages": {"new_packages": [entry]},
    }
    told = {"account": RIVAL, "media_buy_id": made["media_buy_id"], **changes[way]}
    assert world.error("update_media_buy", sender="rival", **told)["code"] == "PRODUCT_UNAVAILABLE"
    less = {"packages": [{"package_id": made["packages"][0]["package_id"], "budget": 9}]}
    world.call("update_media_buy", sender="rival", account=RIVAL, media_buy_id=made["media_buy_id"], **less)


def test_an_order_that_goes_on_without_its_proposal_frees_the_proposal(stage: Opener) -> None:
    world = stage(version="3.2", approval={"requires": ["po_number"]}, proposal_validity="1h")
    held = finalized(world.call, requested(world.call, BRIEF))
    told = {"account": ACCOUNT, "proposal_id": held["proposal_id"], "proposal_terms_digest": held["terms_digest"]}
    answer = world.call("accept_proposal", **told)
    world.run("+1m")
    other = world.order(po_number="77", context_id=answer["context_id"])
    assert world.call("create_media_buy", **other)["task_id"] == answer["task_id"]
    world.run("+1m")
    assert len(world.seller.media_buys) == 1
    kept = world.seller.proposals[held["proposal_id"]]
    assert (kept.status, kept.task_id) == ("committed", "")
    world.run("+2h")
    assert world.error("accept_proposal", **told)["code"] == "PROPOSAL_EXPIRED"


# -- accepted terms --------------------------------------------------------------------------------------


def test_controls_that_wait_are_held_to_the_accepted_budget_when_they_are_decided(stage: Opener) -> None:
    world = stage(version="3.2", updates="manual")
    rows = [
        {"product_id": name, "pricing_option_id": "cpm_fixed", "budget": 500} for name in ("daily_ctv", "daily_display")
    ]
    made = bought(world, *rows)
    first, second = (binding["package_id"] for binding in made["purchase_bindings"])

    def ask(package_id: str, budget: float) -> str:
        revision = world.read(made["media_buy_id"])["revision"]
        told: dict[str, Any] = {"account": ACCOUNT, "media_buy_id": made["media_buy_id"], "revision": revision}
        return str(
            world.call("control_media_buy", **told, packages=[{"package_id": package_id, "budget": budget}])["task_id"]
        )

    world.do("approve", task=ask(second, 100))
    more, back = ask(first, 900), ask(second, 500)  # each is within the 1000 that were accepted, both are not
    world.do("approve", task=more)
    world.do("approve", task=back)
    assert [world.call("get_task_status", task_id=task)["status"] for task in (more, back)] == ["completed", "failed"]
    assert sum(package["budget"] for package in world.read(made["media_buy_id"])["packages"]) == 1000


def test_a_purchase_can_name_catalogs_of_its_own_account_only(stage: Opener) -> None:
    world = stage(version="3.2", catalog_management=True)
    catalog = {"catalog_id": "shoes", "type": "product", "items": [{"item_id": "a", "title": "A shoe"}]}
    world.call("sync_catalogs", sender="rival", account=RIVAL, catalogs=[catalog])
    feed = world.call("list_products")
    purchase = {"product_id": "daily_ctv", "pricing_option_id": "cpm_fixed", "budget": 200, "catalog_ids": ["shoes"]}
    order = {name: feed[name] for name in ("feed_version", "pricing_version")} | {"purchases": [purchase]}
    order |= {"start_time": "2026-05-03T00:00:00Z", "end_time": "2026-05-13T00:00:00Z"}
    error = world.error("buy_products", account=ACCOUNT, **order)
    assert (error["code"], error["field"]) == ("REFERENCE_NOT_FOUND", "purchases[0].catalog_ids[0]")
    world.call("buy_products", sender="rival", account=RIVAL, **order)


# -- words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", ["extend by " + "9" * 5000 + " days", "extend " * 20_000])
def test_words_of_any_length_are_read_at_once_and_never_fail(stage: Opener, ask: str) -> None:
    world = stage(version="3.2")
    draft = requested(world.call, BRIEF)
    begun = time.process_time()
    [result] = world.call("refine_proposals", refinements=[wish(draft, ask=ask)])["results"]
    assert (result["outcome"], result["reason_code"]) == ("unable", "uninterpreted")
    assert time.process_time() - begun < 5
