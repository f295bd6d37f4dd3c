"""How large a picture is and how long a film, read from the file; refuses files that would harm (rule 182)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

Measures = dict[str, int]
"""Any of ``width`` and ``height`` in pixels, and ``duration_ms``."""

_LENGTH = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(?:px)?\s*$")


def measure(content: bytes, mime: str) -> Measures:
    """What the file says of itself; what cannot be read is left out.

    Raises :class:`ValueError` for a damaged picture, one that unpacks to more than a sane number of pixels, and an
    SVG with active content.
    """
    if mime == "image/svg+xml":
        return _svg(content)
    if mime == "image/heic":
        return _heic(content)
    if mime.startswith("image/"):
        return _picture(content)
    if mime in ("video/mp4", "video/quicktime"):
        return _film(content)
    if mime == "audio/wav":
        return _wave(content)
    return {}


def _picture(content: bytes) -> Measures:
    import warnings

    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "GIF", "WEBP")) as image:
                width, height = image.size
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise ValueError(f"the picture has more than {Image.MAX_IMAGE_PIXELS} pixels") from None
        except (OSError, SyntaxError, ValueError, EOFError):
            raise ValueError("the picture is damaged") from None
    return {"width": width, "height": height}


def _heic(content: bytes) -> Measures:
    """The largest picture of the file, by its ``ispe`` boxes."""
    sizes = []
    for found in re.finditer(b"ispe", content[: 1 << 20]):
        at = found.end() + 4
        sizes.append((int.from_bytes(content[at : at + 4], "big"), int.from_bytes(content[at + 4 : at + 8], "big")))
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    return {"width": width, "height": height} if width and height else {}


def _svg(content: bytes) -> Measures:
    from xml.etree import ElementTree as ET

    if b"<!ENTITY" in content:
        raise ValueError("an SVG with entities is not taken")
    try:
        root = ET.fromstring(content)  # noqa: S314  # no entities, and at most MAX_TEXT_BYTES
    except ET.ParseError as error:
        raise ValueError(f"the SVG is not well-formed: {error}") from None
    for element in root.iter():
        _refuse_active(element)
    width, height = (_LENGTH.match(root.get(side, "")) for side in ("width", "height"))
    if width and height:
        return {"width": max(1, round(float(width[1]))), "height": max(1, round(float(height[1])))}
    box = [float(part) for part in re.findall(r"-?\d+(?:\.\d+)?", root.get("viewBox", ""))[:4]]
    if len(box) == 4 and min(box[2:]) >= 1:
        return {"width": round(box[2]), "height": round(box[3])}
    return {}


def _refuse_active(element: Any) -> None:
    name = str(element.tag).rpartition("}")[2].lower()
    if name in ("script", "foreignobject", "handler"):
        raise ValueError(f"an SVG with a {name} element is not taken")
    for attribute, value in element.attrib.items():
        plain = attribute.rpartition("}")[2].lower()
        if plain.startswith("on"):
            raise ValueError(f"an SVG with the event handler {plain} is not taken")
        if plain == "href" and value.strip().lower().startswith("javascript:"):
            raise ValueError("an SVG with a javascript: link is not taken")


def _film(content: bytes) -> Measures:
    """Length by the movie header, size by the first track that has one."""
    found: Measures = {}
    movie = next((inner for kind, inner in _boxes(content) if kind == b"moov"), b"")
    for kind, inner in _boxes(movie):
        if kind == b"mvhd" and len(inner) >= 32:
            long = inner[0] == 1
            scale = int.from_bytes(inner[20:24] if long else inner[12:16], "big")
            length = int.from_bytes(inner[24:32] if long else inner[16:20], "big")
            if scale and length:
                found["duration_ms"] = round(length * 1000 / scale)
        elif kind == b"trak" and "width" not in found:
            header = next((part for name, part in _boxes(inner) if name == b"tkhd"), b"")
            width, height = (int.from_bytes(header[at:][:4], "big") >> 16 for at in (len(header) - 8, len(header) - 4))
            if header and width and height:
                found |= {"width": width, "height": height}
    return found


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes of an ISO media file: kind and content; ends at the first that is damaged."""
    at = 0
    while at + 8 <= len(content):
        size, head = int.from_bytes(content[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(content[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(content) - at
        if size < head or at + size > len(content):
            return
        yield content[at + 4 : at + 8], content[at + head : at + size]
        at += size


def _wave(content: bytes) -> Measures:
    at, rate, length = 12, 0, 0
    while at + 8 <= len(content):
        kind, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        if kind == b"fmt ":
            rate = int.from_bytes(content[at + 16 : at + 20], "little")
        elif kind == b"data":
            length = min(size, len(content) - at - 8)
        at += 8 + size + size % 2
    return {"duration_ms": max(1, round(length * 1000 / rate))} if rate and length else {}
