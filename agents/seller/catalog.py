"""The products of a sales agent: spelled out in its settings, or made from its publishers' placements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agents.invent import slug
from agents.seller.config import SellerConfig
from agents.seller.config_products import PriceConfig, ProductConfig
from agents.seller.records import Product
from sandbox.core.errors import InputError
from sandbox.core.money import micros
from sandbox.domain.formats import Format, parse_format
from sandbox.domain.inventory import Offer
from sandbox.domain.pricing import PricingOption, bid_guidance, derived_rate


def build_products(config: SellerConfig, offers: Sequence[Offer], users: int) -> dict[str, Product]:
    """All products by id, in order. ``offers`` is the inventory that may be sold, ``users`` the population.

    :class:`InputError` when a product covers no placement that the agent may sell.
    """
    if config.products:
        products = [_spelled_out(product, config, offers, users) for product in config.products]
    else:
        products = [_from_placement(offer, config, users) for offer in offers]
    products += [replace(_spelled_out(one, config, offers, users), offered=False) for one in config.test_products]
    besides = tuple(_format(text, config.format_agent) for text in config.formats)
    made = [replace(one, formats=tuple(dict.fromkeys((*one.formats, *besides)))) for one in products]
    return {product.product_id: product for product in made}


def _from_placement(offer: Offer, config: SellerConfig, users: int) -> Product:
    return Product(
        product_id=f"{slug(offer.publisher_id)}_{offer.local_id}",
        name=f"{offer.property_name} {offer.channel.name}",
        description=_describe((offer,)),
        offers=(offer,),
        formats=offer.formats,
        delivery_type=_delivery_type(config, offer),
        pricing=rate_card(config, offer, users, _delivery_type(config, offer) == "guaranteed"),
        audience=offer.topics,
    )


def _spelled_out(product: ProductConfig, config: SellerConfig, offers: Sequence[Offer], users: int) -> Product:
    covered = tuple(offer for offer in offers if _covers(product, offer))
    if not covered:
        raise InputError(
            f"product {product.id!r} covers no placement that the agent may sell",
            hint=f"it may sell {', '.join(offer.placement_id for offer in offers) or 'nothing'}",
        )
    delivery_type = product.delivery_type or _delivery_type(config, covered[0])
    if product.pricing:
        pricing = tuple(_option(price, config) for price in product.pricing)
    else:
        pricing = rate_card(config, covered[0], users, delivery_type == "guaranteed")
    if len({option.option_id for option in pricing}) < len(pricing):
        raise InputError(f"product {product.id!r} has two pricing options of the same id", hint="give them ids")
    topics = tuple(dict.fromkeys(topic for offer in covered for topic in offer.topics))
    return Product(
        product_id=product.id,
        name=product.name or product.id,
        description=product.description or _describe(covered),
        offers=covered,
        formats=_formats(product, covered, config.format_agent),
        delivery_type=delivery_type,
        pricing=pricing,
        countries=tuple(product.countries),
        audience=tuple(product.audience) or topics,
        exclusivity=product.exclusivity,
        sold_out=product.sold_out,
    )


def _covers(product: ProductConfig, offer: Offer) -> bool:
    names = (offer.placement_id, offer.local_id, offer.publisher_id, offer.domain)
    placed = not product.placements or any(name in product.placements for name in names)
    return placed and (not product.channels or offer.channel.name in product.channels)


def _formats(product: ProductConfig, covered: Sequence[Offer], agent_url: str) -> tuple[Format, ...]:
    if product.formats:
        return tuple(_format(text, agent_url) for text in product.formats)
    return tuple(dict.fromkeys(fmt for offer in covered for fmt in offer.formats))


def _format(text: str, agent_url: str) -> Format:
    """A format by its id, or by the address of the agent that defines it with the id behind the last slash."""
    agent, slash, format_id = text.rpartition("/")
    return replace(parse_format(format_id), agent_url=agent if slash else agent_url)


def _delivery_type(config: SellerConfig, offer: Offer) -> str:
    promised = config.guaranteed
    if promised is None:
        guaranteed = offer.channel.guaranteed
    elif isinstance(promised, bool):
        guaranteed = promised
    else:
        guaranteed = offer.channel.name in promised
    return "guaranteed" if guaranteed else "non_guaranteed"


def _describe(offers: Sequence[Offer]) -> str:
    channels = ", ".join(dict.fromkeys(offer.channel.name for offer in offers))
    domains = ", ".join(dict.fromkeys(offer.domain for offer in offers))
    countries = ", ".join(sorted({country for offer in offers for country in offer.country_codes}))
    topics = ", ".join(dict.fromkeys(topic for offer in offers for topic in offer.topics))
    about = f" beside {topics}" if topics else ""
    return f"{channels} advertising on {domains}{about}, in {countries}"


def rate_card(config: SellerConfig, offer: Offer, users: int, guaranteed: bool) -> tuple[PricingOption, ...]:
    """Options at the rate card's prices; what is not guaranteed can be had by auction too."""
    rates = {
        "viewability": offer.viewability,
        "click": offer.click_rate,
        "view": offer.view_rate,
        "completion": offer.view_rate * offer.completion_rate,
        "conversion": offer.conversion_rate,
    }
    card = config.rate_card.get(offer.channel.name, {})
    cpm = micros(card["cpm"]) if "cpm" in card else max(offer.channel.cpm_micros, offer.floor_micros)
    least = micros(config.min_budget)
    options = []
    for model in dict.fromkeys([*config.pricing_models, *card]):
        rate = derived_rate(model, cpm, rates, offer.daily_opportunities, users)
        price = micros(card[model]) if model in card else rate
        options.append(PricingOption(f"{model}_fixed", model, config.currency, price, min_spend_micros=least))
        if model == "cpm" and not guaranteed:
            options.append(_auction(config, offer, least))
    return tuple(options)


def _auction(config: SellerConfig, offer: Offer, least: int) -> PricingOption:
    """An auction from the publisher's floor on, with guidance from what others bid."""
    floor = offer.floor_micros
    guidance = bid_guidance(*offer.competition, floor) if offer.competition else ()
    return PricingOption(
        "cpm_auction",
        "cpm",
        config.currency,
        floor_micros=floor,
        min_spend_micros=least,
        guidance=guidance,
    )


def _option(price: PriceConfig, config: SellerConfig) -> PricingOption:
    kind = "fixed" if price.price is not None else "auction"
    return PricingOption(
        option_id=price.id or f"{price.model}_{kind}",
        model=price.model,
        currency=config.currency,
        fixed_micros=None if price.price is None else micros(price.price),
        floor_micros=None if price.floor is None else micros(price.floor),
        min_spend_micros=max(micros(price.min_spend), micros(config.min_budget)),
        parameters=dict(price.parameters),
    )
