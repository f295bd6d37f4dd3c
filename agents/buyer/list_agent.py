"""The platform's list agent: sales agents fetch the targeting profiles of advertisers from it (rules 132, 156)."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from agents.buyer.property_lists import active, profile
from sandbox.core.errors import AdcpError
from sandbox.core.time import DAY_MS, iso
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Context, Endpoint, Operation
from sandbox.protocol.dialect import AdcpDialect

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.records import Advertiser

PREFIX = "profile-"


class ListAgent(Actor):
    """Serves ``get_property_list`` for one platform, to those who have the list's token."""

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
        return {"agent_url": url, "list_id": list_id, "auth_token": self._token(list_id)}

    def _token(self, list_id: str) -> str:
        return hmac.new(self._platform.webhook_secret.encode(), list_id.encode(), "sha256").hexdigest()

    def get_property_list(self, ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
        """All typed identifiers of a profile; a wrong token looks like an absent list."""
        list_id = str(request["list_id"])
        advertiser = self._platform.advertisers.get(list_id.removeprefix(PREFIX))
        authorised = hmac.compare_digest(self._token(list_id), str(request.get("auth_token", "")))
        if advertiser is None or not authorised or not active(advertiser):
            raise AdcpError("REFERENCE_NOT_FOUND", f"there is no property list {list_id}", field="list_id")
        entries = profile(self._platform, advertiser)
        return {
            "status": "completed",
            "list": {"list_id": list_id, "name": f"Targeting of {advertiser.name}", "property_count": len(entries)},
            "identifiers": [{"type": kind, "value": value} for kind, value in entries],
            "resolved_at": iso(ctx.now),
            "cache_valid_until": iso(ctx.now + DAY_MS),
        }
