"""Media channels: what is typical of each, and the words by which a brief means it.

The names are those of the specification's media channel taxonomy (enums/channels.json). The figures are
typical values that a scenario may override; they make a placement of which only the channel is known behave
plausibly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Medium = Literal["display", "video", "audio", "dooh"]
Shape = Literal["evening", "office", "commute", "flat"]


@dataclass(slots=True, frozen=True)
class Channel:
    """A channel with its typical figures.

    ``cpm_micros`` is the price of 1,000 impressions; the rates are fractions of impressions; ``devices`` maps
    device types (enums/device-type.json) to shares; ``words`` are what briefs call the channel.
    """

    name: str
    medium: Medium
    words: tuple[str, ...]
    cpm_micros: int
    guaranteed: bool
    daily_opportunities: int
    hour_shape: Shape
    devices: dict[str, float]
    viewability: float
    click_rate: float
    completion_rate: float


_SCREENS = {"mobile": 0.55, "desktop": 0.37, "tablet": 0.08}
_PHONES = {"mobile": 0.85, "desktop": 0.1, "tablet": 0.05}
_TV = {"ctv": 1.0}
_PUBLIC = {"dooh": 1.0}


def _channel(
    name: str,
    medium: Medium,
    cpm: float,
    guaranteed: bool,
    daily: int,
    shape: Shape,
    devices: dict[str, float],
    rates: tuple[float, float, float],
    words: str,
) -> Channel:
    viewability, click_rate, completion_rate = rates
    return Channel(
        name,
        medium,
        (name, *words.split()),
        round(cpm * 1_000_000),
        guaranteed,
        daily,
        shape,
        devices,
        viewability,
        click_rate,
        completion_rate,
    )


# fmt: off
_ALL = (
    _channel("display", "display", 4, False, 20_000, "office", _SCREENS, (0.68, 0.0015, 0.0),
             "banner banners native"),
    _channel("olv", "video", 14, False, 12_000, "evening", _SCREENS, (0.75, 0.003, 0.7),
             "video preroll instream outstream"),
    _channel("ctv", "video", 32, True, 10_000, "evening", _TV, (0.98, 0.0002, 0.95),
             "tv television ott video"),
    _channel("linear_tv", "video", 22, True, 8_000, "evening", _TV, (0.95, 0.0, 0.93),
             "tv television broadcast cable linear"),
    _channel("social", "display", 8, False, 25_000, "evening", _PHONES, (0.6, 0.009, 0.3),
             "reels instagram tiktok facebook"),
    _channel("search", "display", 12, False, 8_000, "office", _SCREENS, (0.95, 0.03, 0.0),
             "keywords sem"),
    _channel("streaming_audio", "audio", 11, True, 9_000, "commute", _PHONES, (1.0, 0.0006, 0.92),
             "audio spotify"),
    _channel("podcast", "audio", 20, True, 4_000, "commute", _PHONES, (1.0, 0.0005, 0.9),
             "podcasts audio"),
    _channel("radio", "audio", 9, True, 6_000, "commute", _PHONES, (1.0, 0.0, 0.95),
             "fm audio"),
    _channel("dooh", "dooh", 9, True, 6_000, "commute", _PUBLIC, (0.9, 0.0, 0.8),
             "billboard billboards outdoor"),
    _channel("ooh", "dooh", 7, True, 4_000, "commute", _PUBLIC, (0.9, 0.0, 0.0),
             "poster posters billboard billboards outdoor"),
    _channel("gaming", "display", 7, False, 10_000, "evening", _PHONES, (0.8, 0.004, 0.8),
             "esports ingame"),
    _channel("retail_media", "display", 9, False, 10_000, "office", _SCREENS, (0.7, 0.006, 0.0),
             "shopper"),
    _channel("email", "display", 15, False, 2_000, "office", _SCREENS, (0.9, 0.01, 0.0),
             "newsletter newsletters"),
    _channel("print", "display", 18, True, 1_000, "flat", _PUBLIC, (1.0, 0.0, 0.0),
             "magazines newspapers"),
    _channel("cinema", "video", 28, True, 1_000, "evening", _PUBLIC, (1.0, 0.0, 0.97),
             "cinemas theaters"),
    _channel("influencer", "display", 20, False, 2_000, "evening", _PHONES, (0.8, 0.01, 0.4),
             "creators influencers"),
    _channel("affiliate", "display", 5, False, 3_000, "office", _SCREENS, (0.7, 0.02, 0.0),
             "cashback"),
    _channel("product_placement", "video", 30, True, 1_000, "evening", _TV, (1.0, 0.0, 1.0),
             "sponsorship"),
    _channel("sponsored_intelligence", "display", 20, False, 3_000, "office", _SCREENS, (0.95, 0.02, 0.0),
             "chatbot chatbots"),
)
# fmt: on

CHANNELS: dict[str, Channel] = {channel.name: channel for channel in _ALL}
"""All channels of the specification by name."""

# fmt: off
HOUR_SHAPES: dict[str, tuple[float, ...]] = {
    "flat": (1.0,) * 24,
    "evening": (0.4, 0.2, 0.1, 0.1, 0.1, 0.2, 0.4, 0.6, 0.6, 0.6, 0.7, 0.8,
                0.9, 0.9, 0.9, 1.0, 1.1, 1.4, 1.8, 2.3, 2.6, 2.5, 1.8, 1.0),
    "office": (0.2, 0.1, 0.1, 0.1, 0.1, 0.2, 0.5, 1.0, 1.5, 1.8, 1.8, 1.8,
               1.7, 1.7, 1.7, 1.6, 1.5, 1.3, 1.1, 1.1, 1.0, 0.9, 0.7, 0.4),
    "commute": (0.2, 0.1, 0.1, 0.1, 0.3, 0.8, 1.8, 2.4, 2.2, 1.2, 0.9, 0.9,
                1.1, 1.0, 0.9, 1.0, 1.6, 2.2, 2.1, 1.3, 0.9, 0.7, 0.5, 0.3),
}
# fmt: on
"""Relative weight of each hour of the UTC day, by name."""

WEEK_SHAPES: dict[str, tuple[float, ...]] = {
    "flat": (1.0,) * 7,
    "office": (1.1, 1.15, 1.15, 1.1, 1.0, 0.7, 0.8),
    "weekend": (0.9, 0.9, 0.9, 0.9, 1.0, 1.2, 1.2),
}
"""Relative weight of each day of the week from Monday on, by name."""


def find_channel(name: str) -> Channel:
    """The channel of that name; ``ValueError`` with all names otherwise."""
    if name not in CHANNELS:
        raise ValueError(f"unknown channel {name!r}, use one of {', '.join(CHANNELS)}")
    return CHANNELS[name]
