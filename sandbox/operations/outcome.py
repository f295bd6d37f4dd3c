"""The messages between a buyer platform and its outcome agents: JSON over HTTP, a POST for each (rules 198 to 207).

An operation's name is its path: ``get-proposals`` is ``POST <endpointUrl>/get-proposals``. Within a world a request is
``{headers, body}``, as it is on the wire, so that an agent authenticates and recognises retries there as anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from sandbox.core.errors import ApiError
from sandbox.operations.model import Amount, Id, Instant, PositiveAmount

ANSWER_MS = 10_000
"""How long an outcome agent may take to answer (rule 207)."""

PASSTHROUGH, REVENUE_SHARE = "passthrough", "revshare"


@dataclass(slots=True, frozen=True)
class Unit:
    """What a cost per unit is charged for: a counter of deliveries, and how many of it the rate buys."""

    counter: str
    size: int


UNITS: dict[str, Unit] = {
    "cpm": Unit("impressions", 1000),
    "vcpm": Unit("viewable", 1000),
    "cpc": Unit("clicks", 1),
    "cpv": Unit("views", 1),
    "cpcv": Unit("completed_views", 1),
    "cpa": Unit("conversions", 1),
}
"""Pricing methods of the model *cost per unit* (rule 200)."""

METHODS = (PASSTHROUGH, REVENUE_SHARE, *UNITS)
"""All pricing methods; conflict C31 spells revenue share ``revshare``, its rate is a percentage."""

M = TypeVar("M", bound="Message")


class Message(BaseModel):
    """A part of a message. Fields that are not known are left alone: either side may be newer than the other."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", strict=True, defer_build=True
    )


class BudgetRange(Message):
    """What a campaign could spend, in units of currency."""

    min: Amount = 0
    max: PositiveAmount
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")

    @model_validator(mode="after")
    def _ordered(self) -> BudgetRange:
        if self.min > self.max:
            raise ValueError("min is more than max")
        return self


class GetProposals(Message):
    """Body of ``get-proposals``: a campaign that is being set up (rule 198)."""

    campaign_id: Id
    budget_range: BudgetRange
    start_date: Instant
    end_date: Instant
    channels: list[str]
    countries: list[str] = []
    objectives: list[str] = []
    brief: str | None = None
    brand_manifest: dict[str, Any] = {}
    accepted_pricing_methods: list[str] = []
    promoted_offerings: list[Any] = []
    seat_id: Id


class Pricing(Message):
    """What a tactic costs beyond, or instead of, its media. ``rate`` is a percentage for ``revshare``."""

    method: str = Field(min_length=1)
    rate: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    currency: str = "USD"


class CustomField(Message):
    """Something that the agent has to be told with the acceptance (rule 199)."""

    field_name: str = Field(min_length=1)
    field_type: Literal["string", "number", "boolean", "array", "object"] = "string"
    description: str = ""


class Proposal(Message):
    """A tactic that an agent offers (rule 199)."""

    tactic_id: Id
    execution: str = Field(min_length=1)
    budget_capacity: PositiveAmount
    pricing: Pricing
    sku: str | None = None
    custom_fields_required: list[CustomField] = []


class ProposalList(Message):
    """Answer of ``get-proposals``; an empty list is a valid one (rule 198)."""

    proposals: list[dict[str, Any]]


class TacticCreative(Message):
    """A creative as outcome agents see it."""

    creative_id: Id
    format: str
    asset_url: str | None = None


class TacticContext(Message):
    """What a tactic is for: its money, flight, channel and creatives. ``status`` is there once
    it was paused or ended."""

    budget: PositiveAmount
    budget_currency: str = "USD"
    start_date: Instant
    end_date: Instant
    channel: str
    countries: list[str] = []
    creatives: list[TacticCreative] = []
    brand_standards: dict[str, Any] = {}
    status: Literal["ACTIVE", "PAUSED", "ENDED"] = "ACTIVE"


class AcceptProposal(Message):
    """Body of ``accept-proposal`` (rule 201; ``proposalId`` by conflict C32)."""

    tactic_id: Id
    proposal_id: Id | None = None
    tactic_context: dict[str, Any]
    brand_agent_id: Id | None = None
    seat_id: Id | None = None
    custom_fields: dict[str, Any] = {}


class Acknowledgement(Message):
    """Answer of ``accept-proposal``: false with a reason declines (rule 201)."""

    acknowledged: bool
    reason: str | None = None


class PatchOperation(Message):
    """An operation of RFC 6902."""

    op: Literal["add", "remove", "replace", "move", "copy", "test"]
    path: str = Field(pattern=r"^(/.*)?$")
    value: Any = None
    origin: str | None = Field(default=None, alias="from")


class ContextUpdated(Message):
    """Body of ``tactic-context-updated``: the new values of what changed, and the patch that makes them (rule 203)."""

    tactic_id: Id
    tactic: dict[str, Any]
    patch: list[PatchOperation]


class CreativesUpdated(Message):
    """Body of ``tactic-creatives-updated`` (rule 204, conflict C32)."""

    tactic_id: Id
    creatives: list[TacticCreative]
    patch: list[PatchOperation] = []


class Feedback(Message):
    """Body of ``tactic-feedback``: indexes with 100 on target, not clamped (rule 205, conflict C31)."""

    tactic_id: Id
    start_date: Instant
    end_date: Instant
    delivery_index: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    performance_index: Annotated[float, Field(ge=0, allow_inf_nan=False)]


BODIES: dict[str, type[Message]] = {
    "get-proposals": GetProposals,
    "accept-proposal": AcceptProposal,
    "tactic-context-updated": ContextUpdated,
    "tactic-creatives-updated": CreativesUpdated,
    "tactic-feedback": Feedback,
}
"""The operations of an outcome agent, by name and path, with the model of their body."""


def read(model: type[M], given: Any) -> M:
    """A body or answer by its model. Raises VALIDATION_ERROR that names the first field that is wrong."""
    if not isinstance(given, dict):
        raise ApiError("VALIDATION_ERROR", "body: give a JSON object", "body")
    try:
        return model.model_validate(given)
    except ValidationError as error:
        issue = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(step) for step in issue["loc"]) or "body"
        why = "the field is required" if issue["type"] == "missing" else issue["msg"].removeprefix("Value error, ")
        raise ApiError("VALIDATION_ERROR", f"{place}: {why}", place) from None


def header(headers: Mapping[str, Any], name: str) -> str:
    """The value of a header, whatever its case; empty if it is not there."""
    return next((str(value) for key, value in headers.items() if key.lower() == name.lower()), "")
