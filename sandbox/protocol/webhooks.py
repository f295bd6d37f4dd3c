"""Webhooks: the body of a push notification, and the receiver's memory of what it has seen.

docs/building/by-layer/L3/webhooks.mdx and core/mcp-webhook-payload.json.
"""

from __future__ import annotations

from typing import Any

from sandbox.core.errors import AdcpError
from sandbox.core.time import DAY_MS, iso
from sandbox.protocol.errors import error_entry
from sandbox.protocol.idempotency import Idempotency
from sandbox.protocol.tasks import Task

REMEMBERED_MS = DAY_MS
"""Receivers keep keys for 24 hours at least."""


def task_webhook(task: Task, key: str, now_ms: int) -> dict[str, Any]:
    """What is sent when a task changes. ``key`` is new for each event and the same in all its retries."""
    body: dict[str, Any] = {
        "idempotency_key": key,
        "task_id": task.task_id,
        "task_type": task.tool,
        "protocol": "media-buy",
        "status": task.status,
        "timestamp": iso(now_ms),
    }
    if task.push and "operation_id" in task.push:
        body["operation_id"] = task.push["operation_id"]
    if task.push and "token" in task.push:
        body["token"] = task.push["token"]
    if task.message:
        body["message"] = task.message
    if task.error is not None:
        body["result"] = {"errors": [error_entry(task.error)]}
    elif task.result is not None:
        body["result"] = task.result
    if task.context is not None:
        body["result"] = body.get("result", {}) | {"context": task.context}
    return body


class Seen:
    """Which webhooks a receiver has taken, by sender and key."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], tuple[str, int]] = {}

    def is_new(self, sender: str, body: dict[str, Any], now_ms: int) -> bool:
        """True the first time; False for a repetition; CONFLICT if the same key comes with another body."""
        key = (sender, str(body.get("idempotency_key", "")))
        if not key[1]:
            raise AdcpError("INVALID_REQUEST", "a webhook needs an idempotency_key", "idempotency_key")
        digest = Idempotency.digest(body)
        known = self._keys.get(key)
        if known is not None and now_ms - known[1] <= REMEMBERED_MS:
            if known[0] != digest:
                raise AdcpError("IDEMPOTENCY_CONFLICT", "this key came with another body", "idempotency_key")
            return False
        self._keys[key] = (digest, now_ms)
        return True
