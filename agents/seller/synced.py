"""Buyers' event sources, events and catalogs: sync_event_sources, log_event, sync_catalogs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.seller.accounts import account_for, accounts_of
from agents.seller.context import seller_of
from agents.seller.wire import instant
from sandbox.core.errors import AdcpError
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]
Key = tuple[str, str]


@dataclass(slots=True)
class Synced:
    """What buyers have synced, by account and id."""

    sources: dict[Key, Body] = field(default_factory=dict)
    events: set[tuple[str, str, str, str]] = field(default_factory=set)
    """Events that were logged: account, source, type and id."""
    catalogs: dict[Key, Body] = field(default_factory=dict)


def _put(table: dict[Key, Body], key: Key, body: Body, dry_run: bool = False) -> str:
    """Enter something under its key, and say what that did."""
    known = table.get(key)
    if not dry_run:
        table[key] = body
    return "created" if known is None else "unchanged" if known == body else "updated"


def _drop_missing(table: dict[Key, Body], account_id: str, kept: list[str], dry_run: bool = False) -> list[str]:
    """Delete what an account has besides ``kept``; gives the ids."""
    gone = [thing_id for owner, thing_id in table if owner == account_id and thing_id not in kept]
    for thing_id in [] if dry_run else gone:
        del table[account_id, thing_id]
    return gone


def sync_event_sources(ctx: Context, request: Body) -> Body:
    """Create, change and delete event sources of an account; without ``event_sources`` they are only told."""
    seller, account_id = seller_of(ctx), account_for(ctx, request["account"]).account_id
    table = seller.synced.sources
    if "event_sources" not in request:
        mine = [body for (owner, _), body in table.items() if owner == account_id]
        return {"status": "completed", "event_sources": [_source_row(seller, body, "unchanged") for body in mine]}
    rows = [
        _source_row(seller, body, _put(table, (account_id, body["event_source_id"]), body))
        for body in request["event_sources"]
    ]
    if request.get("delete_missing"):
        kept = [body["event_source_id"] for body in request["event_sources"]]
        gone = _drop_missing(table, account_id, kept)
        rows += [{"event_source_id": source_id, "action": "deleted"} for source_id in gone]
    return {"status": "completed", "event_sources": rows}


def _source_row(seller: Seller, body: Body, action: str) -> Body:
    shown: Body = {
        name: body[name] for name in ("event_source_id", "name", "event_types", "action_source") if name in body
    }
    if seller.config.event_snippet:
        snippet = seller.config.event_snippet.replace("{event_source_id}", body["event_source_id"])
        shown["setup"] = {"snippet": snippet, "snippet_type": "html"}
    return {**shown, "managed_by": "buyer", "action": action}


def log_event(ctx: Context, request: Body) -> Body:
    """Take events of a source of the caller; each counts once by source, type and id. A test leaves no trace."""
    seller, source_id = seller_of(ctx), request["event_source_id"]
    owners = [account.account_id for account in accounts_of(seller, ctx.principal)]
    owner = next((account_id for account_id in owners if (account_id, source_id) in seller.synced.sources), None)
    if owner is None:
        raise AdcpError("REFERENCE_NOT_FOUND", f"there is no event source {source_id}", "event_source_id")
    allowed = seller.synced.sources[owner, source_id].get("event_types")
    failures: list[Body] = []
    taken, matched = 0, 0
    times = [instant(event["event_time"], "events.event_time") for event in request["events"]]
    for event, event_ms in zip(request["events"], times, strict=True):
        if allowed and event["event_type"] not in allowed:
            why = f"the source sends {', '.join(allowed)} only"
            failures.append({"event_id": event["event_id"], "code": "INVALID_EVENT_TYPE", "message": why})
            continue
        if event_ms > ctx.now:
            failures.append({"event_id": event["event_id"], "code": "INVALID_EVENT_TIME", "message": "in the future"})
            continue
        taken, matched = taken + 1, matched + bool(event.get("user_match"))
        if "test_event_code" not in request:
            seller.synced.events.add((owner, source_id, event["event_type"], event["event_id"]))
    body: Body = {"status": "completed", "events_received": len(request["events"]), "events_processed": taken}
    if failures:
        body["partial_failures"] = failures
    return {**body, "match_quality": round(matched / taken, 4) if taken else 0.0}


def sync_catalogs(ctx: Context, request: Body) -> Body:
    """Create, change and delete catalogs of an account; without ``catalogs`` they are only told."""
    seller, account_id = seller_of(ctx), account_for(ctx, request["account"]).account_id
    table, dry_run = seller.synced.catalogs, bool(request.get("dry_run"))
    if "catalogs" not in request:
        mine = [body for (owner, _), body in table.items() if owner == account_id]
        return {"status": "completed", "catalogs": [_catalog_row(body, "unchanged", ctx.now) for body in mine]}
    for number, body in enumerate(request["catalogs"]):
        if "catalog_id" not in body:
            raise AdcpError("VALIDATION_ERROR", "a catalog that is synced has an id", f"catalogs[{number}].catalog_id")
    rows = []
    for body in request["catalogs"]:
        if body["catalog_id"] in request.get("catalog_ids", [body["catalog_id"]]):
            action = _put(table, (account_id, body["catalog_id"]), body, dry_run)
            rows.append(_catalog_row(body, action, ctx.now))
    if request.get("delete_missing"):
        kept = [body["catalog_id"] for body in request["catalogs"]]
        gone = _drop_missing(table, account_id, kept, dry_run)
        rows += [{"catalog_id": catalog_id, "action": "deleted"} for catalog_id in gone]
    answer: Body = {"status": "completed", "catalogs": rows}
    return {**answer, "dry_run": True} if dry_run else answer


def _catalog_row(body: Body, action: str, now_ms: int) -> Body:
    """What became of a catalog. The items of a feed are not known: nothing is fetched from outside."""
    count = len(body.get("items", []))
    row: Body = {"catalog_id": body["catalog_id"], "action": action, "item_count": count}
    return {**row, "items_approved": count, "last_synced_at": iso(now_ms)}
