"""Sellers' ways to pace, end to end: a scenario of chance that fails is cut down, written to a file and named."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.scenario import load, run

METHODS = ["due_time", "throttling", "adaptive", "pid"]
SHAPES = ["flat", "evening", "office", "commute"]
Write = Callable[[dict[str, Any]], Path]


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Writes a scenario to a file that outlives the test; its name tells its content."""
    folder = tmp_path_factory.mktemp("scenarios")

    def to_file(scenario: dict[str, Any]) -> Path:
        text = json.dumps(scenario, indent=2)  # JSON is YAML
        path = folder / f"pacing-{sha256(text.encode()).hexdigest()[:12]}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


def scenario(**chosen: Any) -> dict[str, Any]:
    """``lifecycle/one-agent`` with a week of flight and what is chosen instead."""
    cap, daily_cap, budget = chosen.get("cap"), chosen.get("daily_cap"), chosen.get("budget", 50)
    body: dict[str, Any] = {
        "advertiserId": "$advertiser",
        "name": "A campaign",
        "flightDates": {"startDate": "${start+1d}", "endDate": f"${{start+{1 + chosen.get('days', 3)}d}}"},
        "budget": {"total": budget, "currency": "USD", "pacing": chosen.get("pacing", "even")},
        "discoveryId": "$discovery",
        "productIds": "$products",
    }
    if daily_cap is not None:
        body["budget"]["dailyCap"] = min(daily_cap, budget)
    expect = [{"name": "Nothing is overspent", "always": {"metric": "overspend", "max": 0}}]
    if cap is not None:
        body["frequencyCaps"] = [{"max_impressions": cap, "window": {"interval": 1, "unit": "campaign"}}]
        expect.append({"name": "The cap holds", "always": {"metric": "max_frequency", "max": cap}})
    steps: list[dict[str, Any]] = [{"name": "Create the campaign", "call": "buyer.create_campaign", "body": body}]
    steps[0]["save"] = {"campaign": "campaignId"}
    if chosen.get("pause") is not None and chosen.get("pacing") != "asap":  # what is delivered can't be paused
        for name, at in (("pause", chosen["pause"]), ("reactivate", chosen["pause"] + 7)):
            steps.append({"at": f"+{at}h", "call": f"buyer.{name}_campaign", "path": {"campaignId": "$campaign"}})
    place = {"channel": "display", "daily_opportunities": chosen.get("daily", 6000), "hour_shape": "flat"}
    return {
        "title": "A scenario of chance",
        "extends": "lifecycle/one-agent",
        "clock": {"start": "2026-06-01", "duration": f"{2 + chosen.get('days', 3)}d"},
        "population": {"users": chosen.get("users", 1000)},
        "actors": {
            "gazette": {"placements": [place | {"hour_shape": chosen.get("shape", "flat")}]},
            "northstar": {"pacing_method": chosen.get("method", "due_time")},
        },
        "steps": steps,
        "expect": expect + chosen.get("promises", []),
    }


def check(made: dict[str, Any], seed: int, write: Write) -> None:
    """Play a scenario; if anything is wrong, say what, and the command that shows it again."""
    path = write(made)
    result = run(load(str(path)), seed=seed)
    wrong = [f"{one.name}: {one.detail}" for one in result.expectations if not one.held]
    wrong += [str(violation) for violation in result.violations]
    assert not wrong, "\n".join([*wrong, f"repeat with: adcp-sandbox run {path} --seed {seed}"])


chances = st.fixed_dictionaries(
    {"method": st.sampled_from(METHODS)},
    optional={
        "pacing": st.sampled_from(["even", "asap", "front_loaded"]),
        "budget": st.integers(2, 200),
        "daily_cap": st.integers(1, 40),
        "days": st.integers(1, 5),
        "daily": st.integers(100, 12_000),
        "shape": st.sampled_from(SHAPES),
        "users": st.integers(1, 3000),
        "cap": st.integers(1, 8),
        "pause": st.integers(25, 40),
    },
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chosen=chances, seed=st.integers(0, 10_000))
def test_no_way_to_pace_overspends_or_passes_a_cap(chosen: dict[str, Any], seed: int, write: Write) -> None:
    check(scenario(**chosen), seed, write)


def test_a_scenario_that_fails_is_left_in_a_file_and_fails_again(write: Write) -> None:
    impossible = {"name": "Too good to be true", "holds": {"metric": "utilisation", "min": 2}}
    with pytest.raises(AssertionError, match="repeat with: adcp-sandbox run ") as caught:
        check(scenario(promises=[impossible]), 7, write)
    message = str(caught.value)
    assert "Too good to be true: utilisation: expected" in message
    path, _, seed = message.partition("adcp-sandbox run ")[2].split()[:3]
    assert run(load(path), seed=int(seed)).status == "failed"


@pytest.mark.parametrize(
    ("method", "pacing", "strategy"),
    [
        ("due_time", "even", "even"),
        ("throttling", "even", "throttling"),
        ("pid", "even", "pid"),
        ("adaptive", "even", "adaptive"),
        ("pid", "asap", "asap"),
        ("throttling", "front_loaded", "front_loaded"),
    ],
)
def test_the_seller_chooses_how_an_even_plan_is_kept_and_the_buyer_whether_there_is_one(
    method: str, pacing: str, strategy: str, write: Write
) -> None:
    made = scenario(method=method, pacing=pacing, days=1, daily=500, budget=1)
    trace = run(load(str(write(made)))).trace
    opened = [event.data for event in trace.events if event.kind == "line"]
    assert {line["pacing"] for line in opened if "pacing" in line} == {strategy}


def test_a_seller_shades_bids_where_there_are_bids() -> None:
    trace = run(load("pacing/adaptive")).trace
    by_seller = {event.actor: event.data["pacing"] for event in trace.events if event.kind == "line"}
    assert by_seller == {"northstar": "adaptive_bids", "southstar": "even"}
