"""Captured traffic as a recording: HTTP requests become calls of the actors of a world.

The buyer platform is known by its paths, agents by ``/agents/<id>/`` in their address or by what the user says. A
request to the control API of a sandbox moves the clock; without one, simulated time passes as real time did.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.core.errors import InputError
from sandbox.core.time import SECOND_MS, parse_duration, parse_instant
from sandbox.journal.traffic import Exchange
from sandbox.kernel.endpoint import HIDDEN
from sandbox.kernel.world import World
from sandbox.operations import Route
from sandbox.scenario.build import build
from sandbox.scenario.export.promises import is_secret
from sandbox.scenario.export.recording import Recorded, Recording, platform_of, rest_request
from sandbox.scenario.load import Scenario

_CONTROL = "/_sandbox/"
_AGENT = re.compile(r"/agents/([^/]+)/")
_BASE = re.compile(r"^.*?(/api/(?:v2/)?buyer)(?=/|$)")


@dataclass(slots=True, frozen=True)
class _Call:
    """What an exchange asks for: ``actor.operation``, what a step says of it, and the answer in its plain form."""

    call: str
    request: dict[str, Any]
    ok: bool
    answer: Any
    control: bool = False


def of_traffic(
    scenario: Scenario, exchanges: list[Exchange], agents: Mapping[str, str] | None = None, caller: str = ""
) -> Recording:
    """The recording of captured exchanges, played in the world of a scenario.

    ``agents`` are actors by the beginning of their URL; ``caller`` is the customer who calls agents, by default the
    platform's first. Raises :class:`InputError` if none of the requests is about anything in this world, or one is
    about an agent that is not known.
    """
    recording = Recording(scenario, "traffic", scenario.file.seed, scenario.start_ms, scenario.start_ms, "", [])
    reader = _Reader(scenario, agents or {}, caller)
    clock = _Clock(scenario.start_ms, exchanges)
    others = 0
    for exchange in exchanges:
        at_ms = clock.at_ms(exchange)
        if _CONTROL in exchange.url and (moved := _advance(exchange)) is not None:
            clock.advance(moved)
        elif (call := reader.call(exchange)) is None:
            others += 1
        elif call.call == "_network.faults":
            recording.faults.append((at_ms, call.request["with"]))
        else:
            who = "" if call.control else reader.caller
            recording.inputs.append(
                Recorded(at_ms, call.call, call.request, call.ok, call.answer, who, call.control, exchange.origin)
            )
    if not recording.inputs:
        hint = "requests to the buyer API, tool calls over MCP and A2A messages become steps"
        raise InputError(f"none of the {len(exchanges)} requests can be a step of {scenario.name}", "", hint)
    if others:
        recording.notes.append(f"{others} requests are about nothing that a step can say, such as pages or handshakes")
    recording.until_ms = clock.at_ms(exchanges[-1])
    recording.title = f"Captured traffic: {len(recording.inputs)} requests"
    return recording


class _Clock:
    """Simulated time of exchanges: moved by requests to the control API, or else as real time went on."""

    def __init__(self, start_ms: int, exchanges: list[Exchange]) -> None:
        self._now_ms = start_ms
        self._first_ms = exchanges[0].at_ms
        self._moved = any(_CONTROL in one.url and _advance(one) is not None for one in exchanges)

    def at_ms(self, exchange: Exchange) -> int:
        if self._moved:
            return self._now_ms
        return self._now_ms + (exchange.at_ms - self._first_ms) // SECOND_MS * SECOND_MS

    def advance(self, to: str | int) -> None:
        self._now_ms = max(self._now_ms, parse_instant(to)) if isinstance(to, str) else self._now_ms + to


def _advance(exchange: Exchange) -> str | int | None:
    """Where an exchange moves the clock: an instant, or by how many ms; None if it does not."""
    if not (urlsplit(exchange.url).path.endswith("/_sandbox/clock/advance") and exchange.status < 400):
        return None
    body = exchange.body if isinstance(exchange.body, dict) else {}
    try:
        if "to" in body:
            parse_instant(str(body["to"]))
            return str(body["to"])
        return parse_duration(body["by"])
    except (KeyError, ValueError):
        return None


class _Reader:
    """Knows what requests to the actors of a world look like."""

    def __init__(self, scenario: Scenario, agents: Mapping[str, str], caller: str) -> None:
        self._world: World = build(scenario)
        self._platform = platform_of(scenario)
        self._agents = agents
        config = getattr(self._world.actors.get(self._platform), "config", None)
        customers = getattr(config, "customers", ())
        self.caller = caller or (str(customers[0].principal) if customers else "")
        self._routes = list(self._compiled())
        for url, actor in agents.items():
            if actor not in self._world.actors:
                raise InputError(f"{scenario.name} has no actor {actor!r} (for {url})", "--agent")

    def _compiled(self) -> Iterator[tuple[str, re.Pattern[str], str, Route]]:
        """Method, pattern, operation and row of each path; those without variables first."""
        platform = self._world.actors.get(self._platform)
        operations = platform.endpoint.operations if platform is not None and platform.endpoint is not None else {}
        rows = [
            (path, name, operation.detail)
            for name, operation in operations.items()
            if isinstance(operation.detail, Route)
            for path in (operation.detail.path, *operation.detail.aliases)
        ]
        for path, name, route in sorted(rows, key=lambda row: row[0].replace("{", "~")):
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(_base(path)))
            yield route.method, re.compile(pattern), name, route

    def call(self, exchange: Exchange) -> _Call | None:
        """What an exchange asks for; None for what no step can say."""
        path = urlsplit(exchange.url).path
        if _CONTROL in path:
            return _controlled(path, exchange)
        message = exchange.body if isinstance(exchange.body, dict) else {}
        if message.get("jsonrpc") == "2.0":
            found = _tool_call(message, exchange.answer)
            return None if found is None else self._of_tool(exchange, *found)
        for method, pattern, name, _ in self._routes:
            matched = pattern.fullmatch(_base(path)) if method == exchange.method else None
            if matched is not None:
                values = {key: unquote(value) for key, value in matched.groupdict().items()}
                return self._rest(exchange, name, values)
        return None

    def _rest(self, exchange: Exchange, name: str, values: dict[str, str]) -> _Call:
        params: dict[str, Any] = {}
        for key, value in parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True):
            params[key] = value if key not in params else [*_listed(params[key]), value]
        payload = {"pathParams": values, "params": params, "body": exchange.body}
        request = rest_request(self._masked(name, payload))
        return _Call(f"{self._platform}.{name}", request, exchange.status < 400, exchange.answer)

    def _masked(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        endpoint = self._world.actors[self._platform].endpoint
        assert endpoint is not None
        masked: dict[str, Any] = without_secrets(endpoint.operations[name].masked(payload))
        return masked

    def _of_tool(self, exchange: Exchange, tool: str, arguments: dict[str, Any], ok: bool, answer: Any) -> _Call | None:
        platform = self._world.actors.get(self._platform)
        if tool == "api_call" and platform is not None and platform.endpoint is not None:
            name = str(arguments.get("operation", ""))
            params = {**(arguments.get("params") or {}), **(arguments.get("query") or {})}
            payload = {**arguments, "params": params}
            if name not in platform.endpoint.operations:
                return None
            return _Call(f"{self._platform}.{name}", rest_request(self._masked(name, payload)), ok, answer)
        actor = self._agent(exchange, tool)
        return None if actor is None else _Call(f"{actor}.{tool}", {"body": without_secrets(arguments)}, ok, answer)

    def _agent(self, exchange: Exchange, tool: str) -> str | None:
        """Which actor a tool call is for; None for a tool that nobody here has."""
        for url, actor in self._agents.items():
            if exchange.url.startswith(url):
                return actor
        able = [
            actor.id
            for actor in self._world.actors.values()
            if actor.endpoint is not None and actor.role != "driver" and tool in actor.endpoint.operations
        ]
        named = _AGENT.search(urlsplit(exchange.url).path)
        if named is not None and named[1] in able:
            return named[1]
        if len(able) > 1:
            raise InputError(
                f"{tool} at {_bare(exchange.url)} may be for {', '.join(able)}",
                exchange.origin,
                f"say --agent {able[0]}={_bare(exchange.url)}",
            )
        return able[0] if able else None


def _controlled(path: str, exchange: Exchange) -> _Call | None:
    parts = path.partition(_CONTROL)[2].strip("/").split("/")
    arguments = exchange.body if isinstance(exchange.body, dict) else {}
    if exchange.method != "POST" or exchange.status >= 400:
        return None
    if parts[0] == "actors" and len(parts) == 3:
        return _Call(f"{unquote(parts[1])}.{unquote(parts[2])}", {"with": arguments}, True, None, control=True)
    if parts == ["faults"]:
        return _Call("_network.faults", {"with": arguments}, True, None, control=True)
    return None


def _tool_call(message: dict[str, Any], answered: Any) -> tuple[str, dict[str, Any], bool, Any] | None:
    """Tool, arguments, success and plain answer of a call over MCP, or of an A2A message with a data part."""
    params, result = message.get("params"), answered.get("result") if isinstance(answered, dict) else None
    if not isinstance(params, dict):
        return None
    if message.get("method") == "tools/call":
        inner = result if isinstance(result, dict) else {}
        body = inner.get("structuredContent")
        return (
            str(params.get("name")),
            dict(params.get("arguments") or {}),
            not inner.get("isError", result is None),
            body,
        )
    parts = (params.get("message") or {}).get("parts") if isinstance(params.get("message"), dict) else None
    for part in parts if isinstance(parts, list) else ():
        data = part.get("data") if isinstance(part, dict) else None
        if isinstance(data, dict) and "skill" in data:
            body = _artifact(result)
            ok = isinstance(body, dict) and "adcp_error" not in body
            return str(data["skill"]), dict(data.get("input", data.get("parameters")) or {}), ok, body
    return None


def _artifact(result: Any) -> Any:
    """The data part of the first artifact of an A2A task."""
    task = result.get("task", result) if isinstance(result, dict) else {}
    for artifact in task.get("artifacts") or ():
        for part in artifact.get("parts") or ():
            if isinstance(part.get("data"), dict):
                return part["data"]
    return None


def without_secrets(value: Any) -> Any:
    """A request with whatever may be a secret struck out."""
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: HIDDEN if is_secret(key) and isinstance(item, str) else without_secrets(item)
        for key, item in value.items()
    }


def _base(path: str) -> str:
    """A path of the platform's REST interface as it is written in version 2, whatever stands before it."""
    found = _BASE.match(path)
    return path if found is None else "/api/v2/buyer" + path[found.end() :]


def _bare(url: str) -> str:
    return urlsplit(url)._replace(query="", fragment="").geturl()


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
