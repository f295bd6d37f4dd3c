"""Answers that come later: a task that is waited for."""

from __future__ import annotations

from typing import Any

from sandbox.contract.check import Skipped
from sandbox.contract.sales_agent.agent import Agent

APPROVAL_HOURS = 96.0
"""How long people may take to approve."""

FINAL = ("completed", "failed", "rejected", "canceled")


async def finished(agent: Agent, task_id: str) -> dict[str, Any]:
    """A task when it is over. Raises :class:`Skipped` where that can't be asked, or people said no."""
    if "get_task_status" not in agent.tools:
        raise Skipped("the answer is a task here, and there is no get_task_status")

    async def over() -> dict[str, Any] | None:
        task = await agent.ok("get_task_status", agent.here({"task_id": task_id, "include_result": True}))
        return task if task.get("status") in FINAL else None

    task: dict[str, Any] = await agent.until(over, APPROVAL_HOURS)
    if task["status"] == "rejected":
        raise Skipped(f"the agent's people rejected the task {task_id}")
    return task
