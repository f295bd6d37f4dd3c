"""Serving tags: what a publisher's page or player loads to show a creative, with macros for the moment of serving."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape as xml

Body = dict[str, Any]

VAST_VERSION = "4.2"


@dataclass(slots=True, frozen=True)
class Trafficking:
    """Where a tag will run; what is not said is a macro that the publisher's ad server fills in."""

    agent_url: str
    creative_id: str
    media_buy_id: str = "{MEDIA_BUY_ID}"
    package_id: str = "{PACKAGE_ID}"

    def tracker(self, event: str, extra: str = "") -> str:
        """The URL that counts an event: ``imp``, ``click`` or one of a video's."""
        asked = (("creative", self.creative_id), ("buy", self.media_buy_id), ("package", self.package_id))
        told = "&".join(f"{name}={quote(value, safe='{}-._~')}" for name, value in asked)
        return f"{self.agent_url}/{event}?{told}{extra}&cb={{CACHEBUSTER}}"

    def address(self, what: str) -> str:
        """The URL of something that is told where it runs; without macros, which not every player fills in."""
        asked = (("creative", self.creative_id), ("buy", self.media_buy_id), ("package", self.package_id))
        told = "&".join(f"{name}={quote(value, safe='')}" for name, value in asked if "{" not in value)
        return f"{self.agent_url}/{what}?{told}"


def landing_of(assets: Body) -> str:
    """Where a click leads in the end; empty if the assets don't say."""
    return next((str(a["url"]) for name, a in assets.items() if name == "click_url" and "url" in a), "")


def html_tag(assets: Body, width: int, height: int, where: Trafficking) -> str:
    """A banner as HTML: the picture behind the publisher's click macro, the words as its text, and the pixel."""
    picture = next((a for a in assets.values() if a.get("asset_type") == "image"), None)
    words = [str(a["content"]) for a in assets.values() if a.get("asset_type") == "text"]
    shown = f'<img src="{escape(picture["url"])}" alt="{escape(" ".join(words))}" style="{_FILL}">' if picture else ""
    caption = "".join(f"<span>{escape(text)}</span>" for text in words)
    return (
        f'<a href="{escape("{CLICK_URL}" + landing_of(assets))}" target="_blank" rel="noopener" '
        f'style="display:block;width:{width}px;height:{height}px;overflow:hidden">{shown}{caption}</a>'
        f'<img src="{escape(where.tracker("imp"))}" width="1" height="1" alt="">'
    )


_FILL = "width:100%;height:100%;object-fit:cover"


def vast_tag(name: str, assets: Body, duration_ms: int, where: Trafficking) -> Body:
    """A VAST asset: the document itself where the video is known, else the URL at which the ad server answers."""
    head: Body = {"asset_type": "vast", "vast_version": VAST_VERSION, "duration_ms": duration_ms}
    video = next((a for a in assets.values() if a.get("asset_type") == "video"), None)
    if video is None:
        return {**head, "delivery_type": "url", "url": where.address("vast")}
    return {**head, "delivery_type": "inline", "content": _document(name, assets, video, duration_ms, where)}


def _document(name: str, assets: Body, video: Body, duration_ms: int, where: Trafficking) -> str:
    seconds = int(video.get("duration_ms", duration_ms)) // 1000
    length = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    events = ("start", "firstQuartile", "midpoint", "thirdQuartile", "complete")
    tracking = "".join(f'<Tracking event="{e}">{_cdata(where.tracker(e))}</Tracking>' for e in events)
    landing = landing_of(assets)
    through = f"<ClickThrough>{_cdata(landing)}</ClickThrough>" if landing else ""
    mime = str(video.get("mime_type") or f"video/{video.get('container_format', 'mp4')}")
    media = (
        f'<MediaFile delivery="progressive" type="{xml(mime, {chr(34): "&quot;"})}" width="{int(video["width"])}" '
        f'height="{int(video["height"])}">{_cdata(str(video["url"]))}</MediaFile>'
    )
    return (
        f'<VAST version="{VAST_VERSION}"><Ad id="{xml(where.creative_id, {chr(34): "&quot;"})}"><InLine>'
        f"<AdSystem>{xml(where.agent_url)}</AdSystem><AdTitle>{xml(name)}</AdTitle>"
        f"<Impression>{_cdata(where.tracker('imp'))}</Impression><Creatives><Creative><Linear>"
        f"<Duration>{length}</Duration><TrackingEvents>{tracking}</TrackingEvents>"
        f"<VideoClicks>{through}<ClickTracking>{_cdata(where.tracker('click'))}</ClickTracking></VideoClicks>"
        f"<MediaFiles>{media}</MediaFiles></Linear></Creative></Creatives></InLine></Ad></VAST>"
    )


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
