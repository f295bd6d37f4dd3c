"""The seller's books of delivery: what every package delivered in every hour, as the market reports it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sandbox.core.time import HOUR_MS, parse_instant

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event
    from sandbox.kernel.world import World


class Ledger:
    """Hourly rows of one sales agent's packages, written down as the market decides them."""

    def __init__(self, world: World, seller_id: str) -> None:
        self._world = world
        self._seller_id = seller_id
        self._rows: dict[str, dict[int, Counter[str]]] = {}
        world.trace.listen(self._on_event)

    def _on_event(self, event: Event) -> None:
        if event.kind != "delivery" or event.actor != self._seller_id:
            return
        counts = {name: value for name, value in event.data.items() if name not in ("line_id", "hour")}
        hours = self._rows.setdefault(event.data["line_id"], {})
        hours.setdefault(parse_instant(event.data["hour"]), Counter()).update(counts)

    def hours(self, package_id: str, start_ms: int, end_ms: int) -> Iterator[tuple[int, Counter[str]]]:
        """The hours with delivery that begin in ``[start_ms, end_ms)``, in order, up to this moment.

        The hour in which ``start_ms`` lies counts wholly.
        """
        self._world.market.settle()
        first_ms = start_ms - start_ms % HOUR_MS
        for hour_ms, counts in self._rows.get(package_id, {}).items():
            if first_ms <= hour_ms < end_ms:
                yield hour_ms, counts

    def between(self, package_id: str, start_ms: int, end_ms: int) -> Counter[str]:
        """The sum over those hours."""
        total = Counter[str]()
        for _, counts in self.hours(package_id, start_ms, end_ms):
            total.update(counts)
        return total
