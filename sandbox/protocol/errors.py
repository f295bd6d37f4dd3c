"""Errors on the wire (core/error.json; docs/building/by-layer/L3/error-handling.mdx, the two layers).

A failed call says why twice: in ``errors`` of its body, and in ``adcp_error``, from which a transport makes its
own error.
"""

from __future__ import annotations

from typing import Any, get_args

from sandbox.core.errors import AdcpError, Recovery
from sandbox.protocol.error_codes import RECOVERY, UNKNOWN

RETRY_AFTER_S = (1, 3600)
"""The shortest and the longest wait that an error may ask for, in seconds."""


_TELL_LITTLE = ("IDEMPOTENCY_CONFLICT",)
"""Codes that came without a recovery of the registry before every error had to name one."""


def error_entry(error: AdcpError) -> dict[str, Any]:
    """An error as one object; its recovery comes from the registry of codes if it was not given.

    ``issues`` among the error's details are put beside them too, where releases from 3.1 on look for them.
    """
    entry: dict[str, Any] = {"code": error.code, "message": error.message}
    entry["recovery"] = error.recovery or RECOVERY.get(error.code, UNKNOWN)
    for name in ("field", "suggestion", "details"):
        value = getattr(error, name)
        if value is not None:
            entry[name] = value
    if error.retry_after is not None:
        shortest, longest = RETRY_AFTER_S
        entry["retry_after"] = min(max(error.retry_after, shortest), longest)
    if error.details and "issues" in error.details:
        entry["issues"] = error.details["issues"]
    return entry


def error_body(error: AdcpError, version: str, context: Any = None) -> dict[str, Any]:
    """The body of a refused call at a release, with the caller's context echoed.

    From 3.1 on an answer has the status of its task; before, ``status`` may mean a thing's own state.
    """
    entry = error_entry(error)
    if version == "3.0" and error.code in _TELL_LITTLE and error.recovery is None:
        del entry["recovery"]
    body: dict[str, Any] = {} if version == "3.0" else {"status": "failed"}
    body |= {"errors": [entry], "adcp_error": dict(entry)}
    if context is not None:
        body["context"] = context
    return body


def from_body(body: dict[str, Any]) -> AdcpError | None:
    """The error for which a call failed; None for any other answer.

    An answer with a result, or one that announces it, may carry ``errors`` too: they are warnings.
    """
    entry = body.get("adcp_error") or _fatal(body)
    if not isinstance(entry, dict):
        return None
    code = str(entry.get("code", "SERVICE_UNAVAILABLE"))
    details = entry.get("details")
    if "issues" in entry:
        details = {**(details if isinstance(details, dict) else {}), "issues": entry["issues"]}
    recovery = entry.get("recovery")
    return AdcpError(
        code,
        str(entry.get("message", "")),
        entry.get("field"),
        recovery if recovery in get_args(Recovery) else RECOVERY.get(code, UNKNOWN),
        entry.get("suggestion"),
        entry.get("retry_after"),
        details,
    )


_FAILED = ("failed", "rejected", "canceled")
_BESIDE_ERRORS = {"errors", "context", "ext", "message", "context_id", "task_id", "timestamp", "adcp_version"}


def _fatal(body: dict[str, Any]) -> Any:
    """The first of ``errors`` if they are the whole answer."""
    errors = body.get("errors")
    alone = body["status"] in _FAILED if "status" in body else set(body) <= _BESIDE_ERRORS
    return errors[0] if isinstance(errors, list) and errors and alone else None
