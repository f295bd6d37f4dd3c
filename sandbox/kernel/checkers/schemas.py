"""Every message of our own actors is valid against the official schema of its version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.kernel.checkers.base import Checker

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event


class Schemas(Checker):
    """Collects the ``violation`` events that the protocol's door writes."""

    name = "schemas"

    def on_event(self, event: Event) -> None:
        if event.kind == "violation":
            self.breach(event.data["message"], event)
