"""Tasks: what was answered before it was done, and how it went on (rule 144)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import TypedDict

from agents.buyer.context import customer_of, platform_of
from agents.buyer.task_state import Kind, Task
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.core.time import iso
from sandbox.operations import Group, Request
from sandbox.operations.answer import When

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

operation: Group = group("tasks")


class TaskError(TypedDict):
    """Why a task failed, in AdCP's words."""

    code: str
    message: str
    field: str | None
    suggestion: str | None
    recovery: Literal["transient", "correctable", "terminal"] | None


class TaskRow(TypedDict):
    """A task. ``response`` is the payload of the operation behind it, in the form that it has there."""

    taskId: str
    taskType: Kind
    status: Literal["submitted", "working", "completed", "failed", "input-required"]
    resourceType: str
    resourceId: str
    error: TaskError | None
    response: dict[str, Any] | None
    metadata: dict[str, Any]
    retryAfterSeconds: int | None
    createdAt: When
    updatedAt: When


class TaskAnswer(TypedDict):
    """Answer of ``get_task`` (conflict C61)."""

    task: TaskRow


@operation("get_task", "GET", "/tasks/{taskId}", answer=TaskAnswer, rules=(13, 144))
def get_task(ctx: Context, request: Request) -> dict[str, Any]:
    """Where a task of the caller's customer stands; NOT_FOUND for absent and foreign ones alike."""
    task = platform_of(ctx).tasks.tasks.get(request.path["taskId"])
    if task is None or task.customer_id != customer_of(ctx).customer_id:
        raise ApiError("NOT_FOUND", f"there is no task {request.path['taskId']}")
    return {"task": _wire(task, ctx.now)}


def _wire(task: Task, now_ms: int) -> dict[str, Any]:
    return {
        "taskId": task.task_id,
        "taskType": task.kind,
        "status": task.status,
        "resourceType": task.resource_type,
        "resourceId": task.resource_id,
        "error": task.error,
        "response": task.response,
        "metadata": task.metadata,
        "retryAfterSeconds": task.retry_after_s(now_ms),
        "createdAt": iso(task.created_ms),
        "updatedAt": iso(task.updated_ms),
    }
