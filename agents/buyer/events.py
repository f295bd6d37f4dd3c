"""Events: what advertisers log, what the platform counts itself, how many there were by the hour (rules 134, 135).

The simulated advertiser's site logs each conversion of a campaign with an event goal by itself, at the goal's
first event source, as a real pixel does. Impressions and clicks are the platform's own count of the lines that
it has bound.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agents.buyer.context import advertiser_for, branded_advertiser_for, platform_of
from agents.buyer.event_sources import EventType
from agents.buyer.syndicating import forward_events
from agents.buyer.wire import group
from sandbox.core.errors import ApiError, InputError
from sandbox.core.time import HOUR_MS, iso, parse_instant
from sandbox.operations import Body, Group, Request, SnakeBody
from sandbox.operations.answer import When
from sandbox.operations.model import Id

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.records import Advertiser
    from sandbox.kernel.endpoint import Context
    from sandbox.kernel.trace import Event as TraceEvent

operation: Group = group("events")

Kind = Literal["impression", "click", "conversion", "measurement", "mmp"]

_ZONED = re.compile(r"T.*(Z|[+-]\d\d:?\d\d)$")

_SURE, _LIKELY = 1.0, 0.5
"""How well an event is matched to a person: by an identifier, or by address and browser only."""


class Uid(SnakeBody):
    """A universal id."""

    type: Literal["rampid", "id5", "uid2", "euid", "pairid", "maid"]
    value: str = Field(min_length=1)


class UserMatch(SnakeBody):
    """Who it was."""

    uids: list[Uid] | None = None
    hashed_email: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    hashed_phone: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    click_id: str | None = None
    click_id_type: str | None = None
    client_ip: str | None = None
    client_user_agent: str | None = None

    @property
    def quality(self) -> float:
        """How well this finds a person, from 0 to 1."""
        if self.uids or self.hashed_email or self.hashed_phone or self.click_id:
            return _SURE
        return _LIKELY if self.client_ip and self.client_user_agent else 0.0


class CustomData(SnakeBody):
    """What the event was worth, and what it was about."""

    value: float | None = Field(default=None, ge=0)
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    order_id: str | None = None
    content_ids: list[str] | None = None
    content_type: str | None = None
    num_items: int | None = Field(default=None, ge=0)
    contents: list[dict[str, Any]] | None = None


class LoggedEvent(SnakeBody):
    """One event."""

    event_id: Id
    event_type: EventType
    event_time: str
    action_source: Literal["website", "app", "in_store", "phone_call", "system_generated", "other"] | None = None
    event_source_url: str | None = None
    custom_event_name: str | None = None
    user_match: UserMatch | None = None
    custom_data: CustomData | None = None


class LogEvent(SnakeBody):
    """Body of ``log_event``."""

    event_source_id: Id
    events: Annotated[list[LoggedEvent], Field(min_length=1, max_length=10_000)]
    test_event_code: str | None = None


class SummaryQuery(Body):
    """Which hours, and which kind of events."""

    event_type: Kind | None = None
    start_hour: str | None = None
    end_hour: str | None = None


class PartialFailure(TypedDict):
    """An event that was not taken."""

    event_id: str
    code: str
    message: str


class LogAnswer(TypedDict):
    """Answer of ``log_event``. ``match_quality`` is from 0 to 1: how well the events are matched to people."""

    events_received: int
    events_processed: int
    partial_failures: list[PartialFailure]
    warnings: list[str]
    match_quality: float


class HourCount(TypedDict):
    """How many events of a kind there were in an hour."""

    eventHour: When
    eventType: Kind
    eventCount: int


class Summary(TypedDict):
    """Answer of ``get_event_summary``: ``[periodStart, periodEnd)``."""

    periodStart: When
    periodEnd: When
    entries: list[HourCount]
    totalEventCount: int


class EventBook:
    """Events of an advertiser: their ids by source, and counts by kind, hour, and hour in which they came in."""

    def __init__(self) -> None:
        self.known: set[tuple[str, str]] = set()
        self.values: Counter[str] = Counter()
        """Micros by event source."""
        self._counts: Counter[tuple[int, str, int]] = Counter()

    def add(self, kind: Kind, at_ms: int, now_ms: int, count: int = 1) -> None:
        """Count events that happened at one instant and came in at another."""
        self._counts[at_ms - at_ms % HOUR_MS, kind, now_ms - now_ms % HOUR_MS] += count

    def summary(self, start_ms: int, end_ms: int, kind: Kind | None, now_ms: int) -> Counter[tuple[int, str]]:
        """Counts by hour and kind in ``[start_ms, end_ms)``; events show when the hour that they came in is over."""
        found: Counter[tuple[int, str]] = Counter()
        for (hour_ms, name, came_ms), count in self._counts.items():
            if start_ms <= hour_ms < end_ms and came_ms + HOUR_MS <= now_ms and kind in (None, name):
                found[hour_ms, name] += count
        return found


@operation(
    "log_event",
    "POST",
    "/advertisers/{advertiserId}/log-event",
    body=LogEvent,
    envelope="data",
    answer=LogAnswer,
    rules=(41, 134),
)
def log_event(ctx: Context, request: Request) -> dict[str, Any]:
    """Log events of a registered source. An ``event_id`` counts once; a test changes no figures.

    What is taken goes on to the conversion APIs of the sales agents that have the source.
    """
    platform, body = platform_of(ctx), request.body
    advertiser = branded_advertiser_for(ctx, request.path["advertiserId"])
    source = advertiser.event_sources.get(body.event_source_id)
    if source is None:
        raise ApiError(
            "VALIDATION_ERROR",
            f"event source {body.event_source_id!r} is not registered; register it with sync_event_sources first",
            "event_source_id",
        )
    book = platform.events.of(advertiser)
    failures: list[dict[str, str]] = []
    warnings: list[str] = []
    quality = 0.0
    processed: dict[str, dict[str, Any]] = {}
    for event in body.events:
        wrong = _wrong(event, source["source"], ctx.now)
        if wrong:
            failures.append({"event_id": event.event_id, "code": "INVALID_EVENT", "message": wrong})
        elif (body.event_source_id, event.event_id) in book.known or event.event_id in processed:
            warnings.append(f"event {event.event_id} was logged before and counts once")
        else:
            processed[event.event_id] = event.model_dump(exclude_none=True)
            quality += event.user_match.quality if event.user_match else 0.0
            if body.test_event_code is None:
                _enter(book, body.event_source_id, event, ctx.now)
    if processed:
        forwarded = body.model_dump(exclude_none=True, exclude={"events"}) | {"events": list(processed.values())}
        forward_events(platform, advertiser.advertiser_id, forwarded)
    return {
        "events_received": len(body.events),
        "events_processed": len(processed),
        "partial_failures": failures,
        "warnings": warnings,
        "match_quality": round(quality / len(processed), 4) if processed else 0.0,
    }


def _wrong(event: LoggedEvent, source: dict[str, Any], now_ms: int) -> str:
    """What is wrong with an event; empty if nothing is."""
    allowed = source.get("event_types")
    if allowed and event.event_type not in allowed:
        return f"the source sends {', '.join(allowed)} only, not {event.event_type}"
    if (event.event_type == "custom") != (event.custom_event_name is not None):
        return "event_type custom, and no other one, needs a custom_event_name"
    try:
        at_ms = parse_instant(event.event_time if _ZONED.search(event.event_time) else "")
    except (InputError, ValueError):
        return f"event_time {event.event_time!r} is no ISO 8601 time with a time zone"
    return "event_time is in the future" if at_ms > now_ms else ""


def _enter(book: EventBook, source_id: str, event: LoggedEvent, now_ms: int) -> None:
    book.known.add((source_id, event.event_id))
    book.add("conversion", parse_instant(event.event_time), now_ms)
    if event.custom_data and event.custom_data.value:
        book.values[source_id] += round(event.custom_data.value * 1_000_000)


@operation(
    "get_event_summary",
    "GET",
    "/advertisers/{advertiserId}/events/summary",
    params=SummaryQuery,
    envelope="data",
    answer=Summary,
    rules=(135,),
)
def get_event_summary(ctx: Context, request: Request) -> dict[str, Any]:
    """Counts by hour; without hours those of the last whole UTC hour."""
    advertiser, query = advertiser_for(ctx, request.path["advertiserId"]), request.params
    this_hour_ms = ctx.now - ctx.now % HOUR_MS
    start_ms = _hour(query.start_hour, "startHour", this_hour_ms - HOUR_MS)
    end_ms = _hour(query.end_hour, "endHour", this_hour_ms)
    if end_ms <= start_ms:
        raise ApiError("VALIDATION_ERROR", "endHour must be after startHour", "endHour")
    books = platform_of(ctx).events
    found: Counter[tuple[int, str]] = Counter()
    for book in (books.of(advertiser), books.shared(advertiser.customer_id)):
        found.update(book.summary(start_ms, end_ms, query.event_type, ctx.now))
    entries = [
        {"eventHour": iso(hour_ms), "eventType": kind, "eventCount": count}
        for (hour_ms, kind), count in sorted(found.items())
    ]
    return {
        "periodStart": iso(start_ms),
        "periodEnd": iso(end_ms),
        "entries": entries,
        "totalEventCount": sum(found.values()),
    }


def _hour(text: str | None, field: str, default_ms: int) -> int:
    if text is None:
        return default_ms
    try:
        at_ms = parse_instant(text)
    except (InputError, ValueError):
        at_ms = 1
    if at_ms % HOUR_MS:
        raise ApiError("VALIDATION_ERROR", f"{field} is a whole UTC hour such as 2026-03-27T14:00:00Z", field)
    return at_ms


class Events:
    """The books of all advertisers, kept up to date with what the market delivers."""

    def __init__(self, platform: BuyerPlatform) -> None:
        self._platform = platform
        self._books: dict[str, EventBook] = {}
        self._shared: dict[int, EventBook] = {}
        platform.world.trace.listen(self._on_event)

    def of(self, advertiser: Advertiser) -> EventBook:
        """The book of an advertiser."""
        return self._books.setdefault(advertiser.advertiser_id, EventBook())

    def shared(self, customer_id: int) -> EventBook:
        """Events of a customer that belong to no advertiser."""
        return self._shared.setdefault(customer_id, EventBook())

    def _on_event(self, event: TraceEvent) -> None:
        if event.kind not in ("delivery", "conversion"):
            return
        binding = self._platform.world.market.binding(event.data["line_id"])
        campaign = self._platform.campaigns.get(binding.campaign_id) if binding else None
        if campaign is None:
            return
        book = self.of(self._platform.advertisers[campaign.advertiser_id])
        if event.kind == "delivery":
            hour_ms = parse_instant(event.data["hour"])
            book.add("impression", hour_ms, hour_ms, event.data.get("impressions", 0))
            book.add("click", hour_ms, hour_ms, event.data.get("clicks", 0))
            return
        goal = next((goal for goal in campaign.goals if goal["kind"] == "event"), None)
        if goal is not None:
            source_id = goal["event_sources"][0]["event_source_id"]
            book.known.add((source_id, event.data["event_id"]))
            book.values[source_id] += event.data["value_micros"]
            book.add("conversion", parse_instant(event.data["at"]), event.at_ms)
