"""An outcome agent may buy before it answers, while single messages are checked too: a counter sells to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from aiohttp import ClientConnectorError, ClientSession, web
from aiohttp.test_utils import unused_port
from hypothesis import given
from hypothesis import strategies as st

from sandbox.contract.auth import Auth
from sandbox.contract.outcome_agent import SUBJECT
from sandbox.contract.outcome_agent.counter import Counter, Refused
from sandbox.contract.run import Verdict, run

Json = dict[str, Any]
KEY = "let-me-in"


class Eager:
    """Buys for nine tenths of its budget before it acknowledges, and declines if it can't."""

    def __init__(self, platform: str) -> None:
        self.platform, self.tactics, self.orders = platform, dict[str, Json](), list[Json]()

    async def buy(self, tactic_id: str, budget: float) -> str:
        """Why it could not be bought; empty if it could."""
        async with ClientSession() as session:
            wanted = {"channels": ["display"], "countries": ["US"]}
            async with session.post(f"{self.platform}/rest/v1/get-products", json=wanted) as answer:
                product = (await answer.json())["products"][0]
            order = {"tacticId": tactic_id, "productId": product["productId"], "budget": budget, "idempotencyKey": "1"}
            async with session.post(f"{self.platform}/rest/v1/create-media-buy", json=order) as answer:
                told = await answer.json()
        self.orders.append(told)
        return "" if answer.status == 201 else json.dumps(told)

    async def operation(self, name: str, body: Json) -> Json:
        if name == "get-proposals":
            tactic_id, money = f"t-{body['campaignId']}", body["budgetRange"]
            price = {"method": "passthrough", "rate": 0, "currency": money["currency"]}
            row = {"tacticId": tactic_id, "execution": "At once", "budgetCapacity": money["max"], "pricing": price}
            return {"proposals": [row]}
        if name == "accept-proposal":
            why = await self.buy(body["tacticId"], body["tacticContext"]["budget"] * 0.9)
            return {"acknowledged": False, "reason": why} if why else {"acknowledged": True}
        return {}

    async def handle(self, request: web.Request) -> web.Response:
        if request.headers.get("X-API-Key") != KEY:
            return web.json_response({"error": "Unauthorized"}, status=401)
        body = await request.json()
        if "campaignId" not in body and "tacticId" not in body:
            return web.json_response({"error": "what is it about?"}, status=400)
        return web.json_response(await self.operation(request.path.strip("/"), body))


@asynccontextmanager
async def serving(agent: Eager) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/{operation}", agent.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", unused_port())
    await site.start()
    try:
        yield site.name
    finally:
        await runner.cleanup()


async def checked(port: int, platform: int, *only: str) -> tuple[Verdict, Eager]:
    agent = Eager(f"http://127.0.0.1:{platform}")
    async with serving(agent) as url:
        return await run(SUBJECT, url, Auth("api-key", KEY), only, None, {"platform_port": port}), agent


def test_it_can_buy_while_its_acceptance_is_checked() -> None:  # rules 201 and 208
    port = unused_port()
    verdict, agent = asyncio.run(
        checked(port, port, "acceptance.taken", "acceptance.lost", "context.budget", "feedback")
    )
    assert [one.detail for one in verdict.findings if one.outcome == "failed" and one.broken] == []
    assert verdict.count("passed") >= 6
    assert all(order["remainingBudget"] >= 0 for order in agent.orders)


def test_where_no_platform_is_it_can_not() -> None:
    verdict, _ = asyncio.run(checked(unused_port(), unused_port(), "acceptance.taken"))
    assert not verdict.conforms


def at_counter(*steps: Callable[[Counter], Any]) -> list[Any]:
    counter = Counter()
    counter.tell("accept-proposal", {"tacticId": "t", "tacticContext": {"budget": 100}})
    return [step(counter) for step in steps]


def order(budget: float, key: str, tactic: str = "t") -> Callable[[Counter], Json]:
    body = {"tacticId": tactic, "productId": "gazette_display", "budget": budget, "idempotencyKey": key}
    return lambda counter: counter.order(body)


@given(st.lists(st.floats(min_value=0.01, max_value=60, allow_nan=False), min_size=1, max_size=12))
def test_it_never_sells_for_more_than_the_tactics_budget(budgets: list[float]) -> None:  # rule 211
    counter, sold, wanted = Counter(), 0.0, 0.0
    counter.tell("accept-proposal", {"tacticId": "t", "tacticContext": {"budget": 100}})
    for number, budget in enumerate(budgets):
        wanted += budget
        with suppress(Refused):
            sold += order(budget, str(number))(counter)["budget"]
    assert sold <= 100.000001
    assert sold == pytest.approx(wanted) or wanted > 99.999999, "nothing is refused that the budget leaves"


def test_the_same_key_is_the_same_order() -> None:  # rule 207
    first, again = at_counter(order(60, "a"), order(60, "a"))
    assert first == again
    assert first["remainingBudget"] == 40


def test_another_budget_counts_from_when_the_agent_is_told() -> None:  # rule 203
    counter = Counter()
    counter.tell("accept-proposal", {"tacticId": "t", "tacticContext": {"budget": 100}})
    counter.tell("tactic-context-updated", {"tacticId": "t", "tactic": {"budget": 300}})
    assert order(200, "a")(counter)["remainingBudget"] == 100


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"tacticId": "unknown", "productId": "p", "budget": 1}, 404, "tacticId"),
        ({"tacticId": "t", "productId": "p", "budget": "much"}, 400, "budget"),
        ({"tacticId": "t", "productId": "p", "budget": True}, 400, "budget"),
        ({"tacticId": "t", "productId": "p", "budget": 101}, 400, "budget"),
        ({"tacticId": "t", "budget": 1}, 400, "productId"),
    ],
)
def test_what_the_platform_would_not_sell_is_refused(body: Json, status: int, field: str) -> None:
    with pytest.raises(Refused) as caught:
        at_counter(lambda counter: counter.order(body))
    assert (caught.value.status, caught.value.error["field"]) == (status, field)


def test_what_it_does_not_have_is_absent_in_json() -> None:
    async def asked() -> tuple[int, Any]:
        port, counter = unused_port(), Counter()
        await counter.open(port)
        try:
            async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/api/v2/buyer/x") as answer:
                return answer.status, (await answer.json())["error"]["code"]
        finally:
            await counter.close()

    assert asyncio.run(asked()) == (404, "NOT_FOUND")


def test_a_port_that_is_taken_is_left_to_whoever_has_it() -> None:
    port, first, second = unused_port(), Counter(), Counter()

    async def answered() -> bool:
        try:
            async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/api/v2/buyer/x") as answer:
                return answer.status == 404
        except ClientConnectorError:
            return False

    async def two() -> list[bool]:
        seen = []
        for change in (first.open(port), second.open(port), second.close(), first.close(), second.open(port)):
            await change
            seen.append(await answered())
        await second.close()
        return seen

    assert asyncio.run(two()) == [True, True, True, False, True]
