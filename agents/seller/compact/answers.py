"""What several compact tools answer with: proposals, commitments, the actions that are open to a buyer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.buy_states import valid_actions
from agents.seller.records import MediaBuy, Proposal
from sandbox.core.money import amount
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller

Json = dict[str, Any]

_CONTROLS = {
    "update_budget": ("decrease_budget", "reallocate_budget"),
    "update_packages": (
        "update_targeting",
        "update_pacing",
        "update_frequency_caps",
        "update_media_buy_frequency_cap",
        "update_reporting_webhook",
    ),
    "pause": ("pause",),
    "resume": ("resume",),
    "cancel": ("cancel",),
}
"""Actions of control_media_buy by the coarse action that allows them."""

_NEGOTIATED = ("increase_budget", "extend_flight", "add_packages", "remove_packages")
"""Changes of the commercial terms, which are negotiated by refine_proposals."""

_KINDS = {
    "pause": "pause",
    "resume": "pause",
    "cancel": "cancel",
    "decrease_budget": "budget",
    "reallocate_budget": "budget",
    "update_targeting": "targeting",
    "update_frequency_caps": "targeting",
}
"""What the policy for updates calls an action; the others are changes of packages."""


def proposal_wire(proposal: Proposal) -> Json:
    """A proposal with its terms (core/canonical-proposal.json)."""
    body: Json = {
        "proposal_id": proposal.proposal_id,
        "proposal_kind": proposal.kind,
        "proposal_status": proposal.status,
        "name": proposal.name,
        "commercial_terms": proposal.terms,
        "terms_digest": proposal.digest,
        "parent_proposal_id": proposal.parent,
        "media_buy_id": proposal.media_buy_id,
        "opportunity_id": proposal.opportunity_id,
        "base_media_buy_revision": proposal.base_revision,
        "brief_alignment": proposal.alignment,
    }
    if proposal.accepted_ms is not None:
        body["accepted_at"] = iso(proposal.accepted_ms)
    else:
        body["expires_at"] = iso(proposal.expires_ms)
    return {name: value for name, value in body.items() if value not in ("", None)}


def commitment_wire(seller: Seller, buy: MediaBuy) -> Json:
    """The successful answer of accept_proposal and buy_products (media-buy-commitment-response.json)."""
    proposal = seller.proposals[buy.proposal_id]
    purchases = (proposal.terms or {})["purchases"]
    body: Json = {
        "status": "completed",
        "media_buy_id": buy.media_buy_id,
        "revision": buy.revision,
        "media_buy_status": buy.status,
        "confirmed_at": None if buy.confirmed_ms is None else iso(buy.confirmed_ms),
        "accepted_proposal": proposal_wire(proposal),
        "purchase_bindings": [
            {"purchase_index": number, "product_id": purchase["product_id"], "package_id": package_id}
            for number, (purchase, package_id) in enumerate(zip(purchases, proposal.packages, strict=True))
        ],
        "available_actions": available_actions(seller, buy),
    }
    return {**body, "name": buy.name} if buy.name else body


def available_actions(seller: Seller, buy: MediaBuy) -> list[Json]:
    """What the buyer can do now, with the tool that does it (core/canonical-media-buy-action.json)."""
    coarse = valid_actions(buy, seller.config.cancellable)
    rows = [_action(seller, "control_media_buy", fine) for name in coarse for fine in _CONTROLS.get(name, ())]
    if coarse and seller.config.proposals and buy.proposal_id:
        negotiated = _NEGOTIATED if "cancel" in coarse else (*_NEGOTIATED, "cancel")
        rows += [{"task": "refine_proposals", "action": name, "mode": "self_serve"} for name in negotiated]
    if "sync_creatives" in coarse and seller.config.creative_library is not False:
        rows += [{"task": "sync_creatives", "action": "update_creative_assignments", "mode": "self_serve"}]
    return rows


def _action(seller: Seller, task: str, action: str) -> Json:
    policy, kind = seller.config.updates, _KINDS.get(action, "packages")
    waits = policy.mode == "manual" and kind not in policy.self_serve
    return {"task": task, "action": action, "mode": "requires_approval" if waits else "self_serve"}


def readback(seller: Seller, buy: MediaBuy) -> Json:
    """What get_media_buys says of a buy beside what earlier releases know: name, controls, accepted terms."""
    body: Json = {"available_actions": available_actions(seller, buy)}
    if buy.name:
        body["name"] = buy.name
    if buy.daily_cap_micros is not None:
        body["daily_budget_cap"] = amount(buy.daily_cap_micros)
    if buy.daily_cap_micros is not None or any(p.daily_cap_micros is not None for p in buy.packages.values()):
        body["budget_cap_timezone"] = "UTC"
    if buy.frequency_cap is not None:
        body["frequency_cap"] = buy.frequency_cap
    if buy.proposal_id:
        accepted = seller.proposals[buy.proposal_id]
        body |= {"accepted_proposal_id": accepted.proposal_id, "accepted_proposal_terms_digest": accepted.digest}
        body["accepted_proposal"] = proposal_wire(accepted)
    return body
