"""A served session is replayed, becomes a scenario, is sent to another service, and comes back out of a capture."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from sandbox.scenario import load, run
from sandbox.scenario.source import parse
from sandbox.testing import Refused, Sandbox
from tests.unit.cli.conftest import Command, command  # noqa: F401 - a fixture

WORLD = """\
title: A small market
clock: {start: 2026-05-01, duration: 9d}
population: {users: 500}
network: {faults: [{kind: drop, to: southstar, since: +1d}]}
actors:
  gazette: {kind: publisher, domain: gazette.example, placements: [{channel: display, daily_opportunities: 3000}]}
  northstar: {kind: seller, publishers: [gazette], approval: {mode: manual, delay: 3h}}
  southstar: {kind: seller, publishers: [gazette]}
  buyer: {kind: buyer, customers: [{name: Acme, principal: acme}, {name: Globex, principal: globex}]}
"""

STEPS = """
steps:
  - {name: a step that is not served, after: 1h}
expect:
  - {name: nor is this, never: {event: {kind: fault, actor: gazette}}}
"""


class Recorded:
    """A session that was served, with its journal and a capture of its traffic."""

    def __init__(self, folder: Path) -> None:
        self.world, self.journal = folder / "world.yaml", folder / "session.db"
        self.world.write_text(WORLD + STEPS)
        self.captured: list[dict[str, Any]] = []
        with Sandbox(self.world, journal=f"sqlite:///{self.journal}") as box:
            self.box = box
            self.happen()

    def send(self, url: str, body: Any, token: str) -> Any:
        """Send a request, and capture it."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        headers["Accept"] = "application/json, text/event-stream"
        with urlopen(Request(url, json.dumps(body).encode(), headers)) as got:
            answer = json.load(got)
        row = {"at": "2026-01-01T00:00:00Z", "url": url, "body": body, "status": got.status, "answer": answer}
        self.captured.append({**row, "headers": headers})
        return answer

    def happen(self) -> None:
        """A campaign over some days, at the platform and at an agent."""
        box, api, key = self.box, self.box.api, self.box.api_key
        northstar = box.agents["northstar"]
        advertiser = self.send(f"{api}/advertisers", {"name": "Acme", "brand": "acme.com"}, key)["id"]
        found = self.send(f"{api}/discovery/discover-products", {"advertiserId": advertiser, "brief": "News"}, key)
        product = found["productGroups"][0]["products"][0]["productId"]
        campaign = self.send(
            f"{api}/campaigns",
            {
                "advertiserId": advertiser,
                "name": "Costs $5",
                "flightDates": {"startDate": "2026-05-03", "endDate": "2026-05-08"},
                "budget": {"total": 100, "currency": "USD"},
                "discoveryId": found["discoveryId"],
                "productIds": [product],
            },
            key,
        )["campaignId"]
        banner = {"agent_url": "https://creative.adcontextprotocol.org", "id": "display_300x250_image"}
        asset = {"asset_type": "IMAGE", "url": "https://cdn.acme.com/a.png", "width": 300, "height": 250}
        creative = {"name": "Banner", "format_id": banner, "assets": [asset]}
        self.send(f"{api}/campaigns/{campaign}/creatives/create", creative, key)
        self.send(f"{api}/campaigns/{campaign}/execute", {}, key)
        self.send(f"{box.control}/clock/advance", {"by": "1d2h"}, key)
        with pytest.raises(Refused):
            box.call("buyer.reactivate_campaign", path={"campaignId": campaign})
        box.faults({"kind": "unavailable", "to": "southstar"})
        arguments = {"adcp_version": "3.1", "buying_mode": "wholesale"}
        tool = {"name": "get_products", "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": tool}
        self.send(northstar.mcp, message, northstar.token)
        data = {"kind": "data", "data": {"skill": "get_products", "input": arguments}}
        parts = {"kind": "message", "messageId": "m", "role": "user", "parts": [data]}
        self.send(
            northstar.a2a,
            {"jsonrpc": "2.0", "id": 2, "method": "message/send", "params": {"message": parts}},
            northstar.token,
        )
        self.send(f"{box.control}/clock/advance", {"by": "5d"}, key)
        box.do("northstar.go_down")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return Recorded(tmp_path_factory.mktemp("session"))


@pytest.fixture
def other(recorded: Recorded) -> Iterator[Sandbox]:
    """Another service with the same world and another seed."""
    with Sandbox(recorded.world, seed=5) as box:
        yield box


def test_a_replay_finds_every_answer_again_and_tells_the_digest(recorded: Recorded, command: Command) -> None:  # noqa: F811
    done = command("replay", str(recorded.journal), "--json")
    told = json.loads(done.out)
    assert (done.code, told["status"]) == (0, "same")
    (world,) = told["worlds"]
    assert world["customer"] == "acme"
    assert world["inputs"] == 10
    assert world["now"].startswith("2026-05-07T02:00:00")
    assert command("replay", f"sqlite:///{recorded.journal}").out.count(world["digest"]) == 1


def test_an_answer_that_differs_is_shown_place_by_place(recorded: Recorded, command: Command, tmp_path: Path) -> None:  # noqa: F811
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(recorded.journal)) as there, closing(sqlite3.connect(copy)) as here:
        there.backup(here)
        told = "replace(answer, '\"DRAFT\"', '\"READY\"')"
        here.execute(f"update adcp_sandbox_inputs set answer = {told} where name = 'create_campaign'")
        here.commit()
    done = command("replay", str(copy), "--export", "never.yaml")
    assert done.code == 1
    assert "input 3 of acme, create_campaign at 2026-05-01T00:00:00" in done.out
    assert re.search(r'  answer.status +"READY"  ->  "DRAFT"\n', done.out)
    assert not Path("never.yaml").exists()


def test_an_export_is_green_at_once_and_reads_like_a_scenario_that_a_person_wrote(
    recorded: Recorded,
    command: Command,  # noqa: F811
) -> None:
    done = command("replay", str(recorded.journal), "--export", "session.yaml")
    assert done.code == 0, done.err
    assert "play it with: adcp-sandbox run session.yaml" in done.out
    data = parse(Path("session.yaml").read_text(), "session.yaml").data
    steps = data["steps"]
    assert [step["name"] for step in steps] == [
        "Create advertiser Acme",
        "Discover products for Acme",
        "Create campaign Costs $$5",
        "Create creative Banner",
        "Execute campaign Costs $$5",
        "Reactivate campaign Costs $$5",
        "Get products (northstar)",
        "Get products (northstar) (2)",
        "Go down (northstar)",
    ]
    assert steps[0]["save"] == {"advertiser": "id"}
    assert steps[2]["body"]["advertiserId"] == "$advertiser"
    assert steps[2]["body"]["productIds"] == ["$product"]
    assert steps[3]["path"] == {"campaignId": "$campaign"}
    assert steps[4]["expect"]["newStatus"] == "ACTIVE"
    assert steps[5]["error"] == "INVALID_STATE"
    assert steps[5]["after"] == "1d 2h"
    assert steps[6]["as"] == "acme"
    assert steps[8] == {"name": "Go down (northstar)", "after": "5d", "do": "northstar.go_down"}
    first, second = data["network"]["faults"]
    assert first["until"] == second["since"]
    assert first["until"].startswith("+1d 2h")
    assert {"Campaign Costs $$5 is active at the end", "This much is spent"} <= {row["name"] for row in data["expect"]}
    result = run(load("session.yaml"))
    assert (result.status, len(result.expectations)) == ("passed", result_of(done.out))


def result_of(out: str) -> int:
    """How many expectations an export has told of."""
    return int(out.split(" steps, ")[1].partition(" ")[0])


def test_changed_behaviour_is_shown_by_the_export(recorded: Recorded, command: Command) -> None:  # noqa: F811
    command("replay", str(recorded.journal), "--export", "session.yaml")
    text = Path("session.yaml").read_text()
    Path("session.yaml").write_text(text.replace("mode: manual, delay: 3h", "mode: manual, delay: 8d"))
    done = command("run", "session.yaml")
    assert done.code == 1
    assert "FAILED" in done.out
    assert "expected" in done.out


def test_another_service_is_compared_modulo_ids_and_instants(
    recorded: Recorded,
    other: Sandbox,
    command: Command,  # noqa: F811
) -> None:
    northstar = other.agents["northstar"]
    agent = f"northstar={northstar.mcp}#{northstar.token}"
    other.call("buyer.create_advertiser", {"name": "Before", "brand": "acme.com"})
    done = command("replay", str(recorded.journal), "--against", other.line["buyer_api"], "--agent", agent)
    assert "acme: 9 inputs sent" in done.out, done.err
    assert "9 answered as recorded" in done.out
    assert done.code == 0
    assert other.now.startswith("2026-05-07T02:00:00")


def test_a_service_that_behaves_otherwise_is_told_apart(recorded: Recorded, other: Sandbox, command: Command) -> None:  # noqa: F811
    other.do("northstar.go_down")
    other.do("southstar.go_down")
    done = command("replay", str(recorded.journal), "--against", other.line["buyer_api"], "--json")
    told = json.loads(done.out)["against"][0]
    assert done.code == 1
    assert {row["call"] for row in told["differing"]} >= {"buyer.discover_products"}
    assert any("say --agent northstar=URL" in note for note in told["left_out"])


def test_nothing_there_is_bad_input(recorded: Recorded, command: Command) -> None:  # noqa: F811
    done = command("replay", str(recorded.journal), "--against", "http://127.0.0.1:9")
    assert done.code == 2
    assert "no sandbox answers at http://127.0.0.1:9" in done.err


def test_a_capture_becomes_the_same_steps_and_shows_no_credentials(recorded: Recorded, command: Command) -> None:  # noqa: F811
    Path("capture.ndjson").write_text("".join(json.dumps(row) + "\n" for row in recorded.captured))
    done = command("replay", "capture.ndjson", "--scenario", str(recorded.world), "--export", "capture.yaml")
    assert done.code == 0, done.err
    text = Path("capture.yaml").read_text()
    assert recorded.box.line["customers"][0]["api_key"] not in text
    assert "sk_agent" not in text
    calls = [step["call"] for step in parse(text, "capture.yaml").data["steps"]]
    assert calls == [
        "buyer.create_advertiser",
        "buyer.discover_products",
        "buyer.create_campaign",
        "buyer.create_creative",
        "buyer.execute_campaign",
        "northstar.get_products",
        "northstar.get_products",
    ]
    result = run(load("capture.yaml"))
    assert result.status == "passed"
    assert len(result.expectations) >= 6


def test_a_capture_alone_is_asked_what_to_do_with_it(command: Command) -> None:  # noqa: F811
    Path("t.ndjson").write_text('{"at": "2026-05-01T08:00:00Z", "url": "http://x/nothing"}\n')
    assert "say --export FILE, or --against URL" in command("replay", "t.ndjson").err
    done = command("replay", "t.ndjson", "--export", "x.yaml")
    assert (done.code, "none of the 1 requests can be a step" in done.err) == (2, True)


def test_an_agent_that_several_may_be_has_to_be_named(recorded: Recorded, command: Command) -> None:  # noqa: F811
    tool = {"name": "get_products", "arguments": {"adcp_version": "3.1", "buying_mode": "wholesale"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": tool}
    row = {"at": "2026-05-01T08:00:00Z", "url": "https://ads.example.com/mcp", "body": body}
    row["answer"] = {
        "jsonrpc": "2.0",
        "id": 1,
        "result": {"structuredContent": {"status": "completed"}, "isError": False},
    }
    Path("t.ndjson").write_text(json.dumps(row) + "\n")
    world = ("--scenario", str(recorded.world), "--export", "x.yaml")
    done = command("replay", "t.ndjson", *world)
    assert (done.code, "say --agent northstar=https://ads.example.com/mcp" in done.err) == (2, True)
    assert command("replay", "t.ndjson", *world, "--agent", "southstar=https://ads.example.com/mcp").code == 0
    assert parse(Path("x.yaml").read_text(), "x").data["steps"][0]["call"] == "southstar.get_products"


def test_a_journal_of_a_scenario_that_is_gone_says_so(recorded: Recorded, command: Command, tmp_path: Path) -> None:  # noqa: F811
    moved = tmp_path / "moved.yaml"
    moved.write_text(recorded.world.read_text())
    kept = recorded.world.rename(tmp_path / "away.yaml")
    try:
        assert "say with --scenario where its file is now" in command("replay", str(recorded.journal)).err
        assert command("replay", str(recorded.journal), "--scenario", str(moved)).code == 0
        moved.write_text(WORLD.replace("users: 500", "users: 501"))
        assert "of another world" in command("replay", str(recorded.journal), "--scenario", str(moved)).err
    finally:
        kept.rename(recorded.world)


def test_an_address_that_is_none_is_refused(recorded: Recorded, command: Command) -> None:  # noqa: F811
    done = command("replay", str(recorded.journal), "--agent", "northstar")
    assert (done.code, "not NAME=URL: 'northstar'" in done.err) == (2, True)
