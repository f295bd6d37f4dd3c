"""The official Python SDK runs whole campaigns against served sales agents, at two releases over two transports."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.contract import steps
from tests.contract.serving import serving
from tests.contract.steps import Steps

Campaigns = dict[tuple[str, str, str], Steps]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("transport", ["mcp", "a2a"]),
    pytest.mark.parametrize("release", ["3.1", "3.2"]),
]


@pytest.fixture(scope="module")
def campaigns() -> Campaigns:
    """What the client's program prints, by transport, release and play; loading the SDK takes most of the time."""
    with serving() as (ready, _):
        command = [sys.executable, "-W", "ignore", "-m", "tests.contract.sdk_client", str(ready)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    lines: dict[tuple[str, str, str], list[str]] = {}
    for line in done.stdout.splitlines():
        row = json.loads(line)
        lines.setdefault((row["transport"], row["release"], row["play"]), []).append(line)
    return {key: steps.read(rows) for key, rows in lines.items()}


def test_a_campaign_goes_from_discovery_to_its_report(campaigns: Campaigns, transport: str, release: str) -> None:
    steps.assert_complete(campaigns[transport, release, "campaign"])


def test_a_repeated_order_is_one_order_and_its_webhook_passes_the_sdk_verifier(
    campaigns: Campaigns, transport: str, release: str
) -> None:
    played = campaigns[transport, release, "campaign"]
    steps.assert_told_once(played)
    assert played["webhook"]["refused"] == []


def test_refusals_are_the_typed_errors_of_the_sdk(campaigns: Campaigns, transport: str, release: str) -> None:
    played = campaigns[transport, release, "campaign"]
    steps.assert_refused(played)
    assert played["order of what is not there"]["error"] == "ADCPTaskError"


def test_a_proposal_becomes_a_media_buy_whose_webhook_is_signed_with_the_shared_secret(
    campaigns: Campaigns, transport: str, release: str
) -> None:
    played = campaigns[transport, release, "proposal"]
    assert played["proposal"]["status"] == ("draft" if release == "3.2" else "committed")
    assert played["acceptance"]["status"] == "submitted"
    assert played["task a day later"]["status"] == "completed"
    assert played["webhook"]["task"] == played["acceptance"]["task"]
    assert (played["webhook"]["status"], played["webhook"]["refused"]) == ("completed", [])
    assert played["media buy"]["status"] == "pending_creatives"
    assert sum(played["media buy"]["budgets"]) == pytest.approx(2000)


def test_terms_are_negotiated_and_controlled_with_the_compact_tools(
    campaigns: Campaigns, transport: str, release: str
) -> None:
    played = campaigns[transport, release, "proposal"]
    if release == "3.1":
        assert "refinement" not in played
        return
    assert played["proposal"]["total"] > 2000
    assert played["refinement"]["outcome"] == "revised"
    assert played["refinement"]["totals"] == [2000, 2000]
    assert played["decline"]["outcome"] == "declined"
    assert (played["commitment"]["status"], played["commitment"]["expires"]) == ("committed", True)
    first, paused, resumed = played["control"]["revisions"]
    assert first < paused < resumed
    assert played["direct purchase"]["status"] == "submitted"
    assert played["direct purchase"]["task"] != played["acceptance"]["task"]
