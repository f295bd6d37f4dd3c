"""How the check of sales agents speaks A2A: to whom an agent card sends it, and what it makes of tasks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from sandbox.contract.mcp import Told
from sandbox.contract.sales_agent.wires import A2a
from sandbox.contract.talk import Talk

Json = dict[str, Any]
SKILLS = [{"id": "get_products"}]
ANSWER = {"status": "completed", "products": []}


def modern(base: str) -> Json:
    rows = [
        {"url": f"{base}/grpc", "protocolBinding": "GRPC", "protocolVersion": "1.0"},
        {"url": f"{base}/rpc", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
    ]
    return {"skills": SKILLS, "supportedInterfaces": rows}


def older(base: str) -> Json:
    return {"skills": SKILLS, "url": "/rpc", "preferredTransport": "JSONRPC", "protocolVersion": "0.3.0"}


def beside(base: str) -> Json:
    more = [{"url": f"{base}/rest", "transport": "HTTP+JSON"}, {"url": f"{base}/rpc", "transport": "JSONRPC"}]
    return {"skills": SKILLS, "url": f"{base}/grpc", "preferredTransport": "GRPC", "additionalInterfaces": more}


async def told(card: Callable[[str], Json], *results: Json) -> tuple[Told, list[str]]:
    """What a call of ``get_products`` came to, and the methods that were called for it."""
    methods: list[str] = []
    left = list(results)

    async def rpc(request: web.Request) -> web.Response:
        message = json.loads(await request.read())
        methods.append(message["method"])
        return web.json_response({"jsonrpc": "2.0", "id": message["id"], "result": left.pop(0)})

    async def about(request: web.Request) -> web.Response:
        return web.json_response(card(f"http://{request.host}"))

    app = web.Application()
    app.router.add_post("/rpc", rpc)
    app.router.add_get("/.well-known/agent-card.json", about)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with Talk() as talk:
            wire = A2a(f"http://127.0.0.1:{runner.addresses[0][1]}", None, talk)
            await wire.open()
            return await wire.call("get_products", {}, None), methods
    finally:
        await runner.cleanup()


def task(state: str, **more: Json) -> Json:
    return {"id": "t1", "status": {"state": state, **more}}


def done(data: Json, state: str = "completed") -> Json:
    return {**task(state), "artifacts": [{"parts": [{"kind": "text", "text": "…"}, {"kind": "data", "data": data}]}]}


@pytest.mark.parametrize("card", [modern, older, beside])
def test_an_agent_is_called_over_json_rpc_wherever_its_card_has_that(card: Callable[[str], Json]) -> None:
    found, methods = asyncio.run(told(card, done(ANSWER)))
    assert (found.body, found.failed) == (ANSWER, False)
    assert methods == ["SendMessage" if card is modern else "message/send"]


def test_a_task_that_is_not_over_is_asked_for_until_it_is() -> None:
    found, methods = asyncio.run(told(older, task("submitted"), task("working"), done(ANSWER)))
    assert (found.body, found.failed) == (ANSWER, False)
    assert methods == ["message/send", "tasks/get", "tasks/get"]
    found, methods = asyncio.run(
        told(modern, {"task": task("TASK_STATE_WORKING")}, done(ANSWER, "TASK_STATE_COMPLETED"))
    )
    assert (found.body, methods) == (ANSWER, ["SendMessage", "GetTask"])


def test_what_a_task_wants_to_know_is_in_the_message_about_its_state() -> None:
    asked = {"status": "input-required", "message": "who pays?"}
    said = {"role": "agent", "parts": [{"kind": "data", "data": asked}]}
    found, _ = asyncio.run(told(older, task("input-required", message=said)))
    assert (found.body, found.failed) == (asked, False)


def test_an_agent_may_answer_with_a_message_instead_of_a_task() -> None:
    found, _ = asyncio.run(told(older, {"kind": "message", "parts": [{"kind": "data", "data": ANSWER}]}))
    assert (found.body, found.failed) == (ANSWER, False)


@pytest.mark.parametrize("state", ["failed", "rejected", "TASK_STATE_FAILED", "TASK_STATE_REJECTED"])
def test_a_task_that_failed_is_a_refusal(state: str) -> None:
    found, _ = asyncio.run(told(older, done({"adcp_error": {"code": "INVALID_REQUEST"}}, state)))
    assert found.failed


def test_an_answer_without_data_is_a_failure() -> None:
    found, _ = asyncio.run(told(older, task("completed")))
    assert (found.body, found.failed) == (None, True)
