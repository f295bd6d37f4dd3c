"""Every impression as a row of a DataFrame. Nothing else in ``results`` looks into the delivery engine's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.core.money import MICROS

if TYPE_CHECKING:
    from pandas import DataFrame

    from sandbox.kernel.world import World

OUTCOMES = ("viewable", "clicks", "views", "completed_views", "engagements")
"""What an impression can bring at once; each is a column of its own."""


def exposure_frame(world: World) -> DataFrame:
    """The exposure log of a world in order of time.

    Columns: ``time`` (UTC), ``user`` (a number), ``line_id``, ``seller``, ``campaign_id``, ``creative_id``,
    ``publisher``, ``placement_id``, ``country``, ``device`` (categories), the :data:`OUTCOMES` and
    ``conversions`` (true or false), ``charge_micros`` and ``charge``. A conversion and its charge stand at the
    impression that brings it, even if it happens later; a flat rate is no charge of an impression.
    """
    import pandas as pd

    from sandbox.delivery.tables import OUTCOMES as BITS

    engine = world.market.engine
    log, numbers, lines = engine.log.arrays(), engine.history.numbers, engine.lines
    places = engine.history.placements

    def named(codes: object, names: list[str]) -> pd.Categorical:
        """Numbers as categories; numbers that have the same name become one."""
        kinds = pd.Index(list(dict.fromkeys(names)), dtype="object")
        return pd.Categorical.from_codes(kinds.get_indexer(names)[codes] if names else [], kinds)

    columns = {
        "time": pd.to_datetime(log.time_ms, unit="ms", utc=True),
        "user": log.user,
        "line_id": named(log.line, [line.line_id for line in lines]),
        "seller": named(log.line, [line.seller_id for line in lines]),
        "campaign_id": named(log.line, [line.campaign_id for line in lines]),
        "creative_id": named(log.creative, list(numbers.creatives)),
        "publisher": named(log.place, [place.publisher_id for place in places]),
        "placement_id": named(log.place, [place.placement_id for place in places]),
        "country": named(log.country, list(numbers.countries)),
        "device": named(log.device, list(numbers.devices)),
    }
    bits = {name: bit for bit, name in enumerate([*BITS.values(), "conversions"])}
    for name in (*OUTCOMES, "conversions"):
        columns[name] = (log.outcome >> bits[name]) & 1 == 1
    columns["charge_micros"] = log.charge_micros
    columns["charge"] = log.charge_micros / MICROS
    return pd.DataFrame(columns)
