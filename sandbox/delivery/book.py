"""The engine's books: lines and placements in the form that the compiled loop reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandbox.delivery.model import Line, Placement, Targeting
from sandbox.delivery.pacing import NOTHING, PACING, Stretch
from sandbox.delivery.people import People, segment_key
from sandbox.delivery.rings import Entity, Slots, pack
from sandbox.delivery.supply import Stream, allows, allows_area, cumulative
from sandbox.delivery.tables import (
    AIMS_AT_COUNTRY,
    AIMS_AT_DEVICE,
    AIMS_AT_PEOPLE,
    BILLED,
    CREATIVE,
    MODELS,
    NONE,
    PLACE,
    SEGMENT,
    SHARE,
    TERMS,
    Limits,
)

PER = {"cpm": 1000, "vcpm": 1000}
"""How many impressions a price is for; rating points are for a hundredth of the population, others for one."""

DIRECT = {"active", "start_ms", "end_ms", "budget_micros", "daily_cap_micros", "pacing", "impressions_goal"}
"""Terms of a line that are in its record alone; all others are in :class:`Limits` too."""


Memory = dict[str, dict[str, float]]
"""What the pacing strategy of a line remembers, for its budget and for its goal."""


def entities(line: Line) -> tuple[Entity, ...]:
    """The entities whose frequency caps apply to a line; those of its creatives come on top."""
    return (
        ("package", line.line_id),
        ("media_buy", line.media_buy_id),
        ("campaign", line.campaign_id),
        ("advertiser", line.advertiser_id),
    )


def write_terms(record: Any, line: Line, users: int) -> None:
    """Put the terms of a line into its record; what was delivered and the pacing plan stay as they are."""
    price = line.price
    if record["model"] != MODELS[price.model]:
        record["remainder"] = 0
    bid = price.rate_micros if price.bid_micros is None else price.bid_micros
    top = bid if not price.fixed and price.model in PER else price.rate_micros
    record["divisor"] = users if price.model == "cpp" else PER.get(price.model, 1)
    record["top"] = top * 100 if price.model == "cpp" else top
    if price.model == "flat_rate":
        record["top"] = 0
    record["model"], record["billed"] = MODELS[price.model], BILLED[price.model]
    record["fixed"] = price.fixed or price.model == "flat_rate"
    record["bid"] = record["offer"] = bid
    record["floor"] = 0 if price.bid_micros is None else price.rate_micros
    record["half"] = 0.5 * float(record["top"]) / float(record["divisor"])
    record["start"], record["stop"], record["budget"] = line.start_ms, line.end_ms, line.budget_micros
    record["daily_cap"] = NONE if line.daily_cap_micros is None else line.daily_cap_micros
    record["goal"] = NONE if line.impressions_goal is None else line.impressions_goal
    record["conversion_rate"] = -1.0 if line.conversion_rate is None else line.conversion_rate
    record["delay"], record["log_value"] = line.conversion_delay_ms, log(max(line.conversion_value_micros, 1))
    record["click_window"], record["view_window"] = line.click_window_ms, line.view_window_ms
    aim = line.targeting
    areas = aim.countries or aim.countries_exclude or aim.regions or aim.regions_exclude
    record["aims"] = AIMS_AT_COUNTRY * bool(areas)
    record["aims"] |= AIMS_AT_DEVICE * bool(aim.devices or aim.devices_exclude)
    record["aims"] |= AIMS_AT_PEOPLE * bool(aim.segments or aim.segments_exclude)
    mark_full(record)


def mark_full(record: Any) -> None:
    """Say whether the line can have a further impression: the dearest one must fit the rest of its budget."""
    dearest = (int(record["remainder"]) + int(record["top"])) // int(record["divisor"])
    spent_out = int(record["spent"]) + dearest > int(record["budget"])
    record["full"] = spent_out or 0 <= int(record["goal"]) <= int(record["impressions"])


def write_plan(record: Any, line: Line, now_ms: int, hour_end_ms: int, day_end_ms: int, memory: Memory) -> None:
    """Ask the line's pacing strategy for the stretch from now to the end of the hour, or of the day if that is near."""
    from_ms, to_ms = max(now_ms, line.start_ms), min(hour_end_ms, day_end_ms, line.end_ms)
    record["live"] = line.active and any(c.weight > 0 for c in line.creatives) and from_ms < to_ms
    if not record["live"]:
        return
    strategy, money, goal = PACING.get(line.pacing), NOTHING, NOTHING

    def stretch(total: int, used: int, unit: float, names: tuple[str, str], day_left: int | None) -> Stretch:
        due = _planned(record, names, min(from_ms, int(record["plan_to"])), used)
        flight = from_ms, to_ms, line.start_ms, line.end_ms
        return Stretch(*flight, total, used, due, unit, day_end_ms, day_left, memory.setdefault(names[0], {}))

    if line.price.model != "flat_rate":
        day_left = None if line.daily_cap_micros is None else line.daily_cap_micros - int(record["today"])
        spent, unit = int(record["spent"]), 2.0 * float(record["half"])
        money = strategy(stretch(line.budget_micros, spent, unit, ("plan_at", "plan_end"), day_left))
    if line.impressions_goal is not None:
        shown = int(record["impressions"])
        goal = strategy(stretch(line.impressions_goal, shown, 1.0, ("goal_at", "goal_end"), None))
    record["plan_at"], record["plan_end"] = money.at, money.end
    record["goal_at"], record["goal_end"] = goal.at, goal.end
    record["participation"] = min(money.participation, goal.participation)
    record["offer"] = int(int(record["bid"]) * min(money.bid_factor, goal.bid_factor))
    record["plan_from"], record["plan_to"] = from_ms, to_ms


def _planned(record: Any, names: tuple[str, str], at_ms: int, used: int) -> float:
    """What the present plan wants to be used by an instant; ``used`` where there is none."""
    at, end = float(record[names[0]]), float(record[names[1]])
    from_ms, to_ms = int(record["plan_from"]), int(record["plan_to"])
    if from_ms == to_ms or at == inf:
        return float(used)
    return at + (end - at) * (at_ms - from_ms) / (to_ms - from_ms)


def rank(line: Line) -> tuple[int, int]:
    """Who is asked first: guaranteed before auction, then the higher price."""
    price = line.price
    bid = price.rate_micros if price.fixed or price.bid_micros is None else price.bid_micros
    return line.priority, -bid


def serves_on(line: Line, placement: Placement) -> bool:
    """True if the property lists of a line let it serve on a placement that it names."""
    return allows(line.targeting.properties, line.targeting.properties_exclude, placement.property_id)


def make_limits(
    streams: Sequence[Stream],
    lines: Sequence[Line],
    now_ms: int,
    numbers: Numbers,
    slots: Slots,
    cap_terms: NDArray[Any],
    people: People,
    seed: int,
) -> Limits:
    """All limits as they are now."""
    placements, aims = [stream.placement for stream in streams], [line.targeting for line in lines]
    for placement in placements:
        number_all(numbers.countries, placement.countries)
        number_all(numbers.devices, placement.devices)
    places, shares = _places(placements, numbers, people)
    terms, creatives = np.zeros(len(lines), TERMS), np.zeros(len(numbers.creatives), CREATIVE)
    rows, (candidates, equals) = _Rows(), _candidates(placements, lines, now_ms)
    rows.add(places, "candidates", candidates)
    rows.add(places, "equals", equals)
    rows.add(terms, "groups", [[numbers.groups[name] for name in line.group_ids] for line in lines])
    rows.add(terms, "caps", slots.caps)
    rows.add(terms, "rings", slots.rings)
    rows.add(terms, "rotation", [_rotation(line, numbers.creatives) for line in lines])
    rows.add(terms, "countries", _flags(aims, numbers.countries, allows_area))
    rows.add(
        terms,
        "devices",
        _flags(aims, numbers.devices, lambda aim, name: allows(aim.devices, aim.devices_exclude, name)),
    )
    names: dict[str, int] = {}
    for side, of_lines in (("inside", [a.segments for a in aims]), ("outside", [a.segments_exclude for a in aims])):
        for segments in of_lines:
            number_all(names, segments)
        rows.add(terms, side, [[names[name] for name in segments] for segments in of_lines])
    rows.add(creatives, "caps", slots.creative_caps)
    rows.add(creatives, "rings", slots.creative_rings)
    known = [(segment_key(seed, name), people.population.segments.get(name, 0.0)) for name in names]
    return Limits(places, terms, creatives, rows.array(), shares, np.array(known, SEGMENT), cap_terms, people.rows)


class _Rows:
    """Rows of numbers of different lengths, to be one after the other in one array."""

    def __init__(self) -> None:
        self._parts = [np.zeros(0, np.int64)]
        self._length = 0

    def add(self, records: NDArray[Any], name: str, rows: list[list[int]]) -> None:
        """Add a row for each record; its fields say where the row begins and, if there is one for it, where it ends."""
        at, flat = pack(rows)
        records[name] = self._length + at[:-1]
        if f"{name}_end" in (records.dtype.names or ()):
            records[f"{name}_end"] = self._length + at[1:]
        self._parts.append(flat)
        self._length += len(flat)

    def array(self) -> NDArray[np.int64]:
        """All rows."""
        return np.concatenate(self._parts)


@dataclass(slots=True)
class Numbers:
    """Numbers of what has names, in the order in which it came up."""

    creatives: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    countries: dict[str, int] = field(default_factory=dict)
    devices: dict[str, int] = field(default_factory=dict)


def number_all(numbers: dict[str, int], names: Iterable[str]) -> None:
    """Give a number to each name that has none yet."""
    for name in names:
        numbers.setdefault(name, len(numbers))


def _places(placements: list[Placement], numbers: Numbers, people: People) -> tuple[NDArray[Any], NDArray[Any]]:
    """The records of placements, still without their candidates, and the shares of their countries and devices."""
    places, shares = np.zeros(len(placements), PLACE), list[tuple[float, int]]()

    def part(of: dict[str, float], codes: dict[str, int]) -> tuple[int, int]:
        first = len(shares)
        shares.extend((edge, codes[name]) for edge, name in zip(cumulative(of), of, strict=True))
        return first, len(shares)

    for i, placement in enumerate(placements):
        areas, devices = part(placement.countries, numbers.countries), part(placement.devices, numbers.devices)
        places[i] = (*_place(placement), people.identities(placement), *areas, *devices, 0, 0, 0)
    return places, np.array(shares, SHARE)


def _rotation(line: Line, creatives: dict[str, int]) -> list[int]:
    return [value for one in line.creatives for value in (creatives[one.creative_id], one.weight)]


def _flags(aims: list[Targeting], codes: dict[str, int], allowed: Callable[[Targeting, str], bool]) -> list[list[int]]:
    """A row for each line: may it serve where the code says?"""
    known: dict[Targeting, list[int]] = {}
    for aim in aims:
        if aim not in known:
            known[aim] = [int(allowed(aim, name)) for name in codes]
    return [known[aim] for aim in aims]


def _candidates(
    placements: list[Placement], lines: Sequence[Line], now_ms: int
) -> tuple[list[list[int]], list[list[int]]]:
    """Lines of each placement whose flight is not over, best first, and where those as good as each end."""
    numbers = {placement.placement_id: number for number, placement in enumerate(placements)}
    ranks = [rank(line) for line in lines]
    rows: list[list[int]] = [[] for _ in placements]
    for n in sorted((n for n, line in enumerate(lines) if line.end_ms > now_ms), key=lambda n: (ranks[n], n)):
        for placement_id in dict.fromkeys(lines[n].placement_ids):
            number = numbers[placement_id]
            if serves_on(lines[n], placements[number]):
                rows[number].append(n)
    ends: list[list[int]] = []
    at = 0
    for row in rows:
        part = [0] * len(row)
        for c in range(len(row) - 1, -1, -1):
            tied = c + 1 < len(row) and ranks[row[c]] == ranks[row[c + 1]]
            part[c] = part[c + 1] if tied else at + c + 1
        ends.append(part)
        at += len(row)
    return rows, ends


def _place(placement: Placement) -> tuple[float, ...]:
    """The figures of a placement in the order of :data:`PLACE`, up to its codes."""
    rivals, completed = placement.competition, placement.completion_rate
    return (
        float(placement.floor_micros),
        log(rivals.median_micros) if rivals else 0.0,
        rivals.sigma if rivals else -1.0,
        placement.viewability,
        placement.click_rate,
        placement.view_rate,
        completed,
        *(completed**part for part in (0.75, 0.5, 0.25)),
        placement.engagement_rate,
        placement.conversion_rate,
        placement.click_conversion_rate,
        placement.first_price,
    )
