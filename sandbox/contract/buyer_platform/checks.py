"""The checks of a buyer platform, and what is done after each of them; each module of the package adds its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import Checks, Severity

Body = Callable[[Platform], Awaitable[None]]


class _Tidied(Checks[Platform]):
    """Checks after each of which the campaigns that it made are canceled and deleted."""

    def add(self, name: str, rule: str, severity: Severity = "must", timeout_s: float = 60.0) -> Callable[[Body], Body]:
        register = super().add(name, rule, severity, timeout_s)

        def tidied(body: Body) -> Body:
            @wraps(body)
            async def run(platform: Platform) -> None:
                try:
                    await body(platform)
                finally:
                    await platform.tidy()

            return register(run)

        return tidied


CHECKS: Checks[Platform] = _Tidied()
