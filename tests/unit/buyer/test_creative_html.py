"""HTML of creatives: references, macros, trackers, bundles, and texts made to harm (rules 182 and 183)."""

from __future__ import annotations

import io
import time
import zipfile
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.buyer.creative.bundle import MAX_ENTRIES, entry_point, unpack
from agents.buyer.creative.css import rewrite_css
from agents.buyer.creative.html import Trackers, decode, rewrite_page
from tests.unit.buyer.conftest import Platform
from tests.unit.buyer.test_creatives import CLICK
from tests.unit.buyer.test_manifests import Uploads, png

TRACKERS = Trackers(lambda url: f"https://t.example/?rurl={url}", "https://land.example", ("https://p.example/i",))


def cdn(ref: str) -> str | None:
    """Everything relative is on the CDN."""
    return None if ":" in ref or ref[:1] in ("#", "{", "") else f"https://cdn.example/{ref}"


def bundle(**files: bytes | str) -> bytes:
    """A zip archive; ``__`` in a name stands for a dot, ``___`` for a slash."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("___", "/").replace("__", "."), content)
    return out.getvalue()


@pytest.fixture
def flight(platform: Platform) -> Uploads:
    return Uploads(platform, "herald_display")


def served(flight: Uploads, url: str) -> str:
    """What the CDN answers for one of its addresses, as text."""
    _, digest, name = url.removeprefix("https://buyer.sandbox.test/").split("/")
    path = {"sha256": digest, "filename": unquote(name)}
    answer = flight.platform.call("get_file", path=path)
    return str(answer.get("text") or flight.platform.world.files.get(answer["file"]))


@pytest.mark.parametrize(
    ("came", "made"),
    [
        ('<img src="a.png">', '<img src="https://cdn.example/a.png">'),
        ('<img src="https://x.com/a.png">', '<img src="https://x.com/a.png">'),
        ('<img src="data:image/png;base64,AA">', '<img src="data:image/png;base64,AA">'),
        (
            '<img srcset="a.png 1x, b.png 2x">',
            '<img srcset="https://cdn.example/a.png 1x, https://cdn.example/b.png 2x">',
        ),
        ('<div style="background:url(a.png)"></div>', None),
        ('<video src="a.mp4" poster="b.png"></video>', None),
        ('<video><source src="a.mp4"></video>', None),
        ('<script src="a.js"></script>', '<script src="https://cdn.example/a.js"></script>'),
        ("<style>b{background:url('a.png')}</style>", '<style>b{background:url("https://cdn.example/a.png")}</style>'),
        ('<svg viewBox="0 0 1 1"><image xlink:href="a.png"></image></svg>', None),
        ('<template><img src="a.png"></template>', None),
        ('<object data="a.svg"></object>', None),
        ("<table background=a.png></table>", None),
    ],
)
def test_local_references_are_rewritten(came: str, made: str | None) -> None:  # rule 182
    text = rewrite_page(came, cdn).text
    if made is not None:
        assert text == made
    assert came.count("https://") or "data:" in came or "https://cdn.example/" in text
    assert rewrite_page(text, cdn).text == text


def test_a_whole_page_stays_whole_and_a_piece_a_piece() -> None:
    page = '<!DOCTYPE html><html><head><link href="a.css" rel="stylesheet"></head><body></body></html>'
    assert rewrite_page(page, cdn).text == page.replace("a.css", "https://cdn.example/a.css")
    assert rewrite_page("<p>x</p>tail", cdn).text == "<p>x</p>tail"


def test_style_sheets_import_and_refer() -> None:  # rule 182
    came = '@import "k.css"; @import url(l.css) print; a{b:url( x.png ), url("y z.png"); content:"no.png"}'
    made = rewrite_css(came, cdn)
    names = ("k.css", "l.css", "x.png", "y z.png")
    assert all(f'"https://cdn.example/{name}"' in made for name in names)
    assert 'content:"no.png"' in made
    assert rewrite_css("a { b : c }/* x */", cdn) == "a { b : c }/* x */"


def test_trackers_and_macros_are_built_in() -> None:  # rule 183
    page = rewrite_page('<a href="https://acme.com">x</a><a href="#top">y</a><p>[CACHEBUSTER]</p>', cdn, TRACKERS)
    assert 'href="{CLICK_URL}https://t.example/?rurl=https://acme.com"' in page.text
    assert 'href="#top"' in page.text
    assert "<p>{CACHEBUSTER}</p>" in page.text
    assert '<img src="https://p.example/i" width="1" height="1"' in page.text
    assert page.macros == ["{CLICK_URL}", "{CACHEBUSTER}"]


@pytest.mark.parametrize("href", ["{CLICK_URL}", "%%CLICK_URL_UNESC%%", "{CLICK_URL}https://land.example"])
def test_a_bare_click_macro_leads_to_the_landing_page(href: str) -> None:  # rule 183
    page = rewrite_page(f'<a href="{href}">x</a>', cdn, TRACKERS)
    assert 'href="{CLICK_URL}https://t.example/?rurl=https://land.example"' in page.text


def test_the_click_tag_of_a_banner_is_wrapped() -> None:  # rule 183
    page = rewrite_page('<script>var clickTag = "https://a.com/x";if(1<2&&3){}</script>', cdn, TRACKERS)
    assert (
        '<script>var clickTag = "{CLICK_URL}https://t.example/?rurl=https://a.com/x";if(1<2&&3){}</script>' in page.text
    )


def test_a_banner_says_its_size() -> None:
    page = rewrite_page('<html><meta name="ad.size" content="width=300,height=250">', cdn)
    assert (page.width, page.height) == (300, 250)


def test_pages_in_other_encodings_become_utf_8() -> None:
    text = decode('<meta charset="iso-8859-1"><p>é'.encode("latin-1"))
    assert rewrite_page(text, cdn).text == '<meta charset="utf-8"><p>é</p>'
    assert decode("\ufeffé".encode("utf-16")).lstrip("\ufeff") == "é"


@pytest.mark.parametrize(
    "text",
    ["<div>" * 20_001, "<b a=1><p>" * 5_000, "x" * 300_000, "<p style='" + "(" * 5_000 + "'>"],
)
def test_texts_made_to_exhaust_are_refused_at_once(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(ValueError, match=r"may have|deep"):
        rewrite_page(text, cdn)
    assert time.perf_counter() - began < 2


@given(st.text(alphabet="<>/=\"' abpiscr:(){}%#\\\x00é\ud7ff", max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    plain, tracked = rewrite_page(text, cdn), rewrite_page(text, cdn, TRACKERS)
    assert "p.example" not in plain.text
    assert tracked.text.count("https://p.example/i") == 1


def test_uploaded_pages_are_served_with_their_files(flight: Uploads) -> None:  # rules 182 and 183
    page = b'<link rel=stylesheet href="css/a.css"><img src="img/a.png"><img src="gone.png"><a href="https://acme.com">x</a>'
    made = flight.upload(
        {"url_asset": CLICK},
        ("index.html", "text/html", page),
        ("css/a.css", "text/css", b"b{background:url(../img/a.png)}"),
        ("img/a.png", "image/png", png()),
    )
    html, css, image = made["assets"][:3]
    assert made["html_processing"] == {
        "processed_assets": [html["asset_id"]],
        "rewritten_refs": 3,
        "unresolved_refs": ["gone.png"],
        "macros_injected": made["html_processing"]["macros_injected"],
    }
    assert {"{CLICK_URL}", "{CACHEBUSTER}", "{CAMPAIGN_ID}"} <= set(made["html_processing"]["macros_injected"])
    text = served(flight, html["url"])
    assert css["url"] in text
    assert image["url"] in text
    assert made["tracking"]["impression_url"].replace("&", "&amp;") in text
    assert "rurl=https%3A%2F%2Facme.com" in text
    assert image["url"] in served(flight, css["url"])
    assert [a["url_type"] for a in made["tracking"]["injected_assets"]] == ["TRACKER_PIXEL", "CLICKTHROUGH"]


def test_trackers_of_the_caller_are_built_in_too(flight: Uploads) -> None:  # rule 183
    trackers = [
        {"asset_type": "URL", "url": "https://v.com/pixel", "url_type": "TRACKER_PIXEL"},
        {"asset_type": "URL", "url": "https://v.com/tag.js", "url_type": "TRACKER_SCRIPT"},
        {"asset_type": "HTML", "content": "<p>x</p>"},
    ]
    text = flight.upload({"assets": trackers})["assets"][2]["content"]
    assert '<img src="https://v.com/pixel"' in text
    assert '<script src="https://v.com/tag.js"' in text


def test_a_page_is_made_anew_when_its_files_change(flight: Uploads) -> None:  # rules 112, 182 and 184
    made = flight.upload({}, ("index.html", "", b'<img src="a.png">'))
    assert made["html_processing"]["unresolved_refs"] == ["a.png"]
    changed = flight.update(made["creative_id"], {"url_asset": CLICK}, ("a.png", "", png()))
    assert changed["html_processing"]["unresolved_refs"] == []
    assert changed["assets"][0]["url"] != made["assets"][0]["url"]
    assert changed["assets"][0]["sha256"] == made["assets"][0]["sha256"]
    text = served(flight, changed["assets"][0]["url"])
    assert text.count("impression?") == 1


def test_inline_pages_are_processed_where_they_are(flight: Uploads) -> None:  # rule 182
    body = {"assets": [{"asset_type": "HTML", "content": '<img src="a.png">'}]}
    made = flight.upload(body, ("a.png", "", png()))
    assert made["assets"][1]["url"] in made["assets"][0]["content"]
    asset_id = made["assets"][0]["asset_id"]
    back = flight.update(made["creative_id"], {"reclassify_assets": [{"asset_id": asset_id, "asset_type": "TEXT"}]})
    assert (back["assets"][0]["content"], back["html_processing"]) == ('<img src="a.png">', None)


def test_files_that_refer_to_each_other_in_a_circle_come_to_an_end(flight: Uploads) -> None:
    files = [("a.css", "", b'@import "b.css";'), ("b.css", "", b'@import "a.css";')]
    made = flight.upload(
        {}, *files, ("i.html", "", b'<link rel="stylesheet" href="a.css"><iframe src="i.html"></iframe>')
    )
    assert "files/" in served(flight, made["assets"][2]["url"])


def test_a_bundle_is_unpacked_and_its_page_served(flight: Uploads) -> None:  # rules 178 and 182
    page = '<meta name="ad.size" content="width=300,height=250"><img src="img/a.png"><script src="../b.js"></script>'
    content = bundle(ad___index__html=page, ad___img___a__png=png(), b__js="x()", data__json="{}")
    made = flight.upload({}, ("banner.zip", "application/zip", content))
    asset = made["assets"][0]
    assert (asset["asset_type"], asset["mime_type"], asset["entry_point"]) == (
        "HTML",
        "application/zip",
        "ad/index.html",
    )
    assert asset["bundle_files"] == ["ad/index.html", "ad/img/a.png", "b.js", "data.json"]
    assert (asset["width"], asset["height"]) == (300, 250)
    assert made["html_processing"]["unresolved_refs"] == []
    text = served(flight, asset["url"])
    assert text.count("https://buyer.sandbox.test/files/") == 2
    assert made["auto_detected_template"]["template_id"] == "display_html"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bundle(**{"..___x__html": "x"}), "leads out"),
        (bundle(___etc___x__html="x"), "leads out"),
        (bundle(**{"c:___x__html": "x"}), "leads out"),
        (bundle(index__html="x", bomb__txt=b"0" * 5_000_000), "times its size"),
        (bundle(**{f"f{i}__txt": "x" for i in range(MAX_ENTRIES + 1)}), "are the most"),
        (bundle(), "empty"),
        (b"PK\x03\x04broken", "no zip archive"),
        (bundle(index__html="x")[:-30], "no zip archive"),
    ],
    ids=("parent", "root", "drive", "bomb", "many", "empty", "broken", "cut"),  # bytes differ by the time of day
)
def test_bundles_made_to_harm_are_refused(content: bytes, words: str) -> None:  # rule 178
    with pytest.raises(ValueError, match=words):
        unpack(content)


def test_a_bundle_with_links_or_encrypted_files_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("index.html")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ValueError, match="link"):
        unpack(out.getvalue())
    locked = bytearray(bundle(index__html="x"))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ValueError, match="encrypted"):
        unpack(bytes(locked))


def test_a_bundle_says_where_it_begins() -> None:
    assert entry_point(["a/b/index.html", "a/index.html", "x.html"]) == "a/index.html"
    assert entry_point(["only.htm"]) == "only.htm"
    for names in ([], ["a.html", "b.html"]):
        with pytest.raises(ValueError, match=r"index\.html"):
            entry_point(names)


@pytest.mark.parametrize("inner", [b"MZ\x00\x01", b""])
def test_files_in_a_bundle_are_of_the_types_that_are_taken(flight: Uploads, inner: bytes) -> None:  # rule 178
    error = flight.refusal({}, ("b.zip", "", bundle(index__html="x", a__bin=inner)))
    assert (error["field"], "'a.bin' in the bundle" in error["message"]) == ("assets", True)


@given(st.binary(max_size=300))
def test_no_archive_makes_anything_but_an_error(content: bytes) -> None:
    for body in (content, b"PK\x03\x04" + content, bundle(a__html="x")[:40] + content):
        try:
            assert isinstance(unpack(body), dict)
        except ValueError:
            continue


def test_nothing_is_served_that_no_manifest_has(flight: Uploads) -> None:
    digest = flight.platform.world.files.put(b"private")
    for path in ({"sha256": digest, "filename": "a.txt"}, {"sha256": "x", "filename": "../a"}):
        assert flight.platform.error("get_file", path=path)["code"] == "NOT_FOUND"


def test_html_goes_to_agents_as_it_is_served(flight: Uploads) -> None:  # rule 186
    for kind in ("html", "zip"):
        ref = {"agent_url": "https://agent.example", "id": kind}
        slots: list[dict[str, Any]] = [{"asset_id": "main", "asset_type": kind, "required": True}]
        flight.platform.buyer.formats["https://agent.example", kind] = {"format_id": ref, "name": "x", "assets": slots}
    content = bundle(index__html='<img src="a.png">', a__png=png())
    made = flight.upload({"format_id": {"agent_url": "https://agent.example", "id": "html"}}, ("b.zip", "", content))
    text = served(flight, made["assets"][0]["url"])
    assert made["creative_manifest"]["assets"]["main"] == {"asset_type": "html", "content": text}
