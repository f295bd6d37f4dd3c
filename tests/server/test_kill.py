"""A server that is killed at any moment has, after a restart, everything that it acknowledged."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.conftest import KEY
from tests.server.postgres import Postgres, available

WORLD = """
title: A small world for tests of the journal
clock: {start: 2026-05-01, duration: 1d}
population: {users: 500}
actors:
  herald:
    kind: publisher
    placements: [{channel: display, daily_opportunities: 500}]
  northstar: {kind: seller, publishers: [herald]}
  buyer: {kind: buyer}
"""


class Session:
    """A client that remembers what the server acknowledged, over any number of servers."""

    def __init__(self, folder: Path, journal: str, seed: int) -> None:
        self.folder = folder
        self.journal = journal
        self.rng = random.Random(seed)
        (folder / "world.yaml").write_text(WORLD)
        self.names: dict[str, set[str]] = {}
        """Campaigns to the names that they may have: the acknowledged one, and one that was on its way."""
        self.advertiser = ""
        self.now = ""
        self.acknowledged = 0

    def start(self) -> None:
        """Start a server, and check that all is there."""
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "sandbox.cli",
            "serve",
            "world.yaml",
            "--port",
            "0",
            "--ready-file",
            str(ready),
        ]
        self.process = subprocess.Popen(
            [*command, "--journal", self.journal], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        deadline = time.monotonic() + 60
        while not (ready.exists() and ready.read_text().endswith("\n")):
            assert time.monotonic() < deadline, "the server did not become ready"
            assert self.process.poll() is None, self.process.stderr.read().decode()  # type: ignore[union-attr]
            time.sleep(0.02)
        line = json.loads(ready.read_text())
        self.http = httpx.Client(base_url=line["buyer_api"], headers={"Authorization": f"Bearer {KEY}"}, timeout=30)
        assert line["replayed"] >= self.acknowledged
        assert self.http.get("/_sandbox/clock").json()["now"] >= self.now
        rows = self.http.get("/api/v2/buyer/campaigns").json()["campaigns"]
        there = {row["campaignId"]: row["name"] for row in rows}
        for campaign, names in self.names.items():
            assert there.get(campaign) in names
            self.names[campaign] = {there[campaign]}

    def act(self) -> None:
        """Send requests until the server is gone."""
        with contextlib.suppress(httpx.TransportError):
            while True:
                self._step()

    def _step(self) -> None:
        kind = self.rng.choice(("create", "create", "rename", "rename", "advance", "read"))
        if not self.advertiser:
            known = self.http.get("/api/v2/buyer/advertisers").json()["items"]
            self.advertiser = known[0]["id"] if known else ""
        if not self.advertiser:
            self.advertiser = self._post("advertisers", {"name": "Acme", "brand": "acme.com"})["id"]
        elif kind == "create" or not self.names:
            name = f"n{self.rng.random()}"
            made = self._post("campaigns", self._campaign(name))
            self.names[made["campaignId"]] = {name}
        elif kind == "rename":
            campaign, name = self.rng.choice(list(self.names)), f"n{self.rng.random()}"
            self.names[campaign].add(name)
            answer = self.http.put(f"/api/v2/buyer/campaigns/{campaign}", json={"name": name})
            assert answer.status_code == 200, answer.text
            self.acknowledged += 1
            self.names[campaign] = {name}
        elif kind == "advance":
            self.now = self.http.post("/_sandbox/clock/advance", json={"by": "1h"}).json()["now"]
        else:
            assert self.http.get(f"/api/v2/buyer/campaigns/{next(iter(self.names))}").status_code == 200

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post(f"/api/v2/buyer/{path}", json=body)
        assert answer.status_code < 300, answer.text
        self.acknowledged += 1
        made: dict[str, Any] = answer.json()
        return made

    def _campaign(self, name: str) -> dict[str, Any]:
        flight = {"startDate": "2027-05-10T00:00:00Z", "endDate": "2027-06-09T00:00:00Z"}
        budget = {"total": 1000, "currency": "USD"}
        return {"advertiserId": self.advertiser, "name": name, "flightDates": flight, "budget": budget}

    def kill(self) -> None:
        """Let requests run for a random moment, and kill the server without a word."""
        acting = threading.Thread(target=self.act)
        acting.start()
        time.sleep(self.rng.uniform(0.0, 0.25))
        self.process.kill()
        self.process.wait()
        acting.join()
        self.process.stderr.close()  # type: ignore[union-attr]
        self.http.close()


@pytest.mark.slow
@pytest.mark.long
def test_everything_acknowledged_survives_200_kills(tmp_path: Path) -> None:
    session = Session(tmp_path, f"sqlite:///{tmp_path}/journal.db", seed=1)
    for _ in range(200):
        session.start()
        session.kill()
    session.start()
    session.kill()
    assert session.acknowledged > 1_000


def test_everything_acknowledged_survives_a_few_kills(tmp_path: Path) -> None:
    session = Session(tmp_path, f"sqlite:///{tmp_path}/journal.db", seed=2)
    for _ in range(3):
        session.start()
        session.kill()
    session.start()
    session.kill()
    assert session.acknowledged


@pytest.mark.slow
@available
def test_everything_acknowledged_survives_kills_with_postgresql(tmp_path: Path) -> None:
    with Postgres() as server:
        session = Session(tmp_path, server.url, seed=3)
        for _ in range(10):
            session.start()
            session.kill()
        session.start()
        session.kill()
        assert session.acknowledged
