"""Orders of which it is not known whether the sales agent has them: no answer came, or none that could be read.

Such a media buy is FAILED, and executing again sends the very same order under its key (rule 75). Until somebody
does, the platform looks whether the agent has booked it after all, so that nothing runs that it knows nothing of; an
order that nobody wants any more, and whose key the agent has forgotten, is looked for too, and canceled
(docs/building/by-layer/L1/security.mdx, "Idempotency": look the thing up by what was ordered).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.records import Campaign, MediaBuy, Package
from agents.buyer.submission import given_up, take_answer
from sandbox.core.money import micros

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Steps = Generator[Any, Any, Any]
Json = dict[str, Any]

MAX_PAGES = 20
"""Pages of media buys that are read from one agent at most."""

SOLD = ("pending_creatives", "pending_start", "active", "paused", "completed")
"""States in which a media buy costs money: others need not be found."""


def uncertain(buy: MediaBuy) -> bool:
    """True for a FAILED order that the sales agent may have."""
    sent = buy.pending_request
    return buy.status == "FAILED" and not buy.sending and sent is not None and bool(sent.get("unclear"))


def look_up(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy) -> Steps:
    """Look for an order among the agent's media buys, and take it in if it is there. Raises :class:`AdcpError`.

    What it finds may be another order that looks the same: one of which the outcome is open is cleared up first.
    """
    assert buy.pending_request is not None
    account, ordered = buy.pending_request["request"]["account"], _content(buy.pending_request["packages"])
    others = [other for campaign in platform.campaigns.values() for other in campaign.media_buys if other is not buy]
    if any(o.seller_id == buy.seller_id and _open(platform, o) and _ordered(o) == ordered for o in others):
        return
    question: Json = {"account": account, "status_filter": list(SOLD)}
    for _ in range(MAX_PAGES):
        body = yield from platform.sellers.request(buy.seller_id, "get_media_buys", question)
        for row in body.get("media_buys", []):
            booked = Counter((entry.get("product_id"), micros(entry.get("budget", 0))) for entry in row["packages"])
            if booked == ordered and _sought(buy) and not _known(platform, buy.seller_id, row["media_buy_id"]):
                platform.sellers.bought_on(buy.media_buy_id, account)
                yield from take_answer(platform, campaign, buy, row)
                return
        page = body.get("pagination", {})
        if not page.get("has_more") or "cursor" not in page:
            return
        question = {**question, "pagination": {"cursor": page["cursor"]}}


Content = Counter[tuple[str, int]]
"""Products with their budgets in micros: all by which an order is known among an agent's media buys."""


def _content(packages: list[Package]) -> Content:
    return Counter((package.product_id, package.budget_micros) for package in packages)


def _ordered(buy: MediaBuy) -> Content:
    return _content((buy.pending_request or {}).get("packages", buy.packages))


def _open(platform: BuyerPlatform, buy: MediaBuy) -> bool:
    """True for an order of which the outcome is still to come: it is on its way, has a task, or was given up."""
    if buy.adcp_media_buy_id is not None:
        return False
    waits = buy.task_id is not None and not platform.observations.ended(buy.seller_id, buy.task_id)
    return waits or buy.sending or given_up(buy)


def _sought(buy: MediaBuy) -> bool:
    """True if nobody has found out meanwhile."""
    return uncertain(buy) or given_up(buy)


def _known(platform: BuyerPlatform, seller_id: str, adcp_media_buy_id: str) -> bool:
    """True if a media buy of the platform is this one."""
    buys = (buy for campaign in platform.campaigns.values() for buy in campaign.media_buys)
    return any((buy.seller_id, buy.adcp_media_buy_id) == (seller_id, adcp_media_buy_id) for buy in buys)
