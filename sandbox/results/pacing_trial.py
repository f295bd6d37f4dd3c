"""The same line on the same traffic, once with each pacing strategy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.core.money import MICROS

if TYPE_CHECKING:
    from pandas import DataFrame

    from sandbox.delivery import Line, Placement


def pacing_trial(
    line: Line,
    placements: Sequence[Placement],
    strategies: Iterable[str] | None = None,
    users: int = 50_000,
    seed: int = 1,
) -> DataFrame:
    """Deliver a line alone, once with each strategy; by default with all of the registry.

    Every strategy meets the same people at the same instants. Columns: ``strategy``, ``time`` (the end of an
    hour, UTC), ``impressions``, ``spend_micros``, ``spend``, ``spent`` and ``even`` (what is spent of the budget
    by then, and what would be if it was spent evenly, both from 0 to 1). Raises
    :class:`~sandbox.core.errors.InputError` for a strategy that there is not.
    """
    import pandas as pd

    from sandbox.delivery.pacing import PACING

    made = [_deliver(replace(line, pacing=name), placements, users, seed) for name in strategies or PACING]
    return pd.concat(made, ignore_index=True)


def _deliver(line: Line, placements: Sequence[Placement], users: int, seed: int) -> DataFrame:
    import pandas as pd

    from sandbox.core.time import HOUR_MS
    from sandbox.delivery import Engine, Population

    engine = Engine(seed, line.start_ms, Population(users), placements)
    engine.add_line(line, line.start_ms)
    engine.advance(line.end_ms)
    rows = {row.hour_ms: row for row in engine.take_rows(flush=True)}
    hours = range(line.start_ms, line.end_ms, HOUR_MS)
    made = pd.DataFrame(
        {
            "strategy": line.pacing,
            "time": pd.to_datetime([hour + HOUR_MS for hour in hours], unit="ms", utc=True),
            "impressions": [rows[hour].impressions if hour in rows else 0 for hour in hours],
            "spend_micros": [rows[hour].spend_micros if hour in rows else 0 for hour in hours],
        }
    )
    made["spend"] = made["spend_micros"] / MICROS
    made["spent"] = made["spend_micros"].cumsum() / line.budget_micros
    made["even"] = [(hour + HOUR_MS - line.start_ms) / (line.end_ms - line.start_ms) for hour in hours]
    return made
