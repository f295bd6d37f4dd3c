"""Refinement: feedback in plain words changes a design (rule 191), and what cannot be done is said.

A request is cut into clauses; each is tried against the rows of :data:`RULES` in order. A clause that only names
elements belongs to the next one ("make the logo and the button bigger").
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from agents.studio.copywriting import shortened
from agents.studio.design import LAYOUTS, Design, SourceAsset
from agents.studio.palette import parse_colour
from agents.studio.vocabulary import DECORATION, elements_in, pattern

MOST_STEPS = 3
"""Steps of size, brightness, contrast and spacing in either direction."""

_QUOTE = re.compile(r"[\"“«]([^\"“”«»]+)[\"”»]|(?<![\w])['‘]([^'‘’]+)['’](?!\w)")
_CLAUSES = re.compile(r"[.;,!?\n]+|\b(?:and then|and also|and|but|then|also|plus)\b", re.IGNORECASE)
_NO_COLOURS = ("tan", "snow", "linen", "bisque", "peru", "chocolate", "salmon", "tomato", "orchid")
"""Names of colours that are more often names of things."""

_NAMES = {"cta": "button", "body": "body text"}


@dataclass(slots=True)
class Refined:
    """What became of a request: the new design, what was done, and what was not, with reasons."""

    design: Design
    applied: list[str] = field(default_factory=list)
    not_applied: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Clause:
    """A part of a request. ``text`` is in lower case, quotations are marks in it."""

    said: str
    text: str
    quotes: list[str]
    elements: list[str]
    assets: list[SourceAsset]


class _Refused(Exception):
    """A clause that is understood and cannot be done."""


@dataclass(slots=True, frozen=True)
class _Ask:
    """A clause, the design that it is to change, and what of it was recognised."""

    design: Design
    clause: _Clause
    match: re.Match[str]


Rule = Callable[[_Ask], tuple[Design, str]]
Row = tuple[re.Pattern[str], Rule]


def refine(design: Design, feedback: str, assets: list[SourceAsset]) -> Refined:
    """Change a design as the feedback says, as far as the adapter can."""
    found = Refined(design)
    waiting: list[_Clause] = []
    done: tuple[Row, str] | None = None
    for clause in _clauses(feedback, assets):
        row = next((row for row in rules() if row[0].search(clause.text)), None)
        if row is None and clause.elements and done is not None and not _VERB.match(clause.text):
            row, clause.text = done[0], f"{clause.text} {done[1]}"  # "make the logo bigger and the button"
        if row is None and clause.elements:
            waiting.append(clause)
            continue
        if row is None:
            _refuse(found, clause, "this adapter does not understand it")
            continue
        for early in reversed(waiting):
            clause.elements = [*early.elements, *(e for e in clause.elements if e not in early.elements)]
            clause.said = f"{early.said} and {clause.said}"
        waiting = []
        match = row[0].search(clause.text)
        assert match is not None
        _apply(found, clause, row[1], match)
        done = row, match[0]
    for clause in waiting:
        _refuse(found, clause, "it does not say what to do")
    return found


def _clauses(feedback: str, assets: list[SourceAsset]) -> list[_Clause]:
    quotes: list[str] = []

    def keep(match: re.Match[str]) -> str:
        quotes.append((match[1] or match[2]).strip())
        return f"⟦{len(quotes) - 1}⟧"

    marked = re.sub(r"([\d])\.(\d)", r"\1 \2", _QUOTE.sub(keep, feedback))
    found: list[_Clause] = []
    for part in (part.strip() for part in _CLAUSES.split(marked)):
        if not part or part.lower() in ("please", "thanks", "thank you"):
            continue
        mine = [quotes[int(number)] for number in re.findall(r"⟦(\d+)⟧", part)]
        said = re.sub(r"⟦(\d+)⟧", lambda m: f"“{quotes[int(m[1])]}”", part)
        colour = _colour_in(part.lower())
        text = part.lower() + (f" ⟪{colour}⟫" if colour else "")
        found.append(_Clause(said, text, mine, elements_in(text, assets), assets))
    return found


def _colour_in(text: str) -> str | None:
    """The first colour that a text names, by a name of CSS ("dark blue" is one) or by a code."""
    words = re.findall(r"#[0-9a-f]{3,6}\b|[a-z]+", text)
    pairs = [one + other for one, other in itertools.pairwise(words) if one in ("dark", "light", "medium", "deep")]
    return next((w for w in (*pairs, *words) if w not in _NO_COLOURS and parse_colour(w) is not None), None)


def _apply(found: Refined, clause: _Clause, rule: Rule, match: re.Match[str]) -> None:
    try:
        changed, what = rule(_Ask(found.design, clause, match))
    except _Refused as why:
        _refuse(found, clause, str(why))
        return
    if changed == found.design and not what.startswith("kept"):
        _refuse(found, clause, f"it is so already: {what}")
        return
    found.design = changed
    found.applied.append(what)


def _refuse(found: Refined, clause: _Clause, why: str) -> None:
    found.not_applied.append({"request": clause.said, "reason": why})


# -- what can be done ------------------------------------------------------------------------------------


def _words(ask: _Ask) -> tuple[Design, str]:
    """A new text for the headline, the body or the button."""
    text = ask.clause.quotes[0]
    wanted = [e for e in ask.clause.elements if e in ("headline", "body", "cta")] or ["headline"]
    element = wanted[0]
    changes: dict[str, Any] = {element: text, "hidden": tuple(h for h in ask.design.hidden if h != element)}
    changed = replace(ask.design, **changes)
    return changed, f"{_name(element)}: “{text}”"


def _locked(ask: _Ask) -> tuple[Design, str]:
    """Retouching, which a locked asset forbids and this adapter cannot do to any (rule 194)."""
    roles = [e for e in ask.clause.elements if e in ("product", "logo")] or ["product"]
    asset = next((a for a in ask.clause.assets if a.role in roles), None)
    if asset is not None and (asset.locked or not asset.can_transform):
        raise _Refused(f"{asset.label} is locked and must stay intact")
    raise _Refused("this adapter places pictures as they are: it scales and crops, but does not retouch them")


def _cover(ask: _Ask) -> tuple[Design, str]:
    """The product fills its panel, if it may be cropped."""
    asset = next((a for a in ask.clause.assets if a.role == "product" and a.drawable), None)
    if asset is None:
        raise _Refused("there is no product picture")
    if asset.locked or not asset.can_transform:
        raise _Refused(f"{asset.label} is locked and must stay intact: it is not cropped")
    return replace(ask.design, cover=True), "the product fills its panel"


def _whole(ask: _Ask) -> tuple[Design, str]:
    return replace(ask.design, cover=False), "the whole product is shown"


def _resize(ask: _Ask) -> tuple[Design, str]:
    """Elements in other sizes, by one step or, if it is to be much, by two."""
    if not ask.clause.elements:
        raise _Refused("it does not name an element; there are logo, product, headline, body and button")
    more = ask.match.lastgroup == "more"
    step = (2 if re.search(r"\b(much|far|way|a lot|significantly)\b", ask.clause.text) else 1) * (1 if more else -1)
    sizes = dict(ask.design.sizes)
    for element in ask.clause.elements:
        sizes[element] = max(-MOST_STEPS, min(MOST_STEPS, sizes.get(element, 0) + step))
    kept = tuple(sorted((e, s) for e, s in sizes.items() if s))
    names = ", ".join(_name(e) for e in ask.clause.elements)
    return replace(ask.design, sizes=kept), f"{names} {'bigger' if more else 'smaller'}"


def _tone(ask: _Ask) -> tuple[Design, str]:
    """The whole picture darker or lighter."""
    if set(ask.clause.elements) & {"product", "logo"}:
        return _locked(ask)
    step = 1 if ask.match.lastgroup == "more" else -1
    changed = max(-MOST_STEPS, min(MOST_STEPS, ask.design.brightness + step))
    return replace(ask.design, brightness=changed), "lighter" if step > 0 else "darker"


def _contrast(ask: _Ask) -> tuple[Design, str]:
    step = 1 if ask.match.lastgroup == "more" else -1
    changed = max(-2, min(MOST_STEPS, ask.design.contrast + step))
    return replace(ask.design, contrast=changed), "more contrast" if step > 0 else "softer contrast"


def _scheme(ask: _Ask) -> tuple[Design, str]:
    scheme = str(ask.match.lastgroup)
    changed = replace(ask.design, scheme=scheme, colours=(), brightness=0)
    return changed, {"brand": "brand colours", "dark": "a dark look", "light": "a light look"}[scheme]


def _colour(ask: _Ask) -> tuple[Design, str]:
    """A colour by name or code for the background, the button or the texts."""
    named = ask.match.groupdict().get("colour")
    if named is None:
        raise _Refused("it names no colour; give one of the CSS names or a code such as #102030")
    if set(ask.clause.elements) & {"product", "logo"}:
        return _locked(ask)
    where = "button" if "cta" in ask.clause.elements else "text" if ask.clause.elements else "background"
    colours = {**dict(ask.design.colours), where: named}
    return replace(ask.design, colours=tuple(sorted(colours.items()))), f"{where} in {named}"


def _shorter(ask: _Ask) -> tuple[Design, str]:
    """Fewer words: of the element that is named, or a short headline and no body."""
    design, elements = ask.design, ask.clause.elements
    if elements == ["body"]:
        line = shortened(design.body, 5)
        return replace(design, body=line), f"body text: “{line}”"
    title = shortened(design.headline, max(2, min(4, len(design.headline.split()) - 1)))
    hidden = design.hidden if elements == ["headline"] else tuple(dict.fromkeys((*design.hidden, "body")))
    return replace(design, headline=title, hidden=hidden), f"shorter text: “{title}”"


def _longer(_ask: _Ask) -> tuple[Design, str]:
    raise _Refused("this adapter writes no text of its own: give the words in quotation marks")


def _layout(ask: _Ask) -> tuple[Design, str]:
    following = LAYOUTS[(LAYOUTS.index(ask.design.layout) + 1) % len(LAYOUTS)]
    return replace(ask.design, layout=following), f"layout {following}"


def _named_layout(ask: _Ask) -> tuple[Design, str]:
    return replace(ask.design, layout=str(ask.match.lastgroup)), f"layout {ask.match.lastgroup}"


def _side(ask: _Ask) -> tuple[Design, str]:
    """The product on a side of the text; layouts of one column have it above or below."""
    if "product" not in ask.clause.elements:
        raise _Refused("only the product can be moved to a side; try a different layout")
    side, layout = str(ask.match.lastgroup), ask.design.layout
    changed = replace(ask.design, layout="split" if layout == "hero" else layout, side=side)
    return changed, f"the product on the {side}"


def _swap(ask: _Ask) -> tuple[Design, str]:
    return replace(ask.design, side="right" if ask.design.side == "left" else "left"), "sides exchanged"


def _calm(ask: _Ask) -> tuple[Design, str]:
    hidden = tuple(dict.fromkeys((*ask.design.hidden, "body")))
    return replace(ask.design, decorated=False, hidden=hidden), "less busy: no shapes, no body text"


def _space(ask: _Ask) -> tuple[Design, str]:
    step = 1 if ask.match.lastgroup == "more" else -1
    changed = max(-MOST_STEPS, min(MOST_STEPS, ask.design.spacing + step))
    return replace(ask.design, spacing=changed), "more space" if step > 0 else "less space"


def _remove(ask: _Ask) -> tuple[Design, str]:
    if re.search(pattern(DECORATION), ask.clause.text):
        return replace(ask.design, decorated=False), "shapes removed"
    if not ask.clause.elements:
        raise _Refused("no such element; there are logo, product, headline, body, button and shapes")
    hidden = tuple(dict.fromkeys((*ask.design.hidden, *ask.clause.elements)))
    if {"headline", "cta", "logo", "product"} <= set(hidden):
        raise _Refused("nothing would be left")
    return replace(ask.design, hidden=hidden), f"{', '.join(_name(e) for e in ask.clause.elements)} removed"


def _show(ask: _Ask) -> tuple[Design, str]:
    if re.search(pattern(DECORATION), ask.clause.text):
        return replace(ask.design, decorated=True), "shapes shown"
    if not ask.clause.elements:
        raise _Refused("this adapter draws nothing new: add a source asset in a new session")
    hidden = tuple(h for h in ask.design.hidden if h not in ask.clause.elements)
    return replace(ask.design, hidden=hidden), f"{', '.join(_name(e) for e in ask.clause.elements)} shown"


def _caps(ask: _Ask) -> tuple[Design, str]:
    on = ask.match.lastgroup == "on"
    return replace(ask.design, uppercase=on), "headline in capitals" if on else "headline in ordinary letters"


def _keep(ask: _Ask) -> tuple[Design, str]:
    return ask.design, f"kept: {', '.join(_name(e) for e in ask.clause.elements) or 'the rest'}"


def _name(element: str) -> str:
    return _NAMES.get(element, element)


_VERB = re.compile(r"(make|let|have|turn|set|change|move|put|give|use|try)\b")

RULES: tuple[tuple[str, Rule], ...] = (
    (r"^(keep|leave|don't change|do not change|don't touch|do not touch)\b", _keep),
    (r"\b(bring back|restore|un-?hide)\b", _show),
    (r"⟦\d+⟧", _words),
    (r"\b(rotate|tilt|tint|recolou?r|retouch|blur|sharpen|stretch|distort|photoshop|cut out|erase)\b", _locked),
    (r"\b(show|see|fit) (all of |the )*(whole|full|entire)\b|\b(uncropped|don't crop|do not crop)\b", _whole),
    (r"\b(crop|full[- ]bleed|fills?|edge[- ]to[- ]edge)\b", _cover),
    ((r"\b(?P<more>more (white ?space|space|room|air|breathing)|airier|roomier|less cramped)\b"
     r"|\b(?P<less>less (white ?space|space|room)|tighter)\b"), _space),
    (r"\b(less busy|simpler|simplify|cleaner|clean up|minimal|minimalist|declutter|less cluttered|calmer)\b", _calm),
    (r"\b(shorter|shorten|less (text|copy)|fewer words|cut the (text|copy)|more concise|concise)\b", _shorter),
    (r"\b(longer|more (text|copy|detail)|rewrite|rephrase|reword|translate)\b", _longer),
    ((r"\b(?P<off>no (all )?caps|sentence case|title case|lower ?case|not all caps)\b"
     r"|\b(?P<on>all caps|upper ?case|capital letters|capitals)\b"), _caps),
    ((r"\b(?P<more>(more|higher|stronger|increase the|better) contrast|more readable|more legible|easier to read)\b"
     r"|\b(?P<less>(less|lower|softer|reduce the) contrast|softer|gentler)\b"), _contrast),
    (r"\b(remove|delete|drop|hide|without|get rid of|lose|take (out|away|off)|no)\b", _remove),
    ((r"\b(?P<more>bigger|larger|enlarge|increase|grow|more prominent|more prominence|scale up|zoom in|stand out more"
     r"|huge|bolder)\b"
     r"|\b(?P<less>smaller|shrink|reduce|less prominent|scale down|zoom out|decrease|tiny)\b"), _resize),
    ((r"\b(?P<brand>(the |our )?brand('s)? (colou?rs?|palette)|on[- ]brand)\b"
     r"|\b(?P<dark>dark (mode|theme|look|background|version|scheme)|night)\b"
     r"|\b(?P<light>(light|bright) (mode|theme|look|background|version|scheme))\b"), _scheme),
    (r"\b(?P<more>lighter|brighter|lighten|brighten)\b|\b(?P<less>darker|darken|dimmer)\b", _tone),
    ((r"\b(?P<type>(message|text|headline|type|typograph\w+)[- ](first|led|focus\w*|forward)|typographic)\b"
     r"|\b(?P<hero>(product|image|picture|photo|visual)[- ](first|led|focus\w*|forward)|hero layout)\b"
     r"|\b(?P<split>split|side by side|beside)\b"), _named_layout),
    (r"\b(different|other|another|new|change the) (layout|arrangement|composition)\b|\brearrange\b", _layout),
    (r"\b(on|to|at) the (?P<left>left)\b|\b(on|to|at) the (?P<right>right)\b", _side),
    (r"\b(swap|switch|flip|mirror|exchange)\b", _swap),
    (r"⟪(?P<colour>[^⟫]+)⟫|\bcolou?rs?\b", _colour),
    (r"\b(add|show|include)\b", _show),
)  # fmt: skip


@lru_cache(maxsize=1)
def rules() -> tuple[Row, ...]:
    """Requests that are understood, the first that fits; compiled when they are first needed."""
    return tuple((re.compile(text), rule) for text, rule in RULES)
