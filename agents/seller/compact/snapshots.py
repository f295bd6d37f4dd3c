"""Proposals as they are entered: each an immutable snapshot of its terms, under an id of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents.seller.compact.terms import Choice, Draft, digest_of, fixed_option
from agents.seller.filters import dates_of
from agents.seller.forecasts import expected_impressions
from agents.seller.records import Product, Proposal
from sandbox.core.money import amount, micros
from sandbox.core.time import DAY_MS, day_start

if TYPE_CHECKING:
    from agents.seller.seller import Seller

Json = dict[str, Any]

MOST_PRODUCTS = 4
"""Products in one proposal."""

_LEAD_MS = 2 * DAY_MS
"""From today's midnight to the start of a flight for which the buyer names no dates."""

_PART = 10
"""Of what all inventory of a flight costs, the part that is recommended where the buyer names no budget: a tenth."""

_UNIT = 1_000_000


def enter(seller: Seller, proposal: Proposal, why: str) -> Proposal:
    """Give a proposal its id, date and deadline, put it on the table, and say so in the trace."""
    proposal = replace(
        proposal,
        proposal_id=seller.ids.next("prop"),
        created_ms=seller.now,
        expires_ms=seller.now + seller.config.proposal_validity,
    )
    seller.proposals[proposal.proposal_id] = proposal
    seller.status("proposal", proposal.proposal_id, None, proposal.status, why)
    return proposal


def snapshot(seller: Seller, buyer: str, draft: Draft, **more: Any) -> Proposal:
    """A draft proposal with the terms of ``draft``, not entered yet."""
    terms = draft.terms(seller.config.currency)
    channels = dict.fromkeys(name for choice in draft.choices for name in choice.product.channels)
    return Proposal(
        proposal_id="",
        buyer=buyer,
        name=f"{seller.name}: {' and '.join(channels)}",
        allocations=_allocations(draft),
        created_ms=0,
        expires_ms=0,
        budget_micros=draft.total_micros,
        brand=draft.brand,
        terms=terms,
        digest=digest_of(terms),
        **more,
    )


def _allocations(draft: Draft) -> list[Json]:
    """The shares of the budget as get_products tells them; they add up to 100."""
    shares = [round(100 * budget / draft.total_micros, 2) for budget in draft.budgets]
    shares[0] = round(100 - sum(shares[1:]), 2)
    return [
        {
            "product_id": choice.product.product_id,
            "allocation_percentage": share,
            "pricing_option_id": choice.option.option_id,
            "rationale": f"number {rank} of the plan",
            "sequence": rank,
        }
        for rank, (choice, share) in enumerate(zip(draft.choices, shares, strict=True), start=1)
    ]


def plan(seller: Seller, brand: Json, products: list[Product], criteria: Json, flight: tuple[int, int]) -> Draft | None:
    """A draft over the best of ``products`` that have a fixed price, more of the budget on the better ones.

    None if there is nothing that can be bought for the budget.
    """
    priced = [(product, option) for product in products if (option := fixed_option(product)) is not None]
    best = priced[:MOST_PRODUCTS]
    overlay = criteria.get("targeting_overlay")
    extras = {"targeting_overlay": overlay} if overlay else {}
    choices = tuple(Choice(product, option, len(best) - rank, extras) for rank, (product, option) in enumerate(best))
    cap = criteria.get("media_buy_frequency_cap")
    root = {"frequency_cap": cap} if cap else {}
    draft = Draft(brand, choices, _budget(seller, choices, criteria, flight), *flight, root=root)
    draft = draft.affordable()
    return draft if draft.sound else None


def _budget(seller: Seller, choices: tuple[Choice, ...], criteria: Json, flight: tuple[int, int]) -> int:
    """What the buyer says, or else a tenth of what all the inventory costs, in whole units of currency."""
    told = criteria.get("offer_filters", {}).get("budget_range", {})
    if "max" in told or "min" in told:
        return micros(told.get("max", told.get("min")))
    cost = sum(
        choice.option.rate_micros * expected_impressions(seller, choice.product, *flight) // 1000
        for choice in choices
        if choice.option.model in ("cpm", "vcpm")
    )
    least = sum(choice.least_micros for choice in choices)
    return max(_UNIT, cost // _PART // _UNIT * _UNIT, -(-least // _UNIT) * _UNIT)


def flight_for(seller: Seller, criteria: Json, horizon: Json | None = None) -> tuple[int, int]:
    """The flight that filters or a planning horizon name, or one of thirty days that begins soon."""
    filters = criteria.get("offer_filters", {})
    if "start_date" not in filters and horizon:
        filters = {**filters, "start_date": horizon["start"], "end_date": horizon["end"]}
    if "start_date" in filters or "end_date" in filters:
        return dates_of(filters, seller.now)
    return dates_of({}, day_start(seller.now) + _LEAD_MS)


def guidance(seller: Seller, proposal: Proposal) -> Json:
    """What is recommended to be spent."""
    return {"recommended": amount(proposal.budget_micros or 0), "currency": seller.config.currency}


def adopt(seller: Seller, proposal: Proposal) -> Draft | None:
    """The draft behind a proposal of get_products, which has shares but no terms; None if it names no brand."""
    if not proposal.brand:
        return None
    choices = []
    for allocation in proposal.allocations:
        product = seller.products.get(allocation["product_id"])
        option = None if product is None else product.option(allocation["pricing_option_id"])
        if product is not None and option is not None:
            choices.append(Choice(product, option, max(1, round(allocation["allocation_percentage"] * 100))))
    flight = flight_for(seller, proposal.criteria)
    total = proposal.budget_micros or _budget(seller, tuple(choices), proposal.criteria, flight)
    draft = Draft(proposal.brand, tuple(choices), total, *flight).affordable()
    return draft if draft.sound else None
