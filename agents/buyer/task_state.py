"""The platform's asynchronous tasks: where each one stands, and the webhooks about them (rule 144)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sandbox.core.errors import AdcpError
from sandbox.core.time import MINUTE_MS, SECOND_MS
from sandbox.domain.lifecycles import LIFECYCLES
from sandbox.protocol.errors import error_entry, from_body
from sandbox.protocol.tasks import Task as ProtocolTask
from sandbox.protocol.webhooks import task_webhook

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.records import Campaign, Creative, MediaBuy

Json = dict[str, Any]
Kind = Literal["audience_sync", "media_buy_create", "creative_sync"]

TOOLS: dict[Kind, str] = {
    "audience_sync": "sync_audiences",
    "media_buy_create": "create_media_buy",
    "creative_sync": "sync_creatives",
}
"""The tool of AdCP that each kind of task stands for."""

REFUSED = ("failed", "rejected", "canceled")
"""Ends of an agent's task that are ``failed`` here."""

WAITS_FOR_PERSON_MS = 15 * MINUTE_MS
"""When to ask again about something that people decide."""


@dataclass(slots=True)
class Task:
    """One operation that was answered before it was done. ``response`` is what came of it downstream.

    ``due_ms`` is when it should be done; None if nobody knows, because people decide.
    """

    task_id: str
    customer_id: int
    kind: Kind
    resource_type: str
    resource_id: str
    created_ms: int
    updated_ms: int
    status: str = "submitted"
    error: Json | None = None
    response: Json | None = None
    metadata: Json = field(default_factory=dict)
    due_ms: int | None = None
    push: Json | None = None

    @property
    def ended(self) -> bool:
        """True in a terminal status."""
        return LIFECYCLES["task"].is_terminal(self.status)

    def retry_after_s(self, now_ms: int) -> int | None:
        """In how many seconds to ask again; None if nothing will change any more."""
        if self.ended:
            return None
        wait_ms = WAITS_FOR_PERSON_MS if self.due_ms is None else self.due_ms - now_ms
        return max(1, -(-wait_ms // SECOND_MS))


class Tasks:
    """All tasks of the platform by id."""

    def __init__(self, platform: BuyerPlatform) -> None:
        self._platform = platform
        self.tasks: dict[str, Task] = {}
        self._orders: dict[tuple[str, str], Task] = {}
        """By sales agent and the agent's own task id."""
        self._reviews: dict[tuple[str, str], Task] = {}
        """By sales agent and creative."""

    def open(
        self,
        kind: Kind,
        customer_id: int,
        resource: tuple[str, str],
        metadata: Json,
        due_ms: int | None = None,
        push: Json | None = None,
    ) -> Task:
        """Begin a task about a resource ``(type, id)``."""
        now, task_id = self._platform.now, self._platform.ids.uuid("task")
        task = Task(task_id, customer_id, kind, *resource, now, now, metadata=metadata, due_ms=due_ms, push=push)
        self.tasks[task_id] = task
        return task

    def move(self, task: Task, status: str, response: Json | None = None, error: AdcpError | None = None) -> None:
        """Change the status of a task and tell whoever asked to be told; the first end of a task stands."""
        if task.status == status or not LIFECYCLES["task"].allows(task.status, status):
            return
        task.status, task.updated_ms = status, self._platform.now
        task.response = response if response is not None else task.response
        task.error = _error_wire(error) if error is not None else None
        if task.push is not None:
            self._notify(task, task.push, error)

    def of_media_buy(self, media_buy_id: str) -> Task | None:
        """The latest task of a media buy."""
        mine = [task for task in self._orders.values() if task.resource_id == media_buy_id]
        return mine[-1] if mine else None

    # -- what sales agents decide later ------------------------------------------------------------------

    def ordered(self, campaign: Campaign, buy: MediaBuy) -> None:
        """A sales agent has answered an order with the task ``buy.task_id``."""
        assert buy.task_id is not None
        metadata = {"campaignId": campaign.campaign_id, "salesAgentId": buy.seller_id, "agentTaskId": buy.task_id}
        resource = ("media_buy", buy.media_buy_id)
        self._orders[buy.seller_id, buy.task_id] = self.open(
            "media_buy_create", campaign.customer_id, resource, metadata
        )

    def order_news(self, buy: MediaBuy, body: Json) -> None:
        """What a sales agent says about the task of an order: the answer of ``get_task_status``, or a webhook."""
        task = self._orders.get((buy.seller_id, buy.task_id or ""))
        if task is None:
            return
        status, result = str(body["status"]), body.get("result")
        if status in REFUSED:
            self.move(task, "failed", result, _refusal(body, f"the sales agent says {status}"))
        elif status == "auth-required":
            self.move(task, "input-required", result)
        else:
            self.move(task, status, result)

    def reviewed(self, campaign: Campaign, creative: Creative, seller_id: str, row: Json) -> None:
        """Where the review of a creative stands: a row of ``sync_creatives`` or ``list_creatives``.

        A review that takes time is a task; it ends with the verdict.
        """
        status = row.get("status", "processing")
        task = self._reviews.get((seller_id, creative.creative_id))
        undecided = status in ("processing", "pending_review")
        if undecided and (task is None or task.ended):
            metadata = {"campaignId": campaign.campaign_id, "salesAgentId": seller_id}
            resource = ("creative", creative.creative_id)
            task = self.open("creative_sync", campaign.customer_id, resource, metadata)
            self._reviews[seller_id, creative.creative_id] = task
        if task is None or task.ended:
            return
        if status == "approved":
            self.move(task, "completed", row)
        elif status == "pending_review":
            self.move(task, "working", row)
        elif not undecided:
            why = str(row.get("rejection_reason") or f"the sales agent says {status}")
            self.move(task, "failed", row, AdcpError("CREATIVE_REJECTED", why))

    # -- webhooks ----------------------------------------------------------------------------------------

    def _notify(self, task: Task, push: Json, error: AdcpError | None) -> None:
        """Send AdCP's webhook about a task, if its address is in this world (conflict C62)."""
        network, world = self._platform.world.network, self._platform.world
        if network.actor_at(push["url"]) not in world.actors:
            return
        news = ProtocolTask(
            task.task_id,
            TOOLS[task.kind],
            str(task.customer_id),
            task.created_ms,
            task.updated_ms,
            task.status,
            result=task.response,
            error=error,
            push=push,
        )
        network.notify(self._platform.id, push["url"], task_webhook(news, self._platform.ids.uuid("news"), world.now))


def _error_wire(error: AdcpError) -> Json:
    """An AdCP error with all its fields, null where there is nothing to say (rule 144)."""
    entry = error_entry(error)
    return {name: entry.get(name) for name in ("code", "message", "field", "suggestion", "recovery")}


def _refusal(body: Json, otherwise: str) -> AdcpError:
    """Why an agent's task failed."""
    found = from_body(body.get("result") or {})
    if found is not None:
        return found
    error = body.get("error")
    if isinstance(error, dict):
        return AdcpError(str(error.get("code", "POLICY_VIOLATION")), str(error.get("message", otherwise)))
    return AdcpError("POLICY_VIOLATION", str(error or body.get("message") or otherwise))
