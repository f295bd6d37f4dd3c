"""Feedback of every degree is taken (rule 205)."""

from __future__ import annotations

from sandbox.contract.outcome_agent.agent import OutcomeAgent, expect_refused
from sandbox.contract.outcome_agent.checks import CHECKS

_RULE = "rule 205; seed 002, /tactic-feedback"


async def _told(agent: OutcomeAgent, delivery: float, performance: float) -> None:
    tactic = await agent.tactic()
    await agent.tactic_feedback(tactic.feedback(await agent.now(), delivery, performance))


@CHECKS.add("feedback.nothing", _RULE)
async def nothing(agent: OutcomeAgent) -> None:
    """It takes feedback that nothing was delivered: both indexes 0."""
    await _told(agent, 0, 0)


@CHECKS.add("feedback.half", _RULE)
async def half(agent: OutcomeAgent) -> None:
    """It takes feedback that half was delivered: 50."""
    await _told(agent, 50, 50)


@CHECKS.add("feedback.on_target", _RULE)
async def on_target(agent: OutcomeAgent) -> None:
    """It takes feedback that all is on target: 100."""
    await _told(agent, 100, 100)


@CHECKS.add("feedback.above", f"{_RULE} (sends 110)")
async def above(agent: OutcomeAgent) -> None:
    """It takes feedback above 100: the indexes are not clamped."""
    await _told(agent, 110, 110)


@CHECKS.add("feedback.retry", "rules 205, 207; seed 002, Endpoint Reliability")
async def retry(agent: OutcomeAgent) -> None:
    """Feedback that is repeated is taken again."""
    tactic = await agent.tactic()
    body = tactic.feedback(await agent.now(), 70)
    for _ in range(2):
        await agent.tactic_feedback(body, f"{tactic.tactic_id}-feedback-1")
    await agent.tactic_feedback(body)


@CHECKS.add("feedback.unknown", _RULE, severity="should")
async def unknown(agent: OutcomeAgent) -> None:
    """Feedback on a tactic that it does not have is refused."""
    tactic = await agent.tactic()
    body = {**tactic.feedback(await agent.now(), 90), "tacticId": "never-proposed"}
    expect_refused(await agent.post("tactic-feedback", body), "a tactic that is not there")
