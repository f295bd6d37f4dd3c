"""The compiled engine decides exactly as the plain one does, however time is cut."""

from typing import Any

import numpy as np
from hypothesis import given, settings
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
)
from sandbox.delivery.reference import ReferenceEngine

START_MS = parse_instant("2026-05-01")

PLACEMENTS = (
    Placement("a", "north", "north.com", "display", 1500, {"US": 0.7, "CA": 0.3}, {"mobile": 0.6, "desktop": 0.4}),
    Placement("b", "north", "app.north", "olv", 900, audience=0.5, floor_micros=4_000_000),
    Placement(
        "c", "south", "south.com", "ctv", 700, {"CA": 1.0}, {"ctv": 1.0}, competition=Competition(9_000_000, 0.6)
    ),
)

caps = st.lists(
    st.builds(Cap, st.integers(1, 4), st.sampled_from([HOUR_MS, 6 * HOUR_MS, DAY_MS, None])), max_size=2
)

prices = st.one_of(
    st.builds(Price, st.sampled_from(["cpm", "vcpm"]), st.integers(1_000_000, 30_000_000)),
    st.builds(Price, st.just("cpm"), st.just(0), st.just(False), st.integers(3_000_000, 20_000_000)),
    st.builds(Price, st.sampled_from(["cpc", "cpa"]), st.integers(500_000, 5_000_000)),
    st.builds(Price, st.sampled_from(["cpv", "cpcv"]), st.integers(10_000, 80_000)),
    st.builds(Price, st.just("cpp"), st.integers(100_000, 900_000)),
    st.builds(Price, st.just("flat_rate"), st.integers(1_000_000, 50_000_000)),
)


@st.composite
def lines(draw: Any, number: int) -> Line:
    start = START_MS + draw(st.integers(0, 10)) * HOUR_MS + draw(st.integers(0, HOUR_MS))
    shown = draw(st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, max_size=3, unique=True))
    return Line(
        line_id=f"line-{number}",
        media_buy_id=f"buy-{number % 2}",
        seller_id="s",
        placement_ids=tuple(draw(st.lists(st.sampled_from("abc"), min_size=1, unique=True))),
        start_ms=start,
        end_ms=start + draw(st.integers(1, 30 * HOUR_MS)),
        budget_micros=draw(st.integers(1000, 20_000_000)),
        price=draw(prices),
        campaign_id=f"campaign-{number % 2}",
        advertiser_id="brand",
        pacing=draw(st.sampled_from(["even", "asap", "front_loaded"])),
        daily_cap_micros=draw(st.one_of(st.none(), st.integers(1000, 5_000_000))),
        impressions_goal=draw(st.one_of(st.none(), st.integers(1, 400))),
        priority=draw(st.integers(0, 1)),
        targeting=Targeting(
            countries=draw(st.sampled_from([(), ("CA",), ("US", "CA")])),
            devices_exclude=draw(st.sampled_from([(), ("mobile",)])),
            properties_exclude=draw(st.sampled_from([(), ("north.com",)])),
        ),
        creatives=tuple(CreativeWeight(name, draw(st.integers(1, 100))) for name in shown),
        group_ids=draw(st.sampled_from([(), ("pot",)])),
    )


def play(engine: Engine, plan: dict[str, Any], cuts: list[int]) -> Engine:
    for line in plan["lines"]:
        engine.add_line(line, START_MS)
    for (level, entity), limits in plan["caps"].items():
        engine.set_caps(level, entity, limits, START_MS)
    engine.set_budget_group("pot", plan["pot"], plan["pot_daily"], START_MS)
    changes = sorted(plan["changes"], key=lambda change: change[0])
    stops = sorted({*cuts, *(at for at, *_ in changes)})
    for stop in stops:
        engine.advance(START_MS + stop)
        for at, line, fields, cap in changes:
            if at == stop:
                engine.change_line(line, START_MS + at, **fields)
                engine.set_caps("campaign", "campaign-0", cap, START_MS + at)
    engine.advance(START_MS + 36 * HOUR_MS)
    return engine


@st.composite
def plans(draw: Any) -> dict[str, Any]:
    count = draw(st.integers(1, 4))
    entities = [
        ("package", "line-0"),
        ("media_buy", "buy-1"),
        ("campaign", "campaign-0"),
        ("advertiser", "brand"),
        ("creative", "x"),
    ]
    change = st.tuples(
        st.integers(0, 30 * HOUR_MS),
        st.just("line-0"),
        st.fixed_dictionaries({"active": st.booleans(), "budget_micros": st.integers(1000, 20_000_000)}),
        caps,
    )
    return {
        "lines": [draw(lines(n)) for n in range(count)],
        "caps": {entity: draw(caps) for entity in entities},
        "pot": draw(st.one_of(st.none(), st.integers(1000, 10_000_000))),
        "pot_daily": draw(st.one_of(st.none(), st.integers(1000, 5_000_000))),
        "changes": draw(st.lists(change, max_size=3)),
    }


def rows(engine: Engine) -> list[Any]:
    return [list(part) for part in engine.log.arrays()]


@settings(max_examples=40, deadline=None)
@given(plans(), st.integers(0, 2**32), st.lists(st.integers(0, 36 * HOUR_MS), max_size=6))
def test_the_engine_decides_as_the_reference_does_however_time_is_cut(
    plan: dict[str, Any], seed: int, cuts: list[int]
) -> None:
    population = Population(150, 1.5)
    engine = play(Engine(seed, START_MS, population, PLACEMENTS), plan, cuts)
    oracle = play(ReferenceEngine(seed, START_MS, population, PLACEMENTS), plan, [])
    assert rows(engine) == rows(oracle)
    for line in plan["lines"]:
        assert engine.totals(line.line_id) == oracle.totals(line.line_id)
    assert engine.audit() == []
    assert engine.opportunities == oracle.opportunities


@settings(max_examples=40, deadline=None)
@given(plans(), st.integers(0, 2**32), st.lists(st.integers(0, 36 * HOUR_MS), max_size=8))
def test_no_limit_is_ever_passed_and_rows_add_up_to_totals(
    plan: dict[str, Any], seed: int, cuts: list[int]
) -> None:
    plan["changes"] = []
    engine = play(Engine(seed, START_MS, Population(150), PLACEMENTS), plan, cuts)
    found = engine.take_rows(flush=True)
    pot = 0
    for number, line in enumerate(plan["lines"]):
        totals, mine = engine.totals(line.line_id), [row for row in found if row.line_id == line.line_id]
        assert sum(row.spend_micros for row in mine) == totals.spend_micros <= line.budget_micros
        assert sum(row.impressions for row in mine) == totals.impressions
        if line.impressions_goal is not None:
            assert totals.impressions <= line.impressions_goal
        log = engine.log.arrays()
        served = log.time_ms[log.line == number]
        assert ((served >= line.start_ms) & (served < line.end_ms)).all()
        if line.daily_cap_micros is not None and line.price.model != "flat_rate":
            for day in np.unique(log.time_ms // DAY_MS):
                spent = log.charge_micros[(log.line == number) & (log.time_ms // DAY_MS == day)].sum()
                assert spent <= line.daily_cap_micros
        if line.group_ids and line.price.model != "flat_rate":
            pot += totals.spend_micros
    if plan["pot"] is not None:
        assert pot <= plan["pot"]
