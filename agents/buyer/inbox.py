"""Webhooks of sales agents: news of tasks, and delivery reports (rule 82; facts 4.9 and 4.11)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.context import platform_of
from agents.buyer.deliveries import on_report
from agents.buyer.status_sync import on_task
from sandbox.kernel.endpoint import Context, Endpoint, Operation
from sandbox.protocol.dialect import InboxDialect

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform


def make_inbox(platform: BuyerPlatform) -> Endpoint:
    """The door for webhooks: each event is taken once, repetitions are acknowledged without effect."""
    return Endpoint(platform, InboxDialect(), [Operation("webhook", webhook, mutating=True)])


def webhook(ctx: Context, payload: dict[str, Any]) -> Generator[Any, Any, dict[str, Any]]:
    """Take one event. The sender is the sales agent; what it says about others' buys is ignored."""
    platform, result = platform_of(ctx), payload.get("result", {})
    if payload.get("task_type") == "media_buy_delivery" or "media_buy_deliveries" in result:
        yield from on_report(platform, ctx.principal.id, result)
    else:
        yield from on_task(platform, ctx.principal.id, payload)
    return {}
