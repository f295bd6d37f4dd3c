"""URLs in the one form in which AdCP compares them (docs/reference/url-canonicalization.mdx)."""

from __future__ import annotations

import re

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.DOTALL)
_AUTHORITY = re.compile(r"(?:[^@]*@)?(\[[0-9A-Fa-f:.]+\]|[^\[\]:@%]+)(?::([0-9]*))?")
_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_USUAL_PORTS = {"http": "80", "https": "443"}


def canonical(url: str) -> tuple[str, str]:
    """``(target URI, authority)`` of a URL, each ready to be compared byte by byte.

    ``ValueError`` for an authority that is malformed. Names that are not in ASCII are too: whoever sends a URL has
    to write them as A-labels.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("it is no absolute URL")
    scheme, given, path, query = match[1].lower(), match[2], match[3] or "/", match[4] or ""
    authority = _authority(scheme, given)
    return f"{scheme}://{authority}{_decoded(_without_dots(path))}{_decoded(query)}", authority


def _authority(scheme: str, given: str) -> str:
    match = _AUTHORITY.fullmatch(given)
    if match is None or not given.isascii():
        raise ValueError("its authority is malformed")
    host, port = match[1].lower(), match[2]
    if not host.startswith("["):
        host = host.removesuffix(".")
        if not host or host.endswith("."):
            raise ValueError("its host has an empty label")
    return host if port in (None, "", _USUAL_PORTS.get(scheme)) else f"{host}:{port}"


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4, for an absolute path. Empty segments stay."""
    segments = path.split("/")[1:]
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _decoded(text: str) -> str:
    """Percent-encoding with capital letters, and only where it is needed (RFC 3986, 6.2.2)."""

    def normal(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in _UNRESERVED else match[0].upper()

    return _ENCODED.sub(normal, text)
