"""What the reference engine keeps: a line and what it has done, budget groups, people."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf
from typing import NamedTuple

from sandbox.core.rng import derive
from sandbox.delivery.accrual import Accrual
from sandbox.delivery.days import local_day
from sandbox.delivery.hashing import mix, unit
from sandbox.delivery.model import Line, Placement, Population, Totals
from sandbox.delivery.people import activity
from sandbox.delivery.reference_rules import ACCEPT, PERSON, Plan, alias_table

Identity = int | tuple[str, int]
"""Whom a publisher knows a person as: the person, or somebody of its own."""


class Opportunity(NamedTuple):
    at_ms: int
    placement: int
    number: int
    key: int


@dataclass
class Account:
    """A line and what it has done."""

    line: Line
    totals: Totals = field(default_factory=Totals)
    debt: Fraction = Fraction(0)
    by_day: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    plan: Plan | None = None
    stop_ms: int = 0
    accrual: Accrual | None = None
    spent_out: bool = False
    """The budget of a flat-rate line is used up before its time."""
    told: bool = False
    memory: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    seen: dict[Identity, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Instants by identity."""

    @property
    def committed(self) -> int:
        """What is spent, with the charges for conversions to come."""
        return self.totals.spend_micros + self.coming

    coming: int = 0


@dataclass
class Group:
    total_micros: int | None = None
    daily_cap_micros: int | None = None
    timezone: str = "UTC"
    spent: int = 0
    by_day: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def room(self, at_ms: int) -> float:
        day = local_day(at_ms, self.timezone)[0]
        total = inf if self.total_micros is None else self.total_micros - self.spent
        daily = inf if self.daily_cap_micros is None else self.daily_cap_micros - self.by_day[day]
        return min(total, daily)

    def add(self, micros: int, at_ms: int) -> None:
        self.spent += micros
        self.by_day[local_day(at_ms, self.timezone)[0]] += micros


class People:
    """Who comes, and whom a publisher knows them as."""

    def __init__(self, seed: int, population: Population) -> None:
        self._seed, self._population = seed, population
        self._weights = activity(seed, population)
        self._audiences: dict[tuple[str, float], list[tuple[float, int, int]]] = {}

    def person(self, key: int, placement: Placement) -> int:
        bits, table = mix(key, PERSON), self._audience(placement)
        accept, own, other = table[int(unit(bits) * len(table))]
        return own if unit(mix(bits, ACCEPT)) < accept else other

    def _audience(self, placement: Placement) -> list[tuple[float, int, int]]:
        """Walker's table of the people that a publisher ever sees."""
        name = placement.publisher_id, placement.audience
        if name not in self._audiences:
            everybody = range(self._population.users)
            luck = [unit(mix(derive(self._seed, "audience", placement.publisher_id), n)) for n in everybody]
            inside = [n for n in everybody if placement.audience >= 1.0 or luck[n] < placement.audience]
            inside = inside or [luck.index(min(luck))]
            table = [(1.0, n) for n in range(len(inside))]
            if self._weights is not None:
                mine = self._weights[inside]
                table = alias_table(mine * (len(inside) / mine.sum()))
            made = [(accept, inside[n], inside[other]) for n, (accept, other) in enumerate(table)]
            self._audiences[name] = made
        return self._audiences[name]

    def identity(self, placement: Placement, who: int) -> Identity:
        luck = unit(mix(derive(self._seed, "match", placement.publisher_id), who))
        return who if luck < placement.match_rate else (placement.publisher_id, who)
