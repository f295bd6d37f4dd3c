"""Creative sessions as callers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.buyer.formats import coverage
from agents.buyer.sessions.adapter import ADAPTER, LEAST, MOST
from agents.buyer.sessions.cdn import PNG, file_url, render_name, source_name
from agents.buyer.sessions.evaluators import EVALUATORS, worst
from agents.buyer.sessions.records import Check, CreativeSession, Render, Stage, Variant
from agents.buyer.sessions.rights import status_at
from agents.studio.design import LAYOUTS, PICTURES, SCHEMES, TYPEFACE, Area, SourceAsset
from agents.studio.vocabulary import EXAMPLES
from sandbox.core.time import iso
from sandbox.domain.formats import format_key

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Json = dict[str, Any]


def row(session: CreativeSession) -> Json:
    """A session in a list."""
    return {
        "session_id": session.session_id,
        "campaign_id": session.campaign_id,
        "name": session.name,
        "idea": session.idea,
        "status": session.status,
        "target_format_ids": session.targets,
        "variant_count": len(session.variants),
        "approved_variant_id": session.approved_id,
        "creative_ids": session.creative_ids,
        "created_at": iso(session.created_ms),
        "updated_at": iso(session.updated_ms),
    }


def full(platform: BuyerPlatform, session: CreativeSession) -> Json:
    """A session with its assets, variants and what its adapter and evaluators are."""
    assets = [source_asset(platform, asset) for asset in session.assets]
    body = {
        **row(session),
        "audience": session.audience,
        "channel": session.channel,
        "goal": session.goal,
        "clickthrough_url": session.clickthrough_url,
        "adapter": ADAPTER,
        "unsupported_format_ids": session.unsupported,
        "source_asset": assets[0] if assets else None,
        "asset_store": {"assets": assets},
        "variants": [variant(platform, session, one) for one in session.variants.values()],
        "renderer_capabilities": {
            "modalities": ["image"],
            "input_content_types": list(PICTURES.values()),
            "output_content_types": [PNG],
            "min_side": LEAST,
            "max_side": MOST,
            "layouts": list(LAYOUTS),
            "schemes": list(SCHEMES),
            "refinements": list(EXAMPLES),
        },
        "rendering_model": {"adapter": ADAPTER, "kind": "composition", "deterministic": True, "typeface": TYPEFACE},
        "evaluators": [{"evaluator": e.name, "question": e.question, "stages": list(e.stages)} for e in EVALUATORS],
        "creative_formats": coverage(platform, platform.campaigns[session.campaign_id]),
    }
    if session.based_on is not None:
        body["based_on"] = session.based_on
    finals = format_renders(platform, session)
    if finals:
        body["format_renders"] = finals
    return body


def source_asset(platform: BuyerPlatform, asset: SourceAsset) -> Json:
    """A source asset; its rights as they are at this instant."""
    rights = asset.rights
    shown = file_url(platform, asset.digest, source_name(asset)) if asset.digest and asset.drawable else None
    told = {
        "filename": asset.filename,
        "url": asset.url,
        "content": asset.content,
        "content_type": asset.content_type,
        "checksum": asset.digest,
        "size_bytes": asset.size_bytes,
        "width": asset.width,
        "height": asset.height,
        "preview_url": shown,
        "render_crop": _area(asset.render_crop) if asset.render_crop else None,
        "subject_bounds": _area(asset.subject_bounds) if asset.subject_bounds else None,
    }
    return {
        "asset_id": asset.asset_id,
        "asset_type": asset.asset_type,
        "role": asset.role,
        "label": asset.label,
        "locked_asset": asset.locked,
        "can_transform": asset.can_transform,
        "preservation_notes": asset.preservation_notes,
        "rights": {
            "status": status_at(rights, platform.now),
            "expires_at": None if rights.expires_ms is None else iso(rights.expires_ms),
            "notes": rights.notes,
        },
        "provenance": asset.provenance,
        **{name: value for name, value in told.items() if value is not None},
    }


def variant(platform: BuyerPlatform, session: CreativeSession, one: Variant) -> Json:
    """A variant with its pictures, lineage and badges."""
    renders = one.finals or one.renders
    pictures = [render(platform, picture) for picture in renders]
    design = one.design
    return {
        "variant_id": one.variant_id,
        "name": one.name,
        "status": one.status,
        "quality": "final" if one.finals else "draft",
        "lineage": {
            "parent_variant_id": one.parent_id,
            "root_variant_id": one.root_id,
            "depth": one.depth,
            "feedback": one.feedback,
            "child_variant_ids": children(session, one),
        },
        "copy": {"headline": design.headline, "body": design.body, "call_to_action": design.cta},
        "design": {"layout": design.layout, "scheme": design.scheme, "hidden": list(design.hidden)},
        "preview_url": pictures[0]["preview_url"] if pictures else None,
        "renders": pictures,
        "applied": one.applied,
        "not_applied": one.not_applied,
        "evaluators": [badge for stage in one.checks for badge in badges(one, stage)],
        "created_at": iso(one.created_ms),
    }


def children(session: CreativeSession, one: Variant) -> list[str]:
    """The variants that were made of a variant and have not been discarded."""
    return [
        other.variant_id
        for other in session.variants.values()
        if other.parent_id == one.variant_id and other.status != "discarded"
    ]


def render(platform: BuyerPlatform, picture: Render) -> Json:
    """A picture and what stands where in it."""
    return {
        "format_id": picture.format_id,
        "width": picture.width,
        "height": picture.height,
        "content_type": PNG,
        "size_bytes": picture.size_bytes,
        "checksum": picture.digest,
        "preview_url": file_url(platform, picture.digest, render_name(picture)),
        "placements": [
            {"asset_id": p.asset_id, "role": p.role, "box": _area(p.box), "render_crop": _area(p.crop)}
            for p in picture.placements
        ],
    }


def format_renders(platform: BuyerPlatform, session: CreativeSession) -> list[Json]:
    """The final pictures, format by format: those saved, and those of the approved variant (rule 197)."""
    found: dict[tuple[str, str], Json] = {}
    if session.approved_id is not None:
        approved = session.variants[session.approved_id]
        for picture in approved.finals:
            found[format_key(picture.format_id)] = _final(platform, picture, approved.variant_id, None)
    for key, saved in session.saved.items():
        found[key] = _final(platform, saved.render, saved.variant_id, saved.creative_id)
    return list(found.values())


def _final(platform: BuyerPlatform, picture: Render, variant_id: str, creative_id: str | None) -> Json:
    body = render(platform, picture)
    return {**body, "variant_id": variant_id, "renderer": "image", "creative_id": creative_id}


def badges(one: Variant, stage: Stage) -> list[Json]:
    """How a variant stands with each evaluator of a stage."""
    found: list[Json] = []
    for evaluator in EVALUATORS:
        if stage not in evaluator.stages:
            continue
        checks = [check for check in one.checks.get(stage, []) if check.evaluator == evaluator.name]
        at_ms = one.checked_ms.get(stage)
        found.append(
            {
                "evaluator": evaluator.name,
                "question": evaluator.question,
                "stage": stage,
                "status": worst(checks),
                "advisory": stage != "final",
                "blocking": any(check.blocking for check in checks),
                "warnings": sum(check.status == "warn" for check in checks),
                "failures": sum(check.status == "fail" for check in checks),
                "evaluated_at": None if at_ms is None else iso(at_ms),
            }
        )
    return found


def check(one: Check) -> Json:
    """A finding of an evaluator."""
    body: Json = {
        "evaluator": one.evaluator,
        "check": one.check,
        "stage": one.stage,
        "status": one.status,
        "blocking": one.blocking,
        "message": one.message,
    }
    if one.format_id is not None:
        body["format_id"] = one.format_id
    if one.asset_id is not None:
        body["asset_id"] = one.asset_id
    return body


def _area(area: Area) -> Json:
    return dict(zip(("x", "y", "width", "height"), area, strict=True))
