"""Campaigns: create, read, change, archive (rules 43 to 65, 71, 96 to 98)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from agents.buyer import campaign_wire, pacing_periods
from agents.buyer.answers import campaigns as answers
from agents.buyer.buy_status import OPEN, live_version
from agents.buyer.campaign_bodies import (
    CreateCampaign,
    GetCampaign,
    ListCampaigns,
    UpdateCampaign,
    UtmConfig,
)
from agents.buyer.caps import replace_caps
from agents.buyer.catalogs import check_catalog
from agents.buyer.context import (
    advertiser_for,
    branded_advertiser_for,
    campaign_for,
    customer_of,
    platform_of,
    session_for,
)
from agents.buyer.discovery import discover_for_campaign
from agents.buyer.execution import limit_spend
from agents.buyer.fees import media_budget_micros
from agents.buyer.flight import change_status, watch_end
from agents.buyer.goals import check_sources
from agents.buyer.media_buy_checks import check_actions, follow_flight
from agents.buyer.media_buys import act, end_media_buy, refusal
from agents.buyer.period_cascade import append_periods, plan_periods
from agents.buyer.records import Campaign, Session
from agents.buyer.retargeting import aims, check_audiences, follow_aims, merge_audiences
from agents.buyer.selection import put
from agents.buyer.staging import check_picks, picks_of, stage
from agents.buyer.wire import group
from sandbox.core.errors import AdcpError, ApiError
from sandbox.kernel.endpoint import Context
from sandbox.operations import Request

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation = group("campaigns")
Steps = Generator[Any, Any, Any]
Json = dict[str, Any]


@operation(
    "list_campaigns",
    "GET",
    "/campaigns",
    params=ListCampaigns,
    answer=answers.CampaignList,
    rules=(7, 59, 108),
)
def list_campaigns(ctx: Context, request: Request) -> Json:
    """The caller's campaigns as summaries, the newest last.

    All of them, unless ``limit`` (or ``take``) asks for a page.
    """
    platform, query = platform_of(ctx), request.params
    found = [c for c in _campaigns_of(ctx, query.advertiser_id) if query.status in (None, c.status)]
    limit = query.limit if query.limit is not None else query.take
    offset = query.offset or query.skip
    following = len(found) if limit is None else offset + limit
    rows = []
    for campaign in found[offset:following]:
        row = campaign_wire.summary(platform, campaign)
        if query.include_media_buys:
            row["mediaBuys"] = [
                campaign_wire.media_buy_wire(platform, campaign, buy)
                for buy in campaign.media_buys
                if buy.status != "ARCHIVED"
            ]
        rows.append(row)
    more = following < len(found)
    return {"campaigns": rows, "total": len(found), "hasMore": more, "nextOffset": following if more else None}


def _campaigns_of(ctx: Context, advertiser_id: str | None) -> Iterator[Campaign]:
    """The campaigns of one advertiser, or of all that the caller has."""
    campaigns = platform_of(ctx).campaigns
    if advertiser_id is not None:
        return (campaigns[name] for name in advertiser_for(ctx, advertiser_id).campaign_ids)
    mine = customer_of(ctx).customer_id
    return (campaign for campaign in campaigns.values() if campaign.customer_id == mine)


@operation(
    "get_campaign",
    "GET",
    "/campaigns/{campaignId}",
    params=GetCampaign,
    envelope="mirror",
    answer=answers.Campaign,
    rules=(7, 59, 60, 61),
)
def get_campaign(ctx: Context, request: Request) -> Json:
    """One campaign with its media buys, budgets, audiences, caps and creative coverage."""
    campaign = campaign_for(ctx, request.path["campaignId"])
    return campaign_wire.full(platform_of(ctx), campaign, request.params.media_buy_id)


@operation(
    "get_campaign_products",
    "GET",
    "/campaigns/{campaignId}/products",
    answer=answers.CampaignProducts,
    rules=(63,),
)
def get_campaign_products(ctx: Context, request: Request) -> Json:
    """The products of a campaign, where each was found and on which media buys it is."""
    return campaign_wire.products_wire(platform_of(ctx), campaign_for(ctx, request.path["campaignId"]))


@operation(
    "create_campaign",
    "POST",
    "/campaigns",
    body=CreateCampaign,
    success_status=201,
    envelope="mirror",
    answer=answers.Campaign,
    rules=(41, 43, 44, 45, 47, 48, 50, 52, 102),
)
def create_campaign(ctx: Context, request: Request) -> Steps:
    """Create a DRAFT campaign; with goals and channels its products are discovered at once (rule 48)."""
    platform, body = platform_of(ctx), request.body
    if platform.config.compatibility.campaign_type_required and "campaign_type" not in body.model_fields_set:
        raise ApiError("VALIDATION_ERROR", "campaignType: the field is required", "campaignType")
    advertiser = branded_advertiser_for(ctx, body.advertiser_id)
    goals = body.performance_config.optimization_goals if body.performance_config else []
    check_sources(advertiser, goals, "performanceConfig.optimizationGoals")
    start_ms, end_ms = body.flight_dates.start_date, body.flight_dates.end_date
    _check_budget(body.budget.total, body.budget.daily_cap)
    check_catalog(advertiser, body.catalog_id)
    check_audiences(platform, advertiser.advertiser_id, body.audience_config)
    periods = body.pacing_periods.records() if body.pacing_periods else []
    pacing_periods.check_in_flight(periods, start_ms, end_ms)
    session = _session(ctx, body.discovery_id, advertiser.advertiser_id) if body.discovery_id else None
    picks = picks_of(platform, session, body.product_ids) if session is not None else []
    utm = _merged_utm([], body.utm_config)
    now = platform.now
    campaign = Campaign(
        campaign_id=platform.ids.next("cmp"),
        customer_id=advertiser.customer_id,
        advertiser_id=advertiser.advertiser_id,
        name=body.name,
        campaign_type=body.campaign_type,
        status="DRAFT",
        start_ms=start_ms,
        end_ms=end_ms,
        budget_micros=body.budget.total,
        currency=body.budget.currency,
        created_ms=now,
        updated_ms=now,
        daily_cap_micros=body.budget.daily_cap,
        pacing=body.budget.pacing,
        brief=body.brief,
        channels=body.constraints.channels,
        countries=body.constraints.countries,
        goals=[goal.adcp() for goal in goals],
        apply_mode=body.optimization_apply_mode,
        catalog_id=body.catalog_id,
        periods_mode=body.pacing_periods.mode if body.pacing_periods else None,
        periods=periods,
        utm=utm,
    )
    if session is not None:
        check_picks(platform, campaign, session, [*session.selections, *picks])
        for pick in picks:
            put(session, pick)
    platform.campaigns[campaign.campaign_id] = campaign
    advertiser.campaign_ids.append(campaign.campaign_id)
    platform.status("campaign", campaign.campaign_id, None, "DRAFT", "created")
    if body.audience_config:
        merge_audiences(platform, campaign, body.audience_config)
    if body.frequency_caps:
        replace_caps(platform, "CAMPAIGN", campaign.campaign_id, campaign.caps, body.frequency_caps)
    if session is not None:
        attach(platform, campaign, session)
    elif goals and campaign.channels:
        yield from discover_for_campaign(platform, advertiser, campaign)
    yield from platform.governance.sync(campaign)
    return campaign_wire.full(platform, campaign)


def attach(platform: BuyerPlatform, campaign: Campaign, session: Session) -> None:
    """Attach a discovery session: its products go on DRAFT media buys already now (rule 74)."""
    if session.discovery_id not in campaign.discovery_ids:
        campaign.discovery_ids.append(session.discovery_id)
    session.campaign_id = campaign.campaign_id
    if session.budget_micros is None:
        session.budget_micros = campaign.budget_micros
    stage(platform, campaign)


def _session(ctx: Context, discovery_id: str, advertiser_id: str) -> Session:
    session = session_for(ctx, discovery_id)
    if session.advertiser_id != advertiser_id:
        raise ApiError("VALIDATION_ERROR", "the discovery session belongs to another advertiser", "discoveryId")
    return session


def _check_budget(total_micros: int, daily_micros: int | None) -> None:
    if daily_micros is not None and daily_micros > total_micros:
        raise ApiError("VALIDATION_ERROR", "the daily cap is more than the whole budget", "budget.dailyCap")


def _merged_utm(utm: list[dict[str, str]], config: UtmConfig | None) -> list[dict[str, str]]:
    """Parameters overridden by key; with ``deleteMissing`` no other one stays (rule 38)."""
    if config is None:
        return utm
    kept = {} if config.delete_missing else {row["paramKey"]: row["paramValue"] for row in utm}
    kept |= {param.param_key: param.param_value for param in config.params}
    if len(kept) > 20:
        raise ApiError("VALIDATION_ERROR", "a campaign has 20 UTM parameters at most", "utmConfig.params")
    return [{"paramKey": key, "paramValue": value} for key, value in kept.items()]


@operation(
    "update_campaign",
    "PUT",
    "/campaigns/{campaignId}",
    body=UpdateCampaign,
    envelope="mirror",
    answer=answers.UpdatedCampaign,
    rules=(45, 74, 85, 86, 88, 89, 93, 94, 96, 97, 98, 102, 103),
)
def update_campaign(ctx: Context, request: Request) -> Steps:
    """Change a campaign and its media buys. All is checked before anything is changed.

    What an agent then refuses stands in ``errors``, one entry a media buy.
    """
    platform, body = platform_of(ctx), request.body
    campaign = campaign_for(ctx, request.path["campaignId"])
    if campaign.status == "ARCHIVED":
        raise ApiError("INVALID_STATE", "an archived campaign can't be changed")
    if body.campaign_type not in (None, campaign.campaign_type):
        raise ApiError("VALIDATION_ERROR", "the type of a campaign is fixed at its creation", "campaignType")  # 45
    advertiser = branded_advertiser_for(ctx, campaign.advertiser_id)
    session = _session(ctx, body.discovery_id, campaign.advertiser_id) if body.discovery_id else None
    if session is not None:
        check_picks(platform, campaign, session, session.selections)
    if body.performance_config:
        goals = body.performance_config.optimization_goals
        check_sources(advertiser, goals, "performanceConfig.optimizationGoals")
    utm = _merged_utm(campaign.utm, body.utm_config)
    check_catalog(advertiser, body.catalog_id)
    check_audiences(platform, advertiser.advertiser_id, body.audience_config)
    flight = _new_flight(platform, campaign, body)
    media_micros = _new_media_budget(platform, campaign, body)
    actions = follow_flight(campaign, body.media_buys, flight)
    check_actions(platform, campaign, advertiser, actions, flight, media_micros)
    plan = plan_periods(platform, campaign, _new_periods(platform, campaign, body, flight), media_micros)
    before = aims(platform, campaign)
    _apply(platform, campaign, body, flight)
    campaign.utm = utm
    yield from platform.governance.sync(campaign)
    if session is not None:
        attach(platform, campaign, session)
    errors = yield from follow_aims(platform, campaign, before)
    for action in actions:
        error = yield from act(platform, campaign, action)
        if error is not None:
            errors.append(error)
    cascade = None
    if body.pacing_periods is not None:
        campaign.periods_mode, campaign.periods = body.pacing_periods.mode, body.pacing_periods.records()
        cascade = yield from append_periods(platform, campaign, plan)
    result = campaign_wire.full(platform, campaign)
    if cascade is not None:
        result["pacingCascadeResult"] = cascade  # rule 103
    return result | {"success": False, "errors": errors} if errors else result


def _new_flight(platform: BuyerPlatform, campaign: Campaign, body: UpdateCampaign) -> tuple[int, int]:
    change = body.flight_dates
    start_ms = campaign.start_ms if change is None or change.start_date is None else change.start_date
    end_ms = campaign.end_ms if change is None or change.end_date is None else change.end_date
    if end_ms <= start_ms:
        raise ApiError("VALIDATION_ERROR", "the flight ends before it starts", "flightDates.endDate")
    if body.pacing_periods is None:
        pacing_periods.check_in_flight(campaign.periods, start_ms, end_ms)
    if campaign.status != "DRAFT":
        if start_ms != campaign.start_ms:
            why = "the start is fixed once the campaign was executed"
            raise ApiError("INVALID_STATE", why, "flightDates.startDate")
        if end_ms != campaign.end_ms and end_ms <= platform.now:
            raise ApiError("VALIDATION_ERROR", "the end of the flight is over already", "flightDates.endDate")
    return start_ms, end_ms


def _new_media_budget(platform: BuyerPlatform, campaign: Campaign, body: UpdateCampaign) -> int:
    """What media buys may spend after the update, in micros."""
    change = body.budget
    if change is None:
        return media_budget_micros(platform, campaign)
    if change.currency not in (None, campaign.currency) and campaign.status != "DRAFT":
        raise ApiError("INVALID_STATE", "the currency is fixed once the campaign was executed", "budget.currency")
    total = campaign.budget_micros if change.total is None else change.total
    daily = change.daily_cap if "daily_cap" in change.model_fields_set else campaign.daily_cap_micros
    _check_budget(total, daily)
    return media_budget_micros(platform, campaign, total)


def _new_periods(
    platform: BuyerPlatform, campaign: Campaign, body: UpdateCampaign, flight: tuple[int, int]
) -> list[Json]:
    """The periods that an executed campaign gets in addition; DRAFTs may change them all (rule 102, C11)."""
    if body.pacing_periods is None:
        return []
    periods = body.pacing_periods.records()
    pacing_periods.check_in_flight(periods, *flight)
    if campaign.status == "DRAFT":
        return []
    extra = pacing_periods.appended(campaign.periods, periods, campaign.periods_mode == body.pacing_periods.mode)
    for period in extra:
        if period["end_ms"] <= platform.now:
            raise ApiError("VALIDATION_ERROR", f"period {period['label']!r} is over already", "pacingPeriods")
    return extra


def _apply(platform: BuyerPlatform, campaign: Campaign, body: UpdateCampaign, flight: tuple[int, int]) -> None:
    given = body.model_fields_set
    campaign.updated_ms = platform.now
    ended = campaign.end_ms != flight[1]
    campaign.start_ms, campaign.end_ms = flight
    if ended and campaign.status in ("ACTIVE", "PAUSED"):
        watch_end(platform, campaign)
    if body.name is not None:
        campaign.name = body.name
    for name in ("brief", "catalog_id"):
        if name in given:
            setattr(campaign, name, getattr(body, name))
    if body.optimization_apply_mode is not None:
        campaign.apply_mode = body.optimization_apply_mode
    if body.constraints is not None:
        for name in body.constraints.model_fields_set:
            setattr(campaign, name, getattr(body.constraints, name))
    if body.performance_config is not None:
        _set_goals(campaign, [goal.adcp() for goal in body.performance_config.optimization_goals])
    if body.audience_config is not None:
        merge_audiences(platform, campaign, body.audience_config)
    if body.frequency_caps is not None:
        replace_caps(platform, "CAMPAIGN", campaign.campaign_id, campaign.caps, body.frequency_caps)
    if body.budget is not None:
        _apply_budget(platform, campaign, body)


def _set_goals(campaign: Campaign, goals: list[Json]) -> None:
    """Give the campaign and its DRAFTs other goals; a DRAFT with goals of its own keeps them."""
    for buy in campaign.media_buys:
        if buy.status == "DRAFT" and buy.goals == campaign.goals:
            buy.goals = list(goals)
    campaign.goals = goals


def _apply_budget(platform: BuyerPlatform, campaign: Campaign, body: UpdateCampaign) -> None:
    change = body.budget
    assert change is not None
    if change.total is not None:
        campaign.budget_micros = change.total
    if change.currency is not None:
        campaign.currency = change.currency
    if change.pacing is not None:
        campaign.pacing = change.pacing
    if "daily_cap" in change.model_fields_set:
        campaign.daily_cap_micros = change.daily_cap
    if campaign.status != "DRAFT":
        limit_spend(platform, campaign)


@operation("delete_campaign", "DELETE", "/campaigns/{campaignId}", success_status=204, rules=(71, 94))
def delete_campaign(ctx: Context, request: Request) -> Steps:
    """Archive a campaign; what still runs is canceled with its sales agents, and stays in reports.

    INVALID_STATE, and the campaign goes on, while a sales agent does not let a media buy be canceled.
    """
    platform, campaign = platform_of(ctx), campaign_for(ctx, request.path["campaignId"])
    if campaign.status == "ARCHIVED":
        raise ApiError("INVALID_STATE", "the campaign is archived already")
    waiting = [buy for buy in campaign.media_buys if live_version(campaign, buy) is not None]
    running = [buy for buy in campaign.media_buys if buy.status in (*OPEN, "DRAFT", "FAILED") and buy not in waiting]
    ends = [end_media_buy(platform, campaign, buy, "ARCHIVED", "the campaign was deleted") for buy in running]
    results = yield from platform.sellers.gather(ends)
    errors = [refusal(buy, e) for buy, e in zip(running, results, strict=True) if isinstance(e, AdcpError)]
    if errors:
        message = f"{len(errors)} media buys can't be canceled: {errors[0]['message']}"
        raise ApiError("INVALID_STATE", message, details={"errors": errors})
    change_status(platform, campaign, "ARCHIVED", "deleted")
    return {}
