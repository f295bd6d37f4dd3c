"""Other buyer platforms that are just as right as ours: no check may find anything wrong with them.

:class:`Another` writes what it says in other ways that JSON and the documents allow; :class:`Terse` says no more than
the documents promise, and lacks what not all of them have.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from typing import Any

from tests.contract.mutants.proxy import Call, Forward, Mutant, Said

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d+)?Z")
_CHRONOLOGICAL = ("debugLogs", "content")
"""Lists whose order means something."""


class Another(Mutant):
    """Other fields beside those that are known, rows in another order, dates, numbers and texts written in another way.

    With ``wrapped`` every success is in ``data``.
    """

    session_header = "mcp-session-id"

    def __init__(self, wrapped: bool = False, seconds: float = 0.002) -> None:
        self._wrapped, self._seconds = wrapped, seconds

    async def serve(self, call: Call, forward: Forward) -> Said:
        said = await forward(call)
        await asyncio.sleep(self._seconds)
        if not isinstance(said.body, dict | list) or "jsonrpc" in said.body:
            return said
        if call.name.startswith("GET /lists/") or call.name in ("initialize", "tools/list"):
            return said
        body = _other(said.body)
        if isinstance(body, dict) and isinstance(body.get("error"), dict):
            body["error"]["message"] = "Something about this is not as it should be."
        elif self._wrapped and " " in call.name and not (isinstance(body, dict) and "data" in body):
            body = {"data": body, "requestId": "r-1"}
        return replace(said, body=body)


def _other(value: Any, key: str = "") -> Any:
    """The same, written in another way."""
    if isinstance(value, dict):
        own = {name: _other(one, name) for name, one in reversed(value.items())}
        return {**own, "xNote": "of another platform", "xMore": {"since": 2019.5, "tags": ["a"]}}
    if isinstance(value, list):
        rows = [_other(one, key) for one in value]
        return rows[::-1] if rows and isinstance(rows[0], dict) and key not in _CHRONOLOGICAL else rows
    if isinstance(value, str):
        return _DATE.sub(r"\1.000+00:00", value)
    if isinstance(value, int) and not isinstance(value, bool) and not key.lower().endswith("id"):
        return float(value)
    return value


ABSENT = re.compile(
    r"POST \S+/(reactivate|creative-sessions|syndicate|preview|test-cohorts|context-records|measurement-sources)$"
    r"|\S+ \S+/(optimization-suggestions|formats|syndication-status|templates|audit-logs)\b"
    r"|(GET|POST) \S+/creative-sessions/"
)
"""Operations that a platform may go without."""

_GONE = {"error": {"code": "NOT_FOUND", "message": "There is no such page."}, "data": None}
_SOURCE = {"sourceId", "name", "protocol", "requiresCredentials", "connected", "customerAccounts"}
_PRODUCT = {"productId", "name", "channel", "bidPrice", "salesAgentId", "publisherProperties", "pricingOptions"}


class Terse(Mutant):
    """No field that the documents do not name, nor operations that only some of them have."""

    async def serve(self, call: Call, forward: Forward) -> Said:
        if ABSENT.match(call.name):
            return Said(404, json.loads(json.dumps(_GONE)))
        said = await forward(call)
        if said.status >= 300 or not isinstance(said.body, dict):
            return said
        return replace(said, body=self._cut(call, said.body))

    def _cut(self, call: Call, body: dict[str, Any]) -> dict[str, Any]:
        if call.name.endswith("/campaigns") and call.name.startswith("POST "):
            return {"campaignId": body["campaignId"], "status": body["status"]}
        if call.name.endswith("/property-lists") and call.name.startswith("POST "):
            body.pop("cascadeSummary", None)
        if call.name.endswith("/event-sources") and call.name.startswith("GET "):
            rows = (body.get("data") or body)["event_sources"]
            return {"data": [{"eventSourceId": row["event_source_id"], "name": row.get("name")} for row in rows]}
        for name in ("mediaBuyStatus", "refinementApplied", "linkedAccountCount"):
            body.pop(name, None)
        inside = body["data"] if isinstance(body.get("data"), dict) else body
        for source in inside.get("sources") or []:
            for name in set(source) - _SOURCE:
                del source[name]
        for group in body.get("productGroups") or []:
            for product in group["products"]:
                for name in set(product) - _PRODUCT:
                    del product[name]
        return body
