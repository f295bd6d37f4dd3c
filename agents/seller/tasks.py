"""Tasks of a sales agent: get_task_status, list_tasks, and the webhooks about them and about delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.context import seller_of
from agents.seller.records import MediaBuy
from sandbox.core.errors import AdcpError
from sandbox.protocol import task_list
from sandbox.protocol.tasks import Task, TaskStore
from sandbox.protocol.versions import known, to_wire
from sandbox.protocol.webhooks import task_webhook

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context


class SellerTasks:
    """The tasks of one sales agent. Every change is in the trace and goes to the caller's webhook."""

    def __init__(self, seller: Seller) -> None:
        self._seller = seller
        self.store = TaskStore(self._changed)

    def open(self, tool: str, owner: str, request: dict[str, Any], version: str, task_id: str | None = None) -> Task:
        """Begin a task for a call that is answered ``submitted``; its id may be given, or is new."""
        now = self._seller.now
        task_id = task_id or self._seller.ids.next("task")
        push = request.get("push_notification_config")
        if push is not None:
            push = {"operation_id": task_id, **push}
        context = request.get("context")
        return self.store.open(Task(task_id, tool, owner, now, now, push=push, context=context, version=version))

    def move(self, task: Task, status: str, why: str, result: dict[str, Any] | None = None) -> None:
        """Change a task's status; ``result`` is in canonical form."""
        if result is not None and status == "completed":
            result = to_wire(task.tool, "answer", result, task.version)
        self.store.move(task, status, self._seller.now, why, result)
        self._notify(task)

    def finish(self, task: Task, result: dict[str, Any], why: str) -> None:
        """End a task with a result that has the form of its release already."""
        self.store.move(task, "completed", self._seller.now, why, result)
        self._notify(task)

    def refuse(self, task: Task, status: str, error: AdcpError) -> None:
        """End a task with an error: ``rejected`` by decision, ``failed`` because it can't be carried out."""
        task.result = None
        self.store.move(task, status, self._seller.now, error.message, error=error)
        self._notify(task)

    def send_report(self, buy: MediaBuy, config: dict[str, Any], result: dict[str, Any]) -> None:
        """Send a delivery report in the same envelope; it belongs to no task that could be polled."""
        now, report_id = self._seller.now, self._seller.ids.next("report")
        push = {"operation_id": buy.media_buy_id, **config}
        report = Task(report_id, "media_buy_delivery", buy.buyer, now, now, "completed", push=push, result=result)
        self._send(report)

    def send_result(self, tool: str, owner: str, request: dict[str, Any], result: dict[str, Any], version: str) -> None:
        """Tell the caller's webhook of a call that was answered at once; it belongs to no task that could be polled."""
        push = request.get("push_notification_config")
        if push is None:
            return
        now, task_id = self._seller.now, self._seller.ids.next("task")
        body = to_wire(tool, "answer", result, version)
        context = request.get("context")
        push = {"operation_id": task_id, **push}
        self._send(Task(task_id, tool, owner, now, now, "completed", result=body, push=push, context=context))

    def _changed(self, task: Task, old: str | None, why: str) -> None:
        self._seller.status("task", task.task_id, old, task.status, why or f"{task.tool} waits for a decision")

    def _notify(self, task: Task) -> None:
        if task.push is not None and task.status != "submitted":
            self._send(task)

    def _send(self, task: Task) -> None:
        assert task.push is not None
        body = task_webhook(task, self._seller.ids.uuid("webhook"), self._seller.now)
        network, push = self._seller.world.network, task.push
        network.notify(self._seller.id, push["url"], body, adcp=True, authentication=push.get("authentication"))


def get_task_status(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """One task of the caller."""
    task = seller_of(ctx).tasks.store.get(request["task_id"], ctx.principal.id)
    if not known(task.tool, ctx.version):
        raise AdcpError("REFERENCE_NOT_FOUND", f"AdCP {ctx.version} has no tasks of {task.tool}", "task_id")
    body = task.wire(bool(request.get("include_result")))
    return {**body, "message": task.message} if task.message else body


def list_tasks(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The caller's tasks, filtered, sorted and paged."""
    mine = seller_of(ctx).tasks.store.of(ctx.principal.id)
    tasks = [task for task in mine if known(task.tool, ctx.version)]
    return task_list.list_tasks(tasks, request)
