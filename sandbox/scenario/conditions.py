"""Conditions: what can be said of a world. Steps wait for them, expectations judge them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from sandbox.core.errors import InputError
from sandbox.domain.lifecycles import LIFECYCLES
from sandbox.results.metrics import METRICS, SELECTORS
from sandbox.scenario.compare import Expected, Operators

CALL = r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$"
"""``actor.operation`` or ``actor.control``."""


class Strict(BaseModel):
    """A part of a scenario file: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")


class StatusMatch(Strict):
    """Which things, and the states that they must be in."""

    entity: str = Field(description="the lifecycle: campaign, media_buy, creative, task …")
    id: Any = Field(None, description="one thing; left out, all things of the entity")
    actor: str | None = Field(None, description="whose things; left out, anybody's")
    state: str | None = Field(None, alias="is", description="the state")
    states: list[str] | None = Field(None, alias="in", description="any of these states")
    other_than: str | None = Field(None, alias="not", description="any state but this")

    @model_validator(mode="after")
    def _known(self) -> StatusMatch:
        if self.entity not in LIFECYCLES:
            raise ValueError(f"there is no lifecycle {self.entity!r}, there are {', '.join(LIFECYCLES)}")
        if sum(x is not None for x in (self.state, self.states, self.other_than)) != 1:
            raise ValueError("say one of `is`, `in` and `not`")
        known = LIFECYCLES[self.entity].states
        for state in (self.state, self.other_than, *(self.states or ())):
            if state is not None and state not in known:
                raise ValueError(f"{self.entity} has no state {state!r}, it has {', '.join(known)}")
        return self

    def matches(self, state: str | None) -> bool:
        """True if a thing in this state is as it must be."""
        if self.states is not None:
            return state in self.states
        return state == self.state if self.state is not None else state not in (None, self.other_than)


class MessageMatch(Strict):
    """Which messages; names are glob patterns."""

    kind: Literal["call", "reply", "webhook", "lost"] = Field("call", description="what kind of message")
    sender: str = Field("*", alias="from", description="the actor that sends it")
    to: str = Field("*", description="the actor that it is for")
    operation: str = Field("*", description="the operation of a call, a reply or a lost call")
    ok: bool | None = Field(None, description="of a reply: whether it is a success")
    body: dict[str, Expected] = Field({}, description="paths into the payload or body, and what is there")
    count: Expected = Field({"min": 1}, description="how many: a number, or operators")


class EventMatch(Strict):
    """Which events of the trace; names are glob patterns."""

    kind: str = Field(description="kind of event, such as decision, fault, control or line")
    actor: str = Field("*", description="the actor whose event it is")
    data: dict[str, Expected] = Field({}, description="paths into the event's data, and what is there")
    count: Expected = Field({"min": 1}, description="how many: a number, or operators")


class StatusCondition(Strict):
    """A status of a thing."""

    key: ClassVar[str] = "status"
    status: StatusMatch


class MessageCondition(Strict):
    """Messages that were sent, and how many."""

    key: ClassVar[str] = "message"
    message: MessageMatch


class EventCondition(Strict):
    """Events of the trace, and how many."""

    key: ClassVar[str] = "event"
    event: EventMatch


class MetricCondition(Operators):
    """A metric over the deliveries that the selectors leave."""

    key: ClassVar[str] = "metric"
    metric: str = Field(description="name of the metric", json_schema_extra={"enum": list(METRICS)})
    campaign: Any = Field(None, description="only deliveries of this campaign")
    advertiser: Any = Field(None, description="only deliveries of this advertiser")
    media_buy: Any = Field(None, description="only deliveries of this media buy (the seller's id)")
    package: Any = Field(None, description="only deliveries of this package (the seller's id)")
    seller: str | None = Field(None, description="only deliveries of this sales agent")
    publisher: str | None = Field(None, description="only deliveries on this publisher alone")

    @field_validator("metric")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            METRICS.get(name)
        except InputError as error:
            raise ValueError(f"{error.message}; {error.hint}") from None
        return name

    def selectors(self) -> dict[str, Any]:
        """The selectors that were given."""
        return {name: getattr(self, name) for name in SELECTORS if getattr(self, name) is not None}


class CallCondition(Operators):
    """A field of an operation's answer; asking takes simulated time like any call."""

    key: ClassVar[str] = "call"
    call: str = Field(pattern=CALL, description="actor.operation")
    customer: Any = Field(None, alias="as", description="who calls")
    path: dict[str, Any] = Field({}, description="path parameters of a REST operation")
    params: dict[str, Any] = Field({}, description="query parameters of a REST operation")
    body: dict[str, Any] = Field({}, description="body, or the whole payload of an AdCP task")
    field: str = Field("", description="path into the answer; left out, the whole answer")


KINDS = (StatusCondition, MessageCondition, EventCondition, MetricCondition, CallCondition)


def _kind_of(value: Any) -> str | None:
    given = value if isinstance(value, dict) else getattr(value, "model_fields_set", ())
    found = [kind.key for kind in KINDS if kind.key in given]
    return f"<{found[0]}>" if len(found) == 1 else None


Condition = Annotated[
    Annotated[StatusCondition, Tag("<status>")]
    | Annotated[MessageCondition, Tag("<message>")]
    | Annotated[EventCondition, Tag("<event>")]
    | Annotated[MetricCondition, Tag("<metric>")]
    | Annotated[CallCondition, Tag("<call>")],
    Discriminator(
        _kind_of,
        custom_error_type="condition",
        custom_error_message="a condition has one of `status`, `message`, `event`, `metric` and `call`",
    ),
]
"""One thing that can be said of a world. The tags in brackets can't be keys of a file."""


def operators_of(condition: MetricCondition | CallCondition) -> dict[str, Any]:
    """What the condition's value must be; without operators, that there is one."""
    return condition.expected() or {"present": True}
