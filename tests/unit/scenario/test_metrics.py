"""Metrics over lines that really delivered: they add up, and selectors take what they name."""

import pytest

from sandbox.core.errors import InputError
from sandbox.core.money import MICROS
from sandbox.core.time import DAY_MS, parse_instant
from sandbox.delivery import CreativeWeight, Line, Placement, Price
from sandbox.kernel.actor import Actor
from sandbox.kernel.world import World
from sandbox.results.metrics import METRICS, measure

START = parse_instant("2026-05-01")
RATES = ("ctr", "completion_rate", "viewability", "utilisation", "ecpm", "frequency", "pacing_error", "roas")


class Offer:
    placement_id = "gazette_top"


class Gazette(Actor):
    role = "publisher"
    offers = (Offer(),)


def line(line_id: str, placement_id: str, budget: int, **terms: object) -> Line:
    return Line(
        line_id=line_id,
        media_buy_id=f"buy of {line_id}",
        seller_id="seller",
        placement_ids=(placement_id,),
        start_ms=START,
        end_ms=START + 4 * DAY_MS,
        budget_micros=budget * MICROS,
        price=Price("cpm", 2 * MICROS),
        creatives=(CreativeWeight("creative"),),
        **terms,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def world() -> World:
    """Two lines after two of four days: one on a publisher's own placement, one elsewhere."""
    world = World(1, START, users=2_000)
    world.add(Actor(world, "seller"))
    world.add(Gazette(world, "gazette"))
    world.market.add_placements(
        [
            Placement("gazette_top", "gazette", "gazette.example", "display", 20_000),
            Placement("other_top", "other", "other.example", "display", 20_000),
        ]
    )
    world.market.open_line("seller", "buyer", line("one", "gazette_top", 40, campaign_id="first"))
    world.market.open_line("seller", "buyer", line("two", "other_top", 20, campaign_id="second"))
    world.run(START + 2 * DAY_MS)
    return world


def test_half_of_the_flight_has_spent_half_of_the_money(world: World) -> None:
    assert measure(world, "spend", {}) == pytest.approx(30, rel=0.02)
    assert measure(world, "budget", {}) == 60
    assert measure(world, "utilisation", {}) == pytest.approx(0.5, rel=0.02)
    assert measure(world, "pacing_error", {}) == pytest.approx(0, abs=0.01)
    assert measure(world, "overspend", {}) == 0
    assert measure(world, "lines", {}) == 2


def test_money_impressions_and_price_agree(world: World) -> None:
    impressions, spend = measure(world, "impressions", {}), measure(world, "spend", {})
    assert impressions
    assert spend == pytest.approx(impressions * 2 / 1000, abs=0.01)
    assert measure(world, "ecpm", {}) == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize(
    ("selectors", "budget"),
    [
        ({"campaign": "first"}, 40),
        ({"package": "two"}, 20),
        ({"media_buy": "buy of one"}, 40),
        ({"seller": "seller"}, 60),
        ({"seller": "another"}, 0),
        ({"publisher": "gazette"}, 40),
        ({"publisher": "nobody"}, 0),
        ({"campaign": "first", "package": "two"}, 0),
    ],
)
def test_selectors_leave_the_lines_that_they_name(world: World, selectors: dict[str, str], budget: int) -> None:
    assert measure(world, "budget", selectors) == budget


@pytest.mark.parametrize("metric", ["spend", "impressions", "viewable", "clicks", "budget", "conversions"])
def test_parts_add_up_to_the_whole(world: World, metric: str) -> None:
    parts = [measure(world, metric, {"campaign": name}) or 0 for name in ("first", "second")]
    assert sum(parts) == pytest.approx(measure(world, metric, {}))


def test_reach_and_frequency_are_those_of_the_exposure_log(world: World) -> None:
    engine = world.market.engine
    selectors = {"campaign": "first"}
    assert measure(world, "reach", selectors) == engine.reach("campaign", "first")
    assert measure(world, "max_frequency", selectors) == max(engine.frequency("campaign", "first"))
    reach, impressions = measure(world, "reach", selectors), measure(world, "impressions", selectors)
    assert reach
    assert impressions
    assert measure(world, "frequency", selectors) == pytest.approx(impressions / reach)
    both = measure(world, "reach", {}) or 0
    assert reach <= both <= reach + (measure(world, "reach", {"campaign": "second"}) or 0)


def test_a_rate_of_nothing_has_no_value_and_a_count_of_nothing_is_zero(world: World) -> None:
    nothing = {"campaign": "none"}
    for name in METRICS:
        expected = None if name in RATES else 0
        if name != "opportunities":
            assert measure(world, name, nothing) == expected, name


def test_an_unknown_metric_is_an_error_with_the_nearest_names(world: World) -> None:
    with pytest.raises(InputError) as caught:
        measure(world, "impresions", {})
    assert "impressions" in caught.value.hint
