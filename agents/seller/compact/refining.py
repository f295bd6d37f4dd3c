"""refine_proposals: revise proposals, or turn drafts into holds, all or none (task-reference/refine_proposals.mdx)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents.seller.compact.answers import proposal_wire
from agents.seller.compact.holds import is_held, why_not
from agents.seller.compact.requesting import planned_products
from agents.seller.compact.revising import Revision, revise
from agents.seller.compact.selection import check_criteria, check_outcome
from agents.seller.compact.snapshots import adopt, enter, snapshot
from agents.seller.compact.terms import Draft, digest_of, read_draft
from agents.seller.context import seller_of
from agents.seller.records import MediaBuy, Proposal
from sandbox.core.errors import AdcpError
from sandbox.core.money import micros
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

Json = dict[str, Any]
Staged = tuple[Json, list[Proposal]]
"""A result without its proposals, and those that belong into it; they are not entered yet."""


def refine_proposals(ctx: Context, request: Json) -> Json:
    """One result for each refinement, in their order. Nothing is entered unless the whole request can be read."""
    seller, wishes = seller_of(ctx), request["refinements"]
    _check(seller, ctx.principal.id, wishes)
    if wishes[0]["action"] == "finalize":
        staged = _finalize(seller, ctx.principal.id, wishes)
        field, why = "proposal", "finalized by the buyer"
    else:
        staged = [_revise(seller, ctx.principal.id, wish) for wish in wishes]
        field, why = "proposals", "revised for the buyer"
    results, entered = [], []
    for result, proposals in staged:
        made = [enter(seller, proposal, why) for proposal in proposals]
        entered += made
        if made:
            rows = [proposal_wire(proposal) for proposal in made]
            result[field] = rows[0] if field == "proposal" else rows
        results.append(result)
    return {"status": "completed", "results": results, "products": planned_products(seller, entered, {})}


# -- before anything changes -----------------------------------------------------------------------------


def _check(seller: Seller, buyer: str, wishes: list[Json]) -> None:
    """Refuse the whole request, and nothing changes: INVALID_REQUEST, UNSUPPORTED_FEATURE or INVALID_STATE."""
    ids = [wish["proposal_id"] for wish in wishes]
    for number, wish in enumerate(wishes):
        field = f"refinements[{number}]"
        if wish["proposal_id"] in ids[:number]:
            raise AdcpError("INVALID_REQUEST", "two refinements name the same proposal", field=f"{field}.proposal_id")
        money = wish.get("constraints", {}).get("total_budget", {})
        if "min" in money and "max" in money and micros(money["min"]) > micros(money["max"]):
            raise AdcpError("INVALID_REQUEST", "min is more than max", field=f"{field}.constraints.total_budget")
        check_criteria(seller, wish.get("criteria", {}), f"{field}.criteria")
        check_outcome(wish.get("criteria", {}), f"{field}.criteria")
        source = owned(seller, buyer, wish["proposal_id"])
        if source is not None:
            _check_state(seller, source, wish, field)


def _check_state(seller: Seller, source: Proposal, wish: Json, field: str) -> None:
    """INVALID_STATE for what can't be done to a proposal in its state (the caller sees the state of its own ones)."""
    name, place = source.proposal_id, f"{field}.proposal_id"
    if source.declined is not None:
        raise AdcpError("INVALID_STATE", f"{name} was declined", field=place)
    if source.task_id:
        raise AdcpError("INVALID_STATE", f"the acceptance of {name} waits for a decision", field=place)
    if wish["action"] == "finalize":
        if source.status != "draft":
            raise AdcpError("INVALID_STATE", f"{name} is {source.status}, only drafts are finalized", field=place)
        held = [p.proposal_id for p in seller.proposals.values() if p.parent == name and _took_up(seller, p)]
        if held:
            raise AdcpError("INVALID_STATE", f"{name} was finalized as {held[0]}", field=place)
        return
    if wish.get("change_kind") == "cancellation" and source.status != "accepted":
        raise AdcpError("INVALID_STATE", "only what was accepted can be canceled", field=f"{field}.change_kind")
    if source.status == "accepted" and seller.media_buys[source.media_buy_id].terminal:
        state = seller.media_buys[source.media_buy_id].status
        raise AdcpError("INVALID_STATE", f"the media buy of {name} is {state}", field=place)


def _took_up(seller: Seller, successor: Proposal) -> bool:
    """True for a commitment to the same terms that holds, or that was accepted."""
    return is_held(seller, successor) or (successor.status == "accepted" and not successor.base_revision)


def owned(seller: Seller, buyer: str, proposal_id: str) -> Proposal | None:
    """A proposal of the caller; foreign ones look like absent ones."""
    proposal = seller.proposals.get(proposal_id)
    return proposal if proposal is not None and proposal.buyer == buyer else None


def _unable(proposal_id: str, code: str, reason: str) -> Staged:
    return {"source_proposal_id": proposal_id, "outcome": "unable", "reason_code": code, "reason": reason}, []


# -- revise ----------------------------------------------------------------------------------------------


def _revise(seller: Seller, buyer: str, wish: Json) -> Staged:
    source = owned(seller, buyer, wish["proposal_id"])
    if source is None:
        return _unable(wish["proposal_id"], "source_unavailable", "there is no such proposal")
    buy = seller.media_buys[source.media_buy_id] if source.media_buy_id else None
    if source.status == "accepted" and buy is not None and buy.proposal_id != source.proposal_id:
        why = f"{buy.proposal_id} has taken its place" if buy.proposal_id else "it was bought without terms"
        return _unable(source.proposal_id, "source_unavailable", why)
    draft = read_draft(source.terms, seller.products) if source.terms is not None else adopt(seller, source)
    if draft is None or not draft.choices:
        return _unable(source.proposal_id, "source_unavailable", "its products or its brand are not known")
    lineage: Json = {
        "parent": source.proposal_id,
        "account_id": source.account_id,
        "opportunity_id": source.opportunity_id,
        "brief": source.brief,
        "criteria": {**source.criteria, **wish.get("criteria", {})},
    }
    if buy is not None:
        lineage |= {"media_buy_id": buy.media_buy_id, "base_revision": buy.revision, "kind": "media_buy_update"}
    if wish.get("change_kind") == "cancellation" and buy is not None:
        return _cancellation(seller, source, buy, wish, lineage)
    revision = revise(seller, source, draft, wish)
    result = _result(source.proposal_id, revision)
    return result, [snapshot(seller, buyer, made, **lineage) for made in revision.drafts]


def _result(source_id: str, revision: Revision) -> Json:
    result: Json = {"source_proposal_id": source_id, "outcome": revision.outcome}
    told = {
        "reason_code": revision.reason_code,
        "reason": revision.reason,
        "unsatisfied_constraints": revision.constraints,
        "unsatisfied_product_changes": revision.changes,
    }
    return result | {name: value for name, value in told.items() if value}


def _cancellation(seller: Seller, source: Proposal, buy: MediaBuy, wish: Json, lineage: Json) -> Staged:
    """A draft that ends the media buy after the agent's notice, without a fee; its terms are otherwise the same."""
    ends_ms = seller.now + (seller.config.cancellation_notice if buy.status in ("active", "paused") else 0)
    terms: Json = {"effective_at": iso(ends_ms)}
    if wish.get("ask"):
        terms["reason"] = wish["ask"][:500]
    made = replace(source, accepted_ms=None, status="draft", packages=[], **lineage)
    made = replace(made, kind="media_buy_cancellation")
    return {"source_proposal_id": source.proposal_id, "outcome": "revised"}, [with_terms(made, terms)]


def with_terms(proposal: Proposal, cancellation: Json) -> Proposal:
    """The same terms with how the buy ends."""
    terms = {**(proposal.terms or {}), "cancellation_terms": cancellation}
    return replace(proposal, terms=terms, digest=digest_of(terms))


# -- finalize --------------------------------------------------------------------------------------------


def _finalize(seller: Seller, buyer: str, wishes: list[Json]) -> list[Staged]:
    """Commit all drafts or none: with one that can't be held, the others are ``batch_aborted``."""
    commitments: list[Proposal] = []
    refused: dict[str, Staged] = {}
    for wish in wishes:
        source = owned(seller, buyer, wish["proposal_id"])
        if source is None:
            refused[wish["proposal_id"]] = _unable(
                wish["proposal_id"], "source_unavailable", "there is no such proposal"
            )
            continue
        commitment, code, why = commitment_of(seller, source, commitments)
        if commitment is None:
            refused[source.proposal_id] = _unable(source.proposal_id, code, why)
        else:
            commitments.append(commitment)
    if refused:
        aborted = [(w["proposal_id"], "batch_aborted", "another proposal of this call can't be held") for w in wishes]
        return [refused.get(entry[0]) or _unable(*entry) for entry in aborted]
    return [({"source_proposal_id": made.parent, "outcome": "finalized"}, [made]) for made in commitments]


def commitment_of(seller: Seller, source: Proposal, siblings: list[Proposal]) -> tuple[Proposal | None, str, str]:
    """The committed successor of a draft, not entered yet; or the reason code and reason why there can be none."""
    if seller.now >= source.expires_ms:
        return None, "source_unavailable", "its terms have expired; revise it"
    if source.terms is None:
        draft: Draft | None = adopt(seller, source)
        if draft is None:
            return None, "source_unavailable", "its products or its brand are not known"
        lineage = {"criteria": source.criteria, "brief": source.brief, "alignment": source.alignment}
        made = snapshot(seller, source.buyer, draft, **lineage)
    else:
        made = source
    made = replace(made, parent=source.proposal_id, status="committed")
    why = why_not(seller, made, siblings)
    return (None, "hold_unavailable", why) if why else (made, "", "")
