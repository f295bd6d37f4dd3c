"""Where webhooks to the driver end: a scenario may give ``https://driver.sandbox.test/`` as an address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sandbox.core.errors import AdcpError, ApiError
from sandbox.kernel.endpoint import Context, Endpoint, Operation, Reply

if TYPE_CHECKING:
    from sandbox.kernel.actor import Actor


class TakeAll:
    """A dialect that takes every webhook. What came is in the trace, where steps and expectations look."""

    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> dict[str, Any]:
        """Anything is a request."""
        return payload

    def close(self, ctx: Context, operation: Operation, payload: dict[str, Any], result: Any) -> Reply:
        """The acknowledgement."""
        return Reply(True, result)

    def fail(self, ctx: Context, payload: dict[str, Any], error: AdcpError | ApiError) -> Reply:
        """An error body; only an unknown operation leads here."""
        return Reply(False, {"error": {"code": error.code, "message": error.message}})

    def unknown(self, ctx: Context, known: Iterable[str]) -> ApiError:
        """Nothing but webhooks comes in here."""
        return ApiError("NOT_FOUND", f"the driver takes {', '.join(known)} only")


def inbox_of(driver: Actor) -> Endpoint:
    """The driver's inbox."""
    return Endpoint(driver, TakeAll(), [Operation("webhook", lambda _ctx, _request: {})])
