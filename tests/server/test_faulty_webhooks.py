"""Faults on webhooks that go out to real receivers: what arrives, how often, and with which signature."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidSignature

from tests.server.conftest import Live, MakeLive
from tests.server.test_agents import WORLD, agent, call, order, verify

RULES = "/_sandbox/faults"


class Sink(threading.Thread):
    """A receiver that looks at raw connections: whole requests are acknowledged, others noted."""

    def __init__(self, refuse: int = 0) -> None:
        super().__init__(daemon=True)
        self.refuse = refuse
        """How many webhooks are answered with 401, as one whose signature does not verify."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/hook"
        self.whole: list[tuple[dict[str, str], bytes]] = []
        self.broken: list[str] = []
        self.start()

    def run(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while stream.readline().strip():
                headers: dict[str, str] = {}
                while line := stream.readline().strip():
                    name, _, value = line.decode().partition(":")
                    headers[name] = value.strip()
                try:
                    body = stream.read(int(headers["Content-Length"]))
                except ConnectionResetError:
                    self.broken.append("reset")
                    return
                if len(body) < int(headers["Content-Length"]):
                    self.broken.append("cut")
                    return
                self.whole.append((headers, body))
                status = b"401 Unauthorized" if len(self.whole) <= self.refuse else b"200 OK"
                connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    def wait(self, count: int) -> None:
        """Wait until so many whole requests have come."""
        for _ in range(500):
            if len(self.whole) >= count:
                return
            time.sleep(0.02)
        raise AssertionError(f"{len(self.whole)} webhooks came")


def buys(live: Live, sink: Sink, **fault: Any) -> dict[str, Any]:
    """An order whose webhook is struck by a rule."""
    row = agent(live)
    live.ok("POST", RULES, {"faults": [{"from": "newsroom", "message": "webhook", **fault}]})
    found = call(row, "create_media_buy", **order(row, push_notification_config={"url": sink.url}))
    assert found["media_buy_id"]
    return row


@pytest.fixture
def controlled(make_live: MakeLive, tmp_path: Any) -> Live:
    world = tmp_path / "world.yaml"
    world.write_text(WORLD)
    live = make_live(scenario=world)
    live.running.served.outbox._retries_s = (0.05, 0.05, 0.05)
    return live


@pytest.mark.parametrize(("kind", "seen"), [("truncate", "cut"), ("reset", "reset")])
def test_half_a_webhook_arrives_and_the_whole_one_later(controlled: Live, kind: str, seen: str) -> None:
    sink = Sink()
    buys(controlled, sink, kind=kind, count=1)
    sink.wait(1)
    assert sink.broken == [seen]


def test_a_bad_signature_does_not_verify_and_the_next_one_does(controlled: Live) -> None:
    sink = Sink(refuse=1)
    row = buys(controlled, sink, kind="bad_signature", count=1)
    sink.wait(2)
    keys = httpx.get(row["mcp"].split("/agents")[0] + "/.well-known/jwks.json").json()["keys"]
    (bad, body), (good, same) = sink.whole
    assert body == same
    assert bad["Idempotency-Key"] == good["Idempotency-Key"]
    with pytest.raises(InvalidSignature):
        verify(keys, sink.url, bad, body)
    verify(keys, sink.url, good, same)


def test_a_skewed_clock_signs_at_its_own_time(controlled: Live) -> None:
    sink = Sink()
    row = agent(controlled)
    controlled.ok("POST", RULES, {"faults": [{"kind": "clock_skew", "from": "newsroom", "skew": "-10m"}]})
    call(row, "create_media_buy", **order(row, push_notification_config={"url": sink.url}))
    sink.wait(1)
    created = int(sink.whole[0][0]["Signature-Input"].split("created=")[1].split(";")[0])
    assert 590 < time.time() - created < 640
    stamp = json.loads(sink.whole[0][1])["timestamp"]
    assert stamp < controlled.now()


@pytest.mark.parametrize("kind", ["drop", "unavailable"])
def test_a_webhook_that_did_not_get_through_comes_once_later(controlled: Live, kind: str) -> None:
    sink = Sink()
    buys(controlled, sink, kind=kind, direction="request", count=2)
    sink.wait(1)
    time.sleep(0.2)
    assert len(sink.whole) == 1


@pytest.mark.parametrize("kind", ["answer_lost", "duplicate"])
def test_a_webhook_that_comes_twice_has_one_key_and_body(controlled: Live, kind: str) -> None:
    sink = Sink()
    buys(controlled, sink, kind=kind, count=1)
    sink.wait(2)
    assert sink.whole[0][1] == sink.whole[1][1]
    assert len({headers["Idempotency-Key"] for headers, _ in sink.whole}) == 1
