"""What the trackers of creatives lead to: the landing page with its UTM parameters, and a pixel (rules 36 to 38, 183).

Simulated people never come by here, the delivery engine counts them; these addresses are for whoever opens a creative
in a browser or follows its links in a test. So nothing is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from agents.buyer.context import platform_of
from agents.buyer.creative.answers import TextPage
from sandbox.core.errors import ApiError
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request
from sandbox.operations.model import Id

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.records import Creative

operation: Group = Group("trackers")

PIXEL = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


class Redirect(TypedDict):
    """Where a browser goes next; the HTTP edge answers 302."""

    location: str


class Click(Body):
    """Query of a click tracker; a macro that nobody filled in stands for nothing."""

    creative: Id
    rurl: str = Field(min_length=1, max_length=2_000)
    media_buy: str = Field(default="", alias="media_buy")
    package: str = ""


class Impression(Body):
    """Query of an impression tracker."""

    model_config = ConfigDict(extra="allow")

    creative: Id


@operation("track_click", "GET", "/click", params=Click, answer=Redirect, success_status=302, public=True, mcp=False,
           rules=(37, 38, 183))  # fmt: skip
def track_click(ctx: Context, request: Request) -> Redirect:
    """Lead a click on to the landing page in ``rurl``, with the UTM parameters of advertiser and campaign."""
    query, platform = request.params, platform_of(ctx)
    creative = _creative(platform, query.creative)
    try:
        target = urlsplit(query.rurl)
    except ValueError:
        target = urlsplit("")
    if target.scheme not in ("http", "https") or not target.netloc:
        raise ApiError("VALIDATION_ERROR", f"rurl: {query.rurl[:200]!r} is no http or https address", "rurl")
    utm = _utm(platform, creative, {"{MEDIA_BUY_ID}": query.media_buy, "{PACKAGE_ID}": query.package})
    kept = [(key, value) for key, value in parse_qsl(target.query, keep_blank_values=True) if key not in utm]
    return {"location": urlunsplit(target._replace(query=urlencode([*kept, *utm.items()])))}


@operation("track_impression", "GET", "/impression", params=Impression, answer=TextPage, public=True, mcp=False,
           rules=(183,))  # fmt: skip
def track_impression(ctx: Context, request: Request) -> TextPage:
    """A pixel that is not seen."""
    _creative(platform_of(ctx), request.params.creative)
    return {"contentType": "image/svg+xml", "text": PIXEL}


def _creative(platform: BuyerPlatform, creative_id: str) -> Creative:
    creative = platform.creatives.get(creative_id)
    if creative is None:
        raise ApiError("NOT_FOUND", f"there is no creative {creative_id}")
    return creative


def _utm(platform: BuyerPlatform, creative: Creative, known: dict[str, str]) -> dict[str, str]:
    """The parameters by key, a campaign's before its advertiser's, with macros resolved (rules 37 and 38).

    A parameter whose macro nobody filled in is left out.
    """
    campaign = platform.campaigns[creative.campaign_id]
    advertiser = platform.advertisers[campaign.advertiser_id]
    macros = {"{CAMPAIGN_ID}": campaign.campaign_id, "{CREATIVE_ID}": creative.creative_id, **known}
    found: dict[str, str] = {}
    for row in (*advertiser.utm, *campaign.utm):
        value = row["paramValue"]
        for macro, meaning in macros.items():
            value = value.replace(macro, "" if meaning == macro else meaning)
        found[row["paramKey"]] = value
    return {key: value for key, value in found.items() if value}
