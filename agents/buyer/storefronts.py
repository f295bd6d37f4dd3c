"""Storefronts: under which names sales agents are offered, and who needs credentials there (rules 16 to 18).

A storefront has inventory sources, and behind each source is one sales agent. A scenario that says nothing about
storefronts has one for each sales agent that the platform knows.

Whether buyers need credentials of their own is what the scenario says of the source, or else what the agent says
of itself (``account.require_operator_auth`` of its capabilities; a sales agent's setting ``accounts.operator_auth``).
Where they need none, the platform acts under its own name: nothing can be registered, and no account linked. Where
they need some, nothing happens with the agent, in campaigns of either type, before there are active ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from typing_extensions import TypedDict

from agents.buyer.context import customer_of, platform_of
from agents.buyer.wire import group
from sandbox.core.errors import ApiError, InputError
from sandbox.kernel.network import DOMAIN
from sandbox.operations import Body, Group, Request
from sandbox.operations.paging import name_matches, window

if TYPE_CHECKING:
    from agents.buyer.config import StorefrontConfig
    from agents.buyer.platform import BuyerPlatform
    from sandbox.kernel.endpoint import Context

operation: Group = group("storefronts")


@dataclass(slots=True, frozen=True)
class Source:
    """An inventory source: a sales agent as a storefront offers it."""

    source_id: str
    agent_id: str
    name: str
    protocol: Literal["MCP", "A2A"] = "MCP"
    requires_credentials: bool = False
    auth: Literal["API_KEY", "JWT", "OAUTH"] = "API_KEY"
    status: Literal["ACTIVE", "PENDING", "DISABLED"] = "ACTIVE"


@dataclass(slots=True, frozen=True)
class Storefront:
    """A storefront. ``publisher_domain`` may be empty: then it is that of a publisher of the first agent."""

    storefront_id: int
    platform_id: str
    name: str
    publisher_domain: str
    enabled: bool
    sources: tuple[Source, ...]


class Storefronts:
    """All storefronts of the platform, the same for every customer."""

    def __init__(self, platform: BuyerPlatform) -> None:
        self._platform = platform
        self._all: list[Storefront] = []

    def open(self, agents: list[str]) -> None:
        """Set the storefronts up for the sales agents that the platform knows.

        Raises :class:`InputError` for a source whose agent is not one of them.
        """
        wanted = self._platform.config.storefronts
        if wanted is None:
            self._all = [self._own(number, agent) for number, agent in enumerate(agents, start=1)]
            return
        for shop in wanted:
            for source in shop.sources:
                if source.agent not in agents:
                    hint = f"it knows {', '.join(agents) or 'none'}"
                    raise InputError(f"storefront {shop.platform_id}: no sales agent {source.agent!r}", hint=hint)
        self._all = [self._configured(shop) for shop in wanted]

    def _own(self, number: int, agent: str) -> Storefront:
        """The storefront of an agent of which the scenario says nothing."""
        name = self._platform.sellers.name(agent)
        source = Source(f"src_{agent}", agent, name, requires_credentials=self._operator_auth(agent))
        return Storefront(number, agent, name, "", True, (source,))

    def _configured(self, shop: StorefrontConfig) -> Storefront:
        sources = tuple(
            Source(
                entry.source_id,
                entry.agent,
                entry.name or self._platform.sellers.name(entry.agent),
                entry.protocol,
                self._operator_auth(entry.agent) if entry.requires_credentials is None else entry.requires_credentials,
                entry.auth,
                entry.status,
            )
            for entry in shop.sources
        )
        assert shop.id is not None
        return Storefront(shop.id, shop.platform_id, shop.name, shop.publisher_domain, shop.enabled, sources)

    def _operator_auth(self, agent: str) -> bool:
        """What the agent told when it was listed."""
        return bool(getattr(self._platform.world.actors[agent], "operator_auth", False))

    def visible(self) -> list[Storefront]:
        """Those that buyers see: all that are enabled (rule 16)."""
        return [shop for shop in self._all if shop.enabled]

    def get(self, storefront_id: str) -> Storefront:
        """The storefront of a number; NOT_FOUND for one that is not enabled, too."""
        for shop in self.visible():
            if str(shop.storefront_id) == storefront_id:
                return shop
        raise ApiError("NOT_FOUND", f"there is no storefront {storefront_id}", "storefrontId")

    def linkable(self, agent: str) -> bool:
        """True if accounts with the agent can be linked: a source of it takes buyers' own credentials (rule 18)."""
        return any(source.requires_credentials for source in self._sources(agent))

    def needs_own(self, agent: str) -> bool:
        """True if there is no way to the agent but with the customer's own credentials."""
        sources = self._sources(agent)
        return bool(sources) and all(source.requires_credentials for source in sources)

    def _sources(self, agent: str) -> list[Source]:
        return [source for shop in self._all for source in shop.sources if source.agent_id == agent]

    def domain(self, shop: Storefront) -> str:
        """The domain of the publisher behind a storefront: the first whose inventory its first agent sells."""
        if shop.publisher_domain or not shop.sources:
            return shop.publisher_domain
        world, agent = self._platform.world, shop.sources[0].agent_id
        domains = [getattr(world.actors[p], "domain", "") for p in world.ecosystem.publishers_of(agent)]
        return next((domain for domain in domains if domain), f"{agent}.{DOMAIN}")


# -- operations ----------------------------------------------------------------------------------------------


class ListStorefronts(Body):
    """Query of ``list_storefronts``."""

    name: str | None = None
    limit: int = Field(default=20, ge=1, le=50)
    offset: int = Field(default=0, ge=0)


class StorefrontRow(TypedDict):
    """A storefront in a list. ``connectedSourceCount``: sources for which the buyer has active credentials."""

    id: int
    platformId: str
    name: str
    publisherDomain: str
    sourceCount: int
    connectedSourceCount: int


class StorefrontPage(TypedDict):
    """One page of storefronts."""

    items: list[StorefrontRow]
    total: int
    hasMore: bool
    nextOffset: int | None


class CustomerAccount(TypedDict):
    """A set of credentials of the buyer."""

    credentialId: str
    accountIdentifier: str
    status: Literal["ACTIVE", "PENDING"]


class SourceAnswer(TypedDict):
    """An inventory source, and how the buyer stands with it."""

    sourceId: str
    name: str
    agentId: str
    agentStatus: Literal["ACTIVE", "PENDING", "DISABLED"]
    protocol: Literal["MCP", "A2A"]
    authType: Literal["API_KEY", "JWT", "OAUTH"]
    requiresCredentials: bool
    connected: bool
    customerAccounts: list[CustomerAccount]


class StorefrontAnswer(StorefrontRow):
    """A storefront with its sources."""

    sources: list[SourceAnswer]


@operation(
    "list_storefronts",
    "GET",
    "/storefronts",
    params=ListStorefronts,
    envelope="data",
    answer=StorefrontPage,
    rules=(7, 8, 9, 10, 16, 17),
)
def list_storefronts(ctx: Context, request: Request) -> StorefrontPage:
    """All enabled storefronts, with how many of their sources the buyer is connected to."""
    query = request.params
    found = [shop for shop in platform_of(ctx).storefronts.visible() if name_matches(shop.name, query.name)]
    following = query.offset + query.limit
    more = following < len(found)
    return {
        "items": [_row(ctx, shop) for shop in window(found, query.limit, query.offset)],
        "total": len(found),
        "hasMore": more,
        "nextOffset": following if more else None,
    }


@operation(
    "get_storefront",
    "GET",
    "/storefronts/{storefrontId}",
    envelope="data",
    answer=StorefrontAnswer,
    rules=(7, 16, 17, 18),
)
def get_storefront(ctx: Context, request: Request) -> StorefrontAnswer:
    """One storefront with its sources and the buyer's credentials for each (conflict C47)."""
    shop = platform_of(ctx).storefronts.get(request.path["storefrontId"])
    return {**_row(ctx, shop), "sources": [_source(ctx, source) for source in shop.sources]}


def _row(ctx: Context, shop: Storefront) -> StorefrontRow:
    return {
        "id": shop.storefront_id,
        "platformId": shop.platform_id,
        "name": shop.name,
        "publisherDomain": platform_of(ctx).storefronts.domain(shop),
        "sourceCount": len(shop.sources),
        "connectedSourceCount": sum(_connected(ctx, source) for source in shop.sources),
    }


def _connected(ctx: Context, source: Source) -> bool:
    """True if the buyer has active credentials for the source (rule 17)."""
    credentials = platform_of(ctx).credentials.active(customer_of(ctx).customer_id, source.agent_id)
    return source.requires_credentials and bool(credentials)


def _source(ctx: Context, source: Source) -> SourceAnswer:
    mine = platform_of(ctx).credentials.of(customer_of(ctx).customer_id, source.agent_id)
    return {
        "sourceId": source.source_id,
        "name": source.name,
        "agentId": source.agent_id,
        "agentStatus": source.status,
        "protocol": source.protocol,
        "authType": source.auth,
        "requiresCredentials": source.requires_credentials,
        "connected": _connected(ctx, source),
        "customerAccounts": [
            {"credentialId": one.credential_id, "accountIdentifier": one.account_identifier, "status": one.status}
            for one in (mine if source.requires_credentials else [])
        ],
    }
