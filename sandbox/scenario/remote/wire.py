"""Requests of steps in their HTTP form, and HTTP answers as the replies that a step expects."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from sandbox.core.errors import ApiError
from sandbox.kernel.blobs import Blobs
from sandbox.kernel.endpoint import Reply
from sandbox.kernel.network import Network
from sandbox.operations import Route
from sandbox.operations.request_line import path_of, query_of
from sandbox.scenario.remote.client import Answer, Sandbox


def send(
    sandbox: Sandbox, platform: str, route: Route, payload: dict[str, Any], key: str | None, files: Blobs | None = None
) -> Reply:
    """Have an operation of the served platform done. ``payload`` is ``{pathParams, params, body, files}``.

    ``files`` has the bytes of the payload's files, which make a form of the request.

    The address under which the platform is served is its simulated one in the reply, as in process. A path that
    can't be written is refused as the platform refuses it.
    """
    try:
        path = path_of(route, payload.get("pathParams") or {})
    except ApiError as error:
        return Reply(False, error.body(), error.status)
    query, body = query_of(payload.get("params") or {}), payload.get("body")
    form = _form(body or {}, payload["files"], files) if payload.get("files") and files is not None else None
    answer = sandbox.send(route.method, path, query, body, key, form)
    return _reply(answer, f"{sandbox.url}/", Network.url(platform))


def _form(body: dict[str, Any], rows: list[dict[str, Any]], files: Blobs) -> tuple[str, bytes]:
    """Content type and bytes of a form with metadata and files; the boundary is in none of them (rule 178)."""
    parts = [('name="metadata"', "application/json", json.dumps(body).encode())]
    for row in rows:
        name = quote(row["filename"], safe=" !#$&'()+,-.;=@[]^_`{}~")
        parts.append((f'name="{row["field"]}"; filename="{name}"', row["content_type"], files.get(row["sha256"])))
    boundary = hashlib.sha256(b"".join(content for _, _, content in parts)).hexdigest()
    lines = [
        f"--{boundary}\r\nContent-Disposition: form-data; {told}\r\nContent-Type: {kind}\r\n\r\n".encode() + content
        for told, kind, content in parts
    ]
    return f"multipart/form-data; boundary={boundary}", b"\r\n".join([*lines, f"--{boundary}--\r\n".encode()])


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
