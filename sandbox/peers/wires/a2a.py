"""A2A over JSON-RPC, 0.3 and 1.0: a skill is called by a message with one data part."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from sandbox.kernel.real import Answer, RealCall
from sandbox.peers.wires.base import HTTP_ERROR, NotUnderstood, Wire, listed, parsed
from sandbox.protocol.errors import from_body

CARD = "/.well-known/agent-card.json"
_NUMBERS = count(1)


class A2aWire(Wire):
    """One client of one agent; which release it speaks is read from its card."""

    _new: bool | None = None

    async def ask(self, call: RealCall, payload: dict[str, Any]) -> Answer:
        """Send the message. The answer is the last data part of the task's artifacts, or of the message."""
        if self._new is None:
            self._new = await self._speaks_1_0()
        number = next(_NUMBERS)
        data: dict[str, Any] = {"data": {"skill": call.operation, "input": payload}}
        message: dict[str, Any] = {"messageId": f"{call.actor}-{number}", "parts": [data]}
        if self._new:
            method, headers = "SendMessage", {"A2A-Version": "1.0"}
            message |= {"role": "ROLE_USER"}
        else:
            method, headers = "message/send", {}
            data["kind"] = "data"
            message |= {"kind": "message", "role": "user"}
        body = {"jsonrpc": "2.0", "id": number, "method": method, "params": {"message": message}}
        got = await self.send("POST", self._url, body, headers)
        if got.status >= HTTP_ERROR:
            return got.refused()
        told = parsed(got.text)
        if not isinstance(told.get("result"), dict):
            error = told.get("error")
            return Answer(False, body=error if isinstance(error, dict) else {"message": "an answer without result"})
        found = list(_data(told["result"]))
        if not found:
            raise NotUnderstood("the answer has no data part")
        return Answer(from_body(found[-1]) is None, body=found[-1])

    async def _speaks_1_0(self) -> bool:
        parts = urlsplit(self._url)
        for place in (self._url + CARD, f"{parts.scheme}://{parts.netloc}{CARD}"):
            got = await self.send("GET", place)
            if got.status < HTTP_ERROR:
                card = parsed(got.text)
                return "supportedInterfaces" in card or str(card.get("protocolVersion", "")).startswith("1")
        return False


def _data(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The data parts of a task or message: of the status first, of the artifacts last."""
    task = result.get("task") if isinstance(result.get("task"), dict) else result
    assert isinstance(task, dict)
    status = task.get("status")
    told = status.get("message") if isinstance(status, dict) else None
    for holder in (result.get("message"), told, task, *listed(task.get("artifacts"))):
        for part in listed(holder.get("parts")) if isinstance(holder, dict) else ():
            value = part.get("data") if isinstance(part, dict) else None
            if isinstance(value, dict):
                yield value["response"] if set(value) == {"response"} and isinstance(value["response"], dict) else value
