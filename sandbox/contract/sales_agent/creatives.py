"""Creatives that the formats of a media buy want."""

from __future__ import annotations

from typing import Any

from sandbox.contract.check import Skipped
from sandbox.contract.sales_agent.agent import Agent, new_key
from sandbox.contract.sales_agent.catalog import formats


async def creatives_for(agent: Agent, media_buy: dict[str, Any]) -> dict[str, Any]:
    """A request of sync_creatives with a creative for each package of a media buy."""
    agent.needs("sync_creatives")
    described = {_named(row["format_id"]): row for row in await formats(agent)}
    rows, assignments = [], []
    for package in media_buy["packages"]:
        wanted = package.get("format_ids_to_provide") or package.get("format_ids_pending") or package.get("format_ids")
        known = [described.get(_named(one)) for one in wanted or agent.formats.get(package.get("product_id"), ())]
        form = next((one for one in known if one is not None), None)
        if form is None:
            raise Skipped("the formats of the package are not in list_creative_formats")
        creative_id = new_key()
        rows.append(
            {
                "creative_id": creative_id,
                "name": "Check",
                "format_id": form["format_id"],
                "assets": _assets(form, agent.brand),
            }
        )
        assignments.append({"creative_id": creative_id, "package_id": package["package_id"]})
    return agent.here({"creatives": rows, "assignments": assignments})


async def supply(agent: Agent, media_buy: dict[str, Any]) -> None:
    """Give each package a creative. Raises :class:`Skipped` if the agent will not have those of the check."""
    answer = await agent.ok("sync_creatives", await creatives_for(agent, media_buy))
    failed = [row for row in answer.get("creatives") or [] if row.get("action") == "failed"]
    if failed:
        raise Skipped(f"the agent does not take the creative of the check: {str(failed[0].get('errors'))[:200]}")


def _named(format_id: dict[str, Any]) -> tuple[str, str]:
    return str(format_id["agent_url"]).rstrip("/"), str(format_id["id"])


def _assets(form: dict[str, Any], brand: str) -> dict[str, Any]:
    size = next((render.get("dimensions") or {} for render in form.get("renders") or []), {})
    wanted = [asset for asset in form.get("assets") or [] if asset.get("required") and "asset_id" in asset]
    return {asset["asset_id"]: _asset(asset, size, brand) for asset in wanted}


def _asset(asset: dict[str, Any], size: dict[str, Any], brand: str) -> dict[str, Any]:
    kind, needs = str(asset.get("asset_type")), asset.get("requirements") or {}
    width = int(needs.get("width") or needs.get("min_width") or size.get("width") or 1280)
    height = int(needs.get("height") or needs.get("min_height") or size.get("height") or 720)
    base = f"https://{brand}/check"
    made: dict[str, dict[str, Any]] = {
        "image": {"url": f"{base}.png", "width": width, "height": height, "format": "png"},
        "video": {"url": f"{base}.mp4", "width": width, "height": height, "duration_ms": _length(needs)},
        "audio": {"url": f"{base}.mp3", "duration_ms": _length(needs)},
        "text": {"content": "Check"[: int(needs.get("max_length") or 100)]},
        "html": {"content": "<p>Check</p>"},
        "url": {"url": f"https://{brand}/"},
        "vast": {"delivery_type": "url", "url": f"{base}.xml", "vast_version": "4.0"},
        "javascript": {"content": "void 0"},
        "css": {"content": "p{}"},
        "markdown": {"content": "Check"},
    }
    if kind not in made:
        raise Skipped(f"no asset of the type {kind} can be made here")
    return {"asset_type": kind, **made[kind]}


def _length(needs: dict[str, Any]) -> int:
    for name in ("duration_ms", "duration_ms_exact", "max_duration_ms", "min_duration_ms"):
        if needs.get(name):
            return int(needs[name])
    seconds = needs.get("duration_seconds") or needs.get("max_duration_seconds")
    return int(float(seconds or 30) * 1000)
