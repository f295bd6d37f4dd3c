"""Collection lists: the programmes around which a buyer wants to appear (docs/governance/collection)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.governance import kept
from agents.governance.context import governance_of
from agents.governance.kept import CACHE_HOURS, Kept
from agents.governance.lists import RESOLVED_PAGE
from agents.governance.paging import page
from agents.governance.records import Json
from sandbox.core.time import HOUR_MS, iso

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

_FIELDS = ("name", "description", "base_collections", "filters", "brand", "webhook_url")


class CollectionList(Kept):
    """A collection list; ``fields`` are those of collection/collection-list.json."""

    __slots__ = ()


def create_collection_list(ctx: Context, request: Json) -> Json:
    """Keep a new list; the answer's token opens it for sales agents and is given once."""
    agent = governance_of(ctx)
    made = CollectionList(agent.ids.next("clist"), ctx.principal.id, kept.account_of(request), agent.now, agent.now)
    kept.take(made, request, _FIELDS, agent.now)
    if "account" in request:
        made.fields["account"] = request["account"]
    agent.collection_lists[made.list_id] = made
    return {"status": "completed", "list": _wire(made), "auth_token": kept.token_of(ctx, made)}


def get_collection_list(ctx: Context, request: Json) -> Json:
    """A list, and what it resolves to unless ``resolve`` is false."""
    found = kept.kept_for(ctx, governance_of(ctx).collection_lists, request)
    body: Json = {"status": "completed", "list": _wire(found)}
    if not request.get("resolve", True):
        return body
    rows, pagination = page(resolve(found), request.get("pagination"), RESOLVED_PAGE)
    body |= {"collections": rows, "pagination": pagination, "resolved_at": iso(ctx.now)}
    return {**body, "cache_valid_until": iso(ctx.now + CACHE_HOURS * HOUR_MS)}


def list_collection_lists(ctx: Context, request: Json) -> Json:
    """The caller's lists, of one account if it names one."""
    found = kept.visible(ctx, governance_of(ctx).collection_lists, request)
    rows, pagination = page(found, request.get("pagination"))
    return {"status": "completed", "lists": [_wire(one) for one in rows], "pagination": pagination}


def update_collection_list(ctx: Context, request: Json) -> Json:
    """Change a list; what is given replaces what was there."""
    found = kept.owned_by(ctx, governance_of(ctx).collection_lists, request)
    kept.take(found, request, _FIELDS, ctx.now)
    return {"status": "completed", "list": _wire(found)}


def delete_collection_list(ctx: Context, request: Json) -> Json:
    """Delete a list."""
    return kept.remove(ctx, governance_of(ctx).collection_lists, request)


def _wire(found: CollectionList) -> Json:
    return {**found.wire(), "collection_count": len(resolve(found))}


def resolve(found: CollectionList) -> list[Json]:
    """The collections that a list names.

    The sandbox has no catalogue of programmes: one that is named by an identifier of its distribution, or by a
    publisher's own id, is known by that alone. A selection by genre names none.
    """
    rows: list[Json] = []
    filters = found.fields.get("filters", {})
    excluded = filters.get("exclude_distribution_ids", [])
    for chosen in found.fields.get("base_collections", []):
        kept_ids = [entry for entry in chosen.get("identifiers", []) if entry not in excluded]
        rows += [{"name": entry["value"], "distribution_ids": [entry]} for entry in kept_ids]
        own, domain = chosen.get("collection_ids", []), chosen.get("publisher_domain")
        rows += [{"name": name, "collection_rid": f"{domain}:{name}"} for name in own]
    return rows
