"""How sponsored-intelligence sessions begin and end (sponsored-intelligence/specification.mdx, Session Lifecycle)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sponsored.stage import ANONYMOUS, CONSENT, VERSIONS, agent, begin, say

# -- the start of a session ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_begins_active_and_answers_the_intent_at_once(version: str) -> None:
    stage = agent(version)
    begun = begin(stage, "Light shoes for dry trails", identity=CONSENT)
    assert begun["session_status"] == "active"
    assert begun["session_ttl_seconds"] == 300
    assert begun["response"]["message"].startswith("Hello Jane, I am the automated assistant of Acme.")
    assert "Trail Pace" in begun["response"]["message"]
    assert begun["negotiated_capabilities"]["commerce"] == {"acp_checkout": True}
    assert begun["response"]["ui_elements"]


def test_the_token_brings_what_was_shown_into_the_session() -> None:
    stage = agent()
    seen = stage.call("si_get_offering", offering_id="trail_sale", include_products=True)
    begun = begin(stage, "User wants to know more about the second one", offering_token=seen["offering_token"])
    assert "Alpine Peak: A stiff boot for ice." in begun["response"]["message"]


def test_a_token_is_its_callers_and_ends_with_its_time() -> None:
    stage = agent()
    token = stage.call("si_get_offering", offering_id="trail_sale")["offering_token"]
    ask = {"intent": "Hi", "identity": ANONYMOUS, "offering_token": token}
    assert stage.error("si_initiate_session", "rival", **ask)["code"] == "REFERENCE_NOT_FOUND"
    assert stage.error("si_initiate_session", **ask, offering_id="socks")["field"] == "offering_id"
    stage.run("1h")
    assert stage.error("si_initiate_session", **ask)["field"] == "offering_token"


def test_a_session_without_an_offering_is_about_all_that_are_open() -> None:
    stage = agent()
    begun = stage.call("si_initiate_session", intent="Wool socks", identity=ANONYMOUS)
    assert "Wool socks costs $12." in begun["response"]["message"]


def test_an_offering_that_has_nothing_begins_no_session() -> None:
    stage = agent()
    stage.do("end_offering", offering="trail_sale")
    error = stage.error("si_initiate_session", intent="Hi", identity=ANONYMOUS, offering_id="trail_sale")
    assert error["code"] == "offer_unavailable"
    assert error["details"] == {"unavailable_reason": "inactive", "alternative_offering_ids": ["socks"]}


def test_an_offering_is_kept_to_its_countries_where_the_user_said_where_he_is() -> None:
    stage = agent()
    german = {**CONSENT, "user": {"locale": "de-DE"}}
    error = stage.error("si_initiate_session", intent="Hi", identity=german, offering_id="trail_sale")
    assert error["details"]["unavailable_reason"] == "region_restricted"
    silent = {**german, "consent_scope": ["name"]}
    assert begin(stage, identity=silent)["session_status"] == "active"


def test_both_sides_capabilities_are_intersected() -> None:
    stage = agent()
    host = {"components": {"standard": ["text", "link"]}, "a2ui": {"supported": True, "catalogs": ["other"]}}
    begun = begin(stage, "Trail Pace", supported_capabilities=host)
    common = begun["negotiated_capabilities"]
    assert common["components"]["standard"] == ["text", "link"]
    assert (common["a2ui"]["supported"], common["commerce"]["acp_checkout"]) == (False, False)
    assert [element["type"] for element in begun["response"]["ui_elements"]] == ["link"]


def test_a_host_that_takes_no_text_is_refused() -> None:
    host = {"modalities": {"conversational": False}}
    error = agent().error("si_initiate_session", intent="Hi", identity=ANONYMOUS, supported_capabilities=host)
    assert error["code"] == "capability_unsupported"


# -- identity and consent ------------------------------------------------------------------------------------


def test_personal_data_without_consent_are_refused() -> None:
    identity = {"consent_granted": False, "user": {"email": "jane@acme.example"}}
    error = agent().error("si_initiate_session", intent="Hi", identity=identity)
    assert (error["code"], error["field"]) == ("INVALID_REQUEST", "identity.user")


def test_what_the_user_did_not_agree_to_share_is_not_used() -> None:
    begun = begin(agent(), identity={**CONSENT, "consent_scope": ["locale"]})
    assert "Jane" not in begun["response"]["message"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"consent_timestamp": None}, "identity.consent_timestamp"),
        ({"consent_timestamp": "2026-05-02T00:00:00Z"}, "identity.consent_timestamp"),
        ({"consent_scope": None}, "identity.consent_scope"),
        ({"privacy_policy_acknowledged": None}, "identity.privacy_policy_acknowledged.brand_policy_url"),
        (
            {"privacy_policy_acknowledged": {"brand_policy_url": "https://other.example/privacy"}},
            "identity.privacy_policy_acknowledged.brand_policy_url",
        ),
        ({"consent_scope": ["locale"]}, "identity.user"),
    ],
)
def test_a_strict_agent_wants_the_whole_record_of_consent(change: dict[str, Any], field: str) -> None:
    stage = agent(strict_consent=True, privacy_policy_url="https://acme.example/privacy")
    identity = {name: value for name, value in {**CONSENT, **change}.items() if value is not None}
    error = stage.error("si_initiate_session", intent="Hi", identity=identity)
    assert (error["code"], error["field"]) == ("INVALID_REQUEST", field)
    assert begin(stage, identity=CONSENT)["session_status"] == "active"


def test_what_is_personal_is_gone_when_a_session_has_ended() -> None:
    stage = agent()
    begun = begin(stage, identity=CONSENT)
    session = stage.vendor.sessions[begun["session_id"]]
    assert session.user.name == "Jane"
    stage.call("si_terminate_session", session_id=begun["session_id"], reason="user_exit")
    assert (session.user.name, session.user.country, session.topics) == ("", "", [])


# -- sponsored context ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["accepted", "rejected"])
def test_the_receipt_of_our_declaration_is_kept(status: str) -> None:
    stage = agent()
    declared = stage.call("si_get_offering", offering_id="trail_sale")["sponsored_context"]
    assert declared["paying_principal"]["brand"] == {"domain": "acme.example"}
    assert declared["disclosure_obligation"]["label_text"] == "Sponsored by Acme"
    host: dict[str, Any] = {"status": status, "received_at": "2026-05-01T00:00:00Z"}
    if status == "accepted":
        host |= {"accepted_context_use": "presentation_only", "disclosure_commitment": {"status": "accepted"}}
    begun = begin(stage, sponsored_context_receipt={"sponsored_context": declared, "host_receipt": host})
    kept = [event.data for event in stage.world.trace.events if event.kind == "decision"]
    assert (kept[-1]["id"], kept[-1]["decision"]) == (begun["session_id"], f"context_{status}")


def test_the_receipt_of_somebody_elses_declaration_is_refused_and_begins_nothing() -> None:
    stage = agent()
    declared = stage.call("si_get_offering", offering_id="trail_sale")["sponsored_context"]
    host = {"status": "rejected", "received_at": "2026-05-01T00:00:00Z"}
    ask = {"intent": "Hi", "identity": ANONYMOUS, "offering_id": "trail_sale"}
    foreign = {**declared, "paying_principal": {"brand": {"domain": "other.example"}}}
    receipt = {"sponsored_context": foreign, "host_receipt": host}
    error = stage.error("si_initiate_session", **ask, sponsored_context_receipt=receipt)
    assert error["field"] == "sponsored_context_receipt.sponsored_context.paying_principal.brand"
    silent = {**declared, "disclosure_obligation": {"required": False}}
    receipt = {"sponsored_context": silent, "host_receipt": host}
    error = stage.error("si_initiate_session", **ask, sponsored_context_receipt=receipt)
    assert error["field"] == "sponsored_context_receipt.sponsored_context.disclosure_obligation.required"
    assert stage.vendor.sessions == {}


# -- the end of a session ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("handoff_transaction", "complete"),
        ("handoff_complete", "complete"),
        ("user_exit", "terminated"),
        ("session_timeout", "terminated"),
        ("host_terminated", "terminated"),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_every_reason_ends_a_session_once(version: str, reason: str, state: str) -> None:
    stage = agent(version)
    begun = begin(stage)
    ended = stage.call("si_terminate_session", session_id=begun["session_id"], reason=reason)
    assert (ended["terminated"], ended["session_status"]) == (True, state)
    again = stage.call("si_terminate_session", session_id=begun["session_id"], reason="user_exit")
    assert again == ended


def test_a_session_expires_after_silence_and_each_message_prolongs_it() -> None:
    stage = agent(session_timeout="5m")
    begun = begin(stage)
    stage.run("4m")
    say(stage, begun, "How much?")
    stage.run("4m")
    say(stage, begun, "How much?")
    stage.run("5m")
    assert stage.vendor.sessions[begun["session_id"]].status == "terminated"
    error = stage.error("si_send_message", session_id=begun["session_id"], message="Still there?")
    assert error["code"] == "SESSION_NOT_FOUND"
    ended = stage.call("si_terminate_session", session_id=begun["session_id"], reason="session_timeout")
    assert ended["session_status"] == "terminated"


@pytest.mark.parametrize("tool", ["si_send_message", "si_terminate_session"])
def test_a_session_of_somebody_else_is_not_found(tool: str) -> None:
    stage = agent()
    begun = begin(stage)
    more = {"message": "Hi"} if tool == "si_send_message" else {"reason": "user_exit"}
    theirs = stage.error(tool, "rival", session_id=begun["session_id"], **more)
    unknown = stage.error(tool, "rival", session_id="sess_never", **more)
    assert theirs["code"] == unknown["code"] == "SESSION_NOT_FOUND"
    assert stage.vendor.sessions[begun["session_id"]].status == "active"


def test_a_turn_that_is_sent_again_is_answered_as_before_and_counts_once() -> None:
    stage = agent()
    begun = begin(stage)
    ask = {"session_id": begun["session_id"], "message": "How much?", "idempotency_key": "one-and-the-same-key-1"}
    first = stage.call("si_send_message", **ask)
    assert stage.call("si_send_message", **ask)["response"] == first["response"]
    assert stage.vendor.sessions[begun["session_id"]].turns == 1
    error = stage.error("si_send_message", **{**ask, "message": "Something else"})
    assert error["code"] == "IDEMPOTENCY_CONFLICT"


# -- the test controller -------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_the_test_controller_ends_sessions_for_good(version: str) -> None:
    stage = agent(version, test_controller=True)
    scenarios = ["force_account_status", "force_session_status"]
    assert stage.call("get_adcp_capabilities")["compliance_testing"]["scenarios"] == scenarios
    assert stage.call("comply_test_controller", scenario="list_scenarios")["scenarios"] == scenarios
    begun = begin(stage)
    account = {"brand": {"domain": "acme.example"}, "operator": "acme.example", "sandbox": True}
    force: dict[str, Any] = {"scenario": "force_session_status", "account": account}
    ended = {"session_id": begun["session_id"], "status": "terminated", "termination_reason": "session_timeout"}
    done = stage.call("comply_test_controller", **force, params=ended)
    assert (done["success"], done["previous_state"], done["current_state"]) == (True, "active", "terminated")
    error = stage.error("si_send_message", session_id=begun["session_id"], message="Hi")
    assert error["code"] == "SESSION_TERMINATED"
    back = stage.call("comply_test_controller", **force, params={**ended, "status": "complete"})
    assert (back["success"], back["error"], back["current_state"]) == (False, "INVALID_TRANSITION", "terminated")
    theirs = stage.call("comply_test_controller", "rival", **force, params=ended)
    assert (theirs["success"], theirs["error"]) == (False, "NOT_FOUND")


def test_an_agent_without_the_setting_has_no_test_controller() -> None:
    assert agent().error("comply_test_controller", scenario="list_scenarios")["code"] == "UNSUPPORTED_FEATURE"
