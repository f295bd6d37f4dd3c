"""Brand identity by reference: from the brand agent that serves it, from the agent's own settings, or the bare name."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.creative.context import agent_of
from sandbox.core.errors import AdcpError
from sandbox.kernel.network import PeerTimeout, PeerUnreachable
from sandbox.protocol.answers import understood

if TYPE_CHECKING:
    from agents.seller.records import Account
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]


@dataclass(slots=True, frozen=True)
class Brand:
    """What is needed of a brand to draw and to write for it."""

    domain: str
    name: str
    tagline: str = ""
    tone: str = ""
    colors: dict[str, str] = field(default_factory=dict)


NOBODY = Brand("", "Your brand")


def brand_ref(request: Body, account: Account | None) -> Body | None:
    """The brand that a request is about: named itself, by the manifest, or the account's."""
    manifest = request.get("creative_manifest") or {}
    return request.get("brand") or manifest.get("brand") or (account.brand if account is not None else None)


def resolve(ctx: Context, ref: Body | None) -> Generator[Any, Any, Brand]:
    """The brand behind a reference. What the reference overrides wins over what was found."""
    if ref is None:
        return NOBODY
    domain = str(ref["domain"])
    found = yield from _asked(ctx, domain, ref.get("brand_id"))
    look = agent_of(ctx).config.brands.get(domain)
    if found is None and look is not None:
        found = Brand(domain, look.name, look.tagline, look.tone, look.colors)
    if found is None:
        found = Brand(domain, domain.partition(".")[0].replace("-", " ").title())
    kit = ref.get("brand_kit_override", {})
    return Brand(
        domain,
        found.name,
        kit.get("tagline", found.tagline),
        kit.get("voice", found.tone),
        {**found.colors, **kit.get("colors", {})},
    )


def _asked(ctx: Context, domain: str, brand_id: str | None) -> Generator[Any, Any, Brand | None]:
    """What the first brand agent of the world tells that serves the domain (its brand.json names the agent).

    None if no agent gives an answer that can be read.
    """
    for actor in list(ctx.world.actors.values()):
        served = getattr(actor, "brand_of", None)
        known = served(domain, brand_id) if actor.role == "brand" and served is not None else None
        if known is None:
            continue
        try:
            reply = yield from ctx.call(actor.id, "get_brand_identity", {"adcp_version": "3.1", "brand_id": known})
            return _read(domain, understood("get_brand_identity", reply, "3.1"))
        except (PeerTimeout, PeerUnreachable, AdcpError):
            continue
    return None


def _read(domain: str, identity: Body) -> Brand:
    name = next(text for names in identity["names"] for text in names.values())
    colors = {role: c if isinstance(c, str) else c[0] for role, c in identity.get("colors", {}).items()}
    tagline = identity.get("tagline", "")
    if isinstance(tagline, list):
        tagline = next((text for texts in tagline for text in texts.values()), "")
    attributes = identity.get("tone", {}).get("attributes", [])
    return Brand(domain, name, tagline, attributes[0] if attributes else "", colors)
