"""What there is to sell right now: offerings, products and their stock (enums/offering-availability-status.json)."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.sponsored.config import OfferingConfig, ProductConfig, VariantConfig
from sandbox.core.money import MICROS, amount, micros

WHOLE = ""
"""Under what a product without variants keeps its stock."""

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


@dataclass(slots=True)
class Product:
    """A product with what is left of it. ``stock`` is by variant, or under :data:`WHOLE`; None has no end."""

    config: ProductConfig
    offering_id: str
    low_stock: int
    stock: dict[str, int | None] = field(init=False)

    def __post_init__(self) -> None:
        self.stock = {v.id: v.stock for v in self.config.variants} or {WHOLE: self.config.stock}

    @property
    def id(self) -> str:
        """The product's id."""
        return self.config.id

    @property
    def name(self) -> str:
        """The product's name."""
        return self.config.name

    def variant(self, variant_id: str) -> VariantConfig | None:
        """The variant of that id, if there is one."""
        return next((v for v in self.config.variants if v.id == variant_id), None)

    def left(self, variant_id: str = WHOLE) -> int | None:
        """How many units are left, of one variant or of all; None if there is no end of them."""
        if variant_id:
            return self.stock[variant_id]
        counts = list(self.stock.values())
        return None if None in counts else sum(count for count in counts if count is not None)

    def status(self, variant_id: str = WHOLE) -> str:
        """``available``, ``limited`` or ``sold_out``, of one variant or of the product."""
        left = self.left(variant_id)
        if left == 0:
            return "sold_out"
        some_gone = not variant_id and 0 in self.stock.values()
        return "limited" if some_gone or (left is not None and left <= self.low_stock) else "available"

    def price_micros(self, variant_id: str = WHOLE) -> int:
        """The price of a variant; of a product the lowest that can be bought, or of all if it is sold out."""
        if not variant_id and self.config.variants:
            can = [v.id for v in self.config.variants if self.stock[v.id] != 0] or list(self.stock)
            return min(self.price_micros(one) for one in can)
        chosen = self.variant(variant_id)
        own = None if chosen is None else chosen.price
        return micros(self.config.price if own is None else own)

    def one_price(self) -> bool:
        """True if all variants cost the same."""
        return len({self.price_micros(variant.id) for variant in self.config.variants}) <= 1

    def summary(self, variant_id: str = WHOLE) -> str:
        """Availability in a few words."""
        left, chosen = self.left(variant_id), self.variant(variant_id)
        if left == 0:
            said = "sold out"
        else:
            said = f"{left} left" if left is not None and left <= self.low_stock else "in stock"
        return f"{chosen.name} {said}" if chosen else said.capitalize()


@dataclass(slots=True)
class Offering:
    """An offering and its products, by id."""

    config: OfferingConfig
    products: dict[str, Product]
    active: bool

    @property
    def id(self) -> str:
        """The offering's id."""
        return self.config.id

    def status(self, now_ms: int, country: str = "") -> str:
        """Its availability at an instant; ``country`` is where the user is, empty if that is not known."""
        if not self.active:
            return "inactive"
        if self.config.expires is not None and now_ms >= self.config.expires:
            return "expired"
        if country and self.config.countries and country not in self.config.countries:
            return "region_restricted"
        statuses = [product.status() for product in self.products.values()]
        if statuses and all(status == "sold_out" for status in statuses):
            return "sold_out"
        return "available" if all(status == "available" for status in statuses) else "limited"

    def open(self, now_ms: int, country: str = "") -> bool:
        """True if something can be had."""
        return self.status(now_ms, country) in ("available", "limited")


def offerings_of(configs: list[OfferingConfig], low_stock: int) -> dict[str, Offering]:
    """The offerings of an agent by id."""
    return {
        one.id: Offering(one, {p.id: Product(p, one.id, low_stock) for p in one.products}, one.active)
        for one in configs
    }


def money(value_micros: int, currency: str) -> str:
    """A price for people: ``$129``, ``$89.90``, ``12 CHF``."""
    shown = f"{value_micros // MICROS:,}" if value_micros % MICROS == 0 else f"{amount(value_micros):,.2f}"
    sign = _SIGNS.get(currency)
    return f"{sign}{shown}" if sign else f"{shown} {currency}"
