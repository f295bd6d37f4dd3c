"""How AdCP agents open a request, close an answer and word an error; how inboxes take webhooks."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sandbox.core.errors import AdcpError, ApiError
from sandbox.core.money import MOST
from sandbox.kernel.endpoint import Answered, Context, Operation, Reply
from sandbox.protocol import schemas
from sandbox.protocol.changes import CANONICAL
from sandbox.protocol.errors import error_body
from sandbox.protocol.idempotency import DEFAULT_TTL_MS, Idempotency, scope_of
from sandbox.protocol.issues import SchemaIssue
from sandbox.protocol.signing_settings import SigningSettings
from sandbox.protocol.tools import COMPACT, TOOLS
from sandbox.protocol.versions import VERSIONS, from_wire, known, negotiate, schema_name, to_wire
from sandbox.protocol.webhooks import Seen

ACCEPTED = ("completed", "submitted")
"""Status of an answer that is remembered under its idempotency key."""


OWN_WORDS = ("comply_test_controller",)
"""Tools that check requests themselves: they have to refuse in words of their own."""


class AdcpDialect:
    """The protocol's plumbing, once for all agents.

    Release, schema, idempotency and context are dealt with here; handlers see requests and give answers in
    the canonical form (3.1). An answer of our own that breaks its schema is written to the trace as a
    ``violation``, which fails the run, and so is a request that one of our own actors got wrong. A request of
    a scenario's step may be wrong on purpose. With ``echo_key`` answers repeat the key under which they are remembered;
    ``same_account`` is that of :func:`~sandbox.protocol.idempotency.scope_of`. ``signing`` says how an edge verifies
    signed requests; without it nobody does.
    """

    def __init__(
        self,
        supported: Sequence[str] = VERSIONS,
        ttl_ms: int = DEFAULT_TTL_MS,
        echo_key: bool = False,
        same_account: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
        signing: SigningSettings | None = None,
    ) -> None:
        self.supported = tuple(supported)
        self.signing = signing
        self._same_account = same_account
        self.echo_key = echo_key
        self.idempotency = Idempotency(ttl_ms)

    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> dict[str, Any]:
        """The request in canonical form.

        Raises VERSION_UNSUPPORTED, INVALID_REQUEST for a breach of the schema, the errors of idempotency, and
        :class:`Answered` for a retry.
        """
        ctx.version = negotiate(payload, self.supported, operation.name)
        if not known(operation.name, ctx.version):
            why = f"AdCP {ctx.version} has no tool {operation.name!r}"
            raise AdcpError("UNSUPPORTED_FEATURE", why, field="adcp_version", suggestion="ask in a newer release")
        name = schema_name(operation.name, ctx.version)
        issues = [] if name in OWN_WORDS else schemas.check(name, "request", payload, ctx.version)
        if issues:
            if ctx.principal.role != "driver":
                _violation(ctx, "request", ctx.principal.id, issues)
            raise _refusal(issues)
        request = from_wire(operation.name, "request", payload, ctx.version)
        _check_newer_fields(name, request, ctx.version)
        excess = _too_large(payload, "")
        if excess:
            raise AdcpError("INVALID_REQUEST", f"numbers are at most {MOST:,} here", field=excess)
        scope = scope_of(ctx.principal.id, payload, self._same_account) if _changes(operation) else None
        if scope is not None:
            before = self.idempotency.begin(scope, operation.name, payload, ctx.now)
            if before is not None:
                raise Answered(Reply(True, _echo(before, payload)))
            ctx.notes["scope"] = scope
        return request

    def close(self, ctx: Context, operation: Operation, payload: dict[str, Any], result: Any) -> Reply:
        """The answer in the form of the release, remembered if it is accepted, with the context echoed."""
        body = to_wire(operation.name, "answer", dict(result), ctx.version)
        roomy = operation.name not in COMPACT
        if roomy and "adcp_version" in payload and "status" in body:
            body["adcp_version"] = ctx.version
        if roomy and self.echo_key and "idempotency_key" in payload:
            body["idempotency_key"] = payload["idempotency_key"]
        scope = ctx.notes.pop("scope", None)
        if scope is not None and result.get("status", "completed") in ACCEPTED:
            self.idempotency.accept(scope, dict(body))
        elif scope is not None:
            self.idempotency.forget(scope)
        body = _echo(body, payload)
        issues = schemas.check_answer(schema_name(operation.name, ctx.version), body, ctx.version)
        if issues:
            _violation(ctx, "answer", ctx.actor.id, issues)
        return Reply(True, body)

    def fail(self, ctx: Context, payload: dict[str, Any], error: AdcpError | ApiError) -> Reply:
        """The error in both layers. An error is never remembered: a retry is served anew."""
        if isinstance(error, ApiError):
            raise TypeError(f"an AdCP agent answers with AdcpError, not with {error!r}")
        scope = ctx.notes.pop("scope", None)
        if scope is not None:
            self.idempotency.forget(scope)
        version = ctx.version or self.supported[-1]
        return Reply(False, _echo(error_body(error, version), payload), 400)

    def unknown(self, ctx: Context, known: Iterable[str]) -> AdcpError:
        """UNSUPPORTED_FEATURE with the nearest tools."""
        tools = sorted(known)
        near = difflib.get_close_matches(ctx.operation, tools, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"its tools are {', '.join(tools)}"
        return AdcpError("UNSUPPORTED_FEATURE", f"{ctx.actor.id} has no tool {ctx.operation!r}", suggestion=hint)


class InboxDialect:
    """How a receiver takes webhooks: each event once, repetitions acknowledged without effect.

    A webhook that does not fit core/mcp-webhook-payload.json is refused, and is a violation of the actor that
    sent it. The envelope is the same in all releases that we speak; it is checked in the canonical one,
    or in the newest that knows the tool that the webhook is about.
    """

    def __init__(self) -> None:
        self.seen = Seen()

    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> dict[str, Any]:
        """The webhook as it came. Raises :class:`Answered` for a repetition, and what ``Seen.claim`` raises."""
        task = str(payload.get("task_type", ""))
        ctx.version = next((v for v in (CANONICAL, *VERSIONS[::-1]) if known(task, v)), CANONICAL)
        issues = schemas.store().check_document(schemas.WEBHOOK, payload, ctx.version)
        if issues:
            if ctx.principal.role != "driver":
                _violation(ctx, "webhook", ctx.principal.id, issues)
            raise _refusal(issues)
        if self.seen.claim(ctx.principal.id, payload, ctx.now) == "duplicate":
            raise Answered(Reply(True, {}))
        ctx.notes["claimed"] = True
        return payload

    def close(self, ctx: Context, operation: Operation, payload: dict[str, Any], result: Any) -> Reply:
        """An acknowledgement."""
        self.seen.taken(ctx.principal.id, payload)
        return Reply(True, result or {})

    def fail(self, ctx: Context, payload: dict[str, Any], error: AdcpError | ApiError) -> Reply:
        """409 for a key with another body or a task with another end, 503 while the first is worked on, else 400."""
        if ctx.notes.pop("claimed", False):
            self.seen.release(ctx.principal.id, payload)
        status = {"IDEMPOTENCY_CONFLICT": 409, "CONFLICT": 409, "IDEMPOTENCY_IN_FLIGHT": 503}.get(error.code, 400)
        return Reply(False, {"code": error.code, "message": error.message}, status)

    def unknown(self, ctx: Context, known: Iterable[str]) -> AdcpError:
        """The error for anything but a webhook."""
        return AdcpError("UNSUPPORTED_FEATURE", f"{ctx.actor.id} takes no {ctx.operation}")


def _check_newer_fields(name: str, request: dict[str, Any], version: str) -> None:
    """INVALID_REQUEST for a field that the caller's release does not know, but handlers do, and that is wrong in it."""
    if version < CANONICAL and name not in OWN_WORDS:
        issues = schemas.check(name, "request", request, CANONICAL)
        inside = [issue for issue in issues if issue.keyword == "type" or issue.pointer.count("/") > 1]
        if inside:
            raise _refusal(inside)


def _changes(operation: Operation) -> bool:
    """True if a call may change something. One that reads is harmless by itself, and leaves nothing to remember."""
    tool = TOOLS.get(operation.name)
    return operation.mutating or (tool is not None and tool.mutating)


def _too_large(value: Any, field: str) -> str:
    """Where in a payload a number stands that is larger than any amount we deal with; empty if nowhere.

    The schemas know no limit, and JSON takes 1e308 for a budget.
    """
    if isinstance(value, dict):
        for name, inner in value.items():
            if found := _too_large(inner, f"{field}.{name}" if field else str(name)):
                return found
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            if found := _too_large(inner, f"{field}[{number}]"):
                return found
    elif isinstance(value, int | float) and abs(value) > MOST:
        return field
    return ""


def _echo(body: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
    return {**body, "context": payload["context"]} if isinstance(payload.get("context"), dict) else body


def _violation(ctx: Context, what: str, culprit: str, issues: list[SchemaIssue]) -> None:
    message = f"{what} of {ctx.operation} ({ctx.version}) by {culprit} breaks its schema: {issues[0]}"
    data = {"message": message, "issues": [str(issue) for issue in issues]}
    ctx.world.trace.emit(ctx.now, "violation", culprit, data)


def _refusal(issues: list[SchemaIssue]) -> AdcpError:
    """The error that tells a caller what is wrong with its request, the first thing first."""
    rows = [{"pointer": i.pointer, "message": i.message, "keyword": i.keyword} for i in issues]
    return AdcpError(
        "INVALID_REQUEST",
        f"the request does not fit its schema: {issues[0]}",
        field=issues[0].field or None,
        suggestion="read the schema of the tool and send the request again",
        details={"issues": rows},
    )
