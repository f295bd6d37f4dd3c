"""Uploads of creative manifests: pairing, types by content, limits, all kinds of assets (rules 178 to 185)."""

from __future__ import annotations

import io
import re
import struct
import wave
import zlib
from typing import Any

import pytest

from sandbox.kernel.endpoint import Principal, Reply
from sandbox.operations.operation import MAX_FILE_BYTES, MAX_FILES
from tests.unit.buyer.conftest import Platform
from tests.unit.buyer.test_creatives import BANNER, CLICK, Flight


def png(width: int = 300, height: int = 250) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\x00" + b"\x00" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def film(seconds: int = 30, width: int = 1280, height: int = 720, brand: bytes = b"isom") -> bytes:
    """The headers of an MP4 file."""
    header = box(b"mvhd", bytes(12) + struct.pack(">II", 1000, seconds * 1000) + bytes(80))
    track = box(b"trak", box(b"tkhd", bytes(76) + struct.pack(">II", width << 16, height << 16)))
    return box(b"ftyp", brand + bytes(4) + brand) + box(b"moov", header + track)


def sound(ms: int = 1500) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(8 * ms))
    return out.getvalue()


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="300" height="250"><rect/></svg>'
VAST = b'<?xml version="1.0"?><!-- tag --><VAST version="4.2"><Ad id="1"/></VAST>'

Files = list[tuple[str, str, bytes]]
"""Name, declared type and content of each."""


def send(
    platform: Platform, operation: str, body: dict[str, Any], path: dict[str, Any], files: Files, **named: Any
) -> Reply:
    """Call an operation as the HTTP edge does after a multipart request."""
    uploads = [
        {
            "filename": name,
            "content_type": declared,
            "size": len(content),
            "sha256": platform.world.files.put(content),
            "field": "files",
            **named,
        }
        for name, declared, content in files
    ]
    payload = {"pathParams": path, "body": body, "files": uploads}
    principal = Principal(platform.principal, "driver")
    process = platform.world.spawn(platform.world.network.call("driver", "buyer", operation, payload, principal))
    while not process.processed:
        platform.world.env.step()
    reply: Any = process.value
    return reply  # type: ignore[no-any-return]


class Uploads(Flight):
    """A campaign to which files are uploaded."""

    def upload(self, body: dict[str, Any], *files: tuple[str, str, bytes]) -> dict[str, Any]:
        reply = send(self.platform, "create_creative", {"name": "Upload", **body}, self.path, list(files))
        assert reply.ok, reply.body
        return reply.body

    def refusal(self, body: dict[str, Any], *files: tuple[str, str, bytes], **named: Any) -> dict[str, Any]:
        reply = send(self.platform, "create_creative", {"name": "Upload", **body}, self.path, list(files), **named)
        assert not reply.ok, reply.body
        error: dict[str, Any] = reply.body["error"]
        assert self.platform.call("list_creatives", path=self.path)["total"] == 0
        return error

    def update(self, creative_id: str, body: dict[str, Any], *files: tuple[str, str, bytes]) -> dict[str, Any]:
        path = {**self.path, "creativeId": creative_id}
        reply = send(self.platform, "update_creative", body, path, list(files))
        assert reply.ok, reply.body
        return reply.body


@pytest.fixture
def flight(platform: Platform) -> Uploads:
    return Uploads(platform, "herald_display", "streamtv_ctv")


def test_files_are_paired_with_assets_by_name(flight: Uploads) -> None:  # rule 178
    body = {"assets": [{"filename": "b.png", "asset_type": "LOGO", "label": "mark"}, {"filename": "a.png"}]}
    made = flight.upload(body, ("a.png", "image/png", png(10, 20)), ("b.png", "image/png", png(30, 40)))
    logo, image = made["assets"]
    assert (logo["filename"], logo["asset_type"], logo["label"], logo["width"]) == ("b.png", "LOGO", "mark", 30)
    assert (image["filename"], image["asset_type"], image["height"]) == ("a.png", "IMAGE", 20)
    assert image["url"].startswith(f"https://buyer.sandbox.test/files/{image['sha256']}/")
    assert (image["mime_type"], image["file_size"], image["asset_source"]) == ("image/png", len(png(10, 20)), "upload")


def test_a_file_that_no_asset_names_is_classified_by_itself(flight: Uploads) -> None:  # seed 003, the curl example
    body = {"assets": [{"filename": "hero-30s.mp4", "asset_type": "VIDEO", "label": "main_video"}], "url_asset": CLICK}
    made = flight.upload(body, ("hero-30s.mp4", "video/mp4", film()), ("companion.png", "image/png", png()))
    assert [asset["asset_type"] for asset in made["assets"]] == ["VIDEO", "IMAGE", "URL"]
    assert [ref["id"] for ref in made["target_format_ids"]] == ["display_300x250_image", "video_standard_30s"]


@pytest.mark.parametrize(
    ("body", "files", "field", "words"),
    [
        ({"assets": [{"filename": "x.png"}]}, [("y.png", "", png())], "assets[0].filename", "'x.png'.*'y.png'"),
        ({"assets": [{"filename": "x.png"}]}, [], "assets[0].filename", "no files"),
        ({"assets": [{"filename": "x.png"}] * 2}, [("x.png", "", png())], "assets[0].filename", "another asset"),
        ({}, [("x.png", "", png())] * 2, "files[1].filename", "two files"),
        ({}, [("../x.png", "", png())], "files[0].filename", "relative path"),
        ({}, [(f"{i}.png", "", png(1, 1)) for i in range(21)], "files", "20 files are the most"),
        ({}, [("x.exe", "application/x-msdownload", b"MZ")], "files[0]", "is not taken"),
        ({}, [("x.png", "image/png", b"\xff\xd8\xff\xe0")], "files[0]", "content is image/jpeg"),
        ({}, [("x.png", "image/png", b"hello")], "files[0]", "content is text/plain"),
        ({}, [("x.mkv", "", b"\x1aE\xdf\xa3matroska")], "files[0]", "x-matroska"),
        ({}, [("x.png", "", b"")], "files[0]", "empty"),
        ({}, [("x.png", "", png()[:12])], "files[0]", "damaged"),
        ({"assets": [{"filename": "x.png", "asset_type": "VIDEO"}]}, [("x.png", "", png())], "assets[0].asset_type",
         "IMAGE or LOGO, not VIDEO"),
        ({"assets": [{"filename": "x.png", "width": 5}]}, [("x.png", "", png())], "assets[0].width", "is 300, not 5"),
        ({"assets": [{"url": "https://a.com/x"}]}, [], "assets[0].asset_type", "needs its type"),
        ({"assets": [{"asset_type": "IMAGE", "content": "x"}]}, [], "assets[0].content", "inline content may be"),
        ({"assets": [{"asset_type": "HTML", "url": "javascript:alert(1)"}]}, [], "assets[0].url", "absolute http"),
        ({"assets": [{"asset_type": "TEXT", "url_type": "VAST", "content": "x"}]}, [], "assets[0].url_type",
         "goes with"),
        ({"format_id": BANNER, "params": {"width": 1}}, [], "params", "go with format_kind"),
        ({"webhook_asset": {"url": "https://a.com/x", "security": {"method": "api_key"}}}, [],
         "webhook_asset.security.secret", "needs a secret"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_upload_is_named(
    flight: Uploads, body: dict[str, Any], files: Files, field: str, words: str
) -> None:  # rules 178, 180 and 181
    error = flight.refusal(body, *files)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)
    assert re.search(words, error["message"]), error["message"]


def test_a_file_of_more_than_50_mb_is_refused(flight: Uploads) -> None:  # rule 178
    assert (MAX_FILE_BYTES, MAX_FILES) == (50 * 1024 * 1024, 20)
    error = flight.refusal({}, ("x.png", "", png()), size=MAX_FILE_BYTES + 1)
    assert (error["field"], "50 MB" in error["message"]) == ("files[0]", True)


def test_a_file_whose_content_has_not_come_is_refused(flight: Uploads) -> None:
    assert flight.refusal({}, ("x.png", "", png()), sha256="0" * 64)["field"] == "files[0].sha256"


def test_films_serve_formats_of_their_length_only(flight: Uploads) -> None:  # rule 182
    made = flight.upload({}, ("a.mp4", "video/mp4", film(15)))
    assert [ref["id"] for ref in made["target_format_ids"]] == ["video_standard_15s"]
    exact = flight.upload(
        {"format_kind": "video_hosted", "params": {"duration_ms_exact": 30_000}}, ("a.mp4", "", film(30))
    )
    assert [ref["id"] for ref in exact["target_format_ids"]] == ["video_standard_30s"]
    assert (exact["params"], exact["format_kind"]) == ({"duration_ms_exact": 30_000}, "video_hosted")
    hosted = {"assets": [{"asset_type": "VIDEO", "url": "https://a.com/x.mp4"}]}
    between = flight.upload(
        {"format_kind": "video_hosted", "params": {"duration_ms_range": [10_000, 20_000]}, **hosted}
    )
    assert [ref["id"] for ref in between["target_format_ids"]] == ["video_standard_15s"]


@pytest.mark.parametrize(
    ("assets", "files", "template", "method"),
    [
        ([], [("a.png", "", png())], "display_image", "asset_type"),
        ([], [("a.mp4", "", film()), ("a.png", "", png())], "video_standard", "asset_type"),
        ([], [("a.wav", "", sound())], "audio_standard", "asset_type"),
        ([], [("a.html", "", b"<img src=a.png>"), ("a.png", "", png())], "display_html", "asset_type"),
        ([], [("a.xml", "", VAST)], "video_vast", "asset_type"),
        ([{"asset_type": "JAVASCRIPT", "content": "go()"}], [], "vendor_tag", "asset_type"),
        ([{"asset_type": "JAVASCRIPT", "url": "https://www.googletagservices.doubleclick.net/dcmads.js"}], [],
         "vendor_dcm_tag", "content"),
        ([{"asset_type": "HTML", "content": "<script src='https://bs.serving-sys.com/x'></script>"}], [],
         "vendor_sizmek_tag", "content"),
    ],
)  # fmt: skip
def test_the_template_is_found_out(
    flight: Uploads, assets: list[dict[str, Any]], files: Files, template: str, method: str
) -> None:  # rule 182
    made = flight.upload({"assets": assets}, *files)
    assert made["auto_detected_template"] == {"template_id": template, "method": method}
    row = flight.platform.call("list_creatives", path=flight.path)["manifests"][0]
    assert row["template_id"] == template


def test_each_format_gets_the_picture_of_its_size(flight: Uploads) -> None:  # rules 182 and 186
    made = flight.upload({}, ("a.png", "", png(728, 90)), ("b.png", "", png(300, 250)))
    assert made["target_format_ids"][0] == BANNER
    assert made["creative_manifest"]["assets"]["banner_image"]["url"] == made["assets"][1]["url"]


def test_a_template_that_the_caller_names_is_not_detected(flight: Uploads) -> None:
    made = flight.upload({"template_id": "vendor_dcm_tag"}, ("a.png", "", png()))
    assert (made["template_id"], made["auto_detected_template"]) == ("vendor_dcm_tag", None)


def test_format_id_and_format_kind_take_turns(flight: Uploads) -> None:  # rule 180, C29
    made = flight.upload({"format_kind": "image", "params": {"width": 300}}, ("a.png", "", png()))
    changed = flight.update(made["creative_id"], {"format_id": BANNER})
    assert (changed["format_id"], changed["format_kind"], changed["params"]) == (BANNER, None, {})


def test_a_manifest_is_updated_with_files(flight: Uploads) -> None:  # rule 184, C23
    made = flight.upload({}, ("v1.png", "image/png", png()))
    old = made["assets"][0]["asset_id"]
    body = {"delete_asset_ids": [old], "new_assets": [{"filename": "v2.png", "asset_type": "IMAGE"}]}
    changed = flight.update(made["creative_id"], body, ("v2.png", "image/png", png(728, 90)))
    assert [(a["filename"], a["width"]) for a in changed["assets"]] == [("v2.png", 728)]
    assert [ref["id"] for ref in changed["target_format_ids"]] == ["display_728x90_image"]
    archived = flight.platform.buyer.creative_store.of(made["creative_id"]).archived
    assert [(a["asset_id"], "archived_at" in a) for a in archived] == [(old, True)]


def test_an_update_that_fails_changes_nothing(flight: Uploads) -> None:
    made = flight.upload({"url_asset": CLICK}, ("v1.png", "image/png", png()))
    path = {**flight.path, "creativeId": made["creative_id"]}
    body = {"name": "New", "delete_asset_ids": [made["assets"][0]["asset_id"]]}
    reply = send(flight.platform, "update_creative", body, path, [("p.html", "", b"<b a=1>x" * 3000)])
    assert (reply.ok, "tags" in reply.body["error"]["message"]) == (False, True)
    assert flight.creative(made["creative_id"]) == made


def test_a_file_replaces_another_of_its_name_only_if_that_is_deleted(flight: Uploads) -> None:
    made = flight.upload({}, ("a.png", "", png()))
    path = {**flight.path, "creativeId": made["creative_id"]}
    again = send(flight.platform, "update_creative", {}, path, [("a.png", "", png(728, 90))])
    assert (again.ok, again.body["error"]["field"]) == (False, "files[0]")
    body = {"delete_asset_ids": [made["assets"][0]["asset_id"]]}
    assert flight.update(made["creative_id"], body, ("a.png", "", png(728, 90)))["assets"][0]["width"] == 728


def test_assets_are_reclassified_as_what_they_can_be(flight: Uploads) -> None:  # rule 184
    made = flight.upload({"url_asset": CLICK}, ("a.png", "", png()))
    image, url = (asset["asset_id"] for asset in made["assets"])
    path = {**flight.path, "creativeId": made["creative_id"]}
    for asset_id, wanted in ((image, "AUDIO"), (url, "IMAGE")):
        body = {"reclassify_assets": [{"asset_id": asset_id, "asset_type": wanted}]}
        error = flight.platform.error("update_creative", body, path)
        assert error["field"] == "reclassify_assets[0].asset_type"
    body = {"reclassify_assets": [{"asset_id": image, "asset_type": "LOGO"}]}
    assert flight.update(made["creative_id"], body)["target_format_ids"] == []


def test_webhooks_render_dynamic_content_and_their_secret_stays_secret(flight: Uploads) -> None:  # rule 184
    secret = "s3cret-of-the-hook"
    hook = {
        "url": "https://dco.acme.com/render",
        "supported_macros": ["COUNTRY"],
        "security": {"method": "hmac_sha256", "hmac_header": "X-Signature", "secret": secret},
    }
    made = flight.upload({"webhook_asset": hook}, ("a.png", "", png()))
    assert made["assets"][1]["security"] == {"method": "hmac_sha256", "hmac_header": "X-Signature"}
    assert (made["assets"][1]["asset_type"], made["assets"][1]["timeout_ms"]) == ("WEBHOOK", 500)
    assert all(secret not in str(event.data) for event in flight.platform.events("call"))
    assert secret not in str(made)


def test_creation_is_not_offered_through_mcp(platform: Platform) -> None:  # rule 185
    assert platform.buyer.endpoint is not None
    routes = {name: row.detail for name, row in platform.buyer.endpoint.operations.items()}
    assert (routes["create_creative"].mcp, routes["create_creative"].files) == (False, True)
    assert routes["update_creative"].mcp
    assert "/api/v2/buyer/campaigns/{campaignId}/creatives" in routes["create_creative"].aliases
    assert "/api/v2/buyer/dashboard-url" in routes["get_creative_dashboard_url"].aliases  # C52
    assert "/api/v2/buyer/campaigns/{campaignId}/creativeManifest" in routes["list_creatives"].aliases  # C20
    assert "/api/buyer/campaigns/{campaignId}/creatives/formats" in routes["list_creative_templates"].aliases


def test_uploads_are_the_same_in_every_run(make_platform: Any) -> None:
    made = [
        Uploads(make_platform(), "herald_display").upload({}, ("a.png", "", png()), ("p.html", "", b"<img src=a.png>"))
        for _ in range(2)
    ]
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("fmt", "asset", "wire"),
    [
        ("vast", ("a.xml", "", VAST), {"asset_type": "vast", "delivery_type": "inline", "content": VAST.decode()}),
        ("css", ("a.css", "", b"a{}"), {"asset_type": "css", "content": "a{}"}),
        ("javascript", ("a.js", "", b"x()"), {"asset_type": "javascript", "content": "x()"}),
        ("text", ("a.txt", "", b"hi"), {"asset_type": "text", "content": "hi"}),
    ],
)
def test_texts_go_to_agents_as_their_content(
    flight: Uploads, fmt: str, asset: tuple[str, str, bytes], wire: dict[str, Any]
) -> None:  # rule 186
    ref = {"agent_url": "https://agent.example", "id": f"any_{fmt}"}
    slots = [{"asset_id": "main", "asset_type": fmt, "required": True}]
    flight.platform.buyer.formats["https://agent.example", ref["id"]] = {"format_id": ref, "name": "x", "assets": slots}
    made = flight.upload({"format_id": ref}, asset)
    assert made["creative_manifest"] == {"format_id": ref, "assets": {"main": wire}}


def test_url_slots_get_what_their_role_asks_for(flight: Uploads) -> None:  # rule 183
    ref = {"agent_url": "https://agent.example", "id": "tracked"}
    roles = ("landing_page", "impression_tracker", "viewability_tracker", "third_party_tracker")
    slots: list[dict[str, Any]] = [{"asset_id": "image", "asset_type": "image", "required": True}]
    slots += [{"asset_id": role[:5], "asset_type": "url", "requirements": {"role": role}} for role in roles]
    described = {"format_id": ref, "name": "x", "assets": slots, "supported_macros": ["CACHEBUSTER", "GDPR"]}
    flight.platform.buyer.formats["https://agent.example", "tracked"] = described
    trackers = [{"asset_type": "URL", "url": "https://v.com/p", "url_type": "TRACKER_PIXEL"}]
    made = flight.upload({"format_id": ref, "url_asset": CLICK, "assets": trackers}, ("a.png", "", png()))
    assets = made["creative_manifest"]["assets"]
    assert assets["landi"]["url"] == made["tracking"]["click_url"]
    impression = {"asset_type": "url", "url": made["tracking"]["impression_url"], "url_type": "tracker_pixel"}
    assert assets["impre"] == impression
    assert (assets["third"]["url"], "viewa" in assets) == ("https://v.com/p", False)
    assert made["tracking"]["supported_macros"] == ["{CACHEBUSTER}", "{GDPR}"]
    assert [a["url_type"] for a in made["tracking"]["injected_assets"]] == ["TRACKER_PIXEL", "CLICKTHROUGH"]
