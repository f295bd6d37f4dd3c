"""Tasks: calls that were answered ``submitted`` and end later (docs/building/by-layer/L3/task-lifecycle.mdx)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.core.errors import AdcpError
from sandbox.core.time import iso
from sandbox.domain.lifecycles import LIFECYCLES
from sandbox.protocol.errors import error_entry
from sandbox.protocol.tools import protocol_of

Listener = Callable[["Task", str | None, str], None]
"""Called with a task, its old status and why it changed."""


@dataclass(slots=True)
class Task:
    """One asynchronous call of one caller. ``push`` is its push_notification_config, if it sent one.

    ``result`` is what the call would have answered at once, in the form of ``version``.
    """

    task_id: str
    tool: str
    owner: str
    created_ms: int
    updated_ms: int
    status: str = "submitted"
    message: str | None = None
    result: dict[str, Any] | None = None
    error: AdcpError | None = None
    push: dict[str, Any] | None = None
    context: Any = None
    version: str = "3.1"

    @property
    def ended(self) -> bool:
        """True in a terminal status."""
        return LIFECYCLES["task"].is_terminal(self.status)

    @property
    def outcome(self) -> dict[str, Any] | None:
        """What the task ended with: its result, or the errors for which there is none."""
        if self.error is not None:
            return {"errors": [error_entry(self.error)]}
        return self.result

    def row(self) -> dict[str, Any]:
        """What every view of the task tells."""
        body: dict[str, Any] = {
            "task_id": self.task_id,
            "task_type": self.tool,
            "status": self.status,
            "created_at": iso(self.created_ms),
            "updated_at": iso(self.updated_ms),
            "has_webhook": self.push is not None,
        }
        return {**body, "completed_at": iso(self.updated_ms)} if self.ended else body

    def wire(self, include_result: bool = True) -> dict[str, Any]:
        """The answer of ``get_task_status``."""
        body = {**self.row(), "protocol": protocol_of(self.tool)}
        if self.message:
            body["message"] = self.message
        if self.error is not None:
            body["error"] = {"code": self.error.code, "message": self.error.message}
        if include_result and self.ended and self.outcome is not None:
            body["result"] = self.outcome
        return body


class TaskStore:
    """The tasks of one agent."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.tasks: dict[str, Task] = {}

    def open(self, task: Task) -> Task:
        """Begin a task. ``ValueError`` if there is one of its id, or if no task begins with its status."""
        if task.task_id in self.tasks or not LIFECYCLES["task"].allows(None, task.status):
            raise ValueError(f"task {task.task_id} can't begin as {task.status}")
        self.tasks[task.task_id] = task
        self._listener(task, None, "")
        return task

    def get(self, task_id: str, owner: str) -> Task:
        """A task of this caller; REFERENCE_NOT_FOUND for absent and foreign ones alike."""
        task = self.tasks.get(task_id)
        if task is None or task.owner != owner:
            raise AdcpError("REFERENCE_NOT_FOUND", f"there is no task {task_id}", "task_id")
        return task

    def of(self, owner: str) -> list[Task]:
        """All tasks of a caller, the oldest first."""
        return [task for task in self.tasks.values() if task.owner == owner]

    def move(
        self,
        task: Task,
        status: str,
        now_ms: int,
        why: str = "",
        result: dict[str, Any] | None = None,
        error: AdcpError | None = None,
    ) -> None:
        """Change a task's status; ``ValueError`` if the lifecycle forbids it: the first end stands."""
        old = task.status
        if not LIFECYCLES["task"].allows(old, status):
            raise ValueError(f"task {task.task_id} may not go from {old} to {status}")
        task.status, task.updated_ms = status, now_ms
        task.message = why or task.message
        task.result = result if result is not None else task.result
        task.error = error if error is not None else task.error
        self._listener(task, old, why)
