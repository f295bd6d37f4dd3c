"""The activity feed: who did what, and what the platform did by itself (rules 8, 13 and 173).

Every operation that changed something leaves a row when it has succeeded, in one place for all: the resource is read
from the operation's name (``update_property_list``), ids from its path and its answer. Statuses that change by
themselves, because an agent approved or a flight is over, leave rows too; those have no user.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from agents.buyer.context import customer_of, platform_of
from agents.buyer.subjects import Subject, Subjects
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.core.time import iso
from sandbox.kernel.endpoint import Context, Operation
from sandbox.operations import Body, Group, Request
from sandbox.operations.answer import When
from sandbox.operations.model import Id, Instant, Names
from sandbox.operations.paging import window

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from sandbox.kernel.trace import Event

operation: Group = group("activity")

KEPT = 100_000
"""Rows that are kept of each customer; the oldest go."""

SPECIAL = {
    "auto_select_products": ("SELECT", "CAMPAIGN"),
    "discover_products": ("DISCOVER", "DISCOVERY"),
    "add_discovery_products": ("UPDATE", "DISCOVERY"),
    "remove_discovery_products": ("UPDATE", "DISCOVERY"),
    "read_all_notifications": ("READ", "NOTIFICATION"),
    "syndicate_resource": ("SYNDICATE", "RESOURCE"),
}
"""Action and resource of operations whose name does not say them."""

PAST = {"LOG": "Logged", "READ": "Read", "SUBMIT": "Submitted", "CANCEL": "Canceled", "UNDO": "Undid"}
"""Past tenses that are not formed by -ed."""

BY_STATUS = {
    ("platform_media_buy", "DRAFT"): "CREATE",
    ("platform_media_buy", "PENDING_APPROVAL"): "SUBMIT",
    ("platform_media_buy", "INPUT_REQUIRED"): "QUERY",
    ("platform_media_buy", "ACTIVE"): "APPROVE",
    ("platform_media_buy", "PAUSED"): "PAUSE",
    ("platform_media_buy", "COMPLETED"): "COMPLETE",
    ("platform_media_buy", "CANCELED"): "CANCEL",
    ("platform_media_buy", "REJECTED"): "REJECT",
    ("platform_media_buy", "FAILED"): "FAIL",
    ("platform_media_buy", "ARCHIVED"): "ARCHIVE",
    ("campaign", "COMPLETED"): "COMPLETE",
    ("suggestion", "CREATED"): "CREATE",
    ("suggestion", "APPLIED"): "APPLY",
    ("suggestion", "APPLIED_FAIL"): "FAIL",
    ("suggestion", "EXPIRED"): "EXPIRE",
    ("platform_audience", "READY"): "COMPLETE",
    ("platform_audience", "TOO_SMALL"): "COMPLETE",
    ("platform_audience", "ERROR"): "FAIL",
    ("syndication", "COMPLETED"): "COMPLETE",
    ("syndication", "FAILED"): "FAIL",
}
"""Actions that the platform, or a sales agent, takes by itself."""

RESOURCES = {
    "platform_media_buy": "MEDIA_BUY",
    "suggestion": "OPTIMIZATION_SUGGESTION",
    "platform_audience": "AUDIENCE",
}
"""Resource types of the entities that are called otherwise in the trace."""


class ListActivity(Body):
    """Query of ``list_activity``; ``resourceTypes`` are repeated or separated by commas."""

    start_date: Instant | None = None
    end_date: Instant | None = None
    advertiser_id: Id | None = None
    campaign_id: Id | None = None
    resource_types: Names = []
    take: int = Field(default=50, ge=1, le=500)
    skip: int = Field(default=0, ge=0)


class ActivityRow(TypedDict):
    """Something that was done. ``userEmail`` is null where nobody did it."""

    id: int
    timestamp: When
    action: str
    resourceType: str
    resourceId: str
    resourceName: str
    advertiserId: str | None
    userEmail: str | None
    description: str


class ActivityLogs(TypedDict):
    """A page of the feed."""

    logs: list[ActivityRow]
    total: int


class Pagination(TypedDict):
    """Which page it is."""

    skip: int
    take: int
    total: int
    hasMore: bool


class Meta(TypedDict):
    """What is said about the answer."""

    pagination: Pagination


class ActivityPage(TypedDict):
    """Answer of ``list_activity``."""

    data: ActivityLogs
    meta: Meta


@dataclass(slots=True, frozen=True)
class Done:
    """Something that was done."""

    number: int
    at_ms: int
    action: str
    resource: str
    resource_id: str
    name: str
    advertiser_id: str | None
    campaign_id: str | None
    user: str | None
    description: str


@operation("list_activity", "GET", "/audit-logs", params=ListActivity, answer=ActivityPage, rules=(8, 13, 173))
def list_activity(ctx: Context, request: Request) -> dict[str, Any]:
    """What was done for the customer, the latest first. A campaign's feed has its media buys and creatives too."""
    query: ListActivity = request.params
    if query.start_date is not None and query.end_date is not None and query.end_date < query.start_date:
        raise ApiError("VALIDATION_ERROR", "endDate: it is before startDate", "endDate")
    types = [name.upper() for name in query.resource_types]
    found = [
        row
        for row in platform_of(ctx).activity.of(customer_of(ctx).customer_id)
        if (query.start_date is None or row.at_ms >= query.start_date)
        and (query.end_date is None or row.at_ms <= query.end_date)
        and query.advertiser_id in (None, row.advertiser_id)
        and query.campaign_id in (None, row.campaign_id)
        and (not types or row.resource in types)
    ]
    page = {"skip": query.skip, "take": query.take, "total": len(found)}
    logs = [_wire(row) for row in window(found, query.take, query.skip)]
    return {
        "data": {"logs": logs, "total": len(found)},
        "meta": {"pagination": {**page, "hasMore": query.skip + query.take < len(found)}},
    }


def _wire(row: Done) -> dict[str, Any]:
    return {
        "id": row.number,
        "timestamp": iso(row.at_ms),
        "action": row.action,
        "resourceType": row.resource,
        "resourceId": row.resource_id,
        "resourceName": row.name,
        "advertiserId": row.advertiser_id,
        "userEmail": row.user,
        "description": row.description,
    }


class Activity:
    """The feeds of all customers."""

    def __init__(self, platform: BuyerPlatform, subjects: Subjects) -> None:
        self._platform = platform
        self._subjects = subjects
        self._feeds: dict[int, deque[Done]] = {}

    def of(self, customer_id: int) -> list[Done]:
        """A customer's feed, the latest first."""
        return list(reversed(self._feeds.get(customer_id, ())))

    def listen(self) -> None:
        """From now on, take down what happens by itself."""
        self._platform.world.trace.listen(self._on_event)

    def on_done(self, ctx: Context, row: Operation, request: Request, result: Any) -> None:
        """Take down an operation that a customer has called and that has succeeded."""
        if not row.mutating or row.detail.method == "GET" or ctx.notes.get("tenant") is None:
            return
        action, resource = action_of(row.name)
        answer: dict[str, Any] = result if isinstance(result, dict) else {}
        found = self._subject(resource, request, answer, customer_of(ctx).customer_id)
        what = f"{resource.replace('_', ' ').lower()} {found.name}".strip()
        self._enter(action, resource, found, ctx.principal.user or None, f"{past(action)} {what}")

    def _subject(self, resource: str, request: Request, answer: dict[str, Any], customer_id: int) -> Subject:
        """What an operation was about; if it was about several things, or none, what they belong to."""
        path, platform = request.path, self._platform
        thing = _id_in(answer, resource) or next(reversed(path.values()), "")
        known = self._subjects.find(resource, thing)
        if known is not None:
            return known
        body = request.body
        session = platform.sessions.get(path.get("discoveryId", ""))
        campaign_id = path.get("campaignId") or getattr(body, "campaign_id", None)
        campaign = platform.campaigns.get(campaign_id or (session.campaign_id if session else None) or "")
        holder = session or campaign
        advertiser_id = path.get("advertiserId") or path.get("accountId") or getattr(body, "advertiser_id", None)
        advertiser_id = advertiser_id or (holder.advertiser_id if holder is not None else None)
        name = str(answer.get("name") or thing)
        return Subject(thing, name, customer_id, advertiser_id, campaign.campaign_id if campaign else None)

    def _on_event(self, event: Event) -> None:
        if event.kind != "status" or event.actor != self._platform.id:
            return
        entity, old, new, why = (event.data[name] for name in ("entity", "old", "new", "why"))
        action = "RESUME" if (entity, old, new) == ("platform_media_buy", "PAUSED", "ACTIVE") else None
        action = action or BY_STATUS.get((entity, new))
        subject = self._subjects.of(entity, event.data["id"]) if action else None
        if action is not None and subject is not None:
            resource = RESOURCES.get(entity, entity.upper())
            what = f"{resource.replace('_', ' ').lower()} {subject.name}"
            self._enter(action, resource, subject, None, f"{past(action)} {what}" + (f": {why}" if why else ""))

    def _enter(self, action: str, resource: str, subject: Subject, user: str | None, description: str) -> None:
        feed = self._feeds.setdefault(subject.customer_id, deque(maxlen=KEPT))
        number = self._platform.ids.number("activity")
        ids = (subject.id, subject.name, subject.advertiser_id, subject.campaign_id)
        feed.append(Done(number, self._platform.now, action, resource, *ids, user, description))


def action_of(name: str) -> tuple[str, str]:
    """Action and type of resource of an operation: ``("UPDATE", "PROPERTY_LIST")`` of ``update_property_list``."""
    if name in SPECIAL:
        return SPECIAL[name]
    action, _, things = name.partition("_")
    singular = f"{things[:-3]}y" if things.endswith("ies") else things.removesuffix("s")
    return action.upper(), singular.upper()


def past(action: str) -> str:
    """The past tense of an action: ``Updated``."""
    if action in PAST:
        return PAST[action]
    stem = action.capitalize()
    if stem.endswith("y") and stem[-2] not in "aeiou":
        return f"{stem[:-1]}ied"
    return stem + ("d" if stem.endswith("e") else "ed")


def _id_in(answer: dict[str, Any], resource: str) -> str | None:
    """The id of a resource in an answer: ``propertyListId``, ``listId`` or ``id``, also in snake_case."""
    words = resource.lower().split("_")
    for start in range(len(words)):
        snake = "_".join([*words[start:], "id"])
        for name in (to_camel(snake), snake):
            if isinstance(answer.get(name), str | int):
                return str(answer[name])
    return str(answer["id"]) if isinstance(answer.get("id"), str | int) else None
