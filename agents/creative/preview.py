"""preview_creative: a manifest, several, or a variant that ran, as somebody would see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.creative.catalogs import feed_for
from agents.creative.context import agent_of, format_for
from agents.creative.library import check_assets, creative_for
from agents.creative.previews import previews_of
from sandbox.core.errors import AdcpError
from sandbox.core.time import iso
from sandbox.protocol.errors import error_entry

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]


def preview_creative(ctx: Context, request: Body) -> Body:
    """One preview, a batch of which each succeeds or fails by itself, or the variant that ran."""
    agent = agent_of(ctx)
    expires = iso(agent.now + agent.config.preview_validity)
    kind = request["request_type"]
    if kind == "single":
        found = _single(ctx, request, request, "creative_manifest")
        return {"status": "completed", "response_type": "single", "previews": found, "expires_at": expires}
    if kind == "batch":
        rows = [_one(ctx, request, part, n, expires) for n, part in enumerate(request["requests"])]
        return {"status": "completed", "response_type": "batch", "results": rows}
    return _variant(ctx, request)


def _single(ctx: Context, request: Body, part: Body, field: str) -> list[Body]:
    agent, manifest = agent_of(ctx), part.get("creative_manifest")
    if manifest is None:
        raise AdcpError("INVALID_REQUEST", "a preview is of a creative_manifest", field)
    ref = part.get("format_id") or manifest.get("format_id")
    if ref is None:
        raise AdcpError("UNSUPPORTED_FEATURE", "formats are named by format_id here", f"{field}.format_kind")
    fmt = format_for(agent, ref, f"{field}.format_id")
    check_assets(agent, ref, manifest["assets"], field)
    account = agent.account(ctx.principal, request["account"]) if "account" in request else None
    feed = feed_for(agent, account.account_id if account else None, "", manifest["assets"])
    output = part.get("output_format") or request.get("output_format", "url")
    return previews_of(agent, manifest, fmt, part.get("inputs") or request.get("inputs"), output, feed)


def _one(ctx: Context, request: Body, part: Body, number: int, expires: str) -> Body:
    creative_id = str(part.get("creative_manifest", {}).get("creative_id", number))
    try:
        found = _single(ctx, request, part, f"requests[{number}].creative_manifest")
    except AdcpError as error:
        return {"success": False, "creative_id": creative_id, "errors": [error_entry(error)]}
    return {"success": True, "creative_id": creative_id, "response": {"previews": found, "expires_at": expires}}


def _variant(ctx: Context, request: Body) -> Body:
    """What ran as a variant. Creatives are served as they are, so the variant is the creative in its format."""
    agent, variant_id = agent_of(ctx), request["variant_id"]
    creative_id = agent.deliveries.creative_of(variant_id)
    if creative_id is None:
        raise AdcpError("REFERENCE_NOT_FOUND", f"no variant {variant_id} ran", "variant_id")
    body = creative_for(agent, ctx, creative_id, None).body
    fmt = format_for(agent, body["format_id"], "variant_id")
    manifest = {"format_id": body["format_id"], "assets": body["assets"]}
    rows = previews_of(agent, manifest, fmt, None, request.get("output_format", "url"))
    shown = [{"preview_id": row["preview_id"], "renders": row["renders"]} for row in rows]
    head = {"status": "completed", "response_type": "variant", "variant_id": variant_id, "creative_id": creative_id}
    return {**head, "previews": shown, "manifest": manifest}
