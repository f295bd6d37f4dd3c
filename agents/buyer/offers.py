"""Products that sales agents offered, as the platform shows them: filters, groups and pages (rules 116 to 122)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from agents.buyer.records import Session
from sandbox.operations import Body
from sandbox.operations.answer import Money
from sandbox.operations.model import Names

PricingModel = Literal["cpm", "vcpm", "cpc", "cpcv", "cpv", "cpp", "flat_rate"]


class View(Body):
    """Which part of a session's results is shown (rules 8 and 116)."""

    publisher_domain: str | None = None
    pricing_model: PricingModel | None = None
    sales_agent_ids: Names = []
    sales_agent_names: Names = []
    group_limit: Annotated[int, Field(ge=1, le=10)] = 10
    group_offset: Annotated[int, Field(ge=0)] = 0
    products_per_group: Annotated[int, Field(ge=1, le=15)] = 10
    product_offset: Annotated[int, Field(ge=0)] = 0
    debug: bool = False


class PublisherProperty(TypedDict):
    """A publisher that a product runs on, and whether on all of its properties."""

    publisherDomain: str
    selectionType: Literal["all", "by_id", "by_tag"]


class PricingOption(TypedDict):
    """A way to pay: ``rate`` where the price is set, ``floorPrice`` where the buyer bids."""

    pricingOptionId: str
    pricingModel: str
    currency: str
    isFixed: bool
    rate: NotRequired[Money]
    floorPrice: NotRequired[Money]
    minSpendPerPackage: NotRequired[Money]


class Product(TypedDict):
    """A product; ``bidPrice`` is the price or floor of its first pricing option."""

    productId: str
    name: str
    description: str
    channel: str | None
    channels: list[str]
    deliveryType: str
    bidPrice: Money
    salesAgentId: str
    salesAgentName: str
    publisherProperties: list[PublisherProperty]
    pricingOptions: list[PricingOption]
    formatIds: list[dict[str, Any]]
    briefRelevance: NotRequired[str]


class ProductGroup(TypedDict):
    """The products of one sales agent; ``totalProducts`` are those that pass the filters."""

    groupId: str
    groupName: str
    salesAgentId: str
    products: list[Product]
    productCount: int
    totalProducts: int
    hasMoreProducts: bool


class PriceRange(TypedDict):
    """Prices or floors of first pricing options."""

    min: Money
    max: Money
    avg: Money


class Summary(TypedDict):
    """All products that pass the filters, on whatever page."""

    totalProducts: int
    publishersCount: int
    priceRange: PriceRange | None


class BudgetContext(TypedDict):
    """What is left of a session's budget; null where it has none (rule 126)."""

    sessionBudget: Money | None
    allocatedBudget: Money
    remainingBudget: Money | None


def is_fixed(option: dict[str, Any]) -> bool:
    """True if a pricing option has a set price, False if the buyer bids."""
    return "fixed_price" in option


def price(option: dict[str, Any]) -> float:
    """The set price of an option, or its floor."""
    return float(option["fixed_price"] if is_fixed(option) else option.get("floor_price", 0))


def group_id(session: Session, seller_id: str) -> str:
    """The id of a sales agent's group; the same whatever is filtered."""
    return f"{session.discovery_id}-group-{list(session.products).index(seller_id)}"


def domains(product: dict[str, Any]) -> list[str]:
    """The publishers that a product runs on."""
    found: list[str] = []
    for selector in product["publisher_properties"]:
        several = selector.get("publisher_domains") or [selector["publisher_domain"]]
        found.extend(domain for domain in several if domain not in found)
    return found


def on_domain(product: dict[str, Any], wanted: str) -> bool:
    """True if ``wanted`` is a whole component, or several, of a publisher's domain (rule 118)."""
    parts = wanted.lower().split(".")
    return any(
        parts == labels[start : start + len(parts)]
        for labels in (domain.lower().split(".") for domain in domains(product))
        for start in range(len(labels))
    )


def agent_matches(seller_id: str, name: str, ids: list[str], names: list[str]) -> bool:
    """True if an agent is one of ``ids`` (exactly) and its name contains one of ``names`` (rule 119).

    An empty list does not restrict.
    """
    listed = not ids or seller_id in ids
    named = not names or any(wanted.casefold() in name.casefold() for wanted in names)
    return listed and named


def _passes(product: dict[str, Any], view: View) -> bool:
    if view.publisher_domain is not None and not on_domain(product, view.publisher_domain):
        return False
    models = [option["pricing_model"] for option in product["pricing_options"]]
    return view.pricing_model is None or view.pricing_model in models


def show(session: Session, names: dict[str, str], view: View) -> dict[str, Any]:
    """The part of the results that a view asks for.

    ``names`` are the agents' names by id. Shape: ``{discoveryId, productGroups, totalGroups, hasMoreGroups,
    summary}``; filters come first, then groups, then pages.
    """
    kept: dict[str, list[dict[str, Any]]] = {}
    for seller_id, offered in session.products.items():
        if agent_matches(seller_id, names[seller_id], view.sales_agent_ids, view.sales_agent_names):
            fitting = [product for product in offered if _passes(product, view)]
            if fitting:
                kept[seller_id] = fitting
    shown = list(kept)[view.group_offset : view.group_offset + view.group_limit]
    return {
        "discoveryId": session.discovery_id,
        "productGroups": [_group(session, agent, names[agent], kept[agent], view) for agent in shown],
        "totalGroups": len(kept),
        "hasMoreGroups": view.group_offset + view.group_limit < len(kept),
        "summary": _summary([product for offered in kept.values() for product in offered]),
    }


def _group(session: Session, seller_id: str, name: str, offered: list[dict[str, Any]], view: View) -> dict[str, Any]:
    end = view.product_offset + view.products_per_group
    rows = [product_wire(product, seller_id, name) for product in offered[view.product_offset : end]]
    return {
        "groupId": group_id(session, seller_id),
        "groupName": name,
        "salesAgentId": seller_id,
        "products": rows,
        "productCount": len(rows),
        "totalProducts": len(offered),
        "hasMoreProducts": end < len(offered),
    }


def _summary(offered: list[dict[str, Any]]) -> dict[str, Any]:
    prices = [price(product["pricing_options"][0]) for product in offered]
    publishers = {domain for product in offered for domain in domains(product)}
    spread = None
    if prices:
        spread = {"min": min(prices), "max": max(prices), "avg": round(sum(prices) / len(prices), 4)}
    return {"totalProducts": len(offered), "publishersCount": len(publishers), "priceRange": spread}


def product_wire(product: dict[str, Any], seller_id: str, name: str) -> dict[str, Any]:
    """A product as the platform shows it; ``bidPrice`` is the price or floor of its first pricing option."""
    channels = product.get("channels", [])
    row: dict[str, Any] = {
        "productId": product["product_id"],
        "name": product["name"],
        "description": product["description"],
        "channel": channels[0] if channels else None,
        "channels": channels,
        "deliveryType": product["delivery_type"],
        "bidPrice": price(product["pricing_options"][0]),
        "salesAgentId": seller_id,
        "salesAgentName": name,
        "publisherProperties": [
            {"publisherDomain": domain, "selectionType": selector["selection_type"]}
            for selector in product["publisher_properties"]
            for domain in selector.get("publisher_domains") or [selector["publisher_domain"]]
        ],
        "pricingOptions": [option_wire(option) for option in product["pricing_options"]],
        "formatIds": product.get("format_ids", []),
    }
    if product.get("brief_relevance"):
        row["briefRelevance"] = product["brief_relevance"]
    return row


def option_wire(option: dict[str, Any]) -> dict[str, Any]:
    """A pricing option: ``rate`` if the price is set, ``floorPrice`` if the buyer bids."""
    row: dict[str, Any] = {
        "pricingOptionId": option["pricing_option_id"],
        "pricingModel": option["pricing_model"],
        "currency": option["currency"],
        "isFixed": is_fixed(option),
        "rate" if is_fixed(option) else "floorPrice": price(option),
    }
    if "min_spend_per_package" in option:
        row["minSpendPerPackage"] = option["min_spend_per_package"]
    return row
