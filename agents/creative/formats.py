"""The formats of a creative agent, and list_creative_formats (docs/creative/task-reference/list_creative_formats).

Its own formats come first: what it takes and makes. After them come the standard formats, defined by the reference
agent, which it validates and previews as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.creative.config import CreativeConfig
from agents.creative.context import SANDBOX, agent_of
from agents.seller.wire import page
from agents.studio.macros import SUPPORTED
from sandbox.domain.channels import Medium
from sandbox.domain.formats import Format, default_formats, format_key

if TYPE_CHECKING:
    from agents.creative.agent import CreativeAgent
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]


@dataclass(slots=True, frozen=True)
class Slot:
    """A place for an asset in a manifest."""

    asset_id: str
    asset_type: str
    required: bool = False

    def wire(self) -> Body:
        """The slot as the format describes it."""
        return {
            "item_type": "individual",
            "asset_id": self.asset_id,
            "asset_type": self.asset_type,
            "required": self.required,
        }


@dataclass(slots=True, frozen=True)
class BuildFormat:
    """A format that the agent takes or makes. ``way`` says how its manifests come about.

    Sizes are in pixels, the duration in ms; zero where they don't apply.
    """

    format_id: str
    name: str
    kind: str
    way: str
    slots: tuple[Slot, ...]
    width: int = 0
    height: int = 0
    duration_ms: int = 0
    agent_url: str = ""
    inputs: tuple[str, ...] = ()
    """Ids of own formats whose manifests can be turned into this one."""

    @property
    def ref(self) -> Body:
        """The identifier on the wire."""
        return {"agent_url": self.agent_url, "id": self.format_id}

    def wire(self, prices: list[Body]) -> Body:
        """The format as list_creative_formats describes it (core/format.json)."""
        body: Body = {
            "format_id": self.ref,
            "name": self.name,
            "description": _WAYS[self.way],
            "assets": [slot.wire() for slot in self.slots],
            "supported_macros": list(SUPPORTED),
        }
        if self.width:
            body["renders"] = [{"role": "primary", "dimensions": {"width": self.width, "height": self.height}}]
        if self.inputs:
            body["input_format_ids"] = [{"agent_url": self.agent_url, "id": one} for one in self.inputs]
        return {**body, "pricing_options": prices} if prices else body


_WAYS = {
    "template": "Assets that are given, laid out by a template",
    "generative": "Picture and words made from a message and the brand",
    "tag": "A tag that an ad server or a player loads",
    "source": "Material that other formats are made of",
    "standard": "A standard format of the reference agent",
    "seeded": "A format of a test",
}

_CLICK = (Slot("click_url", "url"), Slot("impression_tracker", "url"))
_WORDS = (Slot("headline", "text"), Slot("cta", "text"))
_SCREEN = (1920, 1080)
_MASTER = ("source_master",)
_MEDIA: tuple[Medium, ...] = ("display", "video", "audio", "dooh")


def formats_of(config: CreativeConfig, agent_url: str) -> dict[str, BuildFormat]:
    """All formats by id, in the order in which they are listed."""
    image, video = Slot("image", "image", required=True), Slot("video", "video", required=True)
    made: list[BuildFormat] = []

    def add(name: str, kind: str, way: str, slots: tuple[Slot, ...], format_id: str, **more: Any) -> None:
        made.append(BuildFormat(format_id, name, kind, way, (*slots, *_CLICK), agent_url=agent_url, **more))

    sizes = [(int(w), int(h)) for w, h in (size.split("x") for size in config.sizes)]
    for w, h in sizes:
        shown, size = (image, *_WORDS, Slot("serving_tag", "html")), {"width": w, "height": h}
        add(f"Banner {w} x {h}", "display", "template", shown, f"display_{w}x{h}", inputs=_MASTER, **size)
    for w, h in sizes:
        made_up, size = (Slot("generated_image", "image"), *_WORDS), {"width": w, "height": h}
        tag = (Slot("serving_tag", "html", required=True),)
        if config.personality == "generative":
            add(f"Generated banner {w} x {h}", "display", "generative", made_up, f"display_{w}x{h}_generative", **size)
            add(f"Catalog banner {w} x {h}", "display", "generative", made_up, f"display_{w}x{h}_catalog", **size)
        if config.personality == "ad_server":
            add(f"Banner tag {w} x {h}", "display", "tag", tag, f"display_{w}x{h}_tag", **size)
    for seconds in config.lengths:
        shape = {"width": _SCREEN[0], "height": _SCREEN[1], "duration_ms": seconds * 1000}
        add(f"Video {seconds} s", "video", "template", (video,), f"video_{seconds}s", **shape)
        vast, origin = (Slot("vast_tag", "vast", required=True),), (f"video_{seconds}s",)
        add(f"VAST tag {seconds} s", "video", "tag", vast, f"vast_{seconds}s", inputs=origin, **shape)
    card = (image, Slot("headline", "text", required=True), Slot("cta", "text"))
    add("Native card", "native", "template", card, "native_content", inputs=_MASTER, width=1200, height=628)
    add("Source material", "display", "source", (image, *_WORDS), "source_master", width=1200, height=628)
    standard = [_standard(fmt) for medium in _MEDIA for fmt in default_formats(medium)]
    return {fmt.format_id: fmt for fmt in (*made, *standard)}


def _standard(fmt: Format) -> BuildFormat:
    asset_id, asset_type = fmt.asset
    slots = (Slot(asset_id, asset_type, required=True), *_CLICK)
    shape = (fmt.width, fmt.height, fmt.duration_ms)
    return BuildFormat(fmt.format_id, fmt.name, fmt.medium, "standard", slots, *shape, agent_url=fmt.agent_url)


def list_creative_formats(ctx: Context, request: Body) -> Body:
    """All formats, filtered and paged. An account that a test has given formats of its own sees those alone.

    So does a caller that has seeded formats and names no account, unless it asks by ids: releases before 3.1 can't name
    one here.
    """
    agent = agent_of(ctx)
    found = [fmt for fmt in _known_to(agent, ctx, request) if _passes(fmt, request)]
    rows, pagination = page(found, request.get("pagination"))
    prices = [price.wire() for price in agent.prices] if request.get("include_pricing") else []
    return {"status": "completed", "formats": [fmt.wire(prices) for fmt in rows], "pagination": pagination}


def _known_to(agent: CreativeAgent, ctx: Context, request: Body) -> list[BuildFormat]:
    account = agent.account(ctx.principal, request["account"]) if "account" in request else None
    seeded = agent.seeded_formats.get(account.account_id, {}) if account is not None else {}
    if account is not None and account.sandbox:
        seeded = {**agent.seeded_formats.get(SANDBOX, {}), **seeded}
    if account is None and "format_ids" not in request:
        seeded = agent.controller.formats.get(ctx.principal.id, {})
    return list((seeded or agent.formats).values())


def _passes(fmt: BuildFormat, request: Body) -> bool:
    wanted = [format_key(ref) for ref in request.get("format_ids", [])]
    if wanted and format_key(fmt.ref) not in wanted:
        return False
    types = {slot.asset_type for slot in fmt.slots}
    if "asset_types" in request and not types.intersection(request["asset_types"]):
        return False
    inputs = [ref["id"] for ref in request.get("input_format_ids", [])]
    if inputs and not set(inputs).intersection(fmt.inputs):
        return False
    outputs = [ref["id"] for ref in request.get("output_format_ids", [])]
    if outputs and fmt.format_id not in outputs:
        return False
    needs_more = "wcag_level", "disclosure_positions", "disclosure_persistence"
    if request.get("is_responsive") or any(name in request for name in needs_more):
        return False  # no format is responsive, or promises accessibility or disclosures
    return all(test(fmt, request[name]) for name, test in _TESTS.items() if name in request)


_TESTS: dict[str, Callable[[BuildFormat, Any], bool]] = {
    "type": lambda fmt, wanted: fmt.kind == wanted,
    "name_search": lambda fmt, wanted: wanted.lower() in fmt.name.lower(),
    "max_width": lambda fmt, limit: 0 < fmt.width <= limit,
    "max_height": lambda fmt, limit: 0 < fmt.height <= limit,
    "min_width": lambda fmt, limit: fmt.width >= limit,
    "min_height": lambda fmt, limit: fmt.height >= limit,
}
