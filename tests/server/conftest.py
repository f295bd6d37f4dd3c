"""A sandbox that is really served, on a port of its own, and a client that talks to it over HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.scenario import load
from sandbox.server.app import Address, Running
from sandbox.server.served import Settings

KEY, OTHER_KEY = "sk_sandbox_acme", "sk_sandbox_globex"


class Live:
    """A server in a thread of this process. Paths that begin with ``/`` are whole, others below /api/v2/buyer."""

    def __init__(self, settings: Settings, address: Address | None = None) -> None:
        self.settings = settings
        self._address = address or Address(port=0, agents_port=0)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        self._ready.wait(60)
        if self._failure is not None:
            raise self._failure
        self.http = httpx.Client(base_url=self.line["buyer_api"], timeout=120)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with Running(self.settings, self._address) as running:
                self.running, self.line = running, running.ready()
                self._ready.set()
                await self._stop.wait()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._failure = error
            self._ready.set()

    def stop(self) -> None:
        """Stop serving; the journal stays."""
        self.http.close()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(30)

    def send(self, method: str, path: str, *, key: str | None = KEY, **given: Any) -> httpx.Response:
        """Send a request with an API key."""
        headers = {**({"Authorization": f"Bearer {key}"} if key else {}), **given.pop("headers", {})}
        whole = path if path.startswith("/") else f"/api/v2/buyer/{path}"
        return self.http.request(method, whole, headers=headers, **given)

    def ok(self, method: str, path: str, body: Any = None, **given: Any) -> Any:
        """A request that must succeed; gives the answer's JSON."""
        if body is not None:
            given["json"] = body
        answer = self.send(method, path, **given)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json() if answer.content else None

    def error(self, method: str, path: str, body: Any = None, **given: Any) -> dict[str, Any]:
        """A request that must be refused; gives ``{status, code, message, field, details}``."""
        if body is not None:
            given["json"] = body
        answer = self.send(method, path, **given)
        assert answer.status_code >= 400, f"{method} {path} succeeded: {answer.text[:500]}"
        shown = answer.json()
        assert shown["data"] is None
        return {"status": answer.status_code, **shown["error"]}

    def advance(self, by: str) -> dict[str, Any]:
        """Move the simulated clock."""
        moved: dict[str, Any] = self.ok("POST", "/_sandbox/clock/advance", {"by": by})
        return moved

    def now(self) -> str:
        """The simulated time."""
        return str(self.ok("GET", "/_sandbox/clock")["now"])

    def advertiser(self, **fields: Any) -> str:
        """A new advertiser of acme.com; gives its id."""
        return str(self.ok("POST", "advertisers", {"name": "Acme Corp", "brand": "acme.com", **fields})["id"])

    def campaign(self, advertiser: str, **fields: Any) -> str:
        """A new campaign of May 2026; gives its id."""
        body = {
            "advertiserId": advertiser,
            "name": "Spring",
            "campaignType": "DECISIONED",
            "flightDates": {"startDate": "2026-05-10T00:00:00Z", "endDate": "2026-06-09T00:00:00Z"},
            "budget": {"total": 10_000, "currency": "USD"},
            **fields,
        }
        return str(self.ok("POST", "campaigns", body)["campaignId"])

    def select(self, advertiser: str, **brief: Any) -> str:
        """Discover products and select all of them; gives the id of the discovery session."""
        found = self.ok("POST", "discovery/discover-products", {"advertiserId": advertiser, **brief})
        rows = []
        for group in found["productGroups"]:
            for product in group["products"]:
                option = product["pricingOptions"][0]
                bid = {} if option["isFixed"] else {"bidPrice": option["floorPrice"] * 2}
                names = {name: group[name] for name in ("groupId", "groupName")}
                ids = {name: product[name] for name in ("productId", "salesAgentId")}
                rows.append({**names, **ids, **bid})
        self.ok("POST", f"discovery/{found['discoveryId']}/products", {"products": rows})
        return str(found["discoveryId"])

    def launch(self, **brief: Any) -> str:
        """A campaign with everything that was discovered, executed; gives its id."""
        advertiser = self.advertiser()
        campaign = self.campaign(advertiser, discoveryId=self.select(advertiser, **brief))
        assert self.ok("POST", f"campaigns/{campaign}/execute", {})["success"]
        return campaign


def settings(folder: Path, **given: Any) -> Settings:
    """Settings with files in a folder."""
    (folder / "files").mkdir(exist_ok=True)
    scenario = load(given.pop("scenario", "worlds/default"))
    return Settings(scenario, files=folder / "files", **given)


MakeLive = Callable[..., Live]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The default world, shared by the tests of a file: they may not rely on what is there."""
    server = Live(settings(tmp_path_factory.mktemp("served")))
    yield server
    server.stop()


@pytest.fixture
def make_live(tmp_path: Path) -> Iterator[MakeLive]:
    """Makes servers that keep a journal in the same folder; they stop when the test ends."""
    running: list[Live] = []

    def make(address: Address | None = None, **given: Any) -> Live:
        server = Live(settings(tmp_path, **{"journal": f"sqlite:///{tmp_path / 'journal.db'}", **given}), address)
        running.append(server)
        return server

    yield make
    for server in running:
        server.stop()


Served = Callable[[str], Live]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serves a scenario, by path or shipped name."""
    running: list[Live] = []

    def serve(name: str, **given: Any) -> Live:
        running.append(Live(settings(tmp_path, scenario=name, **given)))
        return running[-1]

    yield serve
    for live in running:
        live.stop()


@pytest.fixture(scope="module")
def one_agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The world of lifecycle/one-agent, for plays that reset it first."""
    live = Live(settings(tmp_path_factory.mktemp("one_agent"), scenario="lifecycle/one-agent"))
    yield live
    live.stop()


def url(live: Live) -> str:
    return str(live.line["buyer_api"])
