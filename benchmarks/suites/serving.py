"""The served buyer platform under load, next to a bare aiohttp handler that answers with the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from benchmarks.load import Outcome, Plan, put
from benchmarks.measure import Row

KEY = {"Authorization": "Bearer sk_sandbox_acme"}
BARE = "bare aiohttp handler"
CLIENTS, EACH_PER_S = 200, 2
"""Clients at once, and how many requests a second each of them makes."""

FLIGHT = {"startDate": "2027-05-10T00:00:00Z", "endDate": "2027-06-09T00:00:00Z"}


class Server:
    """A served default world, with a journal on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.start()

    def start(self) -> None:
        """Start; ``ready_s`` says how long that took."""
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        begun = perf_counter()
        command = [sys.executable, "-m", "sandbox.cli", "serve", "--port", "0", "--ready-file", str(ready)]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, env=_environment())
        while not (ready.exists() and ready.read_text().endswith("\n")):
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}")
            sleep(0.01)
        self.ready_s = perf_counter() - begun
        self.line = json.loads(ready.read_text())
        self.replayed = self.line["replayed"]
        self.url = self.line["buyer_api"]
        self.port = int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        """Stop as Ctrl-C does."""
        self.process.terminate()
        self.process.wait()

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request."""
        data = None if body is None else json.dumps(body).encode()
        headers = {**KEY, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def load(self, *requests: tuple[str, str, dict[str, Any] | None], count: int, **given: Any) -> Outcome:
        """Put load on the server. Raises when an answer is an error."""
        outcome = put(Plan("127.0.0.1", self.port, list(requests), count, headers=KEY, **given))
        if any(int(status) >= 300 for status in outcome.statuses):
            raise RuntimeError(f"{requests[0][:2]} was answered with {outcome.statuses}")
        return outcome


def rows(quick: bool) -> list[Row]:
    """Requests a second, latencies, whether 10,000 campaigns slow anything down, and the time of a restart."""
    many = 500 if quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            advertiser = server.call("POST", "/api/v2/buyer/advertisers", {"name": "Acme", "brand": "acme.com"})["id"]
            campaign = server.call("POST", "/api/v2/buyer/campaigns", _campaign(advertiser))["campaignId"]
            made = [*_reads(server, advertiser, campaign, quick), *_launches(server, advertiser, 50 if quick else 500)]
            made += _growth(server, advertiser, campaign, many, quick)
            server.stop()
            server.start()
            name = f"restart with {server.replayed:,} requests in the journal"
            made.append(Row("serving", name, server.ready_s, "s", at_most=10))
        finally:
            server.stop()
    return made


def _campaign(advertiser: str, **fields: Any) -> dict[str, Any]:
    budget = {"total": 1000, "currency": "USD"}
    return {"advertiserId": advertiser, "name": "Load", "flightDates": FLIGHT, "budget": budget, **fields}


def _paths(advertiser: str, campaign: str) -> dict[str, str]:
    return {
        "get_campaign": f"/api/v2/buyer/campaigns/{campaign}",
        "get_advertiser": f"/api/v2/buyer/advertisers/{advertiser}",
        "list_advertisers": "/api/v2/buyer/advertisers?limit=10",
    }


def _reads(server: Server, advertiser: str, campaign: str, quick: bool) -> list[Row]:
    count = 2_000 if quick else 10_000
    made = []
    for name, path in _paths(advertiser, campaign).items():
        with _bare(server.call("GET", path), server.folder) as port:
            rounds = [
                (
                    server.load(("GET", path, None), count=count),
                    put(Plan("127.0.0.1", port, [("GET", path, None)], count)),
                )
                for _ in range(1 if quick else 3)
            ]
        ours, theirs = sorted(rounds, key=lambda pair: pair[0].per_s / pair[1].per_s)[len(rounds) // 2]
        ratio = ours.per_s / theirs.per_s
        made.append(Row("serving", name, ours.per_s, "requests/s", BARE, theirs.per_s, ratio, at_least=0.25))
    path = _paths(advertiser, campaign)["get_campaign"]
    paced = server.load(
        ("GET", path, None), count=2_000 if quick else 12_000, connections=CLIENTS, rate=CLIENTS * EACH_PER_S
    )
    name = f"get_campaign, {CLIENTS} clients with {EACH_PER_S} requests a second each: 99 %"
    return [*made, Row("serving", name, paced.percentile(0.99), "ms", at_most=20)]


def _launches(server: Server, advertiser: str, count: int) -> list[Row]:
    """Campaigns that are made and executed with one sales agent."""
    found = server.call(
        "POST", "/api/v2/buyer/discovery/discover-products", {"advertiserId": advertiser, "salesAgentIds": ["newsroom"]}
    )
    group = found["productGroups"][0]
    product = group["products"][0]
    option = product["pricingOptions"][0]
    bid = {} if option["isFixed"] else {"bidPrice": option["floorPrice"] * 2}
    row = {
        **{key: group[key] for key in ("groupId", "groupName")},
        **{k: product[k] for k in ("productId", "salesAgentId")},
    }
    path = f"/api/v2/buyer/discovery/{found['discoveryId']}/products"
    server.call("POST", path, {"products": [{**row, **bid}]})
    body = _campaign(advertiser, discoveryId=found["discoveryId"])
    ids = [server.call("POST", "/api/v2/buyer/campaigns", body)["campaignId"] for _ in range(count)]
    launch: list[tuple[str, str, dict[str, Any] | None]] = [
        ("POST", f"/api/v2/buyer/campaigns/{campaign}/execute", {}) for campaign in ids
    ]
    done = server.load(*launch, count=count)
    return [
        Row("serving", "execute_campaign, one sales agent", done.per_s, "requests/s"),
        Row("serving", "execute_campaign, one sales agent: 99 % of 64 at once", done.percentile(0.99), "ms"),
    ]


def _growth(server: Server, advertiser: str, campaign: str, many: int, quick: bool) -> list[Row]:
    count = 1_000 if quick else 5_000
    own = server.call("POST", "/api/v2/buyer/advertisers", {"name": "Few", "brand": "globex.com", "saveBrand": True})[
        "id"
    ]
    server.call("POST", "/api/v2/buyer/campaigns", _campaign(own))
    paths = {
        "get_campaign": f"/api/v2/buyer/campaigns/{campaign}",
        "list_campaigns of an advertiser with one": f"/api/v2/buyer/campaigns?advertiserId={own}",
    }
    before = {name: server.load(("GET", path, None), count=count).per_s for name, path in paths.items()}
    created = server.load(("POST", "/api/v2/buyer/campaigns", _campaign(advertiser)), count=many)
    made = [
        Row("serving", "create_campaign, durable", created.per_s, "requests/s"),
        Row("serving", "create_campaign, durable: 99 % of 64 at once", created.percentile(0.99), "ms"),
    ]
    for name, path in paths.items():
        after = server.load(("GET", path, None), count=count).per_s
        few = f"{name}, few campaigns"
        made.append(
            Row(
                "serving",
                f"{name}, {many:,} campaigns",
                after,
                "requests/s",
                few,
                before[name],
                after / before[name],
                at_least=0.8,
            )
        )
    return made


@contextmanager
def _bare(answer: Any, folder: Path) -> Iterator[int]:
    file = folder / "answer.json"
    file.write_text(json.dumps(answer))
    command = [sys.executable, "-m", "benchmarks.bare", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def _environment() -> dict[str, str]:
    """The server runs in an empty folder and still finds this code."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
