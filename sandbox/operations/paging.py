"""Pages and filters of lists (rules 8 to 10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import Field

from sandbox.operations.model import Body

T = TypeVar("T")


class TakeSkip(Body):
    """The query of lists that are paged by ``take`` and ``skip``."""

    take: int = Field(default=50, ge=1, le=100)
    skip: int = Field(default=0, ge=0)


def limit_offset(rows: Sequence[dict[str, Any]], limit: int, offset: int) -> dict[str, Any]:
    """One page as ``{items, total, hasMore, nextOffset}``; ``nextOffset`` is null on the last one (rule 9)."""
    following = offset + limit
    more = following < len(rows)
    return {
        "items": list(rows[offset:following]),
        "total": len(rows),
        "hasMore": more,
        "nextOffset": following if more else None,
    }


def window(rows: Sequence[T], take: int, skip: int) -> list[T]:
    """One page of ``take`` rows after ``skip`` others."""
    return list(rows[skip : skip + take])


def name_matches(name: str, wanted: str | None) -> bool:
    """True if ``wanted`` is part of ``name``, in any case, or is not given (rule 10)."""
    return wanted is None or wanted.casefold() in name.casefold()
