"""What people call the things of a run: names that its messages gave to campaigns and creatives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event

_MADE_BY = {
    "create_campaign": "campaignId",
    "update_campaign": "campaignId",
    "create_creative": "creative_id",
    "update_creative": "creative_id",
}
"""Operations of the buyer platform that name a thing, and where their answer says which one."""


def names_of(events: Iterable[Event]) -> dict[str, str]:
    """The latest name of each campaign and creative by its id, as the trace tells it."""
    asked: dict[tuple[str, Any], str] = {}
    names: dict[str, str] = {}
    for event in events:
        data = event.data
        if event.kind == "call" and data["operation"] in _MADE_BY:
            if name := _name_in(data["payload"]):
                asked[event.actor, data["id"]] = name
        elif event.kind == "reply" and data["ok"] and (data["to"], data["id"]) in asked:
            made = data["body"].get(_MADE_BY[data["operation"]])
            if made is not None:
                names[str(made)] = asked[data["to"], data["id"]]
    return names


def _name_in(payload: Any) -> str:
    """The name in a request, which may be wrapped as path, params and body."""
    body = payload.get("body", payload) if isinstance(payload, dict) else {}
    return str(body.get("name") or "") if isinstance(body, dict) else ""


def shortest(things: Mapping[str, Mapping[str, str]], choices: Sequence[Sequence[str]]) -> dict[str, str]:
    """Short labels that tell things apart.

    ``things`` are ids and what is known of them; of the ``choices`` of columns the first one is taken whose
    values differ for all things, and otherwise the last one with the ids behind it.
    """
    labels: dict[str, str] = {}
    for columns in choices:
        known = {one: [str(thing.get(column) or "") for column in columns] for one, thing in things.items()}
        labels = {one: ", ".join(part for part in parts if part) for one, parts in known.items()}
        if len(set(labels.values())) == len(labels) and all(all(parts) for parts in known.values()):
            return labels
    return {one: f"{label} {one}".strip() for one, label in labels.items()}
