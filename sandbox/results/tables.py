"""A run as files: ``result.json``, ``trace.ndjson``, and a Parquet table of each kind of thing.

=================  =====================================================================================
messages           every request, answer, lost request and webhook attempt; bodies as JSON text
statuses           every change of status
decisions          every decision of an actor
deliveries         what each line delivered in each hour; spend in micros
expectations       what was promised and what came of it
=================  =====================================================================================

Times are UTC timestamps in ms. The columns are those of :data:`COLUMNS`, whatever the run held.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.core.files import replacing, write_text
from sandbox.core.time import parse_instant
from sandbox.journal.trace_file import write_trace
from sandbox.kernel.trace import canonical

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event
    from sandbox.results.result import RunResult

Row = dict[str, Any]

COLUMNS = {
    "messages": {
        "at": "time",
        "seq": "int",
        "kind": "text",
        "id": "text",
        "from": "text",
        "to": "text",
        "operation": "text",
        "ok": "bool",
        "attempt": "int",
        "why": "text",
        "body": "text",
    },
    "statuses": {
        "at": "time",
        "seq": "int",
        "actor": "text",
        "entity": "text",
        "id": "text",
        "old": "text",
        "new": "text",
        "why": "text",
    },
    "decisions": {
        "at": "time",
        "seq": "int",
        "actor": "text",
        "entity": "text",
        "id": "text",
        "decision": "text",
        "why": "text",
    },
    "deliveries": {
        "at": "time",
        "seq": "int",
        "seller": "text",
        "line_id": "text",
        "hour": "time",
        "impressions": "int",
        "spend_micros": "int",
        "viewable": "int",
        "clicks": "int",
        "views": "int",
        "completed_views": "int",
        "conversions": "int",
        "conversion_value_micros": "int",
        "engagements": "int",
        "first_quartile": "int",
        "midpoint": "int",
        "third_quartile": "int",
    },
    "expectations": {"name": "text", "held": "bool", "at": "time", "detail": "text"},
}
"""The columns of each table and their types."""

COUNTERS = tuple(COLUMNS["deliveries"])[5:]
"""What is counted of a delivery."""


def write(result: RunResult, folder: Path) -> None:
    """Write a run into a folder that exists; files of an earlier run there are replaced.

    Each file is whole or not there, and ``result.json`` comes last. Raises :class:`InputError` if one can't be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    with replacing(folder / "trace.ndjson") as part:
        write_trace(result.trace.events, part)
    types = {"time": pa.timestamp("ms", tz="UTC"), "int": pa.int64(), "text": pa.string(), "bool": pa.bool_()}
    for name, rows in tables(result).items():
        schema = pa.schema([(column, types[kind]) for column, kind in COLUMNS[name].items()])
        with replacing(folder / f"{name}.parquet") as part:
            parquet.write_table(pa.Table.from_pylist(rows, schema), part)
    write_text(folder / "result.json", f"{json.dumps(result.summary(), indent=2, ensure_ascii=False)}\n")


def tables(result: RunResult) -> dict[str, list[Row]]:
    """The rows of each table; a missing column is null."""
    judged = [{"name": j.name, "held": j.held, "at": j.at_ms, "detail": j.detail} for j in result.expectations]
    events = result.trace.events
    return {
        "messages": _rows(events, _message, "call", "reply", "lost", "webhook", "webhook_result"),
        "statuses": _rows(events, _plain, "status"),
        "decisions": _rows(events, _plain, "decision"),
        "deliveries": _rows(events, _delivery, "delivery"),
        "expectations": judged,
    }


def _rows(events: Iterable[Event], row: Callable[[Event], Row], *kinds: str) -> list[Row]:
    return [{"at": event.at_ms, "seq": event.seq, **row(event)} for event in events if event.kind in kinds]


def _plain(event: Event) -> Row:
    return {"actor": event.actor, **event.data}


def _delivery(event: Event) -> Row:
    counted = {name: event.data.get(name, 0) for name in COUNTERS}
    hour = parse_instant(event.data["hour"])
    return {"seller": event.actor, "line_id": event.data["line_id"], "hour": hour, **counted}


def _message(event: Event) -> Row:
    data = event.data
    body = data.get("body", data.get("payload"))
    return {
        "kind": event.kind,
        "from": event.actor,
        **{name: data.get(name) for name in ("id", "to", "operation", "ok", "attempt", "why")},
        "body": None if body is None else canonical(body),
    }
