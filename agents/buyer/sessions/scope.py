"""What operations of creative sessions look up: sessions, variants, and the formats to draw and to save."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.buyer.context import campaign_for, platform_of
from agents.buyer.formats import coverage, distinct
from agents.buyer.records import Campaign
from agents.buyer.sessions.adapter import LEAST, MOST, size_of
from agents.buyer.sessions.bodies import BasedOn
from agents.buyer.sessions.records import CreativeSession, Variant
from sandbox.core.errors import ApiError
from sandbox.domain.formats import default_formats, format_key
from sandbox.kernel.endpoint import Context
from sandbox.operations import Request

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Json = dict[str, Any]


def session_for(ctx: Context, request: Request) -> CreativeSession:
    """The creative session of a path, of a campaign of the caller."""
    campaign = campaign_for(ctx, request.path["campaignId"])
    return _session_of(platform_of(ctx), campaign, request.path["sessionId"])


def _session_of(platform: BuyerPlatform, campaign: Campaign, session_id: str, field: str = "") -> CreativeSession:
    session = platform.creative_sessions.sessions.get(session_id)
    if session is None or session.campaign_id != campaign.campaign_id:
        raise ApiError("NOT_FOUND", f"there is no creative session {session_id}", field or None)
    return session


def open_campaign(ctx: Context, request: Request) -> Campaign:
    """The campaign of a path, unless it is archived."""
    campaign = campaign_for(ctx, request.path["campaignId"])
    if campaign.status == "ARCHIVED":
        raise ApiError("INVALID_STATE", "the campaign is archived", "campaignId")
    return campaign


def working(ctx: Context, request: Request) -> CreativeSession:
    """A session on which work goes on."""
    open_campaign(ctx, request)
    session = session_for(ctx, request)
    if session.status in ("finalized", "discarded"):
        hint = "; start a new one with based_on" if session.status == "finalized" else ""
        raise ApiError("INVALID_STATE", f"the session is {session.status}{hint}", "sessionId")
    return session


def variant_of(session: CreativeSession, variant_id: str, field: str = "variant_id") -> Variant:
    """A variant that has not been discarded."""
    variant = session.variants.get(variant_id)
    if variant is None or variant.status == "discarded":
        raise ApiError("NOT_FOUND", f"{field}: the session has no variant {variant_id}", field)
    return variant


def origin_of(ctx: Context, campaign: Campaign, based_on: BasedOn | None) -> tuple[CreativeSession, Variant] | None:
    """The variant with which a session begins; None if it begins from nothing."""
    if based_on is None:
        return None
    session = _session_of(platform_of(ctx), campaign, based_on.session_id, "based_on.session_id")
    return session, variant_of(session, based_on.variant_id, "based_on.variant_id")


def targets_of(
    platform: BuyerPlatform, campaign: Campaign, given: list[tuple[str, Json]]
) -> tuple[list[Json], list[Json]]:
    """The formats to draw, and those of the campaign that cannot be drawn.

    Without given ones they are what the campaign's products need and no manifest covers yet; a campaign
    without products gets the usual banners.
    """
    for field, ref in given:
        if size_of(platform, ref) is None:
            why = f"{ref['id']} is no still image of {LEAST} to {MOST} pixels a side; this adapter draws nothing else"
            raise ApiError("VALIDATION_ERROR", f"{field}: {why}", field)
    if given:
        return distinct([ref for _, ref in given]), []
    told = coverage(platform, campaign)
    wanted = told["missing"] or told["required"] or [fmt.ref for fmt in default_formats("display")]
    targets = [ref for ref in wanted if size_of(platform, ref) is not None]
    if not targets:
        names = ", ".join(ref["id"] for ref in wanted)
        why = f"the campaign needs {names}; this adapter draws still images only"
        raise ApiError("VALIDATION_ERROR", f"target_format_ids: {why}", "target_format_ids")
    return targets, [ref for ref in wanted if ref not in targets]


def unsaved(session: CreativeSession, named: list[Any] | None) -> list[Json]:
    """The target formats to save now: those named, or all that have no manifest of the session yet."""
    if named is None:
        return [ref for ref in session.targets if format_key(ref) not in session.saved]
    targets = {format_key(ref): ref for ref in session.targets}
    found: list[Json] = []
    for number, ref in enumerate(named):
        key, field = format_key(ref.model_dump()), f"format_ids[{number}]"
        if key not in targets:
            raise ApiError("VALIDATION_ERROR", f"{field}: {ref.id} is no target format of the session", field)
        if key in session.saved:
            raise ApiError("INVALID_STATE", f"{field}: {ref.id} has a manifest already", field)
        found.append(targets[key])
    return distinct(found)
