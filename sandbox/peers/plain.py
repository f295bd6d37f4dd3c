"""The dialect of real services, which give requests and answers a form themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.core.errors import AdcpError, ApiError
from sandbox.kernel.endpoint import Context, Operation, Reply


class PlainDialect:
    """Hands requests and answers through; handlers give a :class:`Reply`."""

    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> dict[str, Any]:
        """The payload."""
        return payload

    def close(self, ctx: Context, operation: Operation, payload: dict[str, Any], result: Any) -> Reply:
        """What the handler gave."""
        assert isinstance(result, Reply)
        return result

    def fail(self, ctx: Context, payload: dict[str, Any], error: AdcpError | ApiError) -> Reply:
        """``{error: words}``, with the error's status if it has one."""
        return Reply(False, {"error": error.message}, error.status if isinstance(error, ApiError) else 500)

    def unknown(self, ctx: Context, known: Iterable[str]) -> ApiError:
        """NOT_FOUND."""
        return ApiError("NOT_FOUND", f"there is no {ctx.operation}")
