"""Does again what the journal of a played scenario has: all of it, or as far as it goes, and on with the services."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from sandbox.core.errors import InputError
from sandbox.core.time import iso
from sandbox.journal.store import Entry
from sandbox.kernel.real import Answer, RealCall
from sandbox.kernel.world import World
from sandbox.server.again import Again, driven, other
from sandbox.server.stepping import Ask


class PlayedAgain(Again):
    """The replay of a scenario, in which all entries came while the world stood still; it needs no service."""

    def play(self, until_ms: int, progress: Callable[[int], None] | None = None) -> None:
        """Do everything again. Raises :class:`InputError` for what is not as it was, or never came to its end."""
        driven(self.stepper.run(until_ms, progress))
        self.check_all_done()

    def check_all_done(self) -> None:
        """Raise :class:`InputError` if the journal has something that did not happen now."""
        if self._entries:
            raise other(self._entries[0], "the world does not come to that now")

    async def _beyond(self, call: RealCall) -> Answer:
        raise InputError(
            f"the run of this journal was stopped at {iso(self._world.now)}, before it was over",
            hint="adcp-sandbox run SCENARIO --journal JOURNAL goes on with it and the services",
        )


class GoingOn(PlayedAgain):
    """A run that was stopped and goes on: what the journal lacks is asked of the services, and written to it.

    A call that was under way is made once more, under the same idempotency key.
    """

    def __init__(
        self,
        world: World,
        platform_id: str,
        entries: Iterable[Entry],
        ask: Ask,
        write: Callable[[Entry], Awaitable[None]],
    ) -> None:
        super().__init__(world, platform_id, entries)
        self._ask = ask
        self._write = write

    @property
    def behind(self) -> bool:
        """True until everything that the journal has was done again."""
        return bool(self._entries)

    async def _beyond(self, call: RealCall) -> Answer:
        return await self._ask(call)

    async def _ended(self, entry: Entry) -> None:
        await self._write(entry)
