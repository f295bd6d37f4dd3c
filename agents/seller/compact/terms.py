"""The commercial terms of a proposal: what is bought, at what price, when and for how much (commercial-terms.json).

A :class:`Draft` is what terms are made of; it can be changed into another one. Terms once written are never changed:
other terms are another proposal, and ``terms_digest`` tells them apart.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agents.seller.records import Product
from sandbox.core.money import amount, micros, split
from sandbox.core.time import iso, parse_instant
from sandbox.domain.pricing import PricingOption
from sandbox.protocol.idempotency import canonical

Json = dict[str, Any]

_WRITTEN = ("product_id", "pricing_option_id", "pricing", "budget", "impressions", "start_time", "end_time")
"""Fields of a purchase that are made from the draft; all others go along as they are."""

_BY_THOUSAND = ("cpm", "vcpm")


@dataclass(slots=True, frozen=True)
class Choice:
    """A product at one of its prices. ``weight`` is its part of the budget, relative to the others."""

    product: Product
    option: PricingOption
    weight: int = 1
    extras: Mapping[str, Any] = field(default_factory=dict)
    """Other fields of the purchase: targeting_overlay, pacing, optimization_goals …"""

    @property
    def least_micros(self) -> int:
        """The smallest budget for which it can be bought."""
        flat = self.option.rate_micros if self.option.model == "flat_rate" and self.option.is_fixed else 1
        return max(self.option.min_spend_micros, flat)


@dataclass(slots=True, frozen=True)
class Draft:
    """What terms are made of. The flight is half open, in ms; ``root`` are further fields of the terms."""

    brand: Json
    choices: tuple[Choice, ...]
    total_micros: int
    start_ms: int
    end_ms: int
    root: Mapping[str, Any] = field(default_factory=dict)

    @property
    def budgets(self) -> list[int]:
        """The budget of each choice in micros; they add up to the total exactly."""
        return split(self.total_micros, [choice.weight for choice in self.choices])

    @property
    def sound(self) -> bool:
        """True if every choice can be bought for its budget, and there is time for it."""
        if not self.choices or self.start_ms >= self.end_ms:
            return False
        return all(b >= c.least_micros for b, c in zip(self.budgets, self.choices, strict=True))

    def affordable(self) -> Draft:
        """Without the last choices, while there is more than one and the budget is too small for all."""
        draft = self
        while len(draft.choices) > 1 and not draft.sound:
            draft = replace(draft, choices=draft.choices[:-1])
        return draft

    def targeted(self, overlay: Json) -> Draft:
        """With another targeting of every choice."""
        aimed = {"targeting_overlay": overlay} if overlay else {}
        kept = [{k: v for k, v in choice.extras.items() if k != "targeting_overlay"} for choice in self.choices]
        pairs = zip(self.choices, kept, strict=True)
        return replace(self, choices=tuple(replace(choice, extras={**extras, **aimed}) for choice, extras in pairs))

    def terms(self, currency: str) -> Json:
        """The commercial terms; purchases by the thousand say how many impressions they are for."""
        flight = {"start_time": iso(self.start_ms), "end_time": iso(self.end_ms)}
        purchases = [
            _purchase(choice, budget) | flight for choice, budget in zip(self.choices, self.budgets, strict=True)
        ]
        total = {"amount": amount(self.total_micros), "currency": currency}
        return {"brand": self.brand, "purchases": purchases, **flight, "total_budget": total, **self.root}


def _purchase(choice: Choice, budget_micros: int) -> Json:
    body: Json = {
        "product_id": choice.product.product_id,
        "pricing_option_id": choice.option.option_id,
        "pricing": choice.option.wire(),
        "budget": amount(budget_micros),
        **choice.extras,
    }
    if choice.option.is_fixed and choice.option.model in _BY_THOUSAND:
        body["impressions"] = budget_micros * 1000 // choice.option.rate_micros
    return body


def read_draft(terms: Json, products: Mapping[str, Product]) -> Draft:
    """The draft that terms say. What has left the catalogue since is not in it."""
    choices = []
    for purchase in terms["purchases"]:
        product = products.get(purchase["product_id"])
        option = None if product is None else product.option(purchase["pricing_option_id"])
        if product is not None and option is not None:
            extras = {name: value for name, value in purchase.items() if name not in _WRITTEN}
            choices.append(Choice(product, option, micros(purchase["budget"]), extras))
    written = ("brand", "purchases", "start_time", "end_time", "total_budget", "cancellation_terms")
    return Draft(
        terms["brand"],
        tuple(choices),
        micros(terms["total_budget"]["amount"]),
        *flight_of(terms),
        root={name: value for name, value in terms.items() if name not in written},
    )


def flight_of(terms: Json) -> tuple[int, int]:
    """The flight of terms, half open, in ms."""
    return parse_instant(terms["start_time"]), parse_instant(terms["end_time"])


def digest_of(terms: Json) -> str:
    """``terms_digest``: SHA-256 over the RFC 8785 form of the terms, as base64url without padding."""
    code = base64.urlsafe_b64encode(hashlib.sha256(canonical(terms)).digest())
    return f"sha256:{code.rstrip(b'=').decode()}"


def fixed_option(product: Product, ceiling_micros: int | None = None) -> PricingOption | None:
    """The first fixed price of a product; with a ceiling, of those by the thousand at or below it."""
    return next(
        (
            option
            for option in product.pricing
            if option.is_fixed
            and (ceiling_micros is None or (option.model in _BY_THOUSAND and option.rate_micros <= ceiling_micros))
        ),
        None,
    )
