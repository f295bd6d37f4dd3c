"""si_get_offering: what there is, before anybody is asked for consent (tasks/si_get_offering.mdx)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.sponsored.catalog import Offering, Product, money
from agents.sponsored.consent import check_anonymous
from agents.sponsored.context import agent_of
from agents.sponsored.disclosure import sponsored_context
from agents.sponsored.matching import ranked, variant_in
from agents.sponsored.records import Lookup
from sandbox.core.errors import AdcpError
from sandbox.core.time import SECOND_MS, iso

if TYPE_CHECKING:
    from agents.sponsored.agent import SponsoredAgent
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]

PRODUCT_LIMIT = 5
"""Products of an answer if the host does not say."""


def si_get_offering(ctx: Context, request: Body) -> Body:
    """An offering with its availability, and products if they are asked for; the token remembers which were shown.

    REFERENCE_NOT_FOUND for an unknown offering, INVALID_REQUEST for personal data.
    """
    agent = agent_of(ctx)
    offering = offering_named(agent, request["offering_id"])
    intent = request.get("intent", "")
    check_anonymous(intent)
    status = offering.status(agent.now)
    body: Body = {
        "status": "completed",
        "offering_id": offering.id,
        "available": offering.open(agent.now),
        "checked_at": iso(agent.now),
        "offering": _wire(agent, offering, status),
    }
    if not body["available"]:
        body["unavailable_reason"] = status
        others = alternatives(agent, offering)
        return {**body, "alternative_offering_ids": others} if others else body
    matching = ranked(offering.products.values(), intent) if intent else list(offering.products.values())
    shown = matching[: request.get("product_limit", PRODUCT_LIMIT)] if request.get("include_products") else []
    if request.get("include_products"):
        body["matching_products"] = [_product(agent, product, intent) for product in shown]
        body["total_matching"] = len(matching)
    body["sponsored_context"] = sponsored_context(agent, several=bool(shown))
    expires_ms = agent.now + agent.config.offering_ttl
    if offering.config.expires is not None:
        expires_ms = min(expires_ms, offering.config.expires)
    shown_ids = tuple(product.id for product in shown)
    body["offering_token"] = agent.remember(Lookup(ctx.principal.id, offering.id, shown_ids, expires_ms))
    body["ttl_seconds"] = (expires_ms - agent.now) // SECOND_MS
    return body


def offering_named(agent: SponsoredAgent, offering_id: str) -> Offering:
    """The offering of that id, or REFERENCE_NOT_FOUND."""
    offering = agent.offerings.get(offering_id)
    if offering is None:
        raise AdcpError("REFERENCE_NOT_FOUND", f"there is no offering {offering_id}", "offering_id")
    return offering


def alternatives(agent: SponsoredAgent, offering: Offering, country: str = "") -> list[str]:
    """The ids of other offerings from which something can be had."""
    return [one.id for one in agent.offerings.values() if one is not offering and one.open(agent.now, country)]


def _wire(agent: SponsoredAgent, offering: Offering, status: str) -> Body:
    config = offering.config
    body: Body = {"offering_id": offering.id, "title": config.title, "availability_status": status}
    for name in ("summary", "tagline", "image_url", "landing_url"):
        if getattr(config, name):
            body[name] = getattr(config, name)
    if config.expires is not None:
        body["expires_at"] = iso(config.expires)
    prices = [p.price_micros() for p in offering.products.values() if p.status() != "sold_out"]
    if prices:
        body["price_hint"] = f"from {money(min(prices), agent.config.currency)}"
    return body


def _product(agent: SponsoredAgent, product: Product, intent: str) -> Body:
    """A product of the answer; of one with variants, that which the intent names."""
    variant_id = variant_in(product, intent)
    body: Body = {
        "product_id": product.id,
        "name": product.name,
        "price": money(product.price_micros(variant_id), agent.config.currency),
        "availability_summary": product.summary(variant_id),
        "availability_status": product.status(variant_id),
    }
    before = agent.original_price(product, variant_id)
    if before:
        body["original_price"] = before
    for name in ("image_url", "url"):
        if getattr(product.config, name):
            body[name] = getattr(product.config, name)
    return body
