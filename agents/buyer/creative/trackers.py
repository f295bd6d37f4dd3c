"""Impression and click trackers of a manifest, and the macros that they carry (rule 183)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from agents.buyer.formats import Format
from sandbox.domain.formats import format_key

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.records import Creative

MACROS = (
    "{CAMPAIGN_ID}", "{CREATIVE_ID}", "{MEDIA_BUY_ID}", "{PACKAGE_ID}", "{DEVICE_TYPE}", "{COUNTRY}", "{CACHEBUSTER}",
    "{CLICK_URL}",
)  # fmt: skip
"""Universal macros of formats that do not name theirs."""

_IMPRESSION = (
    "impression?creative={creative}&campaign={{CAMPAIGN_ID}}&media_buy={{MEDIA_BUY_ID}}&package={{PACKAGE_ID}}"
    "&device={{DEVICE_TYPE}}&country={{COUNTRY}}&cb={{CACHEBUSTER}}"
)


def is_click(asset: dict[str, Any]) -> bool:
    """True for the URL to which a click leads."""
    return bool(asset.get("url_type") == "CLICKTHROUGH")


def landing_page(assets: list[dict[str, Any]]) -> str | None:
    """Where a click leads in the end."""
    return next((asset["url"] for asset in assets if is_click(asset)), None)


def impression_url(platform: BuyerPlatform, creative: Creative) -> str:
    """The impression tracker; its macros are filled when the impression is served."""
    return platform.world.network.url(platform.id, _IMPRESSION.format(creative=creative.creative_id))


def click_through(platform: BuyerPlatform, creative: Creative, landing: str) -> str:
    """The click tracker around a landing page, which it keeps in ``rurl``."""
    ids = "media_buy={MEDIA_BUY_ID}&package={PACKAGE_ID}"
    path = f"click?creative={creative.creative_id}&{ids}&rurl={quote(landing, safe='')}"
    return platform.world.network.url(platform.id, path)


def click_url(platform: BuyerPlatform, creative: Creative) -> str | None:
    """The click tracker of a manifest; None without a clickthrough."""
    landing = landing_page(creative.assets)
    return None if landing is None else click_through(platform, creative, landing)


def supported_macros(platform: BuyerPlatform, refs: list[Format]) -> list[str]:
    """The macros that the formats support, as their agents say; :data:`MACROS` if none says anything."""
    known = [platform.formats.get(format_key(ref), {}).get("supported_macros", []) for ref in refs]
    named = dict.fromkeys("{%s}" % str(macro).strip("{}") for macros in known for macro in macros)  # noqa: UP031
    return list(named) or list(MACROS)
