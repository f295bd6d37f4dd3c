"""Files that agents publish can be had over HTTP, and answers say where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.scenario import load
from sandbox.server.served import Settings
from tests.server.conftest import Live

WORLD = """
title: A creative agent
clock: {start: 2026-05-01, duration: 1d}
population: {users: 1000}
actors:
  studio: {kind: creative, personality: generative, preview_validity: 1h}
  paper: {kind: publisher, domain: paper.example, placements: [{id: top, channel: display, daily_opportunities: 10}]}
  desk: {kind: seller, publishers: [paper]}
  house: {kind: seller, publishers: [paper], departments: [atelier]}
  atelier: {kind: creative, personality: generative}
  buyer: {kind: buyer, customers: [{name: Acme, principal: acme}]}
"""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    file = tmp_path_factory.mktemp("world") / "studio.yaml"
    file.write_text(WORLD)
    live = Live(Settings(load(file)))
    yield live
    live.stop()


def call(live: Live, tool: str, to: str = "studio", **arguments: Any) -> dict[str, Any]:
    row = next(row for row in live.line["agents"] if row["id"] == to)
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    headers = {"Authorization": f"Bearer {row['token']}", "Accept": "application/json, text/event-stream"}
    answer: dict[str, Any] = httpx.post(row["mcp"], json=body, headers=headers).json()["result"]["structuredContent"]
    return answer


def build(live: Live, **more: Any) -> dict[str, Any]:
    ref = {"agent_url": "https://your-agent.example.com", "id": "display_300x250_generative"}
    account = {"brand": {"domain": "acmeoutdoor.example"}, "operator": "acmeoutdoor.example"}
    asked = {"message": "A banner for a summer sale", "target_format_id": ref, "account": account, **more}
    return call(live, "build_creative", idempotency_key=f"build-{len(str(asked)):012d}", **asked)


def test_a_generated_picture_can_be_had_at_the_address_of_the_answer(studio: Live) -> None:
    url = build(studio)["creative_manifest"]["assets"]["generated_image"]["url"]
    assert "/agents/studio/files/" in url
    answer = httpx.get(url)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")


def test_a_picture_sent_back_under_its_outside_address_is_refined_as_the_same_one(studio: Live) -> None:
    manifest = build(studio)["creative_manifest"]
    again = build(studio, message="Make the headline larger", creative_manifest=manifest)
    assert again["status"] == "completed"
    inside = dict(manifest, assets={**manifest["assets"]})
    picture = inside["assets"]["generated_image"]
    path = picture["url"].split("/agents/studio/")[1]
    inside["assets"]["generated_image"] = {**picture, "url": f"https://studio.sandbox.test/{path}"}
    same = build(studio, message="Make the headline larger", creative_manifest=inside)
    urls = [one["creative_manifest"]["assets"]["generated_image"]["url"] for one in (again, same)]
    assert urls[0] == urls[1]


def test_a_picture_that_a_seller_s_department_made_can_be_had_too(studio: Live) -> None:
    url = build(studio, to="house")["creative_manifest"]["assets"]["generated_image"]["url"]
    assert "/agents/atelier/files/" in url
    assert httpx.get(url).content.startswith(b"\x89PNG")


def test_a_preview_is_a_page_without_rights_that_shows_what_it_embeds_until_it_expires(studio: Live) -> None:
    built = build(studio, include_preview=True)
    page_url = built["preview"]["previews"][0]["renders"][0]["preview_url"]
    page = httpx.get(page_url)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Security-Policy"].startswith("sandbox")
    assert built["creative_manifest"]["assets"]["generated_image"]["url"] in page.text
    studio.advance("1h")
    assert httpx.get(page_url).status_code == 404


def test_a_file_that_nobody_published_is_not_found(studio: Live) -> None:
    base = studio.line["agents"][0]["mcp"].split("/agents", 1)[0]
    for agent in ("studio", "desk", "nobody"):
        assert httpx.get(f"{base}/agents/{agent}/files/{'0' * 64}/picture.png").status_code == 404
