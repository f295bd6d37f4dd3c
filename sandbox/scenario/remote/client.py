"""A client of a served sandbox: one connection, the control API, and requests with an API key."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from sandbox.core.errors import InputError, SandboxError
from sandbox.core.time import iso, parse_instant
from sandbox.kernel.trace import Event

CONTROL = "/_sandbox"
"""Where the control API is."""

PAGE = 1_000
"""How many events are fetched at once."""

PATIENCE_S = 600.0
"""How long an answer may take: a request can move the clock by months."""


class Trouble(SandboxError):
    """The served sandbox can't be used (any longer): it is not there, refuses a key, or has broken off."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint


@dataclass(slots=True, frozen=True)
class Answer:
    """An HTTP answer; ``content_type`` is the whole header."""

    status: int
    content_type: str
    content: bytes


class Sandbox:
    """A served sandbox at a URL. All methods raise :class:`Trouble` when it does not do what it should."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            raise InputError(f"no address of a sandbox: {url!r}", "--against", "write http://127.0.0.1:8080")
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._below = parts.path.rstrip("/")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname, port, timeout=PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def send(
        self,
        method: str,
        path: str,
        query: Iterable[tuple[str, str]] = (),
        body: Any = None,
        key: str | None = None,
        form: tuple[str, bytes] | None = None,
    ) -> Answer:
        """Send a request; one that comes too fast for the server's rate limit is sent again when it may be.

        ``form`` is the content type and the bytes of what is sent instead of ``body`` as JSON.
        """
        target = self._below + path
        if text := urlencode(list(query)):
            target += f"?{text}"
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        if form is not None:
            headers["Content-Type"], content = form
        while True:
            answer, wait_s = self._once(method, target, content, headers)
            if answer.status != 429:
                return answer
            time.sleep(wait_s)

    def _once(self, method: str, target: str, content: bytes | None, headers: dict[str, str]) -> tuple[Answer, float]:
        """The answer, and how many seconds to wait before the next request if it was one too many."""
        try:
            self._connection.request(method, target, content, headers)
            got = self._connection.getresponse()
            answer = Answer(got.status, got.headers.get("Content-Type", ""), got.read())
            return answer, float(got.headers.get("Retry-After") or 1)
        except (OSError, HTTPException) as error:
            self._connection.close()
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            hint = "start one with `adcp-sandbox serve SCENARIO`"
            raise Trouble(f"no sandbox answers at {self.url}: {why}", hint) from None

    # -- control -----------------------------------------------------------------------------------------

    def _control(
        self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> dict[str, Any]:
        pairs = [(name, str(value)) for name, value in (query or {}).items()]
        answer = self.send(method, CONTROL + path, pairs, body)
        try:
            told = json.loads(answer.content)
        except ValueError:
            told = None
        if not isinstance(told, dict) or (answer.status >= 400 and "error" not in told):
            raise Trouble(f"{self.url} is no sandbox: {method} {CONTROL}{path} is answered with {answer.status}")
        if answer.status >= 400:
            raise Trouble(f"{method} {CONTROL}{path} is refused: {told['error'].get('message')}")
        return told

    def world(self) -> dict[str, Any]:
        """What is served: scenario, seed, clock, customers."""
        return self._control("GET", "/world")

    def reset(self) -> None:
        """Let it begin anew at the first instant."""
        self._control("POST", "/reset")

    def advance(self, to_ms: int, stop_on: str = "") -> None:
        """Move the clock to an instant, or to the first event of a kind."""
        self._control("POST", "/clock/advance", body={"to": iso(to_ms), "stop_on": [stop_on] if stop_on else []})

    def events(self, after: int) -> tuple[list[Event], int]:
        """The events after a number, and the instant up to which there can be no more, in ms."""
        found: list[Event] = []
        while True:
            page = self._control("GET", "/events", {"after": after + len(found), "limit": PAGE})
            rows = page["events"]
            found += [Event(row["seq"], row["at_ms"], row["kind"], row["actor"], row["data"]) for row in rows]
            if len(rows) < PAGE:
                return found, parse_instant(page["now"])

    def measure(self, metric: str, selectors: Mapping[str, Any]) -> float | int | None:
        """The present value of a metric."""
        value: float | int | None = self._control("GET", "/metrics", {**selectors, "name": metric})["metrics"][metric]
        return value

    def act(self, actor: str, control: str, arguments: dict[str, Any]) -> str:
        """Let an actor do something by itself; gives what it objects to, or nothing."""
        path = f"{CONTROL}/actors/{quote(actor)}/{quote(control)}"
        answer = self.send("POST", path, body=arguments)
        if answer.status < 400:
            return ""
        try:
            return str(json.loads(answer.content)["error"]["message"])
        except (ValueError, LookupError, TypeError):
            raise Trouble(f"{self.url} is no sandbox: POST {path} is answered with {answer.status}") from None

    def settle(self) -> None:
        """Let everything up to now be decided and written to the trace."""
        self._control("POST", "/settle")

    def audit(self) -> dict[str, Any]:
        """What all checkers have found, and how many opportunities were decided."""
        return self._control("POST", "/audit")
