"""How the small outcome agent buys through ``/rest/v1``, well or badly."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from tests.contract.mutants.outcome import Agent, Tactic

Json = dict[str, Any]
PLATFORM_KEY = "sk_sandbox_acme"
BUFFER = 0.12


class Buyer:
    """Buys for the tactics of an agent: half of the money from each of the two cheapest products."""

    def __init__(self, agent: Agent, platform: str) -> None:
        self._agent = agent
        self._platform = platform
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Stop what goes on."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def begin(self, tactic: Tactic) -> None:
        """Buy for a tactic that was taken."""
        if not self._agent.has("idle"):
            self._later(self._begin(tactic))

    def changed(self, tactic: Tactic, names: set[str]) -> None:
        """The context is another one."""
        if tactic.context.get("status") == "PAUSED" and self._agent.has("restless"):
            self._later(self._order(tactic, next(iter(tactic.bought), ""), 10.0))
        elif "budget" in names and not self._agent.has("content"):
            self._later(self._resize(tactic))
        elif "endDate" in names and not self._agent.has("no_ends"):
            self._later(self._end(tactic))

    def behind(self, tactic: Tactic) -> None:
        """Delivery is behind."""
        self._later(self._move(tactic))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        if not self._platform:
            work.close()
            return
        task = asyncio.ensure_future(self._alone(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # it may have been stopped before its turn

    async def _alone(self, work: Coroutine[Any, Any, None]) -> None:
        """One piece of work at a time."""
        async with self._turn:
            with suppress(aiohttp.ClientError):  # between flights there is no platform
                await work

    # -- buying ------------------------------------------------------------------------------------------

    def _wanted(self, tactic: Tactic) -> float:
        """How much of the budget goes into media buys."""
        budget = float(tactic.context["budget"])
        if self._agent.has("timid"):
            return 0.2 * budget
        if self._agent.has("no_fee_room"):
            return 0.98 * budget
        room = budget / 1.1 if tactic.method == "revshare" else budget
        return room if self._agent.has("no_buffer") else room * (1 - BUFFER)

    async def _begin(self, tactic: Tactic) -> None:
        context = tactic.context
        body = {"channels": [context["channel"]], "countries": context["countries"]}
        _, found = await self._ask("POST", "/rest/v1/get-products", body)
        products = sorted(found.get("products", []), key=_price)[:2]
        if self._agent.has("clumsy"):
            await self._order(tactic, "nobody/nothing", 10.0)
        for product in products:
            key = f"{product['salesAgentId']}/{product['productId']}"
            await self._order(tactic, key, self._wanted(tactic) / len(products))
        if self._agent.has("over_buys"):
            await self._order(tactic, key, context["budget"])

    async def _order(self, tactic: Tactic, key: str, budget: float) -> None:
        seller, _, product = key.partition("/")
        body = {
            "tacticId": tactic.tactic_id,
            "productId": product,
            "salesAgentId": seller,
            "budget": round(budget, 2),
        }
        status, answer = await self._ask("POST", "/rest/v1/create-media-buy", body)
        if status < 300:
            tactic.bought[key] = answer["mediaBuyId"]

    async def _rows(self, tactic: Tactic) -> dict[str, Json]:
        """The tactic's running media buys by product."""
        _, found = await self._ask("GET", f"/api/v2/buyer/campaigns/{tactic.campaign}")
        rows: dict[str, Json] = {}
        for row in found.get("mediaBuys", []):
            rows.setdefault(row["mediaBuyId"], row)
        return {key: rows[name] for key, name in tactic.bought.items() if name in rows}

    async def _resize(self, tactic: Tactic) -> None:
        """Bring the budgets of the media buys in line with the tactic's."""
        rows, whole = await self._rows(tactic), self._wanted(tactic)
        has = sum(_budget(row) for row in rows.values())
        idle = {key: max(0.0, _budget(row) - _spend(row)) for key, row in rows.items()}
        total = sum(idle.values()) or 1.0
        changes = {key: (whole - has) * idle[key] / total for key in rows}
        await self._change(tactic, {rows[key]["mediaBuyId"]: (rows[key], part) for key, part in changes.items()})

    async def _move(self, tactic: Tactic) -> None:
        """Take half of what the slower media buy has left, and give it to the faster one."""
        rows = {key: row for key, row in (await self._rows(tactic)).items() if row["status"] == "ACTIVE"}
        if len(rows) < 2:
            return
        slow, *_, fast = sorted(rows.values(), key=lambda row: _spend(row) / _budget(row))
        part = (_budget(slow) - _spend(slow)) / 2
        await self._change(tactic, {slow["mediaBuyId"]: (slow, -part)})
        await self._change(tactic, {fast["mediaBuyId"]: (fast, part)})

    async def _end(self, tactic: Tactic) -> None:
        actions = [
            {"mediaBuyId": row["mediaBuyId"], "action": "update", "updatedReason": "it ends earlier",
             "endTime": tactic.context["endDate"]}
            for row in (await self._rows(tactic)).values()
        ]  # fmt: skip
        await self._ask("PUT", f"/api/v2/buyer/campaigns/{tactic.campaign}", {"mediaBuys": actions})

    async def _change(self, tactic: Tactic, parts: dict[str, tuple[Json, float]]) -> None:
        """Change the budgets of media buys by so much."""
        actions = []
        for name, (row, part) in parts.items():
            package = row["packages"][0]
            actions.append(
                {
                    "mediaBuyId": name,
                    "action": "update",
                    "updatedReason": "its budget is another one",
                    "packages": [
                        {"packageId": package["packageId"], "budget": round(package["budget"] + part - 0.005, 2)}
                    ],
                }
            )
        if actions:
            await self._ask("PUT", f"/api/v2/buyer/campaigns/{tactic.campaign}", {"mediaBuys": actions})

    async def _ask(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        headers = {"Authorization": f"Bearer {PLATFORM_KEY}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, self._platform + path, json=body) as answer,
        ):
            return answer.status, await answer.json()


def _price(product: Json) -> float:
    option = product["pricingOptions"][0]
    return float(option.get("rate") or option.get("floorPrice") or 0)


def _budget(row: Json) -> float:
    return sum(float(package["budget"]) for package in row["packages"])


def _spend(row: Json) -> float:
    return float(row["delivery"]["spend"])
