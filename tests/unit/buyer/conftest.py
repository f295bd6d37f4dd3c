"""A small ecosystem with a buyer platform, and a driver who talks to it through its door."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from agents.buyer import KIND as BUYER
from agents.buyer import BuyerPlatform
from agents.publisher import KIND as PUBLISHER
from agents.seller import KIND as SELLER
from sandbox.core.time import DAY_MS, iso, parse_duration, parse_instant
from sandbox.kernel.actor import Actor, ActorKind
from sandbox.kernel.checkers import CHECKERS
from sandbox.kernel.endpoint import Principal, Reply
from sandbox.kernel.network import NetworkConfig
from sandbox.kernel.trace import Event
from sandbox.kernel.world import World
from sandbox.operations.answer import check_answer

START = "2026-05-01T00:00:00Z"

PUBLISHERS: dict[str, dict[str, Any]] = {
    "herald": {
        "domain": "herald.example",
        "topics": ["news"],
        "placements": [{"channel": "display"}, {"channel": "olv"}],
    },
    "streamtv": {
        "domain": "www.streamtv.example",
        "topics": ["sports"],
        "placements": [{"channel": "ctv"}, {"channel": "olv"}],
    },
    "tribune": {"domain": "tribune.example", "topics": ["business"], "placements": [{"channel": "display"}]},
}
SELLERS: dict[str, dict[str, Any]] = {
    "northstar": {"name": "Northstar Media", "publishers": ["herald"]},
    "harbor": {"name": "Harbor Exchange", "publishers": ["streamtv"]},
    "summit": {"name": "Summit Sales", "publishers": ["tribune"]},
}


class Driver(Actor):
    """Whoever uses the platform."""

    role = "driver"


class Platform:
    """The platform under test in its world."""

    def __init__(self, world: World, principal: str) -> None:
        self.world = world
        self.principal = principal
        self.checkers = [checker(world) for checker in CHECKERS]
        for checker in self.checkers:
            world.trace.listen(checker.on_event)

    @property
    def buyer(self) -> BuyerPlatform:
        """The actor itself, for looking at what no operation shows."""
        actor = self.world.actors["buyer"]
        assert isinstance(actor, BuyerPlatform)
        return actor

    def reply(
        self,
        operation: str,
        body: dict[str, Any] | None = None,
        path: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
        *,
        customer: str | None = None,
    ) -> Reply:
        """Call an operation, and run the world until its reply is there."""
        payload = {"pathParams": path or {}, "params": params or {}, "body": body}
        principal = Principal(customer or self.principal, "driver")
        process = self.world.spawn(self.world.network.call("driver", "buyer", operation, payload, principal))
        while not process.processed:
            self.world.env.step()
        reply: Any = process.value
        assert isinstance(reply, Reply)
        if (
            reply.ok and not self.buyer.config.compatibility.sdk_case_aliases
        ):  # the published description is what is answered
            assert self.buyer.endpoint is not None
            check_answer(self.buyer.endpoint.operations[operation].detail, reply.body)
        return reply

    def call(self, operation: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Call an operation that must succeed; gives the body of the answer."""
        reply = self.reply(operation, *args, **kwargs)
        assert reply.ok, f"{operation} failed: {reply.body}"
        return reply.body

    def error(self, operation: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Call an operation that must fail; gives ``{code, message, field, details}``."""
        reply = self.reply(operation, *args, **kwargs)
        assert not reply.ok, f"{operation} succeeded: {reply.body}"
        assert reply.body["data"] is None
        error: dict[str, Any] = reply.body["error"]
        return error

    def advance(self, by: str) -> None:
        """Let simulated time pass."""
        self.world.run(self.world.now + parse_duration(by))

    def until(self, at: str) -> None:
        """Let simulated time pass up to an instant."""
        self.world.run(parse_instant(at))

    def do(self, actor: str, control: str, **arguments: Any) -> Any:
        """Let an actor do something by itself, such as a sales agent approve; the world settles for 10 s."""
        result = self.world.actors[actor].controls[control](**arguments)
        self.advance("10s")
        return result

    def messages(self, operation: str, to: str | None = None) -> list[dict[str, Any]]:
        """The payloads of all requests of an operation so far."""
        calls = self.events("call", operation=operation, **({"to": to} if to else {}))
        return [event.data["payload"] for event in calls]

    def events(self, kind: str, **fields: Any) -> list[Event]:
        """The events of a kind whose data have these fields."""
        return [
            event
            for event in self.world.trace.of(kind)
            if all(event.data.get(name) == value for name, value in fields.items())
        ]

    # -- shortcuts ---------------------------------------------------------------------------------------

    def advertiser(self, **fields: Any) -> str:
        """A new advertiser of acme.com; gives its id."""
        body = {"name": "Acme Corp", "brand": "acme.com", **fields}
        return str(self.call("create_advertiser", body)["id"])

    def discover(self, advertiser_id: str, **fields: Any) -> dict[str, Any]:
        """Discover products."""
        return self.call("discover_products", {"advertiserId": advertiser_id, **fields})

    def select(self, found: dict[str, Any], *wanted: str, **fields: Any) -> dict[str, Any]:
        """Select discovered products by id, or all of them; non-fixed ones with a bid of twice the floor."""
        rows = []
        for group in found["productGroups"]:
            for product in group["products"]:
                if wanted and product["productId"] not in wanted:
                    continue
                row = {
                    "productId": product["productId"],
                    "salesAgentId": product["salesAgentId"],
                    "groupId": group["groupId"],
                    "groupName": group["groupName"],
                    **fields,
                }
                option = product["pricingOptions"][0]
                if not option["isFixed"]:
                    row["bidPrice"] = option["floorPrice"] * 2
                rows.append(row)
        return self.call("add_discovery_products", {"products": rows}, {"discoveryId": found["discoveryId"]})

    def campaign(self, advertiser_id: str, **fields: Any) -> str:
        """A new campaign of 30 days from tomorrow with a budget of 10,000; gives its id."""
        start = self.world.start_ms + DAY_MS
        body = {
            "advertiserId": advertiser_id,
            "name": "Spring",
            "campaignType": "DECISIONED",
            "flightDates": {"startDate": iso(start), "endDate": iso(start + 30 * DAY_MS)},
            "budget": {"total": 10_000, "currency": "USD"},
            **fields,
        }
        return str(self.call("create_campaign", body)["campaignId"])


def banners(platform: Platform, campaign: str, **fields: Any) -> list[str]:
    """One manifest for each format that the campaign needs."""
    made = []
    for ref in platform.call("get_campaign", path={"campaignId": campaign})["creativeFormats"]["missing"]:
        kind = "VIDEO" if "video" in ref["id"] else "IMAGE"
        asset = {"asset_type": kind, "url": "https://cdn.acme.com/a", "width": 300, "height": 250}
        body = {"name": ref["id"], "format_id": ref, "assets": [asset], **fields}
        made.append(platform.call("create_creative", body, {"campaignId": campaign})["creative_id"])
    return made


MakePlatform = Callable[..., Platform]


def build(
    buyer: dict[str, Any] | None = None,
    sellers: dict[str, dict[str, Any]] | None = None,
    publishers: dict[str, dict[str, Any]] | None = None,
    network: NetworkConfig | None = None,
    seed: int = 7,
) -> Platform:
    """Build the world and start it. Settings of sellers are merged into the usual ones; None leaves one out."""
    world = World(seed, parse_instant(START), network, users=2_000)
    world.add(Driver(world, "driver"))
    for name, config in (publishers or PUBLISHERS).items():
        _add(world, PUBLISHER, name, config)
    for name, usual in SELLERS.items():
        _add(world, SELLER, name, {**usual, **(sellers or {}).get(name, {})})
    _add(world, BUYER, "buyer", buyer or {})
    platform = Platform(world, next(iter(world.actors["buyer"].customers)))  # type: ignore[attr-defined]
    world.start()
    return platform


def _add(world: World, kind: ActorKind, name: str, config: dict[str, Any]) -> None:
    world.add(kind.build(world, name, kind.config.model_validate(config)))


@pytest.fixture
def make_platform() -> Generator[MakePlatform, None, None]:
    """Builds platforms; after the test no checker may have found a breach."""
    made: list[Platform] = []

    def make(**settings: Any) -> Platform:
        made.append(build(**settings))
        return made[-1]

    yield make
    for platform in made:
        platform.world.market.settle()
        for checker in platform.checkers:
            checker.finish()
            assert not checker.violations, [str(v) for v in checker.violations]


@pytest.fixture
def platform(make_platform: MakePlatform) -> Platform:
    """The usual platform: three sales agents that approve at once."""
    return make_platform()
