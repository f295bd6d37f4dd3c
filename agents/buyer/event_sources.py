"""Event sources: where conversions come from; goals refer to them (rules 52 and 133).

Bodies follow AdCP's sync_event_sources and are in snake_case (rule 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from agents.buyer.context import account_for, advertiser_for, branded_advertiser_for, platform_of
from agents.buyer.records import Advertiser
from agents.buyer.wire import AccountRef, group
from sandbox.core.errors import ApiError
from sandbox.core.time import iso
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request, SnakeBody
from sandbox.operations.answer import When
from sandbox.operations.model import Id
from sandbox.operations.paging import TakeSkip, window

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = group("event_sources")

EVENT_TYPES = (
    "purchase", "lead", "add_to_cart", "complete_registration", "subscribe", "app_install", "start_trial",
    "search", "add_to_wishlist", "view_content", "initiate_checkout", "add_payment_info", "share", "donate",
    "find_location", "schedule", "contact", "customize_product", "submit_application", "login", "page_view",
    "complete_tutorial", "achieve_level", "unlock_achievement", "spend_credits", "rate", "download", "custom",
    "deposit", "subscription",
)  # fmt: skip
"""Types of events: those of the sync operation and the further ones of ``log_event`` (conflict C16)."""

EventType = Annotated[str, Field(pattern=f"^({'|'.join(EVENT_TYPES)})$")]


class EventSource(SnakeBody):
    """An event source; without ``event_types`` it sends all types."""

    event_source_id: Id
    name: str | None = None
    event_types: list[EventType] | None = None
    allowed_domains: list[str] | None = None


class SyncEventSources(SnakeBody):
    """Body of ``sync_event_sources``."""

    account: AccountRef
    event_sources: Annotated[list[EventSource], Field(min_length=1, max_length=50)]
    delete_missing: bool = False


class UpdateEventSource(Body):
    """Body of ``update_event_source``: what is given is changed, null forgets it (conflict C18)."""

    name: str | None = None
    event_types: list[EventType] | None = None
    allowed_domains: list[str] | None = None


class CreateEventSource(UpdateEventSource):
    """Body of the single form that first-time setup shows (conflict C18)."""

    event_source_id: Id


class SyncRow(TypedDict):
    """What became of one event source."""

    event_source_id: str
    action: Literal["created", "updated", "unchanged", "failed", "deleted"]


class SyncAnswer(TypedDict):
    """Answer of ``sync_event_sources``."""

    event_sources: list[SyncRow]


class EventSourceAnswer(TypedDict):
    """An event source; without ``event_types`` it sends all types."""

    event_source_id: str
    name: NotRequired[str]
    event_types: NotRequired[list[str]]
    allowed_domains: NotRequired[list[str]]
    created_at: When
    updated_at: When


class EventSourceList(TypedDict):
    """One page of event sources."""

    event_sources: list[EventSourceAnswer]
    total: int
    take: int
    skip: int


@operation(
    "sync_event_sources",
    "POST",
    "/advertisers/{advertiserId}/event-sources/sync",
    body=SyncEventSources,
    envelope="data",
    answer=SyncAnswer,
    rules=(41, 133),
)
def sync_event_sources(ctx: Context, request: Request) -> dict[str, Any]:
    """Create or change event sources by their id; ``delete_missing`` archives all others."""
    platform, body = platform_of(ctx), request.body
    advertiser = account_for(ctx, request.path["advertiserId"], body.account)
    rows: list[dict[str, str]] = []
    told: list[str] = []
    for source in body.event_sources:
        if source.event_source_id in told:
            rows.append({"event_source_id": source.event_source_id, "action": "failed"})
            continue
        told.append(source.event_source_id)
        action = _put(platform, advertiser, source.model_dump(exclude_none=True))
        rows.append({"event_source_id": source.event_source_id, "action": action})
    if body.delete_missing:
        for source_id in [known for known in advertiser.event_sources if known not in told]:
            _archive(platform, advertiser, source_id)
            rows.append({"event_source_id": source_id, "action": "deleted"})
    return {"event_sources": rows}


@operation(
    "list_event_sources",
    "GET",
    "/advertisers/{advertiserId}/event-sources",
    params=TakeSkip,
    envelope="data",
    answer=EventSourceList,
    rules=(8,),
)
def list_event_sources(ctx: Context, request: Request) -> dict[str, Any]:
    """The advertiser's event sources that are not archived."""
    advertiser = advertiser_for(ctx, request.path["advertiserId"])
    rows = [_wire(source) for source in advertiser.event_sources.values()]
    take, skip = request.params.take, request.params.skip
    return {"event_sources": window(rows, take, skip), "total": len(rows), "take": take, "skip": skip}


@operation(
    "create_event_source",
    "POST",
    "/advertisers/{advertiserId}/event-sources",
    body=CreateEventSource,
    success_status=201,
    envelope="data",
    answer=EventSourceAnswer,
    rules=(41,),
)
def create_event_source(ctx: Context, request: Request) -> dict[str, Any]:
    """Register one event source; CONFLICT if its id is taken."""
    advertiser = branded_advertiser_for(ctx, request.path["advertiserId"])
    source = request.body.model_dump(exclude_none=True)
    if source["event_source_id"] in advertiser.event_sources:
        raise ApiError("CONFLICT", f"event source {source['event_source_id']} exists", "eventSourceId")
    _put(platform_of(ctx), advertiser, source)
    return _wire(advertiser.event_sources[source["event_source_id"]])


@operation(
    "get_event_source",
    "GET",
    "/advertisers/{advertiserId}/event-sources/{eventSourceId}",
    envelope="data",
    answer=EventSourceAnswer,
)
def get_event_source(ctx: Context, request: Request) -> dict[str, Any]:
    """One event source."""
    return _wire(_own(ctx, request)[1])


@operation(
    "update_event_source",
    "PUT",
    "/advertisers/{advertiserId}/event-sources/{eventSourceId}",
    body=UpdateEventSource,
    envelope="data",
    answer=EventSourceAnswer,
)
def update_event_source(ctx: Context, request: Request) -> dict[str, Any]:
    """Change one event source."""
    advertiser, known = _own(ctx, request)
    changed = {**known["source"], **request.body.model_dump(exclude_unset=True)}
    _put(platform_of(ctx), advertiser, {name: value for name, value in changed.items() if value is not None})
    return _wire(known)


@operation(
    "delete_event_source",
    "DELETE",
    "/advertisers/{advertiserId}/event-sources/{eventSourceId}",
    success_status=204,
)
def delete_event_source(ctx: Context, request: Request) -> None:
    """Archive one event source; goals that name it keep their name for it."""
    advertiser, known = _own(ctx, request)
    _archive(platform_of(ctx), advertiser, known["source"]["event_source_id"])


def _own(ctx: Context, request: Request) -> tuple[Advertiser, dict[str, Any]]:
    """An event source of the caller's advertiser; NOT_FOUND if it is archived."""
    advertiser = advertiser_for(ctx, request.path["advertiserId"])
    known = advertiser.event_sources.get(request.path["eventSourceId"])
    if known is None:
        raise ApiError("NOT_FOUND", f"there is no event source {request.path['eventSourceId']}")
    return advertiser, known


def _put(platform: BuyerPlatform, advertiser: Advertiser, wanted: dict[str, Any]) -> str:
    """Enter a source, and say what that did."""
    source_id, now = wanted["event_source_id"], platform.now
    known = advertiser.event_sources.get(source_id)
    if known is not None and known["source"] == wanted:
        return "unchanged"
    if known is None:
        advertiser.event_sources[source_id] = {"source": wanted, "created_ms": now, "updated_ms": now}
    else:
        known["source"], known["updated_ms"] = wanted, now
    platform.syndications.changed(advertiser.advertiser_id, "EVENT_SOURCE", source_id)
    return "created" if known is None else "updated"


def _archive(platform: BuyerPlatform, advertiser: Advertiser, source_id: str) -> None:
    advertiser.archived_event_sources.append(advertiser.event_sources.pop(source_id))
    platform.syndications.changed(advertiser.advertiser_id, "EVENT_SOURCE", source_id)


def _wire(known: dict[str, Any]) -> dict[str, Any]:
    return {**known["source"], "created_at": iso(known["created_ms"]), "updated_at": iso(known["updated_ms"])}
