"""Every answer fits the official schema of the release in which it was asked for."""

from __future__ import annotations

from contextlib import suppress

from sandbox.contract.check import Failed, Skipped
from sandbox.contract.sales_agent.agent import Agent, offers
from sandbox.contract.sales_agent.capabilities import READS
from sandbox.contract.sales_agent.catalog import account
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.creatives import supply
from sandbox.contract.sales_agent.lists import STATUSES
from sandbox.contract.sales_agent.orders import cancel, order, place, unknown_buy

_SPEC = "the official schemas of the release"


@CHECKS.add("schema.reads", _SPEC)
async def reads(agent: Agent) -> None:
    """Answers of tools that read fit their schemas in every advertised release."""
    async with _Looking(agent):
        for version in agent.versions:
            for name, payload in READS.items():
                if offers(agent, name) and not (version == "3.0" and name == "list_tasks"):
                    await agent.call(name, payload, version=version)


@CHECKS.add("schema.products", _SPEC)
async def products(agent: Agent) -> None:
    """Answers of get_products fit their schema in every advertised release and buying mode."""
    agent.needs("get_products")
    where = await account(agent)
    async with _Looking(agent):
        for version in agent.versions:
            await agent.call("get_products", {"buying_mode": "wholesale", "account": where}, version=version)
            asked = {"buying_mode": "brief", "brief": "Readers of news", "account": where}
            await agent.call("get_products", asked, version=version)


@CHECKS.add("schema.buys", _SPEC)
async def buys(agent: Agent) -> None:
    """A media buy that is made, given creatives, read, reported and canceled is told of in valid answers."""
    request = await order(agent)
    async with _Looking(agent):
        made = await place(agent, request)
        if made["status"] == "pending_creatives":
            with suppress(Skipped):
                await supply(agent, made)
        named = {"media_buy_ids": [made["media_buy_id"]], "status_filter": STATUSES}
        for version in agent.versions:
            await agent.call("get_media_buys", agent.here(named), version=version)
            await agent.call("get_media_buy_delivery", agent.here(named), version=version)
        with suppress(Skipped):
            await cancel(agent, made)


@CHECKS.add("schema.refusals", "core/error.json")
async def refusals(agent: Agent) -> None:
    """Refusals are errors as core/error.json wants them, in every advertised release."""
    asked = await unknown_buy(agent)
    async with _Looking(agent):
        for version in agent.versions:
            await agent.refused("update_media_buy", asked, version=version)
            await agent.refused("get_products", {"buying_mode": "no such mode"}, version=version)


class _Looking:
    """Fails if an answer within the block broke its schema."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._before = len(agent.breaches)

    async def __aenter__(self) -> None:
        return

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        found = self._agent.breaches[self._before :]
        if found and (kind is None or issubclass(kind, Skipped)):
            first = found[0]
            what = f"the {first.kind} of {first.tool} in {first.version} ({len(found)} issues in all)"
            raise Failed(what, "what its schema says", first.issue)
