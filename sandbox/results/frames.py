"""A run as pandas DataFrames: times are UTC, money is exact in ``…_micros`` and a float in units beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sandbox.core.money import MICROS, split
from sandbox.results.exposure_frame import OUTCOMES
from sandbox.results.tables import COLUMNS, COUNTERS

if TYPE_CHECKING:
    from pandas import DataFrame

    from sandbox.kernel.trace import Event
    from sandbox.kernel.world import World
    from sandbox.results.tables import Row

LINE_COLUMNS = (
    *("line_id", "media_buy_id", "campaign_id", "campaign", "advertiser_id", "seller", "publishers", "pacing"),
    *("start", "end", "budget_micros"),
)

TERMS = ("line_id", "media_buy_id", "budget_micros", "daily_cap_micros", "pacing", "start", "end", "active", "why")


def frame(table: str, rows: Sequence[Row]) -> DataFrame:
    """Rows of a table of :data:`~sandbox.results.tables.COLUMNS` as a DataFrame, whatever the rows hold."""
    import pandas as pd

    made = pd.DataFrame(list(rows), columns=list(COLUMNS[table]))
    for column, kind in COLUMNS[table].items():
        if kind == "time":
            made[column] = pd.to_datetime(made[column], unit="ms", utc=True)
        elif kind == "int":
            made[column] = made[column].astype("Int64" if made[column].isna().any() else "int64")
    return with_units(made)


def with_units(table: DataFrame) -> DataFrame:
    """Put a column in units of currency beside each one in micros."""
    for column in [name for name in table.columns if str(name).endswith("_micros")]:
        place = list(table.columns).index(column) + 1
        table.insert(place, column.removesuffix("_micros"), table[column].astype("float64") / MICROS)
    return table


def line_frame(world: World, names: Mapping[str, str]) -> DataFrame:
    """The delivery lines, one a package: :data:`LINE_COLUMNS` and ``budget``, indexed by ``line_id``."""
    import pandas as pd

    publisher = {place.placement_id: place.publisher_id for place in world.market.engine.history.placements}
    rows = [
        {
            "line_id": line.line_id,
            "media_buy_id": line.media_buy_id,
            "campaign_id": line.campaign_id,
            "campaign": names.get(line.campaign_id, line.campaign_id),
            "advertiser_id": line.advertiser_id,
            "seller": line.seller_id,
            "publishers": ", ".join(dict.fromkeys(publisher[place] for place in line.placement_ids)),
            "pacing": line.pacing,
            "start": pd.Timestamp(line.start_ms, unit="ms", tz="UTC"),
            "end": pd.Timestamp(line.end_ms, unit="ms", tz="UTC"),
            "budget_micros": line.budget_micros,
        }
        for line in world.market.lines()
    ]
    made = pd.DataFrame(rows, columns=list(LINE_COLUMNS)).astype({"budget_micros": "int64"})
    return with_units(made).set_index("line_id")


def terms_frame(events: Iterable[Event]) -> DataFrame:
    """The ``line`` events of a trace: the terms of a line when it was opened and after each change.

    Columns: ``at``, ``seller`` and :data:`TERMS`, instants in UTC, and budgets in units too.
    """
    import pandas as pd

    rows = [{"at": event.at_ms, "seller": event.actor, **event.data} for event in events]
    made = pd.DataFrame(rows, columns=["at", "seller", *TERMS])
    made["at"] = pd.to_datetime(made["at"], unit="ms", utc=True)
    for instant in ("start", "end"):
        made[instant] = pd.to_datetime(made[instant], utc=True, format="ISO8601")
    made["budget_micros"] = made["budget_micros"].astype("int64")
    return with_units(made)


def by_package(lines: DataFrame, deliveries: DataFrame) -> DataFrame:
    """The lines with what each delivered: all counters, ``utilisation`` (0 to 1) and ``ecpm``."""
    sums = deliveries.groupby("line_id")[list(COUNTERS)].sum()
    counted = with_units(sums.reindex(lines.index, fill_value=0))
    made = lines.join(counted)
    made["utilisation"] = made["spend_micros"] / made["budget_micros"].where(made["budget_micros"] > 0)
    return _with_ecpm(made)


def by(column: str, exposures: DataFrame, flat: Mapping[str, int]) -> DataFrame:
    """What was delivered by a column of the exposures, most impressions first.

    Columns: ``impressions``, ``spend_micros``, ``spend``, the outcomes, ``reach`` (different people),
    ``frequency`` and ``ecpm``. ``flat`` is what lines with a flat rate have cost, in micros by line; it is
    spread by impressions. Charges of conversions are where their impression was.
    """
    groups = exposures.groupby(column, observed=True)
    made = groups[[*OUTCOMES, "conversions"]].sum().astype("int64")
    made.insert(0, "impressions", groups.size())
    made.insert(1, "spend_micros", groups["charge_micros"].sum() + _spread(column, exposures, flat, made.index))
    made["reach"] = groups["user"].nunique()
    made["frequency"] = made["impressions"] / made["reach"]
    made.index = made.index.astype("object")
    return _with_ecpm(with_units(made).sort_values("impressions", ascending=False, kind="stable"))


def _spread(column: str, exposures: DataFrame, flat: Mapping[str, int], index: Any) -> Any:
    """What flat rates add to each group, in micros."""
    import pandas as pd

    added = pd.Series(0, index=index, dtype="int64")
    for line_id, micros in flat.items():
        seen = exposures.loc[exposures["line_id"] == line_id, column].value_counts()
        if micros and seen.sum():
            added = added.add(pd.Series(split(micros, seen.tolist()), index=seen.index), fill_value=0)
    return added.reindex(index).astype("int64")


def _with_ecpm(table: DataFrame) -> DataFrame:
    shown = table["impressions"].where(table["impressions"] > 0)
    table["ecpm"] = 1_000 * table["spend"] / shown
    return table
