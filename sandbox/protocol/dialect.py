"""How AdCP agents open a request, close an answer and word an error; how inboxes take webhooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.core.errors import AdcpError, ApiError
from sandbox.kernel.endpoint import Answered, Context, Operation, Reply
from sandbox.protocol import schemas
from sandbox.protocol.errors import error_body
from sandbox.protocol.idempotency import Idempotency, Key
from sandbox.protocol.schemas import SchemaIssue
from sandbox.protocol.tools import TOOLS
from sandbox.protocol.versions import VERSIONS, from_wire, negotiate, to_wire
from sandbox.protocol.webhooks import Seen


class AdcpDialect:
    """The protocol's plumbing, once for all agents.

    Version, schema, idempotency and context are dealt with here; handlers see requests and give answers in
    the canonical form (3.1). An answer of our own that breaks its schema is written to the trace as a
    ``violation``, and so is a request that one of our own actors got wrong.
    """

    def __init__(self, supported: Sequence[str] = VERSIONS) -> None:
        self.supported = tuple(supported)
        self.idempotency = Idempotency()

    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> dict[str, Any]:
        ctx.version = self.supported[-1]
        ctx.version = negotiate(payload, self.supported)
        issues = schemas.check(operation.name, "request", payload, ctx.version)
        if issues:
            if ctx.principal.role != "driver":
                self._violation(ctx, "request", issues)
            raise _refusal(issues)
        key = self._key(ctx, operation, payload)
        if key is not None:
            known = self.idempotency.begin(key, payload, ctx.now)
            if known is not None:
                raise Answered(Reply(True, known))
            ctx.notes["key"] = key
        return from_wire(operation.name, "request", payload, ctx.version)

    @staticmethod
    def _key(ctx: Context, operation: Operation, payload: dict[str, Any]) -> Key | None:
        tool = TOOLS.get(operation.name)
        if tool is None or not tool.mutating or "idempotency_key" not in payload:
            return None
        return (ctx.principal.id, operation.name, str(payload["idempotency_key"]))

    def close(self, ctx: Context, operation: Operation, payload: dict[str, Any], result: Any) -> Reply:
        body = to_wire(operation.name, "answer", dict(result), ctx.version)
        if "context" in payload:
            body["context"] = payload["context"]
        issues = schemas.check(operation.name, schemas.answer_direction(body), body, ctx.version)
        if issues:
            self._violation(ctx, "answer", issues)
        key = ctx.notes.get("key")
        if key is not None:
            self.idempotency.accept(key, body)
        return Reply(True, body)

    def fail(self, ctx: Context, payload: dict[str, Any], error: AdcpError | ApiError) -> Reply:
        if isinstance(error, ApiError):
            raise TypeError(f"an AdCP agent answers with AdcpError, not with {error!r}")
        key = ctx.notes.get("key")
        if key is not None:
            self.idempotency.forget(key)
        return Reply(False, error_body(error, payload.get("context")), 400)

    def unknown(self, ctx: Context, known: Iterable[str]) -> AdcpError:
        return AdcpError(
            "UNSUPPORTED_FEATURE",
            f"{ctx.actor.id} has no tool {ctx.operation!r}",
            suggestion=f"its tools are {', '.join(known)}",
        )

    @staticmethod
    def _violation(ctx: Context, what: str, issues: list[SchemaIssue]) -> None:
        culprit = ctx.principal.id if what == "request" else ctx.actor.id
        message = f"{what} of {ctx.operation} ({ctx.version}) by {culprit} breaks its schema: {issues[0]}"
        data = {"message": message, "issues": [str(issue) for issue in issues]}
        ctx.world.trace.emit(ctx.now, "violation", culprit, data)


class InboxDialect:
    """How a receiver takes webhooks: each event once, repetitions acknowledged without effect."""

    def __init__(self) -> None:
        self.seen = Seen()

    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> dict[str, Any]:
        if not self.seen.is_new(ctx.principal.id, payload, ctx.now):
            raise Answered(Reply(True, {}))
        return payload

    def close(self, ctx: Context, operation: Operation, payload: dict[str, Any], result: Any) -> Reply:
        return Reply(True, result or {})

    def fail(self, ctx: Context, payload: dict[str, Any], error: AdcpError | ApiError) -> Reply:
        conflict = error.code == "IDEMPOTENCY_CONFLICT"
        return Reply(False, {"code": error.code, "message": error.message}, 409 if conflict else 400)

    def unknown(self, ctx: Context, known: Iterable[str]) -> AdcpError:
        return AdcpError("UNSUPPORTED_FEATURE", f"{ctx.actor.id} takes no {ctx.operation}")


def _refusal(issues: list[SchemaIssue]) -> AdcpError:
    """The error that tells a caller what is wrong with its request, the first thing first."""
    first = issues[0]
    return AdcpError(
        "VALIDATION_ERROR",
        f"the request does not fit its schema: {first}",
        field=first.field or None,
        suggestion="read the schema of the tool and send the request again",
        details={"issues": [str(issue) for issue in issues]},
    )
