"""A real outcome agent in a scenario: what goes wrong with it, what it does by itself, and the same run again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from sandbox.core.errors import InputError
from sandbox.results.result import RunResult
from sandbox.scenario import load, run
from sandbox.server.play import play, play_again
from tests.peers.conftest import KEY, RESET, SELECTED, STEPS, Body, Service, propose

Write = Callable[..., str]

ACCEPT = STEPS.replace("closed: true}}", "closed: true}, save: {proposal: tactics.0.proposalId}}") + SELECTED


def both(path: str, journal: Path, service: Service) -> RunResult:
    """Play a scenario, and again without the service; the two are the same."""
    url = f"sqlite:///{journal}/run.db"
    result = play(load(path), journal=url)
    service.close()
    again = play_again(load(path), url)
    assert (again.digest, again.status) == (result.digest, result.status)
    return result


def lost(result: RunResult) -> list[str]:
    """Why calls to the agent got no answer."""
    return [event.data["why"] for event in result.trace.of("lost") if event.data["to"] == "agent"]


def buying(service: Service) -> Callable[[], Any]:
    async def buy() -> int:
        async with httpx.AsyncClient(base_url=f"{service.platform}/rest/v1", timeout=20) as http:
            shown = {"Authorization": f"Bearer {service.key}"}
            products = (await http.post("/get-products", json={}, headers=shown)).json()["products"]
            tactic = service.bodies("accept-proposal")[0]["tacticId"]
            body = {"tacticId": tactic, "productId": products[0]["productId"], "budget": 400}
            return (await http.post("/create-media-buy", json=body, headers=shown)).status_code

    return buy


def test_latency_is_charged_to_simulated_time_and_real_time_is_not(
    service: Service, scenario: Write, tmp_path: Path
) -> None:
    async def think(service: Service, body: Body) -> Body:
        await asyncio.sleep(0.3)
        return await propose(service, body)

    service.does["get-proposals"] = think
    result = both(scenario(), tmp_path, service)
    (call,) = [event for event in result.trace.of("call") if event.data["operation"] == "get-proposals"]
    (reply,) = [event for event in result.trace.of("reply") if event.data["operation"] == "get-proposals"]
    assert reply.at_ms - call.at_ms == 150
    assert result.status == "passed"


async def _slow(_service: Service, _body: Body) -> Any:
    await asyncio.sleep(4)
    return {}


async def _no_json(_service: Service, _body: Body) -> Any:
    return web.Response(text="<html>")


async def _list(_service: Service, _body: Body) -> Any:
    return web.json_response([])


async def _nan(_service: Service, _body: Body) -> Any:
    return web.Response(text='{"proposals": NaN}')


async def _reset(_service: Service, _body: Body) -> Any:
    return RESET


@pytest.mark.parametrize(
    ("does", "why"),
    [
        (_slow, "no answer in time"),
        (_no_json, "the answer is no JSON"),
        (_list, "the answer is no JSON object"),
        (_nan, "the answer is no JSON"),
        (_reset, "connection reset"),
    ],
)
def test_what_goes_wrong_is_the_error_of_a_simulated_agent(
    service: Service, scenario: Write, tmp_path: Path, does: Any, why: str
) -> None:  # rule 207
    service.does["get-proposals"] = does
    result = both(scenario(), tmp_path, service)
    assert set(lost(result)) == {why}
    assert result.status == "passed"  # the platform gets along without proposals


def test_an_agent_that_is_gone_is_unreachable(service: Service, scenario: Write, tmp_path: Path) -> None:
    path = scenario()
    text = Path(path).read_text().replace("    announce: /sandbox\n", "")
    Path(path).write_text(text)
    service.close()
    result = both(path, tmp_path, service)
    assert set(lost(result)) == {"no connection came about"}


def test_a_retry_has_the_same_key_and_body(service: Service, scenario: Write, tmp_path: Path) -> None:  # rule 207
    async def at_second_try(service: Service, body: Body) -> Any:
        if len(service.bodies("get-proposals")) == 1:
            return web.json_response({"error": "busy"}, status=503)
        return await propose(service, body)

    service.does["get-proposals"] = at_second_try
    both(scenario(), tmp_path, service)
    asked = [(headers["Idempotency-Key"], body) for path, headers, body in service.asked if path == "get-proposals"]
    assert len(asked) == 2
    assert asked[0] == asked[1]


def test_an_agent_may_buy_before_it_answers(service: Service, scenario: Write, tmp_path: Path) -> None:  # rule 201
    statuses: list[int] = []

    async def accept(service: Service, _body: Body) -> Body:
        statuses.append(await buying(service)())
        return {"acknowledged": True}

    service.does.update({"get-proposals": propose, "accept-proposal": accept})
    path = scenario(ACCEPT)
    Path(path).write_text(Path(path).read_text().replace("timeout: 2s", "timeout: 10s"))
    result = both(path, tmp_path, service)
    assert statuses == [201]
    assert result.status == "passed", [row.detail for row in result.expectations]


def test_time_stands_still_until_it_is_quiet(service: Service, scenario: Write, tmp_path: Path) -> None:
    going: list[asyncio.Task[int]] = []

    async def accept(service: Service, _body: Body) -> Body:
        async def later() -> int:
            await asyncio.sleep(0.05)
            return int(await buying(service)())

        going.append(asyncio.ensure_future(later()))
        return {"acknowledged": True}

    service.does.update({"get-proposals": propose, "accept-proposal": accept})
    result = both(scenario(ACCEPT), tmp_path, service)
    (taken,) = [event for event in result.trace.of("reply") if event.data["operation"] == "accept-proposal"]
    bought = [e for e in result.trace.of("reply") if e.data["operation"] == "create_media_buy" and e.actor == "buyer"]
    assert len(bought) == 1
    assert bought[0].at_ms - taken.at_ms < 5_000


def test_credentials_are_nowhere(service: Service, scenario: Write, tmp_path: Path) -> None:
    service.does["get-proposals"] = propose
    result = both(scenario(), tmp_path, service)
    assert service.asked[0][1]["X-API-Key"] == KEY
    assert KEY not in str([event.data for event in result.trace.events])
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert service.url not in str([event.data for event in result.trace.events])


def test_a_journal_of_another_behaviour_is_refused(service: Service, scenario: Write, tmp_path: Path) -> None:
    service.does["get-proposals"] = propose
    path, url = scenario(), f"sqlite:///{tmp_path}/run.db"
    play(load(path), journal=url)
    changed = scenario(STEPS.replace("total: 1000", "total: 900"))
    with pytest.raises(InputError, match=r"the journal goes on with agent.get-proposals of a real service"):
        play_again(load(changed), url)
    with pytest.raises(InputError, match="has a run already"):
        play(load(path), journal=url)


def test_a_service_that_wants_to_know_and_is_not_there_stops_the_run(service: Service, scenario: Write) -> None:
    service.close()
    with pytest.raises(InputError, match=r"actors.agent.announce: /sandbox was not told .*: no connection came about"):
        play(load(scenario()))


def test_a_missing_variable_is_named(scenario: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AGENT_URL", raising=False)
    with pytest.raises(InputError, match=r"actors.agent.url: the environment has no AGENT_URL"):
        play(load(scenario()))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("url: {from_env: AGENT_URL}", "url: nowhere", "write an address such as"),
        ("url: {from_env: AGENT_URL}", "url: http://user:pw@here", "credentials are in `auth`"),
        ("method: api-key", "method: magic", "method: input should be"),
        ("timeout: 2s", "timeout: 0s", "timeout"),
        ("announce: /sandbox", "announce: sandbox", "announce"),
        ("announce: /sandbox", "strategy: slow", "unknown field 'strategy'"),
        ("northstar: {kind: seller, publishers: [gazette]}", "northstar: {kind: seller, url: http://x}", "'protocol'"),
        ("domain: gazette.example", "url: http://x", "kind 'publisher' can't be real"),
    ],
)
def test_mistakes_come_out_at_their_line(scenario: Write, old: str, new: str, problem: str) -> None:
    path = scenario()
    Path(path).write_text(Path(path).read_text().replace(old, new))
    with pytest.raises(InputError, match=problem) as refused:
        play(load(path))
    assert "real.yaml:" in str(refused.value)


def test_a_run_in_process_says_that_it_reaches_no_service(scenario: Write) -> None:
    with pytest.raises(InputError, match="agent is a real service") as refused:
        run(load(scenario()))
    assert "real.yaml:" in str(refused.value)


def test_a_run_that_could_not_begin_leaves_no_run_in_its_journal(
    service: Service, scenario: Write, tmp_path: Path
) -> None:
    path, url = scenario(), f"sqlite:///{tmp_path}/run.db"
    service.close()
    for _ in range(2):
        with pytest.raises(InputError, match="was not told where the sandbox is") as refused:
            play(load(path), journal=url)
        assert "start the service first" in refused.value.hint


def test_a_service_without_a_path_for_the_announcement_is_told_to_leave_it_out(
    service: Service, scenario: Write
) -> None:
    async def absent(_: Service, __: Body) -> web.Response:
        return web.json_response({"error": "there is no such path"}, status=404)

    service.does["elsewhere"] = absent
    path = scenario()
    Path(path).write_text(Path(path).read_text().replace("announce: /sandbox", "announce: /elsewhere"))
    with pytest.raises(InputError, match="it answers with status 404") as refused:
        play(load(path))
    assert "leave it out" in refused.value.hint
