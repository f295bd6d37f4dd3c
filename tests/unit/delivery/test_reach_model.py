"""Who is reached, and how often: the engine against the classical models of media reach.

People come as a Poisson process. Where all are equally active, exposures are Poisson and reach is 1 - exp(-m); where
activity is gamma-distributed, they are negative binomial (the NBD of Greene 1982 and Goodhardt, Ehrenberg 1969).
"""

from math import exp, lgamma, log

import numpy as np
import pytest

from sandbox.core.time import DAY_MS, HOUR_MS, parse_instant
from sandbox.delivery import Cap, CreativeWeight, Engine, Line, Placement, Population, Price

START_MS = parse_instant("2026-05-04")
PEOPLE = 20_000
RICH = 10**15


def serve(
    mean: float, shape: float | None, caps: tuple[Cap, ...] = (), hours: int = 24, seed: int = 1, publishers: int = 1
) -> Engine:
    """A line that takes all there is: ``mean`` opportunities a person, spread over publishers."""
    daily = round(PEOPLE * mean * 24 / hours / publishers)
    places = [Placement(f"p{n}", f"publisher-{n}", f"{n}.com", "display", daily) for n in range(publishers)]
    engine = Engine(seed, START_MS, Population(PEOPLE, shape), places)
    names = tuple(place.placement_id for place in places)
    shown = (CreativeWeight("x"),)
    price = Price("cpm", 1_000_000)
    end_ms = START_MS + hours * HOUR_MS
    line = Line("line", "buy", "s", names, START_MS, end_ms, RICH, price, "campaign", pacing="asap", creatives=shown)
    engine.add_line(line, START_MS)
    engine.set_caps("campaign", "campaign", caps, START_MS)
    engine.advance(end_ms)
    assert engine.audit() == []
    return engine


def counts(engine: Engine) -> np.ndarray:
    return np.bincount(engine.exposures().user, minlength=PEOPLE)


def negative_binomial(n: int, mean: float, shape: float) -> float:
    ways = lgamma(n + shape) - lgamma(shape) - lgamma(n + 1)
    return exp(ways + shape * log(shape / (shape + mean)) + n * log(mean / (shape + mean)))


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("mean", [1.0, 4.0])
def test_exposures_are_negative_binomial_where_activity_is_gamma(shape: float, mean: float) -> None:
    engine = serve(mean, shape)
    seen = counts(engine)
    actual_mean = len(engine.log) / PEOPLE
    found = np.bincount(seen) / PEOPLE
    model = np.array([negative_binomial(n, actual_mean, shape) for n in range(len(found))])
    distance = 0.5 * (np.abs(found - model).sum() + 1.0 - model.sum())
    assert distance < 0.03  # total variation; 20,000 draws from the model itself come to about 0.01
    reached = 1.0 - (shape / (shape + actual_mean)) ** shape
    assert (seen > 0).mean() == pytest.approx(reached, abs=0.01)


def test_heavy_users_make_gamma_frequencies_far_from_poisson() -> None:
    seen = counts(serve(4.0, 0.5))
    assert seen.var() == pytest.approx(4.0 + 4.0**2 / 0.5, rel=0.1)  # the variance of the NBD; Poisson's is 4


@pytest.mark.parametrize("mean", [0.2, 1.0, 3.0])
def test_reach_is_one_less_exp_of_the_mean_where_all_are_equal(mean: float) -> None:
    engine = serve(mean, None)
    lam = len(engine.log) / PEOPLE
    assert engine.reach("package", "line") / PEOPLE == pytest.approx(1.0 - exp(-lam), abs=0.01)


def test_the_mean_is_that_of_the_traffic() -> None:
    assert len(serve(3.0, 0.8).log) == pytest.approx(3.0 * PEOPLE, rel=0.02)


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_a_cap_cuts_frequencies_off_and_costs_no_reach(limit: int) -> None:
    free, capped = (counts(serve(4.0, 0.8, caps, publishers=3)) for caps in ((), (Cap(limit),)))  # rule 106
    assert (capped == np.minimum(free, limit)).all()
    assert capped.max() == limit


def test_in_no_day_that_rolls_does_anybody_see_more_than_the_cap() -> None:
    engine = serve(20.0, 0.8, (Cap(3, DAY_MS),), hours=72, publishers=2)
    log = engine.exposures()
    for person in np.argsort(counts(engine))[-200:]:
        times = log.time_ms[log.user == person]
        assert (times[3:] - times[:-3] >= DAY_MS).all()
    assert engine.frequency("campaign", "campaign").keys() <= set(range(1, 10))
    assert max(engine.frequency("campaign", "campaign")) == 9
