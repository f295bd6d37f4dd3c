"""How creative manifests reach sales agents (rules 112 and 186 to 188).

An agent with a library gets them by ``sync_creatives``, and packages refer to them; another one gets them
inline with its packages. An agent that does not say is tried with ``sync_creatives`` first. Agents know a
manifest by the platform's own creative id.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.buyer.formats import Format, campaign_creatives, learn, product_of
from agents.buyer.manifest_wire import creative_asset, is_synced, serves
from agents.buyer.records import Campaign, Creative, MediaBuy, Package
from sandbox.core.errors import AdcpError
from sandbox.core.time import DAY_MS
from sandbox.domain.formats import format_key

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Steps = Generator[Any, Any, Any]
Json = dict[str, Any]

SETTLED = ("approved", "rejected")
"""Reviews that are over; agents are still asked about them once a day."""

MAX_IDS = 50
"""Creatives that are asked for in one ``list_creatives``: a page of it."""


@dataclass(slots=True)
class Delivery:
    """A manifest in the format in which one agent gets it, and the packages that show it, by position."""

    creative: Creative
    ref: Format
    packages: list[int] = field(default_factory=list)


def attach(
    platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, packages: Sequence[Package], rows: list[Json]
) -> Steps:
    """Give packages their creatives: ``rows`` are their requests, and get assignments or inline creatives.

    A package takes its own ``creative_ids``, or all manifests of the campaign that fit its product. Raises
    :class:`AdcpError` when a library-only agent does not take a manifest, or a chosen one fits nowhere.
    """
    yield from learn(platform, buy.seller_id)
    plan = _plan(platform, campaign, buy.seller_id, packages, [package.creative_ids for package in packages])
    placed = [delivery.creative.creative_id for delivery in plan]
    for creative_id in [creative_id for package in packages for creative_id in package.creative_ids]:
        if creative_id not in placed:
            raise AdcpError("CREATIVE_NOT_FOUND", f"no manifest {creative_id} fits a package", field="creative_ids")
    if not plan:
        return
    inline = yield from _hand_over(platform, campaign, buy.seller_id, plan, [])
    for delivery in plan:
        for position in delivery.packages:
            if inline:
                body = creative_asset(platform, delivery.creative, delivery.ref)
                rows[position].setdefault("creatives", []).append(body)
            else:
                entry = {"creative_id": delivery.creative.creative_id}
                rows[position].setdefault("creative_assignments", []).append(entry)
    if inline:
        _note_inline(platform, buy.seller_id, plan)


def _plan(
    platform: BuyerPlatform,
    campaign: Campaign,
    seller_id: str,
    packages: Sequence[Package],
    choices: Sequence[tuple[str, ...]],
) -> list[Delivery]:
    """Which manifests go to which packages, each in one format. An empty choice of a package means all."""
    accepted: list[list[Format]] = []
    for package in packages:
        product = product_of(platform, campaign, seller_id, package.product_id)
        accepted.append(product.get("format_ids", []) if product is not None else [])
    plan: list[Delivery] = []
    for creative in campaign_creatives(platform, campaign):
        wanted = [i for i, choice in enumerate(choices) if not choice or creative.creative_id in choice]
        delivery = _best(platform, creative, accepted, wanted)
        if delivery is not None:
            plan.append(delivery)
    return plan


def _best(
    platform: BuyerPlatform, creative: Creative, accepted: list[list[Format]], wanted: list[int]
) -> Delivery | None:
    """The format in which a manifest serves most of the packages that want it."""
    found: dict[tuple[str, str], Delivery] = {}
    for position in wanted:
        for ref in accepted[position]:
            if serves(platform, creative, ref):
                found.setdefault(format_key(ref), Delivery(creative, ref)).packages.append(position)
    return max(found.values(), key=lambda delivery: len(delivery.packages), default=None)


def _hand_over(
    platform: BuyerPlatform, campaign: Campaign, seller_id: str, plan: list[Delivery], assignments: list[Json]
) -> Steps:
    """Bring the manifests into the agent's library; True if they have to go inline instead (rules 187, 188)."""
    capabilities = yield from platform.sellers.capabilities(seller_id)
    library = capabilities.get("creative", {}).get("has_creative_library")
    if library is False or any(seller_id in delivery.creative.inline_with for delivery in plan):
        return True
    features = capabilities.get("media_buy", {}).get("features", {})
    stale = [delivery for delivery in plan if not is_synced(delivery.creative, seller_id)]
    try:
        if stale:
            yield from _sync(platform, campaign, seller_id, stale, assignments)
    except AdcpError:
        if not features.get("inline_creative_management", library is not True):
            raise
        return True
    return False


def _sync(
    platform: BuyerPlatform,
    campaign: Campaign,
    seller_id: str,
    deliveries: list[Delivery],
    assignments: list[Json],
) -> Steps:
    """Send manifests with ``sync_creatives``, and note what became of each."""
    account = yield from _account(platform, campaign, seller_id)
    request: Json = {
        "account": account,
        "creatives": [creative_asset(platform, d.creative, d.ref) for d in deliveries],
    }
    if assignments:
        request["assignments"] = assignments
    sent_ms = platform.now
    body = yield from platform.sellers.request(seller_id, "sync_creatives", request)
    rows = {row["creative_id"]: row for row in body.get("creatives", [])}
    for delivery in deliveries:
        row = rows.get(delivery.creative.creative_id, {})
        if row.get("action") == "failed":
            first = (row.get("errors") or [{"code": "CREATIVE_REJECTED", "message": "refused"}])[0]
            raise AdcpError(first["code"], first["message"], field=first.get("field"))
        delivery.creative.synced[seller_id] = sent_ms
        delivery.creative.review[seller_id] = row.get("status", "processing")
        platform.tasks.reviewed(campaign, delivery.creative, seller_id, row)


def _note_inline(platform: BuyerPlatform, seller_id: str, plan: list[Delivery]) -> None:
    for delivery in plan:
        delivery.creative.synced[seller_id] = platform.now
        if seller_id not in delivery.creative.inline_with:
            delivery.creative.inline_with.append(seller_id)


def _account(platform: BuyerPlatform, campaign: Campaign, seller_id: str) -> Steps:
    advertiser = platform.advertisers[campaign.advertiser_id]
    return (yield from platform.sellers.account(seller_id, advertiser, campaign.campaign_type == "ROUTED"))


def live_packages(platform: BuyerPlatform, campaign: Campaign) -> list[tuple[MediaBuy, list[Package]]]:
    """The media buys that their agents run, each with its packages that are not over."""
    found: list[tuple[MediaBuy, list[Package]]] = []
    for buy in campaign.media_buys:
        live = [package for package in buy.packages if not package.canceled and package.end_ms > platform.now]
        if buy.adcp_media_buy_id is not None and buy.status in ("ACTIVE", "PAUSED") and live:
            found.append((buy, live))
    return found


def propagate(platform: BuyerPlatform, campaign: Campaign) -> Steps:
    """Bring the campaign's manifests up to date at every agent that runs its media buys (rules 112 and 186).

    New manifests are assigned to the packages that they fit, changed ones are sent again. An agent that fails
    is tried again at the next poll.
    """
    updates = [_update(platform, campaign, buy, live) for buy, live in live_packages(platform, campaign)]
    yield from platform.sellers.gather(updates)


def _update(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, packages: list[Package]) -> Steps:
    from agents.buyer.submission import send_change

    seller_id = buy.seller_id
    plan = _plan(platform, campaign, seller_id, packages, [buy.creative_ids] * len(packages))
    assignments: list[Json] = []
    for delivery in plan:
        creative_id = delivery.creative.creative_id
        if seller_id in delivery.creative.synced:  # what was taken off a package stays off
            delivery.packages = [i for i in delivery.packages if creative_id in packages[i].creative_ids]
        else:
            ids = [packages[i].package_id for i in delivery.packages]
            assignments += [{"creative_id": creative_id, "package_id": package_id} for package_id in ids]
    stale = [d for d in plan if d.packages and not is_synced(d.creative, seller_id)]
    if not stale:
        return
    yield from learn(platform, seller_id)
    if (yield from _hand_over(platform, campaign, seller_id, stale, assignments)):
        touched = dict.fromkeys(i for delivery in stale for i in delivery.packages)
        rows = [
            {
                "package_id": packages[i].package_id,
                "creatives": [creative_asset(platform, d.creative, d.ref) for d in plan if i in d.packages],
            }
            for i in touched
        ]
        yield from send_change(platform, campaign, buy, {"packages": rows})
        _note_inline(platform, seller_id, stale)
    for delivery in stale:
        for i in delivery.packages:
            ids_now = dict.fromkeys((*packages[i].creative_ids, delivery.creative.creative_id))
            packages[i].creative_ids = tuple(ids_now)


def withdraw(platform: BuyerPlatform, campaign: Campaign, creative: Creative) -> Steps:
    """Take a deleted manifest off all packages that show it."""
    updates = [_take_off(platform, campaign, buy, live, creative) for buy, live in live_packages(platform, campaign)]
    yield from platform.sellers.gather(updates)


def _take_off(
    platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, packages: list[Package], creative: Creative
) -> Steps:
    from agents.buyer.submission import send_change

    showing = [package for package in packages if creative.creative_id in package.creative_ids]
    if not showing:
        return
    for package in showing:
        package.creative_ids = tuple(c for c in package.creative_ids if c != creative.creative_id)
    rows = [
        {"package_id": p.package_id, "creative_assignments": [{"creative_id": c} for c in p.creative_ids]}
        for p in showing
    ]
    yield from send_change(platform, campaign, buy, {"packages": rows})


def poll_creatives(platform: BuyerPlatform) -> Steps:
    """Try again what did not reach an agent, and ask the libraries how their reviews stand."""
    for campaign in list(platform.campaigns.values()):
        if campaign.status in ("ACTIVE", "PAUSED"):
            yield from propagate(platform, campaign)
            sellers = dict.fromkeys(buy.seller_id for buy, _ in live_packages(platform, campaign))
            yield from platform.sellers.gather([_reviews(platform, campaign, seller_id) for seller_id in sellers])


def _reviews(platform: BuyerPlatform, campaign: Campaign, seller_id: str) -> Steps:
    known = {
        creative.creative_id: creative
        for creative in campaign_creatives(platform, campaign)
        if seller_id in creative.synced and seller_id not in creative.inline_with
    }
    settled = all(creative.review.get(seller_id) in SETTLED for creative in known.values())
    key = (campaign.campaign_id, seller_id)
    asked_ms = platform.reviews_ms.get(key)
    if not known or (settled and asked_ms is not None and platform.now - asked_ms < DAY_MS):
        return
    platform.reviews_ms[key] = platform.now
    account = yield from _account(platform, campaign, seller_id)
    ids = list(known)
    for first in range(0, len(ids), MAX_IDS):
        filters = {"creative_ids": ids[first : first + MAX_IDS]}
        body = yield from platform.sellers.request(
            seller_id, "list_creatives", {"account": account, "filters": filters}
        )
        for row in body["creatives"]:
            if row["creative_id"] in known:
                known[row["creative_id"]].review[seller_id] = row["status"]
                platform.tasks.reviewed(campaign, known[row["creative_id"]], seller_id, row)
