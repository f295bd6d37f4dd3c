"""Which release two parties speak, and how our canonical form (3.1) looks in the others.

A request without ``adcp_version``, or with ``adcp_major_version`` alone, is 3.0; a release of the same major
that we do not have is served as the highest one below it that we have (core/version-envelope.json).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sandbox.core.errors import AdcpError
from sandbox.protocol.changes import CANONICAL, changes
from sandbox.protocol.tools import TOOLS

VERSIONS = ("3.0", "3.1", "3.2")

Release = tuple[int, int]


def negotiate(payload: dict[str, Any], supported: Sequence[str] = VERSIONS, tool: str = "") -> str:
    """The release that a request is served as.

    Raises VERSION_UNSUPPORTED, with ``supported_versions`` in its details (error-details/version-unsupported).
    """
    wanted = _wanted(payload, [v for v in supported if known(tool, v)] or supported)
    usable = [v for v in supported if wanted is not None and _usable(_release(v), wanted)]
    if not usable:
        asked = payload.get("adcp_version", payload.get("adcp_major_version"))
        raise AdcpError(
            "VERSION_UNSUPPORTED",
            f"AdCP {asked} is not supported here; supported are {', '.join(supported)}",
            field="adcp_version" if "adcp_version" in payload else "adcp_major_version",
            details={
                "supported_versions": list(supported),
                "supported_majors": sorted({int(v.partition(".")[0]) for v in supported}),
            },
        )
    return max(usable, key=lambda v: _release(v) or (0, 0))


def envelope(version: str) -> dict[str, Any]:
    """The fields by which a caller names the release that it speaks."""
    return {"adcp_major_version": 3} if version == "3.0" else {"adcp_version": version}


def to_wire(tool: str, direction: str, body: dict[str, Any], version: str) -> dict[str, Any]:
    """Turn a body from our canonical form into that of a release. ``direction``: ``request`` or ``answer``.

    The body is not changed. What a release does not know stays where its schema allows unknown fields, and is
    left out or put otherwise where it does not.
    """
    return body if version == CANONICAL else _changed(tool, direction, body, CANONICAL, version)


def from_wire(tool: str, direction: str, body: dict[str, Any], version: str) -> dict[str, Any]:
    """Turn a body in the form of a release into our canonical form. The body is not changed."""
    return body if version == CANONICAL else _changed(tool, direction, body, version, CANONICAL)


def offered(tool: str, version: str) -> bool:
    """True if a release has the tool."""
    return tool in TOOLS and version in TOOLS[tool].versions


def known(tool: str, version: str) -> bool:
    """False for a tool of the protocol that a release does not have, by this name or by an older one."""
    return tool not in TOOLS or offered(tool, version) or schema_name(tool, version) != tool


def schema_name(tool: str, version: str) -> str:
    """The name under which a release has the schemas of a tool: 3.0 has other names for those of tasks."""
    return _OLD_NAMES.get(tool, tool) if version == "3.0" else tool


_OLD_NAMES = {"get_task_status": "tasks_get", "list_tasks": "tasks_list"}


def present_name(tool: str) -> str:
    """The name that a tool has now, for the one by which clients of 3.0 call it (``tasks/get``)."""
    return _PRESENT_NAMES.get(tool, tool)


_PRESENT_NAMES = {"tasks/get": "get_task_status", "tasks/list": "list_tasks"}


def _changed(tool: str, direction: str, body: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(json.dumps(body))
    for change in changes(tool, direction, old, new):
        change(result)
    return result


def _release(text: str) -> Release | None:
    """Major and minor number of a release; None for a text that names none. ``3.2-rc.1`` counts as 3.2."""
    major, _, rest = text.partition(".")
    minor = rest.partition("-")[0]
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None


def _wanted(payload: dict[str, Any], supported: Sequence[str]) -> Release | None:
    """The release that a request asks for; None if it names none that could be, or two that disagree."""
    major = payload.get("adcp_major_version")
    if "adcp_version" in payload:
        wanted = _release(str(payload["adcp_version"]))
        return None if wanted is None or major not in (None, wanted[0]) else wanted
    lowest = [r for r in map(_release, supported) if r is not None and r[0] == (3 if major is None else major)]
    return min(lowest, default=None)


def _usable(have: Release | None, wanted: Release) -> bool:
    return have is not None and have[0] == wanted[0] and have <= wanted
