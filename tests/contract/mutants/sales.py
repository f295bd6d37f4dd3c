"""Sales agents that are broken in one way each: for every check one that it must find."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from tests.contract.mutants.proxy import (
    RELAY,
    Accepts,
    As,
    Asks,
    Call,
    Forward,
    Instead,
    Mutant,
    Said,
    Says,
    add,
    counting,
    drop,
    every,
    put,
)

MINE = "Bearer sk_agent_acme_worldview"

_numbers = iter(range(10**12, 10**13))


def new_key(_: Any = None) -> str:
    return f"mutant-key-{next(_numbers)}"


def refusal(code: str, recovery: str = "correctable") -> dict[str, Any]:
    """A refusal as it goes over the wire."""
    error = {"code": code, "message": "no", "recovery": recovery}
    return {"status": "failed", "errors": [error], "adcp_error": error}


def recoded(tool: str, code: str) -> Mutant:
    """Refuses as always, but with another code."""
    return Says(tool, every(put("adcp_error.code", code), put("errors.0.code", code)), refusals=True)


def crash(status: int = 500) -> Said:
    return Said(status, None, raw=b"Traceback (most recent call last):\n  File ...")


@dataclass
class Remembers(Mutant):
    """Remembers refusals under their keys too."""

    refused: set[str] = field(default_factory=set)

    async def serve(self, call: Call, forward: Forward) -> Said:
        if call.name != "create_media_buy":
            return await forward(call)
        key = call.body.get("idempotency_key")
        if key in self.refused:
            return Said(200, refusal("IDEMPOTENCY_CONFLICT"), failed=True)
        said = await forward(call)
        if said.failed:
            self.refused.add(key)
        return said


class Halves(Mutant):
    """Makes a media buy of the packages that are right, and refuses for those that are not."""

    async def serve(self, call: Call, forward: Forward) -> Said:
        if call.name == "create_media_buy" and len(call.body["packages"]) == 2:
            right = {**call.body, "idempotency_key": new_key(), "packages": call.body["packages"][:1]}
            await forward(replace(call, body=right))
        return await forward(call)


class Frozen(Mutant):
    """Statuses of media buys do not change any more."""

    def __init__(self, was: str, shown: str) -> None:
        self.was, self.shown = was, shown

    async def serve(self, call: Call, forward: Forward) -> Said:
        said = await forward(call)
        if call.name == "get_media_buys":
            for row in said.body.get("media_buys", ()):
                if row["status"] == self.was:
                    row["status"] = self.shown
        return said


class Relayed(Mutant):
    """Webhooks go through the proxy."""

    async def serve(self, call: Call, forward: Forward) -> Said:
        if call.name == "create_media_buy" and "push_notification_config" in call.body:
            config = call.body["push_notification_config"]
            here = f"http://{call.headers['Host-Of-Proxy']}{RELAY}?to={quote(config['url'], safe='')}"
            return await forward(replace(call, body={**call.body, "push_notification_config": {**config, "url": here}}))
        return await forward(call)


class Rewritten(Relayed):
    """Webhooks say something else."""

    def __init__(self, edit: Any) -> None:
        self.edit = edit

    async def relay(self, send: Any, raw: bytes, headers: Any) -> int:
        return int(await send(json.dumps(self.edit(json.loads(raw))).encode(), dict(headers)))


class Unsigned(Relayed):
    """Webhooks have lost their signature."""

    async def relay(self, send: Any, raw: bytes, headers: Any) -> int:
        return int(await send(raw, {name: value for name, value in headers.items() if "ignature" not in name}))


class Once(Relayed):
    """Whatever the receiver says, webhooks are not sent again."""

    async def relay(self, send: Any, raw: bytes, headers: Any) -> int:
        await send(raw, dict(headers))
        return 200


class Twice(Relayed):
    """Webhooks come twice."""

    async def relay(self, send: Any, raw: bytes, headers: Any) -> int:
        await send(raw, dict(headers))
        return int(await send(raw, dict(headers)))


def _invents(call: Call) -> bool:
    """True for an order with anything in it that is of the wrong type."""
    if call.name != "create_media_buy":
        return False
    times = all(isinstance(call.body.get(name), str) for name in ("start_time", "end_time"))
    packages = call.body.get("packages")
    rows = isinstance(packages, list) and all(isinstance(row.get("budget"), int | float) for row in packages)
    return not times or not rows


def _ordered(code: str) -> Mutant:
    return recoded("create_media_buy", code)


_MADE = {"status": "completed", "media_buy_id": "mb_invented", "packages": []}
_CHANGED = {"status": "completed", "media_buy_id": "mb_invented", "affected_packages": []}
_BUY = "media_buys.0"
_REPORT = "media_buy_deliveries.0"
_KEY = "idempotency_key"


def _without(*names: str) -> Any:
    return every(*(drop(name) for name in names))


def _last_row(rows: str) -> Any:
    def edit(body: Any) -> Any:
        if (body.get("pagination") or {}).get("has_more"):
            body[rows] = body[rows][:-1]
        return body

    return edit


def _twice(rows: str) -> Any:
    return put(rows, lambda found: [found[0], *found])


MUTANTS: dict[str, Mutant] = {
    "capabilities.answer": Says("get_adcp_capabilities", drop("adcp.major_versions")),
    "capabilities.tools": Says(
        "tools/list", put("tools", lambda rows: [row for row in rows if row["name"] != "get_media_buys"])
    ),
    "capabilities.served": Instead(
        lambda call: call.name == "list_creative_formats", Said(200, refusal("UNSUPPORTED_FEATURE"), True)
    ),
    "capabilities.replay_window": Says("get_adcp_capabilities", put("adcp.idempotency.replay_ttl_seconds", 10)),
    "capabilities.pricing": Says("get_adcp_capabilities", put("media_buy.supported_pricing_models", ["flat_rate"])),
    "capabilities.controller": Says("get_adcp_capabilities", drop("compliance_testing")),
    "auth.missing": As(MINE),
    "auth.wrong": As(MINE),
    "versions.served": Says("get_adcp_capabilities", put("adcp_version", lambda _: "3.0")),
    "versions.named": Says("get_adcp_capabilities", drop("adcp_version")),
    "versions.newer_minor": Says("get_adcp_capabilities", put("adcp_version", lambda _: "3.99")),
    "versions.other_major": Asks("get_products", drop("adcp_major_version")),
    "schema.reads": Says("list_creative_formats", put("formats.0.name", 7)),
    "schema.products": Says("get_products", put("products.0.name", 7)),
    "schema.buys": Says("get_media_buys", put(f"{_BUY}.currency", 7)),
    "schema.refusals": Says("update_media_buy", _without("adcp_error.message", "errors.0.message"), refusals=True),
    "products.ids": Says("get_products", _twice("products")),
    "products.prices": Says("get_products", put("products.0.pricing_options.0.fixed_price", -4)),
    "products.formats": Says("list_creative_formats", put("formats.*.format_id.id", "something_else")),
    "products.filter": Asks("get_products", drop("filters")),
    "products.named": Says("get_products", put("products.0.publisher_properties", [])),
    "formats.ids": Says("list_creative_formats", _twice("formats")),
    "context.reads": Says("get_adcp_capabilities", drop("context")),
    "context.writes": Says("create_media_buy", put("context", lambda _: {"trace": "another"})),
    "context.refusals": Says("update_media_buy", drop("context"), refusals=True),
    "context.kept": Says("get_adcp_capabilities", put("context", {"trace": "check-17"})),
    "idempotency.replay": Asks("create_media_buy", put(_KEY, new_key)),
    "idempotency.marked": Says("create_media_buy", drop("replayed")),
    "idempotency.once": Asks("create_media_buy", put(_KEY, new_key)),
    "idempotency.conflict": Asks("create_media_buy", put(_KEY, new_key)),
    "idempotency.key_pattern": Asks("create_media_buy", put(_KEY, new_key)),
    "idempotency.key_missing": Asks("create_media_buy", put(_KEY, "mutant-key-of-nobody")),
    "idempotency.refusals": Remembers(),
    "idempotency.parallel": Asks("create_media_buy", put(_KEY, new_key)),
    "lifecycle.create": Says("get_media_buys", put(f"{_BUY}.packages.0.budget", 1)),
    "lifecycle.confirmed": Says("get_media_buys", drop(f"{_BUY}.confirmed_at")),
    "lifecycle.actions": Says("get_media_buys", drop(f"{_BUY}.valid_actions")),
    "lifecycle.waits_for_creatives": Frozen("pending_creatives", "active"),
    "lifecycle.starts_later": Frozen("pending_start", "active"),
    "lifecycle.pause_and_resume": Frozen("paused", "active"),
    "lifecycle.pause_holds": Says("get_media_buy_delivery", put(f"{_REPORT}.totals.impressions", counting())),
    "lifecycle.cancel": Says("get_media_buys", drop(f"{_BUY}.cancellation")),
    "lifecycle.cancel_twice": recoded("update_media_buy", "INVALID_STATE"),
    "lifecycle.terminal": recoded("update_media_buy", "NOT_CANCELLABLE"),
    "lifecycle.completes": Frozen("completed", "active"),
    "changes.budget": Says("get_media_buys", put(f"{_BUY}.packages.0.budget", 1000)),
    "changes.total": Says("get_media_buys", put(f"{_BUY}.total_budget", 1)),
    "changes.end": Says("get_media_buys", put(f"{_BUY}.end_time", "2027-01-01T00:00:00Z")),
    "changes.revision": Says("get_media_buys", put(f"{_BUY}.revision", 4)),
    "changes.stale": Asks("update_media_buy", drop("revision")),
    "changes.whole": Says("get_media_buys", put(f"{_BUY}.packages.0.budget", counting())),
    "changes.cancel_package": Says("get_media_buys", put(f"{_BUY}.packages.*.canceled", True)),
    "refusals.product": Accepts("create_media_buy", _MADE),
    "refusals.price": Accepts("create_media_buy", _MADE),
    "refusals.budget": _ordered("PRODUCT_NOT_FOUND"),
    "refusals.dates": Says("create_media_buy", put("adcp_error.recovery", "transient"), refusals=True),
    "refusals.no_packages": _ordered("PRODUCT_NOT_FOUND"),
    "refusals.account": Accepts("create_media_buy", _MADE),
    "refusals.media_buy": Accepts("update_media_buy", _CHANGED),
    "refusals.package": Accepts("update_media_buy", _CHANGED),
    "refusals.specific": Says("create_media_buy", _without("adcp_error.field", "errors.0.field"), refusals=True),
    "refusals.creative": Accepts("sync_creatives", {"status": "completed", "creatives": [{"action": "created"}]}),
    "refusals.task": Accepts("get_task_status", {"status": "completed", "task_id": "no-such-task"}),
    "refusals.tool": Instead(lambda call: call.name == "no_such_tool", crash()),
    "refusals.recovery": Says("create_media_buy", put("adcp_error.recovery", "transient"), refusals=True),
    "refusals.layers": Says("update_media_buy", put("errors.0.code", "CONFLICT"), refusals=True),
    "refusals.nothing_done": Halves(),
    "pages.products": Says("get_products", _last_row("products")),
    "pages.formats": Asks("list_creative_formats", drop("pagination.cursor")),
    "pages.media_buys": Says("get_media_buys", _last_row("media_buys")),
    "pages.creatives": Says("list_creatives", _last_row("creatives")),
    "pages.cursor": Asks("get_media_buys", drop("pagination.cursor")),
    "pages.size": Asks("get_media_buys", drop("pagination.max_results")),
    "webhooks.told": Rewritten(put("operation_id", "check-operation-8")),
    "webhooks.schema": Rewritten(drop("task_type")),
    "webhooks.signed": Unsigned(),
    "webhooks.retried": Once(),
    "webhooks.same_again": Rewritten(put(_KEY, new_key)),
    "webhooks.not_again": Twice(),
    "delivery.nothing_yet": Says("get_media_buy_delivery", put(f"{_REPORT}.totals.impressions", 5)),
    "delivery.packages": Says("get_media_buy_delivery", put(f"{_REPORT}.totals.impressions", add(1))),
    "delivery.days": Says(
        "get_media_buy_delivery", put(f"{_REPORT}.by_package.0.daily_breakdown.0.impressions", add(7))
    ),
    "delivery.aggregate": Says("get_media_buy_delivery", put("aggregated_totals.spend", add(1))),
    "delivery.budget": Says("get_media_buy_delivery", put(f"{_REPORT}.by_package.0.spend", 1000.5)),
    "delivery.price": Says("get_media_buy_delivery", put(f"{_REPORT}.by_package.0.spend", add(0.5))),
    "delivery.possible": Says("get_media_buy_delivery", put(f"{_REPORT}.totals.clicks", 10**9)),
    "delivery.period": Asks("get_media_buy_delivery", _without("start_date", "end_date")),
    "delivery.only_asked": Asks("get_media_buy_delivery", drop("media_buy_ids")),
    "delivery.frequency": Asks("create_media_buy", drop("packages.*.targeting_overlay")),
    "delivery.status": Says("get_media_buy_delivery", put(f"{_REPORT}.status", "paused")),
    "isolation.read": As(MINE, lambda call: "globex" in call.headers.get("Authorization", "")),
    "isolation.change": As(MINE, lambda call: "globex" in call.headers.get("Authorization", "")),
    "isolation.list": As(MINE, lambda call: "globex" in call.headers.get("Authorization", "")),
    "hostile.json": Instead(lambda call: call.body is None, Said(200, None, raw=b"fine")),
    "hostile.types": Instead(_invents, Said(200, _MADE)),
    "hostile.words": Instead(lambda call: b"DROP TABLE" in call.raw, crash()),
    "hostile.numbers": Instead(_invents, Said(200, _MADE)),
    "hostile.depth": Instead(lambda call: b'"deep"' in call.raw, crash()),
    "hostile.size": Instead(lambda call: len(call.raw) > 900_000, crash(502)),
    "hostile.unknown_fields": Instead(
        lambda call: call.name == "create_media_buy" and "ext" in call.body, Said(200, refusal("INVALID_REQUEST"), True)
    ),
}
"""By the name of the check that must fail."""
