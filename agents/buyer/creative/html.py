"""HTML of creatives: local references, macros and trackers (rules 182 and 183).

Pages are read as browsers read them (the WHATWG algorithm) and written again; their scripts are never run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agents.buyer.creative.css import Resolve, rewrite_css

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_PAGE_BYTES = 256 * 1024
"""Size of one HTML or CSS text at most."""

_MAX_TAGS = 20_000
_MAX_REOPENED = 4_000_000
"""Formatting elements times tags: an unclosed ``<b>`` is opened again in each block that follows."""

_TAG = re.compile(r"</?[a-zA-Z]")
_FORMATTING = re.compile(r"<(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/>]", re.IGNORECASE)
_WHOLE = re.compile(r"<(?:!doctype|html|head|body|frameset)\b", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_FOREIGN_MACRO = re.compile(
    r"%%(CLICK_URL|CACHEBUSTER)(?:_UNESC|_ESC)?%%|\$\{(CLICK_URL|CACHEBUSTER)\}|\[(CACHEBUSTER|TIMESTAMP)\]",
    re.IGNORECASE,
)
_MACRO = re.compile(r"\{[A-Z][A-Z_]+\}")
_CLICK_TAG = re.compile(r"""(\bclick_?tag\d*\s*=\s*)(["'])(https?://[^"'\s<>]+)\2""", re.IGNORECASE)
_AD_SIZE = re.compile(r"width=(\d{1,5}),\s*height=(\d{1,5})", re.IGNORECASE)
_PUBLISHER_CLICK = "{CLICK_URL}"

_PLAIN = ("src", "poster", "background", "data")
_SETS = ("srcset", "imagesrcset")
_LINKS = ("href", "xlink:href")


@dataclass(slots=True, frozen=True)
class Trackers:
    """What is built into a page: pixels, scripts, and ``wrap``, which makes a click tracker of a landing page."""

    wrap: Callable[[str], str]
    landing: str | None = None
    pixels: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()


@dataclass(slots=True)
class Page:
    """A page as it is served: its text, the macros that came into it, and the size that it says it has."""

    text: str
    macros: list[str] = field(default_factory=list)
    width: int | None = None
    height: int | None = None


def decode(content: bytes) -> str:
    """The text of a page: by its byte order mark, its ``meta`` element, or as UTF-8."""
    import webencodings

    said = _CHARSET.search(content[:1024])
    known = webencodings.lookup(said[1].decode("ascii")) if said else None
    text: str = webencodings.decode(content, known or "utf-8")[0]
    return text


def rewrite_page(text: str, resolve: Resolve, trackers: Trackers | None = None) -> Page:
    """A page whose local references are replaced, with trackers and macros if any are given.

    A text without a document around it stays such a piece. Raises :class:`ValueError` for a text too large or too
    tangled.
    """
    from selectolax.lexbor import LexborHTMLParser

    _check(text)
    came = set(_MACRO.findall(text))
    if trackers is not None:
        text = _FOREIGN_MACRO.sub(lambda m: "{%s}" % (m[1] or m[2] or m[3]).upper(), text)  # noqa: UP031
    tree = LexborHTMLParser(text)
    page = Page("", [], *_ad_size(tree))
    for node in _elements(tree):
        _rewrite_element(node, resolve)
        if trackers is not None:
            _track_clicks(node, trackers)
    if trackers is not None and tree.body is not None:
        _build_in(tree, trackers)
    if _WHOLE.search(text):
        page.text = tree.html or ""
    else:
        page.text = "".join(part.inner_html or "" for part in (tree.head, tree.body) if part is not None)
    page.macros = [macro for macro in dict.fromkeys(_MACRO.findall(page.text)) if macro not in came]
    return page


def _check(text: str) -> None:
    if len(text.encode("utf-8", "replace")) > MAX_PAGE_BYTES:
        raise ValueError(f"HTML may have {MAX_PAGE_BYTES // 1024} KB")
    tags = len(_TAG.findall(text))
    if tags > _MAX_TAGS or tags * len(_FORMATTING.findall(text)) > _MAX_REOPENED:
        raise ValueError(f"HTML may have {_MAX_TAGS} tags, and fewer if many are formatting")


def _ad_size(tree: LexborHTMLParser) -> tuple[int | None, int | None]:
    """What ``<meta name="ad.size" content="width=300,height=250">`` of an HTML5 banner says."""
    meta = tree.css_first('meta[name="ad.size"]')
    found = _AD_SIZE.search(meta.attributes.get("content") or "") if meta is not None else None
    return (int(found[1]) or None, int(found[2]) or None) if found else (None, None)


def _elements(tree: LexborHTMLParser) -> Iterator[LexborNode]:
    """All elements, those in templates included."""
    tops = [tree.root, *tree.template_fragments()]
    for top in tops:
        if top is not None:
            yield from (node for node in top.traverse() if node.is_element_node)


def _rewrite_element(node: LexborNode, resolve: Resolve) -> None:
    attributes = node.attributes
    for name, value in attributes.items():
        if not value:
            continue
        if name in _SETS:
            new: str | None = _rewrite_set(value, resolve)
        elif name == "style":
            new = rewrite_css(value, resolve)
        elif name in _PLAIN and (name != "data" or node.tag == "object"):
            new = resolve(value)
        else:
            new = resolve(value) if name in _LINKS and node.tag != "base" else None
        if new is not None and new != value:
            node.attrs[name] = new
    if node.tag == "style":
        text = node.text() or ""
        new_text = rewrite_css(text, resolve)
        if new_text != text:
            node.inner_html = new_text
    elif node.tag == "meta" and "charset" in attributes:
        node.attrs["charset"] = "utf-8"
    elif node.tag == "meta" and (attributes.get("http-equiv") or "").lower() == "content-type":
        node.attrs["content"] = "text/html; charset=utf-8"


def _rewrite_set(value: str, resolve: Resolve) -> str:
    """The candidates of a ``srcset``: an address, then perhaps descriptors up to a comma."""
    parts: list[str] = []
    address = True
    for word in re.split(r"(\s+)", value):
        before, comma, rest = ("", "", word) if address else word.partition(",")
        parts.append(before + comma)
        bare = rest.strip(",") if address or comma else ""
        parts.append(rest.replace(bare, resolve(bare) or bare, 1) if bare.strip() else rest)
        if word.strip():
            address = word.endswith(",")
    return "".join(parts)


def _track_clicks(node: LexborNode, trackers: Trackers) -> None:
    """Lead the links of a page, and the ``clickTag`` of a banner, through the click tracker."""
    if node.tag in ("a", "area"):
        href = node.attributes.get("href") or ""
        target = href.removeprefix(_PUBLISHER_CLICK) or trackers.landing
        if href and target and target.startswith(("http://", "https://")):
            node.attrs["href"] = _PUBLISHER_CLICK + trackers.wrap(target)
    elif node.tag == "script" and not node.attributes.get("src"):
        text = node.text() or ""
        new = _CLICK_TAG.sub(lambda m: m[1] + m[2] + _PUBLISHER_CLICK + trackers.wrap(m[3]) + m[2], text)
        if new != text:
            node.inner_html = new


def _build_in(tree: LexborHTMLParser, trackers: Trackers) -> None:
    """Put the pixels and tracker scripts at the end of the page."""
    body = tree.body
    assert body is not None
    for url in trackers.pixels:
        pixel = tree.create_node("img")
        for name, value in {"src": url, "width": "1", "height": "1", "alt": "", "style": "display:none"}.items():
            pixel.attrs[name] = value
        body.insert_child(pixel)
    for url in trackers.scripts:
        script = tree.create_node("script")
        script.attrs["src"] = url
        script.attrs["async"] = ""
        body.insert_child(script)
