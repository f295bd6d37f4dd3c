"""The part of the control API that looks into the books of a world: metrics, and what checkers find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.core.errors import InputError
from sandbox.core.time import iso
from sandbox.results.metrics import METRICS, SELECTORS, measure
from sandbox.server.bodies import refused
from sandbox.server.host import Host
from sandbox.server.inputs import MARKET
from sandbox.server.served import Served

Find = Callable[[str | None], Host]
"""The world of a customer, by default of the first one."""


class Books:
    """Serves ``/metrics``, ``/settle`` and ``/audit`` below a prefix."""

    def __init__(self, served: Served, find: Find) -> None:
        self.served = served
        self._find = find

    def add_routes(self, app: web.Application, prefix: str) -> None:
        """Enter all routes."""
        app.router.add_get(f"{prefix}/metrics", self.metrics)
        app.router.add_post(f"{prefix}/settle", self.settle)
        app.router.add_post(f"{prefix}/audit", self.audit)

    async def metrics(self, request: web.Request) -> web.Response:
        """Metrics at this moment: ``{now, metrics: {name: value}}``.

        The query has the metrics that are wanted (``name=spend,impressions``; all, if none is named) and
        selectors (``campaign=…``, ``seller=…``). Nothing changes: no event, no entry in the journal.
        """
        host = self._host(request)
        for name in request.query:
            if name not in ("name", "customer", *SELECTORS):
                raise refused(name, f"give name, customer, {', '.join(SELECTORS)}")
        texts = [name for text in request.query.getall("name", []) for name in text.split(",") if name]
        selectors = {name: request.query[name] for name in SELECTORS if name in request.query}
        await host.run_to(self.served.clock.now())
        world, values = host.world, {}
        with world.market.quietly():
            for name in texts or METRICS:
                try:
                    values[name] = measure(world, name, selectors)
                except InputError as error:
                    raise refused("name", f"{error.message}; {error.hint}") from None
        return web.json_response({"now": iso(world.now), "metrics": values})

    async def settle(self, request: web.Request) -> web.Response:
        """Write to the trace what was delivered in the present hour up to now: ``{now}``. An input like a call."""
        host = self._host(request)
        await host.control(f"{MARKET}.settle", {})
        return web.json_response({"now": iso(host.world.now)})

    async def audit(self, request: web.Request) -> web.Response:
        """Settle, and let all checkers look: ``{now, opportunities, violations: [{checker, seq, at_ms, message}]}``."""
        host = self._host(request)
        await host.control(f"{MARKET}.settle", {})
        violations: list[dict[str, Any]] = [
            {"checker": v.checker, "seq": v.seq, "at_ms": v.at_ms, "message": v.message} for v in host.audited()
        ]
        opportunities = host.world.market.opportunities
        found = {"now": iso(host.world.now), "opportunities": opportunities, "violations": violations}
        return web.json_response(found)

    def _host(self, request: web.Request) -> Host:
        return self._find(request.query.get("customer"))
