"""Tasks end once; webhooks say so, and receivers count them once."""

from typing import Any

import jsonschema_rs
import pytest
from tests.unit.protocol.test_tables import official

from sandbox.core.errors import AdcpError
from sandbox.protocol import schemas
from sandbox.protocol.tasks import Task, TaskStore
from sandbox.protocol.webhooks import Seen, task_webhook

PUSH = {"url": "https://buyer.sandbox.test/hooks", "operation_id": "op-1"}


def store() -> tuple[TaskStore, list[tuple[str | None, str]]]:
    moves: list[tuple[str | None, str]] = []
    return TaskStore(lambda task, old, why: moves.append((old, task.status))), moves


def task(**fields: Any) -> Task:
    return Task("task-1", "create_media_buy", "buyer", 0, 0, push=PUSH, **fields)


def test_every_move_of_a_task_is_told() -> None:
    tasks, moves = store()
    one = tasks.open(task())
    tasks.move(one, "input-required", 5, "needs a PO number")
    tasks.move(one, "completed", 9, result={"media_buy_id": "mb"})
    assert moves == [(None, "submitted"), ("submitted", "input-required"), ("input-required", "completed")]


def test_a_task_that_has_ended_stays_ended() -> None:
    tasks, _ = store()
    one = tasks.open(task())
    tasks.move(one, "rejected", 5)
    with pytest.raises(ValueError, match="may not go from rejected to completed"):
        tasks.move(one, "completed", 6)


def test_a_foreign_task_looks_like_an_absent_one() -> None:
    tasks, _ = store()
    tasks.open(task())
    said = []
    for task_id, owner in (("task-1", "stranger"), ("task-2", "buyer")):
        with pytest.raises(AdcpError) as caught:
            tasks.get(task_id, owner)
        said.append(caught.value.code)
    assert said == ["REFERENCE_NOT_FOUND"] * 2
    assert tasks.get("task-1", "buyer").tool == "create_media_buy"


@pytest.mark.parametrize("status", ["submitted", "input-required", "completed", "rejected"])
def test_the_status_of_a_task_is_valid_on_the_wire(status: str) -> None:
    tasks, _ = store()
    one = tasks.open(task())
    if status != "submitted":
        error = AdcpError("POLICY_VIOLATION", "no") if status == "rejected" else None
        tasks.move(one, status, 5, "why", {"media_buy_id": "mb"} if status == "completed" else None, error)
    assert schemas.check("get_task_status", "sync", one.wire(), "3.1") == []


@pytest.mark.parametrize("status", ["completed", "rejected", "input-required"])
def test_the_webhook_of_a_task_fits_the_official_payload(status: str) -> None:
    tasks, _ = store()
    one = tasks.open(task())
    error = AdcpError("POLICY_VIOLATION", "no") if status == "rejected" else None
    tasks.move(one, status, 5, "why", error=error)
    body = task_webhook(one, "whk-0123456789abcdef", 5)
    assert body["operation_id"] == "op-1"
    schema = official("3.1", "core/mcp-webhook-payload.json")
    for name in ("idempotency_key", "status", "timestamp", "task_type"):
        assert name in schema["properties"]
        assert name in body
    assert set(schema["required"]) <= set(body)
    enum = official("3.1", "enums/task-status.json")
    assert jsonschema_rs.is_valid(enum, body["status"])


def test_a_receiver_counts_a_repeated_webhook_once_and_refuses_a_changed_one() -> None:
    seen, body = Seen(), {"idempotency_key": "whk-0123456789abcdef", "status": "completed"}
    assert seen.is_new("seller", body, 0)
    assert not seen.is_new("seller", body, 1000)
    assert seen.is_new("another", body, 1000)
    with pytest.raises(AdcpError, match="IDEMPOTENCY_CONFLICT"):
        seen.is_new("seller", body | {"status": "failed"}, 2000)
