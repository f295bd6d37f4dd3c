"""Creatives that are added, changed and removed (rule 204)."""

from __future__ import annotations

from sandbox.contract.outcome_agent.agent import OutcomeAgent, expect_refused
from sandbox.contract.outcome_agent.bodies import CREATIVE
from sandbox.contract.outcome_agent.checks import CHECKS

_RULE = "rule 204; seed 002, /tactic-creatives-updated"
_SECOND = {**CREATIVE, "creativeId": "cr_002", "assetUrl": "https://cdn.acme.example/second.png"}


@CHECKS.add("creatives.added", _RULE)
async def added(agent: OutcomeAgent) -> None:
    """It takes another creative."""
    tactic = await agent.tactic()
    patch = [{"op": "add", "path": "/creatives/-", "value": _SECOND}]
    await agent.tactic_creatives_updated(tactic.creatives([CREATIVE, _SECOND], patch))


@CHECKS.add("creatives.changed", _RULE)
async def changed(agent: OutcomeAgent) -> None:
    """It takes a creative that is another one now."""
    tactic, url = await agent.tactic(), "https://cdn.acme.example/better.png"
    patch = [{"op": "replace", "path": "/creatives/0/assetUrl", "value": url}]
    await agent.tactic_creatives_updated(tactic.creatives([{**CREATIVE, "assetUrl": url}], patch))


@CHECKS.add("creatives.removed", _RULE)
async def removed(agent: OutcomeAgent) -> None:
    """It takes it that the last creative is gone."""
    tactic = await agent.tactic()
    await agent.tactic_creatives_updated(tactic.creatives([], [{"op": "remove", "path": "/creatives/0"}]))


@CHECKS.add("creatives.retry", "rules 204, 207; seed 002, Endpoint Reliability")
async def retry(agent: OutcomeAgent) -> None:
    """A change of creatives that is repeated is taken again."""
    tactic = await agent.tactic()
    body = tactic.creatives([], [{"op": "remove", "path": "/creatives/0"}])
    for _ in range(2):
        await agent.tactic_creatives_updated(body, f"{tactic.tactic_id}-creatives-1")
    await agent.tactic_creatives_updated(body)


@CHECKS.add("creatives.unknown", _RULE, severity="should")
async def unknown(agent: OutcomeAgent) -> None:
    """Creatives of a tactic that it does not have are refused."""
    body = {"tacticId": "never-proposed", "creatives": [CREATIVE], "patch": []}
    expect_refused(await agent.post("tactic-creatives-updated", body), "a tactic that is not there")
