"""From selected products to DRAFT media buys, one with each sales agent (rules 72 and 74)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.buyer.offers import group_id, is_fixed, price
from agents.buyer.records import Campaign, MediaBuy, Selection, Session, StagedProduct
from sandbox.core.errors import ApiError
from sandbox.core.money import micros
from sandbox.domain.lifecycles import ENDED_MEDIA_BUYS

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform


def picks_of(platform: BuyerPlatform, session: Session, product_ids: list[str]) -> list[Selection]:
    """Products of a session by id alone, at their first price; bids are at the floor (rule 47).

    VALIDATION_ERROR if one of them was not offered.
    """
    picks = []
    for number, product_id in enumerate(product_ids):
        seller_id = next((s for s in session.products if offered(session, s, product_id)), None)
        if seller_id is None:
            raise ApiError("VALIDATION_ERROR", f"the session offers no {product_id!r}", f"productIds[{number}]")
        option = offered(session, seller_id, product_id)["pricing_options"][0]
        picks.append(
            Selection(
                product_id=product_id,
                seller_id=seller_id,
                group_id=group_id(session, seller_id),
                group_name=platform.sellers.name(seller_id),
                selected_ms=platform.now,
                pricing_option_id=option["pricing_option_id"],
                bid_micros=None if is_fixed(option) else micros(price(option)),
            )
        )
    return picks


def check_picks(platform: BuyerPlatform, campaign: Campaign, session: Session, picks: list[Selection]) -> None:
    """Selections can be bought for the campaign: from eligible sales agents, in its currency (rule 46)."""
    routed = campaign.campaign_type == "ROUTED"
    eligible = platform.sellers.agents(platform.customer(campaign.customer_id), routed)
    for pick in picks:
        if pick.seller_id not in eligible:
            raise ApiError(
                "VALIDATION_ERROR",
                f"{pick.seller_id} is not authorised for this {campaign.campaign_type} campaign; "
                f"remove product {pick.product_id} from the selection",
                "discoveryId",
            )
        options = offered(session, pick.seller_id, pick.product_id).get("pricing_options", [])
        for option in options:
            if option["pricing_option_id"] == pick.pricing_option_id and option["currency"] != campaign.currency:
                raise ApiError(
                    "VALIDATION_ERROR",
                    f"product {pick.product_id} is sold in {option['currency']}, the campaign's currency is "
                    f"{campaign.currency}",
                    "budget.currency",
                )


def stage(platform: BuyerPlatform, campaign: Campaign) -> None:
    """Put the selected products of all attached sessions on DRAFT media buys.

    A product on a media buy that has not ended is left where it is.
    """
    for discovery_id in campaign.discovery_ids:
        session = platform.sessions[discovery_id]
        for selection in session.selections:
            if not _on_open_buy(campaign, selection):
                _add(platform, campaign, session, selection)


def _on_open_buy(campaign: Campaign, selection: Selection) -> bool:
    for buy in campaign.media_buys:
        if buy.seller_id != selection.seller_id or buy.status in ENDED_MEDIA_BUYS:
            continue
        on_it = [*(p.product_id for p in buy.products), *(p.product_id for p in buy.packages)]
        if selection.product_id in on_it:
            return True
    return False


def _add(platform: BuyerPlatform, campaign: Campaign, session: Session, selection: Selection) -> None:
    draft = draft_with(platform, campaign, selection.seller_id)
    product = offered(session, selection.seller_id, selection.product_id)
    draft.products.append(
        StagedProduct(
            product_id=selection.product_id,
            name=str(product.get("name", selection.product_id)),
            discovery_id=session.discovery_id,
            pricing_option_id=selection.pricing_option_id,
            budget_micros=selection.budget_micros,
            pacing=campaign.pacing or "even",
            bid_micros=selection.bid_micros,
            selected_ms=selection.selected_ms,
        )
    )
    draft.updated_ms = platform.now


def draft_with(platform: BuyerPlatform, campaign: Campaign, seller_id: str) -> MediaBuy:
    """The DRAFT media buy with a sales agent, made if there is none."""
    for buy in campaign.media_buys:
        if buy.seller_id == seller_id and buy.status == "DRAFT":
            return buy
    now = platform.now
    buy = MediaBuy(
        media_buy_id=platform.ids.next("mb"),
        campaign_id=campaign.campaign_id,
        seller_id=seller_id,
        name=f"{campaign.name} - {platform.sellers.name(seller_id)}",
        status="DRAFT",
        created_ms=now,
        updated_ms=now,
        goals=list(campaign.goals),
    )
    campaign.media_buys.append(buy)
    platform.status("platform_media_buy", buy.media_buy_id, None, "DRAFT", "products were selected")
    return buy


def offered(session: Session, seller_id: str, product_id: str) -> dict[str, Any]:
    """A product as its agent offered it in a session; empty if it is gone from the results."""
    offers = session.products.get(seller_id, [])
    return next((product for product in offers if product["product_id"] == product_id), {})


def product_of(platform: BuyerPlatform, campaign: Campaign, seller_id: str, product_id: str) -> dict[str, Any]:
    """A product as its agent offered it in any session of the campaign."""
    for discovery_id in campaign.discovery_ids:
        found = offered(platform.sessions[discovery_id], seller_id, product_id)
        if found:
            return found
    return {}
