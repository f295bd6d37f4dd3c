"""What a file is: by its first bytes, and for texts by its name (rule 178)."""

from __future__ import annotations

import posixpath
import re

_PICTURE = ("IMAGE", "LOGO")
_TEXT = ("TEXT", "DOCUMENT")

ALLOWED: dict[str, tuple[str, ...]] = {
    "image/jpeg": _PICTURE,
    "image/png": _PICTURE,
    "image/gif": _PICTURE,
    "image/webp": _PICTURE,
    "image/svg+xml": _PICTURE,
    "image/heic": _PICTURE,
    "video/mp4": ("VIDEO",),
    "video/webm": ("VIDEO",),
    "video/quicktime": ("VIDEO",),
    "audio/mpeg": ("AUDIO",),
    "audio/wav": ("AUDIO",),
    "audio/ogg": ("AUDIO",),
    "text/html": ("HTML",),
    "application/zip": ("HTML",),
    "text/css": ("CSS",),
    "text/javascript": ("JAVASCRIPT",),
    "application/xml": ("VAST", "DOCUMENT"),
    "text/markdown": _TEXT,
    "text/plain": _TEXT,
    "application/pdf": ("DOCUMENT",),
    "font/woff": ("FONT",),
    "font/woff2": ("FONT",),
    "font/ttf": ("FONT",),
    "font/otf": ("FONT",),
}
"""The types of files that are taken, each with the types of assets that it may be, the usual one first."""

_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/heif": "image/heic",
    "video/x-m4v": "video/mp4",
    "audio/mp3": "audio/mpeg",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "application/ogg": "audio/ogg",
    "application/xhtml+xml": "text/html",
    "application/x-zip-compressed": "application/zip",
    "application/javascript": "text/javascript",
    "application/x-javascript": "text/javascript",
    "text/xml": "application/xml",
    "text/x-markdown": "text/markdown",
    "application/font-woff": "font/woff",
    "application/x-font-ttf": "font/ttf",
    "application/x-font-otf": "font/otf",
    "application/vnd.ms-opentype": "font/otf",
    "font/sfnt": "font/ttf",
}

_UNKNOWN = ("", "application/octet-stream")
"""Declared by clients that do not know."""

_EXTENSIONS = {
    ".html": "text/html",
    ".htm": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".xml": "application/xml",
    ".vast": "application/xml",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".json": "application/json",
}
"""Texts cannot be told from each other by their content; their names tell them."""

_TEXTS = frozenset(_EXTENSIONS.values())

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"\x00\x01\x00\x00\x00", "font/ttf"),
    (b"OTTO", "font/otf"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
)

_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_MP4 = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"avc1", b"mp41", b"mp42", b"dash", b"MSNV", b"M4V ", b"mmp4")

_PROLOGUE = re.compile(
    r"\s*(?:<\?xml[^>]*\?>\s*|<!--.*?-->\s*|<!DOCTYPE\s[^>\[]*(?:\[[^\]]*\])?[^>]*>\s*)*", re.DOTALL | re.IGNORECASE
)
_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)")


def detect(content: bytes, filename: str, declared: str, also: tuple[str, ...] = ()) -> str:
    """The MIME type of a file; ``also`` are types that are taken besides :data:`ALLOWED`.

    Raises :class:`ValueError` if the type is not taken, or the content is not what ``declared`` says.
    """
    said = _ALIASES.get(declared.lower(), declared.lower())
    taken = (*ALLOWED, *also)
    if said not in taken and said not in _UNKNOWN:
        raise ValueError(f"{declared} is not taken; there are {', '.join(taken)}")
    if not content:
        raise ValueError("the file is empty")
    found = _binary(content) or _text(content, filename, said)
    if found not in taken:
        raise ValueError(f"its content is {found}, which is not taken")
    if said not in (*_UNKNOWN, found) and not (said in _TEXTS and found in _TEXTS):
        raise ValueError(f"it is declared as {said}, but its content is {found}")
    return found


def usual_asset_type(mime: str, content: bytes) -> str:
    """The asset type of a file of that MIME type. XML is VAST if its root element says so."""
    if mime == "application/xml" and root_element(content) != "vast":
        return "DOCUMENT"
    return ALLOWED[mime][0]


def root_element(content: bytes) -> str:
    """The name of the first element of a text in lower case; empty if it does not begin with one."""
    text = content[:4096].decode("utf-8-sig", "replace")
    start = _PROLOGUE.match(text)
    found = _ROOT.match(text, start.end() if start else 0)
    return found.group(1).lower() if found else ""


def _binary(content: bytes) -> str:
    """The type by the first bytes; empty for what looks like text."""
    for magic, mime in _MAGIC:
        if content.startswith(magic):
            return mime
    if content[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(content[8:12], "an unknown kind of RIFF")
    if content[4:8] == b"ftyp":
        return _branded(content)
    if content[:4] == b"\x1aE\xdf\xa3":
        return "video/webm" if b"webm" in content[:64] else "video/x-matroska"
    if len(content) > 1 and content[0] == 0xFF and content[1] & 0xE6 == 0xE2:
        return "audio/mpeg"
    return ""


def _branded(content: bytes) -> str:
    """The type of an ISO media file by its brands: the major one first, then the compatible ones."""
    size = int.from_bytes(content[:4], "big")
    brands = [content[8:12], *(content[at : at + 4] for at in range(16, min(size, 256), 4))]
    for brand in brands:
        if brand in _HEIF:
            return "image/heic"
        if brand == b"qt  ":
            return "video/quicktime"
        if brand in _MP4:
            return "video/mp4"
    return "an unknown kind of ISO media"


def _text(content: bytes, filename: str, said: str) -> str:
    if b"\x00" in content[:4096]:
        return "of an unknown kind"
    root = root_element(content)
    if root == "svg":
        return "image/svg+xml"
    by_name = _EXTENSIONS.get(posixpath.splitext(filename.lower())[1])
    if by_name:
        return by_name
    if said in _TEXTS:
        return said
    if root:
        return (
            "text/html" if root in ("html", "head", "body", "div", "a", "img", "script", "style") else "application/xml"
        )
    return "text/plain"
