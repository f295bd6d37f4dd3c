"""Files of creatives: their types by content, size and length, and files made to harm (rules 178, 181 and 182)."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.buyer.creative.bundle import is_safe_path
from agents.buyer.creative.measure import measure
from agents.buyer.creative.mime import ALLOWED, detect, usual_asset_type
from tests.unit.buyer.test_manifests import SVG, VAST, box, film, png, sound


@pytest.mark.parametrize(
    ("content", "name", "mime", "asset_type"),
    [
        (png(), "a", "image/png", "IMAGE"),
        (b"\xff\xd8\xff\xe0", "a", "image/jpeg", "IMAGE"),
        (b"GIF89a", "a", "image/gif", "IMAGE"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a", "image/webp", "IMAGE"),
        (SVG, "a", "image/svg+xml", "IMAGE"),
        (box(b"ftyp", b"heic\0\0\0\0mif1"), "a", "image/heic", "IMAGE"),
        (film(), "a", "video/mp4", "VIDEO"),
        (film(brand=b"qt  "), "a", "video/quicktime", "VIDEO"),
        (b"\x1aE\xdf\xa3\x01\x00B\x82\x84webm", "a", "video/webm", "VIDEO"),
        (b"ID3\x03", "a", "audio/mpeg", "AUDIO"),
        (b"\xff\xfb\x90", "a", "audio/mpeg", "AUDIO"),
        (sound(), "a", "audio/wav", "AUDIO"),
        (b"OggS", "a", "audio/ogg", "AUDIO"),
        (b"<!doctype html><p>x", "a.html", "text/html", "HTML"),
        (b"<div>x</div>", "a", "text/html", "HTML"),
        (b"PK\x03\x04", "a.zip", "application/zip", "HTML"),
        (b"a{}", "a.css", "text/css", "CSS"),
        (b"x()", "a.js", "text/javascript", "JAVASCRIPT"),
        (VAST, "a.xml", "application/xml", "VAST"),
        (b"<feed/>", "a.xml", "application/xml", "DOCUMENT"),
        (b"wOF2", "a", "font/woff2", "FONT"),
        (b"wOFF", "a", "font/woff", "FONT"),
        (b"\0\1\0\0\0\x0c", "a", "font/ttf", "FONT"),
        (b"OTTO", "a", "font/otf", "FONT"),
        (b"%PDF-1.7", "a", "application/pdf", "DOCUMENT"),
        (b"# x", "a.md", "text/markdown", "TEXT"),
        (b"x", "a", "text/plain", "TEXT"),
    ],
)
def test_types_are_read_from_the_content(content: bytes, name: str, mime: str, asset_type: str) -> None:  # 178, 182
    assert detect(content, name, "application/octet-stream") == mime
    assert usual_asset_type(mime, content) == asset_type


def test_every_type_of_the_list_is_an_asset_of_the_seed() -> None:  # rule 181
    known = {name for names in ALLOWED.values() for name in names}
    assert known | {"URL"} == {
        "IMAGE", "VIDEO", "AUDIO", "HTML", "JAVASCRIPT", "CSS", "VAST", "URL", "FONT", "LOGO", "DOCUMENT", "TEXT",
    }  # fmt: skip


def test_size_and_length_are_measured() -> None:  # rule 182
    assert measure(png(7, 9), "image/png") == {"width": 7, "height": 9}
    assert measure(film(15, 640, 360), "video/mp4") == {"duration_ms": 15_000, "width": 640, "height": 360}
    assert measure(sound(1500), "audio/wav") == {"duration_ms": 1500}
    assert measure(SVG, "image/svg+xml") == {"width": 300, "height": 250}
    assert measure(b'<svg viewBox="0 0 40 30"/>', "image/svg+xml") == {"width": 40, "height": 30}
    sizes = b"".join(b"ispe\0\0\0\0" + struct.pack(">II", w, h) for w, h in ((160, 120), (4000, 3000)))
    assert measure(sizes, "image/heic") == {"width": 4000, "height": 3000}


@pytest.mark.parametrize(
    ("svg", "words"),
    [
        (b"<svg><script>alert(1)</script></svg>", "script"),
        (b'<svg onload="alert(1)"/>', "onload"),
        (b'<svg><a href=" JavaScript:alert(1)"/></svg>', "javascript:"),
        (b"<svg><foreignObject/></svg>", "foreignobject"),
        (b'<!DOCTYPE svg [<!ENTITY a "x">]><svg>&a;</svg>', "entities"),
        (b"<svg>", "well-formed"),
    ],
)
def test_pictures_with_active_content_are_refused(svg: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        measure(svg, "image/svg+xml")


def test_a_picture_that_would_unpack_to_too_much_is_refused() -> None:
    bomb = bytearray(png(8, 8))
    bomb[16:24] = struct.pack(">II", 60_000, 60_000)
    bomb[29:33] = struct.pack(">I", zlib.crc32(bytes(bomb[12:29])))
    with pytest.raises(ValueError, match="pixels"):
        measure(bytes(bomb), "image/png")


@given(st.binary(max_size=400), st.sampled_from([*ALLOWED]))
def test_no_file_makes_anything_but_an_error(content: bytes, mime: str) -> None:
    heads = {"video/mp4": film()[:24], "audio/wav": b"RIFF\0\0\0\0WAVE", "image/png": png()[:33]}
    for body in (content, heads.get(mime, b"") + content):
        for action in (lambda b: detect(b, "x", mime), lambda b: measure(b, mime)):
            try:
                found = action(body)
            except ValueError:
                continue
            assert found is not None


@given(st.text(max_size=40))
def test_a_safe_path_stays_in_its_folder(name: str) -> None:
    if is_safe_path(name):
        assert not name.startswith("/")
        assert ".." not in name.split("/")
        assert "\\" not in name
