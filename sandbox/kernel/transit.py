"""The way between two actors: the latency of their link, faults, and messages that are held back for others."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import simpy

from sandbox.kernel.faults import Effect, Faults, Leg
from sandbox.kernel.latency import NO_LATENCY, Latency

if TYPE_CHECKING:
    from sandbox.kernel.world import World

Way = Generator[Any, Any, Effect]


class Transit:
    """Takes single messages along the links of a world.

    In a world that is served, ``real_clients`` is set: what the driver sends comes over a real connection, and the
    faults on it are carried out there.
    """

    def __init__(self, world: World, latency: Latency, links: dict[tuple[str, str], Latency], faults: Faults) -> None:
        self._world = world
        self._latency = latency
        self._links = links
        self._faults = faults
        self._passing: dict[tuple[str, str, str], simpy.Event] = {}
        self.real_clients = False

    def there(self, leg: Leg, size: int) -> Way:
        """Take a request or webhook of ``size`` bytes to its receiver; gives what happens to it on arrival."""
        way = self._strike(leg, on_the_way=True)
        yield self._world.env.timeout(self.latency_ms(leg.sender, leg.to) + way.delay_ms + way.drip_ms(size))
        yield from self._overtaken(leg, way)
        arrived = self._strike(leg, on_the_way=False)
        arrived.rate = way.rate
        return arrived

    def back(self, leg: Leg, size: int, accepted: bool) -> Way:
        """Take the answer to a request back; gives what happens to it. One that is lost takes no time."""
        effect = self._strike(leg, accepted=accepted)
        if effect.end != "lost":
            yield self._world.env.timeout(self.latency_ms(leg.to, leg.sender) + effect.delay_ms + effect.drip_ms(size))
            yield from self._overtaken(leg, effect)
        return effect

    def latency_ms(self, sender: str, to: str) -> int:
        """How long a message takes this time."""
        roles = self._world.ecosystem
        if "driver" in (roles.role(sender), roles.role(to)):
            return NO_LATENCY.median_ms
        latency = self._links.get((sender, to), self._latency)
        return latency.draw(self._world.streams.stream("network", sender, to))

    def _strike(self, leg: Leg, on_the_way: bool | None = None, accepted: bool = True) -> Effect:
        if self.real_clients and self._world.ecosystem.role(leg.sender) == "driver":
            return Effect()
        return self._faults.strike(leg, on_the_way, accepted)

    def _overtaken(self, leg: Leg, effect: Effect) -> Generator[Any, Any, None]:
        """Hold a message back until another one of its link has passed; tell those that wait for this one."""
        link = (leg.sender, leg.to, leg.direction)
        waiting = self._passing.pop(link, None)
        if waiting is not None:
            waiting.succeed()
        if effect.hold_ms:
            env = self._world.env
            passed = self._passing[link] = env.event()
            yield passed | env.timeout(effect.hold_ms)
            if self._passing.get(link) is passed:
                del self._passing[link]
