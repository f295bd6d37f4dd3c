"""Which release two parties speak, and how our canonical form (3.1) looks in the others.

A request without ``adcp_version``, or with ``adcp_major_version`` alone, is 3.0; a release of the same major
that we do not have is served as the highest one below it that we have (core/version-envelope.json).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sandbox.core.errors import AdcpError
from sandbox.protocol.tools import TOOLS

VERSIONS = ("3.0", "3.1", "3.2")
CANONICAL = "3.1"

Change = Callable[[dict[str, Any]], dict[str, Any]]


def _release(text: str) -> tuple[int, int] | None:
    major, _, rest = text.partition(".")
    minor = rest.partition("-")[0]
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None


def negotiate(payload: dict[str, Any], supported: Sequence[str] = VERSIONS) -> str:
    """The release that a request is served as; VERSION_UNSUPPORTED if there is none."""
    asked = payload.get("adcp_version")
    if asked is None:
        major = payload.get("adcp_major_version", 3)
        asked = "3.0" if major == 3 else f"{major}.0"
        if asked == "3.0" and "3.0" not in supported:
            asked = supported[0]
    release = _release(str(asked))
    usable = [v for v in supported if release and _release(v) <= release and v[0] == str(release[0])]  # type: ignore[operator]
    if not usable:
        raise AdcpError(
            "VERSION_UNSUPPORTED",
            f"AdCP {asked} is not supported here; supported are {', '.join(supported)}",
            field="adcp_version" if "adcp_version" in payload else "adcp_major_version",
            details={"supported_versions": list(supported)},
        )
    return max(usable, key=lambda v: _release(v) or (0, 0))


def envelope(version: str) -> dict[str, Any]:
    """The fields by which a caller names the release that it speaks."""
    return {"adcp_major_version": 3} if version == "3.0" else {"adcp_version": version}


def to_wire(tool: str, direction: str, body: dict[str, Any], version: str) -> dict[str, Any]:
    """Turn a body from our canonical form into that of a release. ``direction``: ``request`` or ``answer``."""
    if version == CANONICAL:
        return body
    for change in _CHANGES.get((tool, direction, version), ()):
        body = change(body)
    return body


def from_wire(tool: str, direction: str, body: dict[str, Any], version: str) -> dict[str, Any]:
    """Turn a body in the form of a release into our canonical form."""
    if version == CANONICAL:
        return body
    for change in _REVERSALS.get((tool, direction, version), ()):
        body = change(body)
    return body


# -- the differences -------------------------------------------------------------------------------------


def _without(*names: str) -> Change:
    def change(body: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in body.items() if key not in names}

    return change


def _renamed(old: str, new: str) -> Change:
    def change(body: dict[str, Any]) -> dict[str, Any]:
        return {new if key == old else key: value for key, value in body.items()}

    return change


def _each(field: str, change: Change) -> Change:
    def apply(body: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(body.get(field), list):
            return body
        return body | {field: [change(item) if isinstance(item, dict) else item for item in body[field]]}

    return apply


def _status_in_place_of_media_buy_status(body: dict[str, Any]) -> dict[str, Any]:
    """3.0 has one ``status`` for the buy; later releases keep the task's status apart."""
    if "media_buy_status" not in body:
        return body
    return {k: v for k, v in body.items() if k != "media_buy_status"} | {"status": body["media_buy_status"]}


def _only_media_buy_status(body: dict[str, Any]) -> dict[str, Any]:
    """3.2 has no ``status`` beside ``media_buy_status`` in a finished answer."""
    return _without("status")(body) if "media_buy_status" in body else body


def _media_buy_status_from_status(body: dict[str, Any]) -> dict[str, Any]:
    if "media_buy_id" not in body or "media_buy_status" in body or "status" not in body:
        return body
    return body | {"media_buy_status": body["status"]}


_CHANGES: dict[tuple[str, str, str], tuple[Change, ...]] = {
    ("create_media_buy", "answer", "3.0"): (_status_in_place_of_media_buy_status,),
    ("update_media_buy", "answer", "3.0"): (_status_in_place_of_media_buy_status,),
    ("create_media_buy", "answer", "3.2"): (_only_media_buy_status,),
    ("update_media_buy", "answer", "3.2"): (_only_media_buy_status,),
}
_REVERSALS: dict[tuple[str, str, str], tuple[Change, ...]] = {
    ("create_media_buy", "answer", "3.0"): (_media_buy_status_from_status,),
    ("update_media_buy", "answer", "3.0"): (_media_buy_status_from_status,),
}


def offered(tool: str, version: str) -> bool:
    """True if a release has the tool."""
    return tool in TOOLS and version in TOOLS[tool].versions
