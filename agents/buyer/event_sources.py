"""Event sources: where conversions come from; goals refer to them (rules 52 and 133).

Bodies follow AdCP's sync_event_sources and are in snake_case (rule 2).
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from agents.buyer.context import account_for, advertiser_for
from agents.buyer.records import Advertiser
from agents.buyer.wire import AccountRef, group
from sandbox.core.errors import ApiError
from sandbox.core.time import iso
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request, SnakeBody
from sandbox.operations.model import Id
from sandbox.operations.paging import TakeSkip, window

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


class CreateEventSource(Body):
    """Body of the single form that first-time setup shows (conflict C18)."""

    event_source_id: Id
    name: str | None = None
    event_types: list[EventType] | None = None
    allowed_domains: list[str] | None = None


@operation(
    "sync_event_sources",
    "POST",
    "/advertisers/{advertiserId}/event-sources/sync",
    body=SyncEventSources,
    envelope="data",
    rules=(133,),
)
def sync_event_sources(ctx: Context, request: Request) -> dict[str, Any]:
    """Create or change event sources by their id; ``delete_missing`` archives all others."""
    body: SyncEventSources = request.body
    advertiser = account_for(ctx, request.path["advertiserId"], body.account)
    rows: list[dict[str, str]] = []
    told: list[str] = []
    for source in body.event_sources:
        if source.event_source_id in told:
            rows.append({"event_source_id": source.event_source_id, "action": "failed"})
            continue
        told.append(source.event_source_id)
        action = _put(advertiser, source.model_dump(exclude_none=True), ctx.now)
        rows.append({"event_source_id": source.event_source_id, "action": action})
    if body.delete_missing:
        for source_id in [known for known in advertiser.event_sources if known not in told]:
            advertiser.archived_event_sources.append(advertiser.event_sources.pop(source_id))
            rows.append({"event_source_id": source_id, "action": "deleted"})
    return {"event_sources": rows}


@operation(
    "list_event_sources",
    "GET",
    "/advertisers/{advertiserId}/event-sources",
    params=TakeSkip,
    envelope="data",
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
)
def create_event_source(ctx: Context, request: Request) -> dict[str, Any]:
    """Register one event source; CONFLICT if its id is taken."""
    advertiser = advertiser_for(ctx, request.path["advertiserId"])
    source = request.body.model_dump(exclude_none=True)
    if source["event_source_id"] in advertiser.event_sources:
        raise ApiError("CONFLICT", f"event source {source['event_source_id']} exists", "eventSourceId")
    _put(advertiser, source, ctx.now)
    return _wire(advertiser.event_sources[source["event_source_id"]])


def _put(advertiser: Advertiser, wanted: dict[str, Any], now_ms: int) -> str:
    """Enter a source, and say what that did."""
    known = advertiser.event_sources.get(wanted["event_source_id"])
    if known is None:
        advertiser.event_sources[wanted["event_source_id"]] = {
            "source": wanted,
            "created_ms": now_ms,
            "updated_ms": now_ms,
        }
        return "created"
    if known["source"] == wanted:
        return "unchanged"
    known["source"], known["updated_ms"] = wanted, now_ms
    return "updated"


def _wire(known: dict[str, Any]) -> dict[str, Any]:
    return {**known["source"], "created_at": iso(known["created_ms"]), "updated_at": iso(known["updated_ms"])}
