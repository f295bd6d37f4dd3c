"""Somebody's outcome agent, an Express server in a process of its own, inside thirty simulated days."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.core.errors import InputError
from sandbox.scenario import load
from sandbox.server.play import play, play_again
from tests.contract.programs import EXPRESS, express_agent

pytestmark = pytest.mark.slow

CAMPAIGN = str(EXPRESS / "campaign.yaml")
KEY = "key-of-the-express-agent"


def test_thirty_days_with_it_are_green_and_come_about_again_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # rules 198 to 211
    journal = f"sqlite:///{tmp_path}/run.db"
    monkeypatch.setenv("OUTCOME_KEY", KEY)
    with express_agent(KEY) as url:
        monkeypatch.setenv("EXPRESS_AGENT_URL", url)
        result = play(load(CAMPAIGN), journal=journal)
    assert result.status == "passed", [row.detail for row in result.expectations if not row.held]
    monkeypatch.delenv("EXPRESS_AGENT_URL")
    monkeypatch.delenv("OUTCOME_KEY")
    again = play_again(load(CAMPAIGN), journal)
    assert again.status == "passed"
    assert again.digest == result.digest
    assert KEY.encode() not in (tmp_path / "run.db").read_bytes()
    assert not any(KEY in str(event.data) for event in result.trace.events)


def test_it_buys_before_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # rules 201 and 208
    monkeypatch.setenv("OUTCOME_KEY", KEY)
    with express_agent(KEY) as url:
        monkeypatch.setenv("EXPRESS_AGENT_URL", url)
        result = play(load(CAMPAIGN))
    told = [
        (event.data["operation"], event.data["ok"])
        for event in result.trace.of("reply")
        if event.data["operation"] in ("create_media_buy", "accept-proposal") and event.actor in ("buyer", "express")
    ]
    assert told[:3] == [("create_media_buy", True), ("create_media_buy", True), ("accept-proposal", True)]
    active = [event for event in result.trace.of("status") if event.data["entity"] == "tactic"]
    assert [event.data["new"] for event in active][:3] == ["PROPOSED", "ASSIGNING", "ACTIVE"]


def test_an_agent_with_another_key_stops_the_run_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:  # rule 206
    monkeypatch.setenv("OUTCOME_KEY", "another-key")
    with express_agent(KEY) as url:
        monkeypatch.setenv("EXPRESS_AGENT_URL", url)
        with pytest.raises(InputError, match=r"actors.express.announce: .* it answers with status 401"):
            play(load(CAMPAIGN))
