"""Settings of a signals agent in a scenario. ``{kind: signals}`` is a complete one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from agents.studio.prices import Price
from agents.studio.vendor import VendorConfig
from sandbox.core.time import parse_duration


def _read_duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str | float | int) and not isinstance(value, bool) else value


Duration = Annotated[
    int,
    BeforeValidator(_read_duration),
    Field(ge=0),
    WithJsonSchema({"type": ["string", "number"], "description": "A duration such as 2d, 3h30m or PT15M"}),
]
"""A duration; ms once read."""

Domain = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")]


class SignalConfig(BaseModel):
    """One signal of the catalog."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-zA-Z0-9_-]+$", description="signal_agent_segment_id, unique within the agent")
    name: str = Field(min_length=1, description="Name")
    description: str = Field(min_length=1, description="What it tells about people; searches read it")
    words: list[str] = Field(default=[], description="Further words by which it is found")
    provider: Domain | None = Field(default=None, description="Domain of the data provider, for a marketplace")
    provider_name: str = Field(default="", description="Name of the data provider; the domain if absent")
    value_type: Literal["binary", "categorical", "numeric"] = Field(default="binary", description="Kind of its values")
    categories: list[str] = Field(default=[], description="Values of a categorical signal")
    range: tuple[float, float] | None = Field(default=None, description="Least and greatest value of a numeric one")
    coverage: float = Field(default=10.0, ge=0, le=100, description="Percent of the audience that it covers")
    countries: list[Annotated[str, Field(pattern=r"^[A-Z]{2}$")]] = Field(
        default=[], description="Countries in which it is known; everywhere if empty"
    )
    prices: list[Price] = Field(min_length=1, description="Pricing options")

    @model_validator(mode="after")
    def _values(self) -> SignalConfig:
        if (self.value_type == "categorical") != bool(self.categories):
            raise ValueError("categories belong to categorical signals, and each of them has some")
        if (self.value_type == "numeric") != (self.range is not None):
            raise ValueError("a range belongs to numeric signals, and each of them has one")
        return self


class SignalsConfig(VendorConfig):
    """A signals agent: whose data it offers, and how activation goes."""

    personality: Literal["owned", "marketplace"] = Field(
        default="owned", description="owned: its own data; marketplace: data of providers that can be verified"
    )
    signals: list[SignalConfig] = Field(default=[], description="The catalog; an invented one if empty")
    platforms: list[str] = Field(default=[], description="Platforms on which it can activate; all if empty")
    activation_time: Duration = Field(
        default=0, description="How long a platform takes to bring a segment live; 0: at once"
    )

    @model_validator(mode="after")
    def _catalog(self) -> SignalsConfig:
        ids = [signal.id for signal in self.signals]
        prices = [price.id for signal in self.signals for price in signal.prices]
        if len(ids) != len(set(ids)) or len(prices) != len(set(prices)):
            raise ValueError("two signals or two prices have the same id")
        if self.personality == "marketplace" and any(signal.provider is None for signal in self.signals):
            raise ValueError("every signal of a marketplace has a provider")
        return self
