"""Time never runs backwards, and every answer follows the one call that it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.kernel.checkers.base import Checker

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event
    from sandbox.kernel.world import World


class Causality(Checker):
    """Checks order of time, that no call is answered twice and that nothing is answered unasked."""

    name = "causality"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._last_ms = world.start_ms
        self._open: dict[str, Event] = {}
        self._closed: set[str] = set()
        self._acknowledged: set[str] = set()

    def on_event(self, event: Event) -> None:
        if event.at_ms < self._last_ms:
            self.breach(f"{event.kind} goes back in time", event)
        self._last_ms = max(self._last_ms, event.at_ms)
        if event.kind == "call":
            self._open[event.data["id"]] = event
        elif event.kind in ("reply", "lost"):
            self._answer(event)
        elif event.kind == "webhook" and event.data["id"] in self._acknowledged:
            self.breach(f"webhook {event.data['id']} sent again after it was acknowledged", event)
        elif event.kind == "webhook_result" and event.data["ok"]:
            self._acknowledged.add(event.data["id"])

    def _answer(self, event: Event) -> None:
        call_id = event.data["id"]
        asked = self._open.pop(call_id, None)
        if call_id in self._closed:
            self.breach(f"call {call_id} answered twice", event)
        elif asked is None:
            self.breach(f"call {call_id} answered but never asked", event)
        elif asked.data["operation"] != event.data["operation"]:
            self.breach(f"call {call_id} asked {asked.data['operation']}", event)
        self._closed.add(call_id)
