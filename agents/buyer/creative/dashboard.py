"""Where people manage creatives, which callers of the MCP edge are pointed at (rule 185)."""

from __future__ import annotations

from agents.buyer.context import advertiser_for, campaign_for, platform_of
from agents.buyer.creative.answers import DashboardUrl
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request
from sandbox.operations.model import Id

operation: Group = group("creative dashboard")


class Dashboard(Body):
    """Query of ``get_creative_dashboard_url``."""

    advertiser_id: Id
    campaign_id: Id


@operation(
    "get_creative_dashboard_url",
    "GET",
    "/creative-dashboard-url",
    params=Dashboard,
    aliases=("/dashboard-url",),
    answer=DashboardUrl,
    rules=(185,),
)
def get_creative_dashboard_url(ctx: Context, request: Request) -> DashboardUrl:
    """Where people manage the creatives of a campaign."""
    platform = platform_of(ctx)
    advertiser = advertiser_for(ctx, request.params.advertiser_id)
    campaign = campaign_for(ctx, request.params.campaign_id)
    if campaign.advertiser_id != advertiser.advertiser_id:
        raise ApiError("NOT_FOUND", f"the advertiser has no campaign {campaign.campaign_id}", "campaignId")
    place = f"customers/{advertiser.customer_id}/advertisers/{advertiser.advertiser_id}"
    return {"url": platform.world.network.url(platform.id, f"{place}/campaigns/{campaign.campaign_id}/creatives")}
