"""Writes to the journal in the background: what piles up while one commit runs goes into the next."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sandbox.journal.store import Entry, Journal

LATER_S = 1.0
"""How long what nobody waits for may wait itself."""


class Writer:
    """Makes inputs durable before they are acknowledged, in the order in which they were taken.

    Many wait for one commit, so each gets a future of its own: whoever stops waiting stops nobody else.
    When the journal can't be written any more, everything that waits fails, and everything after it.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._entries: list[Entry] = []
        self._values: dict[str, Any] = {}
        self._written: asyncio.Future[None] | None = None
        self._committing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "journal")
        self._later: asyncio.TimerHandle | None = None
        self.broken: BaseException | None = None

    def check(self) -> None:
        """Raise :class:`OSError` if the journal can't be written any more."""
        if self.broken is not None:
            raise OSError(f"the journal can't be written: {self.broken}")

    def add(self, entry: Entry) -> asyncio.Future[None]:
        """Take an input; the future is done when it is durable."""
        self._entries.append(entry)
        return self._next()

    def add_later(self, entry: Entry) -> None:
        """Take what nobody waits for: it is written with the next input, or within a second."""
        self._entries.append(entry)
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(LATER_S, self._write_later)

    def _write_later(self) -> None:
        self._later = None
        if self._entries and self.broken is None:
            self._next()

    def remember(self, name: str, value: Any) -> asyncio.Future[None]:
        """Take a value of the journal; the future is done when it is durable."""
        self._values[name] = value
        return self._next()

    @property
    def behind(self) -> asyncio.Future[None] | None:
        """Done when all that was taken so far is durable; None if it is."""
        return None if self._written is None else _own(self._written)

    def _next(self) -> asyncio.Future[None]:
        if self._written is None:
            self._written = asyncio.get_running_loop().create_future()
        if self.broken is not None:
            self._fail(self._written)
        elif self._committing is None:
            self._committing = asyncio.ensure_future(self._commit())
        return _own(self._written)

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        while self._entries or self._values:
            entries, values, written = self._entries, self._values, self._written
            assert written is not None
            self._entries, self._values = [], {}
            later = self._written = loop.create_future()
            try:
                await loop.run_in_executor(self._thread, self.journal.append, entries, values)
            except Exception as error:  # noqa: BLE001 - whoever waits is told; nothing may be acknowledged any more
                self.broken = error
                self._fail(written)
                self._fail(later)
                break
            written.set_result(None)
        if self._written is not None and not self._written.done():
            self._written.set_result(None)
        self._written = None
        self._committing = None

    def _fail(self, waiting: asyncio.Future[None]) -> None:
        waiting.add_done_callback(_seen)
        if not waiting.done():
            waiting.set_exception(OSError(f"the journal can't be written: {self.broken}"))

    async def clear(self, values: dict[str, Any]) -> None:
        """Forget everything that was ever written, but for some values."""
        while self._written is not None:
            await _own(self._written)
        self._entries.clear()
        await asyncio.get_running_loop().run_in_executor(self._thread, self.journal.clear, values)

    async def close(self) -> None:
        """Write what is left and let go of the journal."""
        if self._later is not None:
            self._later.cancel()
            self._write_later()
        if self._written is not None:
            await asyncio.wait([self._written])
        self._thread.shutdown()
        self.journal.close()


def _own(future: asyncio.Future[None]) -> asyncio.Future[None]:
    """A future that is done when another one is, and can be canceled without it."""
    own = asyncio.shield(future)
    own.add_done_callback(_seen)
    return own


def _seen(future: asyncio.Future[None]) -> None:
    """Nobody has to wait for a future of the writer."""
    if not future.cancelled():
        future.exception()
