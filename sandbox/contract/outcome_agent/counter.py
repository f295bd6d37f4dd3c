"""Stands for the platform while single messages are checked: an agent may buy before it answers.

The tactics of these messages are the check's own, and no platform knows them. Here ``/rest/v1`` sells for them what
stands on a short list, up to the budget that the agent was told, and remembers nothing else. The flight has a real
platform at the same address.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

Json = dict[str, Any]

RATE = 4.0
"""What a thousand impressions cost, in USD."""

SELLERS = {"gazette": "northstar", "chronicle": "harbor"}
"""Publishers, and the sales agent of each."""


class Refused(Exception):
    """An order that the platform would not take: status, code, message and field."""

    def __init__(self, status: int, code: str, message: str, field: str) -> None:
        super().__init__(status, code, message, field)
        self.status, self.error = status, {"code": code, "message": message, "field": field}


class Counter:
    """The counter; it is told with :meth:`tell` what the agent is told."""

    def __init__(self) -> None:
        self._budgets: dict[str, float] = {}
        self._sold: dict[str, dict[str, Json]] = {}
        self._runner: web.AppRunner | None = None

    async def open(self, port: int) -> None:
        """Listen on a port of this machine; where it is taken there is no counter, as the flight will say."""
        app = web.Application()
        routes: dict[str, Callable[[Json], Json]] = {
            "get-products": self.products,
            "create-media-buy": self.order,
            "update-targeting": self.target,
        }
        for name, operation in routes.items():
            app.router.add_post(f"/rest/v1/{name}", _handler(operation, 201 if name == "create-media-buy" else 200))
        app.router.add_route("*", "/{rest:.*}", _nothing)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", port).start()
        except OSError:
            await self.close()

    async def close(self) -> None:
        """Let go of the port."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def tell(self, operation: str, body: Any) -> None:
        """Take notice of a message to the agent: what it may spend on a tactic."""
        change = {"accept-proposal": "tacticContext", "tactic-context-updated": "tactic"}.get(operation)
        if change is None or not isinstance(body, dict):
            return
        tactic_id, told = body.get("tacticId"), body.get(change)
        budget = told.get("budget") if isinstance(told, dict) else None
        if isinstance(tactic_id, str) and isinstance(budget, (int, float)):
            self._budgets[tactic_id] = budget

    # -- operations --------------------------------------------------------------------------------------

    def products(self, body: Json) -> Json:
        """A product of each publisher on each of the channels that are asked for."""
        channels = body.get("channels") or ["display"]
        return {"products": [_product(name, str(channel)) for channel in channels for name in SELLERS]}

    def order(self, body: Json) -> Json:
        """Sell, up to the tactic's budget; the same key is the same order."""
        tactic_id, budget = self._tactic(body), body.get("budget")
        sold = self._sold.setdefault(tactic_id, {})
        key = str(body.get("idempotencyKey") or f"order {len(sold)}")
        if key in sold:
            return sold[key]
        if not isinstance(budget, (int, float)) or isinstance(budget, bool) or budget <= 0:
            raise Refused(400, "VALIDATION_ERROR", "budget: a positive number", "budget")
        if not isinstance(body.get("productId"), str):
            raise Refused(400, "VALIDATION_ERROR", "productId: a text", "productId")
        left = round(self._budgets[tactic_id] - sum(order["budget"] for order in sold.values()) - budget, 6)
        if left < 0:
            raise Refused(400, "VALIDATION_ERROR", "budget: more than the tactic's budget leaves", "budget")
        sold[key] = {
            "mediaBuyId": f"mb_{tactic_id}_{len(sold)}",
            "tacticId": tactic_id,
            "productId": body["productId"],
            "salesAgentId": body.get("salesAgentId") or "northstar",
            "budget": budget,
            "status": "ACTIVE",
            "remainingBudget": left,
        }
        return sold[key]

    def target(self, body: Json) -> Json:
        """Aim at whatever is wanted."""
        segments = body.get("segments") or []
        cap = body.get("frequencyCap")
        return {
            "tacticId": self._tactic(body),
            "segments": segments,
            "frequencyCap": cap,
            "unmatched": segments,
            "errors": [],
        }

    def _tactic(self, body: Json) -> str:
        tactic_id = body.get("tacticId")
        if not isinstance(tactic_id, str) or tactic_id not in self._budgets:
            raise Refused(404, "NOT_FOUND", f"there is no running tactic {tactic_id}", "tacticId")
        return tactic_id


def _product(publisher: str, channel: str) -> Json:
    return {
        "productId": f"{publisher}_{channel}",
        "name": f"{publisher} {channel}",
        "description": f"{channel} advertising on {publisher}.example",
        "channel": channel,
        "channels": [channel],
        "deliveryType": "non_guaranteed",
        "bidPrice": RATE,
        "salesAgentId": SELLERS[publisher],
        "salesAgentName": SELLERS[publisher].capitalize(),
        "publisherProperties": [{"publisherDomain": f"{publisher}.example", "selectionType": "all"}],
        "pricingOptions": [
            {"pricingOptionId": "cpm_fixed", "pricingModel": "cpm", "currency": "USD", "isFixed": True, "rate": RATE}
        ],
        "formatIds": [{"agent_url": "https://creative.adcontextprotocol.org", "id": "display_300x250_image"}],
    }


async def _nothing(request: web.Request) -> web.Response:
    error = {"code": "NOT_FOUND", "message": f"there is nothing at {request.path} before the flight", "field": None}
    return web.json_response({"data": None, "error": error}, status=404)


def _handler(operation: Callable[[Json], Json], status: int) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.Response:
        try:
            body = await request.json()
            if not isinstance(body, dict):
                raise Refused(400, "VALIDATION_ERROR", "the body has to be a JSON object", "body")
            return web.json_response(operation(body), status=status)
        except Refused as refused:
            return web.json_response({"data": None, "error": refused.error}, status=refused.status)
        except ValueError:
            error = {"code": "VALIDATION_ERROR", "message": "the body is no JSON", "field": "body"}
            return web.json_response({"data": None, "error": error}, status=400)

    return handle
