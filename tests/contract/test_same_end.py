"""A lifecycle over HTTP comes to the same end as in process: statuses, impressions, money.

The scenario runs in process first. Then its world is served, and whatever its buyer said to its sales agents is said
again by a client that knows nothing but their addresses, at the same simulated instants.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.core.time import iso
from sandbox.kernel.trace import Event
from sandbox.results.result import RunResult
from sandbox.scenario import load, run
from tests.contract.serving import serving

pytestmark = pytest.mark.slow

SCENARIO = """
title: Three sales agents, and a network that takes no time
why: A client outside has no latency, so the buyer in process has none either.
extends: lifecycle/first-campaign
network: {latency: {median: 0s, p95: 0s}}
"""

SELLERS = ("northstar", "bigscreen", "harbor")

CALLBACKS = ("push_notification_config", "reporting_webhook")
"""Fields that lead back to the buyer of the scenario; the client outside polls instead."""

HEADERS = {"Accept": "application/json, text/event-stream", "A2A-Version": "1.0"}


class Client:
    """Says to served sales agents what another buyer has said, with the ids that they give here."""

    def __init__(self, ready: dict[str, Any], transport: str, http: httpx.Client) -> None:
        self._agents = {row["id"]: row for row in ready["agents"]}
        self._control = ready["control"]
        self._transport = transport
        self._http = http
        self._ids: dict[str, str] = {}

    def here(self, value: Any) -> Any:
        """A value with the ids of this world in place of those of the other one."""
        if isinstance(value, str):
            return self._ids.get(value, value)
        if isinstance(value, list):
            return [self.here(item) for item in value]
        return {name: self.here(item) for name, item in value.items()} if isinstance(value, dict) else value

    def learn(self, there: Any, here: Any) -> None:
        """Two answers to the same request tell which ids stand for the same things."""
        if isinstance(there, dict) and isinstance(here, dict):
            for name in there.keys() & here.keys():
                if name.endswith("_id") and isinstance(there[name], str):
                    self._ids[there[name]] = here[name]
                self.learn(there[name], here[name])
        elif isinstance(there, list) and isinstance(here, list):
            for one, other in zip(there, here, strict=False):
                self.learn(one, other)

    def ask(self, agent: str, tool: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Call a tool; gives its answer, refusals too."""
        row, asked = self._agents[agent], {k: v for k, v in self.here(payload).items() if k not in CALLBACKS}
        if self._transport == "mcp":
            result = self._post(row, "tools/call", {"name": tool, "arguments": asked})
            answer: dict[str, Any] = result["structuredContent"]
            return answer
        part = {"data": {"skill": tool, "input": asked}}
        message = {"messageId": "m", "role": "ROLE_USER", "parts": [part]}
        (artifact,) = self._post(row, "SendMessage", {"message": message})["task"]["artifacts"]
        (answer,) = [part["data"] for part in artifact["parts"] if "data" in part]
        return answer

    def _post(self, row: dict[str, Any], method: str, params: dict[str, Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        headers = {**HEADERS, "Authorization": f"Bearer {row['token']}"}
        answer = self._http.post(row[self._transport], json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def control(self, path: str, body: dict[str, Any]) -> None:
        """Use the control API."""
        answer = self._http.post(f"{self._control}/{path}", json=body)
        assert answer.status_code == 200, answer.text

    def events(self, kinds: str) -> Iterator[dict[str, Any]]:
        """Everything of some kinds that has happened in the served world."""
        after = 0
        while True:
            query: dict[str, str | int] = {"after": after, "limit": 1000, "type": kinds}
            page = self._http.get(f"{self._control}/events", params=query).json()["events"]
            yield from page
            if not page:
                return
            after = page[-1]["seq"]


def statuses(events: Iterator[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """The last state of each thing of the sales agents."""
    return {(row["data"]["entity"], row["data"]["id"]): row["data"]["new"] for row in events if row["actor"] in SELLERS}


def totals(events: Iterator[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """Impressions and micros of each delivery line."""
    sums: Counter[tuple[str, str]] = Counter()
    for row in events:
        for name in ("impressions", "spend_micros"):
            sums[row["data"]["line_id"], name] += row["data"].get(name, 0)
    return sums


def row_of(event: Event) -> dict[str, Any]:
    return {"actor": event.actor, "data": event.data}


def replay(client: Client, result: RunResult, end_ms: int) -> None:
    """Say what the buyer said, and do what people at the sales agents did, at their own instants."""
    replies = {event.data["id"]: event.data["body"] for event in result.trace.of("reply")}
    at_ms = 0
    for event in result.trace.of("call", "control"):
        if event.kind == "call" and (event.actor != "buyer" or event.data["to"] not in SELLERS):
            continue
        if event.at_ms > at_ms:
            at_ms = event.at_ms
            client.control("clock/advance", {"to": iso(at_ms)})
        if event.kind == "control":
            client.control(f"actors/{event.actor}/{event.data['action']}", event.data["args"])
            continue
        answer = client.ask(event.data["to"], event.data["operation"], event.data["payload"])
        client.learn(replies[event.data["id"]], answer)
    client.control("clock/advance", {"to": iso(end_ms)})
    client.control("settle", {})


@pytest.mark.parametrize("transport", ["mcp", "a2a"])
def test_a_campaign_over_http_ends_as_it_does_in_process(tmp_path: Path, transport: str) -> None:
    file = tmp_path / "campaign.yaml"
    file.write_text(SCENARIO)
    scenario = load(str(file))
    result = run(scenario)
    with serving(str(file)) as (_, ready), httpx.Client(timeout=120) as http:
        client = Client(ready, transport, http)
        replay(client, result, scenario.end_ms)
        ours = statuses(map(row_of, result.trace.of("status")))
        theirs = statuses(client.events("status"))
        told = {(entity, client.here(thing)): state for (entity, thing), state in ours.items()}
        delivered = totals(map(row_of, result.trace.of("delivery")))
        there = totals(client.events("delivery"))
    assert sum(count for (_, name), count in delivered.items() if name == "impressions") == result.impressions > 500_000
    assert there == {(client.here(line), name): count for (line, name), count in delivered.items()}
    assert theirs == told
    assert {state for (entity, _), state in theirs.items() if entity == "media_buy"} == {"completed"}
