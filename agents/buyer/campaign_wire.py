"""Campaigns and media buys as callers see them (rules 7, 57 to 65, 79, 80)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.buyer import goals, pacing_periods
from agents.buyer.caps import caps_wire
from agents.buyer.fees import budget_wire
from agents.buyer.formats import coverage
from agents.buyer.records import Campaign, MediaBuy, Package, Selection, Session, StagedProduct
from agents.buyer.staging import offered
from agents.buyer.wire import optional_amount
from sandbox.core.money import amount
from sandbox.core.time import iso
from sandbox.domain.lifecycles import most_restrictive

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Json = dict[str, Any]


def summary(platform: BuyerPlatform, campaign: Campaign) -> Json:
    """A row of ``list_campaigns``: no brief, no media buys, no caps; the budget is total and currency."""
    return {
        "campaignId": campaign.campaign_id,
        "advertiserId": campaign.advertiser_id,
        "name": campaign.name,
        "status": campaign.status,
        "campaignType": campaign.campaign_type,
        "flightDates": {"startDate": iso(campaign.start_ms), "endDate": iso(campaign.end_ms)},
        "budget": {"total": amount(campaign.budget_micros), "currency": campaign.currency},
        "productCount": len(selections(platform, campaign)),
        "createdAt": iso(campaign.created_ms),
        "updatedAt": iso(campaign.updated_ms),
    }


def full(platform: BuyerPlatform, campaign: Campaign, only: list[str] | None = None) -> Json:
    """The whole campaign; ``only`` narrows ``mediaBuys`` to these ids (rule 60)."""
    listed = [buy for buy in campaign.media_buys if buy.status != "ARCHIVED"]
    body = summary(platform, campaign)
    body["mediaBuyRefs"] = [{"mediaBuyId": buy.media_buy_id, "status": buy.status} for buy in campaign.media_buys]
    body["mediaBuyStatus"] = most_restrictive(buy.status for buy in listed)  # rule 80
    body["budget"] = {
        **body["budget"],
        "dailyCap": optional_amount(campaign.daily_cap_micros),
        "pacing": campaign.pacing.replace("_", "").upper() if campaign.pacing else None,  # conflict C12
    }
    body |= budget_wire(platform, campaign)
    body["brief"] = campaign.brief
    body["constraints"] = {"channels": campaign.channels, "countries": campaign.countries}
    shown = campaign.goals
    body["performanceConfig"] = {"optimizationGoals": goals.camel(shown)} if shown else None
    advertiser = platform.advertisers[campaign.advertiser_id]
    body["optimizationApplyMode"] = campaign.apply_mode or advertiser.apply_mode  # rule 35
    body["catalogId"] = campaign.catalog_id
    body["utmConfig"] = {"params": campaign.utm}
    body["audiences"] = [entry for entry in campaign.audiences if entry["status"] == "ACTIVE"]  # rule 64
    body["pacingPeriods"] = pacing_periods.wire(campaign.periods_mode, campaign.periods)
    body["frequencyCaps"] = caps_wire(campaign.caps)
    body["creativeFormats"] = coverage(platform, campaign)  # rule 65
    if campaign.status == "DRAFT":  # rule 61
        body["discoveryId"] = campaign.discovery_ids[-1] if campaign.discovery_ids else None
        body["products"] = [_selected(session, pick) for session, pick in selections(platform, campaign)]
    else:
        del body["productCount"]
    wanted = [buy for buy in listed if not only or buy.media_buy_id in only]
    body["mediaBuys"] = [media_buy_wire(platform, campaign, buy) for buy in wanted]
    return body


def selections(platform: BuyerPlatform, campaign: Campaign) -> list[tuple[Session, Selection]]:
    """What is selected in all attached sessions."""
    sessions = [platform.sessions[discovery_id] for discovery_id in campaign.discovery_ids]
    return [(session, pick) for session in sessions for pick in session.selections]


def _selected(session: Session, pick: Selection) -> Json:
    product = offered(session, pick.seller_id, pick.product_id)
    return {
        "productId": pick.product_id,
        "productName": product.get("name", pick.product_id),
        "salesAgentId": pick.seller_id,
        "groupId": pick.group_id,
        "groupName": pick.group_name,
        "bidPrice": optional_amount(pick.bid_micros),
        "budget": optional_amount(pick.budget_micros),
        "selectedAt": iso(pick.selected_ms),
    }


def media_buy_wire(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy) -> Json:
    """A media buy, or a version of it that waits for approval."""
    start_ms = campaign.start_ms if buy.start_ms is None else buy.start_ms
    end_ms = campaign.end_ms if buy.end_ms is None else buy.end_ms
    delivered = [row for (buy_id, _, _), row in platform.delivered.items() if buy_id == buy.media_buy_id]
    body: Json = {
        "mediaBuyId": buy.media_buy_id,
        "adcpMediaBuyId": buy.adcp_media_buy_id,
        "name": buy.name,
        "salesAgentId": buy.seller_id,
        "salesAgentName": platform.sellers.name(buy.seller_id),
        "status": buy.status,
        "adcpStatus": buy.adcp_status,
        "version": buy.version,
        "startTime": iso(start_ms),
        "endTime": iso(end_ms),
        "optimization_goals": buy.goals,
        "creativeIds": list(buy.creative_ids),
        "packages": [_package(platform, buy, package) for package in buy.packages],
        "delivery": {
            "impressions": sum(row.impressions for row in delivered),
            "spend": amount(sum(row.spend_micros for row in delivered)),
            "clicks": sum(row.clicks for row in delivered),
        },
        "createdAt": iso(buy.created_ms),
        "updatedAt": iso(buy.updated_ms),
    }
    if buy.status == "DRAFT":
        body["products"] = [_staged(product) for product in buy.products]
    if buy.message:
        body["message"] = buy.message
    if buy.needs:
        body["inputRequired"] = buy.needs
    return body


def _staged(product: StagedProduct) -> Json:
    return {
        "productId": product.product_id,
        "productName": product.name,
        "pricingOptionId": product.pricing_option_id,
        "budget": optional_amount(product.budget_micros),
        "pacing": product.pacing,
        "bidPrice": optional_amount(product.bid_micros),
    }


def _package(platform: BuyerPlatform, buy: MediaBuy, package: Package) -> Json:
    rows = [
        row
        for (buy_id, package_id, _), row in platform.delivered.items()
        if buy_id == buy.media_buy_id and package_id == package.package_id
    ]
    return {
        "packageId": package.package_id,
        "productId": package.product_id,
        "productName": package.product_name,
        "pricingOptionId": package.pricing_option_id,
        "budget": amount(package.budget_micros),
        "pacing": package.pacing,
        "bidPrice": optional_amount(package.bid_micros),
        "period": package.period,
        "startTime": iso(package.start_ms),
        "endTime": iso(package.end_ms),
        "paused": package.paused or buy.status == "PAUSED",  # rule 67
        "canceled": package.canceled,
        "creativeIds": list(package.creative_ids),
        "impressions": sum(row.impressions for row in rows),
        "spend": amount(sum(row.spend_micros for row in rows)),
        "clicks": sum(row.clicks for row in rows),
    }


def products_wire(platform: BuyerPlatform, campaign: Campaign) -> Json:
    """Every product with the session that found it and the media buys it is on (rule 63)."""
    rows, contexts = [], []
    for discovery_id in campaign.discovery_ids:
        session = platform.sessions[discovery_id]
        contexts.append(
            {
                "id": discovery_id,
                "brief": session.brief,
                "channels": session.channels,
                "countries": session.countries,
                "createdAt": iso(session.created_ms),
                "productCount": len(session.selections),
            }
        )
    for session, pick in selections(platform, campaign):
        product = offered(session, pick.seller_id, pick.product_id)
        options = {o["pricing_option_id"]: o for o in product.get("pricing_options", [])}
        row = _selected(session, pick)
        row["pricingModel"] = options.get(pick.pricing_option_id, {}).get("pricing_model")
        row["searchContext"] = {"id": session.discovery_id, "brief": session.brief}
        row["mediaBuys"] = [
            {"id": buy.media_buy_id, "name": buy.name, "status": buy.status}
            for buy in campaign.media_buys
            if buy.seller_id == pick.seller_id and pick.product_id in [p.product_id for p in buy.packages]
        ]
        rows.append(row)
    on_buys = sum(1 for row in rows if row["mediaBuys"])
    totals = {"totalProducts": len(rows), "productsOnMediaBuys": on_buys, "productsPending": len(rows) - on_buys}
    return {"products": rows, "searchContexts": contexts, "summary": totals}
