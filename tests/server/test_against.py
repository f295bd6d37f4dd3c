"""``run --against URL``: a scenario's steps over HTTP come to the same as in process, to the millisecond."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sandbox.kernel.trace import Event, canonical
from sandbox.results.result import RunResult
from sandbox.scenario import load, run
from sandbox.scenario.catalog import shipped
from sandbox.scenario.remote import play
from tests.server.conftest import Live, MakeLive, Served, settings, url
from tests.server.odd_steps import HEAD, ODD

QUICK = (
    "approvals/by-rule-and-by-chance",
    "lifecycle/cancel-packages",
    "lifecycle/creative-revoked",
    "lifecycle/seller-down",
)
"""Played in every test run; all others are slow."""


def playable(name: str) -> bool:
    """True if all steps go to the platform, which is what is served."""
    file = load(name).file
    platforms = {actor for actor, spec in file.actors.items() if spec.kind == "buyer"}
    return {step.call.partition(".")[0] for step in file.steps if step.call} <= platforms


PLAYABLE = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in shipped() if playable(name)]


# -- the same outcome ------------------------------------------------------------------------------------


def told(event: Event) -> tuple[int, str, str, str]:
    """An event without the numbers of messages (reads are not counted by the server), and with queries as text."""
    data = dict(event.data)
    if event.kind in ("call", "reply", "lost", "webhook", "webhook_result"):
        del data["id"]
    if event.kind == "call" and "params" in data["payload"]:
        data["payload"] = {**data["payload"], "params": {k: str(v) for k, v in data["payload"]["params"].items()}}
    return event.at_ms, event.kind, event.actor, canonical(data)


def happened(result: RunResult) -> Counter[tuple[int, str, str, str]]:
    """Everything that happened, and when. What was delivered is told when somebody looks, so it is added up below."""
    return Counter(told(event) for event in result.trace.events if event.kind not in ("delivery", "conversion"))


def delivered(result: RunResult) -> Counter[Any]:
    """What each line delivered in each hour, and the conversions."""
    sums: Counter[Any] = Counter()
    for event in result.trace.of("delivery"):
        for name, value in event.data.items():
            if isinstance(value, int):
                sums[event.data["line_id"], event.data["hour"], name] += value
    sums.update(canonical(event.data) for event in result.trace.of("conversion"))
    return sums


def final_statuses(result: RunResult) -> dict[tuple[str, str, str], str]:
    """The last state of each thing."""
    return {(e.actor, e.data["entity"], e.data["id"]): e.data["new"] for e in result.trace.of("status")}


def assert_same(there: RunResult, here: RunResult) -> None:
    judged = [[(j.name, j.held, j.detail, j.at_ms, j.place) for j in result.expectations] for result in (there, here)]
    assert judged[0] == judged[1]
    assert there.status == here.status
    assert final_statuses(there) == final_statuses(here)
    assert (there.impressions, there.spend_micros) == (here.impressions, here.spend_micros)
    assert delivered(there) == delivered(here)
    only_there, only_here = happened(there) - happened(here), happened(here) - happened(there)
    assert (sorted(only_there), sorted(only_here)) == ([], [])
    counts = [(r.opportunities, r.messages, r.simulated_ms, r.violations) for r in (there, here)]
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", PLAYABLE)
def test_a_shipped_scenario_comes_to_the_same_over_http_as_in_process(served: Served, name: str) -> None:
    live, scenario = served(name), load(name)
    here = run(scenario)
    there = play(load(name), url(live))
    assert_same(there, here)
    assert there.against == url(live)


@pytest.mark.slow
def test_another_seed_comes_to_the_same_too(tmp_path: Path) -> None:
    live = Live(settings(tmp_path, scenario="lifecycle/partial-failure", seed=77))
    try:
        assert_same(play(load("lifecycle/partial-failure"), url(live), 77), run(load("lifecycle/partial-failure"), 77))
    finally:
        live.stop()


# -- odd steps and expectations --------------------------------------------------------------------------


@pytest.mark.parametrize("what", ODD)
def test_odd_steps_come_to_the_same_over_http_as_in_process(
    one_agent: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("odd.yaml").write_text(HEAD + ODD[what], encoding="utf-8")
    here, there = run(load("odd.yaml")), play(load("odd.yaml"), url(one_agent), reset=True)
    assert_same(there, here)
    failed = [judged.nearest != [] for judged in there.expectations if not judged.held]
    assert failed == [judged.nearest != [] for judged in here.expectations if not judged.held]


def test_strangers_are_refused_over_http_as_in_process_though_in_other_words(
    one_agent: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    steps = """
steps:
  - {name: Ask, as: nobody, call: buyer.list_campaigns, error: UNAUTHORIZED}
  - {name: Change, as: gazette, call: buyer.create_advertiser, body: {name: X}, error: UNAUTHORIZED}
"""
    Path("odd.yaml").write_text(HEAD + steps, encoding="utf-8")
    here, there = run(load("odd.yaml")), play(load("odd.yaml"), url(one_agent), reset=True)
    assert there.status == here.status == "passed"
    assert [(j.name, j.held, j.at_ms) for j in there.expectations] == [
        (j.name, j.held, j.at_ms) for j in here.expectations
    ]


def test_two_runs_against_it_have_the_same_digest(
    one_agent: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("short.yaml").write_text(HEAD, encoding="utf-8")
    digests = [play(load("short.yaml"), url(one_agent), reset=True).digest for _ in range(2)]
    assert digests[0] == digests[1]


@pytest.mark.slow
def test_a_server_that_limits_the_rate_is_waited_for(tmp_path: Path) -> None:
    from sandbox.server.app import Address

    live = Live(settings(tmp_path, scenario="lifecycle/one-agent"), Address(port=0, rate_limit=1.5))
    try:
        assert_same(play(load("lifecycle/one-agent"), url(live)), run(load("lifecycle/one-agent")))
    finally:
        live.stop()


# -- books -----------------------------------------------------------------------------------------------


def test_metrics_change_nothing_and_a_restart_finds_the_same_trace(
    make_live: MakeLive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = HEAD + "expect: [{name: Even, always: {metric: spend, max: 999}, every: 11h}]\n"
    Path("short.yaml").write_text(text, encoding="utf-8")
    live = make_live(scenario="lifecycle/one-agent")
    spend_micros = play(load("short.yaml"), url(live)).spend_micros
    world = live.ok("GET", "/_sandbox/world")
    all_of_them = live.ok("GET", "/_sandbox/metrics")["metrics"]
    assert all_of_them["spend"] == spend_micros / 1_000_000 > 100
    assert live.ok("GET", "/_sandbox/metrics?name=spend,lines&seller=northstar")["metrics"] == {
        "spend": all_of_them["spend"],
        "lines": 1,
    }
    assert live.ok("GET", "/_sandbox/metrics?name=spend&seller=nobody")["metrics"] == {"spend": 0.0}
    assert live.ok("GET", "/_sandbox/world") == world
    live.stop()
    again = make_live(scenario="lifecycle/one-agent")
    assert again.line["replayed"] == world["inputs"]
    assert again.ok("GET", "/_sandbox/world") == world


def test_metrics_in_the_midst_of_an_hour_are_of_that_moment_and_leave_no_event(
    one_agent: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("short.yaml").write_text(HEAD, encoding="utf-8")
    live = one_agent
    play(load("short.yaml"), url(live), reset=True)
    live.advance("30m")
    before = live.ok("GET", "/_sandbox/world")
    half = live.ok("GET", "/_sandbox/metrics?name=impressions")["metrics"]["impressions"]
    assert live.ok("GET", "/_sandbox/world")["digest"] == before["digest"]
    rows = live.ok("GET", "/_sandbox/events?type=delivery&limit=1000")["events"]
    assert half > sum(row["data"].get("impressions", 0) for row in rows)
    live.ok("POST", "/_sandbox/settle")
    rows = live.ok("GET", "/_sandbox/events?type=delivery&limit=1000")["events"]
    assert half == sum(row["data"].get("impressions", 0) for row in rows)
    assert live.ok("POST", "/_sandbox/audit")["violations"] == []


@pytest.mark.parametrize(
    ("query", "field"), [("name=profit", "name"), ("name=spend&sellr=x", "sellr"), ("customer=x", "customer")]
)
def test_metrics_that_do_not_exist_are_refused(live: Live, query: str, field: str) -> None:
    error = live.error("GET", f"/_sandbox/metrics?{query}")
    assert (error["status"], error["field"]) == (400, field)
