"""The library: sync_creatives and list_creatives (docs/creative/task-reference).

Creatives pass through the states of docs/creative/specification.mdx, as in a sales agent's library: ``enter`` and
``begin_review`` are the same. An ad server's stored creatives belong to a brand, and are seen by all its accounts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agents.creative.context import SANDBOX, agent_of, format_for
from agents.seller.accounts import account_for
from agents.seller.library import begin_review, enter, set_creative
from agents.seller.records import Account, Creative
from agents.seller.wire import instant, page
from sandbox.core.errors import AdcpError
from sandbox.core.time import iso
from sandbox.domain.formats import format_key
from sandbox.protocol.errors import error_entry

if TYPE_CHECKING:
    from agents.creative.agent import CreativeAgent
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]


def sync_creatives(ctx: Context, request: Body) -> Body:
    """Upload creatives. In ``strict`` mode one bad creative refuses all, in ``lenient`` mode it is a failed row."""
    agent = agent_of(ctx)
    account = account_for(ctx, request["account"], spending=True)
    if request.get("assignments"):
        why = "creatives are assigned to packages with the sales agent"
        raise AdcpError("UNSUPPORTED_FEATURE", why, "assignments")
    scope = request.get("creative_ids")
    wanted = [(n, c) for n, c in enumerate(request.get("creatives", [])) if scope is None or c["creative_id"] in scope]
    faults = {c["creative_id"]: fault for n, c in wanted if (fault := _fault(agent, c, f"creatives[{n}]")) is not None}
    if request.get("validation_mode", "strict") == "strict":
        for fault in faults.values():
            raise fault
    dry_run = bool(request.get("dry_run"))
    rows = [_sync(agent, account, body, faults.get(body["creative_id"]), dry_run) for _, body in wanted]
    if request.get("delete_missing") and "creatives" in request:
        rows += _archive_missing(agent, account, [c["creative_id"] for c in request["creatives"]], dry_run)
    body: Body = {"status": "completed", "creatives": rows}
    return {**body, "dry_run": True} if dry_run else body


def _fault(agent: CreativeAgent, creative: Body, field: str) -> AdcpError | None:
    """What is wrong with a creative: its format, or an asset that the format must have."""
    if "format_id" not in creative:
        return AdcpError("UNSUPPORTED_FEATURE", "formats are named by format_id here", f"{field}.format_kind")
    try:
        check_assets(agent, creative["format_id"], creative["assets"], field)
    except AdcpError as error:
        return error
    return None


def check_assets(agent: CreativeAgent, ref: Body, assets: Body, field: str) -> None:
    """VALIDATION_ERROR unless the format is known and all that it requires is there, of the right type."""
    fmt = format_for(agent, ref, f"{field}.format_id")
    for slot in fmt.slots:
        asset = assets.get(slot.asset_id)
        if asset is None and slot.required:
            why = f"{fmt.format_id} needs the {slot.asset_type} asset {slot.asset_id}"
            raise AdcpError("VALIDATION_ERROR", why, f"{field}.assets.{slot.asset_id}")
        if isinstance(asset, dict) and asset.get("asset_type") != slot.asset_type:
            why = f"{slot.asset_id} is of type {slot.asset_type}, not {asset.get('asset_type')}"
            raise AdcpError("VALIDATION_ERROR", why, f"{field}.assets.{slot.asset_id}.asset_type")


def _sync(agent: CreativeAgent, account: Account, body: Body, fault: AdcpError | None, dry_run: bool) -> Body:
    creative_id = body["creative_id"]
    if fault is not None:
        return {"creative_id": creative_id, "action": "failed", "errors": [error_entry(fault)]}
    known = agent.creatives.get((account.account_id, creative_id))
    if dry_run:
        action = "created" if known is None else "unchanged" if known.body == body else "updated"
        return {"creative_id": creative_id, "action": action}
    creative, action, changes = enter(agent.as_seller, account, body)
    if action != "unchanged":
        begin_review(agent.as_seller, creative)
    row: Body = {"creative_id": creative_id, "action": action, "status": creative.status, "platform_id": creative_id}
    return {**row, "changes": changes} if changes else row


def _archive_missing(agent: CreativeAgent, account: Account, kept: list[str], dry_run: bool) -> list[Body]:
    gone = [
        creative
        for creative in agent.creatives.values()
        if creative.account_id == account.account_id
        and creative.creative_id not in kept
        and creative.status == "approved"
    ]
    for creative in [] if dry_run else gone:
        set_creative(agent.as_seller, creative, "archived", "left out by delete_missing")
    return [{"creative_id": creative.creative_id, "action": "deleted"} for creative in gone]


def library_of(agent: CreativeAgent, accounts: list[Account]) -> list[Creative]:
    """What some accounts see: their own creatives, the stored ones of their brands, and those of tests."""
    own = [account.account_id for account in accounts]
    own += [SANDBOX] if any(account.sandbox for account in accounts) else []
    brands = [str(account.brand.get("domain")) for account in accounts]
    return [c for c in agent.creatives.values() if c.account_id in own or c.account_id in brands]


def creative_for(agent: CreativeAgent, ctx: Context, creative_id: str, account: Account | None) -> Creative:
    """A creative that the caller sees; CREATIVE_NOT_FOUND for foreign ones just as for absent ones."""
    accounts = [account] if account is not None else agent.accounts_of(ctx.principal)
    found = next((c for c in library_of(agent, accounts) if c.creative_id == creative_id), None)
    if found is None:
        raise AdcpError("CREATIVE_NOT_FOUND", f"there is no creative {creative_id}", "creative_id")
    return found


def list_creatives(ctx: Context, request: Body) -> Body:
    """The creatives that the caller sees, filtered, sorted and paged; with prices if an account is named."""
    agent, filters = agent_of(ctx), request.get("filters", {})
    accounts = _scope(agent, ctx, request, filters)
    found = [c for c in library_of(agent, accounts) if _passes(agent, c, filters)]
    sort = {"field": "created_date", "direction": "desc", **request.get("sort", {})}
    key = _SORTS.get(sort["field"], _SORTS["created_date"])
    found.sort(key=key, reverse=sort["direction"] == "desc")
    rows, pagination = page(found, request.get("pagination"))
    counts = Counter(c.status for c in found)
    priced = bool(request.get("include_pricing")) and "account" in request
    summary = {"total_matching": len(found), "returned": len(rows), "filters_applied": sorted(filters)}
    return {
        "status": "completed",
        "query_summary": {**summary, "sort_applied": sort},
        "pagination": pagination,
        "creatives": [_row(agent, creative, request, priced) for creative in rows],
        "status_summary": {s: counts[s] for s in ("processing", "approved", "pending_review", "rejected", "archived")},
    }


def _scope(agent: CreativeAgent, ctx: Context, request: Body, filters: Body) -> list[Account]:
    refs = [request["account"]] if "account" in request else filters.get("accounts")
    if refs is None:
        return agent.accounts_of(ctx.principal)
    named = [agent.account(ctx.principal, ref) for ref in refs]
    return [account for account in named if account is not None]


_SORTS: dict[str, Callable[[Creative], Any]] = {
    "created_date": lambda c: c.created_ms,
    "updated_date": lambda c: c.updated_ms,
    "name": lambda c: c.body["name"],
    "status": lambda c: c.status,
    "assignment_count": lambda _: 0,
}


def _passes(agent: CreativeAgent, creative: Creative, filters: Body) -> bool:
    if creative.status == "archived" and "archived" not in filters.get("statuses", []):
        return False
    body, tags = creative.body, creative.body.get("tags", [])
    served = agent.deliveries.buys_of(creative.creative_id)
    tests: dict[str, Callable[[Any], bool]] = {
        "statuses": lambda wanted: creative.status in wanted,
        "tags": lambda wanted: all(tag in tags for tag in wanted),
        "tags_any": lambda wanted: any(tag in tags for tag in wanted),
        "name_contains": lambda wanted: wanted.lower() in body["name"].lower(),
        "creative_ids": lambda wanted: creative.creative_id in wanted,
        "concept_ids": lambda wanted: body.get("concept_id") in wanted,
        "created_after": lambda wanted: creative.created_ms > instant(wanted, "filters.created_after"),
        "created_before": lambda wanted: creative.created_ms < instant(wanted, "filters.created_before"),
        "updated_after": lambda wanted: creative.updated_ms > instant(wanted, "filters.updated_after"),
        "updated_before": lambda wanted: creative.updated_ms < instant(wanted, "filters.updated_before"),
        "media_buy_ids": lambda wanted: any(buy in wanted for buy in served),
        "has_served": lambda wanted: bool(served) == wanted,
        "assigned_to_packages": lambda _: False,
        "unassigned": bool,
        "has_variables": lambda wanted: not wanted,
        "format_ids": lambda wanted: _same_format(body["format_id"], wanted),
    }
    return all(tests[name](wanted) for name, wanted in filters.items() if name in tests)


def _same_format(ref: Body, wanted: list[Body]) -> bool:
    return format_key(ref) in [format_key(one) for one in wanted]


def _row(agent: CreativeAgent, creative: Creative, request: Body, priced: bool) -> Body:
    body = creative.body
    row: Body = {
        "creative_id": creative.creative_id,
        "name": body["name"],
        "format_id": body["format_id"],
        "status": creative.status,
        "created_date": iso(creative.created_ms),
        "updated_date": iso(creative.updated_ms),
        "assets": body["assets"],
    }
    account = agent.accounts.get(creative.account_id)
    if account is not None:
        row["account"] = account.ref()
    row |= {name: body[name] for name in ("tags", "concept_id", "concept_name") if name in body}
    if request.get("include_assignments", True):
        row["assignments"] = {"assignment_count": 0, "assigned_packages": []}
    options = body.get("pricing_options") or [price.wire() for price in agent.prices]
    if priced and options:
        row["pricing_options"] = options
    return row
