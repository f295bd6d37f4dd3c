"""The same line on the same traffic with each strategy."""

import pytest

from sandbox.core.errors import InputError
from sandbox.core.time import DAY_MS, HOUR_MS, parse_instant
from sandbox.delivery import CreativeWeight, Line, Placement, Price
from sandbox.delivery.pacing import PACING
from sandbox.results.pacing_trial import pacing_trial

START = parse_instant("2026-06-01")
PLACE = Placement("news", "gazette", "news", "display", daily_opportunities=5_000)
LINE = Line(
    "line", "buy", "seller", ("news",), START, START + 4 * DAY_MS, 20_000_000, Price("cpm", 4_000_000),
    creatives=(CreativeWeight("banner"),),
)  # fmt: skip


def test_every_registered_strategy_is_tried_for_every_hour_of_the_flight() -> None:
    trial = pacing_trial(LINE, [PLACE], users=1_000)
    assert trial.groupby("strategy").size().to_dict() == dict.fromkeys(PACING, 4 * 24)
    assert trial["time"].iloc[0].timestamp() * 1000 == START + HOUR_MS


def test_no_strategy_spends_more_than_the_budget_and_shares_are_of_it() -> None:
    trial = pacing_trial(LINE, [PLACE], users=1_000)
    spent = trial.groupby("strategy")["spend_micros"].sum()
    assert (spent <= LINE.budget_micros).all()
    assert (spent / LINE.budget_micros).to_dict() == pytest.approx(trial.groupby("strategy")["spent"].last().to_dict())
    assert trial["even"].iloc[47] == 0.5


def test_strategies_meet_the_same_traffic_and_are_told_apart() -> None:
    trial = pacing_trial(LINE, [PLACE], ["even", "asap"], users=1_000)
    half = trial[trial["even"] == 0.5].set_index("strategy")["spent"]
    assert half["even"] == pytest.approx(0.5, abs=0.01)
    assert half["asap"] > 0.99
    again = pacing_trial(LINE, [PLACE], ["asap"], users=1_000)
    assert again["impressions"].tolist() == trial[trial["strategy"] == "asap"]["impressions"].tolist()


def test_a_strategy_that_there_is_not_is_an_input_error() -> None:
    with pytest.raises(InputError, match="evenly"):
        pacing_trial(LINE, [PLACE], ["evenly"])
