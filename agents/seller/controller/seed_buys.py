"""Scenarios that put something into an account: creatives, plans, media buys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.accounts import accounts_of
from agents.seller.controller.force import move_buy
from agents.seller.controller.seed_products import _seeded
from agents.seller.controller.state import Refused, account_in
from agents.seller.library import enter, set_creative
from agents.seller.orders import Order, book
from agents.seller.records import Package, Product
from sandbox.core.money import micros, split
from sandbox.core.time import DAY_MS, parse_instant
from sandbox.domain.formats import parse_format

if TYPE_CHECKING:
    from agents.seller.records import Account
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

_PATHS = {
    "processing": (),
    "pending_review": ("pending_review",),
    "approved": ("pending_review", "approved"),
    "rejected": ("rejected",),
    "suspended": ("pending_review", "approved", "suspended"),
    "archived": ("pending_review", "approved", "archived"),
}
"""How a creative gets into a state."""

_BUDGET = {"total": 1000}


def seed_creative(ctx: Context, seller: Seller, request: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """A creative in the library of the account, in the state that the fixture names (approved).

    All sandbox accounts that the caller sees and that have none of that id get it too.
    """
    creative_id, fixture = params["creative_id"], params.get("fixture", {})
    account = account_in(ctx, seller, request)
    path = _PATHS.get(fixture.get("status", "approved"))
    if path is None:
        raise Refused("INVALID_PARAMS", f"fixture.status: use one of {', '.join(_PATHS)}")
    known = seller.controller.seed(("creative", creative_id), fixture)
    if known is None:
        others = [other for other in accounts_of(seller, ctx.principal) if other.sandbox and other is not account]
        for owner in (account, *others):
            if (owner.account_id, creative_id) not in seller.creatives:
                _enter(seller, owner, creative_id, fixture, path)
    return _seeded(known, f"creative {creative_id}")


def _enter(seller: Seller, owner: Account, creative_id: str, fixture: dict[str, Any], path: tuple[str, ...]) -> None:
    fmt = parse_format(fixture.get("format_id", {}).get("id", "display_300x250_image"))
    name, kind = fmt.asset
    asset = {"asset_type": kind, "url": f"https://cdn.sandbox.example/{creative_id}", "width": 300, "height": 250}
    body = {
        "creative_id": creative_id,
        "name": fixture.get("name", creative_id),
        "format_id": {**fmt.ref, **fixture.get("format_id", {})},
        "assets": fixture.get("assets", {name: asset}),
    }
    creative, _, _ = enter(seller, owner, body)
    for state in path:
        set_creative(seller, creative, state, "seeded by the test controller")


def seed_plan(_ctx: Context, seller: Seller, _request: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """A campaign plan. Plans are kept by governance agents: a seller only notes that there is one."""
    plan_id = params["plan_id"]
    return _seeded(seller.controller.seed(("plan", plan_id), params.get("fixture", {})), f"plan {plan_id}")


def seed_media_buy(ctx: Context, seller: Seller, request: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """A media buy of the account, in the state that the fixture names (active).

    Without packages in the fixture it buys the first product. A flight that would be over ends a day from now.
    """
    media_buy_id, fixture = params["media_buy_id"], params.get("fixture", {})
    account = account_in(ctx, seller, request)
    if media_buy_id in seller.media_buys and ("media_buy", media_buy_id) not in seller.controller.seeds:
        raise Refused("INVALID_PARAMS", f"there is a media buy {media_buy_id} already")
    if fixture.get("currency", seller.config.currency) != seller.config.currency:
        raise Refused("INVALID_PARAMS", f"fixture.currency: this agent sells in {seller.config.currency}")
    known = seller.controller.seed(("media_buy", media_buy_id), fixture)
    if known is None:
        _book(ctx, seller, account, media_buy_id, fixture)
    return _seeded(known, f"media buy {media_buy_id}")


def _book(ctx: Context, seller: Seller, account: Account, media_buy_id: str, fixture: dict[str, Any]) -> None:
    flight, now = fixture.get("flight", {}), seller.now
    start = flight.get("start") or fixture.get("start_time")
    end = flight.get("end") or fixture.get("end_time")
    entries = fixture.get("packages") or [{}]
    total = micros(fixture.get("budget", _BUDGET).get("total", _BUDGET["total"]))
    budgets = split(total, [1] * len(entries))
    products = [_product(seller, entry) for entry in entries]
    packages = [_package(p, e, b) for p, e, b in zip(products, entries, budgets, strict=True)]
    wish = {"brand": account.brand, "paused": fixture.get("status") == "paused"}
    start_ms = parse_instant(start) if start else None
    end_ms = max(parse_instant(end) if end else now + 30 * DAY_MS, now + DAY_MS)
    order = Order(ctx.principal.id, ctx.version, account, wish, start_ms, end_ms, packages, [[] for _ in packages])
    ids = [entry["package_id"] for entry in entries if "package_id" in entry]
    buy = book(seller, order, "seeded by the test controller", media_buy_id, ids)
    wanted = fixture.get("status", "active")
    if buy.status == "pending_creatives" and wanted in ("active", "completed", "paused"):
        move_buy(seller, buy, "active", "seeded by the test controller")
    if buy.status != wanted:
        move_buy(seller, buy, wanted, "seeded by the test controller")


def _product(seller: Seller, entry: dict[str, Any]) -> Product:
    product_id = entry.get("product_id") or next(iter(seller.products), "")
    if product_id not in seller.products:
        raise Refused("INVALID_PARAMS", f"fixture.packages: seed the product {product_id} first")
    return seller.products[product_id]


def _package(product: Product, entry: dict[str, Any], budget_micros: int) -> Package:
    option = product.option(entry.get("pricing_option_id", "")) or product.pricing[0]
    own = micros(entry["budget"]) if isinstance(entry.get("budget"), int | float) else budget_micros
    bid = None if option.is_fixed else option.rate_micros
    return Package("", product, option, own, bid_micros=bid)
