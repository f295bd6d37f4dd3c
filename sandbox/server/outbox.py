"""Webhooks to real services: to this machine, or to hosts that were allowed by name."""

from __future__ import annotations

import asyncio
import ipaddress
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from sandbox.kernel.webhooks import Letter
from sandbox.server.faults_out import Body, OutgoingFaults

RETRIES_S = (1.0, 5.0, 25.0, 120.0)
"""Waits in real time before each further attempt."""

TIMEOUT_S = 10.0

MOST_WAITING = 1_000
"""How many webhooks may be on their way; what comes on top is dropped, with a word on stderr."""


Sign = Callable[[Letter, bytes], Mapping[str, str]]
"""Gives the headers by which an agent signs a webhook and its body, anew for each attempt."""


class Outbox:
    """Sends JSON in the background. Retries carry the same body and the same ``Idempotency-Key``.

    Addresses that are not allowed get nothing: a test that runs here can't be made to talk to others. Redirects
    are not followed. What becomes of a webhook is told on stderr and changes nothing in the world.
    """

    def __init__(
        self, allow_hosts: Sequence[str] = (), retries_s: Sequence[float] = RETRIES_S, sign: Sign | None = None
    ) -> None:
        self._sign = sign
        self._allow = {host.lower() for host in allow_hosts}
        self._retries_s = retries_s
        self._session: aiohttp.ClientSession | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._faults = OutgoingFaults()

    def allows(self, url: str) -> bool:
        """True for this machine and for the hosts that were named."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or not host or port == 0 or parts.username is not None:
            return False
        return host in self._allow or host == "localhost" or _is_loopback(host)

    def put(self, letter: Letter) -> None:
        """Send a letter; its ``webhook_id`` tells attempts of one webhook from another one."""
        url = letter.url
        if not self.allows(url):
            _say(f"no webhook to {url}: allow the host with --allow-host")
        elif len(self._sending) >= MOST_WAITING:
            _say(f"no webhook to {url}: {MOST_WAITING} others are on their way")
        else:
            task = asyncio.ensure_future(self._send(letter))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send(self, letter: Letter) -> None:
        why = ""
        for attempt, wait_s in enumerate((0.0, *self._retries_s)):
            await asyncio.sleep(wait_s)
            why = await self._attempt(letter, attempt)
            if not why:
                return
        _say(f"webhook {letter.webhook_id} to {letter.url} was given up: {why}")

    async def _attempt(self, letter: Letter, attempt: int) -> str:
        """What went wrong; empty if it was acknowledged."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        body = letter.text.encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": letter.webhook_id,
            "User-Agent": "adcp-sandbox",
            **(self._sign(letter, body) if letter.adcp and self._sign is not None else {}),
        }
        return await self._faults.send(letter, attempt, headers, lambda body, told: self._post(letter.url, body, told))

    async def _post(self, url: str, body: Body, headers: dict[str, str]) -> str:
        assert self._session is not None
        options: dict[str, Any] = {"data": body, "headers": headers, "allow_redirects": False}
        try:
            async with self._session.post(url, **options) as answer:
                return "" if answer.status < 300 else f"answered with {answer.status}"
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return str(error) or type(error).__name__

    async def close(self) -> None:
        """Give up what is on its way."""
        for task in list(self._sending):
            task.cancel()
        if self._session is not None:
            await self._session.close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
