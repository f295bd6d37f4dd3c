"""``run --against URL``: a scenario's steps over HTTP come to the same as in process, to the millisecond."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from sandbox.cli.main import main
from sandbox.core.errors import InputError
from sandbox.kernel.trace import Event, canonical
from sandbox.results.result import RunResult
from sandbox.scenario import Scenario, load, run
from sandbox.scenario.catalog import shipped
from sandbox.scenario.remote import play
from tests.server.conftest import Live, MakeLive, settings

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

Served = Callable[[str], Live]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serves a scenario, by path or shipped name."""
    running: list[Live] = []

    def serve(name: str, **given: Any) -> Live:
        running.append(Live(settings(tmp_path, scenario=name, **given)))
        return running[-1]

    yield serve
    for live in running:
        live.stop()


@pytest.fixture(scope="module")
def one_agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The world of lifecycle/one-agent, for plays that reset it first."""
    live = Live(settings(tmp_path_factory.mktemp("one_agent"), scenario="lifecycle/one-agent"))
    yield live
    live.stop()


def url(live: Live) -> str:
    return str(live.line["buyer_api"])


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

HEAD = """\
title: A test
extends: lifecycle/one-agent
clock: {start: 2026-06-01, duration: 5d}
"""

ODD = {
    "an answer that is not the expected one": """
steps:
  - {name: Look, after: 2d, call: buyer.get_campaign, path: {campaignId: $campaign}, expect: {status: PAUSED}}
expect:
  - {name: Spent, holds: {metric: spend, min: 1}}
  - {name: Seen before, eventually: {metric: impressions, min: 1}}
""",
    "an event that does not come in time": """
steps:
  - {name: Wait, when: {status: {entity: campaign, is: COMPLETED}}, within: 30h}
""",
    "an event that never comes": """
steps:
  - {name: Wait, when: {message: {kind: webhook, from: gazette}}}
  - {name: Rest, after: 1h}
""",
    "events that are waited for one after the other": """
steps:
  - {name: First, when: {event: {kind: delivery, data: {impressions: {min: 1}}}}}
  - {name: Third, when: {event: {kind: delivery, count: 3}}}
  - {name: Pause, call: buyer.pause_campaign, path: {campaignId: $campaign}}
  - {name: Paused, when: {status: {entity: media_buy, is: paused}}}
  - {name: Answered, when: {message: {kind: reply, to: buyer, operation: get_media_buys}}}
expect:
  - {name: Paused at once, eventually: {status: {entity: campaign, is: PAUSED}}, until: +30h}
""",
    "a call that the end of the clock cuts off": """
steps:
  - {name: Pause, at: end, call: buyer.pause_campaign, path: {campaignId: $campaign}}
""",
    "a platform that is down": """
steps:
  - {name: Down, after: 1h, do: buyer.go_down}
  - {name: Read, call: buyer.get_campaign, path: {campaignId: $campaign}, error: UNREACHABLE}
  - {name: Write, call: buyer.pause_campaign, path: {campaignId: $campaign}, error: UNREACHABLE}
  - {name: Up, do: buyer.come_back}
  - {name: Read again, call: buyer.get_campaign, path: {campaignId: $campaign}, expect: {status: ACTIVE}}
""",
    "a control that objects": """
steps:
  - {name: Approve, do: northstar.approve}
""",
    "a control in the midst of time": """
steps:
  - {name: Hold, at: 2026-06-02T10:30:00Z, do: northstar.pause, with: {reason: A strike}}
  - {name: Go on, at: 2026-06-03T10:30:00Z, do: northstar.resume}
""",
    "requests that are refused": """
steps:
  - {name: No path, call: buyer.get_campaign, error: {code: VALIDATION_ERROR, field: pathParams.campaignId}}
  - {name: Odd path, call: buyer.list_campaigns, path: {x: 1}, error: {code: VALIDATION_ERROR, field: pathParams.x}}
  - {name: Odd query, call: buyer.list_campaigns, params: {sort: up}, error: {field: sort}}
  - {name: Odd body, call: buyer.create_advertiser, body: {nam: X}, error: {field: nam}}
  - {name: Gone, call: buyer.get_campaign, path: {campaignId: "a/../b ?"}, error: NOT_FOUND}
  - {name: Other name, call: buyer.get_campaign, path: {id: $campaign}, expect: {campaignId: $campaign}}
""",
    "calls that are made again until": """
steps:
  - name: Poll
    call: buyer.get_reporting_metrics
    params: {days: 7, breakdown: package}
    every: 5h
    until: {totals.impressions: {min: 20000}}
  - {name: See, after: 90s, call: buyer.list_campaigns, params: {take: 1}, expect: {total: 1}}
""",
    "answers and metrics that are looked at": """
expect:
  - {name: Active, eventually: {call: buyer.get_campaign, path: {campaignId: $campaign}, field: status, equals: ACTIVE}}
  - {name: Never gone, never: {call: buyer.get_campaign, path: {campaignId: $campaign}, field: status, equals: X}}
  - {name: At the end, holds: {call: buyer.get_reporting_metrics, params: {days: 7}, field: totals.spend, min: 1}}
  - {name: Asked often, always: {call: buyer.get_reporting_metrics, field: totals.spend, min: 0}, every: 7h}
  - {name: Even, always: {metric: spend, campaign: $campaign, seller: northstar, max: 150}, every: 37m}
  - {name: No reach yet, holds: {metric: frequency, absent: true}, at: +1h}
  - {name: Reached, holds: {metric: reach, min: 1}, at: 2026-06-03T10:10:10.123Z}
""",
}


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


# -- what can't be played --------------------------------------------------------------------------------


def refusal(scenario: Scenario | str, address: str, **given: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        play(load(scenario) if isinstance(scenario, str) else scenario, address, **given)
    return caught.value


def test_an_address_where_nothing_answers_is_named() -> None:
    error = refusal("lifecycle/one-agent", "http://127.0.0.1:1")
    assert error.where == "--against"
    assert "no sandbox answers at http://127.0.0.1:1: Connection refused" in error.message
    assert "adcp-sandbox serve" in error.hint


@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "http://", "http://x:99999", "http://x:port"])
def test_what_is_no_address_is_refused(address: str) -> None:
    assert "no address of a sandbox" in refusal("lifecycle/one-agent", address).message


def test_another_program_at_the_address_is_told_from_a_sandbox() -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404)
            self.end_headers()
            self.wfile.write(b"<html>no such page</html>")

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        error = refusal("lifecycle/one-agent", f"http://127.0.0.1:{server.server_port}")
        assert "is no sandbox: GET /_sandbox/world is answered with 404" in error.message
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_another_world_or_seed_is_refused_and_nothing_is_reset(one_agent: Live) -> None:
    one_agent.ok("POST", "/_sandbox/reset")
    one_agent.advance("1h")
    error = refusal("lifecycle/seller-down", url(one_agent), reset=True)
    assert "serves lifecycle/one-agent, which is another world than that of lifecycle/seller-down" in error.message
    assert error.hint == "adcp-sandbox serve lifecycle/seller-down"
    error = refusal("lifecycle/one-agent", url(one_agent), seed=12, reset=True)
    assert (error.message, error.hint) == (f"{url(one_agent)} has the seed 11, not 12", "give --seed 11")
    assert one_agent.now() == "2026-06-01T01:00:00Z"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"clock": "x60"}, "runs by itself (x60)"),
        ({"start_ms": 1_700_000_000_000}, "begins at 2023-11-14T22:13:20Z, the scenario at 2026-06-01T00:00:00Z"),
    ],
)
def test_a_clock_that_the_scenario_can_not_have_is_refused(tmp_path: Path, given: dict[str, Any], message: str) -> None:
    live = Live(settings(tmp_path, scenario="lifecycle/one-agent", **given))
    try:
        assert message in refusal("lifecycle/one-agent", url(live)).message
    finally:
        live.stop()


def test_a_sandbox_that_was_used_must_be_reset_on_purpose(one_agent: Live) -> None:
    one_agent.ok("POST", "/_sandbox/reset")
    one_agent.advertiser()  # takes no simulated time
    error = refusal("lifecycle/one-agent", url(one_agent))
    assert "is not at its first instant: it is 2026-06-01T00:00:00Z (requests so far: 1)" in error.message
    assert "--reset" in error.hint
    assert play(load("lifecycle/one-agent"), url(one_agent), reset=True).status == "passed"
    one_agent.ok("POST", "/_sandbox/reset")
    one_agent.advance("1h")
    assert "it is 2026-06-01T01:00:00Z (requests so far: 0)" in refusal("lifecycle/one-agent", url(one_agent)).message


def test_an_api_key_that_is_refused_is_no_failed_step(one_agent: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    known = one_agent.running.control.customers()
    monkeypatch.setattr(one_agent.running.control, "customers", lambda: [{**row, "api_key": "old"} for row in known])
    assert (
        refusal("lifecycle/one-agent", url(one_agent), reset=True).message
        == f"{url(one_agent)} refuses the API key of acme"
    )


def test_calls_of_agents_that_are_not_served_are_named_with_their_line(served: Served) -> None:
    live = served("pacing/adaptive")
    error = refusal("pacing/adaptive", url(live))
    assert error.where.startswith("pacing/adaptive:")
    assert "steps call buyer over HTTP, and no other actor" in error.message


@pytest.mark.parametrize("caller", ["globex", "$who"])
def test_steps_of_a_second_customer_are_refused(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caller: str
) -> None:
    monkeypatch.chdir(tmp_path)
    step = f"{{as: {caller}, call: buyer.list_campaigns}}"
    text = f"title: T\nextends: worlds/default\nvars: {{who: globex}}\nsteps: [{step}]\n"
    Path("two.yaml").write_text(text, encoding="utf-8")
    error = refusal("two.yaml", url(served("two.yaml")))
    assert "globex" in error.message
    assert "has a world of its own in a served sandbox" in error.message


# -- the command -----------------------------------------------------------------------------------------


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["adcp-sandbox", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_command_prints_the_same_object_with_the_address(
    one_agent: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("short.yaml").write_text(HEAD, encoding="utf-8")
    one_agent.ok("POST", "/_sandbox/reset")
    address = url(one_agent)
    assert command(monkeypatch, "run", "short.yaml", "--against", address, "--json", "--out", "out") == 0
    printed = json.loads(capfd.readouterr().out)
    here = run(load("short.yaml")).summary()
    differ = ("digest", "wall_s")
    assert {k: v for k, v in printed.items() if k not in differ} == {
        **{k: v for k, v in here.items() if k not in differ},
        "against": address,
    }
    assert json.loads(Path("out/result.json").read_text(encoding="utf-8")) == printed
    assert command(monkeypatch, "run", "short.yaml", "--against", address) == 2
    assert "--reset" in capfd.readouterr().err
    assert command(monkeypatch, "run", "short.yaml", "--against", address, "--reset") == 0


def test_a_failure_says_how_to_repeat_it_against_the_same_sandbox(
    one_agent: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("odd.yaml").write_text(HEAD + ODD["a control that objects"], encoding="utf-8")
    address = url(one_agent)
    assert command(monkeypatch, "run", "odd.yaml", "--against", address, "--reset") == 1
    shown = capfd.readouterr().out.rstrip()
    assert shown.endswith(f"repeat with: adcp-sandbox run odd.yaml --seed 11 --against {address} --reset")


def test_reset_alone_makes_no_sense(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    assert command(monkeypatch, "run", "lifecycle/one-agent", "--reset") == 2
    assert "--reset: it needs --against" in capfd.readouterr().err


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
