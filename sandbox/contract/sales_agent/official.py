"""The official storyboards of npm's ``@adcp/sdk``, each as a check; they run only when asked for (``--official``)."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sandbox.contract.check import Checks, Failed, Skipped
from sandbox.contract.sales_agent.agent import Agent

PACKAGE = "@adcp/sdk@6.11.0"

STORYBOARDS = (
    "capability_discovery schema_validation error_compliance idempotency v3_envelope_integrity webhook_emission "
    "deterministic_testing security_baseline pagination_integrity get_media_buys_pagination_integrity media_buy_seller "
    "media_buy_state_machine sales_non_guaranteed sales_guaranteed sales_proposal_mode sales_catalog_driven "
    "sales_broadcast_tv sales_social creative_sales_agent"
).split()
"""Those that are about agents that sell media."""

UNREACHED = ("unreachable", "auth_required")
"""What the runner says of an agent it can not talk to; the second also if "401" is anywhere, as in a port."""

SIGNED = "webhook_emission"
"""Signatures are of the machine's time, whatever the world's."""

CLOCK = Path(__file__).with_name("clock.mjs")
"""What the runner takes the time from: see there why."""

OFFICIAL: Checks[Agent] = Checks()


def _check(storyboard: str) -> Callable[[Agent], Awaitable[None]]:
    async def body(agent: Agent) -> None:
        report = await _play(agent, storyboard)
        counts = report.get("summary") or {}
        failures = report.get("failures") or []
        if report.get("overall_status") in UNREACHED:
            raise Failed("the runner", "an agent that answers it", str(counts.get("headline"))[:300])
        if failures or counts.get("steps_failed"):
            first = failures[0] if failures else {}
            where = f"{first.get('storyboard_id', storyboard)}/{first.get('step_id', '')}"
            check = first.get("validation") or {}
            said = first.get("error") or f"{check.get('description')}, found {check.get('actual')}"
            raise Failed(f"{counts.get('steps_failed', len(failures))} steps, the first of them {where}", found=said)
        if not counts.get("steps_passed"):
            raise Skipped("the runner found nothing in it that this agent claims to do")

    body.__doc__ = f"The official runner passes the agent in the storyboard {storyboard}."
    return body


for _name in STORYBOARDS:
    OFFICIAL.add(f"official.{_name}", f"{PACKAGE}, storyboard {_name}", timeout_s=300)(_check(_name))


async def _play(agent: Agent, storyboard: str) -> dict[str, Any]:
    """The runner's report on one storyboard. Raises :class:`Skipped` without Node."""
    command = [*_runner(), "storyboard", "run", agent.wire.endpoint, "--storyboards", storyboard, "--json"]
    command += ["--protocol", agent.wire.name, "--webhook-receiver", "--allow-http"]
    if agent.auth is not None:
        if agent.auth.method != "bearer":
            raise Skipped("the runner takes bearer tokens only")
        command += ["--auth", agent.auth.secret]
    clock = {"NODE_OPTIONS": f"{os.environ.get('NODE_OPTIONS', '')} --import={CLOCK.as_uri()}"}
    if agent.control is not None and storyboard != SIGNED:
        clock["RUNNER_NOW"] = (await agent.control.now()).isoformat()
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **clock},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    try:
        report = json.loads(output)
    except ValueError:
        report = None
    if not isinstance(report, dict):
        told = agent.talk.hide(errors.decode("utf-8", "replace").strip()[-300:])
        raise Failed("the runner", "a report", told or f"exit code {process.returncode}")
    return report


def _runner() -> list[str]:
    """The runner that was fetched before, or else one that npx fetches."""
    if shutil.which("node") is None:
        raise Skipped("Node is not installed")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "adcp-sandbox" / "conformance"
    fetched = base / "node_modules" / "@adcp" / "sdk" / "bin" / "adcp.js"
    if fetched.exists():
        return ["node", str(fetched)]
    if shutil.which("npx") is None:
        raise Skipped("npx is not installed")
    return ["npx", "--yes", PACKAGE]
