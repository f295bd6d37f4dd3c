"""Webhooks to real services: retries with the same key and body, and to nobody who was not allowed."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sandbox.kernel.webhooks import Letter
from sandbox.server.outbox import Outbox
from tests.server.conftest import MakeLive


class Receiver(ThreadingHTTPServer):
    """A real service that takes webhooks; the first ``failures`` are answered with 503."""

    def __init__(self, failures: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.failures = failures
        self.came: list[tuple[str, dict[str, Any]]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/webhooks"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append((self.headers["Idempotency-Key"], json.loads(body)))
        self.send_response(503 if len(self.server.came) <= self.server.failures else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


def test_retries_carry_the_same_key_and_body(receiver: Receiver) -> None:
    receiver.failures = 2

    async def play() -> None:
        outbox = Outbox(retries_s=(0.01, 0.01, 0.01))
        outbox.put(Letter("northstar", receiver.url, "acme-w1", '{"a": 1}'))
        while len(receiver.came) < 3:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        await outbox.close()

    asyncio.run(play())
    assert receiver.came == [("acme-w1", {"a": 1})] * 3


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:9/x", True), ("http://[::1]:9/x", True), ("https://localhost/x", True),
        ("http://127.8.9.1/", True), ("http://hooks.example/x", True), ("http://HOOKS.example/x", True),
        ("http://hooks.example.evil/x", False), ("http://169.254.169.254/latest", False), ("http://10.0.0.1/", False),
        ("file:///etc/passwd", False), ("ftp://127.0.0.1/", False), ("http://me:pw@127.0.0.1/", False),
        ("nothing", False), ("http://127.0.0.1.evil.example/", False), ("http://localhost.evil.example/", False),
    ],
)  # fmt: skip
def test_webhooks_go_to_this_machine_and_to_hosts_that_were_named(url: str, allowed: bool) -> None:
    assert Outbox(["hooks.example"]).allows(url) is allowed


def test_notifications_reach_a_real_service_once_in_spite_of_a_restart(
    make_live: MakeLive, receiver: Receiver, tmp_path: Path
) -> None:  # C63
    world = tmp_path / "world.yaml"
    world.write_text(
        "title: A world that notifies\nextends: worlds/default\n"
        f"actors: {{buyer: {{customers: [{{name: Acme, principal: acme, notify_url: '{receiver.url}'}}]}}}}\n"
    )
    live = make_live(scenario=world)
    live.launch(channels=["display"])
    live.advance("1d")
    for _ in range(200):
        if receiver.came:
            break
        time.sleep(0.02)
    time.sleep(0.2)
    assert receiver.came
    assert all(set(body) == {"type", "timestamp", "data"} for _, body in receiver.came)
    assert len(json.dumps(receiver.came[0][1])) < 10_000
    before = len(receiver.came)
    assert len({key for key, _ in receiver.came}) == before
    live.stop()
    live = make_live(scenario=world)
    assert live.line["replayed"]
    time.sleep(0.3)
    assert len(receiver.came) == before
