"""sync_creatives and list_creatives (docs/creative/task-reference)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agents.seller.accounts import account_for, accounts_of, find_account
from agents.seller.buy_states import refresh
from agents.seller.context import seller_of
from agents.seller.library import begin_review, enter, lift_unused, set_creative, using
from agents.seller.packages import check_fit
from agents.seller.records import Account, Creative, MediaBuy
from agents.seller.sandbox import creative_of, sharing
from agents.seller.wire import instant, page
from sandbox.core.errors import AdcpError
from sandbox.core.time import iso
from sandbox.domain.formats import format_key

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context


def sync_creatives(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Upload creatives and assign them to packages.

    In ``strict`` mode (the default) one bad creative or assignment refuses the whole request; in ``lenient``
    mode it becomes a failed row. ``dry_run`` says what would happen.
    """
    seller = seller_of(ctx)
    account = account_for(ctx, request["account"], spending=True)
    scope = request.get("creative_ids")
    wanted = [c for c in request.get("creatives", []) if scope is None or c["creative_id"] in scope]
    assignments = request.get("assignments", [])
    faults = _creative_faults(seller, wanted)
    misplaced = _assignment_faults(seller, account, wanted, assignments)
    if request.get("validation_mode", "strict") == "strict":
        for error in [*faults.values(), *misplaced.values()]:
            if not (seller.config.assign_ahead and error.code == "PACKAGE_NOT_FOUND"):
                raise error
    dry_run = bool(request.get("dry_run"))
    rows = []
    for body in wanted:
        fault = faults.get(body["creative_id"])
        rows.append(_failed(body["creative_id"], fault) if fault else _sync(seller, account, body, dry_run))
    if not dry_run:
        good = [a for i, a in enumerate(assignments) if i not in misplaced]
        _assign(seller, account, good)
        if request.get("delete_missing") and "creatives" in request:
            rows.extend(_archive_missing(seller, account, [c["creative_id"] for c in request["creatives"]]))
    _say_assignments(rows, assignments, misplaced)
    for row in rows:
        creative = seller.creatives.get((account.account_id, row["creative_id"]))
        if creative is not None and row["action"] not in ("failed", "deleted"):
            row["status"] = creative.status
    body = {"status": "completed", "creatives": rows}
    return {**body, "dry_run": True} if dry_run else body


def _creative_faults(seller: Seller, creatives: list[dict[str, Any]]) -> dict[str, AdcpError]:
    """What is wrong with each creative, by id: a format that no product takes, or its asset missing."""
    formats = {format_key(fmt.ref): fmt for product in seller.products.values() for fmt in product.formats}
    faults: dict[str, AdcpError] = {}
    for number, creative in enumerate(creatives):
        field = f"creatives[{number}]"
        ref = creative.get("format_id")
        fmt = formats.get(format_key(ref)) if ref is not None else None
        if ref is not None and fmt is None:
            faults[creative["creative_id"]] = AdcpError(
                "VALIDATION_ERROR",
                f"no product takes the format {ref['id']}",
                field=f"{field}.format_id",
                suggestion=f"use {', '.join(f.format_id for f in formats.values())}",
            )
        elif not creative["assets"]:
            faults[creative["creative_id"]] = AdcpError(
                "VALIDATION_ERROR", "the creative has no assets", field=f"{field}.assets"
            )
    return faults


def _assignment_faults(
    seller: Seller, account: Account, creatives: list[dict[str, Any]], assignments: list[dict[str, Any]]
) -> dict[int, AdcpError]:
    """What is wrong with each assignment, by position."""
    sent = {creative["creative_id"]: creative for creative in creatives}
    faults: dict[int, AdcpError] = {}
    for number, assignment in enumerate(assignments):
        try:
            _check_assignment(seller, account, sent, assignment, f"assignments[{number}]")
        except AdcpError as error:
            faults[number] = error
    return faults


def _check_assignment(
    seller: Seller, account: Account, sent: dict[str, dict[str, Any]], assignment: dict[str, Any], field: str
) -> None:
    creative_id, package_id = assignment["creative_id"], assignment["package_id"]
    known = creative_of(seller, account.account_id, creative_id)
    body = sent.get(creative_id) or (known.body if known is not None else None)
    if body is None:
        raise AdcpError("CREATIVE_NOT_FOUND", f"there is no creative {creative_id}", field=f"{field}.creative_id")
    if package_id not in seller.package_buys:
        raise AdcpError("PACKAGE_NOT_FOUND", f"there is no package {package_id}", field=f"{field}.package_id")
    buy, package = seller.package(package_id)
    if buy.account_id not in sharing(seller, account.account_id):
        raise AdcpError("PACKAGE_NOT_FOUND", f"there is no package {package_id}", field=f"{field}.package_id")
    if buy.terminal or package.canceled:
        raise AdcpError("INVALID_STATE", f"package {package_id} is over", field=f"{field}.package_id")
    check_fit(package.product, creative_id, body, field)


def _sync(seller: Seller, account: Account, body: dict[str, Any], dry_run: bool) -> dict[str, Any]:
    creative_id = body["creative_id"]
    known = seller.creatives.get((account.account_id, creative_id))
    if dry_run:
        action = "created" if known is None else "unchanged" if known.body == body else "updated"
        return {"creative_id": creative_id, "action": action}
    creative, action, changes = enter(seller, account, body)
    if action != "unchanged":
        begin_review(seller, creative)
    row: dict[str, Any] = {"creative_id": creative_id, "action": action, "platform_id": creative_id}
    return {**row, "changes": changes} if changes else row


def _failed(creative_id: str, fault: AdcpError) -> dict[str, Any]:
    error = {"code": fault.code, "message": fault.message}
    if fault.field is not None:
        error["field"] = fault.field
    return {"creative_id": creative_id, "action": "failed", "errors": [error]}


def _assign(seller: Seller, account: Account, assignments: list[dict[str, Any]]) -> None:
    """Assign creatives to packages, in addition to what is assigned; the revision of the buy stays."""
    touched: dict[str, MediaBuy] = {}
    for assignment in assignments:
        buy, package = seller.package(assignment["package_id"])
        if creative_of(seller, account.account_id, assignment["creative_id"]) is not None:
            package.assignments[assignment["creative_id"]] = assignment.get("weight")
            touched[buy.media_buy_id] = buy
    for buy in touched.values():
        refresh(seller, buy, "creatives were assigned")


def _archive_missing(seller: Seller, account: Account, kept: list[str]) -> list[dict[str, Any]]:
    rows = []
    for creative in seller.creatives.values():
        mine = creative.account_id == account.account_id and creative.creative_id not in kept
        if mine and creative.status == "approved":
            buys = using(seller, creative)
            for package in (p for buy in buys for p in buy.live):
                package.assignments.pop(creative.creative_id, None)
            for buy in buys:
                lift_unused(buy)
            set_creative(seller, creative, "archived", "left out by delete_missing")
            for buy in (b for b in buys if not b.terminal):
                refresh(seller, buy, f"creative {creative.creative_id} is archived")
            rows.append({"creative_id": creative.creative_id, "action": "deleted"})
    return rows


def _say_assignments(
    rows: list[dict[str, Any]], assignments: list[dict[str, Any]], misplaced: dict[int, AdcpError]
) -> None:
    for row in rows:
        mine = [(i, a) for i, a in enumerate(assignments) if a["creative_id"] == row["creative_id"]]
        good = [a["package_id"] for i, a in mine if i not in misplaced]
        bad = {a["package_id"]: misplaced[i].message for i, a in mine if i in misplaced}
        if good and row["action"] != "failed":
            row["assigned_to"] = good
        if bad:
            row["assignment_errors"] = bad


def list_creatives(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The creatives of the caller's accounts, filtered, sorted and paged."""
    seller, filters = seller_of(ctx), request.get("filters", {})
    mine = [account.account_id for account in accounts_of(seller, ctx.principal)]
    if "account" in request:
        account = find_account(seller, ctx.principal, request["account"])
        mine = [account.account_id] if account is not None else []
    found = [c for c in seller.creatives.values() if c.account_id in mine]
    found = [c for c in found if _passes(seller, ctx, c, filters)]
    sort = request.get("sort", {})
    keys: dict[str, Callable[[Creative], Any]] = {
        "name": lambda c: c.body["name"],
        "status": lambda c: c.status,
        "updated_date": lambda c: c.updated_ms,
    }
    found.sort(key=keys.get(sort.get("field", ""), lambda c: c.created_ms), reverse=sort.get("direction") == "desc")
    rows, pagination = page(found, request.get("pagination"))
    counts = Counter(c.status for c in found)
    summary = {s: counts[s] for s in ("processing", "approved", "pending_review", "rejected", "archived")}
    return {
        "status": "completed",
        "query_summary": {
            "total_matching": len(found),
            "returned": len(rows),
            "filters_applied": sorted(filters),
        },
        "pagination": pagination,
        "creatives": [_listed(seller, c, bool(request.get("include_assignments", True))) for c in rows],
        "status_summary": summary,
    }


def _passes(seller: Seller, ctx: Context, creative: Creative, filters: dict[str, Any]) -> bool:
    buys = using(seller, creative)
    packages = [p.package_id for b in buys for p in b.live if creative.creative_id in p.assignments]
    body = creative.body
    tags = body.get("tags", [])
    accounts = [find_account(seller, ctx.principal, ref) for ref in filters.get("accounts", [])]
    wanted_formats = [format_key(ref) for ref in filters.get("format_ids", [])]
    tests: dict[str, Callable[[], bool]] = {
        "accounts": lambda: any(a is not None and a.account_id == creative.account_id for a in accounts),
        "statuses": lambda: creative.status in filters["statuses"],
        "tags": lambda: all(tag in tags for tag in filters["tags"]),
        "tags_any": lambda: any(tag in tags for tag in filters["tags_any"]),
        "name_contains": lambda: filters["name_contains"].lower() in body["name"].lower(),
        "creative_ids": lambda: creative.creative_id in filters["creative_ids"],
        "created_after": lambda: creative.created_ms > instant(filters["created_after"], "filters.created_after"),
        "created_before": lambda: creative.created_ms < instant(filters["created_before"], "filters.created_before"),
        "updated_after": lambda: creative.updated_ms > instant(filters["updated_after"], "filters.updated_after"),
        "updated_before": lambda: creative.updated_ms < instant(filters["updated_before"], "filters.updated_before"),
        "assigned_to_packages": lambda: any(p in filters["assigned_to_packages"] for p in packages),
        "media_buy_ids": lambda: any(b.media_buy_id in filters["media_buy_ids"] for b in buys),
        "unassigned": lambda: filters["unassigned"] != bool(packages),
        "format_ids": lambda: "format_id" in body and format_key(body["format_id"]) in wanted_formats,
    }
    # Archived creatives are listed only when they are asked for.
    if creative.status == "archived" and "archived" not in filters.get("statuses", []):
        return False
    return all(test() for name, test in tests.items() if name in filters)


def _listed(seller: Seller, creative: Creative, with_assignments: bool) -> dict[str, Any]:
    body = creative.body
    row: dict[str, Any] = {
        "creative_id": creative.creative_id,
        "account": seller.accounts[creative.account_id].ref(),
        "name": body["name"],
        "status": creative.status,
        "created_date": iso(creative.created_ms),
        "updated_date": iso(creative.updated_ms),
        "assets": body["assets"],
    }
    for name in ("format_id", "format_kind", "format_option_ref", "tags"):
        if name in body:
            row[name] = body[name]
    if with_assignments:
        packages = [
            {"package_id": package.package_id, "assigned_date": iso(creative.updated_ms)}
            for buy in using(seller, creative)
            for package in buy.live
            if creative.creative_id in package.assignments
        ]
        row["assignments"] = {"assignment_count": len(packages), "assigned_packages": packages}
    return row
