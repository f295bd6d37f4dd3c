"""Measurement data: how advertisers say that their campaigns did, in place of conversion events (rule 136).

Bodies follow AdCP and are in snake_case (rule 2). What is new counts in the event summary, too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from typing_extensions import TypedDict

from agents.buyer.context import branded_advertiser_for, platform_of
from agents.buyer.measurement_state import upsert
from agents.buyer.wire import group
from sandbox.core.time import parse_instant
from sandbox.operations import Group, Request, SnakeBody
from sandbox.operations.model import Id

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.records import Advertiser
    from sandbox.kernel.endpoint import Context

operation: Group = group("measurement data")

Json = dict[str, Any]
MetricId = Literal[
    "revenue", "incremental_revenue", "conversions", "incremental_conversions", "page_view_count",
    "add_to_cart_count", "purchase_count", "ltv_1d", "ltv_7d", "ltv_30d",
]  # fmt: skip

SUBJECTS = ("advertiser_id", "campaign_id", "media_buy_id", "package_id", "creative_id")
"""What a measurement may be about, from the whole to its parts."""

_ZONED = re.compile(r"T.*(Z|[+-]\d\d:?\d\d)$")


def _read_zoned(value: Any) -> Any:
    if not isinstance(value, str) or not _ZONED.search(value):
        raise ValueError("give an ISO 8601 time with a time zone, such as 2026-03-01T00:00:00-05:00")
    return parse_instant(value)


ZonedInstant = Annotated[int, BeforeValidator(_read_zoned), WithJsonSchema({"type": "string", "format": "date-time"})]
"""An ISO 8601 time with a time zone; ms once read."""


class Measurement(SnakeBody):
    """The value of one metric over ``[start_time, end_time)``, for whatever the ids name."""

    start_time: ZonedInstant
    end_time: ZonedInstant
    metric_id: MetricId
    metric_value: float = Field(allow_inf_nan=False)
    unit: Literal["currency", "count", "ratio", "percentage"]
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    advertiser_id: Id | None = None
    campaign_id: Id | None = None
    media_buy_id: Id | None = None
    package_id: Id | None = None
    creative_id: Id | None = None
    source: str | None = None
    source_platform: str | None = None
    external_row_id: Id | None = None

    @model_validator(mode="after")
    def _sound(self) -> Measurement:
        if self.end_time <= self.start_time:
            raise ValueError("end_time must be after start_time")
        if (self.unit == "currency") != (self.currency is not None):
            raise ValueError("currency is needed with unit currency, and with no other unit")
        if all(getattr(self, name) is None for name in SUBJECTS):
            raise ValueError(f"give at least one of {', '.join(SUBJECTS)}")
        return self

    def key(self) -> tuple[Any, ...]:
        """What makes two of them the same measurement: the row id of their source, or everything but the value."""
        if self.external_row_id is not None:
            return self.source, self.source_platform, self.external_row_id
        subject = tuple(getattr(self, name) for name in SUBJECTS)
        return self.source, self.source_platform, self.metric_id, self.start_time, self.end_time, *subject


class SyncMeasurements(SnakeBody):
    """Body of ``sync_measurement_data``."""

    measurements: Annotated[list[Measurement], Field(min_length=1, max_length=1000)]


class SyncRow(TypedDict):
    """What became of the measurement at ``index``; ``message`` says why it failed."""

    index: int
    action: Literal["created", "updated", "unchanged", "failed"]
    message: NotRequired[str]


class SyncAnswer(TypedDict):
    """Answer of ``sync_measurement_data``, in the order of the request."""

    measurements: list[SyncRow]


@operation(
    "sync_measurement_data",
    "POST",
    "/advertisers/{advertiserId}/measurement-data/sync",
    body=SyncMeasurements,
    envelope="data",
    answer=SyncAnswer,
    rules=(2, 41, 136),
)
def sync_measurement_data(ctx: Context, request: Request) -> Json:
    """Enter or correct measurements. One about something that the advertiser does not have fails alone."""
    platform = platform_of(ctx)
    advertiser = branded_advertiser_for(ctx, request.path["advertiserId"])
    rows: list[Json] = []
    for index, measurement in enumerate(request.body.measurements):
        wrong = _stranger(platform, advertiser, measurement)
        if wrong:
            rows.append({"index": index, "action": "failed", "message": wrong})
        else:
            rows.append({"index": index, "action": _enter(platform, advertiser, measurement)})
    return {"measurements": rows}


def _enter(platform: BuyerPlatform, advertiser: Advertiser, measurement: Measurement) -> str:
    """Enter one measurement, and say what that did."""
    table = platform.measurements.of(advertiser.advertiser_id).data
    action = upsert(table, measurement.key(), measurement.model_dump(exclude_none=True))
    if action == "created":
        kind: Literal["mmp", "measurement"] = "mmp" if measurement.source == "mmp" else "measurement"
        platform.events.of(advertiser).add(kind, measurement.start_time, platform.now)
    return action


def _stranger(platform: BuyerPlatform, advertiser: Advertiser, measurement: Measurement) -> str:
    """Which id names nothing of the advertiser; empty if all do."""
    if measurement.advertiser_id not in (None, advertiser.advertiser_id):
        return f"advertiser_id: it is {advertiser.advertiser_id}, as in the path"
    campaigns = [c for c in platform.campaigns.values() if c.advertiser_id == advertiser.advertiser_id]
    if measurement.campaign_id is not None:
        campaigns = [c for c in campaigns if c.campaign_id == measurement.campaign_id]
    buys = [buy for campaign in campaigns for buy in campaign.media_buys]
    if measurement.media_buy_id is not None:
        buys = [buy for buy in buys if measurement.media_buy_id in (buy.media_buy_id, buy.adcp_media_buy_id)]
    packages = [package.package_id for buy in buys for package in buy.packages]
    known = [c.campaign_id for c in campaigns]
    creatives = [c.creative_id for c in platform.creatives.values() if c.campaign_id in known]
    found = {
        "campaign_id": bool(campaigns),
        "media_buy_id": bool(buys),
        "package_id": measurement.package_id in packages,
        "creative_id": measurement.creative_id in creatives,
    }
    for name, there in found.items():
        if getattr(measurement, name) is not None and not there:
            return f"{name}: the advertiser has no {getattr(measurement, name)}"
    return ""
