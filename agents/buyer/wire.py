"""Small things that the platform's REST operations share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from sandbox.core.money import amount
from sandbox.domain.channels import CHANNELS
from sandbox.operations import Group, SnakeBody
from sandbox.operations.model import Id

BROAD_CHANNELS = {"video": ("olv", "ctv"), "audio": ("streaming_audio", "podcast")}
"""Words of the seeds that mean several of the specification's channels (conflict C57)."""


def _channels(values: list[str]) -> list[str]:
    found: list[str] = []
    for value in values:
        for channel in BROAD_CHANNELS.get(value.lower(), (value.lower(),)):
            if channel not in CHANNELS:
                raise ValueError(f"unknown channel {value!r}; there are {', '.join([*CHANNELS, *BROAD_CHANNELS])}")
            if channel not in found:
                found.append(channel)
    return found


def _unique(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


Channels = Annotated[
    list[str],
    AfterValidator(_channels),
    WithJsonSchema({"type": "array", "items": {"enum": [*CHANNELS, *BROAD_CHANNELS]}}),
]
"""Media channels of the specification; ``video`` and ``audio`` become the channels that they mean."""

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$"), BeforeValidator(_upper)]
Countries = Annotated[list[Country], AfterValidator(_unique)]
"""Countries by ISO 3166-1 alpha-2 code."""


class AccountRef(SnakeBody):
    """The advertiser, as AdCP's account."""

    account_id: Id


def group(name: str) -> Group:
    """The operations of one resource, under both prefixes of the API (rule 1, conflict C1)."""
    return Group(name, "/api/v2/buyer", "/api/buyer")


def optional_amount(value_micros: int | None) -> float | int | None:
    """An amount in units of currency, or null."""
    return None if value_micros is None else amount(value_micros)


def budget_context(session_micros: int | None, budgets_micros: list[int]) -> dict[str, Any]:
    """What is left of a session's budget after the budgets of its products (rule 126).

    Shape: ``{sessionBudget, allocatedBudget, remainingBudget}``; a session without a budget has null there.
    """
    allocated = sum(budgets_micros)
    remaining = None if session_micros is None else session_micros - allocated
    return {
        "sessionBudget": optional_amount(session_micros),
        "allocatedBudget": amount(allocated),
        "remainingBudget": optional_amount(remaining),
    }
