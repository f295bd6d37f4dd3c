"""Operations of creative sessions: start, look, refine, evaluate, approve, finalise, discard (rules 191 to 197)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents.buyer.context import campaign_for, customer_of, platform_of
from agents.buyer.formats import campaign_products, coverage, covers, distinct, learn_all
from agents.buyer.records import Campaign
from agents.buyer.sessions import answers, bodies, wire
from agents.buyer.sessions.adapter import (
    ADAPTER,
    DIRECTIONS,
    LEAST,
    MOST,
    alternatives,
    brand_of,
    first_designs,
    render_all,
    size_of,
)
from agents.buyer.sessions.evaluators import evaluate, worst
from agents.buyer.sessions.finalize import approve, gate, save
from agents.buyer.sessions.records import CreativeSession, Design, SourceAsset, Variant
from agents.buyer.sessions.refine import refine
from agents.buyer.sessions.sources import gather
from agents.buyer.sessions.vocabulary import EXAMPLES
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.domain.formats import default_formats, format_key
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
    campaign = _open_campaign(ctx, request)
    if body.adapter not in (None, ADAPTER):
        raise ApiError("VALIDATION_ERROR", f"adapter: there is one, {ADAPTER!r}", "adapter")
    idea = body.idea or campaign.brief
    if not idea:
        raise ApiError("VALIDATION_ERROR", "idea: say what is to be made; the campaign has no brief", "idea")
    origin = _origin(ctx, campaign, body.based_on)
    yield from learn_all(platform, list(dict.fromkeys(s for s, _ in campaign_products(platform, campaign))))
    targets, unsupported = _targets(platform, campaign, body.targets)
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


@operation(
    "list_creative_sessions", "GET", PLACE, params=bodies.ListSessions, answer=answers.SessionList, rules=(191,)
)
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


@operation("get_creative_session_image", "GET", f"{ONE}/images/{{checksum}}", answer=answers.Picture, mcp=False)
def get_creative_session_image(ctx: Context, request: Request) -> Json:
    """A picture of a session by its checksum: a render of a variant, or a source asset."""
    session, digest = session_for(ctx, request), request.path["checksum"]
    renders = [r for variant in session.variants.values() for r in (*variant.renders, *variant.finals)]
    if digest in [render.digest for render in renders]:
        return {"contentType": wire.PNG, "file": digest}
    for asset in session.assets:
        if asset.drawable and asset.digest == digest:
            return {"contentType": str(asset.content_type), "file": digest}
    raise ApiError("NOT_FOUND", f"the session has no image {digest}", "checksum")


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
    session = _working(ctx, request)
    parent = _variant(session, body.variant_id)
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
    variant = _variant(session, variant_id)
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
    "approve_creative_session_variant",
    "POST",
    f"{ONE}/approve",
    body=bodies.ApproveVariant,
    answer=answers.SessionAnswer,
    rules=(191, 192, 197),
)
def approve_creative_session_variant(ctx: Context, request: Request) -> Json:
    """Choose the variant to finalise: its final pictures are drawn and checked; another choice replaces it."""
    platform, session = platform_of(ctx), _working(ctx, request)
    approve(platform, session, _variant(session, request.body.variant_id))
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
    platform, body, session = platform_of(ctx), request.body, _working(ctx, request)
    wanted = body.variant_id or session.approved_id
    if wanted is None:
        raise ApiError("INVALID_STATE", "approve a variant first, or name one", "variant_id")
    variant = _variant(session, wanted)
    formats = _unsaved(session, body.format_ids)
    if variant.variant_id != session.approved_id:
        approve(platform, session, variant)
    warnings = gate(platform, session, variant, formats)
    session.status = variant.status = "finalized"
    made = yield from save(ctx, session, variant, body.name or session.name, formats)
    if len(session.saved) < len(session.targets):
        session.status = "approved"
    session.updated_ms = ctx.now
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
    session = _working(ctx, request)
    variant = _variant(session, request.path["variantId"])
    if variant.status != "draft":
        raise ApiError("INVALID_STATE", f"the variant is {variant.status}; approve another one first", "variantId")
    variant.status, session.updated_ms = "discarded", ctx.now
    return {}


# -- what they share -------------------------------------------------------------------------------------


def session_for(ctx: Context, request: Request) -> CreativeSession:
    """The creative session of a path, of a campaign of the caller."""
    campaign = campaign_for(ctx, request.path["campaignId"])
    return _session_of(platform_of(ctx), campaign, request.path["sessionId"])


def _session_of(platform: BuyerPlatform, campaign: Campaign, session_id: str, field: str = "") -> CreativeSession:
    session = platform.creative_sessions.sessions.get(session_id)
    if session is None or session.campaign_id != campaign.campaign_id:
        raise ApiError("NOT_FOUND", f"there is no creative session {session_id}", field or None)
    return session


def _open_campaign(ctx: Context, request: Request) -> Campaign:
    campaign = campaign_for(ctx, request.path["campaignId"])
    if campaign.status == "ARCHIVED":
        raise ApiError("INVALID_STATE", "the campaign is archived", "campaignId")
    return campaign


def _working(ctx: Context, request: Request) -> CreativeSession:
    """A session on which work goes on."""
    _open_campaign(ctx, request)
    session = session_for(ctx, request)
    if session.status in ("finalized", "discarded"):
        hint = "; start a new one with based_on" if session.status == "finalized" else ""
        raise ApiError("INVALID_STATE", f"the session is {session.status}{hint}", "sessionId")
    return session


def _variant(session: CreativeSession, variant_id: str, field: str = "variant_id") -> Variant:
    variant = session.variants.get(variant_id)
    if variant is None or variant.status == "discarded":
        raise ApiError("NOT_FOUND", f"{field}: the session has no variant {variant_id}", field)
    return variant


def _origin(
    ctx: Context, campaign: Campaign, based_on: bodies.BasedOn | None
) -> tuple[CreativeSession, Variant] | None:
    if based_on is None:
        return None
    session = _session_of(platform_of(ctx), campaign, based_on.session_id, "based_on.session_id")
    return session, _variant(session, based_on.variant_id, "based_on.variant_id")


def _take_over(session: CreativeSession, origin: CreativeSession, variant: Variant) -> None:
    """Begin with the source assets of another session; given ones of the same role go before them."""
    roles = [asset.role for asset in session.assets]
    kept: list[SourceAsset] = [replace(asset) for asset in origin.assets if asset.role not in roles]
    session.assets.extend(kept)
    session.clickthrough_url = session.clickthrough_url or origin.clickthrough_url
    session.based_on = {"session_id": origin.session_id, "variant_id": variant.variant_id}


def _targets(
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


def _unsaved(session: CreativeSession, named: list[Any] | None) -> list[Json]:
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
