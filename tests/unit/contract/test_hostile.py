"""Reports about services that say what they should not: secrets, half characters, numbers and depths without end."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sandbox.cli.verdict import lines
from sandbox.contract import talk as talking
from sandbox.contract.auth import Auth
from sandbox.contract.check import Checks, Skipped, Subject, expect
from sandbox.contract.page import page
from sandbox.contract.render import as_json, as_junit
from sandbox.contract.run import Verdict, run
from sandbox.contract.talk import Answer, Talk

SECRET = "top-secret"
CHECKS: Checks[Service] = Checks()
ANSWERS = {
    "/echo": json.dumps({"key": SECRET}),
    "/half": '{"name": "\\ud800 \\ufffe", "<script>": "</pre><script>"}',
    "/huge": '{"spend": 1e999}',
    "/deep": "[" * 100_000,
    "/flood": "x" * 300_000,
}


class Service:
    def __init__(self, url: str, talk: Talk) -> None:
        self.url, self.talk = url, talk

    async def get(self, path: str) -> Answer:
        return await self.talk.send("GET", self.url + path)


@asynccontextmanager
async def _open(url: str, _auth: Auth | None, talk: Talk) -> AsyncIterator[Service]:
    yield Service(url, talk)


@CHECKS.add("secret.found", "rule 1")
async def found(service: Service) -> None:
    """Nobody says the key."""
    body = (await service.get("/echo")).body
    expect(body == {}, "body", {}, body)


@CHECKS.add("secret.skipped", "rule 1")
async def skipped(service: Service) -> None:
    """Nobody says the key."""
    raise Skipped(f"it says {(await service.get('/echo')).text}")


@CHECKS.add("half.text", "rule 2")
async def half(service: Service) -> None:
    """Texts are texts."""
    body = (await service.get("/half")).body
    expect(body["name"] == "", f"name {body['name']}", body["name"][:1], body)


@CHECKS.add("huge.number", "rule 3")
async def huge(service: Service) -> None:
    """Numbers are numbers."""
    round((await service.get("/huge")).body["spend"])


@CHECKS.add("deep.json", "rule 4")
async def deep(service: Service) -> None:
    """Answers are read."""
    expect((await service.get("/deep")).body is not None, "body")


@CHECKS.add("flood.body", "rule 5")
async def flood(service: Service) -> None:
    """Answers end."""
    await service.get("/flood")


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        text = ANSWERS[self.path].encode()
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def verdict(monkeypatch: pytest.MonkeyPatch) -> Iterator[Verdict]:
    monkeypatch.setattr(talking, "MOST_BYTES", 200_000)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    subject = Subject("service", "A service", _open, CHECKS)
    yield asyncio.run(run(subject, f"http://127.0.0.1:{server.server_port}", Auth("api-key", SECRET)))
    server.shutdown()
    server.server_close()


def test_every_check_comes_out_and_every_report_can_be_written(verdict: Verdict, tmp_path: Path) -> None:
    assert [finding.outcome for finding in verdict.findings] == ["failed", "skipped", *["failed"] * 4]
    told = [
        page(verdict),
        json.dumps(as_json(verdict), ensure_ascii=False),
        as_junit(verdict),
        "\n".join(line for finding in verdict.findings for line in lines(finding)),
    ]
    ET.fromstring(told[2])
    for number, text in enumerate(told):
        (tmp_path / str(number)).write_text(text, encoding="utf-8")
        assert SECRET not in text
    assert "<script" not in told[0]
