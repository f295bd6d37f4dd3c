"""When people at a sales agent decide: office hours, and how long decisions take."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from agents.seller.config_products import Duration, Strict
from sandbox.core.time import MINUTE_MS

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _read_clock(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    hours, colon, minutes = value.partition(":")
    if not (colon and hours.isdigit() and minutes.isdigit() and int(hours) <= 24 and int(minutes) < 60):
        raise ValueError(f"not a time of day: {value!r} (write 09:00)")
    return (int(hours) * 60 + int(minutes)) * MINUTE_MS


TimeOfDay = Annotated[
    int,
    BeforeValidator(_read_clock),
    Field(ge=0),
    WithJsonSchema({"type": "string", "pattern": r"^\d\d?:\d\d$"}),
]
"""A time of day such as ``09:00``; ms since midnight once read."""


class DelayConfig(Strict):
    """How long people take: always the same (``2d``), or log-normal with a median and a 95th percentile."""

    median: Duration = Field(default=0, description="Half of the decisions take no longer")
    p95: Duration | None = Field(default=None, description="95 of 100 take no longer; the median if absent")

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        if isinstance(value, dict) and "fixed" in value:
            return {"median": value["fixed"]} if len(value) == 1 else value
        return value if isinstance(value, dict | DelayConfig) else {"median": value}

    @model_validator(mode="after")
    def _ordered(self) -> DelayConfig:
        if self.p95 is not None and self.p95 < self.median:
            raise ValueError("p95 is smaller than the median")
        return self


class OfficeHours(Strict):
    """When people work. A decision that falls outside waits for the next opening."""

    days: str = Field(default="mon-fri", description="Days such as mon-fri or mon,wed,sat")
    from_ms: TimeOfDay = Field(default=9 * 60 * MINUTE_MS, alias="from", description="Opening, such as 09:00")
    to_ms: TimeOfDay = Field(default=17 * 60 * MINUTE_MS, alias="to", description="Closing, such as 17:00")
    timezone: str = Field(
        default="UTC", pattern=r"^(UTC|[+-]\d\d:\d\d)$", description="UTC or a fixed offset such as -05:00"
    )

    @field_validator("days")
    @classmethod
    def _known_days(cls, value: str) -> str:
        days_of(value)
        return value

    @model_validator(mode="after")
    def _open(self) -> OfficeHours:
        if self.to_ms <= self.from_ms:
            raise ValueError("office hours end before they begin")
        return self

    @property
    def weekdays(self) -> tuple[int, ...]:
        """The working days; Monday is 0."""
        return days_of(self.days)

    @property
    def offset_ms(self) -> int:
        """What the local clock is ahead of UTC."""
        if self.timezone == "UTC":
            return 0
        size = (int(self.timezone[1:3]) * 60 + int(self.timezone[4:6])) * MINUTE_MS
        return -size if self.timezone[0] == "-" else size


def days_of(text: str) -> tuple[int, ...]:
    """Read ``mon-fri`` or ``mon,wed``; ``ValueError`` if a day is unknown."""
    found: list[int] = []
    for part in text.lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        names = (first, last) if dash else (first,)
        if any(name not in _DAYS for name in names):
            raise ValueError(f"not days of the week: {text!r} (write mon-fri or mon,wed)")
        start, end = _DAYS.index(names[0]), _DAYS.index(names[-1])
        span = range(start, end + 1) if start <= end else (*range(start, 7), *range(end + 1))
        found.extend(day for day in span if day not in found)
    return tuple(sorted(found))
