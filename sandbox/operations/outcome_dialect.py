"""The outcome agent's side of the door: who calls, what a valid body is, what makes a retry harmless (206, 207)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.core.errors import AdcpError, ApiError
from sandbox.kernel.endpoint import Answered, Context, Handler, Operation, Reply
from sandbox.operations.outcome import BODIES, header, read
from sandbox.operations.outcome_auth import SECRET_HEADERS, Credentials

SECRETS = tuple(f"headers.{name}" for name in SECRET_HEADERS)

IDEMPOTENCY = "Idempotency-Key"


def operations(handlers: Mapping[str, Handler]) -> list[Operation]:
    """The operations of an agent from its handlers by name."""
    return [Operation(name, handlers[name], mutating=True, secrets=SECRETS) for name in BODIES]


class OutcomeDialect:
    """Opens requests ``{headers, body}``; handlers get the body as its model in ``request["body"]``.

    ``credentials`` are what the platform must show. A driver shows none: whoever stands outside of the world was
    checked by the edge. With ``remembers`` the answer of an ``Idempotency-Key`` is given again to a retry; the same
    key with another body is refused. Errors are ``{error, code, field?}`` with 4xx or 5xx.
    """

    def __init__(self, credentials: Credentials, remembers: bool = True) -> None:
        self.credentials = credentials
        self._remembers = remembers
        self._answers: dict[tuple[str, str], tuple[Any, Reply | None]] = {}

    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> dict[str, Any]:
        """The checked request. Raises UNAUTHORIZED, VALIDATION_ERROR or CONFLICT."""
        headers = payload.get("headers") or {}
        if not isinstance(headers, dict):
            raise ApiError("VALIDATION_ERROR", "headers: give an object", "headers")
        self._authenticate(ctx, headers)
        body = read(BODIES[operation.name], payload.get("body"))
        key = header(headers, IDEMPOTENCY)
        if key and self._remembers:
            ctx.notes["remembered"] = name = (operation.name, key)
            known = self._answers.get(name)
            if known is not None:
                self._again(*known, payload["body"])
            self._answers[name] = (payload["body"], None)
        return {"body": body}

    @staticmethod
    def _again(before: Any, reply: Reply | None, body: Any) -> None:
        if before != body:
            raise ApiError("CONFLICT", f"{IDEMPOTENCY}: it came with another body before", IDEMPOTENCY)
        if reply is None:
            raise ApiError("RATE_LIMITED", f"{IDEMPOTENCY}: the first request is still being answered", IDEMPOTENCY)
        raise Answered(reply)

    def _authenticate(self, ctx: Context, headers: dict[str, Any]) -> None:
        shown = any(header(headers, name) for name in SECRET_HEADERS)
        if ctx.principal.role == "driver" and not shown:
            return
        if not self.credentials.fit(headers):
            raise ApiError("UNAUTHORIZED", f"Unauthorized: {self.credentials.method} is needed")

    def close(self, ctx: Context, operation: Operation, payload: dict[str, Any], result: Any) -> Reply:
        """200 with what the handler returned; nothing is an empty body."""
        reply = Reply(True, result or {}, 200)
        if "remembered" in ctx.notes:
            self._answers[ctx.notes["remembered"]] = (payload["body"], reply)
        return reply

    def fail(self, ctx: Context, payload: dict[str, Any], error: AdcpError | ApiError) -> Reply:
        """An error in the form of seed 002's example; a request that failed may be sent again under its key."""
        name = ctx.notes.get("remembered")
        if name is not None and error.code not in ("CONFLICT", "RATE_LIMITED"):
            self._answers.pop(name, None)
        status = error.status if isinstance(error, ApiError) else 500
        body: dict[str, Any] = {"error": error.message, "code": error.code}
        return Reply(False, body | ({"field": error.field} if error.field else {}), status)

    def unknown(self, ctx: Context, known: Iterable[str]) -> ApiError:
        """NOT_FOUND with what there is."""
        return ApiError("NOT_FOUND", f"there is no {ctx.operation}; there are {', '.join(known)}")
