"""The creative library: entering creatives, reviewing them, and what a change of one does to media buys.

States follow docs/creative/specification.mdx: processing, pending_review, then approved or rejected; an
approved creative may be suspended or rejected later, which impairs the buys that run it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.buy_states import refresh
from agents.seller.policy.review import decide_creative
from agents.seller.records import Account, Creative, MediaBuy, Package
from agents.seller.sandbox import creative_of, policy_for
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller

_OFFLINE = ("suspended", "rejected")


def enter(seller: Seller, account: Account, body: dict[str, Any]) -> tuple[Creative, str, list[str]]:
    """Create or update a creative; gives it, the action, and the names of the fields that changed.

    A changed creative is reviewed anew.
    """
    key = (account.account_id, body["creative_id"])
    known = seller.creatives.get(key)
    if known is None:
        creative_id = body["creative_id"]
        taken = any(other == creative_id for _, other in seller.creatives)
        label = f"{account.account_id}/{creative_id}" if taken else creative_id
        creative = Creative(creative_id, account.account_id, body, seller.now, seller.now, label)
        seller.creatives[key] = creative
        _move(seller, creative, "processing", "received")
        return creative, "created", []
    changes = sorted(
        name for name in {**known.body, **body} if body.get(name) != known.body.get(name) and name != "status"
    )
    if not changes:
        return known, "unchanged", []
    known.body = body
    known.updated_ms = seller.now
    return known, "updated", changes


def begin_review(seller: Seller, creative: Creative) -> None:
    """Put a new or changed creative before the reviewers; automatic ones decide at once."""
    if creative.status in ("rejected", "suspended"):
        if creative.status == "suspended":
            _move(seller, creative, "rejected", "replaced by the buyer")
        _move(seller, creative, "processing", "sent again")
    if creative.status in ("processing", "approved", "archived"):
        set_creative(seller, creative, "pending_review", "ready for review")
    creative.reviews += 1
    if policy_for(seller, creative.account_id, seller.config.creative_review).mode == "automatic":
        review(seller, creative)
    else:
        seller.desk.queue_review(creative)


def review(seller: Seller, creative: Creative) -> None:
    """Decide about a creative that waits, by the review policy."""
    decision = decide_creative(seller.config.creative_review, creative.body, seller.rng("review").random())
    seller.decide("creative", creative.label, decision.verdict, decision.reason)
    set_creative(seller, creative, "approved" if decision.verdict == "approve" else "rejected", decision.reason)


def set_creative(seller: Seller, creative: Creative, new: str, why: str) -> None:
    """Change the state of a creative, and with it the buys that run it."""
    old = creative.status
    _move(seller, creative, new, why)
    for buy in using(seller, creative):
        _impair(seller, buy, creative, old, why)
        if not buy.terminal:
            refresh(seller, buy, f"creative {creative.creative_id} is {new}")


def _move(seller: Seller, creative: Creative, new: str, why: str) -> None:
    seller.status("creative", creative.label, creative.status or None, new, why)
    creative.status = new
    creative.reason = why if new in _OFFLINE else ""
    creative.updated_ms = seller.now


def using(seller: Seller, creative: Creative) -> list[MediaBuy]:
    """The media buys with a package to which a creative is assigned."""
    return [
        buy
        for buy in seller.media_buys.values()
        if any(creative.creative_id in package.assignments for package in buy.live)
        and creative_of(seller, buy.account_id, creative.creative_id) is creative
    ]


def _impair(seller: Seller, buy: MediaBuy, creative: Creative, old: str, why: str) -> None:
    """Raise an impairment on a running buy that loses an approved creative; lift it when it comes back."""
    if creative.status == "approved":
        buy.impairments = [row for row in buy.impairments if row["resource_id"] != creative.creative_id]
        return
    if creative.status not in _OFFLINE or old != "approved" or buy.status not in ("active", "paused"):
        return
    buy.impairments.append(
        {
            "impairment_id": seller.ids.next("imp"),
            "resource_type": "creative",
            "resource_id": creative.creative_id,
            "package_ids": [p.package_id for p in buy.live if creative.creative_id in p.assignments],
            "transition": {"from": old, "to": creative.status},
            "reason_code": "content_rejected" if creative.status == "rejected" else "policy_violation",
            "reason": why,
            "observed_at": iso(seller.now),
            "remediation": "Assign another creative, or send a changed one.",
        }
    )


def lift_unused(buy: MediaBuy) -> None:
    """Drop the impairments by creatives that no package uses any more."""
    used = {creative_id for package in buy.live for creative_id in package.assignments}
    buy.impairments = [row for row in buy.impairments if row["resource_id"] in used]


def take_inline(seller: Seller, account: Account, package: Package, inline: list[dict[str, Any]]) -> None:
    """Enter the inline creatives of a package and assign them to it."""
    for body in inline:
        creative, action, _ = enter(seller, account, body)
        package.assignments[creative.creative_id] = body.get("weight")
        if action != "unchanged":
            begin_review(seller, creative)
