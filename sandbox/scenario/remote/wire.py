"""Requests of steps in their HTTP form, and HTTP answers as the replies that a step expects."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sandbox.core.errors import ApiError
from sandbox.kernel.endpoint import Reply
from sandbox.kernel.network import Network
from sandbox.operations import Route
from sandbox.operations.request_line import path_of, query_of
from sandbox.scenario.remote.client import Answer, Sandbox


def send(sandbox: Sandbox, platform: str, route: Route, payload: dict[str, Any], key: str | None) -> Reply:
    """Have an operation of the served platform done. ``payload`` is ``{pathParams, params, body}``.

    The address under which the platform is served is its simulated one in the reply, as in process. A path that
    can't be written is refused as the platform refuses it.
    """
    try:
        path = path_of(route, payload.get("pathParams") or {})
    except ApiError as error:
        return Reply(False, error.body(), error.status)
    answer = sandbox.send(route.method, path, query_of(payload.get("params") or {}), payload.get("body"), key)
    return _reply(answer, f"{sandbox.url}/", Network.url(platform))


def _reply(answer: Answer, outside: str, inside: str) -> Reply:
    ok, kind = answer.status < 400, answer.content_type.partition(";")[0]
    if answer.status == 204:
        return Reply(True, {}, 204)
    if kind == "application/json":
        body = json.loads(answer.content.replace(outside.encode(), inside.encode()))
    elif "charset" in answer.content_type:
        body = {"contentType": kind, "text": answer.content.decode().replace(outside, inside)}
    else:
        body = {"contentType": kind, "file": hashlib.sha256(answer.content).hexdigest()}
    return Reply(ok, body, answer.status)
