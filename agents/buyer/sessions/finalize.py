"""Finalisation: the approved leaf becomes manifests of the campaign, one for each format (rules 191, 192, 196)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.context import platform_of
from agents.buyer.creative.bodies import CreateCreative, FormatRef, NewAsset, UrlAsset
from agents.buyer.manifest_wire import slots
from agents.buyer.manifests import create_creative
from agents.buyer.sessions import wire
from agents.buyer.sessions.adapter import render_all
from agents.buyer.sessions.cdn import PNG
from agents.buyer.sessions.evaluators import evaluate
from agents.buyer.sessions.records import Check, CreativeSession, Render, Saved, Variant
from sandbox.core.errors import ApiError
from sandbox.domain.formats import format_key
from sandbox.kernel.endpoint import Context
from sandbox.operations import Request, Upload

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Format = dict[str, Any]
Steps = Generator[Any, Any, list[Saved]]


def approve(platform: BuyerPlatform, session: CreativeSession, variant: Variant) -> None:
    """Make a variant the session's final: draw its final pictures, and run the final checks (rules 192, 197)."""
    if session.approved_id is not None:
        before = session.variants[session.approved_id]
        if before.status == "approved":
            before.status, before.finals = "draft", []
    variant.finals = render_all(platform, session, variant.design)
    if variant.status != "finalized":
        variant.status = "approved"
    session.approved_id, session.status, session.updated_ms = variant.variant_id, "approved", platform.now
    evaluate(platform, session, variant, "final")


def gate(platform: BuyerPlatform, session: CreativeSession, variant: Variant, formats: list[Format]) -> list[Check]:
    """Run the final checks; gives the warnings that concern the formats.

    Raises :class:`ApiError` INVALID_STATE with all failures and warnings in ``details`` (rules 192, 193, 196).
    """
    keys = [format_key(ref) for ref in formats]
    found = [
        check
        for check in evaluate(platform, session, variant, "final")
        if check.format_id is None or format_key(check.format_id) in keys
    ]
    failures = [check for check in found if check.blocking]
    warnings = [check for check in found if check.status == "warn"]
    if failures:
        raise ApiError(
            "INVALID_STATE",
            f"{len(failures)} final checks failed; the first: {failures[0].message}",
            "variant_id",
            {"failures": [wire.check(c) for c in failures], "warnings": [wire.check(c) for c in warnings]},
        )
    return warnings


def save(ctx: Context, session: CreativeSession, variant: Variant, name: str, formats: list[Format]) -> Steps:
    """Enter a manifest for each format, as ``create_creative`` does; gives what was saved."""
    finals = {format_key(render.format_id): render for render in variant.finals}
    made: list[Saved] = []
    session.status = "finalized"  # nobody else finalises it while agents are told
    try:
        for ref in formats:
            request = _request(platform_of(ctx), session, variant, finals[format_key(ref)], name)
            body = yield from create_creative(ctx, request)
            made.append(Saved(body["creative_id"], variant.variant_id, finals[format_key(ref)]))
            session.saved[format_key(ref)] = made[-1]
            variant.status = "finalized"
    finally:
        session.status = "finalized" if len(session.saved) == len(session.targets) else "approved"
        session.updated_ms = ctx.now
    return made


def _request(platform: BuyerPlatform, session: CreativeSession, variant: Variant, render: Render, name: str) -> Request:
    """The request that enters the manifest of one format: the picture, the texts and the clickthrough."""
    design = variant.design
    filename = f"{variant.variant_id}-{render.width}x{render.height}.png"
    picture = NewAsset(
        asset_type="IMAGE",
        filename=filename,
        label=_slot(platform, render.format_id),
        width=render.width,
        height=render.height,
    )
    words = {"headline": design.headline, "body": design.body, "call_to_action": design.cta}
    texts = [
        NewAsset(asset_type="TEXT", label=label, content=text)
        for label, text in words.items()
        if text and design.shows("cta" if label == "call_to_action" else label)
    ]
    click = session.clickthrough_url
    used = ", ".join(dict.fromkeys(placement.asset_id for placement in render.placements))
    lineage = f"From creative session {session.session_id}, variant {variant.variant_id}"
    return Request(
        path={"campaignId": session.campaign_id},
        params=None,
        body=CreateCreative(
            name=f"{name} {render.width}x{render.height}",
            message=lineage + (f", source assets {used}" if used else ""),
            format_id=FormatRef(**render.format_id),
            url_asset=None if click is None else UrlAsset(url=click, url_type="CLICKTHROUGH"),
            assets=[picture, *texts],
        ),
        files=[Upload(filename, PNG, render.size_bytes, render.digest)],
    )


def _slot(platform: BuyerPlatform, ref: Format) -> str | None:
    """The name of the slot to which the picture of a format goes, if its agent said so."""
    named = [s["asset_id"] for s in slots(platform, ref) if s.get("asset_type") == "image" and s.get("required")]
    return named[0] if named else None
