"""The conversation with what is checked: every request and answer, in order, without secrets."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from time import perf_counter
from typing import Any, Self

import aiohttp

MOST_BYTES = 64 * 1024 * 1024
"""The longest answer that is read."""

REACH_S = 15.0
"""How long the first answers of what is checked are waited for, in seconds: later ones may take longer."""

MOST_SHOWN = 20_000
"""Characters of a body that are kept for the report."""


@dataclass(slots=True)
class Exchange:
    """A request and what came back; ``error`` says why nothing did. Secrets read ``$SECRET``."""

    method: str
    url: str
    headers: dict[str, str]
    body: str
    status: int | None = None
    answer: str = ""
    error: str = ""
    seconds: float = 0.0

    def curl(self) -> str:
        """A command line that sends the same."""
        words = ["curl", "-sS", "-i"]
        if self.method != "GET":
            words += ["-X", self.method]
        words.append(shlex.quote(self.url))
        for name, value in self.headers.items():
            quote = '"' if "$SECRET" in value else "'"
            words += ["-H", f"{quote}{name}: {value}{quote}"]
        if self.body:
            words += ["--data-raw", shlex.quote(self.body)]
        return " ".join(words)


@dataclass(slots=True, frozen=True)
class Answer:
    """What came back: ``text`` is the body, ``body`` what its JSON says, or None if it is none."""

    status: int
    headers: dict[str, str]
    text: str
    body: Any
    seconds: float


class NoAnswer(Exception):
    """Nothing came back: refused, cut off, or too late."""


class Talk:
    """Sends requests and remembers them: ``async with Talk(secrets) as talk``."""

    def __init__(self, secrets: list[str] | None = None, timeout_s: float = 30.0) -> None:
        self.exchanges: list[Exchange] = []
        self.secrets = [secret for secret in secrets or () if secret]
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    @contextmanager
    def reaching(self) -> Iterator[None]:
        """Wait for answers no longer than :data:`REACH_S` meanwhile: is there anybody at all?"""
        usual_s, self._timeout_s = self._timeout_s, REACH_S
        try:
            yield
        finally:
            self._timeout_s = usual_s

    async def send(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Send ``body`` as JSON, or ``raw`` as it is. Raises :class:`NoAnswer`. Redirects are not followed."""
        assert self._session is not None, "use it with async with"
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        sent = {**({"Content-Type": "application/json"} if data is not None else {}), **(headers or {})}
        exchange = self.note(method, url, sent, (data or b"").decode("utf-8", "replace"))
        limit = aiohttp.ClientTimeout(total=timeout_s or self._timeout_s)
        begun = perf_counter()
        try:
            async with self._session.request(
                method, url, data=data and BytesIO(data), headers=sent, allow_redirects=False, timeout=limit
            ) as answer:
                text = (await _read(answer)).decode("utf-8", "replace")
                found = Answer(answer.status, dict(answer.headers), text, _json(text), perf_counter() - begun)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            late = isinstance(error, TimeoutError)
            exchange.error = self.hide(f"none within {limit.total:g} s" if late else _why(error))
            exchange.seconds = perf_counter() - begun
            raise NoAnswer(exchange.error) from None
        exchange.status, exchange.seconds = found.status, found.seconds
        exchange.answer = self.hide(text)[:MOST_SHOWN]
        return found

    def note(self, method: str, url: str, headers: dict[str, str], body: str) -> Exchange:
        """Remember a request; whoever sent it fills in what came back."""
        shown = {name: self.hide(value) for name, value in headers.items()}
        exchange = Exchange(method, self.hide(url), shown, self.hide(body)[:MOST_SHOWN])
        self.exchanges.append(exchange)
        return exchange

    def hide(self, text: str) -> str:
        """The text without secrets, and without half characters, which no report can be written with."""
        for secret in self.secrets:
            text = text.replace(secret, "$SECRET")
        return writable(text)


def writable(text: str) -> str:
    """A text with a question mark for each half character."""
    return text.encode("utf-8", "replace").decode()


def _why(error: Exception) -> str:
    """Why nothing came back, in the words of the operating system where it has some."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"there is no host {error.host}"
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, OSError) and cause.errno:
        return os.strerror(cause.errno)
    return str(error) or type(error).__name__


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """The body. ``ValueError`` for one without end."""
    found = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        found += chunk
        if len(found) > MOST_BYTES:
            raise ValueError(f"the answer has more than {MOST_BYTES >> 20} MB")
    return bytes(found)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
