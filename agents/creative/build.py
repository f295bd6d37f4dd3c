"""build_creative (docs/creative/task-reference/build_creative.mdx).

What a build begins with is a creative of the library, a manifest, a message, or a manifest and a message; the target
format decides whether it is laid out, generated or turned into a tag.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agents.creative.brands import Brand, brand_ref, resolve
from agents.creative.catalogs import Feed, feed_for
from agents.creative.compose import draft, generate
from agents.creative.context import agent_of, format_for
from agents.creative.formats import BuildFormat
from agents.creative.library import check_assets, creative_for
from agents.creative.pages import picture_of_catalog
from agents.creative.previews import previews_of
from agents.creative.tags import Trafficking, html_tag, landing_of, vast_tag
from agents.seller.accounts import account_for
from agents.seller.records import Account
from sandbox.core.errors import AdcpError
from sandbox.core.time import SECOND_MS, iso

if TYPE_CHECKING:
    from agents.creative.agent import CreativeAgent
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]
Steps = Generator[Any, Any, Any]

_UNSUPPORTED = (
    "transformer_id", "config", "refine_from_build_variant_id", "max_creatives", "signal_conditions", "max_variants",
    "variant_axis", "evaluator", "max_spend",
)  # fmt: skip
"""What only agents with transformers, variants or evaluators take; the capabilities say that we have none."""

_CATALOG_MACROS = "&catalog={CATALOG_ID}&sku={SKU}"


@dataclass(slots=True, frozen=True)
class Source:
    """What is built from: assets, and what is known about them."""

    assets: Body
    name: str
    where: Trafficking
    pricing: list[Body]


def build_creative(ctx: Context, request: Body) -> Steps:
    """Build a creative in one format or several. A production build that takes time is a task."""
    agent = agent_of(ctx)
    _check_supported(agent, request)
    account = account_for(ctx, request["account"], spending=True) if "account" in request else None
    targets = _targets(agent, request)
    source = _source(agent, ctx, request, account)
    brand = yield from resolve(ctx, brand_ref(request, account))
    message = str(request.get("message", ""))
    feed = feed_for(agent, account.account_id if account else None, message, source.assets)
    job = _Job(agent, request, source, brand, feed)
    for number, fmt in enumerate(targets):
        job.check(fmt, "target_format_id" if "target_format_id" in request else f"target_format_ids[{number}]")
    if agent.config.build_time and request.get("quality") == "production" and ctx.version != "3.0":
        return _later(ctx, agent, job, targets)
    return job.answer(targets)


def _later(ctx: Context, agent: CreativeAgent, job: _Job, targets: list[BuildFormat]) -> Body:
    """Promise the build; the task ends with it."""
    task = agent.tasks.open("build_creative", ctx.principal.id, job.request, ctx.version)

    def finish() -> None:
        agent.tasks.move(task, "completed", "built", job.answer(targets))

    ctx.world.after(agent.config.build_time, finish)
    seconds = agent.config.build_time // SECOND_MS
    return {"status": "submitted", "task_id": task.task_id, "message": f"ready in about {seconds} s"}


def _check_supported(agent: CreativeAgent, request: Body) -> None:
    for name in _UNSUPPORTED:
        if name in request:
            raise AdcpError("UNSUPPORTED_FEATURE", f"{agent.name} has no {name}; see its capabilities", name)
    if request.get("mode") == "estimate":
        raise AdcpError("UNSUPPORTED_FEATURE", "builds can't be estimated", "mode")


def _targets(agent: CreativeAgent, request: Body) -> list[BuildFormat]:
    if "target_format_ids" in request:
        refs = request["target_format_ids"]
        return [_asked(format_for(agent, ref, f"target_format_ids[{n}]"), ref) for n, ref in enumerate(refs)]
    if "target_format_id" in request:
        return [_asked(format_for(agent, request["target_format_id"], "target_format_id"), request["target_format_id"])]
    ref = request.get("creative_manifest", {}).get("format_id")
    if ref is None:
        raise AdcpError("INVALID_REQUEST", "say which format to build", "target_format_id")
    return [_asked(format_for(agent, ref, "creative_manifest.format_id"), ref)]


def _asked(fmt: BuildFormat, ref: Body) -> BuildFormat:
    """The format under the address by which the caller asked for it: answers name it just so."""
    return replace(fmt, agent_url=ref["agent_url"])


def _source(agent: CreativeAgent, ctx: Context, request: Body, account: Account | None) -> Source:
    manifest = request.get("creative_manifest")
    if "creative_id" in request and manifest is None:
        creative = creative_for(agent, ctx, request["creative_id"], account)
        if creative.status not in ("approved", "pending_review", "processing"):
            raise AdcpError("CREATIVE_REJECTED", f"the creative is {creative.status}", "creative_id")
        body = creative.body
        where = _trafficking(agent, request, creative.creative_id)
        return Source(body["assets"], body["name"], where, body.get("pricing_options", []))
    if manifest is None and not request.get("message"):
        raise AdcpError("INVALID_REQUEST", "send a message, a creative_manifest or a creative_id", "message")
    known = (manifest or {}).get("creative_id") or request.get("creative_id")
    where = _trafficking(agent, request, str(known or agent.ids.next("cr")))
    return Source((manifest or {}).get("assets", {}), str(known or "Creative"), where, [])


def _trafficking(agent: CreativeAgent, request: Body, creative_id: str) -> Trafficking:
    told = {name: request[name] for name in ("media_buy_id", "package_id") if name in request}
    return Trafficking(agent.url, creative_id, **told)


@dataclass(slots=True)
class _Job:
    """One build: what from, for whom; its formats are made one after the other."""

    agent: CreativeAgent
    request: Body
    source: Source
    brand: Brand
    feed: Feed | None

    def check(self, fmt: BuildFormat, field: str) -> None:
        """Raises VALIDATION_ERROR or UNSUPPORTED_FEATURE unless the format can be made of the source."""
        if fmt.way == "generative":
            return
        if fmt.way in ("source", "seeded"):
            raise AdcpError("VALIDATION_ERROR", f"{fmt.format_id} is nothing that is built", field)
        if fmt.way == "tag":
            return
        if not self.source.assets:
            why = f"{fmt.format_id} is laid out of assets: send a creative_manifest"
            raise AdcpError("VALIDATION_ERROR", why, "creative_manifest")
        missing = [s.asset_id for s in fmt.slots if s.required and self._fitting(s.asset_id, s.asset_type) is None]
        if missing:
            why = f"{fmt.format_id} needs {', '.join(missing)}"
            raise AdcpError("VALIDATION_ERROR", why, f"creative_manifest.assets.{missing[0]}")

    def answer(self, targets: list[BuildFormat]) -> Body:
        """Build all formats, and preview them if that is asked for."""
        notes: list[str] = []
        manifests = [self._manifest(fmt, notes) for fmt in targets]
        body: Body = {"status": "completed"}
        if notes:
            body["message"] = "; ".join(dict.fromkeys(notes))
        expires = iso(self.agent.now + self.agent.config.preview_validity)
        if self.request.get("include_preview"):
            many = "target_format_ids" in self.request
            inputs = None if many else self.request.get("preview_inputs")
            kind = self.request.get("preview_output_format", "url")
            shown = [
                previews_of(self.agent, m, f, inputs, kind, self.feed) for m, f in zip(manifests, targets, strict=True)
            ]
            for previews, fmt in zip(shown, targets, strict=True):
                for row in previews if many else []:
                    row["format_id"] = fmt.ref
            body["preview"] = {"previews": [row for rows in shown for row in rows], "expires_at": expires}
            for manifest, fmt in zip(manifests, targets, strict=True):
                if self.feed is not None:
                    manifest["preview_html"] = picture_of_catalog(manifest, fmt, self.feed)
        if "target_format_ids" in self.request:
            body["creative_manifests"] = manifests
        else:
            body["creative_manifest"] = manifests[0]
        return body | self._price(len(manifests))

    def _price(self, count: int) -> Body:
        """What the build costs by the first option of the rate card; a CPM is due when impressions are served."""
        options = self.source.pricing or [price.wire() for price in self.agent.prices]
        if not options:
            return {}
        first = options[0]
        cost = first.get("unit_price", 0) * count
        return {"pricing_option_id": first["pricing_option_id"], "vendor_cost": cost, "currency": first["currency"]}

    def _manifest(self, fmt: BuildFormat, notes: list[str]) -> Body:
        made = {"template": self._laid_out, "standard": self._laid_out, "tag": self._tag}
        assets = self._generated(fmt, notes) if fmt.way == "generative" else made[fmt.way](fmt)
        extra = _CATALOG_MACROS if self.feed is not None else ""
        pixel = self.source.where.tracker("imp", extra)
        if any(slot.asset_id == "impression_tracker" for slot in fmt.slots):
            assets.setdefault("impression_tracker", {"asset_type": "url", "url_type": "tracker_pixel", "url": pixel})
        return {"format_id": fmt.ref, "assets": assets}

    def _generated(self, fmt: BuildFormat, notes: list[str]) -> Body:
        manifest = self.request.get("creative_manifest") or (
            {"assets": self.source.assets} if self.source.assets else None
        )
        drafted = draft(self.agent, str(self.request.get("message", "")), manifest, self.brand, self.feed)
        if drafted.told:
            notes.append(drafted.told)
        item = self.feed.item if self.feed is not None else None
        landing = landing_of(self.source.assets) or str((item or {}).get("url", ""))
        landing = landing or (f"https://{self.brand.domain}/" if self.brand.domain else "")
        return generate(self.agent, fmt, drafted.design, self.brand, landing)

    def _laid_out(self, fmt: BuildFormat) -> Body:
        """The assets that the format has places for, and for banners the tag that shows them."""
        found = {slot.asset_id: self._fitting(slot.asset_id, slot.asset_type) for slot in fmt.slots}
        assets: Body = {name: asset for name, asset in found.items() if asset is not None}
        if any(slot.asset_id == "serving_tag" for slot in fmt.slots):
            content = html_tag(assets, fmt.width, fmt.height, self.source.where)
            assets["serving_tag"] = {"asset_type": "html", "content": content}
        check_assets(self.agent, fmt.ref, assets, "creative_manifest")
        return assets

    def _tag(self, fmt: BuildFormat) -> Body:
        where, assets = self.source.where, self.source.assets
        kept = {name: dict(a) for name, a in assets.items() if name in ("click_url", "impression_tracker")}
        if fmt.kind == "video":
            return {"vast_tag": vast_tag(self.source.name, assets, fmt.duration_ms, where), **kept}
        content = html_tag(assets, fmt.width, fmt.height, where)
        return {"serving_tag": {"asset_type": "html", "content": content}, **kept}

    def _fitting(self, asset_id: str, asset_type: str) -> Body | None:
        """The asset of that name, or for pictures and videos the first of the type."""
        asset = self.source.assets.get(asset_id)
        if asset is None and asset_type in ("image", "video", "audio"):
            asset = next((a for a in self.source.assets.values() if a.get("asset_type") == asset_type), None)
        return asset if asset is not None and asset.get("asset_type") == asset_type else None
