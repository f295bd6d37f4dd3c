"""A client that puts load on a server over keep-alive connections, in a process of its own.

python -m benchmarks.load PLAN.json prints ``{"seconds", "latencies_ms", "statuses"}`` as JSON. The plan has ``host``,
``port``, ``headers``, ``connections``, ``requests`` (``[method, path, body or null]``, sent in turn), ``count`` and
``rate`` (requests a second over all connections; 0 sends the next one as soon as an answer is there).
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any


@dataclass(slots=True)
class Plan:
    """What to send, where and how fast."""

    host: str
    port: int
    requests: list[tuple[str, str, dict[str, Any] | None]]
    count: int
    connections: int = 64
    rate: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """What came back: latencies in ms, ascending."""

    seconds: float
    latencies_ms: list[float]
    statuses: dict[str, int]

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return len(self.latencies_ms) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency in ms that this share of the answers keeps below."""
        return self.latencies_ms[min(len(self.latencies_ms) - 1, int(share * len(self.latencies_ms)))]


def put(plan: Plan) -> Outcome:
    """Play a plan in another process."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(asdict(plan), file)
        file.flush()
        command = [sys.executable, "-m", "benchmarks.load", file.name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Outcome(**json.loads(done.stdout))


class _Connection(asyncio.Protocol):
    """Sends one request after the other; answers must have a Content-Length."""

    def __init__(self, load: _Load) -> None:
        self.load = load
        self.buffer = b""
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.load.free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.load.over.done():
            self.load.over.set_exception(exc or ConnectionError("the server closed the connection"))

    def send(self, request: bytes, due: float) -> None:
        self.sent = due
        self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(body) >= length:
            self.buffer = b""
            self.load.done(self, int(head[9:12]))


class _Load:
    """Shares the requests of a plan out over its connections."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.requests = [_request(plan, *row) for row in plan.requests]
        self.begun = self.answered = 0
        self.latencies: list[float] = []
        self.statuses: dict[int, int] = {}
        self.over = asyncio.get_running_loop().create_future()
        self.start = perf_counter()

    def free(self, connection: _Connection) -> None:
        """A connection can take the next request, which may be due later."""
        if self.begun == self.plan.count:
            return
        number, self.begun = self.begun, self.begun + 1
        request = self.requests[number % len(self.requests)]
        due = self.start + number / self.plan.rate if self.plan.rate else perf_counter()
        wait = due - perf_counter()
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, connection.send, request, due)
        else:
            connection.send(request, due)

    def done(self, connection: _Connection, status: int) -> None:
        """An answer has come."""
        self.latencies.append((perf_counter() - connection.sent) * 1000)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.answered += 1
        if self.answered == self.plan.count:
            self.over.set_result(perf_counter() - self.start)
        else:
            self.free(connection)


def _request(plan: Plan, method: str, path: str, body: dict[str, Any] | None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {plan.host}:{plan.port}", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in plan.headers.items()]
    lines += ["Content-Type: application/json"] if body is not None else []
    return "\r\n".join([*lines, "", ""]).encode() + content


async def _play(plan: Plan) -> Outcome:
    loop = asyncio.get_running_loop()
    load = _Load(plan)
    for _ in range(min(plan.connections, plan.count)):
        await loop.create_connection(lambda: _Connection(load), plan.host, plan.port)
    seconds = await load.over
    return Outcome(seconds, sorted(load.latencies), {str(key): value for key, value in load.statuses.items()})


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text())
    print(json.dumps(asdict(asyncio.run(_play(Plan(**given))))))  # noqa: T201 - the answer of this process
