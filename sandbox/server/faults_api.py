"""The rules of faults in the control API: listed with their hits, added, removed, replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, model_validator

from sandbox.core.time import format_duration, iso
from sandbox.kernel.faults import Fault
from sandbox.scenario.faults import FaultSpec
from sandbox.server.bodies import parse_object, read_model
from sandbox.server.fault_rules import rule_id
from sandbox.server.host import Host
from sandbox.server.inputs import NETWORK


class FaultRules(BaseModel):
    """All rules from now on (``faults``), or those that are added to the others, or taken away by id."""

    model_config = ConfigDict(extra="forbid")

    faults: list[FaultSpec] | None = None
    add: list[FaultSpec] = []
    remove: list[str] = []
    customer: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> FaultRules:
        if (self.faults is None) == (not self.model_fields_set & {"add", "remove"}):
            raise ValueError("give `faults`, which replaces all rules, or `add` and `remove`")
        return self


class FaultsApi:
    """Serves ``/_sandbox/faults``; ``host_of`` gives the world of a customer."""

    def __init__(self, host_of: Callable[[str | None], Host]) -> None:
        self._host_of = host_of

    def add_routes(self, app: web.Application, prefix: str) -> None:
        """Enter all routes."""
        app.router.add_get(f"{prefix}/faults", self.rules)
        app.router.add_post(f"{prefix}/faults", self.change)

    async def rules(self, request: web.Request) -> web.Response:
        """The rules with their ids, how often each one has struck, and how often it still may."""
        return _listed(self._host_of(request.query.get("customer")))

    async def change(self, request: web.Request) -> web.Response:
        """Replace all rules (an empty list ends all faults), or add some and remove others; answers as ``rules``."""
        wanted = await read_model(request, FaultRules)
        host = self._host_of(wanted.customer)
        arguments = parse_object(await request.read())
        arguments.pop("customer", None)
        reply = await host.control(f"{NETWORK}.faults", arguments)
        return _listed(host) if reply.ok else web.json_response(reply.body, status=reply.status)


def _listed(host: Host) -> web.Response:
    return web.json_response({"faults": [_wire(rule) for rule in host.world.network.faults.listed()]})


def _wire(rule: Fault) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "median": f"{rule.latency.median_ms}ms",
        "p95": f"{rule.latency.p95_ms}ms",
        "hold": f"{rule.hold_ms}ms",
        "rate": rule.rate,
        "status": rule.status,
        "retry_after": None if rule.retry_after_s is None else f"{rule.retry_after_s}s",
        "skew": ("-" if rule.skew_ms < 0 else "+") + format_duration(abs(rule.skew_ms)),
    }
    return {
        "id": rule_id(rule),
        "kind": rule.kind,
        "from": rule.sender,
        "to": rule.to,
        "message": rule.message,
        "direction": rule.way,
        "since": None if rule.from_ms is None else iso(rule.from_ms),
        "until": None if rule.until_ms is None else iso(rule.until_ms),
        "probability": rule.probability,
        "count": rule.count,
        "left": rule.left,
        "hits": rule.hits,
        **{name: settings[name] for name in rule.row.settings},
    }
