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

from agents.buyer.records import Campaign, MediaBuy
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

    An order that was given up may look the same: it is cleared up first.
    """
    if any(given_up(o) and o.seller_id == buy.seller_id for o in campaign.media_buys if o is not buy):
        return
    assert buy.pending_request is not None
    account, packages = buy.pending_request["request"]["account"], buy.pending_request["packages"]
    ordered = Counter((package.product_id, package.budget_micros) for package in packages)
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


def _sought(buy: MediaBuy) -> bool:
    """True if nobody has found out meanwhile."""
    return uncertain(buy) or given_up(buy)


def _known(platform: BuyerPlatform, seller_id: str, adcp_media_buy_id: str) -> bool:
    """True if a media buy of the platform is this one."""
    buys = (buy for campaign in platform.campaigns.values() for buy in campaign.media_buys)
    return any((buy.seller_id, buy.adcp_media_buy_id) == (seller_id, adcp_media_buy_id) for buy in buys)
