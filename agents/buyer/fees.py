"""From the budget of a campaign to what is left for media (rules 55 to 59)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agents.buyer.records import Campaign, MediaBuy, Package
from sandbox.core.money import amount

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform


def fee_micros(platform: BuyerPlatform, campaign: Campaign, budget_micros: int | None = None) -> int:
    """The platform's margin on the budget, or on another one: DECISIONED campaigns alone pay it (rule 46)."""
    if campaign.campaign_type == "ROUTED":
        return 0
    total = campaign.budget_micros if budget_micros is None else budget_micros
    return int(total * Decimal(str(platform.config.fee_percent)) / 100)


def media_budget_micros(platform: BuyerPlatform, campaign: Campaign, budget_micros: int | None = None) -> int:
    """What media buys may spend: the budget without the fees (rules 55 and 56)."""
    total = campaign.budget_micros if budget_micros is None else budget_micros
    return total - fee_micros(platform, campaign, total)


def buy_budget_micros(buy: MediaBuy) -> int:
    """The budget of a media buy: of its packages, or of its staged products while it is a DRAFT."""
    if buy.packages:
        return sum(p.budget_micros for p in buy.packages if not p.canceled)
    return sum(p.budget_micros or 0 for p in buy.products)


def spend_micros(platform: BuyerPlatform, buy: MediaBuy) -> int:
    """What a media buy has spent, as its sales agent reported."""
    return sum(row.spend_micros for (buy_id, _, _), row in platform.delivered.items() if buy_id == buy.media_buy_id)


def package_spend_micros(platform: BuyerPlatform, buy: MediaBuy, package: Package) -> int:
    """What a package has spent, as its sales agent reported."""
    return sum(
        row.spend_micros
        for (buy_id, package_id, _), row in platform.delivered.items()
        if (buy_id, package_id) == (buy.media_buy_id, package.package_id)
    )


def allocated_micros(platform: BuyerPlatform, campaign: Campaign) -> int:
    """Budgets of ACTIVE media buys and the spend of ARCHIVED ones (rule 57, conflict C14)."""
    total = 0
    for buy in campaign.media_buys:
        if buy.status == "ACTIVE":
            total += buy_budget_micros(buy)
        elif buy.status == "ARCHIVED":
            total += spend_micros(platform, buy)
    return total


def committed_micros(platform: BuyerPlatform, campaign: Campaign) -> int:
    """What can't be given to a new media buy: budgets of buys that run or wait, the spend of those that ended.

    So can't what outcome agents hold or have earned.
    """
    total = platform.outcome.reserved_micros(campaign)
    for buy in campaign.media_buys:
        running = buy.sending or buy.status in ("ACTIVE", "PAUSED", "PENDING_APPROVAL", "INPUT_REQUIRED")
        if running and not is_pending_version(campaign, buy):
            total += buy_budget_micros(buy)
        elif buy.status in ("ARCHIVED", "CANCELED", "COMPLETED"):
            total += spend_micros(platform, buy)
    return total


def is_pending_version(campaign: Campaign, buy: MediaBuy) -> bool:
    """True if the record is an update that waits beside its live version (rule 62)."""
    return any(other is not buy and other.media_buy_id == buy.media_buy_id for other in campaign.media_buys) and (
        buy.status in ("PENDING_APPROVAL", "INPUT_REQUIRED") and buy.version > 1
    )


def budget_wire(platform: BuyerPlatform, campaign: Campaign) -> dict[str, Any]:
    """``fees``, ``mediaBudget``, ``allocatedBudget`` and ``unallocatedBudget`` (rule 59)."""
    fee, media = fee_micros(platform, campaign), media_budget_micros(platform, campaign)
    allocated = allocated_micros(platform, campaign)
    fees = [
        {
            "label": "Platform fee",
            "amount": amount(fee),
            "currency": campaign.currency,
            "pricingType": "MARGIN",
            "marginPercent": platform.config.fee_percent,
        }
    ]
    return {
        "fees": fees if fee else [],
        "mediaBudget": {"total": amount(media), "currency": campaign.currency},
        "allocatedBudget": amount(allocated),
        "unallocatedBudget": amount(media - allocated),
    }
