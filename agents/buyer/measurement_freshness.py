"""Freshness of measurements: for which periods of a flight there is data, and for which not (rule 139)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agents.buyer.context import advertiser_for, platform_of
from agents.buyer.measurement_engine import DayText
from agents.buyer.measurement_state import MeasurementBook
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.core.time import DAY_MS, WEEK_MS, iso_date, parse_instant
from sandbox.domain.periods import Cadence, cut
from sandbox.operations import Body, Group, Request
from sandbox.operations.answer import Day
from sandbox.operations.model import Names

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

operation: Group = group("measurement engine")

Json = dict[str, Any]

LONGEST_MS = 5 * 366 * DAY_MS
"""The longest flight that is looked at."""

UNREGISTERED: Json = {"cadence": "weekly", "lagWeeks": 1}
"""What is assumed of a source that sends records and was never entered."""


class FreshnessQuery(Body):
    """Query of ``get_measurement_freshness``; without ``flightEnd`` the flight goes up to today."""

    flight_start: DayText
    flight_end: DayText | None = None
    geos: Annotated[Names, Field(min_length=1)]


class Period(TypedDict):
    """A period, both days included. ``status`` is ``awaited`` while its figures are not due yet."""

    start: Day
    end: Day
    due: Day
    status: Literal["present", "missing", "awaited"]


class Freshness(TypedDict):
    """The periods of one source in one place."""

    sourceKey: str
    registered: bool
    geo: str
    cadence: Cadence
    lagWeeks: float
    presentCount: int
    missingCount: int
    latestData: Day | None
    periods: list[Period]


class FreshnessAnswer(TypedDict):
    """Answer of ``get_measurement_freshness``."""

    flightStart: Day
    flightEnd: Day
    sources: list[Freshness]


@operation(
    "get_measurement_freshness",
    "GET",
    "/advertisers/{advertiserId}/measurement-freshness",
    params=FreshnessQuery,
    envelope="data",
    answer=FreshnessAnswer,
    rules=(139,),
)
def get_measurement_freshness(ctx: Context, request: Request) -> Json:
    """For each source and geo: the periods of the flight, and whether records cover each of them wholly."""
    advertiser, query = advertiser_for(ctx, request.path["advertiserId"]), request.params
    book = platform_of(ctx).measurements.of(advertiser.advertiser_id)
    start_ms = _day(query.flight_start, "flightStart")
    end_text = query.flight_end or iso_date(max(ctx.now, start_ms))
    end_ms = _day(end_text, "flightEnd") + DAY_MS
    if end_ms <= start_ms:
        raise ApiError("VALIDATION_ERROR", "flightEnd is before flightStart", "flightEnd")
    if end_ms - start_ms > LONGEST_MS:
        raise ApiError("VALIDATION_ERROR", "a flight has five years at most", "flightEnd")
    covered = _covered(book)
    rows = []
    for source_key in dict.fromkeys((*book.sources, *(source for source, _ in covered))):
        source = book.sources.get(source_key)
        terms = UNREGISTERED if source is None else source.content
        for geo in dict.fromkeys(query.geos):
            days = covered.get((source_key, geo), set())
            rows.append(_freshness(source_key, source is not None, geo, terms, days, (start_ms, end_ms), ctx.now))
    return {"flightStart": query.flight_start, "flightEnd": end_text, "sources": rows}


def _freshness(
    source_key: str, registered: bool, geo: str, terms: Json, days: set[int], flight: tuple[int, int], now_ms: int
) -> Json:
    periods: list[Json] = []
    for start_ms, end_ms in cut(*flight, terms["cadence"]):
        due_ms = end_ms + round(terms["lagWeeks"] * WEEK_MS)
        present = all(day in days for day in range(start_ms, end_ms, DAY_MS))
        periods.append(
            {
                "start": iso_date(start_ms),
                "end": iso_date(end_ms - DAY_MS),
                "due": iso_date(due_ms),
                "status": "present" if present else "missing" if due_ms <= now_ms else "awaited",
            }
        )
    inside = [day for day in days if flight[0] <= day < flight[1]]
    return {
        "sourceKey": source_key,
        "registered": registered,
        "geo": geo,
        "cadence": terms["cadence"],
        "lagWeeks": terms["lagWeeks"],
        "presentCount": sum(period["status"] == "present" for period in periods),
        "missingCount": sum(period["status"] == "missing" for period in periods),
        "latestData": iso_date(max(inside)) if inside else None,
        "periods": periods,
    }


def _covered(book: MeasurementBook) -> dict[tuple[str, str], set[int]]:
    """The days for which there are records, by source and geo; a day is its beginning in ms."""
    covered: dict[tuple[str, str], set[int]] = defaultdict(set)
    for _, source, geo, first, last in book.outcomes:
        start_ms, end_ms = parse_instant(first), parse_instant(last) + DAY_MS
        covered[source, geo].update(range(start_ms, min(end_ms, start_ms + LONGEST_MS), DAY_MS))
    return covered


def _day(text: str, field: str) -> int:
    try:
        return parse_instant(text)
    except ValueError:
        raise ApiError("VALIDATION_ERROR", f"{field}: there is no day {text}", field) from None
