"""The compiled engine decides exactly as the plain one does, however time is cut."""

from collections import Counter
from dataclasses import fields, replace
from typing import Any

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sandbox.core.time import DAY_MS, HOUR_MS, parse_instant
from sandbox.delivery import (
    Cap,
    Competition,
    CreativeWeight,
    Engine,
    Line,
    Placement,
    Population,
    Price,
    Targeting,
    Totals,
)
from sandbox.delivery.pacing import PACING
from sandbox.delivery.reference import ReferenceEngine

START_MS = parse_instant("2026-05-01T09:20:00.123Z")
SPAN_MS = 30 * HOUR_MS
NO_SHRINKING = [phase for phase in Phase if phase is not Phase.shrink]  # an example takes a second

PLACEMENTS = (
    Placement("a", "north", "north.com", "display", 1300, {"US-NY": 0.7, "CA": 0.3}, {"mobile": 0.6, "desktop": 0.4}),
    Placement(
        "b",
        "north",
        "app.north",
        "olv",
        700,
        audience=0.5,
        floor_micros=4_000_000,
        noise=0.4,
        special_days={"2026-05-02": 1.5},
        first_price=True,
        competition=Competition(3_000_000, 1.0),
    ),
    Placement(
        "c",
        "south",
        "south.com",
        "ctv",
        600,
        {"CA": 1.0},
        {"ctv": 1.0},
        audience=0.1,
        match_rate=0.6,
        growth=0.001,
        click_rate=0.2,
        click_conversion_rate=0.3,
        competition=Competition(9_000_000, 0.6),
        start_ms=START_MS + HOUR_MS // 2,
        end_ms=START_MS + 25 * HOUR_MS + 7,
    ),
)
SEGMENTS = {"young": 0.3, "sporty": 0.5}
POPULATIONS = [Population(150, None, SEGMENTS), Population(150, 1.5, SEGMENTS), Population(7, 0.5)]
LATE = Placement("late", "east", "east.com", "display", 900)
LEVELS = [
    ("package", "line-0"),
    ("media_buy", "buy-1"),
    ("campaign", "campaign-0"),
    ("advertiser", "brand"),
    ("creative", "x"),
]

limits = st.lists(
    st.builds(
        Cap,
        st.sampled_from([1, 2, 3, 5, 0]),
        st.sampled_from([None, 60_000, HOUR_MS, 6 * HOUR_MS, DAY_MS]),
    ),
    max_size=2,
)

prices = st.one_of(
    st.builds(Price, st.sampled_from(["cpm", "vcpm"]), st.sampled_from([10_000_000, 7_654_321, 333])),
    st.builds(Price, st.sampled_from(["cpc", "cpa"]), st.integers(0, 400_000)),
    st.builds(Price, st.sampled_from(["cpcv", "cpv", "cpp"]), st.integers(1000, 60_000)),
    st.builds(Price, st.just("flat_rate"), st.integers(1000, 9_000_000)),
    st.builds(
        Price,
        st.sampled_from(["cpm", "vcpm"]),
        st.sampled_from([0, 5_000_000]),
        st.just(False),
        st.integers(3_000_000, 15_000_000),
    ),
)


@st.composite
def lines(draw: Any, number: int) -> Line:
    start = draw(st.integers(0, 12 * HOUR_MS))
    shown = draw(st.lists(st.sampled_from(["x", "y", "z"]), unique=True, max_size=3))
    return Line(
        f"line-{number}",
        f"buy-{number % 2}",
        "seller",
        tuple(draw(st.lists(st.sampled_from(["a", "b", "c"]), unique=True, min_size=1))),
        START_MS + start - 4 * HOUR_MS,
        START_MS + start + draw(st.integers(1, 26 * HOUR_MS)),
        draw(st.integers(0, 15_000_000)),
        price=draw(prices),
        campaign_id=f"campaign-{number % 2}",
        advertiser_id="brand",
        pacing=draw(st.sampled_from(list(PACING))),
        daily_cap_micros=draw(st.one_of(st.none(), st.integers(0, 5_000_000))),
        impressions_goal=draw(st.one_of(st.none(), st.integers(0, 400))),
        priority=draw(st.integers(0, 1)),
        targeting=Targeting(
            countries=draw(st.sampled_from([(), (), ("CA",), ("US", "CA")])),
            regions=draw(st.sampled_from([(), (), (), ("US-NY",)])),
            segments=draw(st.sampled_from([(), (), (), ("sporty", "young")])),
            segments_exclude=draw(st.sampled_from([(), (), (), ("young",)])),
            devices_exclude=draw(st.sampled_from([(), (), ("mobile",)])),
            properties_exclude=draw(st.sampled_from([(), (), ("north.com",)])),
        ),
        creatives=tuple(CreativeWeight(name, draw(st.integers(0, 100))) for name in shown),
        group_ids=draw(st.sampled_from([(), ("pot",), ("pot", "tin")])),
        active=draw(st.sampled_from([True, True, True, False])),
        conversion_rate=draw(st.sampled_from([None, 0.05])),
        conversion_delay_ms=draw(st.sampled_from([1000, 3 * HOUR_MS])),
        view_window_ms=draw(st.sampled_from([HOUR_MS, DAY_MS])),
        timezone=draw(st.sampled_from(["UTC", "UTC", "Asia/Kolkata", "America/New_York"])),
    )


changes = st.one_of(
    st.tuples(
        st.just("line"),
        st.fixed_dictionaries(
            {},
            optional={
                "active": st.booleans(),
                "budget_micros": st.integers(0, 20_000_000),
                "daily_cap_micros": st.one_of(st.none(), st.integers(0, 3_000_000)),
                "end_ms": st.integers(START_MS, START_MS + SPAN_MS),
                "pacing": st.sampled_from(list(PACING)),
                "impressions_goal": st.one_of(st.none(), st.integers(0, 400)),
                "creatives": st.just((CreativeWeight("y", 3), CreativeWeight("new", 1))),
                "campaign_id": st.just("campaign-1"),
                "group_ids": st.sampled_from([(), ("pot",)]),
                "placement_ids": st.just(("a", "c")),
                "timezone": st.just("Asia/Kathmandu"),
                "price": st.just(Price("cpa", 90_000)),
            },
        ),
    ),
    st.tuples(st.just("caps"), st.sampled_from(LEVELS), limits),
    st.tuples(
        st.just("pot"), st.one_of(st.none(), st.integers(0, 9_000_000)), st.one_of(st.none(), st.integers(0, 4_000_000))
    ),
    st.tuples(st.just("placement")),
)


@st.composite
def plans(draw: Any) -> dict[str, Any]:
    instants = st.one_of(st.integers(0, SPAN_MS), st.integers(0, 29).map(lambda hour: hour * HOUR_MS + 2_399_877))
    made = draw(st.lists(st.tuples(instants, changes), max_size=5))
    return {
        "lines": [draw(lines(n)) for n in range(draw(st.integers(1, 5)))],
        "caps": {entity: draw(limits) for entity in LEVELS},
        "pot": draw(st.tuples(*[st.one_of(st.none(), st.integers(0, 9_000_000))] * 2)),
        "changes": sorted(made, key=lambda change: change[0]),
        "population": draw(
            st.sampled_from([Population(150, None, SEGMENTS), Population(150, 1.5, SEGMENTS), Population(7, 0.5)])
        ),
    }


def apply(engine: Any, change: Any, at_ms: int, known: set[str], flat: bool) -> None:
    kind, *values = change
    if kind == "line":
        fields = dict(values[0])
        if flat:
            fields.pop("price", None)
        engine.change_line("line-0", at_ms, **fields)
    elif kind == "caps":
        engine.set_caps(*values[0], values[1], at_ms)
    elif kind == "pot":
        engine.set_budget_group("pot", *values, at_ms)
    elif not known:
        engine.advance(at_ms)
        known.add("late")
        engine.add_placements([LATE])
        engine.add_line(replace(ON_LATE, start_ms=at_ms), at_ms)


ON_LATE = Line(
    "on-late",
    "buy-1",
    "seller",
    ("late", "a"),
    START_MS,
    START_MS + SPAN_MS,
    4_000_000,
    Price("cpm", 9_000_000),
    campaign_id="campaign-0",
    advertiser_id="brand",
    creatives=(CreativeWeight("x"),),
)


def play(engine: Any, plan: dict[str, Any], cuts: list[int]) -> Any:
    known: set[str] = set()
    for line in plan["lines"]:
        engine.add_line(line, START_MS)
    for (level, entity), caps in plan["caps"].items():
        engine.set_caps(level, entity, caps, START_MS)
    engine.set_budget_group("pot", *plan["pot"], START_MS)
    left = sorted(cuts)
    for after, change in plan["changes"]:
        while left and left[0] <= after:
            engine.advance(START_MS + left.pop(0))
        apply(engine, change, START_MS + after, known, plan["lines"][0].price.model == "flat_rate")
    for cut in left:
        engine.advance(START_MS + cut)
    engine.advance(START_MS + SPAN_MS)
    return engine


def exposures(engine: Any) -> list[Any]:
    return [[int(value) for value in column] for column in engine.exposures()]


@settings(max_examples=25, deadline=None, phases=NO_SHRINKING)
@given(plans(), st.integers(0, 2**32), st.lists(st.integers(0, SPAN_MS), max_size=6))
def test_the_engine_decides_as_the_reference_does_however_time_is_cut(
    plan: dict[str, Any], seed: int, cuts: list[int]
) -> None:
    engine = play(Engine(seed, START_MS, plan["population"], PLACEMENTS), plan, cuts)
    oracle = play(ReferenceEngine(seed, START_MS, plan["population"], PLACEMENTS), plan, [])
    assert exposures(engine) == exposures(oracle)
    assert engine.take_rows(flush=True) == oracle.take_rows(flush=True)
    for line in plan["lines"]:
        assert engine.totals(line.line_id) == oracle.totals(line.line_id)
    assert engine.exhausted() == oracle.exhausted()
    assert engine.opportunities == oracle.opportunities


@settings(max_examples=25, deadline=None, phases=NO_SHRINKING)
@given(plans(), st.integers(0, 2**32), st.lists(st.integers(0, SPAN_MS), max_size=8))
def test_no_limit_is_ever_passed_and_the_audit_agrees(plan: dict[str, Any], seed: int, cuts: list[int]) -> None:
    engine = play(Engine(seed, START_MS, plan["population"], PLACEMENTS), plan, cuts)
    assert engine.audit() == []


@settings(max_examples=25, deadline=None, phases=NO_SHRINKING)
@given(plans(), st.integers(0, 2**32), st.lists(st.integers(0, SPAN_MS), max_size=8))
def test_rows_add_up_to_totals_and_groups_hold_with_what_flat_rates_accrue(
    plan: dict[str, Any], seed: int, cuts: list[int]
) -> None:
    plan["changes"] = []
    engine = Engine(seed, START_MS, plan["population"], PLACEMENTS)
    play(engine, plan, cuts)
    rows = [*engine.take_rows(), *engine.take_rows(flush=True)]
    pot, by_day = 0, Counter({0: 0})
    for line in plan["lines"]:
        totals, mine = engine.totals(line.line_id), [row for row in rows if row.line_id == line.line_id]
        for name in [field.name for field in fields(Totals)]:
            assert sum(getattr(row, name) for row in mine) == getattr(totals, name)
        assert totals.spend_micros <= line.budget_micros
        if "pot" in line.group_ids:
            pot += totals.spend_micros
            for row in mine:
                by_day[row.hour_ms // DAY_MS] += row.spend_micros
    total, daily = plan["pot"]
    assert total is None or pot <= total
    assert daily is None or max(by_day.values()) <= daily


@settings(max_examples=25, deadline=None, phases=NO_SHRINKING)
@given(plans(), st.integers(0, 2**32), st.lists(st.integers(0, SPAN_MS), max_size=12))
def test_one_advance_and_random_pieces_come_to_the_same(plan: dict[str, Any], seed: int, cuts: list[int]) -> None:
    engines = [play(Engine(seed, START_MS, plan["population"], PLACEMENTS), plan, c) for c in ([], cuts)]
    whole, pieces = (exposures(engine) for engine in engines)
    assert whole == pieces
    assert engines[0].opportunities == engines[1].opportunities
    for line in plan["lines"]:
        assert engines[0].totals(line.line_id) == engines[1].totals(line.line_id)


def test_opportunities_do_not_depend_on_what_is_decided() -> None:
    def times(budget_micros: int) -> Any:
        line = replace(ON_LATE, placement_ids=("a",), budget_micros=budget_micros, pacing="asap")
        engine = Engine(3, START_MS, Population(150), PLACEMENTS)
        engine.add_line(line, START_MS)
        engine.advance(START_MS + 3 * HOUR_MS)
        return engine.exposures()

    few, many = times(100_000), times(10**9)
    assert 0 < len(few.time_ms) < len(many.time_ms)
    for name in ("time_ms", "user"):
        assert np.array_equal(getattr(few, name), getattr(many, name)[: len(few.time_ms)])
