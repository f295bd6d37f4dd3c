"""The platform's list agent: sales agents fetch the targeting profiles of advertisers from it (rules 132, 156).

Over AdCP they ask its tool ``get_property_list``, over HTTP ``GET /lists/{listId}``. Both want the token that comes
with the reference to a list: an HMAC of the list's id. Keys of the platform's API open nothing here.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

from agents.buyer.context import platform_of
from agents.buyer.property_lists import Entry, TypedIdentifier, active, profile
from sandbox.core.errors import AdcpError, ApiError
from sandbox.core.time import DAY_MS, iso
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Context, Endpoint, Operation
from sandbox.operations import Group, Request
from sandbox.operations.answer import When
from sandbox.protocol.dialect import AdcpDialect

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.records import Advertiser

operation: Group = Group("property list agent")

PREFIX = "profile-"
"""Begins the ids of targeting profiles: all active lists of an advertiser together."""

CACHE_MS = DAY_MS
"""How long sales agents may keep what they got."""


class ListHead(TypedDict):
    """Which list it is."""

    list_id: str
    name: str


class Resolved(TypedDict):
    """AdCP's GetPropertyListResponse, as seed 001 shows it."""

    list: ListHead
    identifiers: list[TypedIdentifier]
    resolved_at: When
    cache_valid_until: When


@operation("resolve_property_list", "GET", "/lists/{listId}", answer=Resolved, public=True, mcp=False, rules=(156,))
def resolve_property_list(ctx: Context, request: Request) -> dict[str, Any]:
    """All typed identifiers of a list or profile, for whoever has its token as bearer token."""
    agent, list_id = platform_of(ctx).lists, request.path["listId"]
    found = agent.find(list_id)
    if found is None:
        raise ApiError("NOT_FOUND", f"there is no property list {list_id}")
    if not agent.opens(list_id, str(ctx.notes.get("bearer") or "")):
        raise ApiError("UNAUTHORIZED", "give the list's auth_token as bearer token; API keys are not valid here")
    name, entries = found
    return {"list": {"list_id": list_id, "name": name}, **_content(entries, ctx.now)}


class ListAgent(Actor):
    """Serves the lists of one platform, to those who have a list's token."""

    role = "governance"

    def __init__(self, platform: BuyerPlatform) -> None:
        super().__init__(platform.world, f"{platform.id}-lists")
        self._platform = platform
        self.endpoint = Endpoint(self, AdcpDialect(), [Operation("get_property_list", self.get_property_list)])

    def reference(self, advertiser: Advertiser) -> dict[str, Any] | None:
        """The advertiser's profile as sales agents get it; None without any list (rule 132)."""
        if not active(advertiser):
            return None
        list_id = PREFIX + advertiser.advertiser_id
        url = self.world.network.url(self.id).rstrip("/")
        return {"agent_url": url, "list_id": list_id, "auth_token": self.token(list_id)}

    def token(self, list_id: str) -> str:
        """What opens a list: an HMAC-SHA256 of its id, in hexadecimal."""
        return hmac.new(self._platform.webhook_secret.encode(), list_id.encode(), "sha256").hexdigest()

    def opens(self, list_id: str, token: str) -> bool:
        """True if the token is the list's."""
        return hmac.compare_digest(self.token(list_id).encode(), token.encode())

    def find(self, list_id: str) -> tuple[str, list[Entry]] | None:
        """Name and identifiers of a profile or of a single list that applies; None if there is no such."""
        owner = self._platform.advertisers.get(list_id.removeprefix(PREFIX)) if list_id.startswith(PREFIX) else None
        if owner is not None:
            return (f"Targeting of {owner.name}", profile(self._platform, owner)) if active(owner) else None
        lists = (one for advertiser in self._platform.advertisers.values() for one in active(advertiser))
        return next(((one.name, one.entries) for one in lists if one.list_id == list_id), None)

    def get_property_list(self, ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
        """All typed identifiers of a list; a wrong token looks like an absent list."""
        list_id = str(request["list_id"])
        found = self.find(list_id)
        if found is None or not self.opens(list_id, str(request.get("auth_token", ""))):
            raise AdcpError("REFERENCE_NOT_FOUND", f"there is no property list {list_id}", field="list_id")
        name, entries = found
        head = {"list_id": list_id, "name": name, "property_count": len(entries)}
        return {"status": "completed", "list": head, **_content(entries, ctx.now)}


def _content(entries: list[Entry], now_ms: int) -> dict[str, Any]:
    return {
        "identifiers": [{"type": kind, "value": value} for kind, value in entries],
        "resolved_at": iso(now_ms),
        "cache_valid_until": iso(now_ms + CACHE_MS),
    }
