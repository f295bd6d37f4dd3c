"""The path and the query of a request to a REST operation."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from sandbox.core.errors import ApiError
from sandbox.operations import Route


def path_of(route: Route, given: dict[str, Any]) -> str:
    """The path with its parameters; a single one may go by another name (conflict C27).

    Raises VALIDATION_ERROR for a parameter that is missing or that the path does not have.
    """
    values = {name: value for name, value in given.items() if value is not None and value != ""}
    missing = [name for name in route.path_params if name not in values]
    surplus = [name for name in values if name not in route.path_params]
    if len(missing) == len(surplus) == 1:
        values[missing.pop()] = values.pop(surplus.pop())
    for name in (*missing, *surplus):
        why = "needs it" if name in missing else "has no such parameter"
        raise ApiError("VALIDATION_ERROR", f"pathParams.{name}: {route.path} {why}", f"pathParams.{name}")
    path = route.path
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    return path


def query_of(params: dict[str, Any]) -> list[tuple[str, str]]:
    """Query parameters as text; a list is the parameter several times."""
    return [
        (name, value if isinstance(value, str) else json.dumps(value))
        for name, given in params.items()
        for value in (given if isinstance(given, list) else [given])
        if value is not None
    ]
