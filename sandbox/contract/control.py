"""The clock of a sandbox that is being checked, moved through its control address."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.contract.talk import NoAnswer, Talk
from sandbox.core.errors import InputError


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
        except (NoAnswer, KeyError, TypeError, ValueError) as error:
            why = f"no control API answers: {talk.hide(str(error)) or type(error).__name__}"
            raise InputError(why, "--control", "take `control` of the ready line of adcp-sandbox serve") from None
        return control

    async def now(self) -> datetime:
        """The simulated instant."""
        async with Talk() as talk:
            answer = await talk.send("GET", f"{self._url}/clock")
        return datetime.fromisoformat(answer.body["now"]).astimezone(UTC)

    async def advance(self, hours: float) -> None:
        """Let simulated time pass; everything due happens meanwhile. Raises :class:`InputError` if it can't."""
        async with Talk(timeout_s=300) as talk:
            answer = await talk.send("POST", f"{self._url}/clock/advance", {"by": f"{round(hours * 60)}m"})
        if answer.status != 200:
            raise InputError(f"the clock was not moved: {answer.text[:300]}", "--control")
