"""Pictures of creative sessions: nothing overlaps, everything can be read, and the same makes the same bytes."""

import io
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from agents.buyer.sessions.fidelity import intact
from agents.studio import lettering
from agents.studio.copywriting import call_to_action, headlines
from agents.studio.design import ELEMENTS, LAYOUTS, SCHEMES, Design, Placement, Rights, SourceAsset
from agents.studio.drawing import Picture, Scene, draw
from agents.studio.layout import Box
from agents.studio.palette import BLACK, WHITE, contrast, legible, make_palette
from agents.studio.pictures import cover_crop, inspect

SIZES = [(300, 250), (728, 90), (160, 600), (320, 50), (970, 250), (300, 600), (336, 280), (468, 60), (120, 600)]
COLOURS: list[dict[str, str]] = [
    {"primary": "#FF5733"},
    {},
    {"primary": "#0B6E4F", "accent": "#F4D35E"},
    {"x": "#808080"},
]


def asset(role: str, image: Image.Image, **more: Any) -> SourceAsset:
    made = SourceAsset(f"csa-{role}", "IMAGE", role, role, {"source": "upload"}, Rights(), **more)
    made.digest, made.width, made.height = "0" * 64, image.width, image.height
    return made


def cover() -> Image.Image:
    image = Image.new("RGBA", (120, 180), "#13315c")
    ImageDraw.Draw(image).ellipse((20, 40, 100, 120), fill="#e9c46a")
    return image


def scene(colors: dict[str, str] | None = None, *, locked: bool = True, brand: str = "Acme Corp") -> Scene:
    image = cover()
    book = asset("product", image, locked=locked, can_transform=not locked)
    return Scene(brand, colors if colors is not None else COLOURS[0], "professional", {"product": Picture(book, image)})


steps = st.integers(-3, 3)
designs = st.builds(
    Design,
    layout=st.sampled_from(LAYOUTS),
    scheme=st.sampled_from(SCHEMES),
    headline=st.sampled_from(["The Shift", "The Wimbledon novel of the summer", "Run"]),
    body=st.sampled_from(["", "Innovation for Everyone"]),
    cta=st.sampled_from(["Buy", "Start your free trial", "Shop now"]),
    side=st.sampled_from(["", "left", "right"]),
    sizes=st.dictionaries(st.sampled_from(ELEMENTS), steps).map(lambda sizes: tuple(sorted(sizes.items()))),
    brightness=steps,
    contrast=st.integers(0, 3),
    spacing=steps,
    decorated=st.booleans(),
    uppercase=st.booleans(),
    hidden=st.lists(st.sampled_from(ELEMENTS), max_size=2, unique=True).map(tuple),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(designs, st.sampled_from(SIZES), st.sampled_from(COLOURS))
def test_whatever_the_design_nothing_overlaps_and_everything_can_be_read(
    design: Design, size: tuple[int, int], colors: dict[str, str]
) -> None:
    made = draw(scene(colors), design, *size)
    assert Image.open(io.BytesIO(made.png)).size == size
    boxes = [run.box for run in made.texts] + [placement.box for placement in made.placements]
    for x, y, w, h in boxes:
        assert 0 <= x < x + w <= size[0]
        assert 0 <= y < y + h <= size[1]
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            x = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
            y = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
            assert x <= 0 or y <= 0, (one, other)
    for run in made.texts:
        assert run.cut or run.contrast >= 4.2, run


@settings(max_examples=25, deadline=None)
@given(designs, st.sampled_from(SIZES))
def test_a_locked_asset_is_shown_pixel_by_pixel_as_it_is(design: Design, size: tuple[int, int]) -> None:
    made = draw(scene(), design, *size)  # rule 194
    for placement in made.placements:
        assert placement.crop == (0, 0, 120, 180)
        assert intact(cover(), made.png, placement)


def test_a_single_changed_pixel_is_noticed() -> None:
    made = draw(scene(), Design("split", "light", "The Shift", "", "Buy"), 300, 250)
    placement = made.placements[0]
    image = Image.open(io.BytesIO(made.png))
    x, y, w, h = placement.box
    image.putpixel((x + w - 1, y + h - 1), (1, 2, 3))
    out = io.BytesIO()
    image.save(out, "PNG")
    assert not intact(cover(), out.getvalue(), placement)
    shifted = Placement(placement.asset_id, placement.role, (x + 1, y, w, h), placement.crop)
    assert not intact(cover(), made.png, shifted)


def test_the_same_inputs_make_the_same_bytes() -> None:
    design = Design("hero", "dark", "The Shift", "Innovation", "Buy")
    assert draw(scene(), design, 300, 250).png == draw(scene(), design, 300, 250).png


def test_a_picture_that_may_be_transformed_fills_its_panel_on_request_around_its_subject() -> None:
    image = cover()
    free = asset("product", image, subject_bounds=(20, 0, 80, 60))
    made = draw(
        Scene("Acme", {}, "", {"product": Picture(free, image)}),
        Design("split", "light", "A", "", "B", cover=True),
        300,
        250,
    )
    assert made.placements[0].crop != (0, 0, 120, 180)
    x, y, w, h = cover_crop(free, Box(0, 0, 100, 60))
    assert (x, w) == (0, 120)
    assert y == 0
    assert abs(w / h - 100 / 60) < 0.02


def test_a_cropped_source_is_shown_by_its_crop_only() -> None:
    image = cover()
    cropped = asset("product", image, locked=True, can_transform=False, render_crop=(20, 40, 80, 80))
    made = draw(
        Scene("Acme", {}, "", {"product": Picture(cropped, image)}), Design("split", "light", "A", "", "B"), 300, 250
    )
    assert made.placements[0].crop == (20, 40, 80, 80)
    assert intact(image, made.png, made.placements[0])


def test_texts_that_find_no_room_are_said_to_be_cut() -> None:
    made = draw(scene(), Design("split", "light", "A headline of very many words " * 8, "", "Buy"), 320, 50)
    headline = next(run for run in made.texts if run.role == "headline")
    assert headline.cut
    assert headline.text.endswith("…")


def test_signs_that_the_typeface_lacks_are_replaced_or_reported() -> None:
    assert lettering.plain("Café – naïve") == "Cafe - naive"
    assert lettering.unknown_signs("The 夏 Shift") == "夏"
    made = draw(scene(), Design("split", "light", "夏", "", "Buy"), 300, 250)
    assert next(run for run in made.texts if run.role == "headline").missing == "夏"


@given(st.text("abcdefgh ", min_size=1, max_size=80), st.integers(60, 400), st.integers(20, 300))
def test_a_fitted_text_is_no_larger_than_its_room(text: str, width: int, height: int) -> None:
    block = lettering.fit(text, width, height, 40, 9)
    if not block.cut:
        assert block.width <= width
        assert block.height <= height
        assert " ".join(block.lines).split() == text.split()


rgb = st.tuples(*[st.integers(0, 255)] * 3)


@given(rgb)
def test_on_every_plain_colour_a_legible_ink_is_found(colour: tuple[int, int, int]) -> None:
    assert contrast(legible((128, 128, 128), [colour]), colour) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(WHITE, BLACK) == pytest.approx(21)
    assert contrast((255, 87, 51), WHITE) == pytest.approx(3.15, abs=0.02)


def test_schemes_use_the_brands_colours() -> None:
    colors = {"primary": "#0B6E4F", "accent": "#F4D35E"}
    brand = make_palette("Globex", colors, Design("split", "brand", "", "", ""))
    assert brand.page == (11, 110, 79)
    assert brand.button == (244, 211, 94)
    light = make_palette("Globex", colors, Design("split", "light", "", "", ""))
    assert light.button == (11, 110, 79)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="picture"):
        inspect(content)


@pytest.mark.parametrize(
    ("idea", "first"),
    [
        ("Create a banner for the Wimbledon novel of the year, aimed at tennis fans", "Wimbledon novel of the year"),
        ("Spring sale of running shoes for city runners", "Spring sale of running shoes"),
        ('A square image: "Run the city"', "Run the city"),
        ("Promote our new coffee machine", "New coffee machine"),
    ],
)
def test_headlines_are_taken_from_the_idea(idea: str, first: str) -> None:
    found = headlines(idea, "Acme", "Innovation for Everyone")
    assert found[0] == first
    assert "Innovation for Everyone" in found


@pytest.mark.parametrize(
    ("idea", "goal", "call"),
    [
        ("A novel for summer", "", "Buy the book"),
        ("A novel for summer", "newsletter registration", "Sign up"),
        ("Something", "", "Learn more"),
    ],
)
def test_the_call_to_action_follows_the_goal_and_then_the_idea(idea: str, goal: str, call: str) -> None:
    assert call_to_action(idea, goal) == call
