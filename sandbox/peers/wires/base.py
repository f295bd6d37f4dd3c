"""What all protocols share: a connection, credentials, and reading JSON that nobody has vouched for."""

from __future__ import annotations

import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.kernel.real import Answer, RealCall

if TYPE_CHECKING:
    import aiohttp

MOST_BYTES = 32 * 1024 * 1024
"""The longest answer that is read."""

HTTP_ERROR = 400
REDIRECT = 300

_AFTER = re.compile(r"[0-9]{1,9}")


class NotUnderstood(Exception):
    """An answer came that can't be read; the text says what is wrong with it."""


@dataclass(slots=True, frozen=True)
class Got:
    """An HTTP answer; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str

    def refused(self) -> Answer:
        """The status in place of an answer."""
        after = self.headers.get("retry-after", "")
        why = f"answered with status {self.status}"
        seconds = int(after) if _AFTER.fullmatch(after) else None
        return Answer(False, self.status, lost="refused", why=why, retry_after_s=seconds)


class Wire(ABC):
    """One service. ``secret`` is the header that shows who we are, if the scenario says how."""

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: tuple[str, str] | None) -> None:
        self._session = session
        self._url = url
        self._secret = secret

    @abstractmethod
    async def ask(self, call: RealCall, payload: dict[str, Any]) -> Answer:
        """Make a call, whose payload has addresses as they are outside.

        Raises :class:`NotUnderstood`, and what aiohttp raises for connections and time that is over.
        """

    async def announce(self, path: str, body: dict[str, Any]) -> Got:
        """Post something that is no part of the protocol."""
        return await self.send("POST", self._url + path, body)

    async def send(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        query: list[tuple[str, str]] | None = None,
    ) -> Got:
        """Send JSON and read the answer, whatever its status."""
        shown = {**(headers or {}), **(dict([self._secret]) if self._secret is not None else {})}
        data = None if body is None else json.dumps(body, allow_nan=False).encode()
        if data is not None:
            shown["Content-Type"] = "application/json"
        async with self._session.request(
            method, url, data=data, headers=shown, params=query, allow_redirects=False
        ) as got:
            raw = b""
            async for chunk in got.content.iter_chunked(1 << 16):
                raw += chunk
                if len(raw) > MOST_BYTES:
                    raise NotUnderstood(f"the answer has more than {MOST_BYTES >> 20} MB")
            kept = {name.lower(): value for name, value in got.headers.items()}
            return Got(got.status, kept, raw.decode("utf-8", "replace"))


def parsed(text: str) -> dict[str, Any]:
    """A JSON object. Raises :class:`NotUnderstood`."""
    try:
        value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        raise NotUnderstood("the answer is no JSON") from None
    if not isinstance(value, dict):
        raise NotUnderstood("the answer is no JSON object")
    return value


def listed(value: Any) -> list[Any]:
    """A list of an answer; empty where something else is there."""
    return value if isinstance(value, list) else []


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large a number")
    return value


def _no_number(name: str) -> Any:
    raise ValueError(f"JSON has no {name}")
