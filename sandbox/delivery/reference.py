"""The engine once more in plain Python: slow, obvious, and the oracle of the tests.

It shares with the engine the model, the traffic counts of ``supply.py``, the pacing strategies and the
accrual of flat rates. Everything that is done in tables and compiled code there is done here from the model
itself: opportunities one by one, money as fractions, exposures as lists of instants, all lines each time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import inf
from typing import Any, NamedTuple

import numpy as np

from sandbox.core.time import DAY_MS, HOUR_MS
from sandbox.delivery.accrual import Accrual
from sandbox.delivery.exposures import Exposures
from sandbox.delivery.hashing import mix, unit
from sandbox.delivery.model import Cap, HourRow, Line, Placement, Population, Totals
from sandbox.delivery.pacing import PACING, Stretch
from sandbox.delivery.reference_rules import (
    ACCEPT,
    PERSON,
    ROTATION,
    TIME,
    Plan,
    alias_table,
    caps_allow,
    clearing_price,
    half_price,
    outcomes,
    planned,
    reached,
    suits,
    top_price,
    worth,
)
from sandbox.delivery.supply import Stream, activity


class _Opportunity(NamedTuple):
    at_ms: int
    placement: int
    number: int
    key: int


@dataclass
class _Account:
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
    seen: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Instants by user."""


@dataclass
class _Group:
    total_micros: int | None = None
    daily_cap_micros: int | None = None
    spent: int = 0
    by_day: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def room(self, day: int) -> float:
        total = inf if self.total_micros is None else self.total_micros - self.spent
        daily = inf if self.daily_cap_micros is None else self.daily_cap_micros - self.by_day[day]
        return min(total, daily)

    def add(self, micros: int, day: int) -> None:
        self.spent += micros
        self.by_day[day] += micros


class ReferenceEngine:
    """The interface of :class:`~sandbox.delivery.Engine`, as far as decisions go."""

    def __init__(self, seed: int, start_ms: int, population: Population, placements: Sequence[Placement] = ()) -> None:
        self.now_ms = start_ms
        self.opportunities = 0
        self._seed, self._population = seed, population
        self._streams: list[Stream] = []
        self._accounts: dict[str, _Account] = {}
        self._caps: dict[tuple[str, str], tuple[Cap, ...]] = {}
        self._groups: dict[str, _Group] = defaultdict(_Group)
        self._seen_creatives: dict[str, dict[int, list[int]]] = {}
        self._log: list[tuple[int, int, int, int, int]] = []
        self._pending: dict[tuple[int, str], HourRow] = {}
        self._begun_ms = -1
        self._aliases = alias_table(activity(seed, population))
        self.add_placements(placements)

    def add_placements(self, placements: Sequence[Placement]) -> None:
        """Add inventory; it has traffic from now on."""
        self._streams += [Stream(self._seed, placement, self.now_ms) for placement in placements]

    def add_line(self, line: Line, at_ms: int) -> None:
        """Add a line, in force from ``at_ms`` on."""
        self._go_to(at_ms)
        account = self._accounts[line.line_id] = _Account(line)
        if line.price.model == "flat_rate":
            account.accrual = Accrual.of(line.price.rate_micros, line.start_ms, line.end_ms, at_ms)
        self._changed(account)

    def change_line(self, line_id: str, at_ms: int, **fields: Any) -> None:
        """Change terms of a line from ``at_ms`` on."""
        self._go_to(at_ms)
        account = self._accounts[line_id]
        old, account.line = account.line, replace(account.line, **fields)
        if account.accrual:
            self._give_back(account, old)
            more = account.line.price.rate_micros - old.price.rate_micros
            account.accrual.change(at_ms, more, account.line.start_ms, account.line.end_ms)
        if account.line.price.model != old.price.model:
            account.debt = Fraction(0)
        self._changed(account)

    def set_caps(self, level: str, entity_id: str, caps: Sequence[Cap], at_ms: int) -> None:
        """Replace all frequency caps of an entity."""
        self._go_to(at_ms)
        self._caps[level, entity_id] = tuple(caps)

    def set_budget_group(
        self, group_id: str, total_micros: int | None, daily_cap_micros: int | None, at_ms: int
    ) -> None:
        """Limit what the lines of a group spend together."""
        self._go_to(at_ms)
        group = self._groups[group_id]
        group.total_micros, group.daily_cap_micros = total_micros, daily_cap_micros
        for account in self._accounts.values():
            if account.accrual and group_id in account.line.group_ids:
                self._plan(account)

    def _changed(self, account: _Account) -> None:
        account.told = account.spent_out = False
        for creative in account.line.creatives:
            self._seen_creatives.setdefault(creative.creative_id, defaultdict(list))
        self._plan(account)

    # -- time --------------------------------------------------------------------------------------------

    def advance(self, to_ms: int) -> None:
        """Decide every opportunity earlier than ``to_ms``."""
        while self.now_ms < to_ms:
            hour_ms = self._begin_hour()
            until_ms = min(to_ms, hour_ms + HOUR_MS)
            for one in self._hour(hour_ms):
                if self.now_ms <= one.at_ms < until_ms:
                    self.opportunities += 1
                    self._decide(one)
            for account in self._accounts.values():
                if account.accrual:
                    self._charge(account, account.accrual.charge(until_ms), hour_ms)
            self.now_ms = until_ms

    def _go_to(self, at_ms: int) -> None:
        self.advance(at_ms)
        self._begin_hour()

    def _begin_hour(self) -> int:
        hour_ms = self.now_ms - self.now_ms % HOUR_MS
        if self._begun_ms != hour_ms:
            self._begun_ms = hour_ms
            for account in self._accounts.values():
                self._plan(account)
        return hour_ms

    def _hour(self, hour_ms: int) -> list[_Opportunity]:
        found = []
        for placement, stream in enumerate(self._streams):
            for number in range(stream.count(hour_ms)):
                key = mix(stream.key(hour_ms), number)
                at_ms = hour_ms + int(unit(mix(key, TIME)) * HOUR_MS)
                if stream.from_ms <= at_ms < stream.until_ms:
                    found.append(_Opportunity(at_ms, placement, number, key))
        return sorted(found)

    # -- pacing ------------------------------------------------------------------------------------------

    def _plan(self, account: _Account) -> None:
        line, old = account.line, account.plan
        from_ms = max(self.now_ms, line.start_ms)
        to_ms = min(self.now_ms - self.now_ms % HOUR_MS + HOUR_MS, line.end_ms)
        account.stop_ms = line.end_ms
        if account.accrual:
            self._give_back(account, line)
            self._set_aside(account, from_ms, to_ms)
        able = line.active and any(creative.weight for creative in line.creatives)
        if not able or from_ms >= to_ms:
            return
        strategy, day_end_ms = PACING.get(line.pacing), (from_ms // DAY_MS + 1) * DAY_MS
        flight = from_ms, to_ms, line.start_ms, line.end_ms
        money = goal = (inf, inf)
        if not account.accrual:
            spent = account.totals.spend_micros
            cap = line.daily_cap_micros
            left = None if cap is None else cap - account.by_day[from_ms // DAY_MS]
            due = planned(old, old.money, from_ms, spent) if old else spent
            price = 2.0 * half_price(line, self._population.users)
            money = strategy(Stretch(*flight, line.budget_micros, spent, due, price, day_end_ms, left))
        if line.impressions_goal is not None:
            shown = account.totals.impressions
            due = planned(old, old.goal, from_ms, shown) if old else shown
            goal = strategy(Stretch(*flight, line.impressions_goal, shown, due, 1.0, day_end_ms))
        account.plan = Plan(from_ms, to_ms, money, goal)

    def _give_back(self, account: _Account, line: Line) -> None:
        assert account.accrual is not None
        unused = account.accrual.close()
        for name in line.group_ids:
            self._groups[name].add(-unused, self.now_ms // DAY_MS)

    def _set_aside(self, account: _Account, from_ms: int, to_ms: int) -> None:
        line, day, accrual = account.line, self.now_ms // DAY_MS, account.accrual
        assert accrual is not None
        rooms = [float(line.budget_micros - account.totals.spend_micros)]
        rooms += [self._groups[name].room(day) for name in line.group_ids]
        if line.daily_cap_micros is not None:
            rooms.append(line.daily_cap_micros - account.by_day[day])
        account.stop_ms = accrual.open(from_ms, to_ms, int(min(rooms)) if line.active else 0)
        account.spent_out |= from_ms < to_ms and account.totals.spend_micros >= line.budget_micros
        for name in line.group_ids:
            self._groups[name].add(accrual.granted_micros, day)

    def _due_ms(self, account: _Account) -> float:
        """When the plan wants the next impression."""
        plan, start_ms = account.plan, account.line.start_ms
        if plan is None:
            return inf
        half = half_price(account.line, self._population.users)
        spent, shown = account.totals.spend_micros, account.totals.impressions
        money = reached(plan, plan.money, spent + half, start_ms)
        return max(start_ms, money, reached(plan, plan.goal, shown + 0.5, start_ms))

    # -- decisions ---------------------------------------------------------------------------------------

    def _decide(self, one: _Opportunity) -> None:
        placement = self._streams[one.placement].placement
        who = self._person(one.key, placement)

        def order(account: _Account) -> tuple[int, int, float]:
            return account.line.priority, -worth(account.line), self._due_ms(account)

        for account in sorted(self._accounts.values(), key=order):
            price = self._offer(account, placement, one)
            creative = None if price is None else self._creative(account, one, who)
            if price is not None and creative is not None:
                self._show(account, placement, one, who, price, creative)
                return

    def _offer(self, account: _Account, placement: Placement, one: _Opportunity) -> Fraction | None:
        """The price for which a line takes an opportunity, or None."""
        line, day = account.line, one.at_ms // DAY_MS
        due_ms = self._due_ms(account)
        able = line.active and any(creative.weight for creative in line.creatives)
        if not able or not max(line.start_ms, due_ms) <= one.at_ms < account.stop_ms or self._full(account):
            return None
        if placement.placement_id not in line.placement_ids or not suits(line, placement, one.key):
            return None
        top = top_price(line, self._population.users)
        dearest = int(account.debt + top)
        cap = line.daily_cap_micros
        if not account.accrual and cap is not None and account.by_day[day] + dearest > cap:
            return None
        if any(dearest > self._groups[name].room(day) for name in line.group_ids):
            return None
        if line.price.fixed or account.accrual:
            return top
        clearing = clearing_price(placement, one.key)
        if worth(line) < clearing:
            return None
        return Fraction(clearing, 1000) if line.price.model in ("cpm", "vcpm") else top

    def _full(self, account: _Account) -> bool:
        line, totals = account.line, account.totals
        if line.impressions_goal is not None and totals.impressions >= line.impressions_goal:
            return True
        dearest = int(account.debt + top_price(line, self._population.users))
        return account.spent_out or totals.spend_micros + dearest > line.budget_micros

    def _creative(self, account: _Account, one: _Opportunity, who: int) -> str | None:
        """The creative to show, if no cap stops the line, and one creative at least is free."""
        line = account.line
        for level in ("line_id", "media_buy_id", "campaign_id", "advertiser_id"):
            entity = getattr(line, level)
            caps = self._caps.get(("package" if level == "line_id" else level[:-3], entity), ())
            same = [x for x in self._accounts.values() if getattr(x.line, level) == entity]
            if not caps_allow(caps, [t for x in same for t in x.seen.get(who, ())], one.at_ms):
                return None
        free = []
        for creative in line.creatives:
            seen = self._seen_creatives[creative.creative_id].get(who, [])
            if caps_allow(self._caps.get(("creative", creative.creative_id), ()), seen, one.at_ms):
                free.append(creative)
        left = int(unit(mix(one.key, ROTATION)) * sum(creative.weight for creative in free))
        for creative in free:
            left -= creative.weight
            if left < 0:
                return creative.creative_id
        return None

    def _show(
        self, account: _Account, placement: Placement, one: _Opportunity, who: int, price: Fraction, creative: str
    ) -> None:
        line, totals = account.line, account.totals
        outcome = outcomes(line, placement, one.key)
        billed = {"cpm": True, "cpp": True, "flat_rate": False} | outcome
        account.debt += price if billed[line.price.model] else 0
        charge = int(account.debt)
        account.debt -= charge
        row = self._row(one.at_ms, line)
        for counted in (totals, row):
            counted.impressions += 1
            counted.viewable += outcome["vcpm"]
            counted.clicks += outcome["cpc"]
            counted.views += outcome["cpv"]
            counted.completed_views += outcome["cpcv"]
            counted.conversions += outcome["cpa"]
        self._charge(account, charge, one.at_ms)
        for name in line.group_ids:
            self._groups[name].add(charge, one.at_ms // DAY_MS)
        account.seen[who].append(one.at_ms)
        self._seen_creatives[creative][who].append(one.at_ms)
        number = list(self._accounts).index(line.line_id)
        shown = list(self._seen_creatives).index(creative)
        self._log.append((one.at_ms, who, number, shown, charge))

    def _charge(self, account: _Account, charge: int, at_ms: int) -> None:
        account.totals.spend_micros += charge
        account.by_day[at_ms // DAY_MS] += charge
        if charge:
            self._row(at_ms, account.line).spend_micros += charge

    def _row(self, at_ms: int, line: Line) -> HourRow:
        hour_ms = at_ms - at_ms % HOUR_MS
        return self._pending.setdefault((hour_ms, line.line_id), HourRow(line_id=line.line_id, hour_ms=hour_ms))

    def _person(self, key: int, placement: Placement) -> int:
        users, audience_key = self._population.users, Stream(self._seed, placement, 0).audience_key

        def draws() -> Iterator[int]:
            who = 0
            for attempt in range(1024):
                bits = mix(key, PERSON + 256 * attempt)
                who = int(unit(bits) * users)
                accept, alias = self._aliases[who] if self._aliases else (1.0, who)
                who = who if unit(mix(bits, ACCEPT)) < accept else alias
                yield who
            for _ in range(users):
                who = (who + 1) % users
                yield who

        who = 0
        for who in draws():
            if placement.audience >= 1.0 or unit(mix(audience_key, who)) < placement.audience:
                break
        return who

    # -- what happened -----------------------------------------------------------------------------------

    def take_rows(self, flush: bool = False) -> list[HourRow]:
        """Hours that are over (with ``flush``: and the present one), in order of time and of lines."""
        numbers = list(self._accounts)
        keys = [key for key in self._pending if flush or key[0] + HOUR_MS <= self.now_ms]
        return [self._pending.pop(key) for key in sorted(keys, key=lambda k: (k[0], numbers.index(k[1])))]

    def totals(self, line_id: str) -> Totals:
        """What a line has delivered so far."""
        return replace(self._accounts[line_id].totals)

    def exhausted(self) -> list[str]:
        """Lines that can buy no further impression, each told once until its terms change."""
        found = [name for name, account in self._accounts.items() if self._full(account) and not account.told]
        for name in found:
            self._accounts[name].told = True
        return found

    def exposures(self) -> Exposures:
        """Every impression so far, in order of time."""
        columns = zip(*self._log, strict=True) if self._log else [()] * 5
        return Exposures(*(np.array(column, np.int64) for column in columns))  # type: ignore[arg-type]
