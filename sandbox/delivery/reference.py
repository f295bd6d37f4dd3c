"""The engine once more in plain Python: slow, obvious, and the oracle of the tests.

It decides the same opportunities as ``loop.py`` by the same rules, but remembers exposures as lists of
instants, looks at all lines each time, and uses Python's integers.
"""

from __future__ import annotations

from collections import defaultdict
from math import ceil, cos, exp, log, pi, sqrt
from typing import Any

from sandbox.delivery.engine import Decide, Engine
from sandbox.delivery.hashing import py_mix, py_unit
from sandbox.delivery.model import Cap, Line, Placement

_MARKET_A, _MARKET_B, _VIEWABLE, _CLICK, _VIEW, _COMPLETION, _CONVERSION, _ROTATION = range(16, 24)


class ReferenceEngine(Engine):
    """An :class:`Engine` whose decisions are made in plain Python."""

    def _loop(self) -> Decide:
        return self._decide_plainly

    def _decide_plainly(self, *tables: Any) -> int:
        time_ms, user, placement, country, device, key = tables[:6]
        out = tables[-5:]
        names = {kind: list(codes) for kind, codes in self._codes.items()}
        seen = self._history()
        served = 0
        for i in range(len(time_ms)):
            where = self._streams[int(placement[i])].placement
            at = int(time_ms[i]), int(user[i]), int(key[i])
            place = names["country"][int(country[i])], names["device"][int(device[i])]
            winner = self._winner(where, at, place, seen)
            if winner is not None:
                number, creative, charge = winner
                for column, value in zip(out, (at[0], at[1], number, creative, charge), strict=True):
                    column[served] = value
                seen[number, creative, at[1]].append(at[0])
                served += 1
        return served

    def _history(self) -> dict[tuple[int, int, int], list[int]]:
        """When which user saw which line with which creative."""
        seen: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        past = self.log.arrays()
        for t, who, n, of in zip(past.time_ms, past.user, past.line, past.creative, strict=True):
            seen[int(n), int(of), int(who)].append(int(t))
        return seen

    def _winner(
        self, where: Placement, at: tuple[int, int, int], place: tuple[str, str], seen: Any
    ) -> tuple[int, int, int] | None:
        def order(number: int) -> tuple[int, int, int]:
            line = self.lines[number]
            price = line.price
            worth = price.rate_micros if price.fixed or price.bid_micros is None else price.bid_micros
            return line.priority, -worth, number

        for number in sorted(range(len(self.lines)), key=order):
            won = self._serve(number, where, at, place, seen)
            if won is not None:
                return number, *won
        return None

    def _serve(
        self, number: int, where: Placement, at: tuple[int, int, int], place: tuple[str, str], seen: Any
    ) -> tuple[int, int] | None:
        """The creative and the charge if this line takes the opportunity."""
        line, record, (t, who, key) = self.lines[number], self._records[number], at
        if not self._eligible(line, record, where, t, place):
            return None
        price = self._price(line, where, key)
        if price is None:
            return None
        outcome = self._outcomes(where, key)
        flat = line.price.model == "flat_rate"
        per = {"cpm": 1000, "vcpm": 1000, "cpp": self.population.users}.get(line.price.model, 1)
        points = 100 if line.price.model == "cpp" else 1
        owed = int(record["remainder"]) + (price * points if outcome[line.price.model] else 0)
        charge = owed // per
        if not flat and not _due(record, charge, t):
            return None
        if int(record["spent"]) + charge > line.budget_micros:
            record["full"] = 1
            return None
        if not flat and not _room(int(record["today"]), charge, line.daily_cap_micros):
            return None
        groups = [self._group_records[self._groups[name]] for name in line.group_ids]
        for group in groups:
            for used, limit in (("spent", "total"), ("today", "daily")):
                if not _room(int(group[used]), charge, None if group[limit] < 0 else int(group[limit])):
                    return None
        creative = self._creative(line, t, who, key, seen)
        if creative is None:
            return None
        record["remainder"] = owed - charge * per
        record["spent"] += charge
        record["today"] += charge
        for group in groups:
            group["spent"] += charge
            group["today"] += charge
        self._count(line, record, outcome)
        return creative, charge

    @staticmethod
    def _eligible(line: Line, record: Any, where: Placement, t: int, place: tuple[str, str]) -> bool:
        targeting, (country, device) = line.targeting, place
        sides = (
            (country, targeting.countries, targeting.countries_exclude),
            (device, targeting.devices, targeting.devices_exclude),
            (where.property_id, targeting.properties, targeting.properties_exclude),
        )
        if any((include and value not in include) or value in exclude for value, include, exclude in sides):
            return False
        if where.placement_id not in line.placement_ids or not line.active or not line.creatives:
            return False
        if record["full"] or not line.start_ms <= t < line.end_ms:
            return False
        return line.price.model == "flat_rate" or _due(record, 0, t)

    @staticmethod
    def _price(line: Line, where: Placement, key: int) -> int | None:
        price = line.price
        if price.fixed:
            return price.rate_micros
        clearing = float(where.floor_micros)
        if where.competition:
            first, second = (py_unit(py_mix(key, n)) for n in (_MARKET_A, _MARKET_B))
            normal = sqrt(-2.0 * log(1.0 - first)) * cos(2.0 * pi * second)
            rival = exp(log(where.competition.median_micros) + where.competition.sigma * normal)
            clearing = max(clearing, rival)
        bid = price.rate_micros if price.bid_micros is None else price.bid_micros
        if bid < ceil(clearing):
            return None
        return ceil(clearing) if price.model in ("cpm", "vcpm") else price.rate_micros

    @staticmethod
    def _outcomes(where: Placement, key: int) -> dict[str, bool]:
        """What happens to the impression, by the pricing model that charges for it."""

        def happens(purpose: int, rate: float) -> bool:
            return py_unit(py_mix(key, purpose)) < rate

        viewed = happens(_VIEW, where.view_rate)
        return {
            "cpm": True,
            "cpp": True,
            "flat_rate": False,
            "vcpm": happens(_VIEWABLE, where.viewability),
            "cpc": happens(_CLICK, where.click_rate),
            "cpv": viewed,
            "cpcv": viewed and happens(_COMPLETION, where.completion_rate),
            "cpa": happens(_CONVERSION, where.conversion_rate),
        }

    def _creative(self, line: Line, t: int, who: int, key: int, seen: Any) -> int | None:
        """The creative to show, if the caps of the line let it serve and of one creative at least."""
        numbers = {name: n for n, name in enumerate(self._creatives)}
        mine = {
            "package": lambda x: x.line_id == line.line_id,
            "media_buy": lambda x: x.media_buy_id == line.media_buy_id,
            "campaign": lambda x: x.campaign_id == line.campaign_id,
            "advertiser": lambda x: x.advertiser_id == line.advertiser_id,
        }
        entities = {
            "package": line.line_id,
            "media_buy": line.media_buy_id,
            "campaign": line.campaign_id,
            "advertiser": line.advertiser_id,
        }

        def times(of_line: Any, of_creative: int | None) -> list[int]:
            return [
                when
                for (n, creative, user), instants in seen.items()
                if user == who and of_line(self.lines[n]) and of_creative in (None, creative)
                for when in instants
            ]

        def free(caps: tuple[Cap, ...], instants: list[int]) -> bool:
            return all(
                sum(1 for when in instants if cap.window_ms is None or when > t - cap.window_ms) < cap.max_impressions
                for cap in caps
            )

        caps = self._caps.by_entity
        for level, entity in entities.items():
            if (level, entity) in caps and not free(caps[level, entity], times(mine[level], None)):
                return None
        open_ones = []
        for creative in line.creatives:
            limits = caps.get(("creative", creative.creative_id), ())
            if free(limits, times(lambda x: True, numbers[creative.creative_id]) if limits else []):
                open_ones.append(creative)
        total = sum(creative.weight for creative in open_ones)
        left = int(py_unit(py_mix(key, _ROTATION)) * total)
        for creative in open_ones:
            left -= creative.weight
            if left < 0:
                return numbers[creative.creative_id]
        return None

    @staticmethod
    def _count(line: Line, record: Any, outcome: dict[str, bool]) -> None:
        record["impressions"] += 1
        for name, model in (
            ("viewable", "vcpm"),
            ("clicks", "cpc"),
            ("views", "cpv"),
            ("completed", "cpcv"),
            ("conversions", "cpa"),
        ):
            record[name] += outcome[model]
        if line.price.model != "flat_rate" and record["spent"] >= line.budget_micros:
            record["full"] = 1
        if line.impressions_goal is not None and record["impressions"] >= line.impressions_goal:
            record["full"] = 1


def _room(used: int, charge: int, limit: int | None) -> bool:
    """True if a limit lets a charge be added: it is not used up, and the charge fits."""
    return limit is None or (used < limit and used + charge <= limit)


def _due(record: Any, charge: int, t: int) -> bool:
    """True if the pacing plan lets the line spend this charge now."""
    gate = float(record["gate"]) + float(record["slope"]) * (t - int(record["gate_from"]))
    return int(record["spent"]) + 0.5 * charge < gate
