"""The same key brings the same answer, once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.errors import AdcpError
from sandbox.core.time import DAY_MS, MINUTE_MS
from sandbox.protocol.idempotency import Idempotency, Scope, digest, scope_of

TOOL = "create_media_buy"
ASK: dict[str, Any] = {
    "idempotency_key": "key-0123456789abcdef",
    "account": {"account_id": "acc"},
    "budget": 5,
    "context": {"trace": 1},
    "push_notification_config": {
        "url": "https://buyer.example/hook",
        "authentication": {"schemes": ["Bearer"], "credentials": "a" * 32},
    },
}


def scope(payload: dict[str, Any] = ASK, caller: str = "buyer") -> Scope:
    found = scope_of(caller, payload)
    assert found is not None
    return found


def accepted(**options: Any) -> Idempotency:
    memory = Idempotency(**options)
    assert memory.begin(scope(), TOOL, ASK, 0) is None
    memory.accept(scope(), {"media_buy_id": "mb"})
    return memory


def refusal(memory: Idempotency, payload: dict[str, Any], now_ms: int = 1, tool: str = TOOL) -> AdcpError:
    with pytest.raises(AdcpError) as caught:
        memory.begin(scope(payload), tool, payload, now_ms)
    return caught.value


def test_a_retry_gets_the_original_answer_marked_as_replayed() -> None:
    assert accepted().begin(scope(), TOOL, ASK, 1000) == {"media_buy_id": "mb", "replayed": True}


def test_a_replay_does_not_mark_what_is_remembered() -> None:
    memory = accepted()
    first = memory.begin(scope(), TOOL, ASK, 1)
    assert first is not None
    first["media_buy_id"] = "changed"
    assert memory.begin(scope(), TOOL, ASK, 2) == {"media_buy_id": "mb", "replayed": True}


@pytest.mark.parametrize(
    "change",
    [
        {"context": {"trace": 2}},
        {"governance_context": "token"},
        {"push_notification_config": {**ASK["push_notification_config"], "authentication": {"schemes": ["Bearer"]}}},
    ],
)
def test_what_is_not_asked_for_may_differ_in_a_retry(change: dict[str, Any]) -> None:
    assert accepted().begin(scope(), TOOL, ASK | change, 1) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"budget": 6},
        {"ext": {"note": 1}},
        {"adcp_version": "3.1"},
        {"brand": None},
        {"push_notification_config": {**ASK["push_notification_config"], "url": "https://other.example/hook"}},
    ],
)
def test_everything_else_is_part_of_the_request(change: dict[str, Any]) -> None:
    assert refusal(accepted(), ASK | change).code == "IDEMPOTENCY_CONFLICT"


def test_the_same_key_on_another_tool_is_another_request() -> None:
    assert refusal(accepted(), ASK, tool="update_media_buy").code == "IDEMPOTENCY_CONFLICT"


@given(st.integers(6, 2**50))
def test_a_conflict_leaks_nothing(budget: int) -> None:
    error = refusal(accepted(), ASK | {"budget": budget})
    assert (error.field, error.details) == (None, None)
    assert "mb" not in str(error)


def test_another_caller_or_account_may_use_the_same_key() -> None:
    memory = accepted()
    assert memory.begin(scope(caller="other"), TOOL, ASK, 1) is None
    elsewhere = ASK | {"account": {"account_id": "other"}}
    assert memory.begin(scope(elsewhere), TOOL, elsewhere, 1) is None


def test_a_second_request_while_the_first_is_served_has_to_wait() -> None:
    memory = Idempotency()
    memory.begin(scope(), TOOL, ASK, 0)
    waiting = refusal(memory, ASK)
    assert (waiting.code, waiting.retry_after) == ("IDEMPOTENCY_IN_FLIGHT", 1)
    assert refusal(memory, ASK | {"budget": 6}).code == "IDEMPOTENCY_CONFLICT"


def test_a_refused_request_leaves_its_key_free() -> None:
    memory = Idempotency()
    memory.begin(scope(), TOOL, ASK, 0)
    memory.forget(scope())
    assert memory.begin(scope(), TOOL, ASK | {"budget": 6}, 1) is None


def test_a_key_expires_a_minute_after_the_declared_time_and_is_never_new_again() -> None:
    memory = accepted(ttl_ms=DAY_MS)
    assert memory.begin(scope(), TOOL, ASK, DAY_MS + MINUTE_MS) is not None
    assert refusal(memory, ASK, DAY_MS + MINUTE_MS + 1).code == "IDEMPOTENCY_EXPIRED"
    assert refusal(memory, ASK | {"budget": 6}, 30 * DAY_MS).code == "IDEMPOTENCY_EXPIRED"


@pytest.mark.parametrize("key", ["short", "k" * 256, "with blanks 0123456789", "", 5, None])
def test_a_key_of_the_wrong_form_is_refused(key: Any) -> None:
    with pytest.raises(AdcpError, match="INVALID_REQUEST") as caught:
        scope_of("buyer", {"idempotency_key": key})
    assert caught.value.field == "idempotency_key"


def test_a_request_without_a_key_is_not_remembered() -> None:
    assert scope_of("buyer", {"budget": 5}) is None


def test_numbers_and_order_are_hashed_as_rfc_8785_says() -> None:
    assert digest({"b": 1.0, "a": "ü"}) == digest({"a": "ü", "b": 1})
    assert digest({"a": None}) != digest({})
    with pytest.raises(AdcpError, match="INVALID_REQUEST"):
        digest({"a": 2**60})


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 2), st.integers(0, 10)), max_size=40))
def test_no_key_is_served_twice(calls: list[tuple[str, int, int]]) -> None:
    """Whatever callers send and in whatever order, a request is served once, and its retries get its answer."""
    memory, served, now_ms = Idempotency(), dict[str, int](), 0
    for letter, budget, wait_h in calls:
        now_ms += wait_h * 60 * MINUTE_MS
        payload = {"idempotency_key": letter * 16, "budget": budget}
        known, refused = attempt(memory, payload, now_ms)
        if refused:
            assert letter in served
            assert refused == "IDEMPOTENCY_EXPIRED" or served[letter] != budget
        elif known is None:
            assert letter not in served
            served[letter] = budget
            memory.accept(scope(payload), {"served": budget})
        else:
            assert known == {"served": served[letter], "replayed": True}


def attempt(memory: Idempotency, payload: dict[str, Any], now_ms: int) -> tuple[dict[str, Any] | None, str]:
    """What a call gives: the answer to replay or None, or the code with which it is refused."""
    try:
        return memory.begin(scope(payload), TOOL, payload, now_ms), ""
    except AdcpError as error:
        return None, error.code
