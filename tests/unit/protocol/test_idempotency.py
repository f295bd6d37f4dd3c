"""The same key brings the same answer, once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.errors import AdcpError
from sandbox.core.time import DAY_MS
from sandbox.protocol.idempotency import Idempotency

KEY = ("buyer", "create_media_buy", "key-0123456789abcdef")
ASK: dict[str, Any] = {"idempotency_key": KEY[2], "budget": 5, "context": {"trace": 1}}


def accepted() -> Idempotency:
    memory = Idempotency()
    assert memory.begin(KEY, ASK, 0) is None
    memory.accept(KEY, {"media_buy_id": "mb"})
    return memory


def test_a_retry_gets_the_original_answer_marked_as_replayed() -> None:
    assert accepted().begin(KEY, ASK, 1000) == {"media_buy_id": "mb", "replayed": True}


def test_what_is_not_asked_for_may_differ_in_a_retry() -> None:
    assert accepted().begin(KEY, ASK | {"context": {"trace": 2}}, 1) is not None


@given(st.integers(min_value=6))
def test_another_request_under_the_same_key_is_a_conflict_that_leaks_nothing(budget: int) -> None:
    with pytest.raises(AdcpError, match="IDEMPOTENCY_CONFLICT") as caught:
        accepted().begin(KEY, ASK | {"budget": budget % 2**50 + 6}, 1)
    assert "mb" not in str(caught.value)


def test_another_caller_or_tool_may_use_the_same_key() -> None:
    memory = accepted()
    assert memory.begin(("other", *KEY[1:]), ASK, 1) is None
    assert memory.begin((KEY[0], "update_media_buy", KEY[2]), ASK, 1) is None


def test_a_second_request_while_the_first_is_served_has_to_wait() -> None:
    memory = Idempotency()
    memory.begin(KEY, ASK, 0)
    with pytest.raises(AdcpError, match="IDEMPOTENCY_IN_FLIGHT") as caught:
        memory.begin(KEY, ASK, 1)
    assert caught.value.retry_after == 1


def test_a_refused_request_leaves_its_key_free() -> None:
    memory = Idempotency()
    memory.begin(KEY, ASK, 0)
    memory.forget(KEY)
    assert memory.begin(KEY, ASK | {"budget": 6}, 1) is None


def test_a_key_expires_after_the_declared_time() -> None:
    memory = accepted()
    assert memory.begin(KEY, ASK, DAY_MS) is not None
    with pytest.raises(AdcpError, match="IDEMPOTENCY_EXPIRED"):
        memory.begin(KEY, ASK, DAY_MS + 1)
