"""Requests of steps in their HTTP form, and HTTP answers as the replies that a step expects."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from sandbox.core.errors import ApiError
from sandbox.kernel.endpoint import Reply
from sandbox.kernel.network import Network
from sandbox.operations import Route
from sandbox.scenario.remote.client import Answer, Sandbox


def send(sandbox: Sandbox, platform: str, route: Route, payload: dict[str, Any], key: str | None) -> Reply:
    """Have an operation of the served platform done. ``payload`` is ``{pathParams, params, body}``.

    The address under which the platform is served is its simulated one in the reply, as in process. A path that
    can't be written is refused as the platform refuses it.
    """
    try:
        path = _path(route, payload.get("pathParams") or {})
    except ApiError as error:
        return Reply(False, error.body(), error.status)
    answer = sandbox.send(route.method, path, _query(payload.get("params") or {}), payload.get("body"), key)
    return _reply(answer, f"{sandbox.url}/", Network.url(platform))


def _path(route: Route, given: dict[str, Any]) -> str:
    """The path with its parameters; a single one may go by another name (conflict C27)."""
    values = {name: value for name, value in given.items() if value is not None and value != ""}
    missing = [name for name in route.path_params if name not in values]
    surplus = [name for name in values if name not in route.path_params]
    if len(missing) == len(surplus) == 1:
        values[missing.pop()] = values.pop(surplus.pop())
    for name in (*missing, *surplus):
        why = "needs it" if name in missing else "has no such parameter"
        raise ApiError("VALIDATION_ERROR", f"pathParams.{name}: {route.path} {why}", f"pathParams.{name}")
    path = route.path
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    return path


def _query(params: dict[str, Any]) -> list[tuple[str, str]]:
    """Query parameters as text; a list is the parameter several times."""
    return [
        (name, value if isinstance(value, str) else json.dumps(value))
        for name, given in params.items()
        for value in (given if isinstance(given, list) else [given])
        if value is not None
    ]


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
