"""Changes of a tactic's context: every kind is taken, as values and as patch of RFC 6902 (rule 203)."""

from __future__ import annotations

from sandbox.contract.outcome_agent.agent import OutcomeAgent, expect_refused
from sandbox.contract.outcome_agent.bodies import day, replace
from sandbox.contract.outcome_agent.checks import CHECKS

_RULE = "rule 203; seed 002, /tactic-context-updated"


@CHECKS.add("context.budget_up", _RULE)
async def budget_up(agent: OutcomeAgent) -> None:
    """It takes more budget."""
    tactic = await agent.tactic()
    await agent.tactic_context_updated(tactic.change(budget=round(1.2 * tactic.context["budget"], 2)))


@CHECKS.add("context.budget_down", _RULE)
async def budget_down(agent: OutcomeAgent) -> None:
    """It takes less budget."""
    tactic = await agent.tactic()
    await agent.tactic_context_updated(tactic.change(budget=round(0.8 * tactic.context["budget"], 2)))


@CHECKS.add("context.below_spend", _RULE)
async def below_spend(agent: OutcomeAgent) -> None:
    """It takes a budget that is less than what it has bought for already."""
    await agent.tactic_context_updated((await agent.tactic()).change(budget=0.01))


@CHECKS.add("context.dates", _RULE)
async def dates(agent: OutcomeAgent) -> None:
    """It takes another flight: a later start, an earlier end, a later end."""
    tactic, now = await agent.tactic(), await agent.now()
    await agent.tactic_context_updated(tactic.change(startDate=day(now, 4)))
    await agent.tactic_context_updated(tactic.change(endDate=day(now, 20)))
    await agent.tactic_context_updated(tactic.change(startDate=day(now, 5), endDate=day(now, 40)))


@CHECKS.add("context.pause", _RULE)
async def pause(agent: OutcomeAgent) -> None:
    """It takes a pause and the end of the pause."""
    tactic = await agent.tactic()
    added = [{"op": "add", "path": "/status", "value": "PAUSED"}]
    await agent.tactic_context_updated(tactic.change(added, status="PAUSED"))
    await agent.tactic_context_updated(tactic.change(status="ACTIVE"))


@CHECKS.add("context.retry", "rules 203, 207; seed 002, Endpoint Reliability")
async def retry(agent: OutcomeAgent) -> None:
    """A change that is repeated is taken again, with or without its key."""
    tactic = await agent.tactic()
    body = tactic.change(
        [{"op": "test", "path": "/budget", "value": tactic.context["budget"]}, replace("/budget", 1234)], budget=1234
    )
    for key in ("change-1", "change-1", ""):
        await agent.tactic_context_updated(body, key and f"{tactic.tactic_id}-{key}")


@CHECKS.add("context.applied", "rule 203; RFC 6902, section 4.6", severity="should")
async def applied(agent: OutcomeAgent) -> None:
    """Changes add up: a patch that tests for the budget of the change before is taken, one for another is refused."""
    tactic = await agent.tactic()
    await agent.tactic_context_updated(tactic.change(budget=4321))
    told = {"op": "test", "path": "/budget", "value": 4321}
    await agent.tactic_context_updated(tactic.change([told, replace("/budget", 4000)], budget=4000))
    wrong = tactic.change([told, replace("/budget", 3000)], budget=3000)
    expect_refused(await agent.post("tactic-context-updated", wrong), "a patch whose test does not hold")


@CHECKS.add("context.agrees", _RULE, severity="should")
async def agrees(agent: OutcomeAgent) -> None:
    """A change whose patch does not make the values that it names is refused."""
    tactic = await agent.tactic()
    body = tactic.change([replace("/budget", 1500)], budget=2500)
    expect_refused(await agent.post("tactic-context-updated", body), "tactic and patch that differ")


@CHECKS.add("context.unknown", _RULE, severity="should")
async def unknown(agent: OutcomeAgent) -> None:
    """A change of a tactic that it does not have is refused."""
    tactic = await agent.tactic()
    body = {**tactic.change(budget=1000), "tacticId": "never-proposed"}
    expect_refused(await agent.post("tactic-context-updated", body), "a tactic that is not there")
