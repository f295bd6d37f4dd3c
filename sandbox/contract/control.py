"""The clock, faults and figures of a sandbox that is being checked, through its control address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from sandbox.contract.check import Failed, Skipped
from sandbox.contract.talk import REACH_S, NoAnswer, Talk
from sandbox.core.errors import InputError

PATIENCE_S = 10.0
"""How long something is waited for in real time, where nobody can move the clock."""

_CONTROL = "take `control` of the ready line of adcp-sandbox serve: http://127.0.0.1:8080/_sandbox"

_NO_CLOCK = "--control URL moves a sandbox's clock"


class Control:
    """The control API of a sandbox: ``await Control.open(url, talk)``. What it is asked is no part of the report."""

    def __init__(self, url: str) -> None:
        self._url = url

    @classmethod
    async def open(cls, url: str, talk: Talk) -> Control:
        """Make sure that it is one. Raises :class:`InputError`."""
        control = cls(url.rstrip("/"))
        try:
            await control.now()
        except NoAnswer as error:
            raise InputError(f"no control API answers: {talk.hide(str(error))}", "--control", _CONTROL) from None
        except (KeyError, TypeError, ValueError):
            raise InputError("no control API answers, but something else", "--control", _CONTROL) from None
        return control

    async def now(self) -> datetime:
        """The simulated instant."""
        async with Talk(timeout_s=REACH_S) as talk:
            answer = await talk.send("GET", f"{self._url}/clock")
        return datetime.fromisoformat(answer.body["now"]).astimezone(UTC)

    async def advance(self, hours: float) -> None:
        """Let simulated time pass; everything due happens meanwhile. Raises :class:`InputError` if it can't."""
        async with Talk(timeout_s=300) as talk:
            answer = await talk.send("POST", f"{self._url}/clock/advance", {"by": f"{round(hours * 60)}m"})
        if answer.status != 200:
            raise InputError(f"the clock was not moved: {answer.text[:300]}", "--control")

    async def metrics(self, *names: str, **selectors: str) -> dict[str, Any]:
        """Figures of the simulated world, such as ``max_frequency`` of ``campaign=…``. Raises :class:`InputError`."""
        query = urlencode({"name": ",".join(names), **selectors})
        async with Talk() as talk:
            answer = await talk.send("GET", f"{self._url}/metrics?{query}")
        if answer.status != 200:
            raise InputError(f"there are no such metrics: {answer.text[:300]}", "--control")
        found: dict[str, Any] = answer.body["metrics"]
        return found

    @asynccontextmanager
    async def faults(self, *rules: dict[str, Any]) -> AsyncIterator[None]:
        """Rules of faults, as scenarios have them, besides those that there are. Raises :class:`InputError`."""
        before = {rule["id"] for rule in await self._rules("GET")}
        ids = [rule["id"] for rule in await self._rules("POST", {"add": list(rules)}) if rule["id"] not in before]
        try:
            yield
        finally:
            await self._rules("POST", {"remove": ids})

    async def _rules(self, method: str, body: Any = None) -> list[dict[str, Any]]:
        async with Talk() as talk:
            answer = await talk.send(method, f"{self._url}/faults", body)
        if answer.status != 200:
            raise InputError(f"the faults were not changed: {answer.text[:300]}", "--control")
        found: list[dict[str, Any]] = answer.body["faults"]
        return found

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the control API says, as its JSON. Raises :class:`InputError` for what it refuses."""
        async with Talk() as talk:
            answer = await talk.send(method, f"{self._url}/{path}", body)
        if answer.status != 200:
            raise InputError(f"the sandbox refused {method} {path}: {answer.text[:300]}", "--control")
        return answer.body


async def until(
    control: Control | None, done: Callable[[], Awaitable[Any]], hours: float, step_hours: float = 6.0
) -> Any:
    """Wait for something that may take ``hours`` of simulated time; gives what ``done`` gives at last.

    Raises :class:`Failed` if it does not come. Without a clock to move it is waited for a moment in real time, and
    :class:`Skipped` is raised then.
    """
    waited = 0.0
    while not (found := await done()):
        if control is None:
            if waited >= PATIENCE_S:
                raise Skipped(f"it was not there after {PATIENCE_S:g} s; {_NO_CLOCK}")
            await asyncio.sleep(0.5)
            waited += 0.5
        else:
            if waited >= hours:
                raise Failed("time", f"done after {hours:g} hours", "it was not")
            await control.advance(step_hours)
            waited += step_hours
    return found


async def pass_days(control: Control | None, days: float) -> None:
    """Let days pass. Raises :class:`Skipped` without a clock."""
    if control is None:
        raise Skipped(f"that takes days; {_NO_CLOCK}")
    await control.advance(days * 24)
