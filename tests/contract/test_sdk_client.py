"""The official Python SDK runs whole campaigns against served sales agents, at two releases over two transports."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.contract import steps
from tests.contract.serving import serving
from tests.contract.steps import Steps

Campaigns = dict[tuple[str, str], Steps]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("transport", ["mcp", "a2a"]),
    pytest.mark.parametrize("release", ["3.1", "3.2"]),
]


@pytest.fixture(scope="module")
def campaigns() -> Campaigns:
    """What the client's program prints, by transport and release; loading the SDK takes most of the time."""
    with serving() as (ready, _):
        command = [sys.executable, "-W", "ignore", "-m", "tests.contract.sdk_client", str(ready)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    lines: dict[tuple[str, str], list[str]] = {}
    for line in done.stdout.splitlines():
        row = json.loads(line)
        lines.setdefault((row["transport"], row["release"]), []).append(line)
    return {key: steps.read(rows) for key, rows in lines.items()}


def test_a_campaign_goes_from_discovery_to_its_report(campaigns: Campaigns, transport: str, release: str) -> None:
    steps.assert_complete(campaigns[transport, release])


def test_a_repeated_order_is_one_order_and_its_webhook_passes_the_sdk_verifier(
    campaigns: Campaigns, transport: str, release: str
) -> None:
    played = campaigns[transport, release]
    steps.assert_told_once(played)
    assert played["webhook"]["refused"] == []


def test_refusals_are_the_typed_errors_of_the_sdk(campaigns: Campaigns, transport: str, release: str) -> None:
    played = campaigns[transport, release]
    steps.assert_refused(played)
    assert played["order of what is not there"]["error"] == "ADCPTaskError"
