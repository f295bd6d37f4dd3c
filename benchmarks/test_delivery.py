"""How fast opportunities are decided: one line and eight, 100,000 users, four frequency caps on each line.

Run with ``pytest benchmarks/test_delivery.py --benchmark-enable``; the columns are seconds for a day of
333,000 opportunities, of which four in ten are bought.
"""

from typing import Any

import pytest

from sandbox.core.time import DAY_MS, HOUR_MS, WEEK_MS, parse_instant
from sandbox.delivery import Cap, CreativeWeight, Engine, Line, Placement, Population, Price

START_MS = parse_instant("2026-05-04")
DAYS = 60
DAILY = 333_334
CPM = Price("cpm", 12_500_000)


def make_engine(lines: int, days: int = DAYS) -> Engine:
    """A world of ``lines`` lines on as many placements, and caps on package, media buy, campaign and advertiser."""
    placements = [
        Placement(f"place-{n}", f"publisher-{n}", f"site-{n}.example", "display", DAILY // lines) for n in range(lines)
    ]
    engine = Engine(1, START_MS, Population(100_000), placements)
    for n in range(lines):
        line = Line(
            f"line-{n}",
            f"buy-{n}",
            "seller",
            tuple(placement.placement_id for placement in placements),
            START_MS,
            START_MS + days * DAY_MS,
            100_000_000_000 // lines * days // DAYS,
            CPM,
            campaign_id="campaign",
            advertiser_id="brand",
            creatives=(CreativeWeight(f"creative-{n}"),),
        )
        engine.add_line(line, START_MS)
        engine.set_caps("package", f"line-{n}", [Cap(3, DAY_MS)], START_MS)
        engine.set_caps("media_buy", f"buy-{n}", [Cap(10, WEEK_MS)], START_MS)
    engine.set_caps("campaign", "campaign", [Cap(20, WEEK_MS)], START_MS)
    engine.set_caps("advertiser", "brand", [Cap(5, DAY_MS)], START_MS)
    engine.advance(START_MS + HOUR_MS)  # compiles, or loads what was compiled
    return engine


@pytest.mark.parametrize("lines", [1, 8])
def test_a_day_of_opportunities(benchmark: Any, lines: int) -> None:
    def fresh() -> tuple[tuple[Engine], dict[str, Any]]:
        return (make_engine(lines, days=2),), {}

    def a_day(engine: Engine) -> Engine:
        engine.advance(START_MS + HOUR_MS + DAY_MS)
        return engine

    engine = benchmark.pedantic(a_day, setup=fresh, rounds=5)
    assert engine.opportunities == pytest.approx(DAILY * 25 / 24, rel=0.01)
    assert len(engine.log) > 0.3 * engine.opportunities
    assert engine.audit() == []
