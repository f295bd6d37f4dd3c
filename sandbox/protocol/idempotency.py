"""Retries are harmless: the same key brings the same answer, once.

docs/building/by-layer/L1/security.mdx, "Idempotency". A key belongs to a caller and an account. What was asked
under it is compared by the RFC 8785 hash of tool and request; only accepted calls are remembered, with their
original answer.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import rfc8785

from sandbox.core.errors import AdcpError
from sandbox.core.time import DAY_MS, MINUTE_MS

KEY = re.compile(r"[A-Za-z0-9_.:-]{16,255}")
"""What a key looks like."""

DEFAULT_TTL_MS = DAY_MS
SKEW_MS = MINUTE_MS
"""How long after its time a key is still known, because clocks differ."""

EXCLUDED = ("idempotency_key", "context", "governance_context")
"""Fields that do not belong to what is asked for; neither do the credentials of a push notification."""

Scope = tuple[str, str, str]
"""Caller, account and key."""


def canonical(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value; INVALID_REQUEST for numbers that it can't hold."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise AdcpError("INVALID_REQUEST", f"not a message that every party reads alike: {error}") from error


def digest(value: Any) -> str:
    """SHA-256 over the RFC 8785 form of a JSON value."""
    return hashlib.sha256(canonical(value)).hexdigest()


def scope_of(
    caller: str, payload: dict[str, Any], same: Callable[[dict[str, Any]], dict[str, Any]] | None = None
) -> Scope | None:
    """Under what a request is remembered; None if it brings no key. A session's turns are apart (SI).

    ``same`` gives for a reference to an account what all references to the same account have in common.

    Raises INVALID_REQUEST for a key of the wrong form.
    """
    if "idempotency_key" not in payload:
        return None
    key = payload["idempotency_key"]
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise AdcpError("INVALID_REQUEST", f"idempotency_key must match {KEY.pattern}", "idempotency_key")
    account = {name: payload[name] for name in ("account", "session_id") if name in payload}
    if same is not None and isinstance(account.get("account"), dict):
        account["account"] = same(account["account"])
    return (caller, canonical(account).decode(), key)


@dataclass(slots=True)
class _Entry:
    digest: str
    at_ms: int
    body: dict[str, Any] | None


class Idempotency:
    """What an agent remembers of calls. Times in ms; ``ttl_ms`` is what it declares as its replay window."""

    def __init__(self, ttl_ms: int = DEFAULT_TTL_MS) -> None:
        self.ttl_ms = ttl_ms
        self._entries: dict[Scope, _Entry] = {}

    def begin(self, scope: Scope, tool: str, payload: dict[str, Any], now_ms: int) -> dict[str, Any] | None:
        """Enter a call whose schema was checked; gives the answer if this very call was accepted before.

        Raises IDEMPOTENCY_CONFLICT (same key, other request), IDEMPOTENCY_EXPIRED (remembered no longer) and
        IDEMPOTENCY_IN_FLIGHT (the first call is still being served). None of them tells what was asked before.
        """
        entry, asked = self._entries.get(scope), digest([tool, _business(payload)])
        if entry is None:
            self._entries[scope] = _Entry(asked, now_ms, None)
            return None
        if now_ms - entry.at_ms > self.ttl_ms + SKEW_MS:
            entry.body = {}
            raise AdcpError("IDEMPOTENCY_EXPIRED", "this idempotency_key is older than what is remembered")
        if entry.digest != asked:
            hint = "send the original request again, or this one with a new key"
            raise AdcpError("IDEMPOTENCY_CONFLICT", f"this idempotency_key was used for another request; {hint}")
        if entry.body is None:
            raise AdcpError(
                "IDEMPOTENCY_IN_FLIGHT", "the first request with this idempotency_key is still served", retry_after=1
            )
        return entry.body | {"replayed": True}

    def accept(self, scope: Scope, body: dict[str, Any]) -> None:
        """Remember the answer of an accepted call. What becomes of its things later does not change it."""
        self._entries[scope].body = body

    def forget(self, scope: Scope) -> None:
        """Forget a call that was not accepted: its key may be used again."""
        self._entries.pop(scope, None)


def _business(payload: dict[str, Any]) -> dict[str, Any]:
    """What a request asks for. The list of what is left out is closed."""
    asked = {name: value for name, value in payload.items() if name not in EXCLUDED}
    push = asked.get("push_notification_config")
    if isinstance(push, dict) and isinstance(push.get("authentication"), dict):
        kept = {name: value for name, value in push["authentication"].items() if name != "credentials"}
        asked["push_notification_config"] = {**push, "authentication": kept}
    return asked
