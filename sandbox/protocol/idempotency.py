"""Retries are harmless: the same key brings the same answer, once (docs/building/by-layer/L1/security.mdx).

Identity is the caller, the tool and the key; what the request says is compared by its RFC 8785 hash. Only
accepted calls are remembered, with their original answer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import rfc8785

from sandbox.core.errors import AdcpError
from sandbox.core.time import DAY_MS

DEFAULT_TTL_MS = DAY_MS
IGNORED = ("context", "push_notification_config", "adcp_version", "adcp_major_version")
"""Fields that do not belong to what is asked for."""

Key = tuple[str, str, str]


@dataclass(slots=True)
class _Entry:
    digest: str
    at_ms: int
    body: dict[str, Any] | None


class Idempotency:
    """What an agent remembers of mutating calls. Times in ms; ``ttl_ms`` is what it declares it keeps."""

    def __init__(self, ttl_ms: int = DEFAULT_TTL_MS) -> None:
        self.ttl_ms = ttl_ms
        self._entries: dict[Key, _Entry] = {}

    @staticmethod
    def digest(payload: dict[str, Any]) -> str:
        """SHA-256 over the RFC 8785 form of what a request asks for."""
        asked = {k: v for k, v in payload.items() if k not in IGNORED}
        return hashlib.sha256(rfc8785.dumps(asked)).hexdigest()

    def begin(self, key: Key, payload: dict[str, Any], now_ms: int) -> dict[str, Any] | None:
        """Enter a call; the answer to replay if this very call was accepted before, else None.

        Raises IDEMPOTENCY_CONFLICT (same key, other request), IDEMPOTENCY_EXPIRED (remembered no longer) and
        IDEMPOTENCY_IN_FLIGHT (the first call is still being served).
        """
        entry, digest = self._entries.get(key), self.digest(payload)
        if entry is None:
            self._entries[key] = _Entry(digest, now_ms, None)
            return None
        if now_ms - entry.at_ms > self.ttl_ms:
            raise AdcpError(
                "IDEMPOTENCY_EXPIRED", "this key is older than what is remembered", "idempotency_key"
            )
        if entry.digest != digest:
            raise AdcpError(
                "IDEMPOTENCY_CONFLICT", "this key was used for another request", "idempotency_key"
            )
        if entry.body is None:
            raise AdcpError(
                "IDEMPOTENCY_IN_FLIGHT", "the first request with this key is still served", retry_after=1
            )
        return entry.body | {"replayed": True}

    def accept(self, key: Key, body: dict[str, Any]) -> None:
        """Remember the answer of an accepted call."""
        self._entries[key].body = body

    def forget(self, key: Key) -> None:
        """Forget a call that was refused: its key may be used again."""
        self._entries.pop(key, None)
