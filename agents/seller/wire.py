"""Small things that many answers share: pages and instants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sandbox.core.errors import AdcpError
from sandbox.core.time import parse_instant

T = TypeVar("T")

PAGE_SIZE = 50
"""Rows of a page if the caller does not say."""


def page(rows: Sequence[T], pagination: dict[str, Any] | None) -> tuple[list[T], dict[str, Any]]:
    """One page of ``rows`` and its ``pagination`` block (core/pagination-response.json).

    The cursor is the offset of the next page. INVALID_REQUEST for one that was not given by us.
    """
    wanted = pagination or {}
    size = int(wanted.get("max_results", PAGE_SIZE))
    cursor = str(wanted.get("cursor", "0"))
    if not cursor.isdigit() or int(cursor) > len(rows):
        raise AdcpError("INVALID_REQUEST", f"unknown cursor {cursor!r}", field="pagination.cursor")
    first = int(cursor)
    block: dict[str, Any] = {"has_more": first + size < len(rows), "total_count": len(rows)}
    if block["has_more"]:
        block["cursor"] = str(first + size)
    return list(rows[first : first + size]), block


def instant(text: str, field: str) -> int:
    """Read an instant of a request, in ms; VALIDATION_ERROR if it is none."""
    try:
        return parse_instant(text)
    except ValueError as error:
        raise AdcpError("VALIDATION_ERROR", f"not an instant: {text!r}", field=field) from error
