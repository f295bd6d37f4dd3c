"""Brand and brief: does the direction fit what the brand looks like and what was asked for?"""

from __future__ import annotations

import re

from agents.buyer.sessions.adapter import brand_of, drawn
from agents.buyer.sessions.case import Case, Findings, size
from agents.studio.palette import READABLE, brand_colours, make_palette, parse_colour

_UNREADABLE = 2.5
_LARGE = 24
"""Letters from this size on may have less contrast by WCAG, in pixels."""
_LARGE_READABLE = 3.0

_LOUD = ("professional", "calm", "elegant", "premium", "serious")
"""Tones of voice that do not shout."""

_NOISE = frozenset(
    "a an and the of for to in on at with our your their this that from about create make banner banners ad ads "
    "image images campaign creative creatives show showing using use new more people fans users audience".split()
)


def brand_brief(case: Case) -> Findings:
    """Does the direction fit the campaign brief and brand guidance?"""
    brand, design = brand_of(case.platform, case.session.campaign_id), case.variant.design
    yield from _colours(case, brand)
    named = design.shows("logo") or str(brand["name"]).lower() in f"{design.headline} {design.body}".lower()
    what = "the brand is shown" if named else "neither logo nor name of the brand is shown"
    yield case.found("brand_presence", "pass" if named else "warn", what)
    if design.shows("logo") and "logo" not in drawn(case.session):
        yield case.found("brand_logo", "warn", "no logo is among the source assets: the brand's name stands in for it")
    yield from _readable(case)
    loud = "!" in f"{design.headline}{design.body}{design.cta}" or design.uppercase
    tone = str(brand.get("tone") or "")
    if tone.lower() in _LOUD and loud:
        yield case.found("tone", "warn", f"capitals and exclamation marks do not sound {tone}")
    elif tone:
        yield case.found("tone", "pass", f"nothing speaks against the tone “{tone}”")
    wanted = _words(case.session.idea)
    said = _words(f"{design.headline} {design.body} {design.cta} {' '.join(a.label for a in case.session.assets)}")
    met = bool(wanted & said) or not wanted
    what = "the words take up the idea" if met else "no word of the idea is in the texts"
    yield case.found("brief", "pass" if met else "warn", what)


def _colours(case: Case, brand: dict[str, object]) -> Findings:
    colors = brand.get("colors") or {}
    assert isinstance(colors, dict)
    if not any(parse_colour(str(text)) for text in colors.values()):
        yield case.found("brand_colours", "warn", "the brand's manifest has no colours")
        return
    palette = make_palette(str(brand["name"]), colors, case.variant.design)
    first, second = brand_colours(str(brand["name"]), colors)
    used = [palette.page, palette.button] + ([palette.mark] if case.variant.design.shows("logo") else [])
    fits = any(sum(abs(a - b) for a, b in zip(c, own, strict=True)) < 60 for c in used for own in (first, second))
    what = "the brand's colours are used" if fits else "none of the brand's colours is used"
    yield case.found("brand_colours", "pass" if fits else "warn", what)


def _readable(case: Case) -> Findings:
    """Whether texts stand out from what is behind them; some that cannot be read stop a final."""
    for render in case.renders:
        for run in render.texts:
            enough = _LARGE_READABLE if run.size_px >= _LARGE else READABLE
            if run.contrast >= enough:
                continue
            what = f"{size(render)}: the {run.role.replace('_', ' ')} has a contrast of {run.contrast} to 1"
            status = "fail" if run.contrast < _UNREADABLE else "warn"
            yield case.found("readability", status, f"{what}; {enough:g} is right", render=render)  # type: ignore[arg-type]


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"[a-z]{3,}", text.lower()) if word not in _NOISE}
