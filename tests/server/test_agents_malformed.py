"""100,000 malformed messages to all tools of all agents: each is refused cleanly and leaves nothing behind.

Two sandboxes are the same at first. One gets all messages, the other only those that were accepted, because what was
broken did not matter. Both must answer those alike, and be the same at the end.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from sandbox.core.time import parse_instant
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Endpoint, Reply
from sandbox.kernel.world import World
from sandbox.protocol.tool_schemas import input_schema
from sandbox.protocol.tools import TOOLS
from sandbox.server.agents import Agents
from sandbox.server.agents_requests import token_of
from sandbox.server.asgi import Asgi
from sandbox.server.served import Served
from tests.contract.storyboards import START, WORLD
from tests.server.conftest import Live, settings
from tests.server.malformed import Maker, broken, envelopes, spoiled

Json = dict[str, Any]

BRANDS = ("acmeoutdoor.example", "novamotors.example", "nobody.example")
KNOWN: dict[str, list[Any]] = {
    "adcp_version": ["3.0", "3.1", "3.1", "3.2", "2.0"],
    "adcp_major_version": [3],
    "account": [{"brand": {"domain": brand}, "operator": brand} for brand in BRANDS] + [{"account_id": "acct_unknown"}],
    "brand": [{"domain": brand} for brand in BRANDS],
    "idempotency_key": [f"a-key-that-is-used-{number}" for number in range(300)],
    "media_buy_id": ["mb_of_somebody_else"],
    "task_id": ["task_of_somebody_else"],
    "start_time": ["2026-05-10T00:00:00Z"],
    "end_time": ["2026-06-10T00:00:00Z"],
    "context": [{"trace": "t-1"}, {}, {"deep": [{"x": None}]}],
}
"""What fields hold besides what their schemas say; ids that agents answer with are added."""

REMEMBERED = 40
"""How many ids of one name are kept."""

HEADERS = (
    {"accept": "application/json, text/event-stream", "content-type": "application/json"},
    {"accept": "application/json, text/event-stream", "content-type": "application/json"},
    {"accept": "*/*", "content-type": "application/json"},
    {"accept": "text/html", "content-type": "text/plain"},
    {"content-type": "application/json", "mcp-protocol-version": "1999-01-01"},
    {"accept": "application/json", "content-type": "application/json; charset=utf-16", "a2a-version": "1.0"},
    {"a2a-version": "7.5", "content-type": "application/json"},
)


class Asked(Served):
    """A served sandbox that remembers what it was asked."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.asked: list[tuple[tuple[str, str, str, Json], Reply]] = []

    async def ask(self, principal: str, agent_id: str, tool: str, payload: Json) -> Reply:
        reply = await super().ask(principal, agent_id, tool, payload)
        self.asked.append(((principal, agent_id, tool, payload), reply))
        return reply


class Messages:
    """Makes broken messages, always the same ones from the same seed."""

    def __init__(self, served: Served, seed: int) -> None:
        self.rng = Random(seed)
        self.known = {name: list(values) for name, values in KNOWN.items()}
        self._maker = Maker(self.rng, self.known)
        self._tools: list[tuple[str, str, Json]] = []
        for agent in served.agents.values():
            assert agent.endpoint is not None
            releases = tuple(agent.endpoint.dialect.supported)  # type: ignore[attr-defined]
            self._tools += [(agent.id, tool, input_schema(tool, releases)) for tool in agent.endpoint.operations]
        self.words = sorted({name for *_, schema in self._tools for name in schema.get("properties", {})})

    @property
    def tools(self) -> set[tuple[str, str]]:
        """Agents and tools that have their turns."""
        return {(agent, tool) for agent, tool, _ in self._tools}

    def one(self, number: int) -> tuple[str, str, bytes, dict[str, str]]:
        """Agent, path, body and headers of a message; each tool has its turn."""
        rng = self.rng
        agent, tool, schema = self._tools[number % len(self._tools)]
        arguments = broken(rng, self._maker.request(schema), self.words)
        kind = rng.random()
        if kind < 0.84:
            message: Any = {"jsonrpc": "2.0", "id": number, "method": "tools/call"}
            message["params"] = {"name": tool, "arguments": arguments}
            return agent, "mcp", json.dumps(message).encode(), HEADERS[0]
        if kind < 0.88:
            return agent, f"adcp/{tool}", json.dumps(arguments).encode(), HEADERS[0]
        if kind < 0.96:
            path = rng.choice(("mcp", f"adcp/{tool}"))
            return agent, path, spoiled(rng, json.dumps(arguments)), HEADERS[0]
        body = json.dumps(envelopes(rng, tool, arguments)).encode()
        return agent, rng.choice(("mcp", "mcp", "a2a")), body, rng.choice(HEADERS)

    def learn(self, value: Any) -> None:
        """Remember the ids in an answer, so that later messages name what is there."""
        for key, inner in value.items() if isinstance(value, dict) else ():
            if key.endswith("_id") and isinstance(inner, str):
                names = self.known.setdefault(key, [])
                if inner not in names and len(names) < REMEMBERED:
                    names.append(inner)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            self.learn(inner)


@asynccontextmanager
async def sandbox(folder: Path) -> AsyncIterator[Asked]:
    """The agents of the conformance tests, in a network that takes no time."""
    folder.mkdir(exist_ok=True)
    world = folder / "world.yaml"
    world.write_text(f"title: No time\nextends: {WORLD}\nnetwork: {{latency: {{median: 0, p95: 0}}}}\n")
    served = Asked(settings(folder, scenario=world, start_ms=parse_instant(START)))
    served.start()
    try:
        yield served
    finally:
        await served.halt()
        await served.close()


async def send(door: Asgi, agent: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """Status and body of the answer to a POST, without a socket."""
    said = {**headers, "host": "127.0.0.1:8081", "authorization": f"Bearer {token_of(agent, 'acme')}"}
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": f"/agents/{agent}/{path}", "raw_path": f"/agents/{agent}/{path}".encode(),
        "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8081), "state": {},
        "headers": [(name.encode(), value.encode()) for name, value in said.items()],
    }  # fmt: skip
    whole: Iterator[dict[str, Any]] = iter([{"type": "http.request", "body": body, "more_body": False}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(whole, {"type": "http.disconnect"})

    async def take(message: Any) -> None:
        sent.append(message)

    await door(scope, receive, take)
    text = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return sent[0]["status"], text


def check(status: int, answer: bytes, body: bytes) -> None:
    """What every answer must be."""
    assert status < 500, (status, answer[:500], body[:1000])
    text = answer.decode()
    assert "mistake of the sandbox" not in text, (text[:500], body[:1000])
    assert "Traceback" not in text, (text[:500], body[:1000])


def check_reply(payload: Json, reply: Reply) -> None:
    """What every answer of an agent must be; the context of whoever asks comes back as it was."""
    if isinstance(payload.get("context"), dict):
        assert reply.body.get("context") == payload["context"], (payload, reply.body)
    if not reply.ok:
        assert isinstance(reply.body["adcp_error"]["code"], str), reply.body


def state_of(world: World) -> dict[str, Any]:
    """Everything that each actor knows, what the market sells, and what has become of what, as nested tuples."""
    actors = {name: _plain(actor, world, set()) for name, actor in world.actors.items() if name != "driver"}
    told = [(e.kind, e.actor, e.data) for e in world.trace.of("status", "line") if e.data.get("entity") != "account"]
    return {**actors, "lines": _plain(world.market.lines(), world, set()), "events": _plain(told, world, set())}


def differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """Where two states are not the same."""
    if isinstance(one, dict):
        one, other = tuple(one.items()), tuple(other.items())
    if not (isinstance(one, tuple) and isinstance(other, tuple)):
        if one != other:
            yield f"{where}: {one!r} != {other!r}"
        return
    if len(one) != len(other):
        yield f"{where}: {one!r:.1500} != {other!r:.1500}"
        return
    for number, (left, right) in enumerate(zip(one, other, strict=True)):
        name = left[0] if isinstance(left, tuple) and left and isinstance(left[0], str) else number
        yield from differences(left, right, f"{where}/{name}")


def _plain(value: Any, world: World, above: set[int]) -> Any:
    """A value as nested tuples of what can be compared; clocks, streams, functions and numbers for ids are left out."""
    if isinstance(value, str):
        return masked(value)
    if value is None or isinstance(value, bool | int | float | bytes):
        return value
    if value is world or callable(value) or id(value) in above:
        return type(value).__name__
    above = above | {id(value)}
    if isinstance(value, Mapping):
        return tuple((masked(str(key)), _plain(inner, world, above)) for key, inner in value.items())
    if isinstance(value, set | frozenset):
        return tuple(sorted(repr(_plain(inner, world, above)) for inner in value))
    if isinstance(value, list | tuple):
        return tuple(_plain(inner, world, above) for inner in value)
    if isinstance(value, Actor) and len(above) > 1:
        return value.id
    fields = _fields(value)
    if fields is None:
        return type(value).__name__
    return type(value).__name__, tuple((name, _plain(inner, world, above)) for name, inner in fields)


def masked(text: str) -> str:
    """A text without the ids of accounts, which count those too that were opened for a request that was refused."""
    return _ACCOUNT_ID.sub("acc", text)


_ACCOUNT_ID = re.compile(r"acc_[0-9a-f]{10}")


def _fields(value: Any) -> list[tuple[str, Any]] | None:
    if dataclasses.is_dataclass(value) or isinstance(value, Endpoint) or type(value).__module__.startswith("agents."):
        computed = {name for name, kind in vars(type(value)).items() if isinstance(kind, cached_property)}
        names = [*getattr(value, "__dict__", {}), *getattr(type(value), "__slots__", ())]
        names = [name for name in dict.fromkeys(names) if name not in computed and not name.startswith("__")]
        return [(name, getattr(value, name, None)) for name in names]
    if type(value).__module__.startswith("sandbox.protocol"):
        names = [*getattr(value, "__dict__", {}), *getattr(type(value), "__slots__", ())]
        return [(name, getattr(value, name, None)) for name in names]
    return None


async def bombard(folder: Path, count: int, seed: int) -> Counter[str]:
    """Send messages to one sandbox, and what was accepted to another one; gives how many answers of which kind."""
    found: Counter[str] = Counter()
    reached: set[tuple[str, str]] = set()
    async with sandbox(folder / "all") as all_of_it, sandbox(folder / "accepted") as accepted:
        messages = Messages(all_of_it, seed)
        world, other = all_of_it.host("acme").world, accepted.host("acme").world
        assert not list(differences(state_of(world), state_of(other)))
        mutating = {
            (a.id, op.name)
            for a in all_of_it.agents.values()
            for op in _operations(a)
            if op.mutating or TOOLS[op.name].mutating
        }
        async with Agents(all_of_it, "http://127.0.0.1:8081") as agents:
            doors = agents.doors()
            plain = next(door for path, door in doors.items() if path.startswith("adcp/"))
            for number in range(count):
                agent, path, body, headers = messages.one(number)
                status, answer = await send(doors.get(path, plain), agent, path, body, headers)
                check(status, answer, body)
                found[str(status)] += 1
                for (principal, agent_id, tool, payload), reply in all_of_it.asked:
                    reached.add((agent_id, tool))
                    check_reply(payload, reply)
                    found["accepted" if reply.ok else reply.body["adcp_error"]["code"]] += 1
                    if reply.ok:
                        messages.learn(reply.body)
                    if reply.ok and (agent_id, tool) in mutating:
                        again = await accepted.ask(principal, agent_id, tool, payload)
                        alike = masked(json.dumps(again.body)) == masked(json.dumps(reply.body))
                        assert alike, (number, tool, payload, reply.body, again.body)
                all_of_it.asked.clear()
        left = list(differences(state_of(world), state_of(other)))
        assert not left, "\n".join(left)
        found["not reached"] = len(messages.tools - reached)
        violations = [event for event in world.trace.events if event.kind == "violation"]
        assert not violations, violations[:3]
    return found


def _operations(agent: Actor) -> list[Any]:
    assert agent.endpoint is not None
    return list(agent.endpoint.operations.values())


@pytest.mark.slow
@pytest.mark.long
def test_100_000_malformed_messages_change_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = asyncio.run(bombard(tmp_path, 100_000, seed=5))
    assert "Traceback" not in capfd.readouterr().err
    assert found["not reached"] == 0
    assert found["INVALID_REQUEST"] > 40_000
    assert found["400"] > 10_000


def test_a_few_malformed_messages_change_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = asyncio.run(bombard(tmp_path, 600, seed=6))
    assert "Traceback" not in capfd.readouterr().err
    assert found["INVALID_REQUEST"] > 200


def test_whole_numbers_that_a2a_makes_floats_are_integers_again(tmp_path: Path) -> None:
    async def asked() -> Json:
        data = {"skill": "get_signals", "input": {"adcp_version": "3.1", "signal_spec": "sport", "max_results": 1}}
        message = {"messageId": "m", "role": "user", "kind": "message", "parts": [{"kind": "data", "data": data}]}
        body = {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": message}}
        async with sandbox(tmp_path) as served, Agents(served, "http://127.0.0.1:8081") as agents:
            status, _ = await send(agents.doors()["a2a"], "exchange", "a2a", json.dumps(body).encode(), HEADERS[0])
            [((*_, payload), reply)] = served.asked
            assert (status, reply.ok) == (200, True), reply.body
            return payload

    assert isinstance(asyncio.run(asked())["max_results"], int)


def test_over_http_too(live: Live, capfd: pytest.CaptureFixture[str]) -> None:
    messages = Messages(live.running.served, seed=7)
    base = live.line["agents"][0]["mcp"].split("/agents/")[0]
    with httpx.Client(base_url=base, timeout=60) as http:
        for number in range(400):
            agent, path, body, headers = messages.one(number)
            token = {"authorization": f"Bearer {token_of(agent, 'acme')}"}
            answer = http.post(f"/agents/{agent}/{path}", content=body, headers={**headers, **token})
            check(answer.status_code, answer.content, body)
    assert "Traceback" not in capfd.readouterr().err
