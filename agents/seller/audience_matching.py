"""Buyers' audiences at a sales agent: who is in them, how many of them it knows, and what they are good for.

docs/media-buy/task-reference/sync_audiences.mdx. Whether an identifier is known is a function of the world's seed,
the agent and the identifier. On the market an audience is a segment of the population.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.core.errors import AdcpError
from sandbox.core.time import SECOND_MS

if TYPE_CHECKING:
    from agents.seller.seller import Seller

UID_TYPES = ("rampid", "id5", "uid2", "euid", "pairid", "maid")
"""Universal ids that are matched."""

ID_TYPES = ("hashed_email", "hashed_phone", *UID_TYPES)

Identifiers = tuple[tuple[str, str], ...]
"""What a member is known by, as ``(type, value)``."""

_EVEN = 1 << 64


@dataclass(slots=True)
class Audience:
    """An audience of an account. ``matched`` is how many people were found when it was matched last."""

    audience_id: str
    account_id: str
    seller_ref: str
    """The agent's own id for it."""
    name: str
    synced_ms: int
    status: str = ""
    matched: int = 0
    syncs: int = 0
    """How often it was synced: only the latest one is matched."""
    members: dict[str, Identifiers] = field(default_factory=dict)
    """Identifiers by the buyer's own id of a person."""


def identifiers(member: dict[str, Any]) -> Identifiers:
    """The identifiers of a member (core/audience-member.json) that are matched."""
    found = [(kind, member[kind]) for kind in ("hashed_email", "hashed_phone") if kind in member]
    found += [(uid["type"], uid["value"]) for uid in member.get("uids", []) if uid["type"] in UID_TYPES]
    return tuple(dict.fromkeys(found))


def segment_name(seller_id: str, account_id: str, audience_id: str) -> str:
    """The segment of the population that an audience is."""
    return f"{seller_id}/{account_id}/{audience_id}"


def begin_matching(seller: Seller, audience: Audience) -> None:
    """Match an audience that was synced; it takes its time."""
    settings = seller.config.audience_targeting
    assert settings is not None
    audience.syncs += 1
    _move(seller, audience, "processing", "synced by the buyer")
    delay_ms = max(SECOND_MS, round(settings.match_delay * seller.rng("audiences").uniform(0.5, 1.5)))
    sync = audience.syncs
    seller.world.after(delay_ms, lambda: _match(seller, audience, sync))


def _match(seller: Seller, audience: Audience, sync: int) -> None:
    settings = seller.config.audience_targeting
    assert settings is not None
    present = seller.audiences.get((audience.account_id, audience.audience_id)) is audience
    if not present or sync != audience.syncs:
        return
    audience.matched = people(seller, audience.members.values())
    ready = audience.matched >= settings.minimum_size
    why = f"{audience.matched} of {len(audience.members)} members found, {settings.minimum_size} needed"
    _move(seller, audience, "ready" if ready else "too_small", why)
    set_reach(seller, audience, audience.matched if ready else 0)


def set_reach(seller: Seller, audience: Audience, matched: int) -> None:
    """Say on the market how many people are in an audience."""
    market = seller.world.market
    name = segment_name(seller.id, audience.account_id, audience.audience_id)
    market.set_segment(name, min(1.0, matched / market.users))


def people(seller: Seller, members: Iterable[Identifiers]) -> int:
    """How many people the agent finds; members who share an identifier that was found are one person."""
    found: set[tuple[str, str]] = set()
    count = 0
    for known in members:
        if any(finds(seller, *each) for each in known):
            count += found.isdisjoint(known)
            found.update(known)
    return count


def finds(seller: Seller, kind: str, value: str) -> bool:
    """True if the agent knows the person behind an identifier."""
    settings = seller.config.audience_targeting
    assert settings is not None
    key = seller.world.streams.derive(seller.id, "audience-matching").to_bytes(8, "big")
    digest = hashlib.blake2b(f"{kind}:{value}".encode(), digest_size=8, key=key).digest()
    return int.from_bytes(digest, "big") < settings.match_rate * _EVEN


def check_audiences(seller: Seller, account_id: str, overlay: dict[str, Any], field_path: str) -> None:
    """The audiences of an overlay are the account's and large enough.

    Raises UNSUPPORTED_FEATURE, REFERENCE_NOT_FOUND or AUDIENCE_TOO_SMALL.
    """
    for side in ("audience_include", "audience_exclude"):
        for number, audience_id in enumerate(overlay.get(side, [])):
            place = f"{field_path}.{side}[{number}]"
            if seller.config.audience_targeting is None:
                raise AdcpError("UNSUPPORTED_FEATURE", f"targeting by {side} is not offered", f"{field_path}.{side}")
            audience = seller.audiences.get((account_id, audience_id))
            if audience is None:
                raise AdcpError("REFERENCE_NOT_FOUND", f"the account has no audience {audience_id}", place)
            if audience.status == "too_small" and side == "audience_include":
                least = seller.config.audience_targeting.minimum_size
                why = f"{audience_id} has {audience.matched} matched members, {least} are needed"
                raise AdcpError("AUDIENCE_TOO_SMALL", why, place)


def _move(seller: Seller, audience: Audience, new: str, why: str) -> None:
    if audience.status != new:
        seller.status("audience", audience.seller_ref, audience.status or None, new, why)
        audience.status = new
