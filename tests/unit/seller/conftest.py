"""A small world with one publisher, one sales agent and a buyer that only calls and listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agents.publisher import KIND as PUBLISHER
from agents.seller import KIND as SELLER
from agents.seller import Seller
from sandbox.core.time import parse_duration, parse_instant
from sandbox.kernel.actor import Actor
from sandbox.kernel.checkers import CHECKERS
from sandbox.kernel.endpoint import Endpoint, Operation
from sandbox.kernel.world import World
from sandbox.protocol.dialect import InboxDialect
from sandbox.protocol.tools import TOOLS

START = "2026-05-01"  # a Friday
ACCOUNT = {"brand": {"domain": "acme.com"}, "operator": "agency.example"}
PLACEMENTS = [
    {"channel": "ctv", "daily_opportunities": 2_000},
    {"channel": "display", "daily_opportunities": 4_000, "competition": "none"},
]
ASSETS = {
    "video": {"video_file": {"asset_type": "video", "url": "https://acme.com/a.mp4", "width": 1920, "height": 1080}},
    "display": {"banner_image": {"asset_type": "image", "url": "https://acme.com/a.png", "width": 300, "height": 250}},
}


def format_ref(format_id: str) -> dict[str, str]:
    return {"agent_url": "https://creative.adcontextprotocol.org", "id": format_id}


def creative(creative_id: str = "spot", format_id: str = "video_standard_30s", **more: Any) -> dict[str, Any]:
    """A creative of a standard format."""
    assets = ASSETS["video" if format_id.startswith("video") else "display"]
    return {
        "creative_id": creative_id,
        "name": creative_id,
        "format_id": format_ref(format_id),
        "assets": assets,
    } | more


class Buyer(Actor):
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
    """The world and what tests do in it. When a test is over, every checker must have held."""

    def __init__(self, config: dict[str, Any], publisher: dict[str, Any], version: str, seed: int) -> None:
        self.world = World(seed, parse_instant(START), users=5_000)
        self.checkers = [checker(self.world) for checker in CHECKERS]
        for checker in self.checkers:
            self.world.trace.listen(checker.on_event)
        self.world.add(PUBLISHER.build(self.world, "daily", PUBLISHER.config(**publisher)))
        self.world.add(SELLER.build(self.world, "seller", SELLER.config(**config)))
        self.buyers = {name: Buyer(self.world, name) for name in ("buyer", "rival")}
        for buyer in self.buyers.values():
            self.world.add(buyer)
            self.world.ecosystem.link("seller", buyer.id, "authorised_for")
        self.version = version
        self.world.start()
        self._keys = 0

    @property
    def seller(self) -> Seller:
        actor = self.world.actors["seller"]
        assert isinstance(actor, Seller)
        return actor

    @property
    def webhooks(self) -> list[dict[str, Any]]:
        return self.buyers["buyer"].webhooks

    def reply(self, operation: str, sender: str = "buyer", **payload: Any) -> Any:
        """Call the seller and let the world run until the answer is there."""
        body: dict[str, Any] = dict(payload)
        body |= {"adcp_major_version": 3} if self.version == "3.0" else {"adcp_version": self.version}
        if TOOLS[operation].mutating and operation != "get_products":
            self._keys += 1
            body.setdefault("idempotency_key", f"key-of-the-test-{self._keys:06d}")
        answers: list[Any] = []

        def ask() -> Any:
            answers.append((yield from self.buyers[sender].call("seller", operation, body)))

        self.world.spawn(ask())
        while not answers:
            self.world.env.step()
        return answers[0]

    def call(self, operation: str, sender: str = "buyer", **payload: Any) -> dict[str, Any]:
        """Call for success."""
        reply = self.reply(operation, sender, **payload)
        assert reply.ok, reply.body
        body: dict[str, Any] = reply.body
        return body

    def error(self, operation: str, sender: str = "buyer", **payload: Any) -> dict[str, Any]:
        """Call for an error, and give it."""
        reply = self.reply(operation, sender, **payload)
        assert not reply.ok, reply.body
        error: dict[str, Any] = reply.body["errors"][0]
        return error

    def run(self, until: str) -> None:
        """Run to an instant, or for a duration when it begins with a plus."""
        now = self.world.now
        self.world.run(now + parse_duration(until[1:]) if until.startswith("+") else parse_instant(until))

    def do(self, control: str, **arguments: Any) -> None:
        """Use a control of the seller."""
        self.seller.controls[control](**arguments)

    def order(self, **changes: Any) -> dict[str, Any]:
        """A create_media_buy request for ten days of television for 200 USD from 3 May on."""
        package = {"product_id": "daily_ctv", "pricing_option_id": "cpm_fixed", "budget": 200}
        package |= changes.pop("package", {})
        return {
            "account": ACCOUNT,
            "brand": {"domain": "acme.com"},
            "start_time": "2026-05-03T00:00:00Z",
            "end_time": "2026-05-13T00:00:00Z",
            "packages": [package],
        } | changes

    def buy(self, **changes: Any) -> dict[str, Any]:
        """Create a media buy that is not decided by a person, and give the answer."""
        return self.call("create_media_buy", **self.order(**changes))

    def running(self, **changes: Any) -> tuple[str, str]:
        """A media buy that delivers from now on: its id and that of its package."""
        package = {"creatives": [creative()]} | changes.pop("package", {})
        made = self.buy(**{"start_time": "asap", "package": package} | changes)
        assert made["media_buy_status"] == "active"
        return made["media_buy_id"], made["packages"][0]["package_id"]

    def update(self, media_buy_id: str, **changes: Any) -> dict[str, Any]:
        """Change a media buy."""
        return self.call("update_media_buy", account=ACCOUNT, media_buy_id=media_buy_id, **changes)

    def refused(self, media_buy_id: str, **changes: Any) -> dict[str, Any]:
        """The error of a change that is refused."""
        return self.error("update_media_buy", account=ACCOUNT, media_buy_id=media_buy_id, **changes)

    def read(self, media_buy_id: str, **more: Any) -> dict[str, Any]:
        """A media buy as get_media_buys gives it."""
        found: dict[str, Any] = self.call("get_media_buys", media_buy_ids=[media_buy_id], **more)["media_buys"][0]
        return found

    def push(self) -> dict[str, Any]:
        """A push_notification_config of the buyer."""
        return {"url": self.world.network.url("buyer", "tasks"), "operation_id": "op-1"}

    def statuses(self, entity: str) -> list[str]:
        """The states that things of an entity went through, in order."""
        events = self.world.trace.of("status")
        return [event.data["new"] for event in events if event.data["entity"] == entity]

    def check(self) -> None:
        """Fail if a checker has found a breach."""
        self.world.market.settle()
        for checker in self.checkers:
            checker.finish()
            assert not checker.violations, [str(violation) for violation in checker.violations]


Opener = Callable[..., Stage]


@pytest.fixture
def stage() -> Any:
    """``stage(**settings of the seller)`` opens a world; its checkers are asked when the test is over."""
    opened: list[Stage] = []

    def open_stage(
        publisher: dict[str, Any] | None = None, version: str = "3.1", seed: int = 7, **config: Any
    ) -> Stage:
        offered = {"domain": "daily.example", "topics": ["news"], "placements": PLACEMENTS, **(publisher or {})}
        opened.append(Stage(config, offered, version, seed))
        return opened[-1]

    yield open_stage
    for made in opened:
        made.check()
