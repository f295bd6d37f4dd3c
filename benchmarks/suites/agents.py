"""Sales agents under load over MCP, next to a bare tool of the same package that answers with the same body."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from benchmarks.load import Outcome, Plan, put
from benchmarks.measure import Row
from benchmarks.suites.serving import Server

ACCOUNT = {"brand": {"domain": "acme.com"}, "operator": "acme.com"}
BARE = "bare tool of the mcp package"
AGENT = "newsroom"

Call = tuple[str, dict[str, Any]]
"""A tool and its arguments."""


def rows(quick: bool) -> list[Row]:
    """Requests a second and the latency that 99 % keep below, for a request that looks and one that buys."""
    count, rounds = (200, 1) if quick else (3_000, 3)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            agent = next(row for row in server.line["agents"] if row["id"] == AGENT)
            port, path = _place(agent["mcp"])
            ours = Door(port, path, agent["token"])
            wholesale = {"buying_mode": "wholesale", "account": ACCOUNT}
            product = ours.ask(("get_products", wholesale))["products"][0]
            made = _measure("get_products", ours, [("get_products", wholesale)], count, rounds)
            buys = [("create_media_buy", _order(product, n)) for n in range(rounds * count + 1)]
            return made + _measure("create_media_buy", ours, buys, count, rounds)
        finally:
            server.stop()


class Door:
    """Where tools are called over MCP."""

    def __init__(self, port: int, path: str, token: str) -> None:
        self.port, self.path = port, path
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2025-06-18",
        }

    def load(self, calls: Sequence[Call], count: int) -> Outcome:
        """Call as fast as answers come, 64 at once. Raises when an answer is no success."""
        plan = Plan("127.0.0.1", self.port, [], count, headers=self._headers)
        plan.requests += [("POST", self.path, _message(call)) for call in calls]
        outcome = put(plan)
        if set(outcome.statuses) != {"200"}:
            raise RuntimeError(f"{self.path} was answered with {outcome.statuses}")
        return outcome

    def ask(self, call: Call) -> dict[str, Any]:
        """One call, and its answer."""
        headers = {**self._headers, "Content-Type": "application/json"}
        request = Request(f"http://127.0.0.1:{self.port}{self.path}", json.dumps(_message(call)).encode(), headers)
        with urlopen(request) as answer:
            result = json.load(answer)["result"]
        if result.get("isError"):
            raise RuntimeError(f"{call[0]} answers {result['structuredContent']}")
        body: dict[str, Any] = result["structuredContent"]
        return body


def _measure(tool: str, ours: Door, calls: list[Call], count: int, rounds: int) -> list[Row]:
    """Ours and the bare tool take turns; each of our calls is made once if there are many."""
    asked = (calls[1 + n * count : 1 + (n + 1) * count] or calls for n in range(rounds))
    with _bare(ours, calls[0]) as bare:
        pairs = [(ours.load(part, count), bare.load(calls[:1], count)) for part in asked]
    ratio = median(own.per_s / other.per_s for own, other in pairs)
    own, other = (sorted(side, key=lambda outcome: outcome.per_s)[rounds // 2] for side in zip(*pairs, strict=True))
    return [
        Row("agents", f"{tool} over MCP", own.per_s, "requests/s", BARE, other.per_s, ratio, at_least=0.5),
        Row("agents", f"{tool} over MCP: 99 % of 64 at once", own.percentile(0.99), "ms", BARE, other.percentile(0.99)),
    ]


def _order(product: dict[str, Any], number: int) -> dict[str, Any]:
    """An order of its own for the first product."""
    option = next(option for option in product["pricing_options"] if "fixed_price" in option)
    package = {"product_id": product["product_id"], "pricing_option_id": option["pricing_option_id"], "budget": 500}
    flight = {"start_time": "2027-05-10T00:00:00Z", "end_time": "2027-06-10T00:00:00Z"}
    key = f"order-under-load-{number:06}"
    return {"idempotency_key": key, "account": ACCOUNT, "brand": ACCOUNT["brand"], **flight, "packages": [package]}


def _place(url: str) -> tuple[int, str]:
    parts = urlsplit(url)
    assert parts.port is not None
    return parts.port, parts.path


def _message(call: Call) -> dict[str, Any]:
    params = {"name": call[0], "arguments": {"adcp_version": "3.1", **call[1]}}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


@contextmanager
def _bare(ours: Door, call: Call) -> Iterator[Door]:
    """A bare server whose tool gives what ours gave."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(ours.ask(call), file)
        file.flush()
        command = [sys.executable, "-m", "benchmarks.bare_mcp", file.name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield Door(int(process.stdout.readline()), "/mcp", "")
            finally:
                process.terminate()
