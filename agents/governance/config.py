"""Settings of a governance agent in a scenario. ``{kind: governance}`` is a complete one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from sandbox.core.time import DAY_MS, HOUR_MS, MINUTE_MS, parse_duration


def _read_duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str | float | int) and not isinstance(value, bool) else value


Duration = Annotated[
    int,
    BeforeValidator(_read_duration),
    Field(gt=0),
    WithJsonSchema({"type": ["string", "number"], "description": "A duration such as 2d, 3h30m or PT15M"}),
]
"""A duration; ms once read."""

Enforcement = Literal["must", "should", "may"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RequirementConfig(_Strict):
    """A field that a policy wants in the payload of an action."""

    field: str = Field(min_length=1, description="Path such as reporting_webhook.reporting_frequency or packages[].x")
    any_of: list[Any] = Field(default=[], description="Values that will do; anything if empty")


class PolicyConfig(_Strict):
    """A policy of the registry: where it applies, and what it demands."""

    id: str = Field(min_length=1, description="policy_id")
    policy: str = Field(min_length=1, description="The policy in plain language; sentences are read too")
    enforcement: Enforcement = Field(default="must", description="must blocks, should warns, may informs")
    jurisdictions: list[str] = Field(default=[], description="Countries (US) and subdivisions (US-CA); all if empty")
    categories: list[str] = Field(default=[], description="Policy categories that bring it into a plan")
    channels: list[str] = Field(default=[], description="Channels to which it applies; all if empty")
    human_review: bool = Field(default=False, description="A person looks at every action of the plan")
    restricts: list[str] = Field(default=[], description="Personal attributes that may not be used for targeting")
    forbids: list[str] = Field(default=[], description="Things that may not occur, in words")
    requires: list[RequirementConfig] = Field(default=[], description="What the payload of an action must have")


class BrandConfig(_Strict):
    """What the people of a brand decided once, for all its plans."""

    policies: list[str] = Field(default=[], description="Policies that hold for all plans of the brand")
    spend_limit: float | None = Field(default=None, ge=0, description="Most that all its plans together may commit")


class ReviewConfig(_Strict):
    """How people review what the agent does not decide alone."""

    delay: Duration | None = Field(default=4 * HOUR_MS, description="How long they take; null waits for a step")
    decision: Literal["approve", "deny"] = Field(default="approve", description="What they decide after the delay")


class GovernanceConfig(_Strict):
    """A governance agent: how strict it is, which policies it knows, and how its people review."""

    name: str = Field(default="", description="Name; the actor's id if absent")
    mode: Literal["audit", "advisory", "enforce"] = Field(default="enforce", description="What becomes of findings")
    review: ReviewConfig = Field(default_factory=ReviewConfig, description="Human review")
    policies: list[PolicyConfig] = Field(default=[], description="Policies besides those that every agent knows")
    brands: dict[str, BrandConfig] = Field(default={}, description="Rules of brands, by domain")
    synonyms: dict[str, list[str]] = Field(
        default={}, description="Words that mean a restricted attribute, besides its own and those known anyway"
    )
    population: int = Field(default=0, ge=0, description="People in the market, to estimate intersections; 0: unknown")
    token_ttl: Duration = Field(default=15 * MINUTE_MS, le=15 * MINUTE_MS, description="How long approvals hold")
    aggregation_window: Duration = Field(default=30 * DAY_MS, description="Over which commitments are added up")
    auditors: list[str] = Field(default=[], description="Callers who may read the audit logs of all plans")
    adcp_versions: list[Literal["3.0", "3.1", "3.2"]] = Field(
        default=["3.0", "3.1", "3.2"], min_length=1, description="Releases of AdCP that it speaks"
    )

    @model_validator(mode="after")
    def _consistent(self) -> GovernanceConfig:
        ids = [policy.id for policy in self.policies]
        if len(ids) != len(set(ids)):
            raise ValueError("two policies have the same id")
        if self.aggregation_window % DAY_MS or self.aggregation_window > 365 * DAY_MS:
            raise ValueError("aggregation_window is a number of whole days, at most 365")
        return self
