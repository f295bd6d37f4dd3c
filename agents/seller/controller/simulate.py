"""Scenarios that make figures up: delivery in reports, and money spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.accounts import may_use
from agents.seller.controller.force import buy_of
from agents.seller.controller.state import Refused
from sandbox.core.money import amount, micros, split
from sandbox.core.time import HOUR_MS, parse_instant

if TYPE_CHECKING:
    from agents.seller.records import MediaBuy
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

COUNTED = ("impressions", "clicks", "conversions")


def simulate_delivery(ctx: Context, seller: Seller, _request: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Add delivery to the reports of a media buy, now or on ``delivery_date``; its budget is not touched."""
    buy = buy_of(ctx, seller, params["media_buy_id"])
    spend = params.get("reported_spend")
    if spend is not None and spend["currency"] != buy.currency:
        raise Refused("INVALID_PARAMS", f"reported_spend.currency: the media buy is in {buy.currency}")
    counts = {name: int(params[name]) for name in COUNTED if name in params}
    viewability = params.get("viewability", {})
    if "viewable_impressions" in viewability:
        counts["viewable"] = int(viewability["viewable_impressions"])
    if spend is not None:
        counts["spend_micros"] = micros(spend["amount"])
    at_ms = parse_instant(params["delivery_date"]) if "delivery_date" in params else seller.now
    packages = buy.live or list(buy.packages.values())
    budgets = [max(package.budget_micros, 1) for package in packages]
    shares = {name: split(value, budgets) for name, value in counts.items()}
    for number, package in enumerate(packages):
        mine = {name: share[number] for name, share in shares.items()}
        seller.ledger.simulate(package.package_id, at_ms - at_ms % HOUR_MS, mine)
    given = {name: value for name, value in params.items() if name != "media_buy_id"}
    return {"simulated": given, "cumulative": _cumulative(seller, buy)}


def _cumulative(seller: Seller, buy: MediaBuy) -> dict[str, Any]:
    totals = [seller.ledger.counted(package_id) for package_id in buy.packages]
    body: dict[str, Any] = {name: sum(total[name] for total in totals) for name in COUNTED}
    spend = amount(sum(total["spend_micros"] for total in totals))
    return {**body, "reported_spend": {"amount": spend, "currency": buy.currency}}


def simulate_budget_spend(
    ctx: Context, seller: Seller, _request: dict[str, Any], params: dict[str, Any]
) -> dict[str, Any]:
    """Say how much of its budget a media buy, or all those of an account, have spent; replaces what was said before."""
    if "media_buy_id" in params:
        entity_id = params["media_buy_id"]
        buys = [buy_of(ctx, seller, entity_id)]
    else:
        entity_id = params["account_id"]
        account = seller.accounts.get(entity_id)
        if account is None or not may_use(account, ctx.principal):
            raise Refused("NOT_FOUND", f"there is no account {entity_id}")
        buys = [buy for buy in seller.buys_of(ctx.principal) if buy.account_id == entity_id]
    budget = sum(buy.budget_micros for buy in buys)
    if budget <= 0:
        raise Refused("INVALID_PARAMS", f"{entity_id} has no budget")
    percent = params["spend_percentage"]
    seller.controller.spent[entity_id] = percent
    currency = buys[0].currency
    simulated = {
        "spend_percentage": percent,
        "computed_spend": {"amount": amount(round(budget * percent / 100)), "currency": currency},
        "budget": {"amount": amount(budget), "currency": currency},
    }
    return {"simulated": simulated}
