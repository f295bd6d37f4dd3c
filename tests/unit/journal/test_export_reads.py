"""Reads and uploads of a served session in its export: promised, named by reference, and told when they change."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.journal.store import Journal
from sandbox.kernel.blobs import Blobs
from sandbox.scenario import load, run
from sandbox.scenario.attached import type_of
from sandbox.scenario.export.files import Beside, specs_of
from sandbox.scenario.remote import play
from sandbox.scenario.source import parse
from sandbox.server.served import Settings
from tests.server.conftest import Live
from tests.unit.cli.conftest import Command, command  # noqa: F401 - a fixture

CAMPAIGN = {
    "name": "Summer in the city",
    "flightDates": {"startDate": "2026-05-03T00:00:00Z", "endDate": "2026-05-20T00:00:00Z"},
    "budget": {"total": 1000, "currency": "USD"},
}
FORMAT = {"agent_url": "https://creative.adcontextprotocol.org", "id": "display_300x250_image"}
PAGE = "<html><body>Summer for $5 in the city</body></html>"


def picture() -> bytes:
    """A PNG that is too large to stand in a scenario."""
    from PIL import Image

    made = io.BytesIO()
    Image.effect_noise((300, 250), 40).save(made, "PNG")
    return made.getvalue()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    served = Live(
        Settings(load("worlds/default"), journal=f"sqlite:///{tmp_path}/session.db", files=tmp_path / "files")
    )
    yield served
    served.stop()


def session(live: Live, banner: bytes) -> str:
    """What a client does: sets a campaign up, uploads, looks at everything, some of it twice."""
    advertiser = live.ok("POST", "advertisers", {"name": "Acme", "brand": "acme.com"})["id"]
    assert live.ok("GET", "campaigns")["campaigns"] == []
    campaign = live.ok("POST", "campaigns", {"advertiserId": advertiser, **CAMPAIGN})["campaignId"]
    for _ in range(3):
        live.ok("GET", f"campaigns/{campaign}")
    for name, content, kind in (("banner.png", banner, "image/png"), ("page.html", PAGE.encode(), "text/html")):
        metadata = {"name": f"From {name}", **({"format_id": FORMAT} if kind == "image/png" else {})}
        parts = [("metadata", (None, json.dumps(metadata))), ("files", (name, content, kind))]
        sent = live.send("POST", f"campaigns/{campaign}/creatives/create", files=parts)
        assert sent.status_code == 201, sent.text
    live.advance("2h")
    creatives = live.ok("GET", f"campaigns/{campaign}/creatives")
    assert len(next(iter(value for value in creatives.values() if isinstance(value, list)))) == 2
    live.error("GET", "campaigns/cmp_0000000000")
    row = next(row for row in live.line["agents"] if row["role"] == "sales")
    bearer = {"Authorization": f"Bearer {row['token']}"}
    url = row["mcp"].replace("/mcp", "/adcp/get_adcp_capabilities")
    assert httpx.post(url, json={"adcp_version": "3.1"}, headers=bearer).status_code == 200
    return str(campaign)


def exported(live: Live, tmp_path: Path, command: Command) -> dict[str, Any]:  # noqa: F811
    live.stop()
    done = command("replay", str(tmp_path / "session.db"), "--export", "session.yaml")
    assert done.code == 0, done.err
    data: dict[str, Any] = parse(Path("session.yaml").read_text(), "s").data
    return data


def test_a_session_with_reads_and_uploads_is_green_at_once(
    live: Live,
    tmp_path: Path,
    command: Command,  # noqa: F811
) -> None:
    banner = picture()
    campaign = session(live, banner)
    steps = exported(live, tmp_path, command)["steps"]
    by_call: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        by_call.setdefault(step["call"].partition(".")[2], []).append(step)
    first, second = by_call["create_creative"]
    assert first["files"] == [{"path": "session.files/banner.png"}]
    assert Path("session.files/banner.png").read_bytes() == banner
    assert second["files"] == [{"name": "page.html", "text": PAGE.replace("$", "$$")}]
    (empty,) = by_call["list_campaigns"]
    assert empty["expect"]["campaigns"] == {"count": 0}
    found, missing = by_call["get_campaign"]
    assert found["path"] == {"campaignId": "$campaign"}
    assert found["expect"]["campaignId"] == "$campaign"
    assert found["expect"]["name"] == CAMPAIGN["name"]
    assert missing["error"] == "NOT_FOUND"
    assert by_call["get_adcp_capabilities"][0]["expect"]
    assert campaign not in Path("session.yaml").read_text()
    result = run(load("session.yaml"))
    assert [judged.detail for judged in result.expectations if not judged.held] == []
    assert result.status == "passed"


def test_an_answer_that_changed_is_told_with_its_place(
    live: Live,
    tmp_path: Path,
    command: Command,  # noqa: F811
) -> None:
    session(live, picture())
    exported(live, tmp_path, command)
    text = Path("session.yaml").read_text()
    changed = re.sub(
        r"(call: buyer.create_campaign\n.*?)Summer in the city", r"\1Winter", text, count=1, flags=re.DOTALL
    )
    assert changed != text
    Path("changed.yaml").write_text(changed)
    done = command("run", "changed.yaml")
    assert done.code == 1
    assert 'name: expected "Summer in the city", saw "Winter"' in done.out


def test_it_can_be_played_against_a_served_sandbox_files_and_all(
    live: Live,
    tmp_path: Path,
    command: Command,  # noqa: F811
) -> None:
    session(live, picture())
    data = exported(live, tmp_path, command)
    kept = [step for step in data["steps"] if step["call"].startswith("buyer.")]
    Path("again.yaml").write_text(json.dumps({**data, "steps": kept}))
    other = Live(Settings(load("again.yaml"), files=tmp_path / "other"))
    try:
        assert play(load("again.yaml"), other.line["buyer_api"]).status == "passed"
    finally:
        other.stop()
    server = Live(Settings(load("worlds/default"), files=tmp_path / "third"))
    try:
        done = command("replay", str(tmp_path / "session.db"), "--against", server.line["buyer_api"])
        assert (done.code, "answered as recorded" in done.out) == (0, True), done.out
    finally:
        server.stop()


def test_reads_are_no_inputs_of_a_replay(live: Live, tmp_path: Path) -> None:
    live.ok("POST", "advertisers", {"name": "Acme", "brand": "acme.com"})
    live.ok("GET", "advertisers")
    live.stop()
    journal = Journal(f"sqlite:///{tmp_path}/session.db")
    kinds = [entry.kind for entry in journal.entries("acme", reads=True)]
    assert kinds == ["call", "read:call"]
    assert [entry.kind for entry in journal.entries("acme")] == ["call"]
    journal.close()
    again = Live(live.settings)
    assert again.line["replayed"] == 1
    again.stop()


def test_a_journal_that_is_not_kept_has_no_reads() -> None:
    live = Live(Settings(load("worlds/default")))
    live.ok("GET", "advertisers")
    assert list(live.running.served.journal.entries("acme", reads=True)) == []
    live.stop()


# -- files of steps --------------------------------------------------------------------------------------


def test_small_files_stand_in_the_scenario_and_large_ones_beside_it() -> None:
    blobs, beside = Blobs(), Beside("s.files")
    contents = {"a.txt": b"hello", "b.bin": b"\x00\xff", "../c d.png": b"\x00" * 2000, "e.csv": b"x" * 9000}
    rows = [
        {"filename": name, "content_type": type_of(name), "size": len(raw), "sha256": blobs.put(raw), "field": "files"}
        for name, raw in contents.items()
    ]
    rows[0] |= {"content_type": "text/x-odd", "field": "logo"}
    specs = specs_of(rows, blobs, beside.path, str)
    assert specs == [
        {"name": "a.txt", "text": "hello", "type": "text/x-odd", "field": "logo"},
        {"name": "b.bin", "base64": "AP8="},
        {"path": "s.files/c_d.png", "name": "../c d.png"},
        {"path": "s.files/e.csv"},
    ]
    assert list(beside.made) == ["s.files/c_d.png", "s.files/e.csv"]
    assert beside.path("e.csv", b"another") == "s.files/e-2.csv"
    assert beside.path("e.csv", b"x" * 9000) == "s.files/e.csv"


STEP = """
extends: worlds/default
title: T
steps:
  - name: Upload
    call: {call}
    files: [{file}]
"""


@pytest.mark.parametrize(
    ("call", "file", "wanted"),
    [
        ("buyer.create_creative", "{path: nowhere.png}", "t.yaml:7: there is no file nowhere.png"),
        ("buyer.create_creative", "{name: a.txt}", "t.yaml:7: say one of `path`, `text` and `base64`"),
        ("buyer.create_creative", "{text: hello}", "t.yaml:7: a file that is written here needs a `name`"),
        ("buyer.create_creative", "{name: a, base64: '#'}", "t.yaml:7: `base64` is no base64"),
        ("buyer.create_advertiser", "{name: a, text: b}", "t.yaml:7: buyer.create_advertiser takes no files"),
    ],
)
def test_a_mistake_about_a_file_is_told_at_its_line(
    call: str,
    file: str,
    wanted: str,
    command: Command,  # noqa: F811
) -> None:
    Path("t.yaml").write_text(STEP.format(call=call, file=file))
    done = command("validate", "t.yaml")
    assert done.code == 2
    assert wanted in done.err
