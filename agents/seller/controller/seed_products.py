"""Scenarios that put something into the catalogue: products, ways to buy them, creative formats."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents.seller.catalog import rate_card
from agents.seller.controller.state import Refused
from agents.seller.records import Product
from sandbox.core.money import micros
from sandbox.domain.formats import Format, default_formats, parse_format
from sandbox.domain.pricing import AUCTIONABLE, MODELS, PricingOption

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

_MEDIA: dict[str, Any] = {"video": "video", "audio": "audio", "dooh": "dooh", "display": "display"}


def _seeded(known: str | None, what: str) -> dict[str, Any]:
    message = f"{what} is there"
    return {"message": message} if known is None else {"previous_state": known, "current_state": known}


def seed_product(_ctx: Context, seller: Seller, _request: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """A product over the agent's placements of the fixture's channels, or over all if it has none of them."""
    product_id, fixture = params["product_id"], params.get("fixture", {})
    known = seller.controller.seed(("product", product_id), fixture)
    if known is None and product_id not in seller.products:
        seller.products[product_id] = _product(seller, product_id, fixture)
    return _seeded(known, f"product {product_id}")


def _product(seller: Seller, product_id: str, fixture: dict[str, Any]) -> Product:
    offers = tuple({o.placement_id: o for product in seller.products.values() for o in product.offers}.values())
    channels = fixture.get("channels", [])
    media = [_MEDIA[name] for name in channels if name in _MEDIA]
    wanted = tuple(o for o in offers if o.channel.name in channels or o.channel.medium in media) or offers
    if not wanted:
        raise Refused("INVALID_PARAMS", "this agent has no inventory for a product")
    guaranteed = fixture.get("delivery_type", "guaranteed") == "guaranteed"
    ours = seller.config.format_agent
    wished = [ref for ref in fixture.get("format_ids", []) if "id" in ref]
    named = [replace(parse_format(ref["id"]), agent_url=ref.get("agent_url", ours)) for ref in wished]
    name = fixture.get("name") or product_id.replace("_", " ")
    return Product(
        product_id=product_id,
        name=name,
        description=fixture.get("description") or f"{name}: {', '.join(channels) or 'advertising'}",
        offers=wanted,
        formats=tuple(dict.fromkeys([*named, *(fmt for offer in wanted for fmt in offer.formats)])),
        delivery_type="guaranteed" if guaranteed else "non_guaranteed",
        pricing=rate_card(seller.config, wanted[0], seller.world.market.engine.population.users, guaranteed),
        audience=tuple(dict.fromkeys([*product_id.split("_"), *(topic for offer in wanted for topic in offer.topics)])),
    )


def seed_pricing_option(
    _ctx: Context, seller: Seller, _request: dict[str, Any], params: dict[str, Any]
) -> dict[str, Any]:
    """Another way to buy a product that is there, before those that it had."""
    product_id, option_id, fixture = params["product_id"], params["pricing_option_id"], params.get("fixture", {})
    product = seller.products.get(product_id)
    if product is None:
        raise Refused("INVALID_PARAMS", f"product_id: seed the product {product_id} first")
    known = seller.controller.seed(("pricing_option", product_id, option_id), fixture)
    if known is None:
        others = [option for option in product.pricing if option.option_id != option_id]
        seller.products[product_id] = replace(product, pricing=(_option(seller, option_id, fixture), *others))
    return _seeded(known, f"pricing option {option_id}")


def _option(seller: Seller, option_id: str, fixture: dict[str, Any]) -> PricingOption:
    model = fixture.get("pricing_model", "cpm")
    if model not in MODELS:
        raise Refused("INVALID_PARAMS", f"fixture.pricing_model: use one of {', '.join(MODELS)}")
    currency = fixture.get("currency", seller.config.currency)
    if currency != seller.config.currency:
        raise Refused("INVALID_PARAMS", f"fixture.currency: this agent sells in {seller.config.currency}")
    fixed, floor = fixture.get("fixed_price"), fixture.get("floor_price")
    if (fixed is None) == (floor is None) or (floor is not None and model not in AUCTIONABLE):
        raise Refused("INVALID_PARAMS", "fixture: give fixed_price, or floor_price for cpm")
    return PricingOption(
        option_id=option_id,
        model=model,
        currency=currency,
        fixed_micros=None if fixed is None else micros(fixed),
        floor_micros=None if floor is None else micros(floor),
        min_spend_micros=micros(fixture.get("min_spend_per_package", 0)),
        parameters=dict(fixture.get("parameters", {})),
    )


def seed_creative_format(
    ctx: Context, seller: Seller, _request: dict[str, Any], params: dict[str, Any]
) -> dict[str, Any]:
    """A format that list_creative_formats shows the caller, from then on instead of those of products.

    Tests of pages have to know how many there are, and releases before 3.1 can't name an account when they list.
    """
    format_id, fixture = params.get("format_id"), params.get("fixture", {})
    if not isinstance(format_id, str) or not format_id:
        raise Refused("INVALID_PARAMS", "format_id: name the format")
    known = seller.controller.seed(("creative_format", ctx.principal.id, format_id), fixture)
    medium = _MEDIA.get(fixture.get("type", "display"), "display")
    model = default_formats(medium)[0]
    seller.controller.formats.setdefault(ctx.principal.id, {})[format_id] = Format(
        format_id, fixture.get("name", format_id), medium, model.width, model.height, model.duration_ms
    )
    return _seeded(known, f"format {format_id}")
