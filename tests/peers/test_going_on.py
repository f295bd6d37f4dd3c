"""A run with real services that was stopped in the middle goes on from its journal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.core.errors import InputError
from sandbox.journal.store import Entry, Journal
from sandbox.results.result import RunResult
from sandbox.scenario import load
from sandbox.server.app import Address
from sandbox.server.play import play, play_again
from sandbox.server.served import Settings
from tests.peers.conftest import KEY, Body, Service, propose
from tests.peers.test_outcome import ACCEPT, Write, lost
from tests.server.conftest import Live


def run(folder: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sandbox.cli", "run", "real.yaml", "--journal", "run.db", "--json", *more]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any], str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, json.loads(out) if out else {}, err


async def accept(_service: Service, _body: Body) -> Body:
    return {"acknowledged": True}


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_the_same_command_goes_on_with_a_run_that_was_killed(
    service: Service, scenario: Write, tmp_path: Path, sign: signal.Signals
) -> None:
    service.does |= {"get-proposals": propose, "accept-proposal": accept}
    whole = play(load(scenario(ACCEPT)))
    processes: list[subprocess.Popen[str]] = []

    async def kill(service: Service, body: Body) -> Body:
        if len(processes) == 1:
            processes[0].send_signal(sign)
            processes[0].wait(30)
        return {"acknowledged": True}

    service.does["accept-proposal"] = kill
    service.asked.clear()
    processes.append(run(tmp_path))
    code, told, err = ended(processes[0])
    assert (code != 0, told) == (True, {})
    assert ("stopped; the same command goes on with it" in err) == (sign is signal.SIGINT)
    addresses = [body["platformUrl"] for body in service.bodies("sandbox")]

    processes.append(run(tmp_path))
    code, told, err = ended(processes[1])
    assert (code, told["status"], told["digest"]) == (0, "passed", whole.digest), err
    assert err == "going on with the run in sqlite:///run.db; services are asked what it does not have\n"
    assert [len(service.bodies(path)) for path in ("sandbox", "get-proposals", "accept-proposal")] == [1, 1, 2]
    keys = [headers["Idempotency-Key"] for path, headers, _ in service.asked if path == "accept-proposal"]
    assert keys[0] == keys[1]  # rule 207: what was under way is asked once more under the same key
    assert service.platform == addresses[0]  # the services know the sandbox where it was

    code, _, err = ended(run(tmp_path))
    assert (code, "run.db has a run already, and it is over" in err, "--replay" in err) == (2, True, True)


def stopped_after(journal: Path, entries: int) -> str:
    """A copy of a journal as it was when it had so many entries."""
    copy = journal.with_name(f"after-{entries}.db")
    shutil.copy(journal, copy)
    with closing(sqlite3.connect(copy)) as file:
        file.execute(
            "delete from adcp_sandbox_inputs where seq > "
            "(select seq from adcp_sandbox_inputs union select 0 order by seq limit 1 offset ?)",
            (entries,),
        )
        file.execute("delete from adcp_sandbox_meta where name in ('finished', 'clock_ms')")
        file.commit()
    return f"sqlite:///{copy}"


def kinds(journal: Path) -> list[str]:
    with closing(sqlite3.connect(journal)) as file:
        return [kind for (kind,) in file.execute("select kind from adcp_sandbox_inputs order by seq")]


def everywhere(path: str, folder: Path) -> tuple[RunResult, list[RunResult]]:
    """A run, and what it comes to when it is stopped after each entry of its journal and goes on."""
    whole = play(load(path), journal=f"sqlite:///{folder}/run.db")
    results = []
    for entries in range(len(kinds(folder / "run.db"))):
        url, said = stopped_after(folder / "run.db", entries), list[str]()
        results.append(play(load(path), journal=url, say=said.append))
        assert bool(said) == (entries > 0)
        again = play_again(load(path), url)
        assert (again.digest, again.status) == (results[-1].digest, results[-1].status)
        with pytest.raises(InputError, match="it is over"):
            play(load(path), journal=url)
    return whole, results


def test_wherever_it_was_stopped_it_comes_to_the_same_end(service: Service, scenario: Write, tmp_path: Path) -> None:
    service.does |= {"get-proposals": propose, "accept-proposal": accept}
    whole, results = everywhere(scenario(ACCEPT), tmp_path)
    assert len(results) >= 5
    assert {result.digest for result in results} == {whole.digest}
    assert not lost(whole)


@pytest.mark.slow
def test_what_a_service_asked_before_it_answered_is_done_again_in_its_place(
    service: Service, scenario: Write, tmp_path: Path
) -> None:
    async def ask_for_more(service: Service, _body: Body) -> Body:
        """Before it takes the tactic, have the platform ask for proposals once more: an input that waits for us."""
        async with httpx.AsyncClient(base_url=f"{service.platform}/api/v2/buyer", timeout=20) as http:
            shown = {"Authorization": f"Bearer {service.key}"}
            campaigns = (await http.get("/campaigns", headers=shown)).json()["campaigns"]
            path = f"/campaigns/{campaigns[0]['campaignId']}/tactics/proposals"
            assert (await http.post(path, json={}, headers=shown)).status_code < 300
        return {"acknowledged": True}

    service.does |= {"get-proposals": propose, "accept-proposal": ask_for_more}
    path = scenario(ACCEPT)
    Path(path).write_text(Path(path).read_text().replace("timeout: 2s", "timeout: 10s"))
    whole, results = everywhere(path, tmp_path)
    there = kinds(tmp_path / "run.db")
    assert "begin:call" in there
    assert {result.status for result in [whole, *results]} == {"passed"}
    first = there.index("begin:call")
    same = [result.digest == whole.digest for result in results]
    assert all(same[: first + 1]), "what it asks for anew after the stop happens where it happened"
    assert all(same[there.index("call") + 2 :])


def test_a_run_that_was_stopped_is_not_played_again_without_its_services(
    service: Service, scenario: Write, tmp_path: Path
) -> None:
    service.does |= {"get-proposals": propose, "accept-proposal": accept}
    path = scenario(ACCEPT)
    play(load(path), journal=f"sqlite:///{tmp_path}/run.db")
    url = stopped_after(tmp_path / "run.db", 3)
    with pytest.raises(InputError, match=r"stopped at 2026-09-01T.*before it was over"):
        play_again(load(path), url)


def test_a_scenario_that_has_changed_does_not_go_on_and_keeps_its_journal(
    service: Service, scenario: Write, tmp_path: Path
) -> None:
    service.does |= {"get-proposals": propose, "accept-proposal": accept}
    path = scenario(ACCEPT)
    whole = play(load(path), journal=f"sqlite:///{tmp_path}/run.db")
    url = stopped_after(tmp_path / "run.db", 3)
    changed = scenario(ACCEPT.replace("total: 1000", "total: 900"))
    with pytest.raises(InputError, match=r"the journal goes on with agent.get-proposals of a real service"):
        play(load(changed), journal=url)
    assert play(load(scenario(ACCEPT)), journal=url).digest == whole.digest


def test_a_port_that_services_know_and_that_is_taken_is_told(service: Service, scenario: Write, tmp_path: Path) -> None:
    service.does |= {"get-proposals": propose, "accept-proposal": accept}
    path = scenario(ACCEPT)
    whole = play(load(path), journal=f"sqlite:///{tmp_path}/run.db")
    url, port = stopped_after(tmp_path / "run.db", 3), int(service.platform.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(InputError, match=f"services know the run that is to go on at the ports {port}"):
            play(load(path), journal=url)
        assert play(load(path), journal=url, address=Address(port=_free())).digest == whole.digest


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def test_a_service_that_could_not_be_told_is_told_when_the_run_goes_on(
    service: Service, scenario: Write, tmp_path: Path
) -> None:
    path, url = scenario(), f"sqlite:///{tmp_path}/run.db"
    other = Service()
    text = Path(path).read_text()
    first = text.index("  agent:\n")
    block = text[first : text.index("steps:")]
    Path(path).write_text(text.replace(block, block + block.replace("agent:", "second:").replace("AGENT_URL", "OTHER")))
    os.environ["OTHER"] = other.url
    try:
        other.does["get-proposals"] = service.does["get-proposals"] = propose
        whole = play(load(path), journal=url)
        cut = stopped_after(tmp_path / "run.db", 1)  # the first one has been told
        other.close()
        for _ in range(2):
            with pytest.raises(InputError, match=r"actors.second.announce: .* no connection came about"):
                play(load(path), journal=cut)
        again = Service()
        again.does["get-proposals"] = propose
        os.environ["OTHER"] = again.url
        assert play(load(path), journal=cut).digest == whole.digest
        again.close()
    finally:
        del os.environ["OTHER"]


def test_a_served_sandbox_that_could_not_tell_a_service_where_it_is_can_be_started_again(
    service: Service, scenario: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settings() -> Settings:
        return Settings(load(scenario()), journal=f"sqlite:///{tmp_path}/served.db")

    monkeypatch.setenv("AGENT_URL", f"http://127.0.0.1:{_free()}")
    for _ in range(2):
        with pytest.raises(InputError, match="no connection came about"):
            Live(settings())
    monkeypatch.setenv("AGENT_URL", service.url)
    live = Live(settings())
    live.stop()
    assert len(service.bodies("sandbox")) == 1


def test_a_journal_that_can_not_be_written_any_more_is_told_and_goes_on_later(
    service: Service, scenario: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.does |= {"get-proposals": propose, "accept-proposal": accept}
    path, url, append = scenario(ACCEPT), f"sqlite:///{tmp_path}/run.db", Journal.append
    whole = play(load(path))

    def full(journal: Journal, entries: Sequence[Entry], values: dict[str, Any] | None = None) -> None:
        if any(entry.name == "agent.get-proposals" for entry in entries):
            raise OSError("the disk is full")
        append(journal, entries, values)

    monkeypatch.setattr(Journal, "append", full)
    with pytest.raises(InputError, match=r"run.db: the journal can't be written: the disk is full\n.*goes on") as told:
        play(load(path), journal=url)
    assert told.value.where == "--journal"
    monkeypatch.undo()
    monkeypatch.setenv("AGENT_URL", service.url)
    monkeypatch.setenv("AGENT_KEY", KEY)
    assert play(load(path), journal=url).digest == whole.digest
