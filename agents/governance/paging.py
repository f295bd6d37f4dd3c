"""Pages of lists with cursors that say nothing to whoever gets them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar

from sandbox.core.errors import AdcpError

T = TypeVar("T")

PAGE_SIZE = 50
"""Rows of a page if the caller does not say."""


def page(rows: Sequence[T], pagination: dict[str, Any] | None, size: int = PAGE_SIZE) -> tuple[list[T], dict[str, Any]]:
    """One page of ``rows`` and its ``pagination`` block (core/pagination-response.json).

    ``total_count`` counts what the filters of the request select. INVALID_REQUEST for a cursor that was not given
    by us.
    """
    wanted = pagination or {}
    first = _offset(wanted["cursor"]) if "cursor" in wanted else 0
    if first > len(rows):
        raise _unknown()
    end = first + int(wanted.get("max_results", size))
    block: dict[str, Any] = {"has_more": end < len(rows), "total_count": len(rows)}
    if block["has_more"]:
        block["cursor"] = base64.urlsafe_b64encode(f"page@{end}".encode()).decode()
    return list(rows[first:end]), block


def _offset(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise _unknown() from error
    head, at, number = text.partition("@")
    if (head, at) != ("page", "@") or not number.isdecimal():
        raise _unknown()
    return int(number)


def _unknown() -> AdcpError:
    return AdcpError("INVALID_REQUEST", "send the cursor of the page before, or none", field="pagination.cursor")
