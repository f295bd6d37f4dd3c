"""A buyer platform with outcome agents: built-in ones, and one that answers as a test tells it to."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from agents.buyer import KIND as BUYER
from agents.outcome import KIND as OUTCOME
from agents.outcome import OutcomeAgent
from agents.publisher import KIND as PUBLISHER
from agents.seller import KIND as SELLER
from sandbox.core.errors import ApiError
from sandbox.core.time import DAY_MS, iso, parse_instant
from sandbox.kernel.actor import Actor, ActorKind
from sandbox.kernel.endpoint import Context, Endpoint, Principal, Reply
from sandbox.kernel.network import NetworkConfig
from sandbox.kernel.world import World
from sandbox.operations.outcome import BODIES
from sandbox.operations.outcome_auth import Credentials
from sandbox.operations.outcome_dialect import OutcomeDialect, operations
from tests.unit.buyer.conftest import START, Driver, Platform

Json = dict[str, Any]

PROPOSAL: Json = {
    "tacticId": "premium",
    "execution": "Premium inventory",
    "budgetCapacity": 5000,
    "pricing": {"method": "revshare", "rate": 15, "currency": "USD"},
}


class Scripted(Actor):
    """An outcome agent whose answers a test gives: a body, an error, or a function of the body."""

    role = "outcome"

    def __init__(self, world: World, actor_id: str, credentials: Credentials) -> None:
        super().__init__(world, actor_id)
        self.answers: dict[str, Any] = {
            "get-proposals": {"proposals": [PROPOSAL]},
            "accept-proposal": {"acknowledged": True},
        }
        self.wait_ms = 0
        self.got: list[tuple[str, Json]] = []
        handlers = {name: self._handler(name) for name in BODIES}
        self.endpoint = Endpoint(self, OutcomeDialect(credentials), operations(handlers))

    def _handler(self, name: str) -> Callable[[Context, Json], Any]:
        def handle(ctx: Context, request: Json) -> Generator[Any, Any, Any]:
            body = request["body"].model_dump(by_alias=True, exclude_unset=True)
            self.got.append((name, body))
            if self.wait_ms:
                yield self.world.env.timeout(self.wait_ms)
            answer = self.answers.get(name, {})
            if isinstance(answer, ApiError):
                raise answer
            return answer(body) if callable(answer) else answer

        return handle

    def bodies(self, name: str) -> list[Json]:
        """The bodies of the requests of an operation."""
        return [body for operation, body in self.got if operation == name]


class Market(Platform):
    """The platform under test, with shortcuts for tactics."""

    def agent(self, name: str) -> OutcomeAgent:
        """A built-in outcome agent."""
        actor = self.world.actors[name]
        assert isinstance(actor, OutcomeAgent)
        return actor

    def as_agent(self, agent: str, operation: str, body: Json) -> Reply:
        """Call the platform as an outcome agent does, with the seat's API key."""
        call = self.world.network.call(
            agent, "buyer", operation, {"body": body}, Principal(self.principal, "outcome"), None
        )
        process = self.world.spawn(call)
        while not process.processed:
            self.world.env.step()
        reply: Any = process.value
        assert isinstance(reply, Reply)
        return reply

    def start_campaign(self, **fields: Any) -> str:
        """A campaign for display in the US with a banner; agents have proposed when it is there."""
        body = {"budget": {"total": 5000, "currency": "USD"}, **fields}
        body.setdefault("constraints", {"channels": ["display"], "countries": ["US"]})
        campaign = self.campaign(self.advertiser(), **body)
        asset = {"asset_type": "IMAGE", "url": "https://cdn.acme.com/a.png", "width": 300, "height": 250}
        ref = {"agent_url": "https://creative.adcontextprotocol.org", "id": "display_300x250_image"}
        creative = {"name": "Banner", "format_id": ref, "assets": [asset]}
        self.call("create_creative", creative, {"campaignId": campaign})
        self.advance("11s")
        return campaign

    def tactics(self, campaign: str) -> Json:
        """``list_tactics``."""
        return self.call("list_tactics", path={"campaignId": campaign})

    def pick(self, campaign: str, budget: float = 1000, number: int = 0, **fields: Any) -> Json:
        """Select a proposal of a campaign; gives its row afterwards."""
        proposal = self.tactics(campaign)["tactics"][number]["proposalId"]
        wanted = {"proposalId": proposal, "budget": budget, **fields}
        found = self.call("select_tactics", {"tactics": [wanted]}, {"campaignId": campaign})
        row: Json = next(row for row in found["tactics"] if row["proposalId"] == proposal)
        return row


MakeMarket = Callable[..., Market]


def build(
    agents: dict[str, Json] | None = None,
    scripted: Credentials | None = None,
    buyer: Json | None = None,
    network: NetworkConfig | None = None,
    sellers: Json | None = None,
    opportunities: tuple[int, int] = (3000, 3000),
) -> Market:
    """Two sales agents for display, built-in agents by their settings, and ``script`` if ``scripted`` is given."""
    world = World(11, parse_instant(START), network, users=2_000)
    world.add(Driver(world, "driver"))
    for name, daily in zip(("gazette", "tribune"), opportunities, strict=True):
        placements = [{"channel": "display", "daily_opportunities": daily, "hour_shape": "flat"}]
        _add(world, PUBLISHER, name, {"domain": f"{name}.example", "placements": placements})
    for name, publisher in (("northstar", "gazette"), ("harbor", "tribune")):
        _add(world, SELLER, name, {"publishers": [publisher], **(sellers or {})})
    _add(world, BUYER, "buyer", buyer or {})
    for name, config in (agents or {}).items():
        _add(world, OUTCOME, name, config)
    if scripted is not None:
        world.add(Scripted(world, "script", scripted))
        world.ecosystem.link("buyer", "script", "authorised_for")
    market = Market(world, next(iter(world.actors["buyer"].customers)))  # type: ignore[attr-defined]
    world.start()
    market.advance("10s")
    return market


def _add(world: World, kind: ActorKind, name: str, config: Json) -> None:
    world.add(kind.build(world, name, kind.config.model_validate(config)))


@pytest.fixture
def make_market() -> Generator[MakeMarket, None, None]:
    """Builds worlds; after the test no checker may have found a breach."""
    made: list[Market] = []

    def make(**settings: Any) -> Market:
        made.append(build(**settings))
        return made[-1]

    yield make
    for market in made:
        market.world.market.settle()
        for checker in market.checkers:
            checker.finish()
            assert not checker.violations, [str(v) for v in checker.violations]


KEY = Credentials("API_KEY", "open sesame")


@pytest.fixture
def make_scripted(make_market: MakeMarket) -> Callable[..., tuple[Market, Scripted]]:
    """A world with one scripted agent that has registered."""

    def make(**settings: Any) -> tuple[Market, Scripted]:
        market = make_market(scripted=KEY, **settings)
        agent = market.world.actors["script"]
        assert isinstance(agent, Scripted)
        market.call("outcome_agent_register", registration())
        return market, agent

    return make


def registration(**fields: Any) -> Json:
    """The body of a registration of the scripted agent."""
    return {
        "name": "Script",
        "endpointUrl": "https://script.sandbox.test",
        "authenticationType": "API_KEY",
        "credentials": {"apiKey": KEY.secret},
        **fields,
    }


def flight(days: int = 30) -> Json:
    """A flight of so many days from the second day on."""
    start = parse_instant(START) + DAY_MS
    return {"startDate": iso(start), "endDate": iso(start + days * DAY_MS)}
