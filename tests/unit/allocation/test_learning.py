"""Responses, posteriors, and what both are for: money finds the better place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sandbox.allocation import (
    BetaRate,
    GammaRate,
    MeanValue,
    Problem,
    calibrated,
    diminishing,
    fill,
    fill_above_rate,
)


def ints(*values: int) -> Any:
    return np.array(values, np.int64)


def floats(*values: float) -> Any:
    return np.array(values, np.float64)


def divide(total: int, density: Any, capacity: Any) -> Any:
    """The best division of a total among items with diminishing responses and no further bounds."""
    response = diminishing(density, capacity, np.zeros_like(capacity))
    n = len(density)
    return fill(
        Problem(
            total, response.item, response.width_micros, response.slope, np.zeros(n, np.int64), capacity,
            np.zeros(n, np.int64), ints(0), ints(total),
        )
    )  # fmt: skip


def test_a_response_fades_in_a_line_and_spans_the_capacity() -> None:
    response = diminishing(floats(2.0), ints(103), ints(40), fade=0.5, steps=4)
    assert response.width_micros.tolist() == [25, 26, 26, 26, 40]
    assert response.slope.tolist() == [1.875, 1.625, 1.375, 1.125, 0.0]
    assert diminishing(floats(2.0), ints(100), ints(0)).item.tolist() == [0] * 8


def test_equal_supplies_share_evenly_instead_of_one_taking_all() -> None:
    shares = divide(1_000_000, floats(1.0, 1.0), ints(1_000_000, 1_000_000))
    assert shares.tolist() == [500_000, 500_000]


def test_a_larger_supply_of_the_same_worth_gets_more() -> None:
    small, large = divide(900_000, floats(1.0, 1.0), ints(400_000, 1_600_000))
    assert large == pytest.approx(4 * small, rel=0.2)


def test_counts_move_a_rate_from_its_prior_to_what_was_observed() -> None:
    prior = GammaRate.prior(floats(0.002, 0.002), events=2.0)
    assert prior.mean.tolist() == [0.002, 0.002]
    after = prior.observe(floats(0.0, 900.0), floats(0.0, 100_000.0))
    assert after.mean[0] == 0.002
    assert after.mean[1] == pytest.approx(0.009, rel=0.02)


def test_a_share_of_trials_is_never_more_than_all() -> None:
    after = BetaRate.prior(floats(0.7), 3.0).observe(floats(500.0), floats(400.0))
    assert 0.99 < after.mean[0] < 1.0


def test_the_mean_of_values_is_learnt_from_their_sum() -> None:
    after = MeanValue.prior(floats(50.0), 4.0).observe(floats(96.0), floats(96 * 20.0))
    assert after.mean[0] == pytest.approx((4 * 50 + 96 * 20) / 100)


@pytest.mark.parametrize(
    "belief",
    [
        GammaRate.prior(floats(0.01), 5.0).observe(floats(40.0), floats(3_000.0)),
        BetaRate.prior(floats(0.3), 5.0).observe(floats(40.0), floats(100.0)),
        MeanValue.prior(floats(30.0), 8.0).observe(floats(20.0), floats(900.0)),
    ],
)
def test_draws_scatter_around_what_is_believed(belief: Any) -> None:
    rng = np.random.default_rng(5)
    draws = np.array([belief.draw(rng)[0] for _ in range(4_000)])
    assert draws.mean() == pytest.approx(belief.mean[0], rel=0.02)
    assert draws.std() > 0.02 * belief.mean[0]


def test_a_level_is_learnt_from_all_and_the_order_of_priors_stays() -> None:
    prior = floats(0.002, 0.004)
    after = calibrated(prior, floats(60.0, 0.0), floats(10_000.0, 0.0), weight=5.0)
    assert after[1] == pytest.approx(2 * after[0])
    assert after[0] == pytest.approx(0.002 * 65 / 25)
    assert calibrated(prior, floats(0.0, 0.0), floats(0.0, 0.0), 5.0).tolist() == prior.tolist()


def test_a_rate_is_kept_at_the_least_cost_in_impressions() -> None:
    impressions, rate, capacity = floats(4.0, 1.0), floats(0.2, 0.8), ints(1_000_000, 1_000_000)
    split = fill_above_rate(lambda worth: divide(1_000_000, worth, capacity), impressions, rate, 0.5)
    shown = split * impressions
    assert int(split.sum()) == 1_000_000
    assert 0.5 <= (shown * rate).sum() / shown.sum() < 0.6
    assert split[0] > 0


def test_a_rate_that_all_keep_costs_nothing() -> None:
    impressions, rate, capacity = floats(4.0, 1.0), floats(0.6, 0.8), ints(1_000_000, 1_000_000)
    split = fill_above_rate(lambda worth: divide(1_000_000, worth, capacity), impressions, rate, 0.5)
    assert split.tolist() == divide(1_000_000, impressions, capacity).tolist()


def test_a_rate_that_none_keeps_gets_the_best_there_is() -> None:
    impressions, rate, capacity = floats(1.0, 1.0), floats(0.2, 0.4), ints(1_000_000, 1_000_000)
    split = fill_above_rate(lambda worth: divide(1_000_000, worth, capacity), impressions, rate, 0.9)
    assert split[1] > 2 * split[0]


def play(explore: bool, rounds: int = 40, seed: int = 11) -> float:
    """Share of the best possible events that a bandit gets whose priors are right for none of five places."""
    rng = np.random.default_rng(seed)
    truth = floats(0.4, 0.9, 0.5, 1.6, 0.6) / 1_000_000
    capacity, total = np.full(5, 100_000_000), 100_000_000
    belief, won = GammaRate.prior(np.full(5, 0.8e-6), 2.0), 0.0
    for _ in range(rounds):
        worth = belief.draw(rng) if explore else np.full(5, 1e-6)
        spent = divide(total, worth, capacity)
        events = rng.poisson(truth * spent).astype(np.float64)
        won += float((truth * spent).sum())
        belief = belief.observe(events, spent.astype(np.float64))
    return won / (rounds * float((truth * divide(total, truth, capacity)).sum()))


def test_thompson_sampling_finds_the_better_places() -> None:
    even, learnt = play(explore=False), play(explore=True)
    assert learnt > 0.93
    assert learnt > even + 0.2
