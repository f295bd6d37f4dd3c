"""How answers are read: as leniently as the documents leave room.

Unknown fields are none of our business, lists may be wrapped or bare, numbers may be written 3 or 3.0.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.contract.check import Failed, expect
from sandbox.contract.talk import Answer
from sandbox.core.errors import API_STATUS

Body = dict[str, Any]

UNKNOWN_OPERATION = (404, 405, 501)
"""Statuses of an operation that a platform does not have."""


def content(body: Any) -> Any:
    """What a success says: bare, as most documents show it, or out of ``data`` where it is only there."""
    if not isinstance(body, dict) or not isinstance(body.get("data"), dict | list):
        return body
    rest = {field: value for field, value in body.items() if field != "data"}
    if isinstance(body["data"], dict):
        return {**body["data"], **rest}
    return rest if any(isinstance(value, list) for value in rest.values()) else body["data"]


def listing(found: Any, *names: str) -> list[Any]:
    """The rows of a list whose container the documents do not name: it is one of these, or the only list there is.

    Raises :class:`Failed` if there is none.
    """
    if isinstance(found, list):
        return found
    inside = found if isinstance(found, dict) else {}
    for name in names:
        if isinstance(inside.get(name), list):
            rows: list[Any] = inside[name]
            return rows
    lists = [value for value in inside.values() if isinstance(value, list)]
    if len(lists) != 1:
        raise Failed("the answer", f"a list, as {' or '.join(names)}", found)
    return list(lists[0])


def archived(row: Body) -> bool:
    """True for a row that says that it is no longer there."""
    gone = row.get("archivedAt") or row.get("archived_at") or row.get("deleted")
    return bool(gone) or str(row.get("status")).upper() in ("ARCHIVED", "DELETED")


def field_of(row: Body, camel: str, snake: str) -> Any:
    """What a row has under one of two spellings of a field. ``KeyError`` if it has neither."""
    return row[camel] if camel in row else row[snake]


def judge(answer: Answer, what: str, *codes: str) -> Body:
    """The ``error`` of a refusal, which has one of these codes and the status of its code (rules 3 and 4)."""
    body = answer.body if isinstance(answer.body, dict) else {}
    error = body.get("error")
    if not isinstance(error, dict) or answer.status < 400:
        named = f"a refusal {' or '.join(codes)}".strip()
        raise Failed(what, named, f"{answer.status} {answer.text[:200]}")
    code = str(error.get("code"))
    expect(not codes or code in codes, f"code of {what}", " or ".join(codes), f"{code}: {error.get('message')}")
    wanted = API_STATUS.get(code, answer.status)
    expect(answer.status == wanted, f"status of {code}", wanted, answer.status)
    return error


def near(one: Any, other: Any) -> bool:
    """True if two amounts are the same to a cent."""
    return number(one) and number(other) and abs(one - other) <= 0.011


def number(value: Any) -> bool:
    """True for a number as JSON has it."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def instant(text: Any) -> datetime | None:
    """An instant as it is written, in UTC where that is left out; None if it is none."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def status_of(ref: Body) -> str:
    """The status of a media buy; the documents write one of them in two ways."""
    return str(ref["status"]).replace("CANCELLED", "CANCELED")
