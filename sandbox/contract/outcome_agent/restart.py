"""What an agent knows outlives it (rule 207)."""

from __future__ import annotations

import asyncio
import os

from sandbox.contract.check import Failed, Skipped, expect
from sandbox.contract.outcome_agent.agent import OPERATIONS, OutcomeAgent
from sandbox.contract.outcome_agent.checks import CHECKS
from sandbox.contract.talk import NoAnswer

START_S = 60.0
"""How long an agent may take to be there again, in seconds."""


@CHECKS.add("restart.remembers", "rules 203, 205, 207; seed 002, Endpoint Reliability", timeout_s=2 * START_S + 60)
async def remembers(agent: OutcomeAgent) -> None:
    """After a restart it still has its tactics: feedback, a change, and the repeated acceptance are taken."""
    if not agent.restart:
        raise Skipped("--restart CMD says how to stop and start it again")
    tactic = await agent.tactic()
    await _restart(agent)
    await agent.tactic_feedback(tactic.feedback(await agent.now(), 80))
    await agent.tactic_context_updated(tactic.change(budget=round(0.9 * tactic.context["budget"], 2)))
    answer = await agent.accept_proposal(tactic.accepted, f"{tactic.accepted['proposalId']}-accept")
    expect(answer["acknowledged"], "acknowledged after the restart", True, answer)


async def _restart(agent: OutcomeAgent) -> None:
    """Run the command, and wait until the agent answers."""
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_shell(
        agent.restart, stdin=nowhere, stdout=nowhere, stderr=nowhere, env=dict(os.environ)
    )
    try:
        code = await asyncio.wait_for(process.wait(), START_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise Failed("--restart", "a command that ends: let it start the agent in the background", "it runs") from None
    if code:
        raise Failed("--restart", "a command that succeeds", f"exit code {code}")
    for _ in range(round(START_S / 0.25)):
        try:
            await agent.talk.send("POST", f"{agent.url}/{OPERATIONS[0]}", {}, timeout_s=5)
            return
        except NoAnswer:
            agent.talk.exchanges.pop()
            await asyncio.sleep(0.25)
    raise Failed("the agent after its restart", f"an answer within {START_S:g} s", "none")
