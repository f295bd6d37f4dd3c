"""get_rights: what can be licensed, for whom and for how much (docs/brand-protocol/tasks/get_rights.mdx)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from agents.brand.config import BrandConfig, RightsConfig, RightsPrice
from agents.brand.context import agent_of
from agents.seller.wire import page

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]

_WORD = re.compile(r"[a-z0-9]+")


def get_rights(ctx: Context, request: Body) -> Body:
    """Rights that allow one of the uses, the best match first; with ``include_excluded`` also the others, and why."""
    agent = agent_of(ctx)
    rows: list[Body] = []
    excluded: list[Body] = []
    for brand, right in agent.rights.values():
        if not _asked(brand, right, request):
            continue
        why = _excluded(right, request)
        if why:
            excluded.append({"brand_id": brand.id, "name": right.name, "reason": why})
        else:
            rows.append(_row(brand, right, request))
    rows.sort(key=lambda row: -float(row["match_score"]))
    found, pagination = page(rows, request.get("pagination"))
    body: Body = {"status": "completed", "rights": found, "pagination": pagination}
    return {**body, "excluded": excluded} if request.get("include_excluded") else body


def _asked(brand: BrandConfig, right: RightsConfig, request: Body) -> bool:
    return (
        request.get("brand_id", brand.id) in (brand.id, brand.domain)
        and request.get("right_type", right.type) == right.type
        and bool(set(request["uses"]).intersection(right.uses))
    )


def _excluded(right: RightsConfig, request: Body) -> str:
    """Why the buyer can't have a right; empty if it can."""
    if request.get("buyer_brand", {}).get("domain") in right.excluded_buyers:
        return "not licensed to this brand"
    wanted = request.get("countries", [])
    open_to = [c for c in wanted if c not in right.excluded_countries and (not right.countries or c in right.countries)]
    return "" if open_to or not wanted else f"not licensed in {', '.join(wanted)}"


def _row(brand: BrandConfig, right: RightsConfig, request: Body) -> Body:
    words = set(_WORD.findall(request["query"].lower()))
    told = set(_WORD.findall(f"{right.name} {right.description} {brand.name}".lower()))
    uses = [use for use in request["uses"] if use in right.uses]
    shared = sorted(words & told)
    share = len(uses) / len(request["uses"])
    row: Body = {
        "rights_id": right.id,
        "brand_id": brand.id,
        "name": right.name,
        "right_type": right.type,
        "match_score": round(0.7 * share + 0.3 * min(1.0, len(shared) / 3), 3),
        "match_reasons": [f"allows {', '.join(uses)}", *([f"speaks of {', '.join(shared)}"] if shared else [])],
        "available_uses": right.uses,
        "pricing_options": [option_wire(option, right) for option in right.prices],
    }
    for name in ("description", "countries", "excluded_countries"):
        if getattr(right, name):
            row[name] = getattr(right, name)
    return {**row, "content_restrictions": right.restrictions} if right.restrictions else row


def option_wire(option: RightsPrice, right: RightsConfig) -> Body:
    """A pricing option (brand/rights-pricing-option.json)."""
    body: Body = {
        "pricing_option_id": option.id,
        "model": option.model,
        "price": option.price,
        "currency": option.currency,
        "uses": right.uses,
        "period": option.period,
    }
    for name in ("impression_cap", "overage_cpm"):
        if getattr(option, name) is not None:
            body[name] = getattr(option, name)
    return body
