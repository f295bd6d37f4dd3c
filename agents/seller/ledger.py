"""The seller's books of delivery: what it counts for every package in every hour, and what of that it knows now."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, cast

from agents.seller.counting import Counts, HourCount, count_hour
from agents.seller.makegoods import Makegood, watch_flight
from sandbox.core.time import HOUR_MS, parse_instant

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.trace import Event
    from sandbox.kernel.world import World


@dataclass(slots=True)
class _Book:
    """One package: the hours in which it delivered, what the market says of each, and how they are counted."""

    budget_micros: int = 0
    hours: list[int] = field(default_factory=list)
    delivered: list[Counts] = field(default_factory=list)
    budgets: list[int] = field(default_factory=list)
    counted: list[HourCount] = field(default_factory=list)
    """The counts of the first hours; those of the later ones are not made yet."""
    spent_micros: int = 0
    """What the counted hours cost in full."""
    active_ms: int = 0
    """How long the buyer let the line serve, up to its last change."""
    since_ms: int | None = None
    """Since when the buyer lets the line serve; None while it does not."""
    creatives: dict[str, None] = field(default_factory=dict)
    """Every creative that was ever in rotation."""

    def add(self, hour_ms: int, counts: dict[str, int]) -> None:
        """Write down a row of the market; the count of its hour is to be made again."""
        at = bisect_left(self.hours, hour_ms)
        if at == len(self.hours) or self.hours[at] != hour_ms:
            self.hours.insert(at, hour_ms)
            self.delivered.insert(at, Counter())
            self.budgets.insert(at, self.budget_micros)
        self.delivered[at].update(counts)
        self.budgets[at] = self.budget_micros
        for stale in self.counted[at:]:
            self.spent_micros -= stale.full["spend_micros"]
        del self.counted[at:]


class Ledger:
    """Hourly counts of one sales agent's packages, made from what the market decides.

    An hour is known ``reporting_delay`` after it is over (without a delay, while it runs), and restated for good
    ``restatement_delay`` after it is over, if the agent restates at all.
    """

    def __init__(self, world: World, seller_id: str) -> None:
        self._world = world
        self._seller_id = seller_id
        self._books: dict[str, _Book] = {}
        self.makegoods: dict[str, Makegood] = {}
        """What packages that fell short were given, by package."""
        world.trace.listen(self._on_event)

    @property
    def _seller(self) -> Seller:
        return cast("Seller", self._world.actors[self._seller_id])

    def _on_event(self, event: Event) -> None:
        if event.actor != self._seller_id:
            return
        if event.kind == "delivery":
            counts = {name: value for name, value in event.data.items() if name not in ("line_id", "hour")}
            self._book(event.data["line_id"]).add(parse_instant(event.data["hour"]), counts)
        elif event.kind == "line":
            self._on_line(event)

    def _on_line(self, event: Event) -> None:
        """Note the terms of a line: its budget and creatives from now on, and whether it may serve."""
        line_id, book = event.data["line_id"], self._book(event.data["line_id"])
        book.creatives.update({one.creative_id: None for one in self._world.market.line(line_id).creatives})
        book.budget_micros = event.data["budget_micros"]
        start_ms, end_ms = parse_instant(event.data["start"]), parse_instant(event.data["end"])
        if book.since_ms is not None:
            book.active_ms += max(0, event.at_ms - book.since_ms)
        able = event.data["active"] or self._held_by_seller(line_id)
        book.since_ms = max(event.at_ms, start_ms) if able else None
        watch_flight(self._seller, line_id, end_ms)

    def _held_by_seller(self, package_id: str) -> bool:
        """True while the agent itself rests a media buy; that is not the buyer's doing."""
        buy = self._seller.package(package_id)[0]
        switches = [entry["actor"] for entry in buy.history if entry["action"] in ("paused", "resumed")]
        return buy.status == "paused" and switches[-1:] == [self._seller_id]

    def _book(self, package_id: str) -> _Book:
        return self._books.setdefault(package_id, _Book())

    def simulate(self, package_id: str, hour_ms: int, counts: dict[str, int]) -> None:
        """Add made-up counts to an hour that begins at ``hour_ms``; the market knows nothing of them."""
        self._book(package_id).add(hour_ms, counts)

    # -- the count ---------------------------------------------------------------------------------------

    def _counted(self, package_id: str) -> _Book:
        """The book of a package with every hour counted, up to this moment."""
        self._world.market.settle()
        book = self._book(package_id)
        while len(book.counted) < len(book.hours):
            at = len(book.counted)
            count = self._count(package_id, book, at)
            book.counted.append(count)
            book.spent_micros += count.full["spend_micros"]
        return book

    def _count(self, package_id: str, book: _Book, at: int) -> HourCount:
        config, delivered = self._seller.config, book.delivered[at]
        if not config.restates and not config.count_discrepancy:
            return HourCount(delivered, delivered, delivered)
        model = self._seller.package(package_id)[1].option.model
        rng = Random(self._world.streams.derive(self._seller_id, "count", package_id, book.hours[at]))
        return count_hour(delivered, model, book.budgets[at] - book.spent_micros, config, rng)

    def hours(self, package_id: str, start_ms: int, end_ms: int) -> Iterator[tuple[int, Counts]]:
        """The hours with delivery that begin in ``[start_ms, end_ms)``, in order, as the agent knows them now.

        The hour in which ``start_ms`` lies counts wholly.
        """
        book, now = self._counted(package_id), self._world.now
        known_ms, final_ms = self.known_until, now - self._seller.config.settling_ms
        first = bisect_left(book.hours, start_ms - start_ms % HOUR_MS)
        last = bisect_left(book.hours, end_ms)
        for hour_ms, count in zip(book.hours[first:last], book.counted[first:last], strict=True):
            over_ms = hour_ms + HOUR_MS
            if min(over_ms, now) > known_ms:
                return
            yield hour_ms, count.final if over_ms <= final_ms else count.provisional

    def between(self, package_id: str, start_ms: int, end_ms: int) -> Counts:
        """The sum over those hours."""
        total = Counter[str]()
        for _, counts in self.hours(package_id, start_ms, end_ms):
            total.update(counts)
        return total

    def counted(self, package_id: str) -> Counts:
        """Everything that was counted in full so far, whether it can be reported yet or not."""
        return sum((count.full for count in self._counted(package_id).counted), Counter[str]())

    def restated(self, package_ids: Iterable[str], start_ms: int, end_ms: int) -> bool:
        """True if an hour that begins in ``[start_ms, end_ms)`` is no longer as it was first reported."""
        for package_id in package_ids:
            book = self._counted(package_id)
            first, last = bisect_left(book.hours, start_ms), bisect_left(book.hours, end_ms)
            for hour_ms, count in zip(book.hours[first:last], book.counted[first:last], strict=True):
                if count.provisional != count.final and self.is_final(hour_ms + HOUR_MS):
                    return True
        return False

    def creatives(self, package_id: str) -> list[str]:
        """Every creative that was ever in rotation."""
        return list(self._book(package_id).creatives)

    # -- what is known -----------------------------------------------------------------------------------

    @property
    def known_until(self) -> int:
        """Up to when delivery can be reported, in ms: now, or with a delay the end of an hour."""
        delay_ms = self._seller.config.reporting_delay
        until_ms = self._world.now - delay_ms
        return until_ms - until_ms % HOUR_MS if delay_ms else until_ms

    def is_final(self, end_ms: int) -> bool:
        """True if nothing earlier than ``end_ms`` will be counted otherwise any more."""
        return end_ms + self._seller.config.settling_ms <= self._world.now

    def active_share(self, package_id: str, start_ms: int, end_ms: int) -> float:
        """The part of a flight so far that the buyer let the line serve: had creatives, and did not pause."""
        book, until_ms = self._book(package_id), min(self._world.now, end_ms)
        running_ms = 0 if book.since_ms is None else max(0, until_ms - book.since_ms)
        length_ms = until_ms - start_ms
        return min(1.0, (book.active_ms + running_ms) / length_ms) if length_ms > 0 else 0.0
