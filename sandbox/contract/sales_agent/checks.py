"""Where the checks of a sales agent are registered, and what is done after each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from sandbox.contract.check import Checks, Severity
from sandbox.contract.sales_agent.agent import Agent

Body = Callable[[Agent], Awaitable[None]]


class _Tidied(Checks[Agent]):
    """Checks after each of which the media buys that it made are canceled."""

    def add(self, name: str, rule: str, severity: Severity = "must", timeout_s: float = 60.0) -> Callable[[Body], Body]:
        register = super().add(name, rule, severity, timeout_s)

        def tidied(body: Body) -> Body:
            @wraps(body)
            async def run(agent: Agent) -> None:
                try:
                    await body(agent)
                finally:
                    await agent.tidy()

            return register(run)

        return tidied


CHECKS: Checks[Agent] = _Tidied()
"""The checks of a sales agent; each module of the package adds its own."""
