"""Previews of creatives: the platform's pages, and renderings by sales agents (rules 7, 182 and 189)."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.core.errors import AdcpError
from sandbox.kernel.endpoint import Context, Operation, Reply
from sandbox.operations.operation import Route
from tests.unit.buyer.conftest import Platform
from tests.unit.buyer.test_creatives import BANNER, CLICK
from tests.unit.buyer.test_manifests import Uploads, film, png

RENDERED = "https://northstar.sandbox.test/rendered/1"


@pytest.fixture
def flight(platform: Platform) -> Uploads:
    return Uploads(platform, "herald_display", "streamtv_ctv")


def opened(flight: Uploads, url: str) -> Reply:
    """Open a preview as a browser does: without an API key."""
    place, _, query = url.removeprefix("https://buyer.sandbox.test/previews/").partition("?format=")
    creative_id, token = place.split("/")
    path = {"creativeId": creative_id, "token": token}
    params = {"format": query} if query else {}
    return flight.platform.reply("open_preview", path=path, params=params, customer="nobody")


def teach(flight: Uploads, answer: Any) -> None:
    """Give a sales agent the tool preview_creative."""

    def preview_creative(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
        if isinstance(answer, AdcpError):
            raise answer
        assert request["creative_manifest"]["format_id"] == BANNER
        render = {"render_id": "r1", "output_format": "url", "preview_url": RENDERED, "role": "primary", **answer}
        preview = {"preview_id": "p1", "renders": [render], "input": {"name": "default"}}
        return {"status": "completed", "response_type": "single", "previews": [preview]}

    endpoint: Any = flight.platform.world.actors["northstar"].endpoint
    endpoint.operations["preview_creative"] = Operation("preview_creative", preview_creative)


def preview(flight: Uploads, creative_id: str, **body: Any) -> dict[str, Any]:
    return flight.platform.call("preview_creative", body, {**flight.path, "creativeId": creative_id})


def test_every_format_has_a_page_at_its_native_size(flight: Uploads) -> None:  # rules 182 and 189
    made = flight.upload({}, ("a.png", "", png()), ("a.mp4", "", film(30, 1280, 720)))
    rows = made["format_previews"]
    assert [(row["format_id"]["id"], row["width"], row["height"]) for row in rows] == [
        ("display_300x250_image", 300, 250),
        ("video_standard_30s", 1280, 720),
    ]
    for row, asset in zip(rows, made["assets"], strict=True):
        page = opened(flight, row["preview_url"]).body
        assert page["contentType"] == "text/html"
        assert row["format_id"]["id"] in page["text"]
        assert [other["url"] in page["text"] for other in made["assets"]] == [
            other is asset for other in made["assets"]
        ]


def test_the_page_is_the_same_with_a_key(flight: Uploads) -> None:
    made = flight.upload({}, ("a.png", "", png()))
    path = {**flight.path, "creativeId": made["creative_id"]}
    page = flight.platform.call("get_creative_preview", path=path)
    assert page == opened(flight, made["preview_url"]).body
    full = flight.platform.call("get_creative", path=path, params={"preview": "true"})
    assert full["preview_html"] == page["text"]
    assert "preview_html" not in flight.creative(made["creative_id"])


def test_a_preview_is_found_by_its_whole_address_only(flight: Uploads) -> None:  # rule 13
    made = flight.upload({}, ("a.png", "", png()))
    assert opened(flight, made["preview_url"][:-1] + "x").status == 404
    assert opened(flight, made["preview_url"] + "?format=papyrus").status == 404
    platform = flight.platform
    platform.call("delete_creative", path={**flight.path, "creativeId": made["creative_id"]})
    assert opened(flight, made["preview_url"]).status == 404


def test_nothing_that_callers_write_acts_on_the_page(flight: Uploads) -> None:
    evil = '"><script>alert(1)</script>'
    assets = [
        {"asset_type": "HTML", "content": f"<p>{evil}</p>", "label": evil},
        {"asset_type": "TEXT", "content": evil * 1000},
        {"asset_type": "AUDIO", "url": f"https://a.com/{evil}"},
    ]
    made = flight.upload({"name": evil, "assets": assets})
    text = opened(flight, made["preview_url"]).body["text"]
    assert "<script" not in text
    assert "default-src 'none'" in text
    assert 'sandbox="allow-scripts"' in text
    assert len(text) < 60_000


def test_reading_previews_changes_nothing(flight: Uploads) -> None:
    made = flight.upload({}, ("a.png", "", png()))
    assert flight.platform.buyer.endpoint is not None
    rows = flight.platform.buyer.endpoint.operations
    assert not any(rows[name].mutating for name in ("get_creative", "list_creatives", "open_preview", "get_file"))
    assert rows["preview_creative"].mutating
    before = len(flight.platform.events("call"))
    flight.creative(made["creative_id"])
    calls = flight.platform.events("call")[before:]
    assert [event.data["operation"] for event in calls] == ["get_creative"]
    public: list[Route] = [rows[name].detail for name in ("open_preview", "get_file")]
    assert all(route.public and not route.mcp for route in public)


def test_an_agent_with_the_tool_renders_its_formats(flight: Uploads) -> None:  # rule 189
    teach(flight, {"dimensions": {"width": 300, "height": 250}})
    made = flight.upload({"url_asset": CLICK}, ("a.png", "", png()))
    row = {"format_id": BANNER, "preview_url": RENDERED, "width": 300, "height": 250, "rendered_by": "northstar"}
    answer = preview(flight, made["creative_id"])
    assert answer == {"creative_id": made["creative_id"], "previews": [row], "agent_errors": []}
    asked = flight.platform.messages("preview_creative", to="northstar")[0]
    assert asked["creative_manifest"]["assets"]["click_url"]["url"] == made["tracking"]["click_url"]
    assert flight.creative(made["creative_id"])["format_previews"] == [row]


def test_what_an_agent_rendered_is_forgotten_when_the_creative_changes(flight: Uploads) -> None:
    teach(flight, {})
    made = flight.upload({}, ("a.png", "", png()))
    preview(flight, made["creative_id"])
    changed = flight.update(made["creative_id"], {"name": "Other"})
    assert changed["format_previews"][0]["rendered_by"] == "buyer"


def test_without_such_an_agent_the_platform_renders(flight: Uploads) -> None:  # rule 189
    made = flight.upload({}, ("a.png", "", png()))
    answer = preview(flight, made["creative_id"])
    assert answer["previews"] == made["format_previews"]
    assert answer["agent_errors"] == []


def test_an_agent_that_fails_is_named_and_the_platform_renders(flight: Uploads) -> None:  # rule 189
    teach(flight, AdcpError("CREATIVE_REJECTED", "too loud"))
    answer = preview(flight, flight.upload({}, ("a.png", "", png()))["creative_id"])
    failure = {"sales_agent_id": "northstar", "code": "CREATIVE_REJECTED", "message": "too loud"}
    assert answer["agent_errors"] == [failure]
    assert answer["previews"][0]["rendered_by"] == "buyer"


def test_one_format_can_be_previewed(flight: Uploads) -> None:  # rule 189
    made = flight.upload({}, ("a.png", "", png()), ("a.mp4", "", film(30)))
    rows = preview(flight, made["creative_id"], format_id=BANNER)["previews"]
    assert [row["format_id"] for row in rows] == [BANNER]
    path = {**flight.path, "creativeId": made["creative_id"]}
    wrong = {"format_id": {**BANNER, "id": "display_728x90_image"}}
    assert flight.platform.error("preview_creative", wrong, path)["field"] == "format_id"


def test_a_creative_that_fits_no_format_still_has_a_page(flight: Uploads) -> None:
    made = flight.upload({}, ("a.png", "", png(5, 5)))
    assert made["target_format_ids"] == []
    row = preview(flight, made["creative_id"])["previews"][0]
    assert (row["format_id"], row["width"], row["height"]) == (None, 5, 5)
