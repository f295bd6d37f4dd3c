"""Calls one tool of an agent over MCP or A2A, with nothing but the standard library."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from sandbox.kernel.endpoint import Reply
from sandbox.scenario.remote.client import PATIENCE_S, Trouble


def call_mcp(url: str, tool: str, arguments: dict[str, Any], token: str = "") -> Reply:
    """Call a tool over MCP (streamable HTTP without a session).

    Raises :class:`Trouble` if nothing answers, or what answers is no result of a tool.
    """
    result = _rpc(url, "tools/call", {"name": tool, "arguments": arguments}, token)
    body = result.get("structuredContent")
    if body is None:
        texts = [part.get("text") for part in result.get("content") or () if part.get("type") == "text"]
        body = _json(texts[0]) if texts else None
    if not isinstance(body, dict):
        raise Trouble(f"{url} answers {tool} with no structured content")
    return Reply(not result.get("isError"), body)


def call_a2a(url: str, skill: str, payload: dict[str, Any], token: str = "") -> Reply:
    """Call a skill over A2A 0.3 by a message with one data part; the answer is that of the task's artifact.

    Raises :class:`Trouble` as :func:`call_mcp` does.
    """
    data = {"kind": "data", "data": {"skill": skill, "input": payload}}
    message = {"kind": "message", "messageId": "1", "role": "user", "parts": [data]}
    result = _rpc(url, "message/send", {"message": message}, token)
    for artifact in result.get("artifacts") or ():
        for part in artifact.get("parts") or ():
            if isinstance(part.get("data"), dict):
                return Reply("adcp_error" not in part["data"], part["data"])
    raise Trouble(f"{url} answers {skill} with no data part")


def _rpc(url: str, method: str, params: dict[str, Any], token: str) -> dict[str, Any]:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, allow_nan=False).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        with urlopen(Request(url, body, headers), timeout=PATIENCE_S) as got:  # noqa: S310 - the user's own address
            text, kind = got.read().decode("utf-8", "replace"), got.headers.get("Content-Type", "")
    except HTTPError as error:
        text, kind = error.read().decode("utf-8", "replace"), ""
        error.close()
    except (URLError, OSError, ValueError) as error:
        raise Trouble(f"no agent answers at {url}: {getattr(error, 'reason', error)}") from None
    if "text/event-stream" in kind:
        text = next((line[5:] for line in text.splitlines() if line.startswith("data:")), "")
    told = _json(text)
    result = told.get("result") if isinstance(told, dict) else None
    if not isinstance(result, dict):
        raise Trouble(f"{url} answers {method} with {text[:200]!r}")
    return result


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None
