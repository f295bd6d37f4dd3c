"""Agents over A2A: whose tasks can be read again, how many, and for how long; messages that are too deep."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.server.conftest import Live
from tests.server.test_agents import agent, post


def rpc(row: dict[str, Any], method: str, params: dict[str, Any], customer: str = "acme") -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = post(row["a2a"], row["tokens"][customer], body, **{"A2A-Version": "1.0"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def message(skill: str, **payload: Any) -> dict[str, Any]:
    data = {"skill": skill, "input": {"adcp_version": "3.1", **payload}}
    return {"message": {"messageId": "m-1", "role": "ROLE_USER", "parts": [{"data": data}]}}


def test_a_customer_reads_its_own_tasks_and_nobody_elses(live: Live) -> None:
    row = agent(live)
    mine = rpc(row, "SendMessage", message("list_accounts"))["result"]["task"]["id"]
    assert rpc(row, "GetTask", {"id": mine})["result"]["id"] == mine
    assert mine in [task["id"] for task in rpc(row, "ListTasks", {})["result"]["tasks"]]
    assert "error" in rpc(row, "GetTask", {"id": mine}, "globex")
    assert mine not in [task["id"] for task in rpc(row, "ListTasks", {}, "globex")["result"].get("tasks", [])]
    old = {"jsonrpc": "2.0", "id": 1, "method": "tasks/get", "params": {"id": mine}}
    assert "error" in post(row["a2a"], row["tokens"]["globex"], old).json()
    follow_up = message("list_accounts")
    follow_up["message"]["taskId"] = mine
    assert "error" in rpc(row, "SendMessage", follow_up, "globex")


def test_a_reset_leaves_no_task_behind(live: Live) -> None:
    row = agent(live)
    mine = rpc(row, "SendMessage", message("list_accounts"))["result"]["task"]["id"]
    live.ok("POST", "/_sandbox/reset", {})
    assert "error" in rpc(row, "GetTask", {"id": mine})


def test_an_agent_forgets_the_oldest_tasks_of_each_customer() -> None:
    from a2a.server.context import ServerCallContext
    from a2a.types import Task

    from sandbox.server.a2a_tasks import Holder, RecentTasks

    async def play() -> list[bool]:
        store, contexts = RecentTasks(2), [ServerCallContext(user=Holder(name)) for name in ("acme", "globex")]
        for number in range(5):
            for context in contexts[: 1 if number else 2]:
                await store.save(Task(id=f"t{number}"), context)
                await store.save(Task(id=f"t{number}"), context)
        kept = [await store.get(f"t{number}", contexts[0]) for number in range(5)]
        return [task is not None for task in (*kept, await store.get("t0", contexts[1]))]

    assert asyncio.run(play()) == [False, False, False, True, True, True]


@pytest.mark.parametrize(("depth", "taken"), [(24, True), (25, False), (45, False)])
def test_an_input_whose_answer_would_be_too_deep_is_refused_before_anything_is_done(
    live: Live, depth: int, taken: bool
) -> None:
    deep: dict[str, Any] = {}
    for _ in range(depth - 2):
        deep = {"in": deep}
    domain = f"deep{depth}.example"
    account = {"brand": {"domain": domain}, "operator": "acme.com", "billing": "operator"}
    wanted = message("sync_accounts", idempotency_key=f"key-of-the-deep-{depth}", accounts=[account], context=deep)
    row = agent(live)
    answer = rpc(row, "SendMessage", wanted)
    assert ("result" in answer) is taken, answer
    known = rpc(row, "SendMessage", message("list_accounts"))["result"]["task"]["artifacts"][0]["parts"][1]["data"]
    assert (domain in str(known)) is taken
