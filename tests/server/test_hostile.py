"""What is no HTTP, no JSON or no request of ours is refused cleanly, and changes nothing."""

from __future__ import annotations

import copy
import errno
import json
import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.buyer.api import operations
from sandbox.operations import Route
from tests.server.conftest import KEY
from tests.server.process import Process
from tests.server.sound import Known, make, requests

Json = dict[str, Any]
HOST = b"Host: 127.0.0.1\r\n"
AUTH = HOST + f"Authorization: Bearer {KEY}\r\nContent-Type: application/json\r\n".encode()
POST = b"POST /api/v2/buyer/advertisers HTTP/1.1\r\n"
GET = b"GET /api/v2/buyer/advertisers HTTP/1.1\r\n"
ROWS = {f"{row.detail.method} {row.detail.path}": row for row in operations()}


def nested(depth: int, inner: Any = 1) -> Any:
    """Lists and objects in each other."""
    for level in range(depth):
        inner = [inner] if level % 2 else {"x": inner}
    return inner


ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 2**53, -(2**63), 10**30, 1e308, -0.0, "", " ", "\x00", "\u202e", "x" * 70_000,
    "🦊" * 300, "2026-13-45", "9999-12-31T23:59:59Z", "NaN", "' OR 1=1 --", "../../etc/passwd", "${now}", "{{x}}",
    "<script>", "%00", [], [None], [[]], [{}], {}, {"": ""}, {"$ref": "#"}, {"__proto__": 1}, nested(30), nested(60),
    [0] * 500, {str(number): number for number in range(300)},
)  # fmt: skip


# -- requests that are no HTTP ---------------------------------------------------------------------------------


def noise(chance: random.Random, most: int = 400) -> bytes:
    """Any bytes."""
    return chance.randbytes(chance.randrange(1, most))


def bad_head(chance: random.Random) -> bytes:
    """A request line or a header that is none."""
    line = chance.choice(
        (noise(chance), b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\r\n" * 50,
         b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + noise(chance), b"CONNECT x:1 HTTP/1.1\r\n" + HOST + b"\r\n",
         b"GET http://[::1 HTTP/1.1\r\n" + HOST + b"\r\n", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", GET + b"\r\n",
         b"GET /\x00 HTTP/1.1\r\n" + HOST + b"\r\n", b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
         b"GET /%zz%%%00?%ff=%fe&&=== HTTP/1.1\r\n" + AUTH + b"\r\n", b"GET /a b c HTTP/1.1\r\n" + HOST + b"\r\n")
    )  # fmt: skip
    odd = chance.choice(
        (b"X: " + b"a" * 100_000, b"X: \x00", b"X\x00: 1", b": 1", b"X", b" folded: 1", b"X: 1\r\n 2", b"\xff: \xff",
         b"Host: other", b"Content-Length: 5\r\nContent-Length: 6",
         b"Authorization: " + noise(chance).hex().encode(),
         b"\r\n".join(b"X%d: 1" % number for number in range(3_000)))
    )  # fmt: skip
    return chance.choice((line, GET + AUTH + odd + b"\r\n\r\n", POST + odd + b"\r\n" + AUTH + b"\r\n"))


def bad_body(chance: random.Random) -> bytes:
    """A body that is not as its headers say."""
    chunked = POST + AUTH + b"Transfer-Encoding: chunked\r\n\r\n"
    given: tuple[bytes, ...] = (
        POST + AUTH + b"Content-Length: -1\r\n\r\n{}", POST + AUTH + b"Content-Length: 1e3\r\n\r\n{}",
        POST + AUTH + b"Content-Length: 100\r\n\r\n{", POST + AUTH + b"Content-Length: 1\r\n\r\n" + noise(chance),
        POST + AUTH + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        chunked + b"zz\r\n{}",
        chunked + b"ffffffffffffffff\r\n{}", chunked + b"5\r\n{}", chunked + b"-2\r\n{}\r\n", chunked + noise(chance),
        chunked + b"2;x=" + b"y" * 5_000 + b"\r\n{}\r\n0\r\n\r\n", POST + AUTH + b"Transfer-Encoding: gzip\r\n\r\n{}",
        POST + AUTH + b"Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}",
        POST + AUTH + b"Content-Encoding: deflate\r\nContent-Length: 4\r\n\r\n\x00\x01\x02\x03",
    )  # fmt: skip
    return chance.choice(given)


def pipelined(chance: random.Random) -> bytes:
    """Several requests at once, and something that is none after them."""
    good = (GET + AUTH + b"\r\n") * chance.randrange(1, 8)
    return good + chance.choice((b"", noise(chance), bad_body(chance)))


def say(server: Process, raw: bytes, *, slowly: bool = False) -> bytes:
    """Send bytes, end, and read until the server closes; fails if it does not within five seconds."""
    port = int(server.line["buyer_api"].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
        try:
            for part in [raw[at : at + 7] for at in range(0, len(raw), 7)] if slowly else [raw]:
                wire.sendall(part)
                time.sleep(0.001 if slowly else 0)
            wire.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: wire.recv(65_536), b""))
        except OSError as error:
            if error.errno not in (errno.ENOTCONN, errno.ECONNRESET, errno.EPIPE):
                raise
            return b""


# -- requests that are no requests of ours -------------------------------------------------------------------------


def spoilt(body: Json, chance: random.Random) -> Json:
    """A sound body with odd values in some places, and one field that nothing takes."""
    made = copy.deepcopy(body)
    for _ in range(chance.randrange(1, 4)):
        holder, key = chance.choice(list(_places(made)))
        holder[key] = copy.deepcopy(chance.choice(ODD))
    made[chance.choice(("zzz", "", "\x00", "__class__"))] = copy.deepcopy(chance.choice(ODD))
    return made


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from _places(inner)


def broken(text: str, chance: random.Random) -> bytes:
    """JSON text that is cut, or has something in it that JSON has not."""
    at = chance.randrange(1, len(text))
    insert = chance.choice(("", "\x00", "NaN", "1e999", '"\\ud800"', "//", "'", '{"a":1,"a":1}', "[" * 5_000))
    raw = (text[:at] + insert + (text[at:] if insert else "")).encode(errors="surrogatepass")
    return chance.choice((raw, b"\xff\xfe" + raw, raw + b"{}", b"[" + raw + b"]"))


def send_spoilt(server: Process, known: Known, label: str, body: Json, chance: random.Random) -> None:
    """Send a spoilt request to an operation: it has to be refused, and in the usual form (rules 3, 4)."""
    route: Route = ROWS[label].detail
    ids = known.path(list(route.path_params), chance)
    path = route.path.format(**{name: ids.get(name, "none") for name in route.path_params})
    made = spoilt(body, chance)
    if route.method == "GET":
        answer = server.send("GET", path, params={name: str(value)[:500] for name, value in made.items()})
    else:
        text = json.dumps(made)
        content = text.encode() if chance.random() < 0.7 else broken(text, chance)
        answer = server.send(route.method, path, content=content, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500, f"{label}: {answer.status_code} for {made!r:.2000}: {answer.text[:500]}"
    assert answer.json()["error"]["code"] in ("VALIDATION_ERROR", "NOT_FOUND")


def everything(server: Process, known: Known) -> dict[str, Any]:
    """What all operations show that only read."""
    shown: dict[str, Any] = {}
    for label, row in ROWS.items():
        route: Route = row.detail
        chance = random.Random(label)
        if route.method == "GET" and not row.mutating and not route.public:
            ids = known.path(list(route.path_params), chance)
            path = route.path.format(**{name: ids.get(name, "none") for name in route.path_params})
            answer = server.send("GET", path, params=requests(known.ids).get(label))
            shown[path] = (answer.status_code, answer.text)
    return shown


def attack(server: Process, rounds: int) -> None:
    """Send ``rounds`` requests of each sort; all are refused, and nothing is different afterwards."""
    known, chance = make(server, 0), random.Random(1)
    before = everything(server, known)
    assert sum(status == 200 for status, _ in before.values()) > 0.8 * len(before)
    sorts: tuple[Callable[[random.Random], bytes], ...] = (bad_head, bad_body, pipelined)
    for number in range(rounds):
        raw = sorts[number % 3](chance)
        answer = say(server, raw, slowly=number % 40 == 0 and len(raw) < 3_000)
        assert b"HTTP/1.1 5" not in answer, (raw[:500], answer[:500])
        assert not answer or answer.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")), (raw[:500], answer[:500])
    sound = [(label, body) for label, body in requests(known.ids).items() if body]
    for number in range(rounds):
        label, body = sound[number % len(sound)]
        send_spoilt(server, known, label, body, chance)
    assert everything(server, known) == before
    assert "Traceback" not in server.errors.read_text()
    assert server.ok("GET", "/_sandbox/world")["violations"] == []


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    """A served default world in a process of its own."""
    process = Process(tmp_path)
    yield process
    process.stop()


def test_hundreds_of_malformed_requests_change_nothing(server: Process) -> None:  # rules 3, 4
    attack(server, 300)


@pytest.mark.slow
def test_thousands_of_malformed_requests_change_nothing(server: Process) -> None:  # rules 3, 4
    attack(server, 2_500)
    inputs = server.ok("GET", "/_sandbox/world")["inputs"]
    assert server.restart() == inputs
