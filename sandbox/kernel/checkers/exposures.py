"""An independent recount of the exposure log: frequency caps, budgets, daily caps, flights."""

from __future__ import annotations

from sandbox.kernel.checkers.base import Checker


class Exposures(Checker):
    """Asks the delivery audit, which shares nothing with the engine but the log, when the run is over."""

    name = "exposures"

    def finish(self) -> None:
        for message in self.world.market.audit():
            self.breach(message)
