"""Pacing periods: parts of a flight with a share of the budget each (rules 99 to 104, conflict C11)."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from sandbox.core.errors import ApiError
from sandbox.core.money import amount, split
from sandbox.core.time import DAY_MS, iso, parse_instant
from sandbox.operations import Body
from sandbox.operations.model import Instant, PositiveAmount


def _read_end(value: Any) -> Any:
    """An instant; a date alone means the end of that day."""
    if not isinstance(value, str):
        raise ValueError("give an ISO 8601 instant such as 2026-05-15T23:59:59Z")
    try:
        at_ms = parse_instant(value)
    except ValueError:
        raise ValueError(f"not an ISO 8601 instant: {value!r}") from None
    return at_ms + DAY_MS if len(value.strip()) == 10 else at_ms


EndInstant = Annotated[int, BeforeValidator(_read_end), WithJsonSchema({"type": "string", "format": "date-time"})]
"""An ISO 8601 instant, or a date whose whole day still belongs; ms once read."""


class Period(Body):
    """One period: a weight or a budget, by the mode (rule 104)."""

    label: str = Field(min_length=1, max_length=100)
    start: Instant
    end: EndInstant
    weight: float | None = Field(default=None, gt=0)
    budget: PositiveAmount | None = None


class PacingPeriods(Body):
    """The schedule of a campaign (rule 99)."""

    mode: Literal["weight", "budget"]
    periods: Annotated[list[Period], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _ordered(self) -> PacingPeriods:
        for period in self.periods:
            if period.end <= period.start:
                raise ValueError(f"period {period.label!r} ends before it starts")
            value, other = (period.weight, period.budget) if self.mode == "weight" else (period.budget, period.weight)
            if value is None or other is not None:
                raise ValueError(f"in mode {self.mode} every period has a {self.mode} and nothing else")
        for one, two in pairwise(self.periods):
            if two.start < one.end:
                raise ValueError(f"period {two.label!r} begins before {one.label!r} has ended")
        labels = [period.label for period in self.periods]
        if len(set(labels)) != len(labels):
            raise ValueError("two periods have the same label")
        return self

    def records(self) -> list[dict[str, Any]]:
        """The periods as the campaign keeps them: times in ms, ``share`` a weight or micros."""
        return [
            {"label": p.label, "start_ms": p.start, "end_ms": p.end, "share": p.weight or p.budget}
            for p in self.periods
        ]


def check_in_flight(periods: list[dict[str, Any]], start_ms: int, end_ms: int) -> None:
    """Every period lies within the flight."""
    for number, period in enumerate(periods):
        if period["start_ms"] < start_ms or period["end_ms"] > end_ms:
            raise ApiError(
                "VALIDATION_ERROR",
                f"period {period['label']!r} is not within the flight {iso(start_ms)} to {iso(end_ms)}",
                f"pacingPeriods.periods[{number}]",
            )


def within(periods: list[dict[str, Any]], start_ms: int, end_ms: int) -> list[dict[str, Any]]:
    """The periods that reach into ``[start_ms, end_ms)``."""
    return [period for period in periods if period["end_ms"] > start_ms and period["start_ms"] < end_ms]


def shares(budget_micros: int, periods: list[dict[str, Any]]) -> list[int]:
    """A product's budget over the periods: their sum is the budget, to the micro (rule 101)."""
    return split(budget_micros, [period["share"] for period in periods])


def appended(old: list[dict[str, Any]], new: list[dict[str, Any]], same_mode: bool) -> list[dict[str, Any]]:
    """The periods that ``new`` adds at the end of ``old``; INVALID_STATE if it changes anything else (C11)."""
    if not same_mode or new[: len(old)] != old:
        raise ApiError(
            "INVALID_STATE",
            "after execution the existing periods are locked; only further periods may be appended",
            "pacingPeriods",
        )
    return new[len(old) :]


def wire(mode: str | None, periods: list[dict[str, Any]]) -> dict[str, Any] | None:
    """``pacingPeriods`` as it was given."""
    if mode is None:
        return None
    rows = []
    for period in periods:
        row = {"label": period["label"], "start": iso(period["start_ms"]), "end": iso(period["end_ms"])}
        rows.append(row | {mode: period["share"] if mode == "weight" else amount(period["share"])})
    return {"mode": mode, "periods": rows}
