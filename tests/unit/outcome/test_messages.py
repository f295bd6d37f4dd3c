"""Messages and the door of an outcome agent: credentials, bodies, retries."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.errors import ApiError
from sandbox.kernel.endpoint import Endpoint, Principal, Reply
from sandbox.kernel.world import World
from sandbox.operations.outcome import BODIES, GetProposals, Proposal, TacticContext, read
from sandbox.operations.outcome_auth import Credentials, access_token
from tests.unit.outcome.conftest import Scripted

ASK: dict[str, Any] = {
    "campaignId": "camp_123",
    "budgetRange": {"min": 50000, "max": 150000, "currency": "USD"},
    "startDate": "2025-01-01T00:00:00Z",
    "endDate": "2025-01-31T23:59:59Z",
    "channels": ["display", "video"],
    "countries": ["US", "CA"],
    "acceptedPricingMethods": ["cpm", "vcpm", "revshare"],
    "seatId": "seat_456",
}

ALL = [Credentials("API_KEY", "k"), Credentials("BEARER", "t"), Credentials("BASIC", "p:q", "u")]


def sent(credentials: Credentials, headers: dict[str, str], body: Any, operation: str = "get-proposals") -> Reply:
    """What an agent with these credentials answers a platform."""
    return reply(Scripted(World(1, 0), "script", credentials), headers, body, operation)


def reply(agent: Scripted, headers: dict[str, str], body: Any, operation: str = "get-proposals") -> Reply:
    endpoint = agent.endpoint
    assert isinstance(endpoint, Endpoint)
    steps = endpoint.handle(operation, {"headers": headers, "body": body}, Principal("buyer", "buyer"))
    with pytest.raises(StopIteration) as done:
        next(steps)
    answer: Reply = done.value.value
    return answer


@pytest.mark.parametrize("credentials", ALL)
def test_each_method_opens_the_door_and_no_other_secret_does(credentials: Credentials) -> None:  # rule 206
    assert sent(credentials, credentials.headers(), ASK).ok
    for wrong in ({}, *(c.headers() for c in ALL if c != credentials), {"X-API-Key": "x"}, {"Authorization": "Basic"}):
        refused = sent(credentials, wrong, ASK)
        assert (refused.ok, refused.status, refused.body["code"]) == (False, 401, "UNAUTHORIZED")


def test_basic_is_user_and_password_as_base64() -> None:  # rule 206
    header = ALL[2].headers()["Authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")) == b"u:p:q"
    assert ALL[2].fit({"authorization": header.replace("Basic", "basic")})


def test_a_bearer_token_is_a_jwt_of_the_agent() -> None:  # rule 206
    head, payload, signature = access_token("secret", "https://agent.test/", "platform").split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"alg": "HS256", "typ": "JWT"}
    assert json.loads(base64.urlsafe_b64decode(payload + "=="))["iss"] == "https://agent.test/"
    assert signature != access_token("other", "https://agent.test/", "platform").split(".")[2]


@given(st.text(), st.text())
def test_no_header_breaks_the_door(name: str, value: str) -> None:  # rule 206
    assert not Credentials("API_KEY", "k" * 40).fit({name: value, "X-API-Key": value})


def test_the_example_of_the_seed_is_read() -> None:  # rule 198
    body = read(GetProposals, ASK)
    assert body.budget_range.max == 150_000_000_000
    assert body.seat_id == "seat_456"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"campaignId": None}, "campaignId"),
        ({"budgetRange": {"min": 2, "max": 1}}, "budgetRange"),
        ({"budgetRange": {"max": "1"}}, "budgetRange.max"),
        ({"startDate": "soon"}, "startDate"),
        ({"channels": "display"}, "channels"),
    ],
)
def test_a_wrong_body_is_refused_by_its_field(change: dict[str, Any], field: str) -> None:  # rule 207
    refused = sent(ALL[0], ALL[0].headers(), {**ASK, **change})
    assert (refused.status, refused.body["field"]) == (400, field)


@pytest.mark.parametrize("body", [None, [], "x", 1])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    assert sent(ALL[0], ALL[0].headers(), body).status == 400


def test_unknown_fields_are_left_alone() -> None:  # rule 198
    assert sent(ALL[0], ALL[0].headers(), {**ASK, "fromNextYear": {"a": 1}}).ok


def test_an_unknown_operation_is_not_found() -> None:
    assert sent(ALL[0], ALL[0].headers(), ASK, "get-rich").status == 404
    assert sorted(BODIES) == [
        "accept-proposal", "get-proposals", "tactic-context-updated", "tactic-creatives-updated", "tactic-feedback",
    ]  # fmt: skip


def test_a_retry_gets_the_first_answer_and_does_nothing() -> None:  # rule 207
    agent = Scripted(World(1, 0), "script", ALL[0])
    headers = {**ALL[0].headers(), "idempotency-key": "one"}
    first, again = reply(agent, headers, ASK), reply(agent, headers, ASK)
    assert first == again
    assert len(agent.got) == 1
    assert reply(agent, headers, {**ASK, "seatId": "other"}).status == 409
    assert reply(agent, {**headers, "idempotency-key": "two"}, ASK).ok
    assert len(agent.got) == 2


def test_what_failed_may_be_sent_again_under_its_key() -> None:  # rule 207
    agent = Scripted(World(1, 0), "script", ALL[0])
    agent.answers["get-proposals"] = ApiError("INTERNAL_ERROR", "not now")
    headers = {**ALL[0].headers(), "Idempotency-Key": "one"}
    assert reply(agent, headers, ASK).status == 500
    agent.answers["get-proposals"] = {"proposals": []}
    assert reply(agent, headers, ASK).ok


def test_a_proposal_has_what_the_rules_ask_for() -> None:  # rule 199
    whole = {"tacticId": "t", "execution": "e", "budgetCapacity": 1, "pricing": {"method": "cpm", "rate": 2}}
    assert read(Proposal, whole).budget_capacity == 1_000_000
    for name in whole:
        with pytest.raises(ApiError, match=name):
            read(Proposal, {key: value for key, value in whole.items() if key != name})


def test_a_context_runs_unless_it_says_otherwise() -> None:  # rule 203
    context = {"budget": 1, "startDate": "2025-01-01", "endDate": "2025-01-02", "channel": "display"}
    assert read(TacticContext, context).status == "ACTIVE"
    assert read(TacticContext, {**context, "status": "PAUSED"}).status == "PAUSED"
