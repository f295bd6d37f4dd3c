"""Measurement engine: who measures outcomes, what came in, and what is still missing (rules 137 to 139)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, Field, model_validator
from typing_extensions import TypedDict

from agents.buyer.context import advertiser_for, branded_advertiser_for, platform_of
from agents.buyer.measurement_state import MeasurementBook, MeasurementSource, upsert
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.core.time import iso, parse_instant
from sandbox.domain.periods import Cadence
from sandbox.operations import Body, Group, Request
from sandbox.operations.answer import Day, When
from sandbox.operations.model import Id
from sandbox.operations.paging import TakeSkip, window

if TYPE_CHECKING:
    from agents.buyer.records import Advertiser
    from sandbox.kernel.endpoint import Context

operation: Group = group("measurement engine")

Json = dict[str, Any]
SourceStatus = Literal["pending", "active", "paused"]
FlightStatus = Literal["active", "dark", "pre_flight", "post_flight"]


def _real(day: str) -> str:
    try:
        parse_instant(day)
    except ValueError:
        raise ValueError(f"there is no day {day}") from None
    return day


DayText = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"), AfterValidator(_real)]
"""A day, ``YYYY-MM-DD``."""


class ListSources(TakeSkip):
    """Query of ``list_measurement_sources``."""

    outcome_type: str | None = None
    status: SourceStatus | None = None


class CreateSource(Body):
    """Body of ``create_measurement_source``."""

    source_key: Id
    name: str = Field(min_length=1)
    outcome_type: str = Field(min_length=1)
    granularity: str = Field(min_length=1)
    cadence: Cadence
    provider: str = Field(min_length=1)
    lag_weeks: float = Field(default=1, ge=0, le=520)
    ingestion_method: str | None = None
    attribution_config: dict[str, Any] | None = None
    signal_weight: float = Field(default=1.0, ge=0, le=1)
    status: SourceStatus = "active"
    notes: str | None = None


class _Windowed(Body):
    geo: str = Field(min_length=1)
    time_window_start: DayText
    time_window_end: DayText

    @model_validator(mode="after")
    def _ordered(self) -> _Windowed:
        if self.time_window_end < self.time_window_start:
            raise ValueError("timeWindowEnd is before timeWindowStart")
        return self


class OutcomeRecord(_Windowed):
    """What a source measured in one place over some days."""

    outcome_type: str = Field(min_length=1)
    value: float = Field(allow_inf_nan=False)
    source: Id
    baseline_value: float | None = None
    confidence_interval: dict[str, Any] | list[float] | float | None = None
    lag_days: float | None = Field(default=None, ge=0)


class UploadRecords(Body):
    """Body of ``upload_measurement_records``."""

    records: Annotated[list[OutcomeRecord], Field(min_length=1, max_length=5000)]


class ListRecords(Body):
    """Query of ``list_measurement_records``."""

    outcome_type: str | None = None
    geo: str | None = None


class ContextRecord(_Windowed):
    """The circumstances in one place over some days."""

    promo_active: bool = False
    promo_type: str | None = None
    temperature_avg: float | None = None
    competitor_activity: str | float | None = None
    seasonality_index: float | None = None
    flight_status: FlightStatus | None = None


class UploadContexts(Body):
    """Body of ``upload_context_records``."""

    records: Annotated[list[ContextRecord], Field(min_length=1, max_length=5000)]


class SourceAnswer(TypedDict):
    """A measurement source. ``lagWeeks`` is how long after a period its figures are due."""

    id: str
    sourceKey: str
    name: str
    outcomeType: str
    granularity: str
    cadence: Cadence
    provider: str
    lagWeeks: float
    signalWeight: float
    status: SourceStatus
    ingestionMethod: NotRequired[str]
    attributionConfig: NotRequired[dict[str, Any]]
    notes: NotRequired[str]
    createdAt: When


class SourceList(TypedDict):
    """One page of measurement sources."""

    sources: list[SourceAnswer]
    total: int
    take: int
    skip: int


class UploadRow(TypedDict):
    """What became of the record at ``index``."""

    index: int
    action: Literal["created", "updated", "unchanged"]


class UploadAnswer(TypedDict):
    """Answer of uploads, in the order of the request."""

    records: list[UploadRow]
    created: int
    updated: int
    unchanged: int


class RecordAnswer(TypedDict):
    """An outcome record."""

    outcomeType: str
    geo: str
    timeWindowStart: Day
    timeWindowEnd: Day
    value: float
    source: str
    baselineValue: NotRequired[float]
    confidenceInterval: NotRequired[dict[str, Any] | list[float] | float]
    lagDays: NotRequired[float]


class RecordList(TypedDict):
    """Outcome records."""

    records: list[RecordAnswer]
    total: int


@operation(
    "list_measurement_sources",
    "GET",
    "/advertisers/{advertiserId}/measurement-sources",
    params=ListSources,
    envelope="data",
    answer=SourceList,
    rules=(8, 137),
)
def list_measurement_sources(ctx: Context, request: Request) -> Json:
    """The advertiser's measurement sources, filtered."""
    query: ListSources = request.params
    rows = [
        _source(source)
        for source in _book(ctx, request).sources.values()
        if query.outcome_type in (None, source.content["outcomeType"])
        and query.status in (None, source.content["status"])
    ]
    return {
        "sources": window(rows, query.take, query.skip),
        "total": len(rows),
        "take": query.take,
        "skip": query.skip,
    }


@operation(
    "create_measurement_source",
    "POST",
    "/advertisers/{advertiserId}/measurement-sources",
    body=CreateSource,
    success_status=201,
    envelope="data",
    answer=SourceAnswer,
    rules=(41, 137),
)
def create_measurement_source(ctx: Context, request: Request) -> Json:
    """Enter a measurement source; CONFLICT if its key is taken."""
    book, body = _book(ctx, request, branded_advertiser_for), request.body
    if body.source_key in book.sources:
        raise ApiError("CONFLICT", f"there is a measurement source {body.source_key} already", "sourceKey")
    content = body.model_dump(by_alias=True, exclude_none=True)
    made = MeasurementSource(platform_of(ctx).ids.next("msrc"), ctx.now, content)
    book.sources[body.source_key] = made
    return _source(made)


@operation(
    "upload_measurement_records",
    "POST",
    "/advertisers/{advertiserId}/measurement-records",
    body=UploadRecords,
    envelope="data",
    answer=UploadAnswer,
    rules=(41, 137),
)
def upload_measurement_records(ctx: Context, request: Request) -> Json:
    """Enter or correct outcome records, by outcome, source, geo and days."""
    table = _book(ctx, request, branded_advertiser_for).outcomes
    actions = [
        upsert(
            table,
            (one.outcome_type, one.source, one.geo, one.time_window_start, one.time_window_end),
            one.model_dump(by_alias=True, exclude_none=True),
        )
        for one in request.body.records
    ]
    return _uploaded(actions)


@operation(
    "list_measurement_records",
    "GET",
    "/advertisers/{advertiserId}/measurement-records",
    params=ListRecords,
    envelope="data",
    answer=RecordList,
    rules=(137,),
)
def list_measurement_records(ctx: Context, request: Request) -> Json:
    """The advertiser's outcome records, filtered."""
    query = request.params
    rows = [
        row
        for row in _book(ctx, request).outcomes.values()
        if query.outcome_type in (None, row["outcomeType"]) and query.geo in (None, row["geo"])
    ]
    return {"records": rows, "total": len(rows)}


@operation(
    "upload_context_records",
    "POST",
    "/advertisers/{advertiserId}/context-records",
    body=UploadContexts,
    envelope="data",
    answer=UploadAnswer,
    rules=(41, 138),
)
def upload_context_records(ctx: Context, request: Request) -> Json:
    """Enter or correct circumstances, by geo and days."""
    table = _book(ctx, request, branded_advertiser_for).contexts
    actions = [
        upsert(
            table,
            (one.geo, one.time_window_start, one.time_window_end),
            one.model_dump(by_alias=True, exclude_none=True),
        )
        for one in request.body.records
    ]
    return _uploaded(actions)


def _book(
    ctx: Context, request: Request, find: Callable[[Context, str], Advertiser] = advertiser_for
) -> MeasurementBook:
    """What is known about the advertiser of the path, which ``find`` looks up."""
    return platform_of(ctx).measurements.of(find(ctx, request.path["advertiserId"]).advertiser_id)


def _source(source: MeasurementSource) -> Json:
    return {"id": source.source_id, **source.content, "createdAt": iso(source.created_ms)}


def _uploaded(actions: list[Any]) -> Json:
    counts = {name: actions.count(name) for name in ("created", "updated", "unchanged")}
    return {"records": [{"index": index, "action": action} for index, action in enumerate(actions)], **counts}
