"""Whose turn it is to step a world: one section at a time, and others within it while it waits for a real service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Self, TypeVar

T = TypeVar("T")


class Turn:
    """A lock that its holder can open: ``async with turn`` steps the world, ``await turn.stand_still(call)`` waits.

    While somebody stands still, others may :meth:`nest` sections of their own: a service may ask something before it
    answers. A section goes on only when all that began after it have ended, so sections nest like brackets, which a
    replay repeats. What moves the clock does not nest: time stands still.
    """

    def __init__(self) -> None:
        self._held = False
        self._waiting: list[bool] = []
        """For each section that stands still, the outermost first: whether its call has ended."""
        self._changed = asyncio.Condition()

    def take(self) -> None:
        """Enter at once; nobody else has entered yet. :meth:`leave` it."""
        assert not self.locked()
        self._held = True

    def locked(self) -> bool:
        """True while the world is being stepped, or stands still in the middle of it."""
        return self._held or bool(self._waiting)

    @property
    def depth(self) -> int:
        """How many sections stand still."""
        return len(self._waiting)

    async def __aenter__(self) -> Self:
        async with self._changed:
            await self._changed.wait_for(lambda: not self.locked())
            self._held = True
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leave()

    async def nest(self) -> bool:
        """Enter as soon as the world stands still or nobody steps it; True if it stands still. :meth:`leave` it."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._held and not (self._waiting and self._waiting[-1]))
            self._held = True
            return bool(self._waiting)

    async def leave(self) -> None:
        """End a section that :meth:`nest` began."""
        await self._leave()

    async def _leave(self) -> None:
        async with self._changed:
            self._held = False
            self._changed.notify_all()

    async def stand_still(self, call: Awaitable[T]) -> T:
        """Wait for something real; meanwhile sections may nest, and it goes on when all of them have ended."""
        self._waiting.append(False)
        depth = len(self._waiting)
        await self._leave()
        try:
            return await call
        finally:
            self._waiting[depth - 1] = True
            async with self._changed:
                await self._changed.wait_for(lambda: not self._held and len(self._waiting) == depth)
                self._held = True
                self._waiting.pop()
