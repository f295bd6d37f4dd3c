"""Settings of an outcome agent in a scenario. ``{kind: outcome}`` is a complete one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from agents.outcome.margins import MARGINS
from agents.outcome.strategies import STRATEGIES
from sandbox.core.errors import InputError
from sandbox.core.registry import Registry
from sandbox.core.time import DAY_MS, SECOND_MS, parse_duration
from sandbox.domain.channels import CHANNELS
from sandbox.operations.outcome import UNITS


def _read_duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str | float | int) and not isinstance(value, bool) else value


Duration = Annotated[
    int,
    BeforeValidator(_read_duration),
    Field(gt=0),
    WithJsonSchema({"type": ["string", "number"], "description": "A duration such as 2d, 3h30m or PT15M"}),
]
"""A duration; ms once read."""


def _known(registry: Registry[Any], name: str) -> str:
    try:
        registry.get(name)
    except InputError as error:
        raise ValueError(f"{error.message}; {error.hint}") from None
    return name


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MarginConfig(_Strict):
    """What the agent charges (rule 200)."""

    model: str = Field(default="revenue_share", description="Margin model", json_schema_extra={"enum": list(MARGINS)})
    percent: float = Field(
        default=15.0,
        ge=0,
        le=100,
        description="Markup of revenue_share; the share of the budget that cost_per_unit keeps",
    )
    method: str = Field(
        default="cpm", description="What cost_per_unit charges for", json_schema_extra={"enum": list(UNITS)}
    )
    rate: float = Field(default=6.0, gt=0, description="Price of a unit (1,000 for cpm and vcpm) of cost_per_unit")

    @field_validator("model")
    @classmethod
    def _model(cls, name: str) -> str:
        return _known(MARGINS, name)

    @field_validator("method")
    @classmethod
    def _method(cls, name: str) -> str:
        if name not in UNITS:
            raise ValueError(f"unknown method {name!r}; there are {', '.join(UNITS)}")
        return name


class OutcomeConfig(_Strict):
    """An outcome agent: whom it serves, what it wants to be, how it is addressed."""

    name: str = Field(default="", description="Name; made from the strategy if absent")
    strategy: str = Field(
        default="lowest_vcpm", description="How it buys and behaves", json_schema_extra={"enum": list(STRATEGIES)}
    )
    margin: MarginConfig = Field(default_factory=MarginConfig, description="What it charges")
    platform: str | None = Field(default=None, description="Buyer platform it registers with; the only one if absent")
    seats: list[str] | None = Field(
        default=None, description="Principals of the customers that it serves; null is all of them"
    )
    channels: list[str] = Field(default=[], description="Channels it takes; those of its strategy if empty")
    countries: list[Annotated[str, Field(pattern=r"^[A-Z]{2}$")]] = Field(
        default=[], description="Countries it takes; all if empty"
    )
    auth: Literal["API_KEY", "BEARER", "BASIC"] = Field(
        default="API_KEY", description="How the platform has to authenticate"
    )
    capacity: float | None = Field(default=None, gt=0, description="Most that it takes for a tactic; null is anything")
    min_budget: float = Field(default=0.0, ge=0, description="Budget of a tactic below which it declines")
    buffer: float = Field(default=0.12, ge=0, lt=1, description="Share of the media money that it keeps back")
    review_interval: Duration = Field(default=DAY_MS, description="How often it looks at results")
    delay: Duration = Field(default=12 * SECOND_MS, description="How long the strategy slow takes to answer")

    @field_validator("strategy")
    @classmethod
    def _strategy(cls, name: str) -> str:
        return _known(STRATEGIES, name)

    @model_validator(mode="after")
    def _channels(self) -> OutcomeConfig:
        unknown = [name for name in self.channels if name not in CHANNELS]
        if unknown:
            raise ValueError(f"unknown channel {unknown[0]!r}; there are {', '.join(CHANNELS)}")
        return self
