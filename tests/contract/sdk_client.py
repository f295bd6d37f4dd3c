"""A campaign bought from a served sales agent with the official Python SDK, as a buyer's program does it.

    adcp-sandbox serve --ready-file ready.json &
    python -m tests.contract.sdk_client ready.json [--agent worldview] [--transport mcp|a2a] [--release 3.1|3.2]

Prints a line of JSON for each step: what was asked, and what came of it. Loading the SDK takes some 15 s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import adcp
from adcp.exceptions import ADCPTaskError, classify_task_error

from tests.contract.sdk_client_parts import ACCOUNT, Clock, Inbox, done, media_buy, task
from tests.contract.sdk_client_proposals import Proposals

SECRET = "a secret that buyer and seller have agreed on"
"""Signs the webhooks about proposals; those about the first campaign are signed with the agent's key."""

SPOT = {"asset_type": "video", "url": "https://cdn.acme.com/spot.mp4", "width": 1280, "height": 720}


class Campaign:
    """One campaign with one sales agent, from discovery to the report."""

    def __init__(self, client: adcp.ADCPClient, clock: Clock, inbox: Inbox, name: str) -> None:
        self.client, self.clock, self.inbox, self.name = client, clock, inbox, name

    async def play(self) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """All steps, each with what came of it."""
        capabilities = await self.client.fetch_capabilities()
        yield "capabilities", {"protocols": [str(getattr(p, "value", p)) for p in capabilities.supported_protocols]}
        product = await self._discover()
        yield "discovery", {"product": product.product_id, "formats": len(product.format_options)}

        order = self._order(product)
        asked = await self.client.create_media_buy(order)
        task_id = asked.data.task_id
        yield "order", {"status": asked.data.status, "task": task_id}
        again = await self.client.create_media_buy(order)
        yield "order again", {"status": again.data.status, "task": again.data.task_id}
        later = order.end_time + timedelta(days=1)
        yield "another order under the same key", await self._refused(order, end_time=later)
        wrong = [order.packages[0].model_copy(update={"product_id": "no-such-product"})]
        key = f"{self.name}-wrong-order"
        yield "order of what is not there", await self._refused(order, packages=wrong, idempotency_key=key)

        waiting = await task(self.client, task_id)
        yield "task before time has passed", {"status": waiting.status.value}
        self.clock.advance("1d")
        ended = await task(self.client, task_id)
        yield "task a day later", {"status": ended.status.value}
        hook = await self.inbox.next()
        yield "webhook", {"status": hook.status.value, "task": hook.task_id, "refused": self.inbox.refused}

        media_buy_id = ended.result["media_buy_id"]
        buy = await media_buy(self.client, media_buy_id)
        yield "media buy", {"id": media_buy_id, "status": buy.status.value}
        yield "creative", await self._upload(product, buy)
        for days, when in (("6d", "in flight"), ("10d", "at the end")):
            self.clock.advance(days)
            yield f"media buy {when}", {"status": (await media_buy(self.client, media_buy_id)).status.value}
        yield "delivery", await self._delivery(media_buy_id)

    async def _discover(self) -> Any:
        found = await self.client.get_products(
            adcp.GetProductsRequest(buying_mode="brief", brief="Video beside the news", account=ACCOUNT)
        )
        return done(found).products[0]

    def _order(self, product: Any, **more: Any) -> adcp.CreateMediaBuyRequest:
        price = next(option for option in product.pricing_options if getattr(option, "fixed_price", None))
        package = {"product_id": product.product_id, "pricing_option_id": price.pricing_option_id, "budget": 1500}
        start = self.clock.now() + timedelta(days=3)
        order = {
            "idempotency_key": f"{self.name}-first-order",
            "account": ACCOUNT,
            "brand": ACCOUNT["brand"],
            "start_time": start,
            "end_time": start + timedelta(days=7),
            "packages": [package],
            "push_notification_config": self.inbox.config(f"{self.name}-order"),
        }
        return adcp.CreateMediaBuyRequest.model_validate(order | more)

    async def _refused(self, order: adcp.CreateMediaBuyRequest, **other: Any) -> dict[str, Any]:
        """How an order is refused. The SDK raises some errors itself, and gives others as a result that failed."""
        try:
            result = await self.client.create_media_buy(order.model_copy(update=other))
            assert not result.success, result.data
            error = classify_task_error("create_media_buy", [result.adcp_error])
        except ADCPTaskError as raised:
            error = raised
        (first,) = error.error_info
        return {"error": type(error).__name__, "code": first.code, "recovery": first.recovery, "field": first.field}

    async def _upload(self, product: Any, buy: Any) -> dict[str, Any]:
        form = product.format_options[0]
        creative = {
            "creative_id": f"{self.name}-spot",
            "name": "Spot",
            "format_kind": form.format_kind,
            "format_option_ref": {"scope": "product", "format_option_id": form.format_option_id},
            "assets": {"video": {**SPOT, "duration_ms": form.params["duration_ms_exact"]}},
        }
        assignment = {"creative_id": creative["creative_id"], "package_id": buy.packages[0].package_id}
        synced = await self.client.sync_creatives(
            adcp.SyncCreativesRequest.model_validate(
                {
                    "idempotency_key": f"{self.name}-creatives",
                    "account": ACCOUNT,
                    "creatives": [creative],
                    "assignments": [assignment],
                }
            )
        )
        (row,) = done(synced).creatives
        return {"action": row.action.value, "status": row.status.value, "assigned_to": row.assigned_to}

    async def _delivery(self, media_buy_id: str) -> dict[str, Any]:
        found = await self.client.get_media_buy_delivery(
            adcp.GetMediaBuyDeliveryRequest(account=ACCOUNT, media_buy_ids=[media_buy_id])
        )
        (row,) = done(found).media_buy_deliveries
        return {"status": row.status.value, "impressions": row.totals.impressions, "spend": row.totals.spend}


async def run(ready: dict[str, Any], agent_id: str, transport: str, release: str) -> None:
    """Play a campaign, and one from a proposal; print their steps."""
    agent = next(row for row in ready["agents"] if row["id"] == agent_id)
    name, clock = f"{agent_id}-{transport}-{release}", Clock(ready["control"])
    config = adcp.AgentConfig(
        id=agent_id,
        agent_uri=agent[transport],
        protocol=adcp.Protocol(transport),
        auth_token=agent["token"],
        auth_type="bearer",
        auth_header="Authorization",
    )
    keys = agent["mcp"].split("/agents/")[0] + "/.well-known/jwks.json"
    async with adcp.ADCPClient(config, adcp_version=release) as client:
        async with Inbox(keys, agent_id).open() as inbox:
            async for step, outcome in Campaign(client, clock, inbox, name).play():
                _say({"transport": transport, "release": release, "play": "campaign", "step": step, **outcome})
        async with Inbox(keys, agent_id, SECRET).open() as inbox:
            async for step, outcome in Proposals(client, clock, inbox, name).play(release):
                _say({"transport": transport, "release": release, "play": "proposal", "step": step, **outcome})


def _say(row: dict[str, Any]) -> None:
    print(json.dumps(row), flush=True)  # noqa: T201 - the answer of this process


def main() -> None:
    """Read the command line and play one campaign after another."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.sdk_client")
    parser.add_argument("ready_file", type=Path, help="the file that `adcp-sandbox serve --ready-file` writes")
    parser.add_argument("--agent", default="worldview")
    parser.add_argument("--transport", nargs="+", choices=("mcp", "a2a"), default=["mcp", "a2a"])
    parser.add_argument("--release", nargs="+", choices=("3.1", "3.2"), default=["3.1", "3.2"])
    given = parser.parse_args()
    ready = json.loads(given.ready_file.read_text())
    for transport in given.transport:
        for release in given.release:
            asyncio.run(run(ready, given.agent, transport, release))


if __name__ == "__main__":
    main()
