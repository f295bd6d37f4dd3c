"""Webhooks: the body of a push notification, and the receiver's memory of what it has taken.

docs/building/by-layer/L3/webhooks.mdx and core/mcp-webhook-payload.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sandbox.core.errors import AdcpError
from sandbox.core.time import DAY_MS, iso
from sandbox.protocol.idempotency import KEY, digest
from sandbox.protocol.tasks import Task
from sandbox.protocol.tools import protocol_of

REMEMBERED_MS = DAY_MS
"""Receivers keep keys for 24 hours at least."""


def task_webhook(task: Task, key: str, now_ms: int) -> dict[str, Any]:
    """What is sent when a task changes. ``key`` is new for each event and the same in all its retries.

    ``operation_id`` and ``token`` are those of the caller's push_notification_config, word for word; the
    context of the original request comes back in ``result``.
    """
    push = task.push or {}
    body: dict[str, Any] = {
        "idempotency_key": key,
        "operation_id": push.get("operation_id", task.task_id),
        "task_id": task.task_id,
        "task_type": task.tool,
        "protocol": protocol_of(task.tool),
        "status": task.status,
        "timestamp": iso(now_ms),
    }
    if "token" in push:
        body["token"] = push["token"]
    if task.message:
        body["message"] = task.message
    if task.outcome is not None:
        body["result"] = task.outcome
    if task.context is not None:
        body["result"] = {**body.get("result", {}), "context": task.context}
    return body


@dataclass(slots=True)
class _Delivery:
    digest: str
    at_ms: int
    taken: bool = False


class Seen:
    """Which webhooks a receiver has taken, by sender and key; a key is bound to the body it came with."""

    def __init__(self) -> None:
        self._deliveries: dict[tuple[str, str], _Delivery] = {}

    def claim(self, sender: str, body: dict[str, Any], now_ms: int) -> Literal["accept", "duplicate"]:
        """Begin to take a webhook; ``duplicate`` if it was taken before and only needs to be acknowledged.

        Raises INVALID_REQUEST without a proper key, IDEMPOTENCY_CONFLICT if the key came with another body and
        IDEMPOTENCY_IN_FLIGHT while the first copy is still being worked on.
        """
        name, fingerprint = self._name(sender, body), digest(body)
        known = self._deliveries.get(name)
        if known is None or (known.taken and now_ms - known.at_ms > REMEMBERED_MS):
            self._deliveries[name] = _Delivery(fingerprint, now_ms)
            return "accept"
        if known.digest != fingerprint:
            raise AdcpError("IDEMPOTENCY_CONFLICT", "this idempotency_key came with another body")
        if not known.taken:
            raise AdcpError("IDEMPOTENCY_IN_FLIGHT", "this webhook is being worked on", retry_after=1)
        return "duplicate"

    def taken(self, sender: str, body: dict[str, Any]) -> None:
        """The webhook has had its effect."""
        self._deliveries[self._name(sender, body)].taken = True

    def release(self, sender: str, body: dict[str, Any]) -> None:
        """The webhook has had no effect: a retry is taken as new."""
        del self._deliveries[self._name(sender, body)]

    @staticmethod
    def _name(sender: str, body: dict[str, Any]) -> tuple[str, str]:
        key = body.get("idempotency_key")
        if not isinstance(key, str) or not KEY.fullmatch(key):
            raise AdcpError("INVALID_REQUEST", f"idempotency_key must match {KEY.pattern}", "idempotency_key")
        return sender, key
