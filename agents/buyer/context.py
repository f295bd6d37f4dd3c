"""What handlers look up: the platform, the customer who calls, and the things that belong to that customer.

A thing of another customer is NOT_FOUND in the same words as one that never was (rule 13).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, cast

from agents.buyer.records import Advertiser, Campaign, Creative, Customer, Session, Suggestion
from agents.buyer.wire import AccountRef
from sandbox.core.errors import ApiError
from sandbox.kernel.endpoint import Context

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

T = TypeVar("T", Advertiser, Campaign, Session, Suggestion)


def platform_of(ctx: Context) -> BuyerPlatform:
    """The platform that serves the call."""
    return cast("BuyerPlatform", ctx.actor)


def customer_of(ctx: Context) -> Customer:
    """The customer who calls."""
    return cast("Customer", ctx.notes["tenant"])


def advertiser_for(ctx: Context, advertiser_id: str) -> Advertiser:
    """An advertiser of the caller."""
    return _owned(ctx, platform_of(ctx).advertisers, advertiser_id, "advertiser")


def account_for(ctx: Context, advertiser_id: str, account: AccountRef) -> Advertiser:
    """The advertiser of a path, with a brand, which the body's ``account`` has to name too (rules 41 and 133)."""
    advertiser = branded_advertiser_for(ctx, advertiser_id)
    if account.account_id != advertiser.advertiser_id:
        raise ApiError(
            "VALIDATION_ERROR",
            f"account.account_id: it is {advertiser.advertiser_id}, as in the path",
            "account.account_id",
        )
    return advertiser


def branded_advertiser_for(ctx: Context, advertiser_id: str) -> Advertiser:
    """An advertiser of the caller that has a brand; INVALID_STATE until it has one (rule 41)."""
    advertiser = advertiser_for(ctx, advertiser_id)
    if advertiser.brand is None:
        raise ApiError(
            "INVALID_STATE",
            f"advertiser {advertiser_id} has no brand; set one with update_advertiser first",
            field="brand",
        )
    return advertiser


def campaign_for(ctx: Context, campaign_id: str) -> Campaign:
    """A campaign of the caller."""
    return _owned(ctx, platform_of(ctx).campaigns, campaign_id, "campaign")


def session_for(ctx: Context, discovery_id: str) -> Session:
    """A discovery session of the caller."""
    return _owned(ctx, platform_of(ctx).sessions, discovery_id, "discovery session")


def suggestion_for(ctx: Context, suggestion_id: str) -> Suggestion:
    """An optimisation suggestion for a campaign of the caller."""
    return _owned(ctx, platform_of(ctx).suggestions, suggestion_id, "optimization suggestion")


def creative_for(ctx: Context, campaign_id: str, creative_id: str) -> Creative:
    """A creative manifest of a campaign of the caller that has not been deleted."""
    campaign = campaign_for(ctx, campaign_id)
    creative = platform_of(ctx).creatives.get(creative_id)
    if creative is None or creative.campaign_id != campaign.campaign_id or creative.archived_ms is not None:
        raise ApiError("NOT_FOUND", f"there is no creative {creative_id}")
    return creative


def _owned(ctx: Context, table: Mapping[str, T], thing_id: str, what: str) -> T:
    thing = table.get(thing_id)
    if thing is None or thing.customer_id != customer_of(ctx).customer_id:
        raise ApiError("NOT_FOUND", f"there is no {what} {thing_id}")
    return thing
