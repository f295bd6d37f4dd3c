"""Webhooks say what the official payload wants, and a receiver takes each of them once."""

import pytest

from sandbox.core.errors import AdcpError
from sandbox.core.time import DAY_MS
from sandbox.protocol import schemas
from sandbox.protocol.schemas import WEBHOOK
from sandbox.protocol.versions import VERSIONS
from sandbox.protocol.webhooks import Seen, task_webhook
from tests.unit.protocol.test_tasks import BOUGHT, PUSH, moved

KEY = "whk-0123456789abcdef"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("status", ["completed", "rejected", "failed", "input-required", "working"])
def test_the_webhook_of_a_task_fits_the_official_payload(status: str, version: str) -> None:
    body = task_webhook(moved(status, push=PUSH, context={"trace": "t"}, version=version), KEY, 5)
    assert schemas.store().check_document(WEBHOOK, body, version) == []


def test_what_the_caller_configured_comes_back_word_for_word() -> None:
    push = PUSH | {"token": "t" * 16, "url": "https://buyer.sandbox.test/hooks/other-operation"}
    body = task_webhook(moved("completed", push=push, context={"trace": "t"}), KEY, 5)
    assert (body["operation_id"], body["token"], body["idempotency_key"]) == ("op-1", "t" * 16, KEY)
    assert body["result"] == BOUGHT | {"context": {"trace": "t"}}


def test_a_failure_is_told_with_its_errors() -> None:
    result = task_webhook(moved("rejected", push=PUSH), KEY, 5)["result"]
    assert result["errors"][0]["code"] == "POLICY_VIOLATION"


BODY = {"idempotency_key": KEY, "status": "completed"}


def test_a_repeated_webhook_counts_once_for_each_sender() -> None:
    seen = Seen()
    assert seen.claim("seller", BODY, 0) == "accept"
    seen.taken("seller", BODY)
    assert seen.claim("seller", dict(reversed(BODY.items())), 1000) == "duplicate"
    assert seen.claim("another", BODY, 1000) == "accept"


def test_a_changed_body_under_the_same_key_is_a_conflict() -> None:
    seen = Seen()
    seen.claim("seller", BODY, 0)
    seen.taken("seller", BODY)
    with pytest.raises(AdcpError, match="IDEMPOTENCY_CONFLICT"):
        seen.claim("seller", BODY | {"status": "failed"}, 2000)
    assert seen.claim("seller", BODY, 3000) == "duplicate"


def test_while_the_first_copy_is_worked_on_the_sender_has_to_come_again() -> None:
    seen = Seen()
    seen.claim("seller", BODY, 0)
    with pytest.raises(AdcpError, match="IDEMPOTENCY_IN_FLIGHT"):
        seen.claim("seller", BODY, 1)


def test_a_webhook_that_had_no_effect_is_taken_when_it_comes_again() -> None:
    seen = Seen()
    seen.claim("seller", BODY, 0)
    seen.release("seller", BODY)
    assert seen.claim("seller", BODY, 1) == "accept"


def test_keys_are_kept_for_a_day() -> None:
    seen = Seen()
    seen.claim("seller", BODY, 0)
    seen.taken("seller", BODY)
    assert seen.claim("seller", BODY, DAY_MS) == "duplicate"
    assert seen.claim("seller", BODY, DAY_MS + 1) == "accept"


@pytest.mark.parametrize("body", [{}, {"idempotency_key": "short"}, {"idempotency_key": 5}])
def test_a_webhook_without_a_proper_key_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(AdcpError, match="INVALID_REQUEST"):
        Seen().claim("seller", body, 0)
