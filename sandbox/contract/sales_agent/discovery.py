"""What products and formats say."""

from __future__ import annotations

from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.orders import account
from sandbox.contract.sales_agent.orders import products as on_offer

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
    """Every price is above zero, in a currency, and either fixed or by auction, not both."""
    for product in await on_offer(agent):
        for option in product["pricing_options"]:
            what = f"{product['product_id']}.{option['pricing_option_id']}"
            fixed, floor = option.get("fixed_price"), option.get("floor_price")
            expect(fixed is None or floor is None, what, "fixed_price or floor_price", "both")
            expect(fixed is None or fixed > 0, f"{what}.fixed_price", "above zero", fixed)
            expect(
                len(str(option.get("currency", ""))) == 3, f"{what}.currency", "three letters", option.get("currency")
            )


@CHECKS.add("products.formats", "docs/creative/task-reference/list_creative_formats.mdx")
async def formats(agent: Agent) -> None:
    """Every product takes a format that list_creative_formats describes."""
    agent.needs("list_creative_formats")
    rows = (await agent.ok("list_creative_formats")).get("formats") or []
    described = {row["format_id"]["id"] for row in rows}
    for product in await on_offer(agent):
        named = {one["id"] for one in product.get("format_ids") or []}
        if named:
            expect(bool(named & described), f"formats of {product['product_id']}", sorted(described), sorted(named))


@CHECKS.add("products.filter", _SPEC)
async def filtered(agent: Agent) -> None:
    """A filter by delivery type leaves all products of that type and no other."""
    rows = await on_offer(agent)
    where = await account(agent)
    for kind in ("guaranteed", "non_guaranteed"):
        asked = {"buying_mode": "wholesale", "account": where, "filters": {"delivery_type": kind}}
        found = {row["product_id"] for row in (await agent.ok("get_products", asked)).get("products") or []}
        wanted = {row["product_id"] for row in rows if row["delivery_type"] == kind}
        expect(found == wanted, f"products that are {kind}", sorted(wanted), sorted(found))


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
    agent.needs("list_creative_formats")
    rows = (await agent.ok("list_creative_formats")).get("formats") or []
    if not rows:
        raise Skipped("the agent describes no formats")
    found = [(row["format_id"]["agent_url"], row["format_id"]["id"]) for row in rows]
    expect(len(set(found)) == len(found), "format_id", "each once", sorted(found))
    for row in rows:
        assets = [asset.get("asset_id") for asset in row.get("assets") or [] if "asset_id" in asset]
        expect(len(set(assets)) == len(assets), f"assets of {row['format_id']['id']}", "each once", assets)
