"""Sales agents and a buyer platform that another sandbox serves, as real services: MCP, A2A and REST."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.scenario import load
from sandbox.server.play import play, play_again
from tests.contract.serving import serving

pytestmark = pytest.mark.slow

SELLER = """
title: A real sales agent over {protocol}
seed: 3
clock: {{start: 2026-05-01, duration: 2d}}
population: {{users: 500}}
actors:
  there: {{kind: seller, url: {url}, protocol: {protocol}, auth: {{method: bearer, from_env: THERE_TOKEN}}}}
  buyer: {{kind: buyer, customers: [{{name: Acme, principal: acme}}]}}
steps:
  - {{name: Advertiser, call: buyer.create_advertiser, body: {{name: Acme, brand: acme.com}}, save: {{a: id}}}}
  - name: Find products
    call: buyer.discover_products
    body: {{advertiserId: $a, brief: News}}
    expect: {{productGroups: {{count: {{min: 1}}}}}}
    save: {{discovery: discoveryId, products: "productGroups.*.products.0.productId"}}
  - name: It says what is wrong
    call: there.get_media_buys
    body: {{adcp_version: "3.1", media_buy_ids: 7}}
    error: INVALID_REQUEST
"""

PLATFORM = """
title: A real buyer platform
seed: 3
clock: {{start: 2026-05-01, duration: 2d}}
population: {{users: 500}}
actors:
  gazette: {{kind: publisher, domain: gazette.example, placements: [{{channel: display, daily_opportunities: 500}}]}}
  northstar: {{kind: seller, publishers: [gazette]}}
  buyer:
    kind: buyer
    url: {url}
    auth: {{method: bearer, from_env: THERE_TOKEN}}
    customers: [{{name: Acme, principal: acme}}]
steps:
  - {{name: Advertiser, call: buyer.create_advertiser, body: {{name: Acme, brand: acme.com}}, save: {{a: id}}}}
  - {{name: Read it, call: buyer.get_advertiser, path: {{id: $a}}, expect: {{name: Acme}}}}
  - {{name: List them, call: buyer.list_advertisers, params: {{take: 1}}}}
  - {{name: Nobody, call: buyer.get_advertiser, path: {{id: "999999"}}, error: NOT_FOUND}}
"""


def played_twice(text: str, folder: Path) -> None:
    path, journal = folder / "real.yaml", f"sqlite:///{folder}/run.db"
    path.write_text(text)
    result = play(load(str(path)), journal=journal)
    assert result.status == "passed", [row.detail for row in result.expectations if not row.held]
    assert play_again(load(str(path)), journal).digest == result.digest


@pytest.mark.parametrize("protocol", ["mcp", "a2a"])
def test_a_sales_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str) -> None:
    with serving() as (_, ready):
        row = next(row for row in ready["agents"] if row["role"] == "sales")
        monkeypatch.setenv("THERE_TOKEN", row["token"])
        played_twice(SELLER.format(protocol=protocol, url=row[protocol]), tmp_path)


def test_a_buyer_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as (_, ready):
        monkeypatch.setenv("THERE_TOKEN", ready["customers"][0]["api_key"])
        played_twice(PLATFORM.format(url=ready["buyer_api"]), tmp_path)
