"""What all strategies have in common: pure decisions, without clock, network or memory of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from sandbox.core.money import micros
from sandbox.domain.channels import CHANNELS, Channel

BEST_FEW = 3
"""Products among which the money of a tactic is spread."""

SLOWER = 0.8
"""A product that has spent less than this share of what another one has spent of its budget is slow."""


@dataclass(slots=True, frozen=True)
class Offer:
    """A product that can be bought, in micros; the rates are what is usual on its channel."""

    product_id: str
    seller_id: str
    channel: Channel
    cpm_micros: int
    least_micros: int = 0

    @property
    def key(self) -> str:
        """What tells it from others."""
        return f"{self.seller_id}/{self.product_id}"


@dataclass(slots=True, frozen=True)
class Result:
    """What a product has brought a tactic so far."""

    key: str
    budget_micros: int
    spend_micros: int = 0
    impressions: int = 0
    clicks: int = 0
    completed_views: int = 0
    conversions: int = 0

    @property
    def utilisation(self) -> float:
        """The share of its budget that is spent."""
        return self.spend_micros / max(1, self.budget_micros)


@dataclass(slots=True, frozen=True)
class Standing:
    """How a tactic stands: the share of its flight that is over, and the last feedback."""

    elapsed: float
    delivery_index: float | None = None
    performance_index: float | None = None


class Strategy:
    """How an outcome agent buys and behaves. What a subclass does not change is good behaviour."""

    name: ClassVar[str] = ""
    execution: ClassVar[str] = ""
    """What a proposal says that it will do."""
    channels: ClassVar[tuple[str, ...]] = ()
    """Channels that it is made for; all if empty."""
    remembers: ClassVar[bool] = True
    """Whether a request that is repeated is recognised (rule 207)."""
    heeds: ClassVar[bool] = True
    """Whether it acts on updates and feedback."""
    frequency_cap: ClassVar[dict[str, Any] | None] = None
    """The cap that it puts on its tactics."""

    def answer_ms(self, operation: str, delay_ms: int) -> int:
        """How long it thinks before it answers; ``delay_ms`` is its setting."""
        return 0

    def custom_fields(self) -> list[dict[str, str]]:
        """What it has to be told with an acceptance (rule 199)."""
        return []

    def capacity_micros(self, most_micros: int) -> int:
        """How much it offers to take of a campaign with so much money."""
        return most_micros

    def declines(self, budget_micros: int, least_micros: int) -> str | None:
        """Why it does not want a tactic of that budget; None if it does."""
        return f"the budget is below {least_micros / 1e6:,.2f}" if budget_micros < least_micros else None

    def buys_micros(self, media_micros: int, buffer: float) -> int:
        """What it buys for, of the money for media: all but a buffer."""
        return media_micros - round(media_micros * buffer)

    def release(self, elapsed: float) -> float:
        """The share of its money that it has put to work once that much of the flight is over."""
        return 1.0

    def choose(self, offers: Sequence[Offer], fields: Mapping[str, Any]) -> dict[str, float]:
        """Weights of the offers that it wants, by key."""
        return by_value(offers, lambda offer: 1 / offer.cpm_micros)

    def review(
        self, results: Sequence[Result], standing: Standing, fields: Mapping[str, Any], rng: Random
    ) -> tuple[str, str] | None:
        """From which product to which one money is to be moved; None to leave it.

        By default, where delivery is short: from the product that spends slowest to the one that spends fastest.
        """
        short = standing.delivery_index is not None and standing.delivery_index < 90
        if not short or len(results) < 2:
            return None
        ranked = sorted(results, key=lambda one: (one.utilisation, one.key))
        slow, fast = ranked[0], ranked[-1]
        return (slow.key, fast.key) if slow.utilisation < SLOWER * fast.utilisation else None


def by_value(offers: Sequence[Offer], value: Any, few: int = BEST_FEW) -> dict[str, float]:
    """Weights of the best few offers, by what each brings for the money."""
    ranked = sorted(offers, key=lambda offer: (-value(offer), offer.key))[:few]
    return {offer.key: float(value(offer)) for offer in ranked}


def read_offer(row: Mapping[str, Any]) -> Offer:
    """An offer from a row of ``get-products``: what 1,000 impressions cost at its first set price, or at its floor."""
    options = row["pricingOptions"]
    option = next((one for one in options if one["isFixed"]), options[0])
    channel = next((CHANNELS[name] for name in row["channels"] if name in CHANNELS), CHANNELS["display"])
    price = micros(option.get("rate", option.get("floorPrice", 0)))
    per_mille = {
        "cpm": 1.0,
        "vcpm": channel.viewability,
        "cpc": channel.click_rate * 1000,
        "cpv": channel.completion_rate * 1000,
        "cpcv": channel.completion_rate * 1000,
    }.get(option["pricingModel"])
    cpm = channel.cpm_micros if per_mille is None else round(price * per_mille)
    return Offer(
        str(row["productId"]),
        str(row["salesAgentId"]),
        channel,
        max(1, cpm),
        micros(option.get("minSpendPerPackage", 0)),
    )
