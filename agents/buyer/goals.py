"""Optimisation goals: what a campaign or a media buy is tuned for (rules 50 to 54, 91, 92; conflicts C9, C10).

They are kept in AdCP's form (snake_case); ``performanceConfig`` shows them in camelCase.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, model_validator

from agents.buyer.event_sources import EVENT_TYPES as PLATFORM_EVENT_TYPES
from agents.buyer.records import Advertiser
from sandbox.core.errors import ApiError
from sandbox.domain.events import EVENT_TYPES
from sandbox.operations import Body

Metric = Literal[
    "clicks",
    "views",
    "completed_views",
    "viewed_seconds",
    "attention_seconds",
    "attention_score",
    "engagements",
    "follows",
    "saves",
    "profile_visits",
]
EVENT_TARGETS = ("cost_per", "per_ad_spend", "maximize_value")
METRIC_TARGETS = ("cost_per", "threshold_rate")
KNOWN_EVENT_TYPES = tuple(dict.fromkeys((*EVENT_TYPES, *PLATFORM_EVENT_TYPES)))
"""Types of events that goals may name (conflict C16)."""

_DAYS = re.compile(r"(\d+)\s*([dh])")


class EventSourceRef(Body):
    """One source of conversion events and the type that counts."""

    event_source_id: str = Field(min_length=1)
    event_type: Annotated[str, WithJsonSchema({"enum": list(KNOWN_EVENT_TYPES)})]
    custom_event_name: str | None = Field(default=None, min_length=1)
    value_field: str | None = None

    @model_validator(mode="after")
    def _known(self) -> EventSourceRef:
        if self.event_type not in KNOWN_EVENT_TYPES:
            raise ValueError(f"unknown eventType {self.event_type!r}; there are {', '.join(KNOWN_EVENT_TYPES)}")
        if (self.event_type == "custom") != (self.custom_event_name is not None):
            raise ValueError("eventType custom, and no other one, needs a customEventName")
        return self


class Target(Body):
    """What to reach; ``maximize_value`` has no value."""

    kind: Literal["cost_per", "per_ad_spend", "maximize_value", "threshold_rate"]
    value: float | None = Field(default=None, gt=0)


class Span(Body):
    """A length of time."""

    interval: int = Field(gt=0)
    unit: Literal["minutes", "hours", "days"]


class AttributionWindow(Body):
    """How long after a click or a view an event counts (conflict C15)."""

    click_through: str | None = None
    view_through: str | None = None
    post_click: Span | None = None
    post_view: Span | None = None

    def adcp(self) -> dict[str, Any]:
        """The window in AdCP's form."""
        spans = {
            "post_click": self.post_click or _span(self.click_through),
            "post_view": self.post_view or _span(self.view_through),
        }
        return {name: span.model_dump() for name, span in spans.items() if span is not None}


def _span(text: str | None) -> Span | None:
    if text is None:
        return None
    match = _DAYS.fullmatch(text.strip())
    if match is None:
        raise ApiError("VALIDATION_ERROR", f"write a window such as 7d or 24h, not {text!r}", "attributionWindow")
    return Span(interval=int(match[1]), unit="days" if match[2] == "d" else "hours")


class Goal(Body):
    """An event goal or a metric goal."""

    kind: Literal["event", "metric"]
    event_sources: list[EventSourceRef] | None = None
    metric: Metric | None = None
    target: Target | None = None
    attribution_window: AttributionWindow | None = None
    priority: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _complete(self) -> Goal:
        if self.kind == "event":
            if not self.event_sources:
                raise ValueError("an event goal needs eventSources with one entry at least")  # rule 51
            if self.metric is not None:
                raise ValueError("metric belongs to goals of kind metric")
        elif self.metric is None:
            raise ValueError("a metric goal needs a metric")  # rule 51
        elif self.event_sources:
            raise ValueError("eventSources belong to goals of kind event")
        if self.target is not None:
            self._check_target(self.target)
        return self

    def _check_target(self, target: Target) -> None:
        allowed = EVENT_TARGETS if self.kind == "event" else METRIC_TARGETS  # rule 53
        if target.kind not in allowed:
            raise ValueError(f"a goal of kind {self.kind} takes the targets {', '.join(allowed)}")
        if target.kind == "maximize_value" and target.value is not None:
            raise ValueError("the target maximize_value takes no value")
        if target.kind != "maximize_value" and target.value is None:
            raise ValueError(f"the target {target.kind} needs a value")
        needs_value = target.kind in ("per_ad_spend", "maximize_value")
        if needs_value and not any(source.value_field for source in self.event_sources or []):
            raise ValueError(f"the target {target.kind} needs a valueField on one event source at least")

    def adcp(self) -> dict[str, Any]:
        """The goal in AdCP's form (core/optimization-goal.json)."""
        body = self.model_dump(exclude_none=True, exclude={"attribution_window"})
        if self.attribution_window is not None:
            body["attribution_window"] = self.attribution_window.adcp()
        return body


Goals = Annotated[list[Goal], Field(max_length=20)]


class PerformanceConfig(Body):
    """What a campaign optimises for; one goal at least (rule 50)."""

    optimization_goals: Annotated[list[Goal], Field(min_length=1, max_length=20)]


def check_sources(advertiser: Advertiser, goals: list[Goal], field: str) -> None:
    """Every event source of the goals is registered under the advertiser (rule 52)."""
    for number, goal in enumerate(goals):
        for source in goal.event_sources or []:
            if source.event_source_id not in advertiser.event_sources:
                raise ApiError(
                    "VALIDATION_ERROR",
                    f"event source {source.event_source_id!r} is not registered under the advertiser; "
                    "register it with sync_event_sources first",
                    f"{field}[{number}].eventSources",
                )


def goals_request(goals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Goals as sales agents get them: what is no event type of the protocol's is a custom event."""
    return [
        {**goal, "event_sources": [_source_request(source) for source in goal["event_sources"]]}
        if goal["kind"] == "event"
        else goal
        for goal in goals
    ]


def _source_request(source: dict[str, Any]) -> dict[str, Any]:
    if source["event_type"] in EVENT_TYPES:
        return source
    return {**source, "event_type": "custom", "custom_event_name": source["event_type"]}


def camel(goals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Goals in camelCase, as ``performanceConfig`` shows them (C9)."""
    return [Goal.model_validate(goal).model_dump(by_alias=True, exclude_none=True) for goal in goals]
