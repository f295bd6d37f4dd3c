"""``run --against URL``: what can't be played is refused with the reason, and nothing is lost; the command itself."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from sandbox.cli.main import main
from sandbox.core.errors import InputError
from sandbox.scenario import Scenario, load, run
from sandbox.scenario.remote import play
from tests.server.conftest import Live, Served, settings, url
from tests.server.odd_steps import HEAD, ODD

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
