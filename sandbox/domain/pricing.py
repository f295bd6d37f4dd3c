"""Pricing options: models, fixed prices, floors and bids (schemas/pricing-options)."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp
from typing import Any

from sandbox.core.errors import AdcpError
from sandbox.core.money import amount

MODELS = ("cpm", "vcpm", "cpc", "cpcv", "cpv", "cpp", "cpa", "flat_rate")
"""Pricing models that a sales agent of the sandbox can sell by."""

AUCTIONABLE = ("cpm",)
"""Models that may be sold by auction instead of a fixed price; the engine's auctions are by CPM."""

_PARAMETERS: dict[str, dict[str, Any]] = {
    "cpv": {"view_threshold": 0.5},
    "cpp": {"demographic_system": "nielsen", "demographic": "P2+"},
}


@dataclass(slots=True, frozen=True)
class PricingOption:
    """One way to buy a product. Exactly one of ``fixed_micros`` and ``floor_micros`` is set.

    Prices are in micros of ``currency``: for 1,000 impressions (cpm) or viewable impressions (vcpm), for one
    click, view, completed view or conversion, for one point of reach (cpp: 1 % of the population), or for
    the whole flight (flat_rate).
    """

    option_id: str
    model: str
    currency: str = "USD"
    fixed_micros: int | None = None
    floor_micros: int | None = None
    min_spend_micros: int = 0
    parameters: dict[str, Any] = field(default_factory=dict)
    guidance: tuple[int, ...] = ()
    """Bids in micros that win 25, 50, 75 and 90 % of auctions; empty: not known."""

    @property
    def is_fixed(self) -> bool:
        """True if the price is set, False if the buyer has to bid."""
        return self.fixed_micros is not None

    @property
    def rate_micros(self) -> int:
        """The fixed price, or the floor of an auction."""
        return self.fixed_micros if self.fixed_micros is not None else self.floor_micros or 0

    def wire(self) -> dict[str, Any]:
        """The option as a product carries it."""
        body: dict[str, Any] = {
            "pricing_option_id": self.option_id,
            "pricing_model": self.model,
            "currency": self.currency,
        }
        if self.fixed_micros is not None:
            body["fixed_price"] = amount(self.fixed_micros)
        if self.floor_micros is not None:
            body["floor_price"] = amount(self.floor_micros)
        if self.guidance:
            names = ("p25", "p50", "p75", "p90")
            body["price_guidance"] = {n: amount(bid) for n, bid in zip(names, self.guidance, strict=True)}
        if self.min_spend_micros:
            body["min_spend_per_package"] = amount(self.min_spend_micros)
        if self.model == "cpa":
            body["event_type"] = self.parameters.get("event_type", "purchase")
        elif self.parameters or self.model in _PARAMETERS:
            body["parameters"] = {**_PARAMETERS.get(self.model, {}), **self.parameters}
        return body


def check_purchase(option: PricingOption, budget_micros: int, bid_micros: int | None, field_path: str) -> None:
    """Refuse a package that this option does not sell: budget under the minimum, no bid, a bid too low.

    ``field_path`` is the package's path in the request. Raises :class:`AdcpError` BUDGET_TOO_LOW or
    VALIDATION_ERROR (specification.mdx, create_media_buy: validate the budget against pricing options).
    """
    least = option.min_spend_micros
    if option.model == "flat_rate" and option.is_fixed:
        least = max(least, option.rate_micros)
    if budget_micros < least or budget_micros <= 0:
        raise AdcpError(
            "BUDGET_TOO_LOW",
            f"the budget {amount(budget_micros)} {option.currency} is below the minimum "
            f"{amount(least)} of {option.option_id}",
            field=f"{field_path}.budget",
            details={"minimum_budget": amount(least), "currency": option.currency},
        )
    if option.is_fixed:
        return
    floor = option.floor_micros or 0
    if bid_micros is None:
        raise AdcpError(
            "VALIDATION_ERROR",
            f"{option.option_id} is sold by auction and needs a bid_price of at least {amount(floor)}",
            field=f"{field_path}.bid_price",
        )
    if bid_micros < floor:
        raise AdcpError(
            "VALIDATION_ERROR",
            f"the bid {amount(bid_micros)} is below the floor {amount(floor)} of {option.option_id}",
            field=f"{field_path}.bid_price",
        )


def bid_guidance(median_micros: int, sigma: float, floor_micros: int) -> tuple[int, ...]:
    """Bids that win 25, 50, 75 and 90 % of auctions against log-normal competition, none below the floor."""
    return tuple(max(floor_micros, round(median_micros * exp(sigma * z))) for z in _QUANTILES)


_QUANTILES = (-0.6744897501960817, 0.0, 0.6744897501960817, 1.2815515655446004)


def derived_rate(model: str, cpm_micros: int, rates: dict[str, float], daily: int, users: int) -> int:
    """A price in another model that costs the buyer about the same as ``cpm_micros``.

    ``rates`` are fractions of impressions (``viewability``, ``click``, ``view``, ``completion``,
    ``conversion``); ``daily`` is opportunities a day, for the flat rate of one week with a tenth of them;
    ``users`` the population, one percent of which is a point. At least one micro.
    """
    one = cpm_micros / 1000
    exact = {
        "cpm": float(cpm_micros),
        "vcpm": cpm_micros / max(rates.get("viewability", 0.0), 0.01),
        "cpc": one / max(rates.get("click", 0.0), 0.0001),
        "cpv": one / max(rates.get("view", 0.0), 0.01),
        "cpcv": one / max(rates.get("completion", 0.0), 0.01),
        "cpa": one / max(rates.get("conversion", 0.0), 0.0001),
        "cpp": one * users / 100,
        "flat_rate": one * daily * 0.7,
    }[model]
    return max(1, round(exact / 100) * 100)
