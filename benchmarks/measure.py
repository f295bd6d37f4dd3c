"""Measuring side by side: runs take turns, so that a machine that slows down slows both, and medians are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter
from typing import Any


@dataclass(slots=True, frozen=True)
class Row:
    """One figure next to its baseline. ``ratio`` is what the target is about."""

    suite: str
    case: str
    figure: float
    unit: str
    baseline: str = ""
    baseline_figure: float | None = None
    ratio: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """True if the target is met; None without one. Without a baseline the target is about the figure."""
        value = self.figure if self.ratio is None else self.ratio
        if self.at_least is None and self.at_most is None:
            return None
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    @property
    def target(self) -> str:
        """The target in words."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "" if self.at_most is None else f"<= {self.at_most:g}"

    def as_dict(self) -> dict[str, Any]:
        """The row for JSON."""
        return {**asdict(self), "met": self.met}


def timed(work: Callable[[], object]) -> float:
    """Seconds that a piece of work takes."""
    begun = perf_counter()
    work()
    return perf_counter() - begun


def take_turns(works: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """The seconds that each of the works reports, in ``rounds`` rounds; every other round goes backwards."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name in list(works)[:: -1 if number % 2 else 1]:
            found[name].append(works[name]())
    return found


def ratio_of(ours: list[float], theirs: list[float]) -> float:
    """How many times as fast we are: the median over rounds of their seconds by ours."""
    return median(b / a for a, b in zip(ours, theirs, strict=True))


def compare(
    suite: str,
    case: str,
    amount: int,
    unit: str,
    seconds: dict[str, list[float]],
    baseline: str,
    at_least: float | None = None,
) -> Row:
    """A row of rates: ``amount`` units in the seconds of ``ours``, next to those of a baseline."""
    ours, theirs = seconds["ours"], seconds[baseline]
    rates = amount / median(ours), amount / median(theirs)
    return Row(suite, case, rates[0], f"{unit}/s", baseline, rates[1], ratio_of(ours, theirs), at_least)
