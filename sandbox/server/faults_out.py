"""Faults of webhooks that go to real services: the attempts that a world has decided to harm, on real connections."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

from sandbox.core.time import SECOND_MS
from sandbox.kernel.faults import Effect
from sandbox.kernel.webhooks import Letter
from sandbox.server import wire

SIGNED = ("Signature", "X-ADCP-Signature", "Authorization")
"""Headers by which a receiver knows who has sent a webhook."""

Body = bytes | AsyncIterator[bytes]
Post = Callable[[Body, dict[str, str]], Awaitable[str]]
"""Sends a body with headers once; gives what went wrong, or nothing."""


class OutgoingFaults:
    """Carries out the faults of letters, whose sender is only told what it would be told by the wire."""

    def __init__(self) -> None:
        self._passed = asyncio.Event()

    async def send(self, letter: Letter, attempt: int, headers: dict[str, str], post: Post) -> str:
        """Make an attempt (the first one is 0), harmed as the world has decided; gives what went wrong."""
        there, back = letter.attempts[attempt] if attempt < len(letter.attempts) else (Effect(), Effect())
        await asyncio.sleep(min(there.delay_ms / SECOND_MS, wire.MOST_S))
        self._passed.set()
        if there.hold_ms:
            self._passed = asyncio.Event()
            await _sooner(self._passed, there.hold_ms / SECOND_MS)
        body = letter.text.encode()
        if there.end == "refused":
            await asyncio.sleep(there.retry_after_s or 0)
            return f"answered with {there.status}"
        if there.end in ("cut", "reset"):
            return await _break_off(letter.url, body, headers, reset=there.end == "reset")
        if there.end:
            return "lost on the way"
        if there.forged:
            headers = {name: _other(value) if name in SIGNED else value for name, value in headers.items()}
        if there.rate:
            headers = {**headers, "Content-Length": str(len(body))}
        for _ in range(there.copies):
            await post(body, headers)
        why = await post(_dripping(body, there.rate) if there.rate else body, headers)
        await asyncio.sleep(min((back.delay_ms + back.drip_ms(1)) / SECOND_MS, wire.MOST_S) if back.delay_ms else 0)
        return why or (f"answer {back.end}" if back.end else "")


async def _sooner(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), min(seconds, wire.MOST_S))
    except TimeoutError:
        return


async def _dripping(body: bytes, rate: int) -> AsyncIterator[bytes]:
    step = max(1, round(rate * wire.TICK_S))
    for start in range(0, len(body), step):
        yield body[start : start + step]
        await asyncio.sleep(step / rate)


async def _break_off(url: str, body: bytes, headers: dict[str, str], *, reset: bool) -> str:
    """Send half of a request whose Content-Length is that of all of it, and end the connection."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""])
    port = parts.port or (443 if secure else 80)
    try:
        _, writer = await asyncio.open_connection(
            parts.hostname, port, ssl=ssl.create_default_context() if secure else None
        )
        writer.write(head.encode() + body[: len(body) // 2])
        await writer.drain()
    except OSError as error:
        return str(error)
    if reset:
        wire.abort(writer.transport)
    else:
        writer.close()
    return "connection reset" if reset else "cut short"


def _other(signature: str) -> str:
    """A signature like this one that does not verify: a letter in its middle is another one."""
    at = len(signature) // 2
    return signature[:at] + ("A" if signature[at] != "A" else "B") + signature[at + 1 :]
