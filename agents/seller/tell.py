"""A sales agent that tells a webhook once more: the same news, news that contradict what it said, or a key twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.core.errors import InputError
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller


def tell(seller: Seller, change: dict[str, Any] | None = None, new_key: bool = True, task: str | None = None) -> None:
    """Send the latest webhook about a task (by default about any) again, with some fields changed.

    ``new_key`` makes it a delivery of its own; otherwise it comes under the key of the one before, whatever it says.
    """
    sent = [event for event in seller.world.trace.of("webhook") if event.actor == seller.id and _is_about(event, task)]
    if not sent:
        raise InputError(f"{seller.id} has sent no webhook{f' about {task}' if task else ' about a task'} yet")
    payload = {**sent[-1].data["payload"], **(change or {})}
    if new_key:
        payload |= {"idempotency_key": seller.ids.uuid("webhook"), "timestamp": iso(seller.now)}
    to = sent[-1].data["to"]
    url = to if "://" in to else seller.world.network.url(to, "webhooks/tasks")
    seller.world.network.notify(seller.id, url, payload, adcp=True)


def _is_about(event: Any, task: str | None) -> bool:
    about = event.data["payload"].get("task_id")
    reports = event.data["payload"].get("task_type") == "media_buy_delivery"
    return not reports if task is None else bool(about == task)
