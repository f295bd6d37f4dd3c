"""Does again what a journal has of one world, with the answers that real services gave then."""

from __future__ import annotations

import json
import traceback
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from sandbox.core.errors import InputError
from sandbox.core.time import iso
from sandbox.journal.store import Entry
from sandbox.kernel.endpoint import Reply
from sandbox.kernel.real import ANNOUNCE, QUIET, Answer, RealCall
from sandbox.kernel.world import World
from sandbox.server.inputs import BEGIN, CALL, PEER, Input
from sandbox.server.real import entry_of
from sandbox.server.stepping import Stepper

T = TypeVar("T")

Judge = Callable[[int, Entry, Reply], None]
"""Is told of an answer that is not the recorded one: the number of its input, the input, the answer now."""


class Again:
    """The replay of a served world. Entries are taken in the order in which their effects began, so nested inputs nest
    again.

    ``missing`` are entries that a sandbox which was killed did not come to write: the ends of what had begun.
    """

    def __init__(self, world: World, platform_id: str, entries: Iterable[Entry], judge: Judge | None = None) -> None:
        self._world = world
        self._platform_id = platform_id
        self._entries = deque(entries)
        self._judge = judge or refuse
        self.stepper = Stepper(world, self._answer)
        self._name = self._entries[0].world if self._entries else ""
        self.learn: Callable[[RealCall], Any] = lambda _call: None
        """Is shown each call to a real service."""
        self.missing: list[Entry] = []
        self.inputs = 0
        self._stop: Exception | None = None
        self._over = False

    @property
    def behind(self) -> bool:
        """True as long as what happens has happened before."""
        return not self._over

    def run(self, until_ms: int) -> None:
        """Do everything again up to an instant.

        Raises :class:`InputError` at the first answer that is not the recorded one, or what the judge raises then.
        """
        while self._entries:
            entry = self._entries[0]
            self._catch_up(entry.at_ms)
            if self._entries and self._entries[0] is entry:
                if entry.kind == PEER:
                    raise other(entry, "nobody asks that now")
                driven(self._input())
        self._catch_up(until_ms)
        self._over = True

    def _catch_up(self, until_ms: int) -> None:
        """Let everything happen up to an instant, in spite of our own bugs: there they were the first time too."""
        while True:
            try:
                return driven(self.stepper.run(until_ms))
            except Exception as error:
                if error is self._stop or isinstance(error, InputError):
                    raise
                traceback.print_exc()

    async def _input(self) -> None:
        entry = self._entries.popleft()
        given = Input.of(entry)
        self._check_files(entry, given)
        self.inputs += 1
        number = self.inputs
        reply = await self.stepper.finish(given, given.steps(self._world, self._platform_id))
        if entry.kind.startswith(BEGIN):
            if not self._entries:
                await self._ended(given.entry(self._name, entry.at_ms, reply))
                return
            entry = self._entries.popleft()
        if (reply.status, json.dumps(reply.body)) != (entry.status, entry.answer):
            self._tell(number, entry, reply)

    def _tell(self, number: int, entry: Entry, reply: Reply) -> None:
        try:
            self._judge(number, entry, reply)
        except Exception as stop:
            self._stop = stop
            raise

    async def _answer(self, call: RealCall) -> Answer:
        """What a real service said then, after the inputs that came before it said that."""
        self.learn(call)
        while self._entries:
            entry = self._entries[0]
            if entry.kind != PEER:
                await self._input()
                continue
            self._entries.popleft()
            if (entry.name, entry.payload) != (call.name, json.dumps(call.shown)):
                raise other(entry, f"now it is {call.name} at {iso(self._world.now)}: {json.dumps(call.shown)[:200]}")
            return Answer(**json.loads(entry.answer))
        return await self._beyond(call)

    async def _beyond(self, call: RealCall) -> Answer:
        """The answer to a call of which the journal has none: it was under way when the sandbox was stopped."""
        if call.operation == ANNOUNCE:
            raise InputError(
                f"the sandbox was stopped before {call.actor} was told where it is",
                "--journal",
                "nothing was done in it yet: remove it, or give another",
            )
        quiet = call.operation == QUIET
        answer = Answer() if quiet else Answer(False, lost="broken", why="the sandbox was stopped meanwhile")
        self.missing.append(entry_of(call, answer, self._name, self._world.now))
        return answer

    async def _ended(self, entry: Entry) -> None:
        """An input has ended of which the journal has only the beginning."""
        self.missing.append(entry)

    def _folder(self) -> str:
        return str(self._world.files.folder or "a folder `files` beside the journal")

    def _check_files(self, entry: Entry, given: Input) -> None:
        for file in given.payload.get("files") or () if given.kind == CALL else ():
            if file["sha256"] not in self._world.files:
                raise InputError(
                    f"a file that came with {entry.name} at {iso(entry.at_ms)} is not in {self._folder()}",
                    "--journal",
                    "files are in .adcp-sandbox/files where the server was started: go there, or copy that folder here",
                )


def driven(steps: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine of a replay to its end; all it ever waits for is its turn."""
    while True:
        try:
            steps.send(None)
        except StopIteration as done:
            value: T = done.value
            return value


def refuse(number: int, entry: Entry, reply: Reply) -> None:
    """Raise what stops a start: a recorded answer is another one now."""
    status, answer = reply.status, json.dumps(reply.body)
    at = next((n for n, (a, b) in enumerate(zip(answer, entry.answer, strict=False)) if a != b), 0)
    window = slice(max(0, at - 60), at + 60)
    was, now = f"{entry.status} …{entry.answer[window]}…", f"{status} …{answer[window]}…"
    raise InputError(
        f"input {number} of {entry.world} ({entry.name} at {iso(entry.at_ms)}) is answered differently now:\n"
        f"  recorded: {was}\n  now:      {now}",
        "--journal",
        _OTHER,
    )


_OTHER = "it was written by another version or configuration; keep it for that one, or give another journal"


def other(entry: Entry, now: str) -> InputError:
    """What stops a replay in which something else happens than what the journal goes on with."""
    asked = f"{entry.name} of a real service" if entry.kind == PEER else f"the input {entry.name}"
    return InputError(f"the journal goes on with {asked} at {iso(entry.at_ms)}; {now}", "--journal", _OTHER)
