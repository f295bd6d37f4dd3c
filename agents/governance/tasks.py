"""Tasks of a governance agent: the reviews that it waits for. get_task_status, list_tasks, and their webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.governance.context import governance_of
from agents.governance.records import Json
from sandbox.protocol import task_list
from sandbox.protocol.tasks import Task, TaskStore
from sandbox.protocol.webhooks import task_webhook

if TYPE_CHECKING:
    from agents.governance.agent import GovernanceAgent
    from sandbox.kernel.endpoint import Context

_TYPES = {"update_rights": "acquire_rights"}
_NAMED = ("create_media_buy", "update_media_buy", "activate_signal", "acquire_rights", "build_creative")


class GovernanceTasks:
    """One task for each review. The protocol has no type for it, so a task is of the type of what is reviewed."""

    def __init__(self, agent: GovernanceAgent) -> None:
        self._agent = agent
        self.store = TaskStore(self._changed)

    def open(self, tool: str, owner: str, request: Json, version: str) -> Task:
        """Begin a task for a check that waits."""
        now, task_id = self._agent.now, self._agent.ids.next("task")
        kind = _TYPES.get(tool, tool if tool in _NAMED else "create_media_buy")
        push = request.get("push_notification_config")
        if push is not None:
            push = {"operation_id": task_id, **push}
        context = request.get("context")
        return self.store.open(Task(task_id, kind, owner, now, now, push=push, context=context, version=version))

    def move(self, task: Task, status: str, why: str, result: Json) -> None:
        """End a task with the decision, in the form of the caller's release; its webhook goes out."""
        self.store.move(task, status, self._agent.now, why, result)
        if task.push is not None:
            body = task_webhook(task, self._agent.ids.uuid("webhook"), self._agent.now)
            self._agent.world.network.notify(self._agent.id, task.push["url"], body)

    def _changed(self, task: Task, old: str | None, why: str) -> None:
        self._agent.status("task", task.task_id, old, task.status, why or "a review waits")


def get_task_status(ctx: Context, request: Json) -> Json:
    """One task of the caller."""
    task = governance_of(ctx).tasks.store.get(request["task_id"], ctx.principal.id)
    return task.wire(bool(request.get("include_result")))


def list_tasks(ctx: Context, request: Json) -> Json:
    """The caller's tasks, filtered, sorted and paged."""
    return task_list.list_tasks(governance_of(ctx).tasks.store.of(ctx.principal.id), request)
