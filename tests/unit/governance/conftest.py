"""A small world with a governance agent, two buyers, a seller's identity and a publisher."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agents.governance import GovernanceAgent, GovernanceConfig
from agents.publisher import KIND as PUBLISHER
from sandbox.core.time import parse_duration, parse_instant
from sandbox.kernel.actor import Actor
from sandbox.kernel.checkers import CHECKERS
from sandbox.kernel.endpoint import Endpoint, Operation, Principal
from sandbox.kernel.network import Network
from sandbox.kernel.world import World
from sandbox.protocol.dialect import InboxDialect

Json = dict[str, Any]

START = "2026-05-01T00:00:00Z"
SELLER = Network.url("seller")
RIVAL_SELLER = Network.url("other-seller")


class Party(Actor):
    """Somebody who calls, and keeps the webhooks that come."""

    def __init__(self, world: World, actor_id: str, role: str) -> None:
        self.role = role
        super().__init__(world, actor_id)
        self.webhooks: list[Json] = []
        self.inbox = Endpoint(self, InboxDialect(), [Operation("webhook", self._take)])

    def _take(self, ctx: Any, body: Json) -> Json:
        self.webhooks.append(body)
        return {}


class Stage:
    """The world and what tests do in it."""

    def __init__(self, config: Json, version: str) -> None:
        self.world = World(5, parse_instant(START), users=1_000)
        self.checkers = [checker(self.world) for checker in CHECKERS]
        for checker in self.checkers:
            self.world.trace.listen(checker.on_event)
        daily: Json = {"domain": "daily.example", "topics": ["news"], "placements": [{"channel": "display"}]}
        self.world.add(PUBLISHER.build(self.world, "daily", PUBLISHER.config(**daily)))
        self.agent = GovernanceAgent(self.world, "governor", GovernanceConfig(**config))
        self.world.add(self.agent)
        parties = {"buyer": "buyer", "rival": "buyer", "agency": "buyer", "seller": "seller", "other-seller": "seller"}
        self.parties = {name: Party(self.world, name, role) for name, role in parties.items()}
        for party in self.parties.values():
            self.world.add(party)
            self.world.ecosystem.link("governor", party.id, "authorised_for")
        self.world.start()
        self.version = version
        self._keys = 0

    def reply(
        self, tool: str, body: Json, by: str = "buyer", version: str | None = None, role: str | None = None
    ) -> Any:
        """Call a tool and run the world until the reply is there."""
        release = version or self.version
        payload: Json = ({"adcp_major_version": 3} if release == "3.0" else {"adcp_version": release}) | body
        if tool.startswith(("sync_", "report_", "create_", "update_", "delete_", "calibrate")):
            self._keys += 1
            payload.setdefault("idempotency_key", f"key-{self._keys:016d}")
        principal = Principal(by, role or self.parties[by].role)
        process = self.world.spawn(self.world.network.call(by, "governor", tool, payload, principal))
        while not process.processed:
            self.world.env.step()
        return process.value

    def call(self, tool: str, body: Json, **more: Any) -> Json:
        """A call that must succeed."""
        reply = self.reply(tool, body, **more)
        assert reply.ok, reply.body
        return dict(reply.body)

    def error(self, tool: str, body: Json, **more: Any) -> Json:
        """A call that must fail; gives its error."""
        reply = self.reply(tool, body, **more)
        assert not reply.ok, reply.body
        return dict(reply.body["adcp_error"])

    def advance(self, by: str) -> None:
        """Let time pass."""
        self.world.run(self.world.now + parse_duration(by))

    def plan(self, plan_id: str = "plan", budget: Json | None = None, by: str = "buyer", **more: Any) -> Json:
        """Synchronise a plan of 1000 USD for May; gives its row."""
        free = {} if "reallocation_threshold" in (budget or {}) else {"reallocation_unlimited": True}
        body = {
            "plan_id": plan_id,
            "brand": {"domain": "acme.com"},
            "objectives": "Sell more",
            "budget": {"total": 1000, "currency": "USD"} | free | (budget or {}),
            "flight": {"start": START, "end": "2026-06-01T00:00:00Z"},
        } | more
        row: Json = self.call("sync_plans", {"plans": [body]}, by=by)["plans"][0]
        return row

    def intent(self, amount: float = 100, plan_id: str = "plan", by: str = "buyer", **more: Any) -> Json:
        """The body of an intent to buy for an amount from the seller."""
        package: Json = {"product_id": "daily_display", "pricing_option_id": "cpm", "budget": amount}
        overlay = more.pop("overlay", None)
        if overlay is not None:
            package["targeting_overlay"] = overlay
        package |= more.pop("package", {})
        payload = {
            "account": {"brand": {"domain": "acme.com"}, "operator": "agency.example"},
            "brand": {"domain": "acme.com"},
            "start_time": "2026-05-02T00:00:00Z",
            "end_time": "2026-05-20T00:00:00Z",
            "packages": more.pop("packages", [package]),
            "idempotency_key": "order-000000000001",
        } | more.pop("payload", {})
        body: Json = {"plan_id": plan_id, "caller": Network.url(by), "target_agent": SELLER}
        return body | {"tool": "create_media_buy", "payload": payload} | more

    def check(self, amount: float = 100, by: str = "buyer", **more: Any) -> Json:
        """Ask for an intent."""
        return self.call("check_governance", self.intent(amount, by=by, **more), by=by)

    def execution(self, token: str, amount: float = 100, **planned: Any) -> Json:
        """The body of a seller's check before it books."""
        delivery: Json = {
            "geo": {"countries": ["US"]},
            "channels": ["display"],
            "start_time": "2026-05-02T00:00:00Z",
            "end_time": "2026-05-20T00:00:00Z",
            "total_budget": amount,
            "currency": "USD",
        }
        body: Json = {"plan_id": "plan", "caller": SELLER, "governance_context": token, "phase": "purchase"}
        return body | {"planned_delivery": delivery | planned}

    def report(self, check: Json, outcome: str = "completed", by: str = "buyer", **more: Any) -> Json:
        """Report what became of an approved check."""
        body = {"plan_id": check["plan_id"], "check_id": check["check_id"], "outcome": outcome}
        return self.call(
            "report_plan_outcome", body | {"governance_context": check["governance_context"]} | more, by=by
        )

    def log(self, plan_id: str = "plan", by: str = "buyer") -> Json:
        """The audit log of a plan."""
        body = {"plan_ids": [plan_id], "include_entries": True}
        found: Json = self.call("get_plan_audit_logs", body, by=by)["plans"][0]
        return found


MakeStage = Callable[..., Stage]


@pytest.fixture
def make_stage() -> Any:
    """Build a world; afterwards no checker may have found anything."""
    made: list[Stage] = []

    def make(version: str = "3.1", **config: Any) -> Stage:
        made.append(Stage(config, version))
        return made[-1]

    yield make
    for stage in made:
        found = [str(violation) for checker in stage.checkers for violation in checker.violations]
        assert found == []


@pytest.fixture
def stage(make_stage: MakeStage) -> Stage:
    """The usual world."""
    return make_stage()
