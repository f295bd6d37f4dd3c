"""An answer that breaks its schema is an error like any other, whoever asked."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.core.errors import AdcpError
from sandbox.kernel.endpoint import Reply
from sandbox.kernel.faults import Fault
from sandbox.kernel.world import World
from sandbox.protocol.answers import failure, understood
from sandbox.protocol.schemas import check_answer
from tests.unit.creative.stage import ACCOUNT, Stage, ref
from tests.unit.seller.test_departments import ACCOUNT as HOUSE_ACCOUNT
from tests.unit.seller.test_departments import GOVERNOR, House

Json = dict[str, Any]

ATTEMPTS = 12
"""So many that most fields of an answer are damaged once."""


def spoil(world: World, **rule: Any) -> None:
    """From now on a field of every answer that a rule names has a value of another type."""
    world.network.faults.rules.append(Fault("invalid_answer", **rule))


def broken(world: World, operation: str) -> bool:
    """True if the last answer of an operation breaks its schema; the damage may be in a field that no schema has."""
    last = [event.data for event in world.trace.of("reply") if event.data["operation"] == operation][-1]
    assert last["spoiled"]
    return bool(check_answer(operation, last["body"], "3.1"))


# -- reading an answer -------------------------------------------------------------------------------------


def test_a_good_answer_is_read_in_the_form_of_3_1_whatever_release_it_has() -> None:
    verdict = {"check_id": "c", "plan_id": "p", "explanation": "fine", "expires_at": "2026-05-01T00:15:00Z"}
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
    house, unread = House(), 0
    house.plan()
    house.bind(GOVERNOR)
    spoil(house.world, sender="northstar", to="governor")
    for number in range(ATTEMPTS):
        order = house.order(10 + number)
        reply = house.reply("create_media_buy", **order, governance_context=house.token(order))
        assert reply.ok is not broken(house.world, "check_governance"), reply.body
        if not reply.ok:
            unread += 1
            error = reply.body["adcp_error"]
            assert (error["code"], error["recovery"]) == ("GOVERNANCE_UNAVAILABLE", "transient")
    assert unread > ATTEMPTS // 2
    sold = house.call("get_media_buys", account=HOUSE_ACCOUNT, status_filter=["pending_creatives"])
    assert len(sold["media_buys"]) == ATTEMPTS - unread


def activation(house: House, key: str) -> Json:
    """A request for a signal whose price the house's plan has to allow, with the token for it."""
    [signal, *_] = house.call("get_signals", "data", signal_spec="new parents")["signals"]
    request: Json = {
        "signal_agent_segment_id": signal["signal_agent_segment_id"],
        "pricing_option_id": signal["pricing_options"][0]["pricing_option_id"],
        "destinations": [{"type": "agent", "agent_url": f"https://{key}.example"}],
        "account": HOUSE_ACCOUNT,
        "idempotency_key": key,
    }
    intent = {"plan_id": "plan", "caller": "https://client.example/", "tool": "activate_signal"}
    intent |= {"target_agent": house.world.network.url("data"), "purchase_type": "signal_activation"}
    commitment = {"amount": 5_000, "currency": "USD"}
    payload = {"adcp_version": "3.1"} | request
    asked = house.call("check_governance", "data", **intent, proposed_commitment=commitment, payload=payload)
    return request | {"governance_context": asked["governance_context"]}


def test_a_vendor_activates_nothing_on_a_verdict_that_it_can_not_read() -> None:
    house, unread = House(), 0
    house.plan(1_000_000, to="data")
    spoil(house.world, sender="data", to="governor")
    for number in range(ATTEMPTS):
        reply = house.reply("activate_signal", "data", **activation(house, f"activation-{number:08d}"))
        assert reply.ok is not broken(house.world, "check_governance"), reply.body
        if not reply.ok:
            unread += 1
            assert reply.body["adcp_error"]["code"] == "GOVERNANCE_UNAVAILABLE"
    assert unread > ATTEMPTS // 2


def test_a_brand_whose_identity_can_not_be_read_is_drawn_as_one_that_nobody_knows() -> None:
    brand = {"id": "acme", "domain": "acmeoutdoor.example", "name": "Acme Outdoor", "tagline": "Go up"}

    def drawn(stage: Stage) -> str:
        asked: Json = {"target_format_id": ref("display_300x250_generative"), "account": ACCOUNT, "quality": "draft"}
        made = stage.call("build_creative", **asked, message="Say it")["creative_manifest"]
        return str(made["assets"]["generated_image"]["url"])

    stage = Stage("creative", {"personality": "generative"}, "3.1", identity=("brand", {"brands": [brand]}))
    known, unknown = drawn(stage), drawn(Stage("creative", {"personality": "generative"}))
    assert known != unknown
    spoil(stage.world, sender="vendor", to="identity")
    for _ in range(ATTEMPTS):
        picture = drawn(stage)
        assert picture == (unknown if broken(stage.world, "get_brand_identity") else known)
