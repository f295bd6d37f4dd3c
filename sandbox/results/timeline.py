"""The story of a run: its trace as rows that people read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.core.money import MICROS
from sandbox.core.time import DAY_MS, day_start, parse_instant

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event


@dataclass(slots=True, frozen=True)
class Row:
    """One row: when, who, what kind of thing (``message``, ``status``, ``spend`` …), and in words what."""

    at_ms: int
    actor: str
    kind: str
    text: str


def timeline(events: Iterable[Event]) -> list[Row]:
    """Rows of a trace in order: requests with their answers, webhooks, decisions, changes of status, faults,
    steps, and a row for each day's delivery.
    """
    rows: list[Row] = []
    days = _Days()
    for event in events:
        rows.extend(days.upto(event.at_ms))
        if event.kind == "delivery":
            days.add(event)
        elif text := describe(event):
            rows.append(Row(event.at_ms, event.actor, _KINDS[event.kind], text))
    return [*rows, *days.upto(None)]


def describe(event: Event) -> str:
    """One event in words; empty for what is no news by itself (a call is told with its answer)."""
    tell = _TELL.get(event.kind)
    return tell(event) if tell else ""


class _Days:
    """Adds up deliveries until their day is over."""

    def __init__(self) -> None:
        self._day_ms = 0
        self._impressions = 0
        self._spend_micros = 0

    def add(self, event: Event) -> None:
        self._day_ms = day_start(parse_instant(event.data["hour"]))
        self._impressions += event.data.get("impressions", 0)
        self._spend_micros += event.data.get("spend_micros", 0)

    def upto(self, at_ms: int | None) -> list[Row]:
        """The row of the day before ``at_ms``, if there is one that is not told yet."""
        end_ms = self._day_ms + DAY_MS
        if not (self._impressions or self._spend_micros) or (at_ms is not None and at_ms <= end_ms):
            return []
        text = f"{self._impressions:,} impressions, spend {self._spend_micros / MICROS:,.2f}"
        self._impressions = self._spend_micros = 0
        return [Row(end_ms, "market", "spend", text)]


def _because(data: dict[str, Any]) -> str:
    return f" ({data['why']})" if data.get("why") else ""


def _reply(event: Event) -> str:
    data = event.data
    outcome = _outcome(data["body"]) if data["ok"] else f"error {error_text(data['body'])}"
    return f"{data['to']} → {event.actor} {data['operation']}: {outcome}"


def _outcome(body: Any) -> str:
    status = body.get("newStatus") or body.get("status") if isinstance(body, dict) else None
    return f"ok, {status}" if isinstance(status, str) else "ok"


def error_of(body: Any) -> dict[str, Any]:
    """The error in an error body, of AdCP (``adcp_error`` or ``errors``) or of the platform (``error``)."""
    if isinstance(body, dict):
        for key in ("adcp_error", "error"):
            if isinstance(body.get(key), dict):
                return dict(body[key])
        listed = body.get("errors")
        if isinstance(listed, list) and listed and isinstance(listed[0], dict):
            return dict(listed[0])
    return {"message": str(body)}


def error_text(body: Any) -> str:
    """Code and message of an error body."""
    error = error_of(body)
    return ": ".join(str(error[part]) for part in ("code", "message") if error.get(part))


def _webhook_result(event: Event) -> str:
    data = event.data
    attempt = f" (attempt {data['attempt']})" if data["attempt"] > 1 else ""
    outcome = "taken" if data["ok"] else data["why"]
    return f"{event.actor} → {data['to']} webhook{attempt}: {outcome}"


def _status(event: Event) -> str:
    data = event.data
    return f"{data['entity']} {data['id']}: {data['old'] or '∅'} → {data['new']}{_because(data)}"


def _decision(event: Event) -> str:
    data = event.data
    return f"{data['entity']} {data['id']}: {data['decision']}{_because(data)}"


def _lost(event: Event) -> str:
    return f"{event.actor} → {event.data['to']} {event.data['operation']}: no answer, {event.data['why']}"


def _line(event: Event) -> str:
    data = event.data
    budget = f"{data['budget_micros'] / MICROS:,.2f}"
    return f"line {data['line_id']} of {data['media_buy_id']}, budget {budget}: {data['why']}"


def _control(event: Event) -> str:
    given = ", ".join(f"{name} {value}" for name, value in event.data.get("args", {}).items())
    return f"{event.data['action']}{f' ({given})' if given else ''}"


def _fault(event: Event) -> str:
    detail = event.data.get("detail")
    return f"{event.data['fault']} on {event.data['link']}{f': {detail}' if detail else ''}"


def _step(event: Event) -> str:
    mark = "done" if event.data["ok"] else "failed"
    detail = f", {event.data['detail']}" if event.data["detail"] else ""
    return f"{event.data['name']}: {mark}{detail}"


_TELL: dict[str, Callable[[Event], str]] = {
    "reply": _reply,
    "webhook_result": _webhook_result,
    "status": _status,
    "decision": _decision,
    "lost": _lost,
    "line": _line,
    "control": _control,
    "fault": _fault,
    "step": _step,
}
_KINDS = {kind: kind for kind in _TELL} | {"reply": "message", "webhook_result": "webhook", "lost": "message"}
