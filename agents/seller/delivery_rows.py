"""Delivery as the protocol writes it: metrics, and the rows of media buys, packages, windows and days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.seller.attribution import latest_ms
from agents.seller.breakdowns import breakdowns, by_creative
from agents.seller.counting import Counts
from agents.seller.metrics import metrics
from agents.seller.records import MediaBuy, Package
from sandbox.core.money import amount
from sandbox.core.time import DAY_MS, HOUR_MS, day_start, iso, iso_date

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.delivery.model import Slice


@dataclass(slots=True, frozen=True)
class Period:
    """What a report is about: an interval in ms, half open, and the breakdowns that were asked for."""

    start_ms: int
    end_ms: int
    until_ms: int | None
    """The end that was asked for, which may lie past what is known; None: whatever there will be."""
    daily: bool = False
    window_ms: int | None = None
    """Size of the windows to cut it into, if any."""
    dimensions: dict[str, Any] = field(default_factory=dict)
    """The request's ``reporting_dimensions``."""


def delivery_row(seller: Seller, buy: MediaBuy, period: Period) -> dict[str, Any]:
    """One media buy in a period, with its packages; ``totals`` is the sum over them."""
    counts = {p.package_id: _between(seller, p, period) for p in buy.packages.values()}
    total = sum(counts.values(), Counter[str]())
    packages = _package_rows(seller, buy, counts, period)
    if len(packages) == 1:
        seen = {name: packages[0][name] for name in _REACH if name in packages[0]}
    else:
        seen = _with_window(audience(seller, list(buy.packages), total["impressions"], period), buy, period)
    row: dict[str, Any] = {
        "media_buy_id": buy.media_buy_id,
        "status": buy.status,
        "is_adjusted": seller.ledger.restated(buy.packages, period.start_ms, period.end_ms),
        **_finality(seller, final_at(seller, buy, period.until_ms)),
        "totals": {**metrics(total), **seen},
        "by_package": packages,
    }
    models = {package.option.model for package in buy.packages.values()}
    if len(models) == 1:
        row["pricing_model"] = models.pop()
    if period.window_ms is not None:
        row["windows"] = _windows(seller, buy, period, period.window_ms)
    if period.daily:
        row["daily_breakdown"] = _days(seller, buy.packages.values(), period)
    return row


def final_at(seller: Seller, buy: MediaBuy, until_ms: int | None) -> int | None:
    """When the figures of a period that ends at ``until_ms`` are final, in ms; None if that is not known yet.

    Past the end of a buy nothing is delivered any more; only what is charged by conversion may still come, within
    the attribution window.
    """
    settling_ms = seller.config.settling_ms
    if not buy.terminal or (until_ms is not None and until_ms <= buy.updated_ms):
        return None if until_ms is None else until_ms + settling_ms
    charged_later = any(package.option.model == "cpa" for package in buy.packages.values())
    return buy.updated_ms + settling_ms + (latest_ms(buy) if charged_later else 0)


def _finality(seller: Seller, final_ms: int | None) -> dict[str, Any]:
    over = final_ms is not None and final_ms <= seller.now
    return {"is_final": True, "finalized_at": iso(final_ms)} if over and final_ms is not None else {"is_final": False}


# -- reach -------------------------------------------------------------------------------------------------


_REACH = ("reach", "reach_unit", "reach_window", "frequency")


def audience(seller: Seller, line_ids: Sequence[str], impressions: int, period: Period) -> dict[str, Any]:
    """Different people that saw lines in a period, and how often on average; nothing if nobody did.

    Reach is a number of its own in every row and never adds up.
    """
    start_ms, end_ms = _whole_hours(seller, period)
    people = seller.world.market.reach(line_ids, start_ms, end_ms)[0] if impressions else 0
    people = min(people, impressions)
    if not people:
        return {}
    return {"reach": people, "reach_unit": "individuals", "frequency": round(impressions / people, 6)}


def _with_window(found: dict[str, Any], buy: MediaBuy, period: Period) -> dict[str, Any]:
    """Reach with its window: the campaign so far (``cumulative``), or the period of the row alone."""
    if not found:
        return found
    window: dict[str, Any] = {"kind": "cumulative"}
    if period.start_ms > buy.start_ms:
        window = {"kind": "period", "period": _duration(period.end_ms - period.start_ms)}
    return {**found, "reach_window": window}


def _duration(length_ms: int) -> dict[str, Any]:
    """A length as core/duration.json, in days if it is whole days, else in hours."""
    size, unit = (DAY_MS, "days") if length_ms % DAY_MS == 0 else (HOUR_MS, "hours")
    return {"interval": max(1, -(-length_ms // size)), "unit": unit}


def _whole_hours(seller: Seller, period: Period) -> tuple[int, int]:
    """The hours that count in a period, each wholly, as far as they are known; in ms, half open."""
    start_ms = period.start_ms - period.start_ms % HOUR_MS
    end_ms = min(period.end_ms + -period.end_ms % HOUR_MS, seller.ledger.known_until)
    return start_ms, max(start_ms, end_ms)


# -- packages --------------------------------------------------------------------------------------------------


def _package_rows(seller: Seller, buy: MediaBuy, counts: dict[str, Counts], period: Period) -> list[dict[str, Any]]:
    """The packages with their breakdowns. One that only ever had one creative needs no slices to tell it."""
    slices: dict[str, list[Slice]] = {}
    sliced = [
        package_id
        for package_id, count in counts.items()
        if count and (period.dimensions or len(seller.ledger.creatives(package_id)) > 1)
    ]
    for one in seller.world.market.breakdown(sliced, *_whole_hours(seller, period)) if sliced else ():
        slices.setdefault(one.line_id, []).append(one)
    rows = []
    for package_id, package in buy.packages.items():
        total, row = counts[package_id], _package_row(seller, buy, package, counts[package_id], period)
        if package_id in sliced:
            row |= breakdowns(package, total, slices.get(package_id, []), period.dimensions)
        else:
            whole = {name: total for name in seller.ledger.creatives(package_id) if any(total.values())}
            row["by_creative"] = by_creative(package, whole)
        rows.append(row)
    return rows


def _package_row(seller: Seller, buy: MediaBuy, package: Package, counts: Counts, period: Period) -> dict[str, Any]:
    option = package.option
    row: dict[str, Any] = {
        **metrics(counts),
        **_with_window(audience(seller, [package.package_id], counts["impressions"], period), buy, period),
        "package_id": package.package_id,
        "pricing_model": option.model,
        "rate": amount(option.rate_micros) if option.is_fixed else _effective_cpm(counts, option.rate_micros),
        "currency": buy.currency,
        "pacing_index": pacing_index(seller, buy, package),
        "delivery_status": _delivery_status(seller, buy, package),
        "paused": package.paused or buy.status == "paused",
        **_finality(seller, final_at(seller, buy, period.until_ms)),
    }
    if counts["conversions"]:
        event_type = option.parameters.get("event_type", "purchase")
        value = amount(counts["conversion_value_micros"])
        row["by_event_type"] = [{"event_type": event_type, "count": counts["conversions"], "value": value}]
    if option.model == "cpp":
        row["grps"] = round(counts["impressions"] * 100 / seller.world.market.users, 6)
    if package.package_id in seller.ledger.makegoods:
        row["ext"] = {"makegood": seller.ledger.makegoods[package.package_id].wire(buy.currency)}
    if period.daily:
        row["daily_breakdown"] = _days(seller, [package], period)
    return row


def _effective_cpm(counts: Counts, floor_micros: int) -> float | int:
    if not counts["impressions"]:
        return amount(floor_micros)
    return amount(round(counts["spend_micros"] * 1000 / counts["impressions"]))


def _delivery_status(seller: Seller, buy: MediaBuy, package: Package) -> str:
    if package.exhausted:
        return "goal_met" if package.impressions else "budget_exhausted"
    if buy.status == "completed":
        return "completed"
    over = seller.now >= buy.window(package)[1] or buy.terminal or package.canceled
    return "flight_ended" if over else "delivering"


def pacing_index(seller: Seller, buy: MediaBuy, package: Package) -> float:
    """Spend so far over what even spending would have spent by now; 1 before the flight begins."""
    start_ms, end_ms = buy.window(package)
    elapsed = min(max(seller.now - start_ms, 0), end_ms - start_ms)
    if not elapsed or not package.budget_micros:
        return 1.0
    due = package.budget_micros * elapsed / (end_ms - start_ms)
    spent = seller.world.market.totals(package.package_id).spend_micros
    return round(spent / due, 4)


# -- windows and days ------------------------------------------------------------------------------------------


def _between(seller: Seller, package: Package, period: Period) -> Counts:
    return seller.ledger.between(package.package_id, period.start_ms, period.end_ms)


def _cut(seller: Seller, packages: Iterable[Package], period: Period, size_ms: int) -> dict[int, dict[str, Counts]]:
    """The figures of packages by the start of each window of a size in which there are any."""
    found: dict[int, dict[str, Counts]] = {}
    for package in packages:
        for hour_ms, counts in seller.ledger.hours(package.package_id, period.start_ms, period.end_ms):
            window = found.setdefault(hour_ms - hour_ms % size_ms, {})
            window.setdefault(package.package_id, Counter()).update(counts)
    return found


def _windows(seller: Seller, buy: MediaBuy, period: Period, size_ms: int) -> list[dict[str, Any]]:
    """The period in windows of one size, in order and without gaps; the first and the last one may be cut."""
    found = _cut(seller, buy.packages.values(), period, size_ms)
    rows = []
    for at_ms in range(period.start_ms - period.start_ms % size_ms, period.end_ms, size_ms):
        packages = found.get(at_ms, {})
        end_ms = min(at_ms + size_ms, period.end_ms)
        rows.append(
            {
                "window_start": iso(max(at_ms, period.start_ms)),
                "window_end": iso(end_ms),
                "totals": metrics(sum(packages.values(), Counter[str]())),
                "by_package": [{"package_id": name, **metrics(counts)} for name, counts in packages.items()],
                **_finality(seller, final_at(seller, buy, at_ms + size_ms)),
            }
        )
    return rows


def _days(seller: Seller, packages: Iterable[Package], period: Period) -> list[dict[str, Any]]:
    """One entry for each day with delivery, in order."""
    rows = []
    for day_ms, found in sorted(_cut(seller, packages, period, DAY_MS).items()):
        counts = sum(found.values(), Counter[str]())
        rows.append(
            {
                "date": iso_date(day_start(day_ms)),
                "impressions": counts["impressions"],
                "spend": amount(counts["spend_micros"]),
                "clicks": counts["clicks"],
                "conversions": counts["conversions"],
                "conversion_value": amount(counts["conversion_value_micros"]),
            }
        )
    return rows
