"""Creative formats: which there are for a placement, and how they look on the wire.

Identifiers follow the specification's reference formats (docs/creative/formats): an ``agent_url`` and an
``id`` such as ``display_300x250_image`` or ``video_standard_30s``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.domain.channels import Medium

REFERENCE_AGENT = "https://creative.adcontextprotocol.org"
"""The creative agent that defines the standard formats."""


@dataclass(slots=True, frozen=True)
class Format:
    """One creative format. Sizes are in pixels, the duration in ms; zero where it does not apply."""

    format_id: str
    name: str
    medium: Medium
    width: int = 0
    height: int = 0
    duration_ms: int = 0
    agent_url: str = REFERENCE_AGENT

    @property
    def ref(self) -> dict[str, Any]:
        """The format's identifier on the wire."""
        return {"agent_url": self.agent_url, "id": self.format_id}

    @property
    def asset(self) -> tuple[str, str]:
        """Name and type of the asset that a creative of this format must have."""
        return _BRIEF if self.format_id.endswith("_generative") else _ASSETS[self.medium]

    def wire(self) -> dict[str, Any]:
        """The format as ``list_creative_formats`` describes it (core/format.json)."""
        asset_id, asset_type = self.asset
        body: dict[str, Any] = {
            "format_id": self.ref,
            "name": self.name,
            "assets": [
                {"item_type": "individual", "asset_id": asset_id, "asset_type": asset_type, "required": True},
                {"item_type": "individual", "asset_id": "click_url", "asset_type": "url", "required": False},
                {"item_type": "individual", "asset_id": "impression_tracker", "asset_type": "url", "required": False},
            ],
        }
        if self.width:
            body["renders"] = [{"role": "primary", "dimensions": {"width": self.width, "height": self.height}}]
        return body


_ASSETS: dict[Medium, tuple[str, str]] = {
    "display": ("banner_image", "image"),
    "video": ("video_file", "video"),
    "audio": ("audio_file", "audio"),
    "dooh": ("screen_image", "image"),
}


_BRIEF = ("brief", "brief")
"""Of what formats are that the platform makes itself, from a brief."""


def display(width: int, height: int) -> Format:
    """A banner image of one size."""
    return Format(f"display_{width}x{height}_image", f"Banner {width} x {height}", "display", width, height)


def video(seconds: int) -> Format:
    """A hosted video of one length."""
    return Format(f"video_standard_{seconds}s", f"Video {seconds} s", "video", 0, 0, seconds * 1000)


def audio(seconds: int) -> Format:
    """A hosted audio spot of one length."""
    return Format(f"audio_standard_{seconds}s", f"Audio spot {seconds} s", "audio", 0, 0, seconds * 1000)


def dooh(width: int, height: int) -> Format:
    """A still image for a screen in a public space."""
    return Format(f"dooh_billboard_{width}x{height}", f"Screen {width} x {height}", "dooh", width, height)


def default_formats(medium: Medium) -> tuple[Format, ...]:
    """What a placement takes when its formats are not said."""
    if medium == "video":
        return (video(15), video(30))
    if medium == "audio":
        return (audio(30),)
    if medium == "dooh":
        return (dooh(1920, 1080),)
    return (display(300, 250), display(728, 90), display(320, 50))


def parse_format(text: str) -> Format:
    """Read the identifier of a standard format, such as ``video_standard_15s``; others become plain ones."""
    head, _, rest = text.partition("_")
    size = next((part for part in rest.split("_") if _is_size(part)), "")
    if head in ("display", "dooh") and size:
        width, height = (int(side) for side in size.split("x"))
        medium: Medium = "dooh" if head == "dooh" else "display"
        return Format(text, f"{'Screen' if head == 'dooh' else 'Banner'} {width} x {height}", medium, width, height)
    seconds = next((part[:-1] for part in rest.split("_") if part.endswith("s") and part[:-1].isdigit()), "")
    if head in ("video", "audio"):
        spoken: Medium = "video" if head == "video" else "audio"
        length = int(seconds) if seconds else 0
        return Format(text, f"{head.title()} {length} s" if length else text, spoken, 0, 0, length * 1000)
    return Format(text, text.replace("_", " "), "dooh" if head == "dooh" else "display")


def _is_size(part: str) -> bool:
    width, cross, height = part.partition("x")
    return bool(cross) and width.isdigit() and height.isdigit()


def format_key(ref: dict[str, Any]) -> tuple[str, str]:
    """What makes two format identifiers the same: agent and id, a trailing slash of the agent aside."""
    return str(ref.get("agent_url", "")).rstrip("/"), str(ref.get("id", ""))
