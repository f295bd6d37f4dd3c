"""Sends what was recorded to a real service, in its order, and compares the answers: ids and instants may be others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.core.errors import ApiError, InputError
from sandbox.core.time import parse_instant
from sandbox.journal.diff import ABSENT, Difference, differences
from sandbox.kernel.endpoint import Reply
from sandbox.operations import Route
from sandbox.scenario.build import build
from sandbox.scenario.export.ids import noun_of, without_made
from sandbox.scenario.export.recording import Recorded, Recording, platform_of
from sandbox.scenario.remote.client import Sandbox, Trouble
from sandbox.scenario.remote.tools import call_mcp
from sandbox.scenario.remote.wire import send

WHERE = "--against"


@dataclass(slots=True, frozen=True)
class Differing:
    """An input that the service answers otherwise than was recorded."""

    number: int
    call: str
    found: list[Difference]


@dataclass(slots=True)
class Resent:
    """What came of it: how many inputs were sent, which were answered otherwise, and what was not sent and why."""

    sent: int = 0
    differing: list[Differing] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def resend(recording: Recording, url: str, key: str | None = None, agents: Mapping[str, str] | None = None) -> Resent:
    """Send all inputs of a recording to the buyer platform at ``url``.

    ``key`` is an API key, by default that of the recorded customer if the service is a sandbox. ``agents`` are the MCP
    addresses of agents by name, with ``name#token`` giving a bearer token each; calls of others are left out. A service
    with the control API of a sandbox has its clock moved. Raises :class:`InputError` if nothing answers there.
    """
    try:
        with Sandbox(url) as service:
            return _Resend(recording, service, key, agents or {}).all()
    except Trouble as trouble:
        raise InputError(trouble.message, WHERE, trouble.hint) from None


class _Resend:
    def __init__(self, recording: Recording, service: Sandbox, key: str | None, agents: Mapping[str, str]) -> None:
        self.recording = recording
        self.service = service
        self.agents = agents
        self.platform = platform_of(recording.scenario)
        self.world = build(recording.scenario)
        self.others: dict[str, str] = {}
        """The service's id for each recorded one."""
        self.clock = self._world()
        customers = (self.clock or {}).get("customers", ())
        self._keys: dict[str, str] = {row["principal"]: key or row["api_key"] for row in customers}
        self._key = key

    def _world(self) -> dict[str, Any] | None:
        """What the control API says; None if the service has none."""
        try:
            return self.service.world()
        except Trouble:
            if self.service.send("GET", "/").status:
                return None
            raise

    def all(self) -> Resent:
        done = Resent(left_out=list(self.recording.notes))
        for number, one in enumerate(self.recording.inputs, start=1):
            self._move(one.at_ms)
            reply = self._send(one)
            if isinstance(reply, str):
                done.left_out.append(f"{one.origin} ({one.call}): {reply}")
                continue
            done.sent += 1
            found = [] if reply is None else list(self._compared(one, reply))
            if found:
                done.differing.append(Differing(number, one.call, found))
        return done

    def _move(self, at_ms: int) -> None:
        if self.clock is None:
            return
        passed_ms = at_ms - self.recording.start_ms
        there_ms = parse_instant(self.clock["start"]) + passed_ms
        if there_ms > parse_instant(self.service.world()["now"]):
            self.service.advance(there_ms)

    # -- requests ----------------------------------------------------------------------------------------

    def _send(self, one: Recorded) -> Reply | str | None:
        """Send an input; gives why not if it can't be sent, and None for a control that was done."""
        actor, _, operation = one.call.partition(".")
        request = self._translated(one.request)
        if one.control:
            if self.clock is None:
                return "the service has no controls"
            problem = self.service.act(actor, operation, request.get("with") or {})
            return problem or None
        if actor == self.platform:
            endpoint = self.world.actors[actor].endpoint
            assert endpoint is not None
            known = endpoint.operations.get(operation)
            if known is None or not isinstance(known.detail, Route):
                return "the platform has no such operation"
            payload = {"pathParams": request.get("path"), "params": request.get("params"), "body": request.get("body")}
            payload |= {"files": one.files} if one.files else {}
            key = self._keys.get(one.caller, self._key)
            return send(self.service, actor, known.detail, payload, key, self.recording.files)
        if actor not in self.agents:
            return f"say --agent {actor}=URL to send it there"
        return self._tool(self.agents[actor], operation, request.get("body") or {})

    @staticmethod
    def _tool(address: str, tool: str, arguments: dict[str, Any]) -> Reply:
        """Call a tool over MCP."""
        url, _, token = address.partition("#")
        try:
            return call_mcp(url, tool, arguments, token)
        except Trouble as trouble:
            return Reply(False, ApiError("INTERNAL_ERROR", trouble.message).body(), 500)

    def _translated(self, value: Any) -> Any:
        """A request with the service's ids for the recorded ones."""
        if isinstance(value, dict):
            return {key: self._translated(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._translated(item) for item in value]
        return self.others.get(value, value) if isinstance(value, str) else value

    # -- answers -----------------------------------------------------------------------------------------

    def _compared(self, one: Recorded, reply: Reply) -> Iterator[Difference]:
        """The differences of an answer that are none of ids and instants."""
        if one.ok is not reply.ok:
            yield Difference("answered", "success" if one.ok else "an error", "success" if reply.ok else "an error")
        operation = one.call.partition(".")[2]
        for row in differences(one.answer, reply.body):
            old, new = row.old, row.new
            if isinstance(old, str) and isinstance(new, str):
                if noun_of(row.path, operation) or old in self.others:
                    known = self.others.setdefault(old, new)
                    if known == new:
                        continue
                if _is_instant(old) and _is_instant(new):
                    continue
                if self._same_but_ids(old, new):
                    continue
            if ABSENT in (old, new) and None in (old, new):
                continue
            yield row

    def _same_but_ids(self, old: str, new: str) -> bool:
        for mine, theirs in sorted(self.others.items(), key=lambda pair: -len(pair[0])):
            old = old.replace(mine, theirs)
        return without_made(old) == without_made(new)


def _is_instant(text: str) -> bool:
    try:
        parse_instant(text)
    except ValueError:
        return False
    return True
