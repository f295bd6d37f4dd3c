"""sync_audiences: buyers upload audiences in pieces, and ask how far matching is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.accounts import account_for
from agents.seller.audience_matching import ID_TYPES, Audience, begin_matching, finds, identifiers, set_reach
from agents.seller.context import seller_of
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

Row = dict[str, Any]


def sync_audiences(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Create, change and delete audiences of an account; without ``audiences`` the account's are only told."""
    seller, account = seller_of(ctx), account_for(ctx, request["account"])
    mine = [audience for (owner, _), audience in seller.audiences.items() if owner == account.account_id]
    if "audiences" not in request:
        rows = [_row(seller, audience, "unchanged", 0) for audience in mine]
        return {"status": "completed", "audiences": rows}
    rows = [_sync(seller, account.account_id, entry) for entry in request["audiences"]]
    if request.get("delete_missing"):
        kept = [entry["audience_id"] for entry in request["audiences"]]
        rows += [_delete(seller, audience) for audience in mine if audience.audience_id not in kept]
    return {"status": "completed", "audiences": rows}


def _sync(seller: Seller, account_id: str, entry: dict[str, Any]) -> Row:
    audience_id = entry["audience_id"]
    audience = seller.audiences.get((account_id, audience_id))
    if entry.get("delete"):
        if audience is not None:
            return _delete(seller, audience)
        error = {"code": "REFERENCE_NOT_FOUND", "message": f"there is no audience {audience_id}"}
        return {"audience_id": audience_id, "action": "failed", "errors": [error]}
    action = "updated"
    if audience is None:
        action = "created"
        audience = Audience(audience_id, account_id, seller.ids.next("aud"), audience_id, seller.now)
        seller.audiences[account_id, audience_id] = audience
    before = (audience.name, dict(audience.members))
    audience.name = entry.get("name", audience.name)
    for member in entry.get("add", []):
        audience.members[member["external_id"]] = identifiers(member)
    for member in entry.get("remove", []):  # removal wins over addition
        audience.members.pop(member["external_id"], None)
    audience.synced_ms = seller.now
    if action == "updated" and before == (audience.name, audience.members):
        return _row(seller, audience, "unchanged", len(entry.get("add", [])))
    if action == "created" or before[1] != audience.members:
        begin_matching(seller, audience)
    return _row(seller, audience, action, len(entry.get("add", [])))


def _delete(seller: Seller, audience: Audience) -> Row:
    """Delete an audience; packages that are aimed at it reach nobody through it any more."""
    del seller.audiences[audience.account_id, audience.audience_id]
    set_reach(seller, audience, 0)
    return {"audience_id": audience.audience_id, "name": audience.name, "action": "deleted"}


def _row(seller: Seller, audience: Audience, action: str, uploaded: int) -> Row:
    settings, total = seller.config.audience_targeting, len(audience.members)
    assert settings is not None
    row: Row = {
        "audience_id": audience.audience_id,
        "name": audience.name,
        "seller_id": audience.seller_ref,
        "action": action,
        "status": audience.status,
        "uploaded_count": uploaded,
        "total_uploaded_count": total,
        "last_synced_at": iso(audience.synced_ms),
    }
    if audience.status == "ready":
        row["matched_count"] = audience.matched
        row["effective_match_rate"] = round(audience.matched / total, 4) if total else 0
        breakdown = _breakdown(seller, audience)
        if breakdown:
            row["match_breakdown"] = breakdown
    if audience.status == "too_small":
        row["minimum_size"] = settings.minimum_size
    return row


def _breakdown(seller: Seller, audience: Audience) -> list[Row]:
    """Members by type of identifier: how many were submitted, and how many were found by it."""
    rows: list[Row] = []
    for kind in ID_TYPES:
        values = [[value for t, value in known if t == kind] for known in audience.members.values()]
        submitted = [each for each in values if each]
        matched = sum(any(finds(seller, kind, value) for value in each) for each in submitted)
        if submitted:
            rate = round(matched / len(submitted), 4)
            rows.append({"id_type": kind, "submitted": len(submitted), "matched": matched, "match_rate": rate})
    return rows
