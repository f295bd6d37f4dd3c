"""Simulated time: integer milliseconds since 1970-01-01T00:00:00Z, always UTC.

Instants travel as ISO 8601 text and are read and written here only.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

LAST_MS = (datetime(2200, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
"""The last instant that can be named: everything simulated is after 1970 and before 2200."""

_UNIT_MS = {
    "ms": 1,
    "s": SECOND_MS,
    "m": MINUTE_MS,
    "min": MINUTE_MS,
    "h": HOUR_MS,
    "d": DAY_MS,
    "w": WEEK_MS,
}
_WORD_MS = {
    "seconds": SECOND_MS,
    "minutes": MINUTE_MS,
    "hours": HOUR_MS,
    "days": DAY_MS,
    "weeks": WEEK_MS,
    "months": 30 * DAY_MS,
}
_SHORT = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|min|s|m|h|d|w)")
_ISO_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def parse_instant(text: str) -> int:
    """Read ``2026-05-15``, ``2026-05-15T09:00:00Z`` or any other ISO 8601 instant, in ms.

    A date alone is its midnight, and a time without an offset is UTC. Raises ``ValueError``, also for an instant
    before 1970 or after :data:`LAST_MS`.
    """
    value = datetime.fromisoformat(text.strip())
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    at_ms = (value - _EPOCH) // timedelta(milliseconds=1)
    if not 0 <= at_ms <= LAST_MS:
        raise ValueError(f"not an instant between 1970 and 2200: {text!r}")
    return at_ms


@lru_cache(maxsize=16_384)
def iso(at_ms: int) -> str:
    """Write an instant as ``2026-05-15T09:00:00Z``, with milliseconds only where there are any."""
    value = _EPOCH + timedelta(milliseconds=at_ms)
    text = value.strftime("%Y-%m-%dT%H:%M:%S")
    rest = at_ms % 1000
    return f"{text}.{rest:03d}Z" if rest else f"{text}Z"


def iso_date(at_ms: int) -> str:
    """Write the UTC day of an instant as ``2026-05-15``."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).strftime("%Y-%m-%d")


def day_start(at_ms: int) -> int:
    """Midnight (UTC) of the day of an instant."""
    return at_ms - at_ms % DAY_MS


def weekday(at_ms: int) -> int:
    """Day of the week of an instant: Monday is 0 (1970-01-01 was a Thursday)."""
    return (at_ms // DAY_MS + 3) % 7


def parse_duration(text: str | float) -> int:
    """Read ``90s``, ``2h30m``, ``3d``, ``PT15M`` or a number of seconds, in ms. Raises ``ValueError``."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        return round(text * SECOND_MS)
    squeezed = str(text).strip().replace(" ", "")
    iso_match = _ISO_DURATION.fullmatch(squeezed)
    if iso_match and any(iso_match.groups()):
        weeks, days, hours, minutes, seconds = (int(g or 0) for g in iso_match.groups())
        return weeks * WEEK_MS + days * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS
    parts = _SHORT.findall(squeezed)
    if not parts or "".join(n + u for n, u in parts) != squeezed:
        raise ValueError(f"not a duration: {text!r} (write for example 90s, 2h30m, 3d or PT15M)")
    return sum(round(float(n) * _UNIT_MS[u]) for n, u in parts)


def format_duration(duration_ms: int) -> str:
    """Write a duration the way people say it: ``3d 4h``, ``1m 30s``, ``250ms``."""
    sign, rest, parts = "-" if duration_ms < 0 else "", abs(duration_ms), []
    for unit, size in (("d", DAY_MS), ("h", HOUR_MS), ("m", MINUTE_MS), ("s", SECOND_MS), ("ms", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return sign + (" ".join(parts) or "0s")


def interval_ms(interval: int, unit: str) -> int:
    """Length of a window ``{interval, unit}``; a month is 30 days. Raises ``ValueError`` for other units."""
    if unit not in _WORD_MS:
        raise ValueError(f"unknown unit {unit!r}, use one of {', '.join(_WORD_MS)}")
    return interval * _WORD_MS[unit]


def zone_of(timezone: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises ``ValueError`` if there is none."""
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone {timezone!r}, use an IANA name such as Europe/Berlin") from error
