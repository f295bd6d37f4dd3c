"""A world with one vendor (a creative, signals or brand agent) and callers that only call and listen."""

from __future__ import annotations

from typing import Any

from sandbox.core.time import parse_duration, parse_instant
from sandbox.kernel.actor import Actor, actor_kind
from sandbox.kernel.checkers import CHECKERS
from sandbox.kernel.endpoint import Endpoint, Operation
from sandbox.kernel.world import World
from sandbox.protocol.dialect import InboxDialect
from sandbox.protocol.tools import TOOLS

START = "2026-05-01"
ACCOUNT = {"brand": {"domain": "acmeoutdoor.example"}, "operator": "pinnacle-agency.example"}
OURS = "https://your-agent.example.com"
"""The address that callers from outside use in format ids."""


def ref(format_id: str) -> dict[str, str]:
    return {"agent_url": OURS, "id": format_id}


class Caller(Actor):
    """Keeps the webhooks that it gets."""

    role = "buyer"

    def __init__(self, world: World, actor_id: str) -> None:
        super().__init__(world, actor_id)
        self.webhooks: list[dict[str, Any]] = []
        self.inbox = Endpoint(self, InboxDialect(), [Operation("webhook", self._take)])

    def _take(self, ctx: Any, body: dict[str, Any]) -> dict[str, Any]:
        self.webhooks.append(body)
        return {}


class Stage:
    """The world and what tests do in it. Every answer is checked against the official schema on its way."""

    def __init__(
        self, kind: str, config: dict[str, Any], version: str = "3.1", **others: tuple[str, dict[str, Any]]
    ) -> None:
        self.world = World(7, parse_instant(START), users=1_000)
        self.checkers = [checker(self.world) for checker in CHECKERS]
        for checker in self.checkers:
            self.world.trace.listen(checker.on_event)
        self.world.trace.listen(self._on_event)
        self.violations: list[str] = []
        for actor_id, (name, settings) in {**others, "vendor": (kind, config)}.items():
            made = actor_kind(name)
            self.world.add(made.build(self.world, actor_id, made.config(**settings)))
        self.callers = {name: Caller(self.world, name) for name in ("buyer", "rival")}
        for caller in self.callers.values():
            self.world.add(caller)
        self.version = version
        self.world.start()
        self._keys = 0

    @property
    def vendor(self) -> Any:
        return self.world.actors["vendor"]

    @property
    def webhooks(self) -> list[dict[str, Any]]:
        return self.callers["buyer"].webhooks

    def _on_event(self, event: Any) -> None:
        if event.kind == "violation":
            self.violations.append(event.data["message"])

    def reply(self, operation: str, sender: str = "buyer", **payload: Any) -> Any:
        body: dict[str, Any] = dict(payload)
        body |= {"adcp_major_version": 3} if self.version == "3.0" else {"adcp_version": self.version}
        if TOOLS[operation].mutating and operation != "get_products":
            self._keys += 1
            body.setdefault("idempotency_key", f"key-of-the-test-{self._keys:06d}")
        answers: list[Any] = []

        def ask() -> Any:
            answers.append((yield from self.callers[sender].call("vendor", operation, body)))

        self.world.spawn(ask())
        while not answers:
            self.world.env.step()
        return answers[0]

    def call(self, operation: str, sender: str = "buyer", **payload: Any) -> dict[str, Any]:
        """Call for success; neither side may have broken its schema."""
        reply = self.reply(operation, sender, **payload)
        assert reply.ok, reply.body
        assert not self.violations, self.violations
        body: dict[str, Any] = reply.body
        return body

    def error(self, operation: str, sender: str = "buyer", **payload: Any) -> dict[str, Any]:
        """Call for an error, and give it; the request must fit its schema."""
        reply = self.reply(operation, sender, **payload)
        assert not reply.ok, reply.body
        assert not self.violations, self.violations
        error: dict[str, Any] = reply.body["errors"][0]
        return error

    def run(self, duration: str) -> None:
        self.world.run(self.world.now + parse_duration(duration))

    def do(self, control: str, **arguments: Any) -> None:
        self.vendor.controls[control](**arguments)

    def file(self, url: str) -> tuple[str, bytes]:
        """The published file at a URL."""
        digest, name = url.rsplit("/", 2)[1:]
        found: tuple[str, bytes] = self.vendor.shelf.read(digest, name)
        return found
