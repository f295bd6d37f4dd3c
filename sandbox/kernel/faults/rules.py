"""Rules of faults: whom they strike, how often and when, and how often they did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.core.time import SECOND_MS
from sandbox.kernel.faults.effect import Effect
from sandbox.kernel.faults.kinds import KINDS, Kind
from sandbox.kernel.latency import Latency

if TYPE_CHECKING:
    from sandbox.kernel.world import World

HOLD_MS = 10 * SECOND_MS
"""How long a message is held back for others unless its rule says otherwise."""

RATE = 64
"""Bytes a second of a slow body unless its rule says otherwise."""

WEBHOOK = "webhook"
"""What webhooks are called among messages."""


@dataclass(slots=True, frozen=True)
class Leg:
    """One way of one exchange. ``sender`` asks and ``to`` is asked, whichever way the message goes."""

    sender: str
    to: str
    message: str
    direction: str = "request"


@dataclass(slots=True)
class Fault:
    """One rule.

    ``sender``, ``to`` and ``message`` (an operation's name, or ``webhook``) are glob patterns; the rule holds in
    ``[from_ms, until_ms)``, with ``probability``, and strikes at most ``count`` times. ``direction`` is ``request``
    or ``answer``, None the usual one of the kind. ``hits`` is how often it has struck; ``number`` names it.
    """

    kind: str
    sender: str = "*"
    to: str = "*"
    message: str = "*"
    from_ms: int | None = None
    until_ms: int | None = None
    probability: float = 1.0
    count: int | None = None
    direction: str | None = None
    latency: Latency = field(default_factory=Latency)
    hold_ms: int = HOLD_MS
    rate: int = RATE
    status: int = 503
    retry_after_s: int | None = None
    skew_ms: int = 0
    hits: int = 0
    number: int = 0

    @property
    def row(self) -> Kind:
        """The kind."""
        return KINDS[self.kind]

    @property
    def way(self) -> str:
        """The direction of the messages that it strikes."""
        return self.direction or self.row.directions[0]

    @property
    def left(self) -> int | None:
        """How often it may still strike; None for no limit."""
        return None if self.count is None else self.count - self.hits

    def open(self, now_ms: int) -> bool:
        """True if it may strike at this moment."""
        started = self.from_ms is None or now_ms >= self.from_ms
        return started and (self.until_ms is None or now_ms < self.until_ms) and self.left != 0

    def concerns(self, leg: Leg) -> bool:
        """True if it is about such messages."""
        if self.row.standing or self.way != leg.direction or (self.row.webhooks_only and leg.message != WEBHOOK):
            return False
        names = ((leg.sender, self.sender), (leg.to, self.to), (leg.message, self.message))
        return all(fnmatchcase(name, pattern) for name, pattern in names)

    def strikes(self, leg: Leg, now_ms: int, rng: Random) -> bool:
        """True if the rule hits this message; counts the hit."""
        if not self.concerns(leg) or not self.open(now_ms):
            return False
        if self.probability < 1.0 and rng.random() >= self.probability:
            return False
        self.hits += 1
        return True


class Faults:
    """The rules of a world. Chance comes from the stream of each link; every hit is in the trace."""

    def __init__(self, world: World, rules: list[Fault]) -> None:
        self._world = world
        self._numbered = 0
        self.rules = rules

    def listed(self) -> list[Fault]:
        """The rules, each with its number."""
        for rule in self.rules:
            if not rule.number:
                self._numbered += 1
                rule.number = self._numbered
        return self.rules

    def concerned(self, leg: Leg) -> bool:
        """True if a rule may strike such messages, now or later."""
        return any(rule.left != 0 and rule.concerns(leg) for rule in self.rules)

    def strike(self, leg: Leg, on_the_way: bool | None = None, accepted: bool = True) -> Effect:
        """What happens to a message now.

        ``on_the_way`` leaves those rules that decide when it departs, or when it arrives; None asks both kinds.
        """
        effect, now = Effect(), self._world.now
        for rule in self.rules:
            other_moment = on_the_way is not None and rule.row.on_the_way is not on_the_way
            if other_moment or (rule.row.accepted_only and not accepted) or not rule.concerns(leg):
                continue
            rng = self._world.streams.stream("faults", leg.sender, leg.to)
            if rule.strikes(leg, now, rng):
                detail = leg.message if leg.direction == "request" else f"{leg.message} (answer)"
                data = {"fault": rule.kind, "link": f"{leg.sender}->{leg.to}", "detail": detail}
                self._world.trace.emit(now, "fault", leg.sender, data)
                effect.add(rule.row.effect(rule, rng))
        return effect

    def skew_ms(self, actor_id: str) -> int:
        """By how much the clock of an actor is ahead; less than zero if it is behind."""
        return sum(rule.skew_ms for rule in self._skews(actor_id))

    def stamped(self, actor_id: str, message: dict[str, Any]) -> dict[str, Any]:
        """A message as an actor writes it whose clock may be off; counts the hit."""
        skew_ms = 0
        for rule in self._skews(actor_id):
            rule.hits += 1
            skew_ms += rule.skew_ms
        if not skew_ms:
            return message
        from sandbox.kernel.faults.damage import restamped

        found: dict[str, Any] = restamped(message, skew_ms)
        return found

    def _skews(self, actor_id: str) -> Iterator[Fault]:
        now = self._world.now
        for rule in self.rules:
            if rule.row.standing and rule.open(now) and fnmatchcase(actor_id, rule.sender):
                yield rule
