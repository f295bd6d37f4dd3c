"""auto_select_products: let the platform choose among what was discovered (rules 129 and 130)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from pydantic import Field

from agents.buyer.allocation import Candidate, allocate, candidates, method_of
from agents.buyer.answers.campaigns import AutoSelection
from agents.buyer.context import campaign_for, platform_of
from agents.buyer.fees import committed_micros, media_budget_micros
from agents.buyer.offers import group_id, is_fixed, price
from agents.buyer.records import Campaign, Selection, Session
from agents.buyer.refine import RefineItem, refine
from agents.buyer.selection import drop_from_drafts, put
from agents.buyer.staging import stage
from agents.buyer.wire import group, optional_amount
from sandbox.core.errors import ApiError
from sandbox.core.money import amount, micros
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request
from sandbox.operations.model import PositiveAmount

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = group("auto-select")

MAX_PRODUCTS = 10
"""Products that are selected if nobody says how many."""

BID_OVER_FLOOR = 1.5
"""A bid where an option gives no price guidance, as a multiple of its floor."""

REASONS = {
    "measurability": "products whose reports count conversions come first, then value for the money",
    "scoring": "products score by results for the money on the campaign's goals, by whether their reports "
    "measure them, and by their fit to the brief",
    "cpm_heuristic": "no product reports the campaign's goals, so price and fit to the brief decide",
}


class AutoSelect(Body):
    """Body of ``auto_select_products``; all of it may be left out (conflict C4)."""

    max_products: int = Field(default=MAX_PRODUCTS, ge=1, le=100)
    min_budget_per_product: PositiveAmount | None = None
    refine: list[RefineItem] = Field(default=[], max_length=25)


@operation(
    "auto_select_products",
    "POST",
    "/campaigns/{campaignId}/auto-select-products",
    body=AutoSelect,
    answer=AutoSelection,
    rules=(46, 129, 130),
)
def auto_select_products(ctx: Context, request: Request) -> Generator[Any, Any, dict[str, Any]]:
    """Choose products from the campaign's last discovery and share the media budget out among them.

    Earlier selections are replaced. INVALID_STATE for ROUTED campaigns and those that are over,
    VALIDATION_ERROR without performanceConfig, without products, or if the budget buys none.
    """
    platform, body = platform_of(ctx), request.body
    campaign = campaign_for(ctx, request.path["campaignId"])
    session = _session(platform, campaign)
    if body.refine:
        yield from refine(platform, session, platform.advertisers[campaign.advertiser_id], body.refine)
    offers = _offers(campaign, session)
    method = method_of(campaign.goals, [product for _, product in offers])
    ranked = candidates(offers, campaign.goals, method, body.min_budget_per_product or 0)
    budget = media_budget_micros(platform, campaign) - committed_micros(platform, campaign)
    chosen, test = allocate(ranked, max(0, budget), body.max_products)
    if not chosen:
        raise ApiError(
            "VALIDATION_ERROR",
            f"{amount(max(0, budget))} {campaign.currency} buy none of the {len(ranked)} products discovered",
            "minBudgetPerProduct" if body.min_budget_per_product else "budget.total",
        )
    _replace(platform, campaign, session, chosen)
    answer = _wire(campaign, session, chosen, method)
    if method != "cpm_heuristic":
        answer["testBudgetPerProduct"] = amount(test)
    return answer


def _session(platform: BuyerPlatform, campaign: Campaign) -> Session:
    """The session to choose from: the last one with products."""
    if campaign.campaign_type == "ROUTED":  # rule 46
        raise ApiError("INVALID_STATE", "products of a ROUTED campaign are selected by hand", "campaignType")
    if campaign.status not in ("DRAFT", "ACTIVE", "PAUSED"):
        raise ApiError("INVALID_STATE", f"the campaign is {campaign.status}")
    if not campaign.goals:
        raise ApiError("VALIDATION_ERROR", "set performanceConfig on the campaign first", "performanceConfig")
    for discovery_id in reversed(campaign.discovery_ids):
        session = platform.sessions[discovery_id]
        if any(session.products.values()):
            return session
    raise ApiError("VALIDATION_ERROR", "no products were discovered for the campaign", "discoveryId")


def _offers(campaign: Campaign, session: Session) -> list[tuple[str, dict[str, Any]]]:
    """What was discovered, without products that run on a media buy already."""
    bought = {
        (buy.seller_id, package.product_id)
        for buy in campaign.media_buys
        if buy.status in ("ACTIVE", "PAUSED", "PENDING_APPROVAL", "INPUT_REQUIRED")
        for package in buy.packages
    }
    return [
        (seller_id, product)
        for seller_id, offered in session.products.items()
        for product in offered
        if (seller_id, product["product_id"]) not in bought
    ]


def _replace(
    platform: BuyerPlatform, campaign: Campaign, session: Session, chosen: list[tuple[Candidate, int]]
) -> None:
    """Replace the selection, and the staged products that came of it."""
    drop_from_drafts(platform, session, [(s.seller_id, s.product_id) for s in session.selections])
    session.selections = []
    for candidate, budget_micros in chosen:
        option = candidate.product["pricing_options"][0]
        put(
            session,
            Selection(
                product_id=candidate.product["product_id"],
                seller_id=candidate.seller_id,
                group_id=group_id(session, candidate.seller_id),
                group_name=platform.sellers.name(candidate.seller_id),
                selected_ms=platform.now,
                pricing_option_id=option["pricing_option_id"],
                bid_micros=_bid(option),
                budget_micros=budget_micros,
                product=candidate.product,
            ),
        )
    stage(platform, campaign)
    campaign.updated_ms = platform.now


def _bid(option: dict[str, Any]) -> int | None:
    """The bid for an option that is not fixed: the median of its guidance, else half above its floor."""
    if is_fixed(option):
        return None
    floor = price(option)
    guidance = option.get("price_guidance", {}).get("p50")
    return micros(guidance if guidance is not None and guidance >= floor else floor * BID_OVER_FLOOR)


def _wire(campaign: Campaign, session: Session, chosen: list[tuple[Candidate, int]], method: str) -> dict[str, Any]:
    total = sum(part for _, part in chosen)
    by_key = {(s.seller_id, s.product_id): s for s in session.selections}
    rows = []
    for candidate, part in chosen:
        selection = by_key[candidate.key]
        rows.append(
            {
                "campaignId": campaign.campaign_id,
                "discoveryId": session.discovery_id,
                "productId": selection.product_id,
                "name": candidate.product["name"],
                "salesAgentId": selection.seller_id,
                "groupId": selection.group_id,
                "groupName": selection.group_name,
                "budget": amount(part),
                "cpm": amount(candidate.cpm_micros),
                "bidPrice": optional_amount(selection.bid_micros),
                "pricingOptionId": selection.pricing_option_id,
            }
        )
    names = [row["name"] for row in rows[:3]]
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    return {
        "campaignId": campaign.campaign_id,
        "discoveryId": session.discovery_id,
        "selectedProducts": rows,
        "budgetContext": {
            "campaignBudget": amount(campaign.budget_micros),
            "totalAllocated": amount(total),
            "remainingBudget": amount(campaign.budget_micros - total),
            "currency": campaign.currency,
        },
        "selectionRationale": f"{REASONS[method]}: {', '.join(names)}{more}.",
        "selectionMethod": method,
        "productCount": len(rows),
    }
