"""Days of time zones: daily caps count the days of their budget's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sandbox.core.time import DAY_MS, zone_of


def local_day(at_ms: int, timezone: str) -> tuple[int, int]:
    """Beginning and end, in ms, of the day of a time zone (IANA name) that an instant is in.

    Raises:
        ValueError: there is no such time zone.
    """
    if timezone == "UTC":
        start_ms = at_ms - at_ms % DAY_MS
        return start_ms, start_ms + DAY_MS
    zone = zone_of(timezone)
    day = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone).date()
    midnights = (datetime.combine(d, datetime.min.time(), zone) for d in (day, day + timedelta(days=1)))
    start_ms, end_ms = (int(midnight.timestamp()) * 1000 for midnight in midnights)
    return start_ms, end_ms


class Days:
    """The present day of each time zone in use; zones have numbers."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._zones: dict[str, int] = {}
        self._ends: list[int] = []
        self.number("UTC")

    def number(self, timezone: str) -> int:
        """The number of a time zone."""
        if timezone not in self._zones:
            self._ends.append(local_day(self._now_ms, timezone)[1])
            self._zones[timezone] = len(self._zones)
        return self._zones[timezone]

    def end_ms(self, zone: int) -> int:
        """When the present day of a zone is over."""
        return self._ends[zone]

    @property
    def next_ms(self) -> int:
        """When the next day begins anywhere."""
        return min(self._ends)

    def turn(self, now_ms: int) -> list[int]:
        """Go on to an instant; returns the zones in which a new day has begun."""
        self._now_ms = now_ms
        turned = [zone for zone in self._zones.values() if self._ends[zone] <= now_ms]
        for name, zone in self._zones.items():
            if zone in turned:
                self._ends[zone] = local_day(now_ms, name)[1]
        return turned
