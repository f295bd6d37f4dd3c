"""The worlds that are measured: lines that buy four opportunities in ten, under four frequency caps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from types import ModuleType
from typing import Any

from sandbox.core.time import DAY_MS, HOUR_MS, WEEK_MS, parse_instant
from sandbox.delivery import Cap, CreativeWeight, Engine, Line, Placement, Population, Price, loop, traffic
from sandbox.delivery.reference import ReferenceEngine

START_MS = parse_instant("2026-05-04")
DAYS = 60
DAILY = 333_334
"""Opportunities a day: 20 million in 60 days."""
CPM = Price("cpm", 12_500_000)
PACKAGE_CAPS = (Cap(3, DAY_MS),)
CAMPAIGN_CAPS = (Cap(10, 3 * DAY_MS), Cap(20, WEEK_MS))
ADVERTISER_CAPS = (Cap(5, DAY_MS),)

Prepare = Callable[..., Callable[[], tuple[int, int]]]
"""Takes the arguments of :func:`sandbox.delivery.loop.decide` and gives a call that does its work."""


def placements_of(count: int, daily: int = DAILY) -> list[Placement]:
    """As many placements of one publisher each; ``daily`` opportunities on all of them together."""
    return [
        Placement(f"place-{n}", f"publisher-{n}", f"site-{n}.example", "display", daily // count) for n in range(count)
    ]


def line_of(number: int, lines: int, daily: int = DAILY, days: int = DAYS) -> Line:
    """Line ``number`` of ``lines`` that share all placements evenly and buy 40 % of what comes."""
    budget_micros = daily * days * 2 // 5 * CPM.rate_micros // 1000 // lines
    return Line(
        f"line-{number}",
        f"buy-{number}",
        "seller",
        tuple(placement.placement_id for placement in placements_of(lines)),
        START_MS,
        START_MS + days * DAY_MS,
        budget_micros,
        CPM,
        campaign_id="campaign",
        advertiser_id="brand",
        creatives=(CreativeWeight(f"creative-{number}"),),
    )


def make_engine(
    lines: int, users: int, daily: int = DAILY, days: int = DAYS, kind: type[Any] = Engine, shape: float | None = None
) -> Any:
    """An engine (or a :class:`ReferenceEngine`, by ``kind``) with ``lines`` lines on as many placements.

    Each person may see a line 3 times a day, the campaign 10 times in three days and 20 times a week, and the
    advertiser 5 times a day; ``shape`` is that of gamma-distributed activity.
    """
    engine = kind(1, START_MS, Population(users, shape), placements_of(lines, daily))
    engine.set_caps("campaign", "campaign", CAMPAIGN_CAPS, START_MS)
    engine.set_caps("advertiser", "brand", ADVERTISER_CAPS, START_MS)
    for n in range(lines):
        engine.add_line(line_of(n, lines, daily, days), START_MS)
        engine.set_caps("package", f"line-{n}", PACKAGE_CAPS, START_MS)
    return engine


def make_reference(lines: int, users: int, daily: int) -> ReferenceEngine:
    """The same world in plain Python."""
    made: ReferenceEngine = make_engine(lines, users, daily, kind=ReferenceEngine)
    return made


class Meter:
    """Seconds spent in the compiled functions, opportunities that came to them, and memory of the caps."""

    def __init__(self) -> None:
        self.decide_s = self.traffic_s = 0.0
        self.opportunities = self.ring_bytes = 0

    @property
    def kernel_s(self) -> float:
        """Seconds of the kernel: making opportunities and deciding them."""
        return self.decide_s + self.traffic_s


@contextmanager
def metered(prepare: Prepare | None = None) -> Iterator[Meter]:
    """Measure the kernel of all engines that work meanwhile; ``prepare`` puts another one in the place of deciding.

    What another one needs to get ready is not measured; the engine's own begins before its arguments are looked at.
    """
    meter, own_decide, own_traffic = Meter(), loop.decide, traffic.traffic

    def timed_decide(*arguments: Any) -> Any:
        work = partial(own_decide, *arguments) if prepare is None else prepare(*arguments)
        begun = perf_counter()
        result = work()
        meter.decide_s += perf_counter() - begun
        meter.ring_bytes = arguments[7].cells.nbytes
        meter.opportunities += arguments[4] - arguments[3]
        return result

    def timed_traffic(*arguments: Any) -> Any:
        begun = perf_counter()
        result = own_traffic(*arguments)
        meter.traffic_s += perf_counter() - begun
        return result

    with replaced(loop, "decide", timed_decide), replaced(traffic, "traffic", timed_traffic):
        yield meter


@contextmanager
def replaced(module: ModuleType, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """Put another function in the place of a compiled one for a while; the engine looks them up at each call."""
    own = getattr(module, name)
    setattr(module, name, function)
    try:
        yield
    finally:
        setattr(module, name, own)


def arguments_of(module: ModuleType, name: str, work: Callable[[], object]) -> tuple[Any, ...]:
    """What a compiled function is called with last in a piece of work."""
    own = getattr(module, name)
    seen: list[Any] = []

    def look(*arguments: Any) -> Any:
        seen[:] = arguments
        return own(*arguments)

    with replaced(module, name, look):
        work()
    return tuple(seen)


def warm_up() -> None:
    """Compile the kernel, or load what was compiled."""
    make_engine(1, 100).advance(START_MS + HOUR_MS)
    make_engine(1, 100, shape=1.0).advance(START_MS + HOUR_MS)
