"""The answer of ``list_tasks`` (core/tasks-list-response.json): filtered, sorted and paged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.core.errors import AdcpError
from sandbox.core.time import parse_instant
from sandbox.protocol.tasks import Task
from sandbox.protocol.tools import protocol_of

PAGE_SIZE = 50
"""Tasks of a page if the caller does not say."""

_DOMAINS = ("media-buy", "signals", "creative")
"""What a row of the list can name; any other protocol counts as media buying."""

_FILTERS: dict[str, Callable[[Task, Any], bool]] = {
    "protocol": lambda task, wanted: protocol_of(task.tool) == wanted,
    "protocols": lambda task, wanted: protocol_of(task.tool) in wanted,
    "status": lambda task, wanted: task.status == wanted,
    "statuses": lambda task, wanted: task.status in wanted,
    "task_type": lambda task, wanted: task.tool == wanted,
    "task_types": lambda task, wanted: task.tool in wanted,
    "task_ids": lambda task, wanted: task.task_id in wanted,
    "has_webhook": lambda task, wanted: (task.push is not None) == wanted,
    "created_after": lambda task, wanted: task.created_ms > parse_instant(wanted),
    "created_before": lambda task, wanted: task.created_ms < parse_instant(wanted),
    "updated_after": lambda task, wanted: task.updated_ms > parse_instant(wanted),
    "updated_before": lambda task, wanted: task.updated_ms < parse_instant(wanted),
    "context_contains": lambda task, wanted: wanted in str(task.context or ""),
}

_SORTS: dict[str, Callable[[Task], Any]] = {
    "created_at": lambda task: task.created_ms,
    "updated_at": lambda task: task.updated_ms,
    "status": lambda task: task.status,
    "task_type": lambda task: task.tool,
    "protocol": lambda task: protocol_of(task.tool),
}


def list_tasks(tasks: Iterable[Task], request: dict[str, Any]) -> dict[str, Any]:
    """The answer for a caller, whose ``tasks`` these are. The newest come first unless the request says otherwise.

    The cursor is the offset of the next page; INVALID_REQUEST for one that was not given by us.
    """
    filters, sort = request.get("filters", {}), request.get("sort", {})
    found = [t for t in tasks if all(_FILTERS[name](t, w) for name, w in filters.items() if name in _FILTERS)]
    field, direction = sort.get("field", "created_at"), sort.get("direction", "desc")
    found.sort(key=_SORTS[field], reverse=direction == "desc")
    rows, pagination = _page(found, request.get("pagination", {}))
    return {
        "status": "completed",
        "query_summary": {
            "total_matching": len(found),
            "returned": len(rows),
            "domain_breakdown": dict(sorted(Counter(map(_domain, found)).items())),
            "status_breakdown": dict(sorted(Counter(task.status for task in found).items())),
            "filters_applied": sorted(filters),
            "sort_applied": {"field": field, "direction": direction},
        },
        "tasks": [{**task.row(), "domain": _domain(task)} for task in rows],
        "pagination": pagination,
    }


def _domain(task: Task) -> str:
    protocol = protocol_of(task.tool)
    return protocol if protocol in _DOMAINS else "media-buy"


def _page(found: list[Task], wanted: dict[str, Any]) -> tuple[list[Task], dict[str, Any]]:
    size, cursor = int(wanted.get("max_results", PAGE_SIZE)), str(wanted.get("cursor", "0"))
    if not cursor.isdecimal() or int(cursor) > len(found):
        raise AdcpError("INVALID_REQUEST", f"unknown cursor {cursor!r}", field="pagination.cursor")
    end = int(cursor) + size
    block: dict[str, Any] = {"has_more": end < len(found), "total_count": len(found)}
    if block["has_more"]:
        block["cursor"] = str(end)
    return found[int(cursor) : end], block
