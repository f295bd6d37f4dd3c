"""A sales agent built with the server framework of the official Python SDK, as somebody else builds theirs.

    SELLER_TOKEN=… python -m tests.contract.sdk_seller

Listens on a free port of this machine, prints ``{"url": …}``, and takes a bearer token. It sells a product at once, and
another one after a review; it delivers a media buy evenly over its flight: what it reports for a day is a function of
that day alone, since it knows nothing of simulated time. Loading the SDK takes some 20 s.

With ``SELLER_WEBHOOK_JWK``, a private key as JWK, it sends webhooks by the SDK's own sender: how a review ended, and
the report of a day once somebody has asked about that day, since nothing else tells it that the day is over.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import socket
import sys
import warnings
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

from adcp.server import adcp_server, serve
from adcp.server.responses import (
    capabilities_response,
    delivery_response,
    media_buy_response,
    media_buys_response,
    sync_accounts_response,
    sync_creatives_response,
)
from adcp.webhook_sender import WebhookSender

Json = dict[str, Any]

CPM = 5.0
FORMAT = {"agent_url": "https://creative.adcontextprotocol.org", "id": "display_300x250_image"}
BANNER: Json = {
    "format_id": FORMAT,
    "name": "Banner 300 x 250",
    "assets": [
        {"item_type": "individual", "asset_id": "banner_image", "asset_type": "image", "required": True},
        {"item_type": "individual", "asset_id": "click_url", "asset_type": "url", "required": False},
    ],
    "renders": [{"role": "primary", "dimensions": {"width": 300, "height": 250}}],
}
PRODUCT: Json = {
    "product_id": "sdk_display",
    "name": "Display on the SDK's news",
    "description": "Banners on a news site, sold by an agent that the official SDK serves",
    "publisher_properties": [{"publisher_domain": "sdk-news.example", "selection_type": "all"}],
    "channels": ["display"],
    "format_ids": [FORMAT],
    "delivery_type": "guaranteed",
    "delivery_measurement": {"provider": "The publisher's ad server"},
    "pricing_options": [
        {"pricing_option_id": "cpm_fixed", "pricing_model": "cpm", "currency": "USD", "fixed_price": CPM}
    ],
    "reporting_capabilities": {
        "available_reporting_frequencies": ["daily"],
        "expected_delay_minutes": 0,
        "timezone": "UTC",
        "supports_webhooks": False,
        "available_metrics": ["impressions", "spend"],
        "date_range_support": "date_range",
    },
}

REVIEWED: Json = {
    **PRODUCT,
    "product_id": "sdk_reviewed",
    "name": "Display on the SDK's news, after a review",
    "reporting_capabilities": {**PRODUCT["reporting_capabilities"], "supports_webhooks": True},
}
AFTER_S = 0.05
"""How long after an answer a webhook about it is sent, so that whoever asked has the answer."""

server = adcp_server("sdk-seller", version="1.0.0")
accounts: dict[str, Json] = {}
creatives: dict[str, Json] = {}
buys: dict[str, Json] = {}
answered: dict[str, Json] = {}
registered: dict[str, Json] = {}
"""Where reports of a media buy go."""
reported: set[tuple[str, str]] = set()
"""Media buys and days that were reported."""
sending: set[asyncio.Task[None]] = set()


def signer() -> WebhookSender | None:
    """Sends webhooks in our name; None if we have no key."""
    jwk = os.environ.get("SELLER_WEBHOOK_JWK")
    return None if jwk is None else WebhookSender.from_jwk(json.loads(jwk), allow_private_destinations=True)


def soon(delivery: Awaitable[Any]) -> None:
    """Send a webhook in the background; the log tells if it is not taken."""

    async def send() -> None:
        await asyncio.sleep(AFTER_S)
        result = await delivery
        if not result.ok:
            sys.stderr.write(f"a webhook was answered with {result.status_code}: {result.response_body!r}\n")

    task = asyncio.ensure_future(send())
    sending.add(task)
    task.add_done_callback(sending.discard)


def plain(params: Any) -> Json:
    """A request as JSON, whether the framework has made a model of it or not."""
    return params if isinstance(params, dict) else params.model_dump(mode="json", exclude_none=True)


def instant(text: str) -> datetime:
    """An instant or the first one of a day."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@server.get_adcp_capabilities
async def get_adcp_capabilities(_params: Any, _context: Any = None) -> Json:
    found = capabilities_response(
        ["media_buy"],
        supported_versions=["3.1"],
        features={"inline_creative_management": True},
        idempotency={"supported": True, "replay_ttl_seconds": 86_400},
    )
    return {**found, "account": {"supported_billing": ["operator", "agent"]}}


@server.sync_accounts
async def sync_accounts(params: Any, _context: Any = None) -> Json:
    rows = []
    for entry in plain(params)["accounts"]:
        key = json.dumps([entry["brand"], entry["operator"], entry.get("sandbox", False)], sort_keys=True)
        known = key in accounts
        row = accounts.setdefault(
            key,
            {
                "account_id": f"acc_{len(accounts) + 1}",
                "name": f"{entry['brand']['domain']} via {entry['operator']}",
                "brand": entry["brand"],
                "operator": entry["operator"],
                "billing": entry["billing"],
                "status": "active",
            },
        )
        rows.append({**row, "action": "unchanged" if known else "created"})
    return sync_accounts_response(rows)


@server.get_products
async def get_products(_params: Any, _context: Any = None) -> Json:
    return {"status": "completed", "products": [PRODUCT, REVIEWED], "cache_scope": "public"}


@server.list_creative_formats_legacy
async def list_creative_formats(_params: Any, _context: Any = None) -> Json:
    return {"status": "completed", "formats": [BANNER]}


@server.sync_creatives
async def sync_creatives(params: Any, _context: Any = None) -> Json:
    rows = []
    for creative in plain(params)["creatives"]:
        action = "updated" if creative["creative_id"] in creatives else "created"
        creatives[creative["creative_id"]] = creative
        rows.append({"creative_id": creative["creative_id"], "action": action, "status": "approved"})
    return sync_creatives_response(rows)


@server.create_media_buy
async def create_media_buy(params: Any, _context: Any = None) -> Json:
    asked = plain(params)
    key = str(asked["idempotency_key"])
    if key not in answered:
        number = len(buys) + 1
        begins = wire(datetime.now(UTC)) if asked["start_time"] == "asap" else asked["start_time"]
        packages = [
            {
                "package_id": f"pkg_{number}_{place}",
                "product_id": package["product_id"],
                "pricing_option_id": package["pricing_option_id"],
                "budget": package["budget"],
                "paused": False,
                "canceled": False,
                "start_time": begins,
                "end_time": asked["end_time"],
            }
            for place, package in enumerate(asked["packages"], start=1)
        ]
        buys[f"sdk_mb_{number}"] = {
            "media_buy_id": f"sdk_mb_{number}",
            "status": "active",
            "currency": "USD",
            "start_time": begins,
            "end_time": asked["end_time"],
            "confirmed_at": "2026-01-01T00:00:00Z",
            "revision": 1,
            "total_budget": sum(package["budget"] for package in packages),
            "packages": packages,
        }
        confirmed = "2026-01-01T00:00:00Z"
        if "reporting_webhook" in asked:
            registered[f"sdk_mb_{number}"] = asked["reporting_webhook"]
        answer = media_buy_response(f"sdk_mb_{number}", packages, status="active", confirmed_at=confirmed)
        answered[key] = answer
        if any(package["product_id"] == REVIEWED["product_id"] for package in packages):
            answered[key] = {"status": "submitted", "task_id": f"review_{number}"}
            tell_review(f"review_{number}", answer, asked.get("push_notification_config"))
    return answered[key]


def tell_review(task_id: str, answer: Json, push: Json | None) -> None:
    """Tell the buyer that a review ended well."""
    sender = signer()
    if sender is not None and push is not None:
        soon(
            sender.send_mcp(
                url=push["url"],
                task_id=task_id,
                status="completed",
                task_type="create_media_buy",
                result={"status": "completed", **answer},  # which the framework adds to answers, and 3.1 wants here too
                operation_id=push.get("operation_id", task_id),
            )
        )


def tell_report(name: str, report: Json) -> None:
    """Send the report of a whole day, once, with the token that was agreed on for it."""
    day = report["reporting_period"]["start"]
    if name in registered and os.environ.get("SELLER_WEBHOOK_JWK") and (name, day) not in reported:
        reported.add((name, day))
        number = sum(known == name for known, _ in reported)
        token = registered[name]["authentication"]["credentials"]
        sender = WebhookSender.from_bearer_token(token, allow_private_destinations=True)
        soon(
            sender.send_mcp(
                url=registered[name]["url"],
                task_id=f"report_{name}_{number}",
                status="completed",
                task_type="media_buy_delivery",
                result={"status": "completed", **report, "notification_type": "scheduled", "sequence_number": number},
                operation_id=name,
            )
        )


@server.get_media_buys
async def get_media_buys(params: Any, _context: Any = None) -> Json:
    wanted = plain(params).get("media_buy_ids") or list(buys)
    return media_buys_response([buys[name] for name in wanted if name in buys])


@server.get_media_buy_delivery
async def get_media_buy_delivery(params: Any, _context: Any = None) -> Json:
    asked = plain(params)
    start, end = instant(asked["start_date"]), instant(asked["end_date"])
    rows = []
    for name in asked.get("media_buy_ids") or list(buys):
        if name in buys:
            packages = [delivered(package, start, end) for package in buys[name]["packages"]]
            over = end >= instant(buys[name]["end_time"])
            totals = {what: round(sum(row[what] for row in packages), 2) for what in ("impressions", "spend")}
            status = "completed" if over else "active"
            buys[name]["status"] = status
            rows.append({"media_buy_id": name, "status": status, "totals": totals, "by_package": packages})
    period = {"start": wire(start), "end": wire(end)}
    if end - start == timedelta(days=1):
        for row in rows:
            tell_report(row["media_buy_id"], delivery_response([row], reporting_period=period))
    return delivery_response(rows, reporting_period=period)


def delivered(package: Json, start: datetime, end: datetime) -> Json:
    """The package's even share of a period."""
    first, last = instant(package["start_time"]), instant(package["end_time"])
    inside = max(timedelta(0), min(end, last) - max(start, first))
    spend = round(package["budget"] * (inside / (last - first)), 2)
    return {
        "package_id": package["package_id"],
        "impressions": round(spend / CPM * 1000),
        "spend": spend,
        "pricing_model": "cpm",
        "rate": CPM,
        "currency": "USD",
    }


def wire(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


class Token:
    """Lets requests in that have the bearer token."""

    def __init__(self, app: Any, token: str) -> None:
        self._app, self._wanted = app, f"Bearer {token}".encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, self._wanted):
                await send({"type": "http.response.start", "status": 401, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await self._app(scope, receive, send)


def main() -> None:
    """Serve until the process is ended."""
    logging.disable(logging.INFO)
    warnings.simplefilter("ignore", UserWarning)  # the framework would rather have its handlers as a class
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{port}/mcp"}) + "\n")
    sys.stdout.flush()
    middleware = [(Token, {"token": os.environ["SELLER_TOKEN"]})]
    serve(server, name="sdk-seller", host="127.0.0.1", port=port, asgi_middleware=middleware)


if __name__ == "__main__":
    main()
