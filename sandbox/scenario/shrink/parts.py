"""The parts of a scenario's data that can be left out or made smaller."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sandbox.core.time import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, parse_duration, parse_instant
from sandbox.scenario.source import Where

_AMOUNT = re.compile(r"(\+?)(\d+)(ms|min|[smhdw])")
_FIXED = ("seed", "title", "why")


def at(data: Any, where: Where) -> Any:
    """What stands at a place; None if there is nothing."""
    found = data
    for part in where:
        try:
            found = found[part]
        except (LookupError, TypeError):
            return None
    return found


def with_value(data: Any, where: Where, value: Any) -> Any:
    """The data with another value at a place; everything else is shared."""
    if not where:
        return value
    copy: Any = dict(data) if isinstance(data, dict) else list(data)
    copy[where[0]] = with_value(data[where[0]], where[1:], value)
    return copy


def containers(data: Any, where: Where = ()) -> Iterator[Where]:
    """The places of all mappings and lists that have something in them, from the outside in."""
    if isinstance(data, dict | list) and data:
        yield where
        for key, item in data.items() if isinstance(data, dict) else enumerate(data):
            if where or key not in _FIXED:
                yield from containers(item, (*where, key))


def amounts(data: Any, where: Where = ()) -> Iterator[Where]:
    """The places of all numbers and durations, from the largest on."""
    found = sorted(_amounts(data, where), key=lambda place: -_size(at(data, place)))
    yield from found


def _amounts(data: Any, where: Where) -> Iterator[Where]:
    if isinstance(data, dict | list):
        for key, item in data.items() if isinstance(data, dict) else enumerate(data):
            if where or key not in _FIXED:
                yield from _amounts(item, (*where, key))
    elif _size(data) > 1:
        yield where


def _size(value: Any) -> float:
    if isinstance(value, bool):
        return 0
    if isinstance(value, int | float):
        return abs(value)
    amount = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    return 0 if amount is None else int(amount[2])


def smaller(value: Any) -> Iterator[Any]:
    """Smaller values of a number or a duration, the smallest first."""
    size = _size(value)
    steps = sorted({1, *(int(size // by) for by in (1000, 100, 10, 4, 2)), int(size * 3 // 4)})
    for step in steps:
        if 0 < step < size:
            if isinstance(value, str):
                amount = _AMOUNT.fullmatch(value)
                assert amount is not None
                yield f"{amount[1]}{step}{amount[3]}"
            else:
                yield step if value > 0 else -step


def clock_in_one_unit(clock: dict[str, Any]) -> dict[str, Any]:
    """A clock whose length is one number: ``{start, duration: 16d}``. As it is if it can't be read."""
    try:
        if "end" in clock:
            length_ms = parse_instant(str(clock["end"])) - parse_instant(str(clock["start"]))
        else:
            length_ms = parse_duration(clock["duration"])
    except (KeyError, ValueError):
        return clock
    for unit, unit_ms in (("d", DAY_MS), ("h", HOUR_MS), ("m", MINUTE_MS), ("s", SECOND_MS), ("ms", 1)):
        if length_ms % unit_ms == 0:
            return {"start": clock.get("start"), "duration": f"{length_ms // unit_ms}{unit}"}
    return clock
