"""The benchmarks run, compare like with like, and say what they found as JSON."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from benchmarks import cpp, plain_ticks, ticks
from benchmarks.growth import Point, exponent
from benchmarks.measure import Row, ratio_of, take_turns
from benchmarks.single import Cost, Size, lines_alone
from benchmarks.suites import SUITES
from benchmarks.worlds import START_MS, make_engine, metered
from sandbox.core.time import HOUR_MS

ROOT = Path(__file__).parents[2]


def throughput(*options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.throughput", "--json", "--quick", *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_quick_run_gives_the_kernel_next_to_its_baselines_as_json() -> None:
    found = throughput("--suite", "kernel", "--suite", "caps")
    rows = {(row["case"], row["baseline"]): row for row in found["rows"]}
    ticks_row = rows["P = 1, 100,000 users", "NumPy, 1 min ticks, a line at a time"]
    assert ticks_row["ratio"] > 1
    assert ticks_row["at_least"] == 50
    assert rows["P = 8, 100,000 users", "NumPy, 1 min ticks, a line at a time"]["at_least"] == 100
    batched = rows["P = 8, 100,000 users", "NumPy, 1 min ticks, all lines and an hour at once"]
    assert batched["ratio"] > 1
    assert batched["at_least"] is None
    assert rows["P = 8", "plain Python"]["ratio"] > 50
    assert ("P = 1, 100,000 users", "C++ -O3") in rows or "none" in found["machine"]["compiler"]
    assert all(row["figure"] > 0 and row["baseline_figure"] > 0 for row in found["rows"])


@pytest.mark.slow
def test_the_quick_run_of_all_suites_has_rows_of_each() -> None:
    found = throughput()
    assert {row["suite"] for row in found["rows"]} == set(SUITES)


@pytest.mark.skipif(not cpp.compiler(), reason="no C++ compiler")
@pytest.mark.parametrize("lines", [1, 8])
def test_the_kernel_in_cpp_decides_every_opportunity_alike(lines: int) -> None:
    assert cpp.available()
    ours, theirs = (make_engine(lines, 5_000, daily=60_000) for _ in range(2))
    ours.advance(START_MS + 30 * HOUR_MS)
    with metered(cpp.prepare) as meter:
        theirs.advance(START_MS + 30 * HOUR_MS)
    assert meter.opportunities == ours.opportunities
    assert len(ours.log) > 10_000
    assert all(np.array_equal(a, b) for a, b in zip(ours.exposures(), theirs.exposures(), strict=True))
    assert ours.totals("line-0") == theirs.totals("line-0")


@pytest.mark.parametrize("way", [ticks, plain_ticks])
@pytest.mark.parametrize("lines", [1, 8])
def test_the_ticks_keep_caps_and_budgets_and_deliver_as_much(lines: int, way: ModuleType) -> None:
    ours, theirs = (make_engine(lines, 20_000, daily=60_000) for _ in range(2))
    ours.advance(START_MS + 30 * HOUR_MS)
    with metered(way.prepare):
        theirs.advance(START_MS + 30 * HOUR_MS)
    assert theirs.audit() == []
    assert len(theirs.log) == pytest.approx(len(ours.log), rel=0.01)
    for name in ("viewable", "completed_views", "midpoint"):
        found, wanted = (getattr(engine.totals("line-0"), name) for engine in (theirs, ours))
        assert found == pytest.approx(wanted, rel=0.1, abs=10)


def test_a_ratio_is_the_median_over_rounds_that_take_turns() -> None:
    calls: list[str] = []
    found = take_turns({"a": lambda: calls.append("a") or 1.0, "b": lambda: calls.append("b") or 2.0}, 2)  # type: ignore[func-returns-value]
    assert calls == ["a", "b", "b", "a"]
    assert ratio_of(found["a"], found["b"]) == 2.0
    assert ratio_of([1.0, 1.0, 1.0], [3.0, 100.0, 2.0]) == 3.0


def test_a_target_is_about_the_ratio_or_without_one_about_the_figure() -> None:
    assert Row("s", "c", 5.0, "x/s", "b", 10.0, 0.5, at_least=0.9).met is False
    assert Row("s", "c", 1.2, "s", at_most=1.5).met is True
    assert Row("s", "c", 1.2, "s", "b", 0.1, None, at_most=1.5).met is True
    assert Row("s", "c", 1.2, "s").met is None


def test_the_exponent_of_what_doubles_with_its_size_is_one() -> None:
    points = [Point("days", n, Cost(1, 1, 2.0 * n, 1.0, 100.0, 0, False)) for n in (1, 2, 4, 8)]
    assert exponent(points, "run_s") == pytest.approx(1.0)
    assert exponent(points, "peak_mb") == pytest.approx(0.0)


def test_a_whole_run_of_lines_costs_more_than_its_kernel_and_overspends_nothing() -> None:
    cost = lines_alone(Size(lines=2, users=5_000, days=2, daily=20_000))
    assert cost.opportunities == pytest.approx(40_000, rel=0.03)
    assert cost.impressions == pytest.approx(16_000, rel=0.02)
    assert 0 < cost.kernel_s < cost.run_s
    assert cost.ring_bytes == 5_000 * 4 * (21 + 2 * 4)
    assert not cost.overspend
