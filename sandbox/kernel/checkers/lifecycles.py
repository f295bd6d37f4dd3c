"""Things change their state along their lifecycle only, and from the state they were in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.domain.lifecycles import LIFECYCLES
from sandbox.kernel.checkers.base import Checker

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event
    from sandbox.kernel.world import World


class Lifecycles(Checker):
    """Checks every ``status`` event against the table of its entity."""

    name = "lifecycles"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._state: dict[tuple[str, str, str], str] = {}

    def on_event(self, event: Event) -> None:
        if event.kind != "status":
            return
        entity, thing, old, new = (event.data[k] for k in ("entity", "id", "old", "new"))
        lifecycle = LIFECYCLES.get(entity)
        if lifecycle is None:
            self.breach(f"there is no lifecycle {entity!r}", event)
            return
        key = (event.actor, entity, thing)
        known = self._state.get(key)
        if known != old:
            self.breach(f"{entity} {thing} leaves {old}, but was {known}", event)
        if not lifecycle.allows(old, new):
            self.breach(f"{entity} {thing} may not go from {old} to {new}", event)
        self._state[key] = new
