"""get_creative_delivery: what an ad server counted of its creatives, by media buy and day.

An ad server counts the impressions that are reported to its tags. In a simulation they come from a scenario's step or
a test controller (``deliver``); a creative is served as it is, so it has one variant for each media buy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.creative.context import agent_of
from agents.creative.library import library_of
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount
from sandbox.core.time import DAY_MS, day_start, iso, parse_instant

if TYPE_CHECKING:
    from agents.creative.agent import CreativeAgent
    from agents.seller.records import Creative
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]
PAGE_SIZE = 50


@dataclass(slots=True)
class Count:
    """What one creative did in one media buy on one day."""

    impressions: int = 0
    clicks: int = 0
    spend_micros: int = 0


@dataclass(slots=True)
class Deliveries:
    """All counts of an agent, by creative, media buy and the day's first ms (UTC)."""

    days: dict[tuple[str, str, int], Count] = field(default_factory=dict)

    def add(self, creative_id: str, media_buy_id: str, at_ms: int, count: Count) -> None:
        """Count more."""
        day = self.days.setdefault((creative_id, media_buy_id, day_start(at_ms)), Count())
        day.impressions += count.impressions
        day.clicks += count.clicks
        day.spend_micros += count.spend_micros

    def buys_of(self, creative_id: str) -> list[str]:
        """The media buys in which a creative ran."""
        return list(dict.fromkeys(buy for creative, buy, _ in self.days if creative == creative_id))

    def creative_of(self, variant_id: str) -> str | None:
        """The creative of a variant that ran."""
        return next((creative for creative, buy, _ in self.days if variant_of(creative, buy) == variant_id), None)

    def between(self, creative_id: str, media_buy_id: str, start_ms: int, end_ms: int) -> Count:
        """The sum over days of a half-open period."""
        total = Count()
        for (creative, buy, day_ms), count in self.days.items():
            if (creative, buy) == (creative_id, media_buy_id) and start_ms <= day_ms < end_ms:
                total.impressions += count.impressions
                total.clicks += count.clicks
                total.spend_micros += count.spend_micros
        return total


def variant_of(creative_id: str, media_buy_id: str) -> str:
    """The id of the only variant of a creative in a media buy."""
    return f"{creative_id}.{media_buy_id}"


def get_creative_delivery(ctx: Context, request: Body) -> Body:
    """Counts of the caller's creatives, filtered by media buys and creatives; both dates belong to the period."""
    agent = agent_of(ctx)
    accounts = agent.accounts_of(ctx.principal)
    if "account" in request:
        one = agent.account(ctx.principal, request["account"])
        accounts = [one] if one is not None else []
    start_ms, end_ms = _period(agent, request)
    found: list[tuple[Creative, str]] = []
    for creative in library_of(agent, accounts):
        buys = agent.deliveries.buys_of(creative.creative_id)
        wanted = creative.creative_id in request.get("creative_ids", [creative.creative_id])
        found += [(creative, buy) for buy in buys if wanted and buy in request.get("media_buy_ids", [buy])]
    asked = request.get("pagination", {})
    size, first = int(asked.get("max_results", PAGE_SIZE)), _offset(asked)
    shown = found[first : first + size]
    return {
        "status": "completed",
        "currency": next((price.currency for price in agent.prices), "USD"),
        "reporting_period": {"start": iso(start_ms), "end": iso(end_ms), "timezone": "UTC"},
        "creatives": [_row(agent, creative, buy, start_ms, end_ms) for creative, buy in shown],
        "pagination": {
            "limit": size,
            "offset": first,
            "has_more": first + size < len(found),
            "total_count": len(found),
        },
    }


def _offset(asked: Body) -> int:
    cursor = str(asked.get("cursor", "0"))
    if not cursor.isdecimal():
        raise AdcpError("INVALID_REQUEST", f"unknown cursor {cursor!r}", "pagination.cursor")
    return int(cursor)


def _period(agent: CreativeAgent, request: Body) -> tuple[int, int]:
    begun = agent.world.start_ms
    try:
        start = parse_instant(request["start_date"]) if "start_date" in request else day_start(begun)
        end = parse_instant(request["end_date"]) + DAY_MS if "end_date" in request else agent.now
    except ValueError as error:
        raise AdcpError("VALIDATION_ERROR", f"not a date: {error}", "start_date") from error
    if end < start:
        raise AdcpError("VALIDATION_ERROR", "the period ends before it begins", "end_date")
    return start, end


def _row(agent: CreativeAgent, creative: Creative, buy: str, start_ms: int, end_ms: int) -> Body:
    count = agent.deliveries.between(creative.creative_id, buy, start_ms, end_ms)
    metrics = {"impressions": count.impressions, "spend": amount(count.spend_micros), "clicks": count.clicks}
    manifest = {"format_id": creative.body["format_id"], "assets": creative.body["assets"]}
    variant: Body = {"variant_id": variant_of(creative.creative_id, buy), "manifest": manifest, **metrics}
    return {
        "creative_id": creative.creative_id,
        "media_buy_id": buy,
        "format_id": creative.body["format_id"],
        "totals": metrics,
        "variant_count": 1,
        "variants": [variant],
    }
