"""The words of refinement: names of elements, and the requests that the adapter understands."""

from __future__ import annotations

import re

from agents.studio.design import ELEMENTS, SourceAsset

WORDS: dict[str, tuple[str, ...]] = {
    "logo": ("logo", "logotype", "brand mark", "brandmark", "wordmark", "badge", "brand name"),
    "cta": ("cta", "button", "call to action", "call-to-action"),
    "headline": ("headline", "heading", "title", "header"),
    "body": ("body", "tagline", "subline", "subtitle", "subhead", "supporting text", "supporting line", "description"),
    "product": (
        "product", "book", "cover", "bottle", "pack", "package", "packshot", "shoe", "shoes", "car", "phone",
        "image", "picture", "photo", "photograph", "hero image", "visual", "subject",
    ),
}  # fmt: skip
"""Names that people give to the elements of a creative."""

TEXTS = ("text", "copy", "font", "letters", "lettering", "type", "wording", "words")
"""Names of headline and body together."""

DECORATION = ("shape", "shapes", "circle", "circles", "disc", "discs", "decoration", "decorations", "ornament")

EXAMPLES = (
    "make the logo bigger | make the logo smaller (so too product, headline, body text, button)",
    'change the headline to "…" (headline, body, button)',
    "shorter text | less text",
    "darker | lighter",
    "more contrast | softer",
    "use the brand colours | a light look | a dark look",
    "a navy background | a white button | #102030 text",
    "a different layout | product first | message first | product on the left",
    "less busy | more white space",
    "remove the tagline | bring back the tagline | remove the shapes",
    "all caps | no caps",
    "let the product fill its panel | show the whole product",
)
"""What refinement understands, in words that work."""


def pattern(words: tuple[str, ...]) -> str:
    """A regular expression that finds one of the words."""
    longest = sorted(words, key=len, reverse=True)
    return rf"\b(?:{'|'.join(re.escape(word) for word in longest)})\b"


_PATTERNS = {element: re.compile(pattern(WORDS[element])) for element in ELEMENTS}
_TEXTS = re.compile(pattern(TEXTS))


def elements_in(clause: str, assets: list[SourceAsset]) -> list[str]:
    """The elements that a clause speaks of, by their common names or by the names of the source assets."""
    text = re.sub(r"\bbody (?:text|copy)\b", "body", clause)
    found: list[str] = [element for element in ELEMENTS if _PATTERNS[element].search(text)]
    rest = _PATTERNS["body"].sub(" ", _PATTERNS["headline"].sub(" ", text))
    if _TEXTS.search(rest) and "cta" not in found and "headline" not in found and "body" not in found:
        found += ["headline", "body"]
    said = set(re.findall(r"[a-z]{3,}", text))
    for asset in assets:
        element = asset.role if asset.role in ("product", "logo") else ""
        if element and element not in found and said & _names(asset):
            found.append(element)
    return found


_COMMON = frozenset(
    "the and for with png jpg jpeg gif webp image final file front back make more less not keep intact must exactly "
    "alter change crop text background white black blue red green yellow bigger smaller large small light dark "
    "left right top bottom layout colour color colours colors brand button headline logo".split()
)


def _names(asset: SourceAsset) -> set[str]:
    """The words by which people may call a source asset."""
    return set(re.findall(r"[a-z]{3,}", f"{asset.label} {asset.filename or ''}".lower())) - _COMMON
