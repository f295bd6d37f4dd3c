"""Operations of creative sessions: start, look, refine, evaluate, approve, finalise, discard (rules 191 to 197)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents.buyer.context import campaign_for, customer_of, platform_of
from agents.buyer.formats import campaign_products, coverage, covers, learn_all
from agents.buyer.sessions import answers, bodies, wire
from agents.buyer.sessions.adapter import (
    ADAPTER,
    DIRECTIONS,
    alternatives,
    brand_of,
    first_designs,
    render_all,
)
from agents.buyer.sessions.evaluators import evaluate, worst
from agents.buyer.sessions.finalize import approve, gate, save
from agents.buyer.sessions.records import CreativeSession, Variant
from agents.buyer.sessions.scope import (
    open_campaign,
    origin_of,
    session_for,
    targets_of,
    unsaved,
    variant_of,
    working,
)
from agents.buyer.sessions.sources import gather
from agents.buyer.wire import group
from agents.studio.design import Design, SourceAsset
from agents.studio.refine import refine
from agents.studio.vocabulary import EXAMPLES
from sandbox.core.errors import ApiError
from sandbox.kernel.endpoint import Context
from sandbox.operations import Group, Request
from sandbox.operations.paging import window

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = group("creative_sessions")

PLACE = "/campaigns/{campaignId}/creative-sessions"
ONE = f"{PLACE}/{{sessionId}}"

Json = dict[str, Any]
Steps = Generator[Any, Any, Json]


@operation(
    "start_creative_session",
    "POST",
    PLACE,
    body=bodies.StartSession,
    success_status=201,
    answer=answers.SessionAnswer,
    files=True,
    rules=(191, 192, 193, 194, 195),
)
def start_creative_session(ctx: Context, request: Request) -> Steps:
    """Start a review workflow: an idea and source assets become drafts in every target format."""
    platform, body = platform_of(ctx), request.body
    campaign = open_campaign(ctx, request)
    if body.adapter not in (None, ADAPTER):
        raise ApiError("VALIDATION_ERROR", f"adapter: there is one, {ADAPTER!r}", "adapter")
    idea = body.idea or campaign.brief
    if not idea:
        raise ApiError("VALIDATION_ERROR", "idea: say what is to be made; the campaign has no brief", "idea")
    origin = origin_of(ctx, campaign, body.based_on)
    yield from learn_all(platform, list(dict.fromkeys(s for s, _ in campaign_products(platform, campaign))))
    targets, unsupported = targets_of(platform, campaign, body.targets)
    assets = gather(platform, campaign, body.sources, request.files)
    session = CreativeSession(
        session_id=platform.ids.next("crs"),
        customer_id=customer_of(ctx).customer_id,
        campaign_id=campaign.campaign_id,
        name=body.name or f"{campaign.name} creative",
        idea=idea,
        audience=body.audience,
        channel=body.channel,
        goal=body.goal,
        clickthrough_url=body.clickthrough_url,
        targets=targets,
        unsupported=unsupported,
        assets=assets,
        created_ms=ctx.now,
        updated_ms=ctx.now,
    )
    if origin is not None:
        _take_over(session, *origin)
    platform.creative_sessions.sessions[session.session_id] = session
    designs = first_designs(session, brand_of(platform, campaign.campaign_id), body)
    if origin is not None:
        designs = [origin[1].design, *alternatives(origin[1].design, body.variant_count - 1)]
    names = [name for name, *_ in DIRECTIONS]
    for number, design in enumerate(designs):
        name = names[number] if origin is None else f"{origin[1].name}, taken up {number + 1}"
        _enter(platform, session, name, design)
    return wire.full(platform, session)


@operation("list_creative_sessions", "GET", PLACE, params=bodies.ListSessions, answer=answers.SessionList, rules=(191,))
def list_creative_sessions(ctx: Context, request: Request) -> Json:
    """The creative sessions of a campaign, in the order in which they were started."""
    campaign, query = campaign_for(ctx, request.path["campaignId"]), request.params
    found = [
        session
        for session in platform_of(ctx).creative_sessions.sessions.values()
        if session.campaign_id == campaign.campaign_id and query.status in (None, session.status)
    ]
    return {"sessions": [wire.row(s) for s in window(found, query.take, query.skip)], "total": len(found)}


@operation("get_creative_session", "GET", ONE, answer=answers.SessionAnswer, rules=(191, 197))
def get_creative_session(ctx: Context, request: Request) -> Json:
    """One creative session with its assets, variants and, once a final is approved, its format renders."""
    return wire.full(platform_of(ctx), session_for(ctx, request))


@operation(
    "list_creative_session_variants",
    "GET",
    f"{ONE}/variants",
    params=bodies.ListVariants,
    answer=answers.Gallery,
    rules=(191,),
)
def list_creative_session_variants(ctx: Context, request: Request) -> Json:
    """The gallery of a session; ``leaves_only`` leaves out what has been refined further."""
    platform, session, query = platform_of(ctx), session_for(ctx, request), request.params
    found = [
        variant
        for variant in session.variants.values()
        if query.status in (None, variant.status)
        and not (query.leaves_only and (variant.status == "discarded" or wire.children(session, variant)))
    ]
    shown = window(found, query.take, query.skip)
    rows = [wire.variant(platform, session, variant) for variant in shown]
    return {"session_id": session.session_id, "variants": rows, "total": len(found)}


@operation(
    "refine_creative_session",
    "POST",
    f"{ONE}/refine",
    body=bodies.RefineVariant,
    success_status=201,
    answer=answers.RefineAnswer,
    rules=(191, 192, 194),
)
def refine_creative_session(ctx: Context, request: Request) -> Json:
    """Refine a variant in plain words: child variants with their lineage, and what could not be done."""
    platform, body = platform_of(ctx), request.body
    session = working(ctx, request)
    parent = variant_of(session, body.variant_id)
    done = refine(parent.design, body.feedback, session.assets)
    if not done.applied or done.design == parent.design:
        raise ApiError(
            "VALIDATION_ERROR",
            "feedback: nothing of it changes the variant; details say why, and what is understood",
            "feedback",
            {"not_applied": done.not_applied, "understood": list(EXAMPLES)},
        )
    designs = [done.design, *alternatives(done.design, body.variant_count - 1)]
    made: list[Variant] = []
    for number, design in enumerate(designs, start=1):
        child = _enter(platform, session, _child_name(parent, number), design, parent)
        child.feedback, child.applied, child.not_applied = body.feedback, done.applied, done.not_applied
        made.append(child)
    return {
        "session_id": session.session_id,
        "parent_variant_id": parent.variant_id,
        "variants": [wire.variant(platform, session, child) for child in made],
        "applied": done.applied,
        "not_applied": done.not_applied,
    }


@operation(
    "evaluate_creative_session",
    "POST",
    f"{ONE}/evaluate",
    body=bodies.EvaluateVariant,
    answer=answers.EvaluateAnswer,
    rules=(192, 193, 194, 195),
)
def evaluate_creative_session(ctx: Context, request: Request) -> Json:
    """Run the evaluators of a stage on a variant; nothing but finalisation is ever stopped by them."""
    platform, body, session = platform_of(ctx), request.body, session_for(ctx, request)
    if session.status == "discarded":
        raise ApiError("INVALID_STATE", "the session was discarded", "sessionId")
    if body.stage == "postflight" and not session.saved:
        raise ApiError("INVALID_STATE", "nothing of the session was saved yet: there can be no delivery", "stage")
    variant_id = body.variant_id or session.approved_id
    if variant_id is None:
        raise ApiError("VALIDATION_ERROR", "variant_id: name a variant; none is approved yet", "variant_id")
    variant = variant_of(session, variant_id)
    found = evaluate(platform, session, variant, body.stage)
    return {
        "session_id": session.session_id,
        "variant_id": variant.variant_id,
        "stage": body.stage,
        "status": worst(found),
        "advisory": body.stage != "final",
        "blocked": any(check.blocking for check in found),
        "evaluators": wire.badges(variant, body.stage),
        "checks": [wire.check(check) for check in found],
    }


@operation(
    "approve_creative_session",
    "POST",
    f"{ONE}/approve",
    body=bodies.ApproveVariant,
    answer=answers.SessionAnswer,
    rules=(191, 192, 197),
)
def approve_creative_session(ctx: Context, request: Request) -> Json:
    """Choose the variant to finalise: its final pictures are drawn and checked; another choice replaces it."""
    platform, session = platform_of(ctx), working(ctx, request)
    approve(platform, session, variant_of(session, request.body.variant_id))
    return wire.full(platform, session)


@operation(
    "finalize_creative_session",
    "POST",
    f"{ONE}/finalize",
    body=bodies.FinalizeSession,
    answer=answers.FinalizeAnswer,
    rules=(191, 192, 193, 194, 196, 197),
)
def finalize_creative_session(ctx: Context, request: Request) -> Steps:
    """Save the approved variant as manifests, one for each format; failed final checks stop it."""
    platform, body, session = platform_of(ctx), request.body, working(ctx, request)
    wanted = body.variant_id or session.approved_id
    if wanted is None:
        raise ApiError("INVALID_STATE", "approve a variant first, or name one", "variant_id")
    variant = variant_of(session, wanted)
    formats = unsaved(session, body.format_ids)
    if variant.variant_id != session.approved_id:
        approve(platform, session, variant)
    warnings = gate(platform, session, variant, formats)
    made = yield from save(ctx, session, variant, body.name or session.name, formats)
    campaign = platform.campaigns[session.campaign_id]
    saved = [platform.creatives[one.creative_id] for one in made]
    return {
        "session": wire.full(platform, session),
        "variant_id": variant.variant_id,
        "creatives": [
            {
                "creative_id": creative.creative_id,
                "name": creative.name,
                "format_id": ref,
                "covers_format": covers(platform, campaign, ref),
            }
            for creative, ref in zip(saved, formats, strict=True)
        ],
        "warnings": [wire.check(check) for check in warnings],
        "creative_formats": coverage(platform, campaign),
        "format_renders": wire.format_renders(platform, session),
    }


@operation("discard_creative_session", "DELETE", ONE, success_status=204, rules=(191,))
def discard_creative_session(ctx: Context, request: Request) -> Json:
    """Give a session up; one that has saved manifests stays as it is."""
    session = session_for(ctx, request)
    if session.saved:
        raise ApiError("INVALID_STATE", "manifests came of the session; delete those instead", "sessionId")
    session.status, session.updated_ms = "discarded", ctx.now
    return {}


@operation(
    "discard_creative_session_variant", "DELETE", f"{ONE}/variants/{{variantId}}", success_status=204, rules=(191,)
)
def discard_creative_session_variant(ctx: Context, request: Request) -> Json:
    """Drop a draft; what was refined from it stays."""
    session = working(ctx, request)
    variant = variant_of(session, request.path["variantId"])
    if variant.status != "draft":
        raise ApiError("INVALID_STATE", f"the variant is {variant.status}; approve another one first", "variantId")
    variant.status, session.updated_ms = "discarded", ctx.now
    return {}


def _take_over(session: CreativeSession, origin: CreativeSession, variant: Variant) -> None:
    """Begin with the source assets of another session; given ones of the same role go before them."""
    roles = [asset.role for asset in session.assets]
    kept: list[SourceAsset] = [replace(asset) for asset in origin.assets if asset.role not in roles]
    session.assets.extend(kept)
    session.clickthrough_url = session.clickthrough_url or origin.clickthrough_url
    session.based_on = {"session_id": origin.session_id, "variant_id": variant.variant_id}


def _enter(
    platform: BuyerPlatform, session: CreativeSession, name: str, design: Design, parent: Variant | None = None
) -> Variant:
    """Draw a design, check it as a draft, and enter it as a variant."""
    variant = Variant(platform.ids.next("crv"), name, design, platform.now)
    variant.root_id = variant.variant_id
    if parent is not None:
        variant.parent_id, variant.root_id, variant.depth = parent.variant_id, parent.root_id, parent.depth + 1
    variant.renders = render_all(platform, session, design)
    session.variants[variant.variant_id] = variant
    session.updated_ms = platform.now
    evaluate(platform, session, variant, "draft")
    return variant


def _child_name(parent: Variant, number: int) -> str:
    base = parent.name.partition(" · ")[0]
    return f"{base} · refined {parent.depth + 1}" + (f".{number}" if number > 1 else "")
