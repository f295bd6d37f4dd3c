"""Errors on the wire: ``{"errors": [{code, message, field, suggestion, recovery, …}]}`` (core/error.json)."""

from __future__ import annotations

from typing import Any

from sandbox.core.errors import AdcpError
from sandbox.protocol.error_codes import RECOVERY


def error_entry(error: AdcpError) -> dict[str, Any]:
    """One entry of ``errors``; the recovery comes from the code's registry entry if it was not given."""
    entry: dict[str, Any] = {"code": error.code, "message": error.message}
    entry["recovery"] = error.recovery or RECOVERY.get(error.code, "transient")
    for name in ("field", "suggestion", "retry_after", "details"):
        value = getattr(error, name)
        if value is not None:
            entry[name] = value
    return entry


def error_body(error: AdcpError, context: Any = None) -> dict[str, Any]:
    """The body of a refused call, with the caller's context echoed."""
    body: dict[str, Any] = {"errors": [error_entry(error)]}
    if context is not None:
        body["context"] = context
    return body


def from_body(body: dict[str, Any]) -> AdcpError | None:
    """The error that a body reports, or None. An unknown code without recovery counts as transient."""
    errors = body.get("errors")
    if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
        return None
    first = errors[0]
    code = str(first.get("code", "SERVICE_UNAVAILABLE"))
    return AdcpError(
        code,
        str(first.get("message", "")),
        first.get("field"),
        first.get("recovery") or RECOVERY.get(code, "transient"),
        first.get("suggestion"),
        first.get("retry_after"),
        first.get("details"),
    )
