"""Somebody's sales agent, built with the official Python SDK's server framework, inside thirty simulated days."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from sandbox.scenario import load
from sandbox.server.play import play, play_again
from tests.contract.programs import program

pytestmark = pytest.mark.slow

SCENARIO = str(Path(__file__).parent / "sdk_seller.yaml")
TOKEN = "token-of-the-sdk-seller"


def test_thirty_days_with_it_are_green_and_come_about_again_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = f"sqlite:///{tmp_path}/run.db"
    monkeypatch.setenv("SELLER_TOKEN", TOKEN)
    with program([sys.executable, "-m", "tests.contract.sdk_seller"], {"SELLER_TOKEN": TOKEN}) as url:
        monkeypatch.setenv("SDK_SELLER_URL", url)
        result = play(load(SCENARIO), journal=journal)
    assert result.status == "passed", [row.detail for row in result.expectations if not row.held]
    answers = Counter(e.data["operation"] for e in result.trace.of("reply") if e.actor == "sdk" and e.data["ok"])
    assert answers["create_media_buy"] == 1
    assert answers["get_media_buy_delivery"] >= 30
    monkeypatch.delenv("SDK_SELLER_URL")
    monkeypatch.delenv("SELLER_TOKEN")
    again = play_again(load(SCENARIO), journal)
    assert (again.status, again.digest) == ("passed", result.digest)
    assert TOKEN.encode() not in (tmp_path / "run.db").read_bytes()
