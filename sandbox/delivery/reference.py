"""The engine once more in plain Python: slow, obvious, and the oracle of the tests.

It shares with the engine the model, the traffic counts of ``supply.py``, the pacing strategies and the
accrual of flat rates. Everything that is done in tables and compiled code there is done here from the model
itself: opportunities one by one, money as fractions, exposures as lists of instants, all lines each time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import inf
from typing import Any

import numpy as np

from sandbox.core.time import HOUR_MS
from sandbox.delivery.accrual import Accrual
from sandbox.delivery.days import local_day
from sandbox.delivery.exposures import Exposures
from sandbox.delivery.hashing import mix, unit
from sandbox.delivery.model import Cap, HourRow, Line, Placement, Population, Totals
from sandbox.delivery.pacing import NOTHING, PACING, Stretch
from sandbox.delivery.reference_books import Account, Group, Identity, Opportunity, People
from sandbox.delivery.reference_rules import (
    BILLED,
    PARTICIPATION,
    ROTATION,
    TIME,
    Plan,
    area,
    caps_allow,
    clearing_price,
    delay_ms,
    device,
    half_price,
    outcomes,
    planned,
    reached,
    suits,
    top_price,
    value_micros,
    worth,
)
from sandbox.delivery.supply import Stream
from sandbox.delivery.tables import TICK_MS


class ReferenceEngine:
    """The interface of :class:`~sandbox.delivery.Engine`, as far as decisions go."""

    def __init__(self, seed: int, start_ms: int, population: Population, placements: Sequence[Placement] = ()) -> None:
        self.now_ms = start_ms
        self.opportunities = 0
        self._seed, self._population = seed, population
        self._streams: list[Stream] = []
        self._accounts: dict[str, Account] = {}
        self._caps: dict[tuple[str, str], tuple[Cap, ...]] = {}
        self._groups: dict[str, Group] = defaultdict(Group)
        self._seen_creatives: dict[str, dict[Identity, list[int]]] = {}
        self._log: list[tuple[int, ...]] = []
        self._coming: list[tuple[int, int, Account, int, int]] = []
        self._areas: dict[str, int] = {}
        self._devices: dict[str, int] = {}
        self._pending: dict[tuple[int, str], HourRow] = {}
        self._begun_ms = -1
        self._zones = {"UTC": local_day(start_ms, "UTC")[1]}
        self._people = People(seed, population)
        self.add_placements(placements)

    def add_placements(self, placements: Sequence[Placement]) -> None:
        """Add inventory; it has traffic from now on."""
        for placement in placements:
            for numbers, names in ((self._areas, placement.countries), (self._devices, placement.devices)):
                for name in names:
                    numbers.setdefault(name, len(numbers))
        self._streams += [Stream(self._seed, placement, self.now_ms) for placement in placements]

    def add_line(self, line: Line, at_ms: int) -> None:
        """Add a line, in force from ``at_ms`` on."""
        self._go_to(at_ms)
        account = self._accounts[line.line_id] = Account(line)
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
        if account.line.timezone != old.timezone:
            account.by_day = defaultdict(int)
        if account.line.price.model != old.price.model:
            account.debt = Fraction(0)
        self._changed(account)

    def set_caps(self, level: str, entity_id: str, caps: Sequence[Cap], at_ms: int) -> None:
        """Replace all frequency caps of an entity."""
        self._go_to(at_ms)
        self._caps[level, entity_id] = tuple(caps)

    def set_budget_group(
        self,
        group_id: str,
        total_micros: int | None,
        daily_cap_micros: int | None,
        at_ms: int,
        timezone: str = "UTC",
    ) -> None:
        """Limit what the lines of a group spend together."""
        self._zones.setdefault(timezone, local_day(self.now_ms, timezone)[1])
        self._go_to(at_ms)
        group = self._groups[group_id]
        if group.timezone != timezone:
            group.timezone, group.by_day = timezone, defaultdict(int)
        group.total_micros, group.daily_cap_micros = total_micros, daily_cap_micros
        for account in self._accounts.values():
            if account.accrual and group_id in account.line.group_ids:
                self._plan(account)

    def _changed(self, account: Account) -> None:
        account.told = account.spent_out = False
        timezone = account.line.timezone
        self._zones.setdefault(timezone, local_day(self.now_ms, timezone)[1])
        for creative in account.line.creatives:
            self._seen_creatives.setdefault(creative.creative_id, defaultdict(list))
        self._plan(account)

    # -- time --------------------------------------------------------------------------------------------

    def advance(self, to_ms: int) -> None:
        """Decide every opportunity earlier than ``to_ms``."""
        while self.now_ms < to_ms:
            hour_ms = self._begin_hour()
            until_ms = min(to_ms, hour_ms + HOUR_MS, *self._zones.values())
            for one in self._hour(hour_ms):
                if self.now_ms <= one.at_ms < until_ms:
                    self.opportunities += 1
                    self._decide(one)
            for account in self._accounts.values():
                if account.accrual:
                    self._charge(account, account.accrual.charge(until_ms), hour_ms)
            self._convert(until_ms)
            self.now_ms = until_ms

    def _convert(self, until_ms: int) -> None:
        """Let the conversions happen that come before an instant."""
        happening = sorted(one for one in self._coming if one[0] < until_ms)
        self._coming = [one for one in self._coming if one[0] >= until_ms]
        for at_ms, _, account, value, charge in happening:
            account.coming -= charge
            for counted in (account.totals, self._row(at_ms, account.line)):
                counted.conversions += 1
                counted.conversion_value_micros += value
                counted.spend_micros += charge

    def _go_to(self, at_ms: int) -> None:
        self.advance(at_ms)
        self._begin_hour()

    def _begin_hour(self) -> int:
        hour_ms = self.now_ms - self.now_ms % HOUR_MS
        turned = [zone for zone, end_ms in self._zones.items() if end_ms <= self.now_ms]
        for zone in turned:
            self._zones[zone] = local_day(self.now_ms, zone)[1]
        for account in self._accounts.values():
            mine = account.line.timezone in turned or (turned and account.accrual)
            if self._begun_ms != hour_ms or mine:
                self._plan(account)
        self._begun_ms = hour_ms
        return hour_ms

    def _hour(self, hour_ms: int) -> list[Opportunity]:
        found = []
        for placement, stream in enumerate(self._streams):
            for number in range(stream.count(hour_ms)):
                key = mix(stream.key(hour_ms), number)
                at_ms = hour_ms + int(unit(mix(key, TIME)) * (HOUR_MS // TICK_MS)) * TICK_MS
                if stream.from_ms <= at_ms < stream.until_ms:
                    found.append(Opportunity(at_ms, placement, number, key))
        return sorted(found)

    # -- pacing ------------------------------------------------------------------------------------------

    def _plan(self, account: Account) -> None:
        line, old = account.line, account.plan
        from_ms = max(self.now_ms, line.start_ms)
        hour_end_ms = self.now_ms - self.now_ms % HOUR_MS + HOUR_MS
        account.stop_ms = line.end_ms
        if account.accrual:
            self._give_back(account, line)
            self._set_aside(account, from_ms, min(hour_end_ms, line.end_ms, *self._zones.values()))
        day_ms, day_end_ms = local_day(self.now_ms, line.timezone)
        to_ms = min(hour_end_ms, day_end_ms, line.end_ms)
        able = line.active and any(creative.weight for creative in line.creatives)
        if not able or from_ms >= to_ms:
            return
        strategy = PACING.get(line.pacing)
        flight = from_ms, to_ms, line.start_ms, line.end_ms
        money = goal = NOTHING
        if not account.accrual:
            spent, cap = account.committed, line.daily_cap_micros
            left = None if cap is None else cap - account.by_day[day_ms]
            due = planned(old, old.money, from_ms, spent) if old else spent
            price = 2.0 * half_price(line, self._population.users)
            memory = account.memory["money"]
            money = strategy(Stretch(*flight, line.budget_micros, spent, due, price, day_end_ms, left, memory))
        if line.impressions_goal is not None:
            shown = account.totals.impressions
            due = planned(old, old.goal, from_ms, shown) if old else shown
            memory = account.memory["goal"]
            goal = strategy(Stretch(*flight, line.impressions_goal, shown, due, 1.0, day_end_ms, None, memory))
        account.plan = Plan(from_ms, to_ms, money, goal)

    def _give_back(self, account: Account, line: Line) -> None:
        assert account.accrual is not None
        unused = account.accrual.close()
        for name in line.group_ids:
            self._groups[name].add(-unused, self.now_ms)

    def _set_aside(self, account: Account, from_ms: int, to_ms: int) -> None:
        line, now_ms, accrual = account.line, self.now_ms, account.accrual
        assert accrual is not None
        rooms = [float(line.budget_micros - account.totals.spend_micros)]
        rooms += [self._groups[name].room(now_ms) for name in line.group_ids]
        if line.daily_cap_micros is not None:
            rooms.append(line.daily_cap_micros - account.by_day[local_day(now_ms, line.timezone)[0]])
        account.stop_ms = accrual.open(from_ms, to_ms, int(min(rooms)) if line.active else 0)
        account.spent_out |= from_ms < to_ms and account.totals.spend_micros >= line.budget_micros
        for name in line.group_ids:
            self._groups[name].add(accrual.granted_micros, now_ms)

    def _due_ms(self, account: Account) -> float:
        """When the plan wants the next impression."""
        plan, start_ms = account.plan, account.line.start_ms
        if plan is None:
            return inf
        half = half_price(account.line, self._population.users)
        spent, shown = account.committed, account.totals.impressions
        money = reached(plan, plan.money, spent + half, start_ms)
        return max(start_ms, money, reached(plan, plan.goal, shown + 0.5, start_ms))

    # -- decisions ---------------------------------------------------------------------------------------

    def _decide(self, one: Opportunity) -> None:
        placement = self._streams[one.placement].placement
        who = self._people.person(one.key, placement)

        def order(account: Account) -> tuple[int, int, float]:
            return account.line.priority, -worth(account.line), self._due_ms(account)

        for account in sorted(self._accounts.values(), key=order):
            price = self._offer(account, placement, one, who)
            creative = None if price is None else self._creative(account, one, self._people.identity(placement, who))
            if price is not None and creative is not None:
                self._show(account, one, who, price, creative)
                return

    def _offer(self, account: Account, placement: Placement, one: Opportunity, who: int) -> Fraction | None:
        """The price for which a line takes an opportunity, or None."""
        line, plan = account.line, account.plan
        due_ms = self._due_ms(account)
        able = line.active and any(creative.weight for creative in line.creatives)
        if not able or not max(line.start_ms, due_ms) <= one.at_ms < account.stop_ms or self._full(account):
            return None
        if placement.placement_id not in line.placement_ids:
            return None
        if not suits(line, placement, one.key, who, self._population, self._seed):
            return None
        number = list(self._accounts).index(line.line_id)
        if plan is None or unit(mix(one.key, PARTICIPATION + 256 * number)) >= plan.participation:
            return None
        top = top_price(line, self._population.users)
        dearest = int(account.debt + top)
        cap = line.daily_cap_micros
        today = account.by_day[local_day(one.at_ms, line.timezone)[0]]
        if not account.accrual and cap is not None and today + dearest > cap:
            return None
        if any(dearest > self._groups[name].room(one.at_ms) for name in line.group_ids):
            return None
        if line.price.fixed or account.accrual:
            return top
        price, offer = clearing_price(placement, one.key), int(worth(line) * plan.bid_factor)
        if line.price.bid_micros is not None:
            price = max(price, line.price.rate_micros)
        if offer < price:
            return None
        paid = offer if placement.first_price else price
        return Fraction(paid, 1000) if line.price.model in ("cpm", "vcpm") else top

    def _full(self, account: Account) -> bool:
        line, totals = account.line, account.totals
        if line.impressions_goal is not None and totals.impressions >= line.impressions_goal:
            return True
        dearest = int(account.debt + top_price(line, self._population.users))
        return account.spent_out or account.committed + dearest > line.budget_micros

    def _creative(self, account: Account, one: Opportunity, who: Identity) -> str | None:
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

    def _show(self, account: Account, one: Opportunity, who: int, price: Fraction, creative: str) -> None:
        line, placement = account.line, self._streams[one.placement].placement
        outcome, model = outcomes(line, placement, one.key), line.price.model
        account.debt += price if model in ("cpm", "cpp") or outcome.get(BILLED.get(model, ""), False) else 0
        charge = int(account.debt)
        account.debt -= charge
        for counted in (account.totals, self._row(one.at_ms, line)):
            counted.impressions += 1
            for name, came in outcome.items():
                if came and name != "conversions":
                    setattr(counted, name, getattr(counted, name) + 1)
        later = charge if model == "cpa" else 0
        self._charge(account, charge - later, one.at_ms)
        account.by_day[local_day(one.at_ms, line.timezone)[0]] += later
        account.coming += later
        if outcome["conversions"]:
            at_ms, value = one.at_ms + delay_ms(line, one.key), value_micros(line, one.key)
            self._coming.append((at_ms, len(self._log), account, value, later))
        for name in line.group_ids:
            self._groups[name].add(charge, one.at_ms)
        identity = self._people.identity(placement, who)
        account.seen[identity].append(one.at_ms)
        self._seen_creatives[creative][identity].append(one.at_ms)
        number = list(self._accounts).index(line.line_id)
        shown = list(self._seen_creatives).index(creative)
        where = self._areas[area(placement, one.key)], self._devices[device(placement, one.key)]
        bits = sum(1 << bit for bit, came in enumerate(outcome.values()) if came)
        self._log.append((one.at_ms, who, number, shown, one.placement, *where, bits, charge))

    def _charge(self, account: Account, charge: int, at_ms: int) -> None:
        account.totals.spend_micros += charge
        account.by_day[local_day(at_ms, account.line.timezone)[0]] += charge
        if charge:
            self._row(at_ms, account.line).spend_micros += charge

    def _row(self, at_ms: int, line: Line) -> HourRow:
        hour_ms = at_ms - at_ms % HOUR_MS
        return self._pending.setdefault((hour_ms, line.line_id), HourRow(line_id=line.line_id, hour_ms=hour_ms))

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
        columns = zip(*self._log, strict=True) if self._log else [()] * 9
        return Exposures(*(np.array(column, np.int64) for column in columns))  # type: ignore[arg-type]
