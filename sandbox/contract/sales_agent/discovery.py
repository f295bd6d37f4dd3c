"""What products and formats say."""

from __future__ import annotations

from typing import Any

from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent
from sandbox.contract.sales_agent.catalog import every_row, wholesale
from sandbox.contract.sales_agent.catalog import formats as described_formats
from sandbox.contract.sales_agent.catalog import products as on_offer
from sandbox.contract.sales_agent.checks import CHECKS

_SPEC = "docs/media-buy/task-reference/get_products.mdx"


@CHECKS.add("products.ids", _SPEC)
async def ids(agent: Agent) -> None:
    """No two products have one id, and no two prices of a product."""
    found = [product["product_id"] for product in await on_offer(agent)]
    expect(len(set(found)) == len(found), "product_id", "each once", sorted(found))
    for product in await on_offer(agent):
        options = [option["pricing_option_id"] for option in product["pricing_options"]]
        expect(len(set(options)) == len(options), f"pricing_option_id of {product['product_id']}", "each once", options)


@CHECKS.add("products.prices", _SPEC)
async def prices(agent: Agent) -> None:
    """No price is below zero; each has a currency, and is either fixed or by auction, not both."""
    for product in await on_offer(agent):
        for option in product["pricing_options"]:
            what = f"{product['product_id']}.{option['pricing_option_id']}"
            fixed, floor = option.get("fixed_price"), option.get("floor_price")
            expect(fixed is None or floor is None, what, "fixed_price or floor_price", "both")
            expect(fixed is None or fixed >= 0, f"{what}.fixed_price", "not below zero", fixed)
            expect(
                len(str(option.get("currency", ""))) == 3, f"{what}.currency", "three letters", option.get("currency")
            )


@CHECKS.add("products.formats", "docs/creative/task-reference/list_creative_formats.mdx")
async def formats(agent: Agent) -> None:
    """Every product takes a format that list_creative_formats describes, or one of another creative agent."""
    rows = await described_formats(agent)
    described = {_named(row["format_id"]) for row in rows}
    homes = {agent_url for agent_url, _ in described}
    taken = [(product["product_id"], product.get("format_ids")) for product in await on_offer(agent)]
    if not described or not any(formats for _, formats in taken):
        raise Skipped("no formats are described, or no product names any")
    for product_id, formats in taken:
        named = {_named(one) for one in formats or ()}
        if all(agent_url in homes for agent_url, _ in named) and named:
            expect(bool(named & described), f"formats of {product_id}", sorted(described), sorted(named))


def _named(format_id: dict[str, Any]) -> tuple[str, str]:
    return str(format_id["agent_url"]).rstrip("/"), str(format_id["id"])


@CHECKS.add("products.filter", _SPEC)
async def filtered(agent: Agent) -> None:
    """A filter by delivery type leaves out every product of another type, and not those of that type."""
    rows = await on_offer(agent)
    for kind in ("guaranteed", "non_guaranteed"):
        asked = {**await wholesale(agent), "filters": {"delivery_type": kind}}
        found = await every_row(agent, "get_products", "products", asked)
        other = [row["product_id"] for row in found if row["delivery_type"] != kind]
        expect(not other, f"products that are not {kind}", "none", other)
        wanted = [row["product_id"] for row in rows if row["delivery_type"] == kind]
        expect(bool(found) or not wanted or bool(agent.curates), f"products that are {kind}", wanted, "none")


@CHECKS.add("products.named", _SPEC, severity="should")
async def named(agent: Agent) -> None:
    """Every product says which properties it is sold on."""
    for product in await on_offer(agent):
        expect(
            bool(product.get("publisher_properties")), f"publisher_properties of {product['product_id']}", "some", None
        )


@CHECKS.add("formats.ids", "docs/creative/task-reference/list_creative_formats.mdx")
async def format_ids(agent: Agent) -> None:
    """No two formats have one id, and each says what assets it wants."""
    rows = await described_formats(agent)
    if not rows:
        raise Skipped("the agent describes no formats")
    found = [(row["format_id"]["agent_url"], row["format_id"]["id"]) for row in rows]
    expect(len(set(found)) == len(found), "format_id", "each once", sorted(found))
    for row in rows:
        assets = [asset.get("asset_id") for asset in row.get("assets") or [] if "asset_id" in asset]
        expect(len(set(assets)) == len(assets), f"assets of {row['format_id']['id']}", "each once", assets)
