"""Refinement in plain words: what is understood, what is refused, and that both are said (rules 191 and 194)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.studio.design import Design, Rights, SourceAsset
from agents.studio.refine import MOST_STEPS, refine
from agents.studio.vocabulary import EXAMPLES

BASE = Design("split", "light", "The Wimbledon novel of the summer", "Innovation for Everyone", "Buy now")


def book(*, locked: bool = False) -> list[SourceAsset]:
    made = SourceAsset("csa", "IMAGE", "product", "Wimbledon hero", {"source": "upload"}, Rights())
    made.digest, made.width, made.height, made.filename = "0" * 64, 100, 150, "anjali-novel.png"
    made.locked, made.can_transform = locked, not locked
    return [made]


@pytest.mark.parametrize(
    ("feedback", "wanted"),
    [
        ("make the logo bigger", {"sizes": (("logo", 1),)}),
        ("Make the logo MUCH smaller!", {"sizes": (("logo", -2),)}),
        ("make the book more prominent", {"sizes": (("product", 1),)}),
        ("zoom in on the novel", {"sizes": (("product", 1),)}),
        ("make the logo and the button bigger", {"sizes": (("cta", 1), ("logo", 1))}),
        ("make the logo bigger and the button", {"sizes": (("cta", 1), ("logo", 1))}),
        ("the headline should be bigger but the tagline smaller", {"sizes": (("body", -1), ("headline", 1))}),
        ("larger text please", {"sizes": (("body", 1), ("headline", 1))}),
        ("darker", {"brightness": -1}),
        ("can it be lighter?", {"brightness": 1}),
        ("more contrast", {"contrast": 1}),
        ("a softer look", {"contrast": -1}),
        ("use a dark background", {"scheme": "dark"}),
        ("use our brand colours", {"scheme": "brand"}),
        ("make the background dark blue", {"colours": (("background", "darkblue"),)}),
        ("a white button", {"colours": (("button", "white"),)}),
        ("#102030 text", {"colours": (("text", "#102030"),)}),
        ('change the headline to "Read it in July"', {"headline": "Read it in July"}),
        ("button: 'Order today'", {"cta": "Order today"}),
        ("tagline “Now in paperback, at last. Really!”", {"body": "Now in paperback, at last. Really!"}),
        ("shorter text", {"headline": "The Wimbledon novel", "hidden": ("body",)}),
        ("shorten the headline", {"headline": "The Wimbledon novel"}),
        ("less busy", {"decorated": False, "hidden": ("body",)}),
        ("more white space", {"spacing": 1}),
        ("a different layout", {"layout": "hero"}),
        ("message first", {"layout": "type"}),
        ("put the product on the left", {"side": "left"}),
        ("remove the tagline", {"hidden": ("body",)}),
        ("no shapes", {"decorated": False}),
        ("all caps", {"uppercase": True}),
        ("let the product fill its panel", {"cover": True}),
        ("keep the book as it is, make the logo bigger", {"sizes": (("logo", 1),)}),
    ],
)
def test_a_request_changes_what_it_says_and_nothing_else(feedback: str, wanted: dict[str, object]) -> None:
    done = refine(BASE, feedback, book())
    assert done.design == replace(BASE, **wanted)  # type: ignore[arg-type]
    assert done.applied
    assert not done.not_applied


@pytest.mark.parametrize(
    ("feedback", "reason"),
    [
        ("give it soul", "does not understand"),
        ("add a dog", "draws nothing new"),
        ("remove the unicorn", "no such element"),
        ("make the text longer", "writes no text"),
        ("rotate the book", "does not retouch"),
        ("no caps", "so already"),
        ("make it bigger", "does not name an element"),
        ("move the headline to the left", "only the product"),
        ("another colour", "names no colour"),
        ("make the logo", "does not say what to do"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_reason(feedback: str, reason: str) -> None:
    done = refine(BASE, feedback, book())
    assert done.design == BASE
    assert not done.applied
    assert reason in done.not_applied[0]["reason"]


@pytest.mark.parametrize("feedback", ["crop the book", "tint the cover", "darken the picture", "blur the novel"])
def test_a_locked_asset_is_not_touched(feedback: str) -> None:
    done = refine(BASE, feedback, book(locked=True))  # rule 194
    assert done.design == BASE
    assert "locked" in done.not_applied[0]["reason"]


def test_parts_that_can_be_done_are_done_and_the_others_are_named() -> None:
    done = refine(BASE, "Make the logo bigger, add fireworks and use brand colours", book())
    assert done.applied == ["logo bigger", "brand colours"]
    assert [row["request"] for row in done.not_applied] == ["add fireworks"]


def test_not_everything_can_be_removed() -> None:
    done = refine(BASE, "remove the headline, remove the logo, remove the product, remove the button", book())
    assert len(done.applied) == 3
    assert done.not_applied == [{"request": "remove the button", "reason": "nothing would be left"}]


def test_sizes_end_somewhere_and_that_is_said() -> None:
    design = BASE
    for _ in range(MOST_STEPS):
        design = refine(design, "bigger logo", book()).design
    assert design.size("logo") == MOST_STEPS
    assert "so already" in refine(design, "bigger logo", book()).not_applied[0]["reason"]


def test_every_example_that_users_are_shown_is_understood() -> None:
    start = replace(BASE, hidden=("body",), decorated=True, uppercase=False)
    for line in EXAMPLES:
        for example in line.partition("(")[0].replace("…", "New words").split(" | "):
            done = refine(start, example, book())
            reasons = [row["reason"] for row in done.not_applied]
            assert done.applied or all("so already" in reason for reason in reasons), (example, reasons)


@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    done = refine(BASE, text, book())
    assert done.design != BASE or not done.applied or all(what.startswith("kept") for what in done.applied)
