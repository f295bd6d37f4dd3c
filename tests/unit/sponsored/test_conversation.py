"""What sponsored-intelligence agents answer, show and hand off (tasks/si_send_message.mdx)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.sponsored.conversation import topics_of
from sandbox.core.errors import InputError
from sandbox.core.time import MINUTE_MS, parse_instant
from sandbox.protocol import schemas
from tests.unit.sponsored.stage import PAYS, VERSIONS, agent, begin, say, told

# -- the conversation ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How much is it?", "Trail Pace costs from $89."),
        ("How much is it in size 14?", "Trail Pace (Size 14) costs $89 (was $130)."),
        ("and in size 15?", "Trail Pace (Size 15) costs $95.50. Trail Pace (Size 15): in stock."),
        ("Does it come in size 12?", "Trail Pace comes in Size 13 (sold out), Size 14, Size 15."),
        ("Is it for dry trails?", "Trail Pace: A light running shoe for dry trails."),
        ("Is it in stock?", "Trail Pace: Size 13 sold out, Size 14 2 left, Size 15 in stock."),
        ("Which sizes are there?", "Trail Pace comes in Size 13 (sold out), Size 14, Size 15."),
        ("What does the Alpine Peak cost?", "Alpine Peak costs $240."),
        ("Is the mud runner available?", "Mud Runner: sold out."),
        ("Which one is the cheapest?", "Trail Pace: A light running shoe for dry trails."),
        ("What is the most expensive one?", "Alpine Peak: A stiff boot for ice."),
        ("What do you have?", "3 fit: Trail Pace, from $89, in stock; Alpine Peak, $240, 1 left"),
        ("When does the offer end? Until when?", "Trail shoe sale ends on 2026-05-20T00:00:00Z."),
        ("Are you a real person?", "I am the automated assistant of Acme, which pays for what I say."),
        ("Who won the match yesterday?", "I don't know that about Trail Pace."),
        ("I don't want to buy it", "Nothing is bought until you confirm it at the checkout."),
    ],
)
def test_answers_are_facts_of_the_catalog(question: str, answer: str) -> None:
    assert answer in told(agent(), question)


def test_prices_and_stock_are_those_of_now() -> None:
    stage = agent()
    begun = begin(stage, "Alpine Peak")
    assert "only 1 left" in say(stage, begun, "Is it in stock?")["response"]["message"]
    stage.do("set_stock", product="peak", units=0)
    assert "sold out" in say(stage, begun, "Is it in stock?")["response"]["message"]


def test_a_question_that_nothing_answers_is_answered_with_what_is_known() -> None:
    message = told(agent(), "Tell me a joke", before="Hello")
    assert message.startswith("I have no answer to that. I know prices, availability and versions of Trail Pace")


def test_an_offering_that_ends_during_a_session_has_nothing_left_to_tell() -> None:
    stage = agent()
    begun = begin(stage, "Trail Pace")
    stage.do("end_offering", offering="trail_sale")
    after = say(stage, begun, "How much is it?")
    assert after["response"]["message"] == "Trail shoe sale has nothing to offer any more."


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("Thanks, how much is it?", ["price"]),
        ("thank you, bye", ["goodbye"]),
        ("I'd take it if it is available", ["availability"]),
        ("I want to buy the blue one", ["buy"]),
        ("I would never buy that", ["refuse"]),
        ("Yes please", ["yes"]),
        ("A cottage by the sea", []),
    ],
)
def test_keywords_say_what_is_asked(text: str, topics: list[str]) -> None:
    assert topics_of(text) == topics


def test_a_user_who_takes_leave_completes_the_session() -> None:
    stage = agent()
    begun = begin(stage)
    assert say(stage, begun, "Thanks, bye")["session_status"] == "complete"
    error = stage.error("si_send_message", session_id=begun["session_id"], message="One more")
    assert error["code"] == "SESSION_TERMINATED"
    ended = stage.call("si_terminate_session", session_id=begun["session_id"], reason="host_terminated")
    assert (ended["terminated"], ended["session_status"]) == (True, "complete")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gets_an_answer_that_fits_its_schema(text: str) -> None:
    stage = _SHARED
    begun = begin(stage, "Trail Pace", supported_capabilities={**PAYS, "a2ui": {"supported": True}})
    assert say(stage, begun, text)["response"]["message"]


_SHARED = agent()


# -- components ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_several_products_are_a_carousel_and_one_is_a_card_with_a_button(version: str) -> None:
    stage = agent(version)
    begun = begin(stage, "Hello")
    several = say(stage, begun, "What do you have?")["response"]["ui_elements"]
    assert [element["type"] for element in several] == ["carousel"]
    assert [item["title"] for item in several[0]["data"]["items"]] == ["Trail Pace", "Alpine Peak", "Mud Runner"]
    card, button = say(stage, begun, "Tell me about the trail pace")["response"]["ui_elements"]
    assert card["data"]["badge"] == "Was $130"
    assert card["data"]["cta"] == {"label": "Buy", "action": "acp_checkout"}
    assert button["data"] == {"label": "Buy Trail Pace", "action": "acp_checkout", "payload": {"product_id": "pace"}}
    (sold_out,) = say(stage, begun, "Tell me about the mud runner")["response"]["ui_elements"]
    assert sold_out["data"]["cta"]["action"] == "view_product"


@pytest.mark.parametrize("version", VERSIONS)
def test_hosts_with_a2ui_get_a_surface_of_the_official_catalog(version: str) -> None:
    stage = agent(version)
    begun = begin(stage, "Hello", supported_capabilities={"a2ui": {"supported": True, "catalogs": ["si-standard"]}})
    response = say(stage, begun, "What do you have?")["response"]
    assert "ui_elements" not in response
    surface = response["surface"]
    assert schemas.store().check_document("a2ui/surface.json", surface, version) == []
    by_id = {row["id"]: row["component"] for row in surface["components"]}
    assert by_id[surface["rootId"]]["Column"]["children"] == ["text", "product_0", "product_1", "product_2"]
    assert by_id["product_0"]["ProductCard"]["action"]["context"] == {"product_id": {"literalString": "pace"}}


def test_actions_of_components_come_back_as_answers() -> None:
    stage = agent()
    begun = begin(stage, "Hello")
    view = {"action": "view_product", "payload": {"product_id": "peak"}}
    seen = stage.call("si_send_message", session_id=begun["session_id"], action_response=view)
    assert seen["response"]["message"].startswith("Alpine Peak: A stiff boot for ice.")
    buy = {"action": "acp_checkout", "payload": {"product_id": "pace", "variant_id": "s15"}}
    sold = stage.call("si_send_message", session_id=begun["session_id"], action_response=buy)
    assert sold["handoff"]["intent"]["price"] == {"amount": 95.5, "currency": "USD"}


@pytest.mark.parametrize(
    ("action", "field"),
    [
        ({"action": "dance"}, "action_response.action"),
        ({}, "action_response.action"),
        ({"action": "checkout", "payload": {"product_id": "wool"}}, "action_response.payload.product_id"),
        ({"action": "checkout", "payload": {"product_id": []}}, "action_response.payload.product_id"),
        (
            {"action": "checkout", "payload": {"product_id": "pace", "variant_id": {"a": 1}}},
            "action_response.payload.variant_id",
        ),
    ],
)
def test_actions_that_are_not_ours_are_refused(action: dict[str, Any], field: str) -> None:
    stage = agent()
    begun = begin(stage, "Hello")
    error = stage.error("si_send_message", session_id=begun["session_id"], action_response=action)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)


# -- handing off ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_a_purchase_is_handed_off_to_the_checkout(version: str) -> None:
    stage = agent(version)
    begun = begin(stage, "Trail Pace")
    asked = say(stage, begun, "I want to buy it")
    assert asked["session_status"] == "active"
    assert asked["response"]["message"].startswith("Which version would you like?")
    sold = say(stage, begun, "Size 14")
    assert sold["session_status"] == "pending_handoff"
    assert sold["handoff"]["type"] == "transaction"
    product = {"product_id": "pace", "name": "Trail Pace", "variant_id": "s14", "variant": "Size 14"}
    intent = {"action": "purchase", "product": {**product, "url": "https://acme.example/pace"}}
    assert sold["handoff"]["intent"] == {**intent, "price": {"amount": 89, "currency": "USD"}}
    assert sold["handoff"]["context_for_checkout"]["applied_offers"] == ["trail_sale"]
    ended = stage.call("si_terminate_session", session_id=begun["session_id"], reason="handoff_transaction")
    assert ended["session_status"] == "complete"
    acp = ended["acp_handoff"]
    assert acp["checkout_url"] == "https://acme.example/acp"
    assert stage.world.now < parse_instant(acp["expires_at"]) <= stage.world.now + 30 * MINUTE_MS
    assert acp["payload"]["price"] == {"amount": 89, "currency": "USD"}
    stage.do("check_out")
    assert stage.vendor.products["pace"].stock["s14"] == 1


def test_questions_during_a_handoff_are_answered_and_the_handoff_stays() -> None:
    stage = agent()
    begun = begin(stage, "Alpine Peak")
    say(stage, begun, "I want to order it")
    after = say(stage, begun, "How much was that again?")
    assert after["session_status"] == "pending_handoff"
    assert after["handoff"]["intent"]["product"]["product_id"] == "peak"
    assert "$240" in after["response"]["message"]
    other = say(stage, begun, "I want to order the trail pace in size 15 instead")
    assert other["handoff"]["intent"]["product"]["variant_id"] == "s15"


def test_a_session_begins_with_no_handoff_even_if_the_user_comes_to_buy() -> None:
    stage = agent()
    begun = begin(stage, "User wants to buy the Alpine Peak")
    assert begun["session_status"] == "active"
    assert say(stage, begun, "Yes please")["session_status"] == "pending_handoff"


def test_what_is_sold_out_is_not_sold_and_news_of_it_are_offered() -> None:
    stage = agent()
    begun = begin(stage, "Mud Runner")
    refused = say(stage, begun, "I'll take it")
    assert refused["session_status"] == "active"
    assert "Still there: Trail Pace, Alpine Peak." in refused["response"]["message"]
    ended = stage.call("si_terminate_session", session_id=begun["session_id"], reason="user_exit")
    assert ended["session_status"] == "terminated"
    assert ended["follow_up"] == {"action": "subscribe_updates", "data": {"product_ids": ["mud"]}}


def test_what_is_gone_when_the_host_hands_off_gets_no_checkout() -> None:
    stage = agent()
    begun = begin(stage, "Alpine Peak")
    say(stage, begun, "I want to order it")
    stage.do("set_stock", product="peak", units=0)
    ended = stage.call("si_terminate_session", session_id=begun["session_id"], reason="handoff_transaction")
    assert "acp_handoff" not in ended
    assert ended["follow_up"]["action"] == "subscribe_updates"


def test_without_a_checkout_on_both_sides_the_page_of_the_product_is_named() -> None:
    stage = agent()
    begun = begin(stage, "Trail Pace", supported_capabilities={})
    answered = say(stage, begun, "I want to buy it in size 14")
    assert answered["session_status"] == "active"
    assert "You can buy it at https://acme.example/pace." in answered["response"]["message"]


@pytest.mark.parametrize(
    ("product", "handed"),
    [({"product_id": "peak"}, True), ({"product_id": "pace"}, False), ({"product_id": 7, "variant_id": []}, False)],
)
def test_the_host_may_name_what_is_bought_when_it_ends_a_session(product: dict[str, Any], handed: bool) -> None:
    stage = agent()
    begun = begin(stage, "Hello")
    context = {"transaction_intent": {"action": "purchase", "product": product}}
    ended = stage.call(
        "si_terminate_session",
        session_id=begun["session_id"],
        reason="handoff_transaction",
        termination_context=context,
    )
    assert ("acp_handoff" in ended) == handed


def test_a_checkout_takes_one_unit_and_ends_with_its_time() -> None:
    stage = agent()
    begun = begin(stage, "Alpine Peak")
    say(stage, begun, "I want to order it")
    ended = stage.call("si_terminate_session", session_id=begun["session_id"], reason="handoff_transaction")
    stage.run("30m")
    with pytest.raises(InputError, match="no open checkout"):
        stage.do("check_out", token=ended["acp_handoff"]["checkout_token"])
    assert stage.vendor.products["peak"].stock == {"": 1}
