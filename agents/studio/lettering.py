"""Letters: the typeface, how much room a text takes, and the largest size in which it fits a box."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

LEADING = 1.16
"""Distance of lines, in sizes of the letters."""

_PLAIN = {"–": "-", "—": "-", "−": "-", "\u00a0": " ", "ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "€": "EUR "}


@dataclass(slots=True, frozen=True)
class Block:
    """A text broken into lines, at a size in pixels."""

    lines: tuple[str, ...]
    size: int
    bold: float
    cut: bool = False

    @property
    def leading(self) -> int:
        """Distance of two lines in pixels."""
        return round(self.size * LEADING)

    @property
    def height(self) -> int:
        """Height of all lines in pixels."""
        return self.leading * len(self.lines)

    @property
    def width(self) -> int:
        """Width of the longest line in pixels."""
        return max((length(line, self.size, self.bold) for line in self.lines), default=0)


@lru_cache(maxsize=256)
def font(size: int) -> FreeTypeFont:
    """The typeface at a size in pixels."""
    from PIL import ImageFont

    found = ImageFont.load_default(size)
    assert isinstance(found, ImageFont.FreeTypeFont)
    return found


def stroke(size: int, bold: float) -> float:
    """How much wider the strokes of bold letters are, in pixels on each side."""
    return round(size * bold * 0.025, 2)


@lru_cache(maxsize=8192)
def length(text: str, size: int, bold: float = 0.0) -> int:
    """The width of a line in pixels."""
    return int(font(size).getlength(text) + 2 * stroke(size, bold) + 1)


def plain(text: str) -> str:
    """A text in the signs that the typeface has, as far as they can stand in for others: é becomes e."""
    text = "".join(_PLAIN.get(sign, sign) for sign in text)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(text.split())


def unknown_signs(text: str) -> str:
    """The signs that the typeface does not have, each once."""
    face = font(20)
    box = bytes(face.getmask("\uffff"))
    return "".join(c for c in dict.fromkeys(text) if not c.isspace() and bytes(face.getmask(c)) == box)


def fit(text: str, width: int, height: int, largest: int, smallest: int, bold: float = 0.0) -> Block:
    """The text as large as it fits; at the smallest size, as much of it as there is room for."""
    low, high = smallest, max(smallest, largest)
    best: Block | None = None
    while low <= high:
        size = (low + high) // 2
        block = _broken(text, width, size, bold)
        if block is not None and block.height <= height:
            best, low = block, size + 1
        else:
            high = size - 1
    return best or _cut(text, width, height, smallest, bold)


def _broken(text: str, width: int, size: int, bold: float) -> Block | None:
    """The text in as few lines as the width allows, of about the same length; None if a word is too long."""
    words = text.split()
    if any(length(word, size, bold) > width for word in words):
        return None
    lines = _wrap(words, width, size, bold)
    low, high = 1, width
    while low < high:  # the narrowest width with no more lines
        middle = (low + high) // 2
        fits = all(length(word, size, bold) <= middle for word in words)
        if fits and len(_wrap(words, middle, size, bold)) <= len(lines):
            high = middle
        else:
            low = middle + 1
    return Block(tuple(_wrap(words, high, size, bold)), size, bold)


def _wrap(words: list[str], width: int, size: int, bold: float) -> list[str]:
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and length(longer, size, bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _cut(text: str, width: int, height: int, size: int, bold: float) -> Block:
    """As much of a text as fits, with an ellipsis."""
    most = max(1, int(height // (size * LEADING)))
    lines = _wrap(text.split(), width, size, bold)
    kept = lines[:most] or [""]
    if len(lines) > most or any(length(line, size, bold) > width for line in kept):
        kept = [_shorten(line, width, size, bold) for line in kept]
        if len(lines) > most:
            kept[-1] = _shorten(kept[-1] + "…", width, size, bold)
    return Block(tuple(kept), size, bold, cut=True)


def _shorten(line: str, width: int, size: int, bold: float) -> str:
    if length(line, size, bold) <= width:
        return line
    bare = line.rstrip("…")
    while bare and length(bare.rstrip() + "…", size, bold) > width:
        bare = bare[:-1]
    return bare.rstrip() + "…"
