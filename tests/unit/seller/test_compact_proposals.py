"""Proposals of 3.2: drafts, revisions, holds, declines and acceptances (proposal-negotiation.mdx)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.seller.compact_calls import (
    BRIEF,
    accept_error,
    bought,
    control,
    finalize,
    refine_error,
    wish,
)
from tests.unit.seller.compact_story import ACCOUNT, BRAND, Json, accepted, finalized, refined, requested
from tests.unit.seller.conftest import Opener, Stage


@pytest.fixture
def world(stage: Opener) -> Stage:
    return stage(version="3.2")


# -- request_proposals and refine_proposals --------------------------------------------------------------


def test_a_draft_is_within_the_budget_and_the_flight_that_were_asked_for(world: Stage) -> None:
    filters = {"budget_range": {"max": 500, "currency": "USD"}, "start_date": "2026-05-10", "end_date": "2026-05-19"}
    terms = requested(world.call, BRIEF, offer_filters=filters)["commercial_terms"]
    assert terms["total_budget"] == {"amount": 500, "currency": "USD"}
    assert (terms["start_time"], terms["end_time"]) == ("2026-05-10T00:00:00Z", "2026-05-20T00:00:00Z")
    assert sum(purchase["budget"] for purchase in terms["purchases"]) == 500


def test_a_plan_that_can_not_be_made_is_rejected_with_a_reason(world: Stage) -> None:
    answer = world.call("request_proposals", brand=BRAND, brief="radio", criteria={"product_ids": ["none"]})
    assert answer["outcome"] == "rejected"
    assert answer["reason"]
    goal = {"goal": {"kind": "metric", "metric": "clicks"}, "volume": 1000}
    error = world.error("request_proposals", brand=BRAND, brief=BRIEF, criteria={"outcome_target": goal})
    assert (error["code"], error["field"]) == ("UNSUPPORTED_FEATURE", "criteria.outcome_target")


def test_each_revision_is_a_new_snapshot_and_the_source_stays_as_it_is(world: Stage) -> None:
    draft = requested(world.call, BRIEF)
    changes = {"daily_display": "omit"}
    result = refined(
        world.call, draft, constraints={"total_budget": {"max": 90, "currency": "USD"}}, product_changes=changes
    )
    [made] = result["proposals"]
    assert result["outcome"] == "revised"
    assert [p["product_id"] for p in made["commercial_terms"]["purchases"]] == ["daily_ctv"]
    assert made["commercial_terms"]["total_budget"]["amount"] <= 90
    source = world.seller.proposals[draft["proposal_id"]]
    assert source.terms == draft["commercial_terms"]
    assert source.status == "draft"


def test_what_can_not_be_met_is_named_and_everything_else_is_met(world: Stage) -> None:
    draft = requested(world.call, BRIEF)
    bounds = {"total_budget": {"max": 300, "currency": "USD"}, "impressions": {"min": 10_000_000}}
    result = refined(world.call, draft, constraints=bounds)
    assert (result["outcome"], result["reason_code"]) == ("partial", "constraint_unsatisfiable")
    assert result["unsatisfied_constraints"] == ["impressions"]
    assert result["proposals"][0]["commercial_terms"]["total_budget"]["amount"] <= 300
    euros = refined(world.call, draft, constraints={"cpm": {"max": 100, "currency": "EUR"}})
    assert euros["unsatisfied_constraints"] == ["cpm"]
    nothing = refined(world.call, draft, constraints={"cpm": {"max": 0.01, "currency": "USD"}})
    assert nothing["outcome"] == "unable"
    assert "proposals" not in nothing
    absent = refined(world.call, draft, product_changes={"nowhere": "include"})
    assert absent["unsatisfied_product_changes"] == {"nowhere": "include"}


def test_a_volume_is_met_with_more_money_where_no_budget_forbids_it(world: Stage) -> None:
    draft = requested(world.call, BRIEF)
    [made] = refined(world.call, draft, constraints={"impressions": {"min": 50_000}})["proposals"]
    assert sum(p["impressions"] for p in made["commercial_terms"]["purchases"]) >= 50_000


def test_a_flight_is_moved_as_far_as_it_can_be(world: Stage) -> None:
    draft = requested(world.call, BRIEF)
    bounds = {"start_no_later_than": "2026-05-02T00:00:00Z", "end_no_earlier_than": "2026-07-01T00:00:00Z"}
    [made] = refined(world.call, draft, constraints={"flight": bounds})["proposals"]
    assert made["commercial_terms"]["start_time"] == "2026-05-02T00:00:00Z"
    assert made["commercial_terms"]["end_time"] == "2026-07-01T00:00:00Z"
    past = refined(world.call, draft, constraints={"flight": {"start_no_later_than": "2026-04-01T00:00:00Z"}})
    assert past["unsatisfied_constraints"] == ["flight"]


def test_alternatives_differ_in_their_terms_and_a_shortfall_is_partial(world: Stage) -> None:
    draft = requested(world.call, BRIEF)
    three = refined(world.call, draft, alternatives={"count": 3})
    assert three["outcome"] == "revised"
    assert len({made["terms_digest"] for made in three["proposals"]}) == 3
    ten = refined(world.call, draft, alternatives={"count": 10})
    assert (ten["outcome"], ten["reason_code"]) == ("partial", "alternatives_unavailable")
    assert 1 < len(ten["proposals"]) < 10


def test_words_move_channels_and_flights_but_never_prices(world: Stage) -> None:
    draft = requested(world.call, "television", offer_filters={"channels": ["ctv"]})
    [made] = refined(world.call, draft, ask="Rather display, please.")["proposals"]
    assert made["commercial_terms"]["purchases"][0]["product_id"] == "daily_display"
    declined = refined(world.call, draft, ask="Give us a discount of half the price.")
    assert (declined["outcome"], declined["reason_code"]) == ("unable", "commercially_declined")
    unclear = refined(
        world.call, draft, ask="Make it pop.", constraints={"total_budget": {"max": 99, "currency": "USD"}}
    )
    assert (unclear["outcome"], unclear["reason_code"]) == ("partial", "uninterpreted")


def test_criteria_replace_those_of_the_source_and_the_rest_is_inherited(world: Stage) -> None:
    cap = {"max_impressions": 2, "per": "individuals", "window": {"interval": 1, "unit": "days"}}
    draft = requested(world.call, BRIEF, media_buy_frequency_cap=cap)
    overlay = {"geo_countries": ["US"]}
    [aimed] = refined(world.call, draft, criteria={"targeting_overlay": overlay})["proposals"]
    assert all(p["targeting_overlay"] == overlay for p in aimed["commercial_terms"]["purchases"])
    assert aimed["commercial_terms"]["frequency_cap"] == cap
    [free] = refined(world.call, aimed, remove_media_buy_frequency_cap=True)["proposals"]
    assert "frequency_cap" not in free["commercial_terms"]
    assert free["commercial_terms"]["purchases"][0]["targeting_overlay"] == overlay


def test_a_request_that_is_wrong_in_one_entry_changes_nothing(world: Stage) -> None:
    draft, other = requested(world.call, BRIEF), requested(world.call, BRIEF)
    before = list(world.seller.proposals)
    cheap = {"constraints": {"total_budget": {"min": 9, "max": 8, "currency": "USD"}}}
    assert refine_error(world, wish(other, ask="display"), wish(draft, **cheap))["code"] == "INVALID_REQUEST"
    assert refine_error(world, wish(draft, ask="display"), wish(draft, ask="x"))["code"] == "INVALID_REQUEST"
    criteria = {"targeting_overlay": {"language": ["en"]}}
    unsupported = refine_error(world, wish(other, ask="display"), wish(draft, criteria=criteria))
    assert unsupported["field"] == "refinements[1].criteria.targeting_overlay.language"
    canceled = wish(draft, change_kind="cancellation")
    assert refine_error(world, wish(other, ask="display"), canceled)["code"] == "INVALID_STATE"
    assert list(world.seller.proposals) == before


def test_proposals_of_others_look_like_absent_ones(world: Stage) -> None:
    draft = requested(world.call, BRIEF)
    entries = [wish(draft, ask="display"), wish({"proposal_id": "prop_none"}, ask="display")]
    rows = world.call("refine_proposals", sender="rival", refinements=entries)["results"]
    assert {(row["outcome"], row["reason_code"], row["reason"]) for row in rows} == {
        ("unable", "source_unavailable", "there is no such proposal")
    }
    assert accept_error(world, draft, sender="rival") == "PROPOSAL_NOT_FOUND"


# -- holds -----------------------------------------------------------------------------------------------


def test_a_finalize_holds_all_or_nothing(world: Stage) -> None:
    small = requested(world.call, BRIEF)
    [huge] = refined(world.call, small, constraints={"impressions": {"min": 9_000_000}})["proposals"]
    before = list(world.seller.proposals)
    rows = world.call("refine_proposals", refinements=[finalize(small), finalize(huge)])["results"]
    assert [row["reason_code"] for row in rows] == ["batch_aborted", "hold_unavailable"]
    assert list(world.seller.proposals) == before
    assert finalized(world.call, small)["proposal_status"] == "committed"


def test_what_is_held_can_not_be_sold_to_somebody_else_until_it_lapses(stage: Opener) -> None:
    world = stage(version="3.2", proposal_validity="1d", guaranteed=True)
    draft = requested(world.call, "television", offer_filters={"channels": ["ctv"]})
    available = world.call("list_products", criteria={"product_ids": ["daily_ctv"]}, fields=["forecast"])
    most = available["products"][0]["forecast"]["points"][0]["metrics"]["impressions"]["mid"]
    [big] = refined(world.call, draft, constraints={"impressions": {"min": int(most * 0.9)}})["proposals"]
    held = finalized(world.call, big)
    feed = world.call("list_products")
    flight = {name: big["commercial_terms"][name] for name in ("start_time", "end_time")}
    row = {
        "product_id": "daily_ctv",
        "pricing_option_id": "cpm_fixed",
        "budget": big["commercial_terms"]["total_budget"]["amount"],
    }
    order = {"account": ACCOUNT, "feed_version": feed["feed_version"], "purchases": [row], **flight}
    assert world.error("buy_products", sender="rival", **order)["code"] == "PRODUCT_UNAVAILABLE"
    facade = world.order(package={"budget": row["budget"]}, **flight)
    assert world.error("create_media_buy", sender="rival", **facade)["code"] == "PRODUCT_UNAVAILABLE"
    assert refine_error(world, finalize(big))["code"] == "INVALID_STATE"  # no second hold under a new key
    world.run("+1d")
    assert accept_error(world, held) == "PROPOSAL_EXPIRED"
    world.call("buy_products", sender="rival", **order)


def test_a_hold_outlives_the_sale_of_the_product_and_a_buyer_has_few(stage: Opener) -> None:
    world = stage(version="3.2", max_holds=1)
    first, second = requested(world.call, BRIEF), requested(world.call, BRIEF)
    held = finalized(world.call, first)
    [row] = world.call("refine_proposals", refinements=[finalize(second)])["results"]
    assert row["reason_code"] == "hold_unavailable"
    world.do("sell_out", product="daily_ctv")
    assert accepted(world.call, held)["media_buy_status"] == "pending_creatives"


def test_an_expired_draft_is_revised_before_it_is_held(stage: Opener) -> None:
    world = stage(version="3.2", proposal_validity="1h")
    draft = requested(world.call, BRIEF)
    world.run("+1h")
    [row] = world.call("refine_proposals", refinements=[finalize(draft)])["results"]
    assert row["reason_code"] == "source_unavailable"
    [fresh] = refined(world.call, draft, constraints={"total_budget": {"min": 1, "currency": "USD"}})["proposals"]
    assert finalized(world.call, fresh)


# -- decline_proposals -----------------------------------------------------------------------------------


def test_declining_is_for_good_frees_the_hold_and_may_be_repeated(stage: Opener) -> None:
    world = stage(version="3.2", max_holds=1)
    draft = requested(world.call, BRIEF)
    held = finalized(world.call, draft)
    entry = {"proposal_id": held["proposal_id"], "reason": "timing"}
    for reason in ("timing", "price"):
        [row] = world.call("decline_proposals", declines=[{**entry, "reason": reason}])["results"]
        assert row == {"proposal_id": held["proposal_id"], "outcome": "declined"}
    assert world.seller.proposals[held["proposal_id"]].declined == ("timing", "")
    assert accept_error(world, held) == "INVALID_STATE"
    assert refine_error(world, wish(held, ask="display"))["code"] == "INVALID_STATE"
    order = {
        "start_time": "asap",
        "proposal_id": held["proposal_id"],
        "total_budget": held["commercial_terms"]["total_budget"],
    }
    facade = world.order(**order)
    del facade["packages"]
    assert world.error("create_media_buy", **facade)["code"] == "INVALID_STATE"
    made = accepted(world.call, finalized(world.call, draft))  # the hold is free again
    [row] = world.call(
        "decline_proposals", declines=[{**entry, "proposal_id": made["accepted_proposal"]["proposal_id"]}]
    )["results"]
    assert row["outcome"] == "unable"


def test_a_planning_cycle_closes_with_the_last_decline_or_with_a_purchase(world: Stage) -> None:
    cycle = {"opportunity_id": "spring-2026"}
    told: Json = {"brand": BRAND, "brief": BRIEF, "opportunity": {**cycle, "intent": "live_rfp"}}
    [draft] = world.call("request_proposals", **told)["proposals"]
    assert draft["opportunity_id"] == "spring-2026"
    closing = {**cycle, "status": "closed", "close_reason": "not_pursued"}
    entries = [
        {"proposal_id": draft["proposal_id"], "reason": "timing"},
        {"proposal_id": "prop_none", "reason": "timing"},
    ]
    world.call("decline_proposals", declines=entries, opportunity=closing)
    [again] = world.call("request_proposals", **told)["proposals"]  # one was unable: it is still open
    accepted(world.call, finalized(world.call, again))
    assert world.error("request_proposals", **told)["code"] == "INVALID_STATE"


# -- accept_proposal -------------------------------------------------------------------------------------


def test_only_the_very_terms_that_are_held_can_be_accepted_and_once(world: Stage) -> None:
    draft = requested(world.call, BRIEF)
    assert accept_error(world, draft) == "PROPOSAL_NOT_COMMITTED"
    held = finalized(world.call, draft)
    assert accept_error(world, held, proposal_terms_digest="sha256:" + "A" * 43) == "CONFLICT"
    other = {"brand": {"domain": "rival.com"}, "operator": "agency.example"}
    assert accept_error(world, held, account=other) == "INVALID_REQUEST"
    assert accept_error(world, held, total_budget={"amount": 1, "currency": "USD"}) == "REQUOTE_REQUIRED"
    made = accepted(world.call, held)
    assert [row["product_id"] for row in made["purchase_bindings"]] == ["daily_ctv", "daily_display"]
    assert accept_error(world, held) == "INVALID_STATE"
    assert len(world.seller.media_buys) == 1
    agreed = held["commercial_terms"]["total_budget"]["amount"]
    assert world.read(made["media_buy_id"])["total_budget"] == agreed


def test_an_acceptance_that_waits_for_a_person_is_a_task_and_keeps_its_hold(stage: Opener) -> None:
    world = stage(version="3.2", approval="manual", proposal_validity="1h")
    draft = requested(world.call, BRIEF)
    held = finalized(world.call, draft)
    told: Json = {"account": ACCOUNT, "proposal_id": held["proposal_id"], "proposal_terms_digest": held["terms_digest"]}
    answer = world.call("accept_proposal", **told, push_notification_config=world.push())
    assert answer["status"] == "submitted"
    assert accept_error(world, held) == "INVALID_STATE"
    world.run("+2h")  # longer than the hold: it was accepted in time
    world.do("approve")
    world.run("+1m")
    result = world.call("get_task_status", task_id=answer["task_id"], include_result=True)["result"]
    assert result["accepted_proposal"]["proposal_status"] == "accepted"
    assert [hook["status"] for hook in world.webhooks] == ["completed"]
    assert len(world.seller.media_buys) == 1


def test_a_refused_acceptance_leaves_the_proposal_open(stage: Opener) -> None:
    world = stage(version="3.2", approval="manual")
    held = finalized(world.call, requested(world.call, BRIEF))
    told: Json = {"account": ACCOUNT, "proposal_id": held["proposal_id"], "proposal_terms_digest": held["terms_digest"]}
    world.call("accept_proposal", **told)
    world.do("reject", reason="no room")
    assert world.call("accept_proposal", **told)["status"] == "submitted"


def test_an_amendment_is_about_the_revision_that_it_was_made_for(world: Stage) -> None:
    made = accepted(world.call, finalized(world.call, requested(world.call, BRIEF)))
    changes = {"daily_display": "omit"}
    [smaller] = refined(world.call, made["accepted_proposal"], product_changes=changes)["proposals"]
    held = finalized(world.call, smaller)
    revision = control(world, made, paused=True)["revision"]
    assert accept_error(world, held) == "CONFLICT"
    [anew] = refined(world.call, made["accepted_proposal"], product_changes=changes)["proposals"]
    assert anew["base_media_buy_revision"] == revision
    amended = accepted(world.call, finalized(world.call, anew))
    assert [row["product_id"] for row in amended["purchase_bindings"]] == ["daily_ctv"]
    listed = world.read(made["media_buy_id"])
    assert [package["canceled"] for package in listed["packages"]] == [False, True]
    assert listed["accepted_proposal_id"] == anew["proposal_id"] or listed["accepted_proposal"]["parent_proposal_id"]
    old = world.call("refine_proposals", refinements=[wish(made["accepted_proposal"], ask="display")])["results"][0]
    assert old["reason_code"] == "source_unavailable"  # another proposal has taken its place


def test_an_amendment_can_add_products_and_money(world: Stage) -> None:
    made = bought(world)
    source = made["accepted_proposal"]
    bounds = {"total_budget": {"min": 300, "currency": "USD"}}
    [more] = refined(world.call, source, constraints=bounds, product_changes={"daily_display": "include"})["proposals"]
    amended = accepted(world.call, finalized(world.call, more))
    assert [row["product_id"] for row in amended["purchase_bindings"]] == ["daily_ctv", "daily_display"]
    assert amended["purchase_bindings"][0]["package_id"] == made["purchase_bindings"][0]["package_id"]
    assert world.read(made["media_buy_id"])["total_budget"] == 300


# -- the established tools on the same proposals ---------------------------------------------------------


def test_a_proposal_of_get_products_can_be_negotiated(world: Stage) -> None:
    [offer] = world.call("get_products", buying_mode="brief", brief=BRIEF, brand=BRAND)["proposals"]
    result = refined(world.call, offer, constraints={"total_budget": {"max": 200, "currency": "USD"}})
    accepted(world.call, finalized(world.call, result["proposals"][0]))
    [nameless] = world.call("get_products", buying_mode="brief", brief=BRIEF)["proposals"]
    assert refined(world.call, nameless, ask="display")["reason_code"] == "source_unavailable"


def test_a_negotiated_draft_can_be_finalized_and_bought_by_the_established_tools(world: Stage) -> None:
    draft = requested(world.call, BRIEF)
    entry = {"scope": "proposal", "proposal_id": draft["proposal_id"], "action": "finalize"}
    [held] = world.call("get_products", buying_mode="refine", refine=[entry])["proposals"]
    assert held["proposal_status"] == "committed"
    assert held["proposal_id"] != draft["proposal_id"]
    terms = draft["commercial_terms"]
    order = {name: terms[name] for name in ("start_time", "end_time", "total_budget")}
    facade = world.order(proposal_id=held["proposal_id"], **order)
    del facade["packages"]
    wrong = {**facade, "total_budget": {"amount": 1, "currency": "USD"}}
    assert world.error("create_media_buy", **wrong)["code"] == "REQUOTE_REQUIRED"
    made = world.call("create_media_buy", **facade)
    assert [package["budget"] for package in made["packages"]] == [p["budget"] for p in terms["purchases"]]
    assert world.read(made["media_buy_id"])["accepted_proposal_id"] == held["proposal_id"]


def test_two_acceptances_at_the_same_time_make_one_media_buy(world: Stage) -> None:
    held = finalized(world.call, requested(world.call, BRIEF))
    told: Json = {"adcp_version": "3.2", "account": ACCOUNT, "proposal_id": held["proposal_id"]}
    told |= {"proposal_terms_digest": held["terms_digest"]}
    replies: list[Any] = []

    def accept(key: str) -> Any:
        body = {**told, "idempotency_key": f"{key}-at-the-same-time"}
        replies.append((yield from world.buyers["buyer"].call("seller", "accept_proposal", body)))

    for key in ("first", "second"):
        world.world.spawn(accept(key))
    world.run("+1m")
    assert sorted(reply.ok for reply in replies) == [False, True]
    assert len(world.seller.media_buys) == 1


def test_a_task_of_a_compact_tool_is_not_there_for_callers_of_earlier_releases(stage: Opener) -> None:
    world = stage(version="3.2", approval="manual")
    held = finalized(world.call, requested(world.call, BRIEF))
    told = {"account": ACCOUNT, "proposal_id": held["proposal_id"], "proposal_terms_digest": held["terms_digest"]}
    task_id = world.call("accept_proposal", **told)["task_id"]
    assert world.call("get_task_status", task_id=task_id)["task_type"] == "accept_proposal"
    world.version = "3.1"
    assert world.error("get_task_status", task_id=task_id)["code"] == "REFERENCE_NOT_FOUND"
    assert world.call("list_tasks")["tasks"] == []
