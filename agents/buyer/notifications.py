"""Notifications: what happened to a customer's things, read and acknowledged or not yet (rules 170 to 172, 14).

They belong to the customer, so what one person has read is read for all. ``brandAgentId`` is the advertiser
(conflict C31). A customer with a ``notify_url`` gets each one as a webhook too (conflict C63).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agents.buyer.context import customer_of, platform_of
from agents.buyer.notification_kinds import KINDS, Status
from sandbox.core.errors import ApiError
from sandbox.core.time import DAY_MS, iso
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request
from sandbox.operations.answer import When
from sandbox.operations.model import Id, Names
from sandbox.operations.paging import limit_offset

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = Group("notifications", "/api/v2", "/api/v2/buyer", "/api/buyer")
"""Not under ``/buyer`` (rule 1); the prefixed paths are aliases (conflict C51)."""

KEPT = 10_000
"""Notifications that are kept of each customer; the oldest go."""

CLEANED_MS = 90 * DAY_MS
"""How long an acknowledged notification is still listed (rule 170)."""

PREVIEW, MESSAGE = 200, 1_000
"""Characters of a message in the list (rule 171), and at all."""

TOLD = 20
"""Unread notifications that help texts tell."""


@dataclass(slots=True)
class Notification:
    """Something that happened."""

    notification_id: str
    type: str
    status: Status
    message: str
    created_ms: int
    advertiser_id: str | None = None
    campaign_id: str | None = None
    creative_id: str | None = None
    read: bool = False
    acknowledged_ms: int | None = None


class ListNotifications(Body):
    """Query of ``list_notifications``."""

    unread_only: bool = False
    brand_agent_id: Id | None = None
    types: Names = []
    campaign_id: Id | None = None
    creative_id: Id | None = None
    limit: int = Field(default=50, ge=1, le=100)
    offset: int = Field(default=0, ge=0)


class ReadAll(Body):
    """Body of ``read_all_notifications``."""

    brand_agent_id: Id | None = None


class NotificationRow(TypedDict):
    """A notification, summarised: the things it is about are fetched by themselves."""

    id: str
    type: str
    status: Literal["info", "success", "warning", "error"]
    messagePreview: str
    read: bool
    acknowledged: bool
    createdAt: When


class NotificationPage(TypedDict):
    """Answer of ``list_notifications``; ``unreadCount`` counts all unread ones, whatever the filter."""

    notifications: list[NotificationRow]
    totalCount: int
    unreadCount: int
    hasMore: bool


@operation(
    "list_notifications",
    "GET",
    "/notifications",
    params=ListNotifications,
    answer=NotificationPage,
    rules=(7, 8, 13, 170, 171),
)
def list_notifications(ctx: Context, request: Request) -> dict[str, Any]:
    """The customer's notifications, the newest first."""
    query: ListNotifications = request.params
    mine = platform_of(ctx).notifications.of(customer_of(ctx).customer_id)
    found = [
        _row(one)
        for one in mine
        if not (query.unread_only and one.read)
        and query.brand_agent_id in (None, one.advertiser_id)
        and query.campaign_id in (None, one.campaign_id)
        and query.creative_id in (None, one.creative_id)
        and (not query.types or one.type in query.types)
    ]
    page = limit_offset(found, query.limit, query.offset)
    return {
        "notifications": page["items"],
        "totalCount": page["total"],
        "unreadCount": sum(not one.read for one in mine),
        "hasMore": page["hasMore"],
    }


@operation("read_notification", "POST", "/notifications/{notificationId}/read", success_status=204, rules=(13, 170))
def read_notification(ctx: Context, request: Request) -> dict[str, Any]:
    """Mark a notification as seen."""
    _own(ctx, request).read = True
    return {}


@operation(
    "acknowledge_notification",
    "POST",
    "/notifications/{notificationId}/acknowledge",
    success_status=204,
    rules=(13, 170),
)
def acknowledge_notification(ctx: Context, request: Request) -> dict[str, Any]:
    """Mark a notification as dealt with; it is cleaned up 90 days later."""
    one = _own(ctx, request)
    one.acknowledged_ms = ctx.now if one.acknowledged_ms is None else one.acknowledged_ms
    return {}


@operation("read_all_notifications", "POST", "/notifications/read-all", body=ReadAll, success_status=204, rules=(172,))
def read_all_notifications(ctx: Context, request: Request) -> dict[str, Any]:
    """Mark all notifications as seen, or those of one advertiser."""
    for one in platform_of(ctx).notifications.of(customer_of(ctx).customer_id):
        if request.body.brand_agent_id in (None, one.advertiser_id):
            one.read = True
    return {}


def _own(ctx: Context, request: Request) -> Notification:
    wanted = request.path["notificationId"]
    found = platform_of(ctx).notifications.get(customer_of(ctx).customer_id, wanted)
    if found is None:
        raise ApiError("NOT_FOUND", f"there is no notification {wanted}")
    return found


def _row(one: Notification) -> dict[str, Any]:
    return {
        "id": one.notification_id,
        "type": one.type,
        "status": one.status,
        "messagePreview": _cut(one.message, PREVIEW),
        "read": one.read,
        "acknowledged": one.acknowledged_ms is not None,
        "createdAt": iso(one.created_ms),
    }


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


class Notifications:
    """The notifications of all customers."""

    def __init__(self, platform: BuyerPlatform) -> None:
        self._platform = platform
        self._kept: dict[int, OrderedDict[str, Notification]] = {}
        self._urls = {number: entry.notify_url for number, entry in enumerate(platform.config.customers, start=1)}

    def tell(
        self,
        kind: str,
        message: str,
        customer_id: int,
        advertiser_id: str | None = None,
        campaign_id: str | None = None,
        creative_id: str | None = None,
    ) -> Notification:
        """Notify a customer of something. ``kind`` is one of :data:`KINDS`, in the form ``resource.action``."""
        now = self._platform.now
        one = Notification(
            f"notif_{now // 1000}_{self._platform.ids.next('notif').partition('_')[2]}",
            kind,
            KINDS[kind][0],
            _cut(message, MESSAGE),
            now,
            advertiser_id,
            campaign_id,
            creative_id,
        )
        kept = self._kept.setdefault(customer_id, OrderedDict())
        kept[one.notification_id] = one
        if len(kept) > KEPT:
            kept.popitem(last=False)
        url = self._urls.get(customer_id)
        if url:
            self._platform.world.network.notify(self._platform.id, url, _webhook(one))
        return one

    def of(self, customer_id: int) -> list[Notification]:
        """A customer's notifications, the newest first, without those that are cleaned up."""
        kept = self._kept.get(customer_id)
        return [one for one in reversed(kept.values() if kept else ()) if not self._cleaned(one)]

    def get(self, customer_id: int, notification_id: str) -> Notification | None:
        """One notification of a customer."""
        kept = self._kept.get(customer_id)
        one = kept.get(notification_id) if kept else None
        return None if one is None or self._cleaned(one) else one

    def unread_text(self, customer_id: int) -> str:
        """The section of help texts about unread notifications, in Markdown; empty if there are none (rule 14)."""
        unread = [one for one in self.of(customer_id) if not one.read]
        if not unread:
            return ""
        lines = [
            f"- {iso(one.created_ms)} [{one.status}] {one.type}: {_cut(one.message, PREVIEW)} ({one.notification_id})"
            for one in unread[:TOLD]
        ]
        if len(unread) > TOLD:
            lines.append(f"- and {len(unread) - TOLD} more: list_notifications with unreadOnly=true")
        return "\n".join([f"## Unread Notifications ({len(unread)})", "", *lines])

    def _cleaned(self, one: Notification) -> bool:
        return one.acknowledged_ms is not None and self._platform.now >= one.acknowledged_ms + CLEANED_MS


def _webhook(one: Notification) -> dict[str, Any]:
    """What a customer's own endpoint gets: small, with ids rather than things (conflict C63)."""
    data = {
        "notificationId": one.notification_id,
        "status": one.status,
        "message": one.message,
        "brandAgentId": one.advertiser_id,
        "campaignId": one.campaign_id,
        "creativeId": one.creative_id,
    }
    present = {name: value for name, value in data.items() if value is not None}
    return {"type": one.type, "timestamp": iso(one.created_ms), "data": present}


def unread_text(platform: BuyerPlatform, customer_id: int) -> str:
    """The section "Unread Notifications" that help and ask_about_capability append (rule 14)."""
    return platform.notifications.unread_text(customer_id)
