"""An answer that breaks its schema is an error like any other, whoever asked."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.core.errors import AdcpError
from sandbox.kernel.endpoint import Reply
from sandbox.kernel.faults import Fault
from sandbox.kernel.world import World
from sandbox.protocol.answers import failure, understood
from tests.unit.creative.stage import ACCOUNT, Stage, ref
from tests.unit.seller.conftest import Opener
from tests.unit.seller.test_departments import GOVERNOR, House
from tests.unit.seller.test_products import keep_list

ATTEMPTS = 12
"""So many that every field of an answer is damaged once."""


def spoil(world: World, **rule: Any) -> Fault:
    """From now on all answers that a rule names break their schemas."""
    fault = Fault("invalid_answer", **rule)
    world.network.faults.rules.append(fault)
    return fault


def spoiled(world: World, operation: str) -> int:
    """How many damaged answers of an operation have arrived."""
    return sum(e.data["operation"] == operation and "spoiled" in e.data for e in world.trace.of("reply"))


# -- reading an answer -------------------------------------------------------------------------------------


def test_a_good_answer_is_read_in_the_form_of_3_1_whatever_release_it_has() -> None:
    verdict = {"check_id": "c", "plan_id": "p", "explanation": "fine", "findings": []}
    old = Reply(True, {**verdict, "status": "approved", "adcp_version": "3.0"})
    assert failure("check_governance", old, "3.0") is None
    assert understood("check_governance", old, "3.1")["verdict"] == "approved"


def test_a_refusal_is_the_error_that_it_names() -> None:
    entry = {"code": "PLAN_NOT_FOUND", "message": "there is no such plan", "recovery": "correctable"}
    reply = Reply(False, {"status": "failed", "adcp_error": entry, "errors": [entry]}, 400)
    with pytest.raises(AdcpError) as refused:
        understood("check_governance", reply, "3.1")
    assert (refused.value.code, refused.value.recovery) == ("PLAN_NOT_FOUND", "correctable")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(True, {"status": "completed", "verdict": [["approved"]]}),
        Reply(False, {"status": "failed", "adcp_error": [[{"code": "PLAN_NOT_FOUND"}]]}, 400),
        Reply(False, {}, 400),
    ],
)
def test_what_can_not_be_read_may_be_read_next_time(reply: Reply) -> None:
    error = failure("check_governance", reply, "3.1")
    assert error is not None
    assert (error.code, error.recovery) == ("SERVICE_UNAVAILABLE", "transient")


# -- those who ask -----------------------------------------------------------------------------------------


def test_a_sales_agent_sells_nothing_on_a_verdict_that_it_can_not_read() -> None:
    house = House()
    house.plan()
    house.bind(GOVERNOR)
    order = house.order()
    order |= {"governance_context": house.token(order)}
    fault = spoil(house.world, sender="northstar", to="governor")
    for _ in range(ATTEMPTS):
        error = house.error("create_media_buy", **order)
        assert (error["code"], error["recovery"]) == ("GOVERNANCE_UNAVAILABLE", "transient")
    assert house.call("get_media_buys", account=ACCOUNT_OF_THE_HOUSE)["media_buys"] == []
    assert spoiled(house.world, "check_governance") == ATTEMPTS
    house.world.network.faults.rules.remove(fault)
    assert "media_buy_id" in house.call("create_media_buy", **order)


ACCOUNT_OF_THE_HOUSE = {"brand": {"domain": "acme.com"}, "operator": "agency.example"}


def activation(house: House) -> dict[str, Any]:
    """A request for a signal whose purchase the house's plan has to allow, with the token for it."""
    [signal, *_] = house.call("get_signals", "data", signal_spec="new parents")["signals"]
    request = {
        "signal_agent_segment_id": signal["signal_agent_segment_id"],
        "pricing_option_id": signal["pricing_options"][0]["pricing_option_id"],
        "destinations": [{"type": "agent", "agent_url": "https://seller.example"}],
        "account": ACCOUNT_OF_THE_HOUSE,
        "idempotency_key": "activation-000000001",
    }
    intent = {"plan_id": "plan", "caller": "https://client.example/", "tool": "activate_signal"}
    intent |= {"target_agent": house.world.network.url("data"), "purchase_type": "signal_activation"}
    intent |= {"proposed_commitment": {"amount": 0, "currency": "USD"}}
    asked = house.call("check_governance", "data", **intent, payload={"adcp_version": "3.1"} | request)
    return request | {"governance_context": asked["governance_context"]}


def test_a_vendor_activates_nothing_on_a_verdict_that_it_can_not_read() -> None:
    house = House()
    house.plan(to="data")
    request = activation(house)
    fault = spoil(house.world, sender="data", to="governor")
    for _ in range(ATTEMPTS):
        assert house.error("activate_signal", "data", **request)["code"] == "GOVERNANCE_UNAVAILABLE"
    assert spoiled(house.world, "check_governance") == ATTEMPTS
    house.world.network.faults.rules.remove(fault)
    assert "deployments" in house.call("activate_signal", "data", **request)


def test_a_list_that_can_not_be_read_is_not_taken_for_an_empty_one(stage: Opener) -> None:
    world = stage()
    ours = keep_list(world, "daily.example")
    fault = spoil(world.world, sender="seller", to="lists")
    for _ in range(ATTEMPTS):
        error = world.error("get_products", buying_mode="wholesale", property_list=ours)
        assert (error["code"], error["field"]) == ("SERVICE_UNAVAILABLE", "property_list")
        assert "breaks its schema" in error["message"]
    world.world.network.faults.rules.remove(fault)
    assert world.call("get_products", buying_mode="wholesale", property_list=ours)["products"]


def test_a_brand_whose_identity_can_not_be_read_is_drawn_by_its_name() -> None:
    brand = {"id": "acme", "domain": "acmeoutdoor.example", "name": "Acme Outdoor", "tagline": "Go up"}
    stage = Stage("creative", {"personality": "generative"}, "3.1", identity=("brand", {"brands": [brand]}))
    spoil(stage.world, sender="vendor", to="identity")
    for _ in range(ATTEMPTS):
        asked = {"target_format_id": ref("display_300x250_generative"), "account": ACCOUNT, "quality": "draft"}
        made = stage.call("build_creative", **asked, message="Say it")["creative_manifest"]
        assert "Acmeoutdoor" in made["assets"]["generated_image"]["alt_text"]
    assert spoiled(stage.world, "get_brand_identity") == ATTEMPTS
