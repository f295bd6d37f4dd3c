"""Outcome agents: a POST of JSON below their address (seed 002, rules 206 and 207)."""

from __future__ import annotations

from typing import Any

from sandbox.kernel.real import Answer, RealCall
from sandbox.operations.outcome_auth import SECRET_HEADERS
from sandbox.peers.wires.base import REDIRECT, NotUnderstood, Wire, parsed


class HttpWire(Wire):
    """The payload is ``{headers, body}``. The scenario's own credentials replace those that the platform shows."""

    async def ask(self, call: RealCall, payload: dict[str, Any]) -> Answer:
        """An empty answer is an empty object; an error or redirect is one whatever its body is."""
        headers = {
            name: str(value)
            for name, value in (payload.get("headers") or {}).items()
            if self._secret is None or name not in SECRET_HEADERS
        }
        got = await self.send("POST", f"{self._url}/{call.operation}", payload.get("body"), headers)
        try:
            body = parsed(got.text) if got.text.strip() else {}
        except NotUnderstood:
            if got.status < REDIRECT:
                raise
            body = {"error": f"status {got.status}"}
        return Answer(got.status < REDIRECT, got.status, body)
