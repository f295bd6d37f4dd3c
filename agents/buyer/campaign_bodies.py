"""What callers send to create and change campaigns (rules 44, 85 to 98)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from agents.buyer.advertisers import UtmParams
from agents.buyer.caps import CapBody
from agents.buyer.goals import Goals, PerformanceConfig
from agents.buyer.pacing_periods import EndInstant, PacingPeriods
from agents.buyer.wire import Channels, Countries
from sandbox.core.time import parse_instant
from sandbox.operations import Body
from sandbox.operations.model import Id, Instant, Names, PositiveAmount


def _fold(value: Any) -> Any:
    """Pacing in any case; ``FRONTLOADED`` is ``front_loaded`` (conflict C12)."""
    if not isinstance(value, str):
        return value
    name = value.lower()
    return "front_loaded" if name == "frontloaded" else name


def _read_start(value: Any) -> Any:
    """An instant in ms; ``asap`` stays the word (rule 88)."""
    if value == "asap":
        return value
    if not isinstance(value, str):
        raise ValueError("give asap or an ISO 8601 instant")
    try:
        return parse_instant(value)
    except ValueError:
        raise ValueError(f"give asap or an ISO 8601 instant, not {value!r}") from None


Start = Annotated[
    int | Literal["asap"],
    BeforeValidator(_read_start),
    WithJsonSchema({"anyOf": [{"const": "asap"}, {"type": "string", "format": "date-time"}]}),
]
Pacing = Annotated[Literal["even", "asap", "front_loaded"], BeforeValidator(_fold)]
PackagePacing = Annotated[Literal["even", "asap"], BeforeValidator(_fold)]


class FlightDates(Body):
    """The flight: it ends when ``endDate`` is reached; an end given as a date includes that day."""

    start_date: Instant
    end_date: EndInstant

    @model_validator(mode="after")
    def _ordered(self) -> FlightDates:
        if self.end_date <= self.start_date:
            raise ValueError("the flight ends before it starts")
        return self


class FlightChange(Body):
    """A change of the flight."""

    start_date: Instant | None = None
    end_date: EndInstant | None = None


class Budget(Body):
    """The budget, fees included, in units of currency."""

    total: PositiveAmount
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    daily_cap: PositiveAmount | None = None
    pacing: Pacing | None = None


class BudgetChange(Body):
    """A change of the budget; what is left out stays, ``dailyCap: null`` takes the cap away."""

    total: PositiveAmount | None = None
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    daily_cap: PositiveAmount | None = None
    pacing: Pacing | None = None


class Constraints(Body):
    """Where the campaign may run."""

    channels: Channels = []
    countries: Countries = []


class AudienceConfig(Body):
    """Audiences to reach and to leave out (rule 97, conflict C65)."""

    target_audience_ids: Annotated[list[Id], Field(max_length=100)] = []
    suppress_audience_ids: Annotated[list[Id], Field(max_length=100)] = []
    delete_missing: bool = False


class UtmConfig(Body):
    """UTM parameters of the campaign (rule 38)."""

    params: UtmParams = []
    delete_missing: bool = False


class CreateCampaign(Body):
    """Body of ``create_campaign`` (rule 44; without a type it is DECISIONED, conflict C5)."""

    advertiser_id: Id
    name: str = Field(min_length=1, max_length=255)
    flight_dates: FlightDates
    budget: Budget
    campaign_type: Literal["DECISIONED", "ROUTED"] = "DECISIONED"
    brief: str | None = None
    constraints: Constraints = Field(default_factory=Constraints)
    discovery_id: Id | None = None
    product_ids: list[Id] = []
    performance_config: PerformanceConfig | None = None
    optimization_apply_mode: Literal["AUTO", "MANUAL"] | None = None
    utm_config: UtmConfig | None = None
    audience_config: AudienceConfig | None = None
    pacing_periods: PacingPeriods | None = None
    frequency_caps: list[CapBody] = []
    catalog_id: int | None = None

    @model_validator(mode="after")
    def _selection(self) -> CreateCampaign:
        if self.product_ids and self.discovery_id is None:
            raise ValueError("productIds need the discoveryId in which they were found")  # rule 47
        return self


class PackageChange(Body):
    """What changes in a deployed package."""

    package_id: Id
    budget: PositiveAmount | None = None
    pacing: PackagePacing | None = None
    bid_price: PositiveAmount | None = None
    creative_ids: list[Id] | None = None


class ProductChange(Body):
    """A product of a DRAFT media buy: added, changed, or removed."""

    product_id: Id
    pricing_option_id: Id | None = None
    budget: PositiveAmount | None = None
    pacing: Pacing | None = None
    bid_price: PositiveAmount | None = None
    remove: bool = False


class MediaBuyAction(Body):
    """One entry of ``mediaBuys`` (rules 85 to 95)."""

    action: Literal["update", "cancel", "delete"] = "update"
    media_buy_id: Id
    name: str | None = Field(default=None, min_length=1, max_length=255)
    packages: list[PackageChange] = []
    products: list[ProductChange] = []
    start_time: Start | None = None
    end_time: EndInstant | None = None
    creative_ids: list[Id] | None = None
    optimization_goals: Goals | None = None
    updated_reason: str | None = None
    reason: str | None = None
    package_ids: list[Id] | None = None

    @model_validator(mode="after")
    def _fitting(self) -> MediaBuyAction:
        changes = (self.name, self.start_time, self.end_time, self.creative_ids, self.optimization_goals)
        if self.action != "update" and (self.packages or self.products or any(c is not None for c in changes)):
            raise ValueError(f"action {self.action} changes nothing else")
        if self.action != "cancel" and (self.package_ids is not None or self.reason is not None):
            raise ValueError("reason and packageIds belong to action cancel")
        return self


class UpdateCampaign(Body):
    """Body of ``update_campaign``: what is left out stays (rule 96)."""

    name: str | None = Field(default=None, min_length=1, max_length=255)
    flight_dates: FlightChange | None = None
    budget: BudgetChange | None = None
    campaign_type: Literal["DECISIONED", "ROUTED"] | None = None
    brief: str | None = None
    constraints: Constraints | None = None
    discovery_id: Id | None = None
    performance_config: PerformanceConfig | None = None
    optimization_apply_mode: Literal["AUTO", "MANUAL"] | None = None
    utm_config: UtmConfig | None = None
    audience_config: AudienceConfig | None = None
    pacing_periods: PacingPeriods | None = None
    frequency_caps: list[CapBody] | None = None
    catalog_id: int | None = None
    media_buys: list[MediaBuyAction] = []


class ListCampaigns(Body):
    """Query of ``list_campaigns``."""

    advertiser_id: Id | None = None
    status: Literal["DRAFT", "ACTIVE", "PAUSED", "COMPLETED", "ARCHIVED"] | None = None
    include_media_buys: bool = False
    limit: int | None = Field(default=None, ge=1, le=1000)
    offset: int = Field(default=0, ge=0)
    take: int | None = Field(default=None, ge=1, le=1000)
    skip: int = Field(default=0, ge=0)


class GetCampaign(Body):
    """Query of ``get_campaign``: ``mediaBuyId`` narrows ``mediaBuys`` (rule 60)."""

    media_buy_id: Names = []


class Execute(Body):
    """Body of ``execute_campaign``."""

    debug: bool = False
