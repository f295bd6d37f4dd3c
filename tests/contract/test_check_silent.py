"""What takes connections and never answers: each check says so, and soon."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from sandbox.contract import talk
from sandbox.contract.run import run
from sandbox.contract.subjects import SUBJECTS, subject
from sandbox.core.errors import InputError

WAYS = {"outcome-agent": 1, "buyer-platform": 1, "sales-agent": 2}
"""How many times the first answer is waited for: a sales agent may speak MCP or A2A."""


@asynccontextmanager
async def silent(answers: int = 0) -> AsyncIterator[str]:
    """A server that answers so many requests as MCP has it, and none after them."""
    left = [answers]

    async def take(request: web.Request) -> web.Response:
        left[0] -= 1
        if left[0] < 0:
            await asyncio.sleep(60)
        number = json.loads(await request.text()).get("id")
        return web.json_response({"jsonrpc": "2.0", "id": number, "result": {"tools": [], "protocolVersion": "x"}})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("name", SUBJECTS)
def test_who_never_answers_is_told_within_forty_seconds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert WAYS[name] * talk.REACH_S < 40
    monkeypatch.setattr(talk, "REACH_S", 0.2)

    async def check() -> None:
        async with silent() as url:
            await asyncio.wait_for(run(subject(name), url), WAYS[name] * 0.2 + 5)

    with pytest.raises(InputError, match=r"(nothing|no agent) answers: .*none within 0.2 s"):
        asyncio.run(check())


@pytest.mark.parametrize("answers", [1, 2])
def test_a_sales_agent_that_falls_silent_before_the_first_check_is_told(
    answers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk, "REACH_S", 0.2)

    async def check() -> None:
        async with silent(answers) as url:
            await run(subject("sales-agent"), url, options={"protocol": "mcp"})

    with pytest.raises(InputError, match=r"none within 0\.2 s"):
        asyncio.run(check())


@pytest.mark.slow
def test_the_wait_is_over_in_real_time() -> None:
    async def check() -> float:
        async with silent() as url:
            begun = asyncio.get_running_loop().time()
            with pytest.raises(InputError, match="nothing answers"):
                await run(subject("outcome-agent"), url)
            return asyncio.get_running_loop().time() - begun

    assert asyncio.run(check()) < 20
