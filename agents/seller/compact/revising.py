"""Revising terms: what a refinement asks for, how far the agent goes along, and what stays unmet.

Everything here is a pure function of catalogue, source and refinement; nothing is entered. Prices are those of the
catalogue: words never move them (refine_proposals.mdx, "Negotiation security").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from agents.seller.compact.requesting import ranked
from agents.seller.compact.selection import on_sale, select
from agents.seller.compact.snapshots import MOST_PRODUCTS, flight_for
from agents.seller.compact.terms import Choice, Draft, digest_of, fixed_option
from agents.seller.compact.unmet import unmet
from agents.seller.policy.matching import read_brief
from agents.seller.wire import instant
from sandbox.core.money import micros
from sandbox.core.time import DAY_MS

if TYPE_CHECKING:
    from agents.seller.records import Product, Proposal
    from agents.seller.seller import Seller

Json = dict[str, Any]

_CHEAPER = re.compile(
    r"\b(cheap\w*|discount\w*|rebate\w*|lower (?:price|rate|cpm)\w*|for free|free of charge)\b", re.IGNORECASE
)
_LONGER = re.compile(
    r"\b(?:extend|prolong|lengthen)\b.{0,80}?\b([0-9]{1,6}|an?|one|two|three|four) (day|week)s?\b", re.IGNORECASE
)
"""Words that are far apart do not belong together, and a text of any length is read once."""
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4}


@dataclass(slots=True)
class Revision:
    """What comes of one refinement: drafts (none: unable) and, unless everything was met, why."""

    drafts: list[Draft] = field(default_factory=list)
    reason_code: str = ""
    reason: str = ""
    constraints: list[str] = field(default_factory=list)
    changes: dict[str, str] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """``revised``, ``partial`` or ``unable``."""
        return "unable" if not self.drafts else "partial" if self.reason_code else "revised"


def revise(seller: Seller, source: Proposal, draft: Draft, wanted: Json) -> Revision:
    """Apply a refinement to the draft that its source says."""
    if source.kind == "new_media_buy" and not source.media_buy_id:
        draft = replace(draft, start_ms=max(draft.start_ms, seller.now))
    criteria = {**source.criteria, **wanted.get("criteria", {})}
    pool = [product for product, _ in ranked(select(seller, criteria), source.brief)]
    draft = _by_criteria(seller, draft, wanted, criteria, pool)
    draft, heard = _by_words(seller, draft, wanted.get("ask", ""))
    typed = any(name in wanted for name in _TYPED)
    if heard and not typed:
        return Revision([], *heard)
    draft = _by_products(seller, draft, wanted, pool)
    drafts = _alternatives(seller, draft, wanted)
    return _judge(seller, drafts, wanted, heard)


_TYPED = ("constraints", "product_changes", "alternatives", "criteria", "remove_media_buy_frequency_cap")


def _judge(seller: Seller, drafts: list[Draft], wanted: Json, heard: tuple[str, str] | None) -> Revision:
    """What the drafts leave unmet. Where the first one meets less than all, only those go along that meet as much."""
    if not drafts:
        why = "nothing on sale can meet this; see what is unmet"
        missed, changes = list(wanted.get("constraints", {})), dict(wanted.get("product_changes", {}))
        missed = missed or ([] if changes else ["criteria"])
        return Revision([], "constraint_unsatisfiable", why, missed, changes)
    shortfalls = [unmet(draft.terms(seller.config.currency), wanted) for draft in drafts]
    alike = [draft for draft, shortfall in zip(drafts, shortfalls, strict=True) if shortfall == shortfalls[0]]
    constraints, changes = shortfalls[0]
    count = wanted.get("alternatives", {}).get("count", 1)
    if constraints or changes:
        named = ", ".join([*constraints, *changes])
        return Revision(alike[:count], "constraint_unsatisfiable", f"not met: {named}", constraints, changes)
    if heard:
        return Revision(alike[:count], *heard)
    if len(alike) < count:
        why = f"{len(alike)} different plans can be made on these terms"
        return Revision(alike, "alternatives_unavailable", why)
    return Revision(alike[:count])


# -- criteria, words and products ------------------------------------------------------------------------


def _by_criteria(seller: Seller, draft: Draft, wanted: Json, criteria: Json, pool: list[Product]) -> Draft:
    """What the criteria leave; what they leave nothing of is planned anew from what they allow."""
    if wanted.get("remove_media_buy_frequency_cap"):
        draft = replace(draft, root={k: v for k, v in draft.root.items() if k != "frequency_cap"})
    told: Json = wanted.get("criteria", {})
    if not told:
        return draft
    kept = tuple(choice for choice in draft.choices if choice.product in pool)
    draft = replace(draft, choices=kept or _fresh(pool))
    if "targeting_overlay" in told:
        draft = draft.targeted(told["targeting_overlay"])
    if "media_buy_frequency_cap" in told:
        draft = replace(draft, root={**draft.root, "frequency_cap": told["media_buy_frequency_cap"]})
    filters = told.get("offer_filters", {})
    if "start_date" in filters or "end_date" in filters:
        start_ms, end_ms = flight_for(seller, criteria)
        draft = replace(draft, start_ms=start_ms, end_ms=end_ms)
    most = filters.get("budget_range", {}).get("max")
    return draft if most is None else replace(draft, total_micros=min(draft.total_micros, micros(most)))


def _fresh(pool: list[Product], taken: tuple[Choice, ...] = (), ceiling: int | None = None) -> tuple[Choice, ...]:
    """Choices of products that are not taken yet, up to what a proposal can have."""
    known = [choice.product for choice in taken]
    found = [(p, option) for p in pool if p not in known and (option := fixed_option(p, ceiling)) is not None]
    room = MOST_PRODUCTS - len(taken)
    return tuple(Choice(product, option) for product, option in found[: max(0, room)])


def _by_words(seller: Seller, draft: Draft, ask: str) -> tuple[Draft, tuple[str, str] | None]:
    """What plain words can do: other channels first, a longer flight. They never touch a price."""
    if not ask:
        return draft, None
    if _CHEAPER.search(ask):
        return draft, ("commercially_declined", "our prices are not open to negotiation")
    longer, channels = _LONGER.search(ask), read_brief(ask).channels
    if longer:
        count = int(longer[1]) if longer[1].isdigit() else _COUNTS[longer[1].lower()]
        draft = replace(
            draft, end_ms=draft.end_ms + min(count, 366) * (7 if longer[2].lower() == "week" else 1) * DAY_MS
        )
    if channels:
        asked = [product for product in on_sale(seller) if channels & set(product.channels)]
        first = tuple(choice for choice in draft.choices if choice.product in asked)
        first += _fresh(asked, draft.choices)
        rest = tuple(choice for choice in draft.choices if choice not in first)
        both = (*first, *rest)
        if first:
            weights = range(len(both), 0, -1)
            both = tuple(replace(choice, weight=weight) for choice, weight in zip(both, weights, strict=True))
            return replace(draft, choices=both), None
    return draft, None if longer else ("uninterpreted", "we could not make terms of these words; use typed fields")


def _by_products(seller: Seller, draft: Draft, wanted: Json, pool: list[Product]) -> Draft:
    """Leave out and take in what is named; a ceiling of the price leaves out what costs more, unless it is named."""
    changes: dict[str, str] = wanted.get("product_changes", {})
    omitted = [product_id for product_id, action in changes.items() if action == "omit"]
    named = [product_id for product_id, action in changes.items() if action == "include"]
    kept = tuple(choice for choice in draft.choices if choice.product.product_id not in omitted)
    least = min((choice.weight for choice in kept), default=1)
    have = [choice.product.product_id for choice in kept]
    for product in on_sale(seller):
        option = fixed_option(product)
        if product.product_id in named and product.product_id not in have and option is not None:
            kept = (*kept, Choice(product, option, least))
    pool = [product for product in pool if product.product_id not in omitted]
    ceiling = wanted.get("constraints", {}).get("cpm")
    if ceiling is not None and ceiling["currency"] == seller.config.currency:
        most = micros(ceiling["max"])
        priced = [(choice, fixed_option(choice.product, most)) for choice in kept]
        cheap = [replace(choice, option=option) for choice, option in priced if option is not None]
        dear = [choice for choice, option in priced if option is None and choice.product.product_id in named]
        return replace(draft, choices=(*cheap, *dear) or _fresh(pool, (), most))
    return replace(draft, choices=kept or _fresh(pool))


# -- money, flights and alternatives ---------------------------------------------------------------------


def _alternatives(seller: Seller, draft: Draft, wanted: Json) -> list[Draft]:
    """The draft and others with the same products in other parts, or fewer of them; no two with the same terms."""
    found: dict[str, Draft] = {}
    count = wanted.get("alternatives", {}).get("count", 1)
    for mix in _mixes(draft) if count > 1 else [draft]:
        settled = _settle(seller, mix, wanted.get("constraints", {}))
        if settled.sound:
            found.setdefault(digest_of(settled.terms(seller.config.currency)), settled)
    return list(found.values())


def _mixes(draft: Draft) -> Iterator[Draft]:
    yield draft
    choices = draft.choices
    weights = [choice.weight for choice in choices]
    for parts in ([1] * len(choices), weights[::-1], [weight * weight for weight in weights]):
        pairs = zip(choices, parts, strict=True)
        yield replace(draft, choices=tuple(replace(choice, weight=part) for choice, part in pairs))
    for left_out in range(len(choices) - 1, -1, -1):
        if len(choices) > 1:
            yield replace(draft, choices=choices[:left_out] + choices[left_out + 1 :])
    for alone in choices if len(choices) > 2 else ():
        yield replace(draft, choices=(alone,))


def _settle(seller: Seller, draft: Draft, constraints: Json) -> Draft:
    """With flight and budget as the constraints want them, as far as they can be had."""
    flight = constraints.get("flight", {})
    if "start_no_later_than" in flight:
        bound = instant(flight["start_no_later_than"], "constraints.flight.start_no_later_than")
        if seller.now <= bound < draft.start_ms:
            draft = replace(draft, start_ms=bound)
    if "end_no_earlier_than" in flight:
        bound = instant(flight["end_no_earlier_than"], "constraints.flight.end_no_earlier_than")
        draft = replace(draft, end_ms=max(draft.end_ms, bound))
    money = constraints.get("total_budget")
    ours = money is None or money["currency"] == seller.config.currency
    most = micros(money["max"]) if money is not None and ours and "max" in money else None
    total = draft.total_micros
    if money is not None and ours:
        total = max(total, micros(money["min"])) if "min" in money else total
        total = total if most is None else min(total, most)
    draft = replace(draft, total_micros=total).affordable()
    volume = constraints.get("impressions", {}).get("min")
    bought = [p.get("impressions", 0) for p in draft.terms(seller.config.currency)["purchases"]] if volume else []
    if volume and 0 < sum(bought) < volume:
        # Rounding takes less than one impression from each purchase.
        needed = -(-total * (int(volume) + len(bought)) // sum(bought))
        if most is None or needed <= most:
            draft = replace(draft, total_micros=needed)
    return draft
