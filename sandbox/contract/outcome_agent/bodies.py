"""What the checks send: bodies as seed 002 has them, valid unless a check spoils them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

MOST, LEAST = 20_000, 5_000
"""The budget range of campaigns, in units of currency."""

CHANNELS = ("display", "olv", "ctv", "video", "social", "streaming_audio")
"""Channels of campaigns unless ``--channels`` names others; ``video`` is the seed's word for online video."""

COUNTRIES = ("US", "CA", "GB")

VALUES: Json = {"string": "check", "number": 50, "boolean": True, "array": [], "object": {}}
"""What is given for a custom field, by its type."""

CREATIVE: Json = {
    "creativeId": "cr_001",
    "format": "display_300x250",
    "assetUrl": "https://cdn.acme.example/banner.png",
}


def day(now: datetime, days: float) -> str:
    """An instant some days after ``now``, as messages write it."""
    return (now + timedelta(days=days)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def custom_fields(proposal: Json) -> Json:
    """Values for all fields that a proposal asks for (rule 199)."""
    needed = proposal.get("customFieldsRequired") or []
    return {field["fieldName"]: VALUES.get(field.get("fieldType", "string"), "check") for field in needed}


def replace(path: str, value: Any) -> Json:
    """An operation of RFC 6902."""
    return {"op": "replace", "path": path, "value": value}


@dataclass(slots=True)
class Tactic:
    """A tactic that the agent has taken; ``context`` is what it should know of it now, ``accepted`` the request."""

    tactic_id: str
    context: Json
    accepted: Json

    def change(self, patch: list[Json] | None = None, **values: Any) -> Json:
        """A body of ``tactic-context-updated`` that sets values; ``patch`` is made from them unless given."""
        made = [replace(f"/{name}", value) for name, value in values.items()]
        return {"tacticId": self.tactic_id, "tactic": values, "patch": made if patch is None else patch}

    def creatives(self, rows: list[Json], patch: list[Json]) -> Json:
        """A body of ``tactic-creatives-updated``."""
        return {"tacticId": self.tactic_id, "creatives": rows, "patch": patch}

    def feedback(self, now: datetime, delivery: float, performance: float = 100) -> Json:
        """A body of ``tactic-feedback`` about the first week."""
        return {
            "tacticId": self.tactic_id,
            "startDate": self.context["startDate"],
            "endDate": day(now, 9),
            "deliveryIndex": delivery,
            "performanceIndex": performance,
        }
