"""get_brand_identity: who a brand is (docs/brand-protocol/tasks/get_brand_identity.mdx)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.brand.config import BrandConfig
from agents.brand.context import agent_of
from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]

_LINKED_ONLY = ("visual_guidelines",)
"""Fields for callers with an account; in ``tone`` so are the dos and don'ts."""


def get_brand_identity(ctx: Context, request: Body) -> Body:
    """The identity of a brand. Callers with an account of theirs see all of it, others what is public.

    ``available_fields`` names what an account would open. ``brand_not_found``, a code of this task alone, for a brand
    that isn't served.
    """
    agent = agent_of(ctx)
    brand = agent.brands.get(request["brand_id"])
    if brand is None:
        why = f"there is no brand {request['brand_id']} here"
        raise AdcpError("brand_not_found", why, "brand_id", "correctable")
    linked = any(account.status == "active" for account in agent.accounts_of(ctx.principal))
    fields = _fields(brand, linked)
    withheld = [name for name in _LINKED_ONLY if name not in fields and brand.guidelines]
    wanted = request.get("fields")
    shown = {name: value for name, value in fields.items() if wanted is None or name in wanted}
    body: Body = {
        "status": "completed",
        "brand_id": brand.id,
        "house": {"domain": brand.domain, "name": brand.name},
        "names": [{"en": brand.name}],
        **shown,
    }
    return {**body, "available_fields": withheld} if withheld else body


def _fields(brand: BrandConfig, linked: bool) -> Body:
    """What the caller may see; nothing that isn't known."""
    tone: Body = {"voice": brand.voice, "attributes": brand.attributes}
    if linked:
        tone |= {"dos": brand.dos, "donts": brand.donts}
    uses = list(dict.fromkeys(use for right in brand.rights for use in right.uses))
    found: Body = {
        "description": brand.description,
        "industries": brand.industries,
        "logos": brand.logos,
        "colors": dict(brand.colors),
        "fonts": dict(brand.fonts),
        "tone": {name: value for name, value in tone.items() if value},
        "tagline": brand.tagline,
        "visual_guidelines": brand.guidelines if linked else {},
        "rights": {"available_uses": uses} if uses else {},
    }
    return {name: value for name, value in found.items() if value}
