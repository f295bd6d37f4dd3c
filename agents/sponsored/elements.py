"""What the host can show: standard components, or an A2UI surface (si-ui-element.json, a2ui/surface.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.sponsored.catalog import Product, money
from agents.sponsored.records import Session

if TYPE_CHECKING:
    from agents.sponsored.agent import SponsoredAgent

Body = dict[str, Any]

STANDARD = ("text", "link", "image", "product_card", "carousel", "action_button")
"""Components that every host renders."""

CATALOG = "si-standard"
"""The A2UI catalog of our surfaces."""

BUY, VIEW = "acp_checkout", "view_product"
ACTIONS = {BUY: "buy", "checkout": "buy", VIEW: "view"}
"""Actions that come back from buttons and cards, and what they mean."""


def ui_elements(agent: SponsoredAgent, session: Session, products: list[Product]) -> list[Body]:
    """Standard components for the products of an answer, as far as the host renders them; none for no product."""
    standard = session.negotiated["components"]["standard"]
    cards = [_card(agent, session, product) for product in products]
    if "product_card" not in standard or not cards:
        return _links(products) if "link" in standard else []
    if len(cards) > 1 and "carousel" in standard:
        return [{"type": "carousel", "data": {"title": agent.name, "items": cards}}]
    elements = [{"type": "product_card", "data": card} for card in cards]
    if len(products) == 1 and "action_button" in standard and _sellable(session, products[0]):
        payload = {"product_id": products[0].id}
        button = {"label": f"Buy {products[0].name}", "action": BUY, "payload": payload}
        elements.append({"type": "action_button", "data": button})
    return elements


def surface(agent: SponsoredAgent, session: Session, text: str, products: list[Product]) -> Body:
    """An A2UI surface: the text above a card for each product, with what can be done about it."""
    children = [("text", {"Text": {"text": _literal(text)}})]
    for number, product in enumerate(products):
        children.append((f"product_{number}", {"ProductCard": _product_card(agent, session, product)}))
    root = {"id": "root", "component": {"Column": {"children": [child for child, _ in children]}}}
    rows = [{"id": child, "parentId": "root", "component": component} for child, component in children]
    surface_id = f"{session.session_id}-{session.turns}"
    return {"surfaceId": surface_id, "catalogId": CATALOG, "rootId": "root", "components": [root, *rows]}


def _card(agent: SponsoredAgent, session: Session, product: Product) -> Body:
    card: Body = {
        "title": product.name,
        "price": money(product.price_micros(), agent.config.currency),
        "subtitle": product.summary(),
        "product_id": product.id,
    }
    if product.config.description:
        card["description"] = product.config.description
    if product.config.image_url:
        card["image_url"] = product.config.image_url
    before = agent.original_price(product)
    if before:
        card["badge"] = f"Was {before}"
    buy = _sellable(session, product)
    return {**card, "cta": {"label": "Buy" if buy else "More", "action": BUY if buy else VIEW}}


def _product_card(agent: SponsoredAgent, session: Session, product: Product) -> Body:
    card = _card(agent, session, product)
    action = {"name": card["cta"]["action"], "context": {"product_id": _literal(product.id)}}
    shown = {"title": "title", "price": "price", "description": "description", "image_url": "image", "badge": "badge"}
    told = {theirs: _literal(card[ours]) for ours, theirs in shown.items() if ours in card}
    return {**told, "ctaLabel": _literal(card["cta"]["label"]), "action": action}


def _links(products: list[Product]) -> list[Body]:
    return [
        {"type": "link", "data": {"url": product.config.url, "label": product.name}}
        for product in products
        if product.config.url
    ]


def _sellable(session: Session, product: Product) -> bool:
    return session.can("commerce", "acp_checkout") and product.status() != "sold_out"


def _literal(text: str) -> Body:
    return {"literalString": text}
