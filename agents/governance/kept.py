"""Lists that buyers keep with the agent: what property lists and collection lists have in common."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from agents.governance.context import governance_of
from agents.governance.records import Json
from sandbox.core.errors import AdcpError
from sandbox.core.time import iso
from sandbox.protocol.idempotency import canonical

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

CACHE_HOURS = 24
"""How long whoever resolved a list may keep what it got."""


@dataclass(slots=True)
class Kept:
    """A list of one caller on one account. ``fields`` are those of the request that the answer shows again."""

    list_id: str
    owner: str
    account: str
    created_ms: int
    updated_ms: int
    fields: Json = field(default_factory=dict)

    def wire(self) -> Json:
        """The metadata of the list; what it resolves to is counted by whoever resolves it."""
        return {
            "list_id": self.list_id,
            **self.fields,
            "cache_duration_hours": CACHE_HOURS,
            "created_at": iso(self.created_ms),
            "updated_at": iso(self.updated_ms),
        }


K = TypeVar("K", bound=Kept)


def account_of(request: Json) -> str:
    """The account of a request in one text; empty if it names none."""
    return canonical(request["account"]).decode() if isinstance(request.get("account"), dict) else ""


def take(kept: Kept, request: Json, names: Iterable[str], now_ms: int) -> None:
    """Take the given fields over. A ``webhook_url`` that is empty takes it away."""
    for name in names:
        if name in request:
            kept.fields[name] = request[name]
    if kept.fields.get("webhook_url") == "":
        del kept.fields["webhook_url"]
    kept.updated_ms = now_ms


def visible(ctx: Context, table: dict[str, K], request: Json) -> list[K]:
    """The caller's lists; those of one account if the request names one."""
    account = account_of(request)
    text = str(request.get("name_contains", "")).lower()
    return [
        kept
        for kept in table.values()
        if kept.owner == ctx.principal.id
        and (not account or kept.account == account)
        and text in str(kept.fields.get("name", "")).lower()
    ]


def kept_for(ctx: Context, table: dict[str, K], request: Json) -> K:
    """The list that a request names, for its owner or for whoever has its token.

    REFERENCE_NOT_FOUND for absent and foreign ones alike.
    """
    found = table.get(request["list_id"])
    if found is not None:
        account = account_of(request)
        mine = found.owner == ctx.principal.id and account in ("", found.account)
        if mine or hmac.compare_digest(token_of(ctx, found).encode(), str(request.get("auth_token", "")).encode()):
            return found
    raise AdcpError("REFERENCE_NOT_FOUND", "there is no such list", field="list_id")


def owned_by(ctx: Context, table: dict[str, K], request: Json) -> K:
    """The list that its owner wants to change; a token opens a list for reading only."""
    return kept_for(ctx, table, {name: value for name, value in request.items() if name != "auth_token"})


def token_of(ctx: Context, kept: Kept) -> str:
    """What opens a list for sales agents that its owner passes it on to: an HMAC-SHA256 of its id."""
    key = f"{ctx.world.seed}/{governance_of(ctx).id}/lists"
    return hmac.new(key.encode(), kept.list_id.encode(), "sha256").hexdigest()


def remove(ctx: Context, table: dict[str, K], request: Json) -> Json:
    """Delete a list of the caller."""
    found = owned_by(ctx, table, request)
    del table[found.list_id]
    return {"status": "completed", "deleted": True, "list_id": found.list_id}
