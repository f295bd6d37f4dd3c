"""The DataFrames say what the trace and the exposure log say, to the micro."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.money import MICROS
from sandbox.core.time import parse_instant
from sandbox.results import frames
from sandbox.results.run import Run

TABLES = ("messages", "statuses", "decisions", "deliveries", "terms", "expectations", "lines")


def test_deliveries_add_up_to_the_run_exactly(result: Run) -> None:
    table = result.deliveries
    assert table["spend_micros"].sum() == result.outcome.spend_micros
    assert table["impressions"].sum() == result.outcome.impressions
    assert table["spend_micros"].dtype == "int64"


def test_every_way_to_group_deliveries_adds_up_to_the_same(result: Run) -> None:
    tables = [result.by_package(), result.by_creative(), result.by_publisher()]
    for counter in ("impressions", "spend_micros", "viewable", "clicks", "views", "completed_views"):
        assert {int(table[counter].sum()) for table in tables} == {int(result.deliveries[counter].sum())}


def test_every_impression_is_a_row_of_the_exposures(result: Run) -> None:
    exposures = result.exposures()
    assert len(exposures) == result.outcome.impressions
    assert exposures["charge_micros"].sum() == result.outcome.spend_micros
    assert exposures["time"].is_monotonic_increasing
    assert exposures is result.exposures()
    assert set(exposures["publisher"]) == {"gazette", "streamhouse", "clipworks"}
    by_line = exposures.groupby("line_id", observed=True).size()
    assert by_line.to_dict() == result.by_package()["impressions"].to_dict()


def test_reach_counts_a_person_once_however_many_publishers_have_met_them(result: Run) -> None:
    by_publisher = result.by_publisher()
    people = result.exposures()["user"].nunique()
    assert by_publisher["reach"].max() <= people <= 2_000
    assert by_publisher["reach"].sum() > people
    expected = by_publisher["impressions"] / by_publisher["reach"]
    assert by_publisher["frequency"].tolist() == expected.tolist()


@pytest.mark.parametrize("name", TABLES)
def test_times_are_utc_and_money_has_its_units_beside_it(result: Run, name: str) -> None:
    table = getattr(result, name)
    for column in table.columns:
        if column in ("at", "hour", "start", "end"):
            assert str(table[column].dt.tz) == "UTC"
        if column.endswith("_micros") and table[column].notna().any():
            units = table[column.removesuffix("_micros")]
            assert np.allclose(units, table[column].astype(float) / MICROS)


def test_instants_are_those_of_the_trace(result: Run) -> None:
    first = next(result.outcome.trace.of("delivery"))
    row = result.deliveries.iloc[0]
    assert row["at"].timestamp() * 1000 == first.at_ms
    assert row["hour"].timestamp() * 1000 == parse_instant(first.data["hour"])


def test_campaigns_and_creatives_have_the_names_that_people_gave_them(result: Run) -> None:
    assert set(result.lines["campaign"]) == {"Spring news"}
    assert set(result.by_creative()["name"]) == {"Banner", "Spot"}


def test_terms_tell_when_a_line_rested(result: Run) -> None:
    rests = result.terms[result.terms["why"].str.contains("pause")]
    assert rests["active"].tolist() == [False] * 3 + [True] * 3
    assert set(rests["at"].dt.strftime("%a")) == {"Sat", "Mon"}


def test_by_package_relates_spend_to_the_budget(result: Run) -> None:
    table = result.by_package().set_index("seller")
    assert table.loc["northstar", "budget"] == 700
    assert table.loc["northstar", "utilisation"] == pytest.approx(table.loc["northstar", "spend"] / 700)
    assert table.loc["bigscreen", "ecpm"] == pytest.approx(32.0)


def test_parquet_files_read_back_the_same_with_pandas_and_duckdb(result: Run, tmp_path: Path) -> None:
    result.write(tmp_path / "out", exposures=True)
    spent = pd.read_parquet(tmp_path / "out/deliveries.parquet")["spend_micros"].sum()
    assert spent == result.outcome.spend_micros
    query = f"select count(*), sum(charge_micros), count(distinct user) from '{tmp_path}/out/exposures.parquet'"
    rows = duckdb.sql(query).fetchall()
    assert rows == [(result.outcome.impressions, spent, result.exposures()["user"].nunique())]
    instants = duckdb.sql(f"select epoch_ms(min(hour)) from '{tmp_path}/out/deliveries.parquet'").fetchall()
    assert instants == [(parse_instant("2026-05-07"),)]


def test_a_run_without_deliveries_has_the_same_columns(result: Run) -> None:
    import sandbox

    empty = sandbox.run("lifecycle/one-agent", set={"steps": None, "expect": None})
    for name in TABLES:
        assert getattr(empty, name).columns.tolist() == getattr(result, name).columns.tolist()
        assert getattr(empty, name).empty
    assert empty.exposures().columns.tolist() == result.exposures().columns.tolist()
    assert empty.by_publisher().empty
    assert empty.by_package().empty


def test_a_result_whose_world_was_not_kept_says_so(result: Run) -> None:
    from dataclasses import replace

    bare = Run(replace(result.outcome, world=None))
    assert len(bare.statuses) == len(result.statuses)
    with pytest.raises(ValueError, match="not kept"):
        bare.exposures()


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(0, 10**6)), min_size=1, max_size=40),
    st.integers(0, 10**12),
)
def test_a_flat_rate_is_spread_over_groups_to_the_last_micro(rows: list[tuple[str, str, int]], flat: int) -> None:
    lines, publishers, charges = zip(*rows, strict=True)
    exposures = pd.DataFrame(
        {
            "line_id": pd.Categorical(lines),
            "publisher": pd.Categorical(publishers),
            "user": range(len(rows)),
            "charge_micros": charges,
            **dict.fromkeys((*frames.OUTCOMES, "conversions"), False),
        }
    )
    table = frames.by("publisher", exposures, {"a": flat})
    has_line = "a" in lines
    assert table["spend_micros"].sum() == sum(charges) + (flat if has_line else 0)
    assert table["spend_micros"].dtype == "int64"
    assert table["impressions"].sum() == len(rows)
