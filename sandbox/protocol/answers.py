"""What a caller makes of an answer: the error in it, or the body in the canonical form.

An answer that breaks its schema is an error like any other: it can't be worked with, and the same request may be
answered well next time.
"""

from __future__ import annotations

from typing import Any

from sandbox.core.errors import AdcpError
from sandbox.kernel.endpoint import Reply
from sandbox.protocol import schemas
from sandbox.protocol.errors import from_body
from sandbox.protocol.versions import VERSIONS, from_wire, schema_name


def failure(tool: str, reply: Reply, version: str) -> AdcpError | None:
    """The error in an answer at a release; None if it is one that can be worked with.

    It is the agent's own, or SERVICE_UNAVAILABLE (transient) for an error without a code and a broken schema.
    """
    if not reply.ok:
        wordless = AdcpError("SERVICE_UNAVAILABLE", "the agent's error has no code", recovery="transient")
        return from_body(reply.body) or wordless
    issues = schemas.check_answer(schema_name(tool, version), reply.body, version)
    if not issues:
        return None
    return AdcpError("SERVICE_UNAVAILABLE", f"the answer breaks its schema: {issues[0]}", recovery="transient")


def understood(tool: str, reply: Reply, asked: str) -> dict[str, Any]:
    """The body of an answer in the form of 3.1, whatever release below the one ``asked`` for it was given in.

    Raises :class:`AdcpError`, see :func:`failure`.
    """
    said = reply.body.get("adcp_version")
    version = said if said in VERSIONS else asked
    error = failure(tool, reply, version)
    if error is not None:
        raise error
    return from_wire(tool, "answer", reply.body, version)
