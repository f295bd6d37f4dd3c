"""Tasks end once, their callers alone see them, and what they say is valid on the wire."""

from typing import Any

import pytest

from sandbox.core.errors import AdcpError
from sandbox.core.time import HOUR_MS
from sandbox.protocol import schemas
from sandbox.protocol.task_list import list_tasks
from sandbox.protocol.tasks import Task, TaskStore
from sandbox.protocol.versions import VERSIONS, schema_name, to_wire

PUSH = {"url": "https://buyer.sandbox.test/hooks", "operation_id": "op-1"}
BOUGHT: dict[str, Any] = {
    "status": "completed",
    "media_buy_id": "mb",
    "confirmed_at": None,
    "revision": 1,
    "packages": [],
}


def store() -> tuple[TaskStore, list[tuple[str | None, str, str]]]:
    moves: list[tuple[str | None, str, str]] = []
    return TaskStore(lambda task, old, why: moves.append((old, task.status, why))), moves


def task(task_id: str = "task-1", tool: str = "create_media_buy", at_ms: int = 0, **fields: Any) -> Task:
    return Task(task_id, tool, fields.pop("owner", "buyer"), at_ms, at_ms, **fields)


def moved(status: str, **fields: Any) -> Task:
    tasks, _ = store()
    one = tasks.open(task(**fields))
    if status in ("rejected", "failed"):
        tasks.move(one, status, 5, "no", error=AdcpError("POLICY_VIOLATION", "no"))
    elif status != "submitted":
        tasks.move(one, status, 5, "why", BOUGHT if status == "completed" else None)
    return one


def test_every_move_of_a_task_is_told() -> None:
    tasks, moves = store()
    one = tasks.open(task())
    tasks.move(one, "input-required", 5, "needs a PO number")
    tasks.move(one, "completed", 9, result={"media_buy_id": "mb"})
    assert [move[:2] for move in moves] == [
        (None, "submitted"),
        ("submitted", "input-required"),
        ("input-required", "completed"),
    ]
    assert moves[1][2] == one.message == "needs a PO number"


@pytest.mark.parametrize("end", ["completed", "failed", "rejected", "canceled"])
def test_the_first_end_of_a_task_stands(end: str) -> None:
    tasks, moves = store()
    one = tasks.open(task())
    tasks.move(one, end, 5)
    for later in ("working", "completed", "failed", "rejected", "canceled"):
        with pytest.raises(ValueError, match=f"may not go from {end} to {later}"):
            tasks.move(one, later, 6)
    assert (one.status, one.updated_ms, len(moves)) == (end, 5, 2)


def test_a_task_begins_once_and_not_with_its_end() -> None:
    tasks, _ = store()
    tasks.open(task())
    with pytest.raises(ValueError, match="can't begin"):
        tasks.open(task())
    with pytest.raises(ValueError, match="can't begin"):
        tasks.open(task("task-2", status="completed"))


def test_a_foreign_task_looks_like_an_absent_one() -> None:
    tasks, _ = store()
    tasks.open(task())
    said = []
    for task_id, owner in (("task-1", "stranger"), ("task-2", "buyer")):
        with pytest.raises(AdcpError) as caught:
            tasks.get(task_id, owner)
        said.append((caught.value.code, caught.value.message.replace(task_id, "…")))
    assert said == [("REFERENCE_NOT_FOUND", "there is no task …")] * 2
    assert tasks.of("stranger") == []
    assert tasks.get("task-1", "buyer") is tasks.of("buyer")[0]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("status", ["submitted", "working", "input-required", "completed", "rejected", "failed"])
def test_the_status_of_a_task_is_valid_on_the_wire(status: str, version: str) -> None:
    body = to_wire("get_task_status", "answer", moved(status, push=PUSH).wire(), version)
    assert schemas.check_answer(schema_name("get_task_status", version), body, version) == []
    assert body["has_webhook"]


def test_a_result_is_told_when_there_is_one_and_it_is_asked_for() -> None:
    done, refused = moved("completed"), moved("rejected")
    assert done.wire()["result"] == BOUGHT
    assert "result" not in done.wire(include_result=False)
    assert "result" not in moved("working").wire()
    assert refused.wire()["error"] == {"code": "POLICY_VIOLATION", "message": "no"}
    assert refused.wire()["result"]["errors"][0]["code"] == "POLICY_VIOLATION"
    assert (done.wire()["completed_at"], moved("working").wire().get("completed_at")) == (
        "1970-01-01T00:00:00.005Z",
        None,
    )


def some() -> list[Task]:
    return [
        task("a", at_ms=0, push=PUSH, context={"trace": "red"}),
        task("b", "activate_signal", HOUR_MS, status="working"),
        task("c", "create_property_list", 2 * HOUR_MS, status="completed", context={"trace": "blue"}),
    ]


def listed(request: dict[str, Any]) -> list[str]:
    assert schemas.check("list_tasks", "request", request, "3.1") == []
    body = list_tasks(some(), request)
    assert schemas.check_answer("list_tasks", body, "3.1") == []
    return [row["task_id"] for row in body["tasks"]]


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({}, "cba"),
        ({"protocol": "governance"}, "c"),
        ({"protocols": ["signals", "media-buy"]}, "ba"),
        ({"status": "working"}, "b"),
        ({"statuses": ["working", "completed"]}, "cb"),
        ({"task_type": "create_media_buy"}, "a"),
        ({"task_types": ["activate_signal"]}, "b"),
        ({"task_ids": ["a", "z"]}, "a"),
        ({"has_webhook": True}, "a"),
        ({"created_after": "1970-01-01T01:00:00Z"}, "c"),
        ({"created_before": "1970-01-01T01:00:00Z"}, "a"),
        ({"updated_after": "1970-01-01T00:30:00Z", "status": "working"}, "b"),
        ({"updated_before": "1970-01-01T00:30:00Z"}, "a"),
        ({"context_contains": "blue"}, "c"),
    ],
)
def test_tasks_are_filtered(filters: dict[str, Any], ids: str) -> None:
    assert listed({"filters": filters}) == list(ids)


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ({"direction": "asc"}, "abc"),
        ({"field": "task_type", "direction": "asc"}, "bac"),
        ({"field": "status", "direction": "asc"}, "cab"),
        ({"field": "protocol"}, "bac"),
        ({"field": "updated_at"}, "cba"),
    ],
)
def test_tasks_are_sorted(sort: dict[str, Any], ids: str) -> None:
    assert listed({"sort": sort}) == list(ids)


def test_tasks_are_paged_without_a_gap() -> None:
    seen, cursor = [], "0"
    for _ in range(3):
        body = list_tasks(some(), {"pagination": {"max_results": 1, "cursor": cursor}})
        seen += [row["task_id"] for row in body["tasks"]]
        cursor = body["pagination"].get("cursor", "")
    assert (seen, cursor) == (["c", "b", "a"], "")
    with pytest.raises(AdcpError, match="INVALID_REQUEST"):
        list_tasks(some(), {"pagination": {"cursor": "elsewhere"}})


@pytest.mark.parametrize("version", VERSIONS)
def test_the_list_of_tasks_is_valid_in_every_release(version: str) -> None:
    body = to_wire("list_tasks", "answer", list_tasks(some(), {}), version)
    assert schemas.check_answer(schema_name("list_tasks", version), body, version) == []
