"""The check of outcome agents: a good agent passes every check, and for every check there is one that fails it."""

from __future__ import annotations

import asyncio
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port

from sandbox.contract.auth import Auth
from sandbox.contract.check import Finding
from sandbox.contract.outcome_agent import SUBJECT
from sandbox.contract.outcome_agent import agent as frame
from sandbox.contract.run import Verdict, run
from sandbox.core.errors import InputError
from sandbox.scenario import load
from sandbox.server.served import Settings
from tests.contract.mutants.outcome import KEY, MUTATIONS, serving
from tests.server.conftest import Live

ROOT = Path(__file__).parents[2]

FAILS: dict[str, tuple[str, ...]] = {
    "acceptance.at_once": ("already",),
    "acceptance.capacity": ("trusting",),
    "acceptance.fields": ("trusting",),
    "acceptance.lost": ("already",),
    "acceptance.reason": ("silent",),
    "acceptance.retry": ("already",),
    "acceptance.taken": ("declines",),
    "acceptance.unknown": ("trusting",),
    "auth.api_key": ("open",),
    "auth.basic": ("open",),
    "auth.bearer": ("open",),
    "auth.first": ("parses_first",),
    "auth.none": ("open",),
    "context.agrees": ("ignores_patch",),
    "context.applied": ("ignores_patch",),
    "context.below_spend": ("no_cuts",),
    "context.budget_down": ("no_cuts",),
    "context.budget_up": ("no_changes",),
    "context.dates": ("fixed_dates",),
    "context.pause": ("no_pause",),
    "context.retry": ("no_retry",),
    "context.unknown": ("accepts_unknown",),
    "creatives.added": ("no_creatives",),
    "creatives.changed": ("no_creatives",),
    "creatives.removed": ("one_creative",),
    "creatives.retry": ("no_news",),
    "creatives.unknown": ("accepts_unknown",),
    "feedback.above": ("to_hundred",),
    "feedback.half": ("halves",),
    "feedback.nothing": ("divides",),
    "feedback.on_target": ("never_content",),
    "feedback.retry": ("once_told",),
    "feedback.unknown": ("accepts_unknown",),
    "messages.errors": ("mute",),
    "messages.in_time": ("slow",),
    "messages.large": ("small",),
    "messages.malformed": ("lenient",),
    "messages.method": ("any_method",),
    "messages.missing": ("crashes",),
    "messages.not_object": ("lenient",),
    "messages.parallel": ("one_at_a_time",),
    "messages.unicode": ("ascii",),
    "messages.unknown_fields": ("strict",),
    "messages.wrong_types": ("crashes",),
    "proposals.brief": ("needs_brief",),
    "proposals.budget": ("greedy",),
    "proposals.currency": ("dollars",),
    "proposals.empty": ("anything",),
    "proposals.fields": ("vague",),
    "proposals.methods": ("own_price",),
    "proposals.named": ("twins",),
    "proposals.over": ("nostalgic",),
    "proposals.own_ids": ("one_id",),
    "proposals.passthrough": ("marked_up",),
    "proposals.retry": ("new_each_time",),
    "proposals.valid": ("no_execution",),
    "restart.remembers": ("amnesia",),
    "flight.accepts": ("declines",),
    "flight.budget_down": ("content", "no_ends"),
    "flight.budget_up": ("content", "no_ends"),
    "flight.budget_used": ("timid", "deaf", "restless", "clumsy"),
    "flight.buffer": ("no_buffer", "buys_again"),
    "flight.buys": ("idle",),
    "flight.dates": ("content", "no_ends"),
    "flight.fee": ("no_fee_room", "over_buys"),
    "flight.feedback": ("misses_feedback", "misses_updates"),
    "flight.once": ("no_buffer", "buys_again"),
    "flight.overspend": ("no_fee_room", "over_buys"),
    "flight.pause": ("timid", "deaf", "restless", "clumsy"),
    "flight.proposes": ("nothing_proposed",),
    "flight.requests": ("timid", "deaf", "restless", "clumsy"),
    "flight.under_delivery": ("timid", "deaf", "restless", "clumsy"),
    "flight.updates": ("misses_feedback", "misses_updates"),
}
"""For each check the mutations of an agent that fails it; those that don't get in each other's way share a flight."""

GROUPS = sorted({check.name.partition(".")[0] + "." for check in SUBJECT.checks})
FLIGHT = [pytest.param(name, marks=pytest.mark.slow) for name in FAILS if name.startswith("flight.")]
QUICK = [name for name in FAILS if not name.startswith(("flight.", "restart."))]


async def _checked(mutations: Sequence[str], only: Sequence[str]) -> Verdict:
    port = unused_port()
    async with serving(mutations, f"http://127.0.0.1:{port}") as url:
        return await run(SUBJECT, url, Auth("api-key", KEY), only, None, {"platform_port": port})


@cache
def flown(mutations: tuple[str, ...]) -> dict[str, Finding]:
    """What the checks of the flight find; one flight for each mutant."""
    return {one.check.name: one for one in asyncio.run(_checked(mutations, ["flight."])).findings}


def test_every_check_has_an_agent_that_fails_it() -> None:  # rules 198 to 208, 211
    assert sorted(check.name for check in SUBJECT.checks) == sorted(FAILS)
    assert {name for names in FAILS.values() for name in names} <= set(MUTATIONS)


def test_a_good_agent_passes_every_check_but_the_flight() -> None:
    found = asyncio.run(_checked((), [group for group in GROUPS if group != "flight."]))
    wrong = [(one.check.name, one.detail) for one in found.findings if one.outcome != "passed"]
    assert wrong == [("restart.remembers", "--restart CMD says how to stop and start it again")]


@pytest.mark.slow
def test_a_good_agent_passes_the_flight() -> None:
    wrong = [(name, one.detail) for name, one in flown(()).items() if one.outcome != "passed"]
    assert wrong == []


@pytest.mark.parametrize("name", QUICK)
def test_the_check_fails(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if FAILS[name] == ("slow",):
        monkeypatch.setattr(frame, "ANSWER_S", 1.0)
    [finding] = asyncio.run(_checked(FAILS[name], [name])).findings
    assert finding.outcome == "failed", finding.detail
    assert finding.detail
    assert finding.curl.startswith("curl")
    assert finding.check.says
    assert KEY not in finding.curl


@pytest.mark.parametrize("name", FLIGHT)
def test_the_check_of_the_flight_fails(name: str) -> None:
    finding = flown(FAILS[name])[name]
    assert finding.outcome == "failed", finding.detail
    assert finding.curl.startswith("curl")


def _command(folder: Path, port: int, mutations: Sequence[str]) -> str:
    """A command that stops the agent and starts it again."""
    words = [sys.executable, "-m", "tests.contract.mutants.outcome", str(port), "", str(folder / "state.json")]
    pid = shlex.quote(str(folder / "pid"))
    stop = f"kill $(cat {pid}) && while kill -0 $(cat {pid}) 2>/dev/null; do sleep 0.05; done"
    start = f"cd {shlex.quote(str(ROOT))} && {shlex.join([*words, *mutations])} >/dev/null 2>&1 & echo $! > {pid}"
    return f"if [ -e {pid} ]; then {stop}; fi; {start}"


@pytest.mark.slow
@pytest.mark.parametrize(("mutations", "outcome"), [((), "passed"), (("amnesia",), "failed")])
def test_a_restart_shows_who_remembers(mutations: tuple[str, ...], outcome: str, tmp_path: Path) -> None:
    port = unused_port()
    command = _command(tmp_path, port, mutations)
    subprocess.run(command, shell=True, check=True)
    try:
        _wait(port)
        checking = run(
            SUBJECT, f"http://127.0.0.1:{port}", Auth("api-key", KEY), ["restart"], None, {"restart": command}
        )
        [finding] = asyncio.run(checking).findings
        assert finding.outcome == outcome, finding.detail
    finally:
        os.kill(int((tmp_path / "pid").read_text()), 15)


def _wait(port: int) -> None:
    for _ in range(200):
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the agent did not start")


WORLD = """
title: The market of the flight, with agents of our own that buy there
extends: worlds/outcome-flight
actors:
  vcpm: {kind: outcome, strategy: lowest_vcpm}
  views: {kind: outcome, strategy: completed_views, margin: {model: passthrough}}
  bandit: {kind: outcome, strategy: roas_bandit, margin: {model: cost_per_unit, method: cpm, rate: 6}}
  pacer: {kind: outcome, strategy: conservative_pacer, auth: BASIC}
  forgetful: {kind: outcome, strategy: forgetful}
"""
OURS = {"vcpm": "api-key:{}", "views": "bearer:{}", "bandit": "basic:acme:{}", "pacer": "api-key:{}"}
MAY_SKIP = {
    "acceptance.fields": "it asks for no custom fields",
    "proposals.fields": "it asks for no custom fields",
    "restart.remembers": "--restart CMD says how to stop and start it again",
    "flight.under_delivery": "no feedback was below 80",
}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    path = tmp_path_factory.mktemp("world") / "flight.yaml"
    path.write_text(WORLD, "utf-8")
    served = Live(Settings(load(str(path))))
    served.advance("10s")  # the agents register
    yield served
    served.stop()


def _ours(live: Live, name: str, auth: str, only: Sequence[str]) -> dict[str, Finding]:
    row = next(row for row in live.line["outcome_agents"] if row["id"] == name)
    options = {"control": live.line["control"], **({"channels": "olv"} if name == "views" else {})}
    checking = run(SUBJECT, row["url"], Auth.parse(auth.format(row["token"])), only, None, options)
    return {one.check.name: one for one in asyncio.run(checking).findings}


@pytest.mark.parametrize("name", OURS)
def test_a_served_agent_of_ours_passes_everything_but_the_flight(live: Live, name: str) -> None:
    found = _ours(live, name, OURS[name], [group for group in GROUPS if group != "flight."])
    wrong = {key: one.detail for key, one in found.items() if one.outcome != "passed"}
    assert wrong.items() <= MAY_SKIP.items()


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_a_served_agent_of_ours_passes_the_flight(live: Live, name: str) -> None:
    found = _ours(live, name, OURS[name], ["flight."])
    wrong = {key: one.detail for key, one in found.items() if one.outcome != "passed"}
    assert wrong.items() <= MAY_SKIP.items()


@pytest.mark.slow
def test_a_badly_behaved_agent_of_ours_fails_the_flight(live: Live) -> None:
    found = _ours(live, "forgetful", "api-key:{}", ["flight."])
    assert {"flight.budget_down", "flight.under_delivery"} <= {
        key for key, one in found.items() if one.outcome == "failed"
    }


def test_a_flight_without_a_platform_is_skipped_with_the_reason() -> None:
    async def checked(port: int) -> Verdict:
        async with serving((), "") as url:
            return await run(SUBJECT, url, Auth("api-key", KEY), ["flight.proposes"], None, {"platform_port": port})

    with socket.create_server(("127.0.0.1", 0)) as taken:
        verdict = asyncio.run(checked(taken.getsockname()[1]))
    assert [one.outcome for one in verdict.findings] == ["skipped"]
    assert "--platform-port" in verdict.findings[0].detail


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"channels": "a,b c"}, "--channels"),
        ({"countries": "Germany"}, "--countries"),
        ({"control": "http://x.test"}, "--control"),
    ],
)
def test_wrong_options_are_refused_by_name(options: dict[str, str], where: str) -> None:
    with pytest.raises(InputError, match=where):
        asyncio.run(run(SUBJECT, "http://127.0.0.1:1", None, ["auth"], None, options))


def test_where_nothing_answers_nothing_is_checked() -> None:
    with pytest.raises(InputError, match="nothing answers"):
        asyncio.run(run(SUBJECT, f"http://127.0.0.1:{unused_port()}", None))
