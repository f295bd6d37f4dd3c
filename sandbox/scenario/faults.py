"""A rule of faults as scenarios and the control API write it."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from sandbox.core.time import DAY_MS
from sandbox.kernel.faults import KINDS
from sandbox.kernel.faults.rules import HOLD_MS, RATE
from sandbox.scenario.conditions import Strict
from sandbox.scenario.units import Duration, Moment, Offset


def _known(name: str) -> str:
    if name not in KINDS:
        near = difflib.get_close_matches(name, KINDS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(KINDS)}"
        raise ValueError(f"there is no kind of fault {name!r}; {hint}")
    return name


KindName = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(KINDS)})]


class FaultSpec(Strict):
    """A rule of faults; names are glob patterns. docs/scenarios.md lists the kinds and their settings."""

    kind: KindName = Field(description="what happens to the messages")
    sender: str = Field("*", alias="from", description="who asks, or sends the webhook")
    to: str = Field("*", description="who is asked, or gets the webhook")
    message: str = Field("*", description="an operation, or webhook")
    direction: Literal["request", "answer"] | None = Field(None, description="which way the message goes")
    since: Moment | None = Field(None, description="first instant at which the rule holds")
    until: Moment | None = Field(None, description="first instant at which it no longer holds")
    probability: float = Field(1.0, gt=0, le=1)
    count: int | None = Field(None, gt=0, description="how often at most")
    median: Duration = Field(0, le=DAY_MS, description="latency: half of the messages take no longer on top")
    p95: Duration | None = Field(None, le=DAY_MS, description="latency: 95 of 100 take no longer; else all the median")
    hold: Duration = Field(
        HOLD_MS, le=DAY_MS, description="reorder: how long at most", json_schema_extra={"default": "10s"}
    )
    rate: int = Field(RATE, gt=0, description="slow_body: bytes a second")
    status: int = Field(503, ge=500, le=599, description="unavailable: the HTTP status")
    retry_after: Duration | None = Field(None, le=DAY_MS, description="rate_limited, unavailable: in Retry-After")
    skew: Offset = Field(0, ge=-DAY_MS, le=DAY_MS, description="clock_skew: how far the clock is ahead, or behind (-)")

    @field_validator("direction", "median", "p95", "hold", "rate", "status", "retry_after", "skew")
    @classmethod
    def _fits(cls, value: Any, info: ValidationInfo) -> Any:
        kind, field = KINDS.get(info.data.get("kind", "")), str(info.field_name)
        if kind is None:
            return value
        if field == "direction":
            if value is not None and value not in kind.directions:
                raise ValueError(f"{kind.name} strikes the {kind.directions[0]} only, not the {value}")
        elif field not in kind.settings:
            owners = ", ".join(name for name, other in KINDS.items() if field in other.settings)
            takes = ", ".join(kind.settings) or "no settings of its own"
            raise ValueError(f"this goes with {owners}; {kind.name} takes {takes}")
        return value

    @field_validator("to", "message", "probability", "count")
    @classmethod
    def _strikes(cls, value: Any, info: ValidationInfo) -> Any:
        kind = KINDS.get(info.data.get("kind", ""))
        if kind is not None and kind.standing:
            raise ValueError(f"{kind.name} holds for all that an actor sends; say `from`, `since` and `until`")
        return value

    @model_validator(mode="after")
    def _whole(self) -> FaultSpec:
        kind = KINDS[self.kind]
        missing = [field for field in kind.needs if field not in self.model_fields_set]
        if missing:
            raise ValueError(f"{kind.name} needs `{missing[0]}`")
        if self.p95 is not None and self.p95 < self.median:
            raise ValueError("p95 is below the median")
        return self
