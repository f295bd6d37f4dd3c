"""Controls of a whole media buy that came with 3.2: name, daily cap, frequency cap, bidding policies.

The established tools take them too, at 3.2. Both caps are hard, and kept by the delivery engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.core.errors import AdcpError
from sandbox.core.money import micros
from sandbox.domain.targeting import read_caps

if TYPE_CHECKING:
    from agents.seller.records import MediaBuy
    from agents.seller.seller import Seller

Json = dict[str, Any]

_BIDS = ("bid_amount", "max_bid")
"""Policies that are a bid: an auction here charges what beats the others, never more than the bid."""

_KEYWORDS = ("keyword_targets_add", "keyword_targets_remove", "negative_keywords_add", "negative_keywords_remove")


def lift(request: Json) -> Json:
    """A request with ``controls``, the fields of a media buy that it sets, and bids in place of bidding policies.

    UNSUPPORTED_FEATURE for what can't be honoured: it is never dropped in silence.
    """
    return {**request, "controls": read_controls(request), **bids(request)}


def controlled(request: Json, version: str) -> Json:
    """A request of an established tool with the controls that its release knows: before 3.2 there are none.

    ``controls`` is a word of ours; whoever sends it says nothing by it.
    """
    return lift(request) if version == "3.2" else {name: request[name] for name in request if name != "controls"}


def read_controls(request: Json) -> Json:
    """The fields of :class:`MediaBuy` that a request sets; null takes a cap away."""
    controls: Json = {}
    if request.get("budget_cap_timezone") not in (None, "UTC"):
        raise _unsupported("days of caps are those of UTC", "budget_cap_timezone")
    if request.get("budget_allocation", {}).get("mode") == "seller_optimized":
        raise _unsupported("every package has a budget of its own", "budget_allocation.mode")
    if request.get("name"):
        controls["name"] = request["name"]
    if "daily_budget_cap" in request:
        cap = request["daily_budget_cap"]
        controls["daily_cap_micros"] = None if cap is None else micros(cap)
    if "frequency_cap" in request:
        read_caps(request["frequency_cap"])
        controls["frequency_cap"] = request["frequency_cap"]
    return controls


def bids(request: Json) -> Json:
    """``packages`` and ``new_packages`` with ``bid_price`` in place of ``bidding``; the request's is the default."""
    changed: Json = {}
    for name in ("packages", "new_packages"):
        if name in request:
            entries = enumerate(request[name])
            changed[name] = [_entry(entry, request.get("bidding"), f"{name}[{number}]") for number, entry in entries]
    return changed


def _entry(entry: Json, policy: Json | None, field: str) -> Json:
    for name in ("min_spend_target", *_KEYWORDS):
        if entry.get(name) is not None:
            raise _unsupported(f"{name} is not offered", f"{field}.{name}")
    policy = entry.get("bidding", policy)
    known = {name: value for name, value in entry.items() if name not in ("bidding", "min_spend_target")}
    return known if policy is None else {**known, **bid(policy, f"{field}.bidding")}


def bid(policy: Json, field: str) -> Json:
    """A bidding policy as ``bid_price``; ``automatic`` leaves the price to the pricing option."""
    for name in policy:
        if name not in (*_BIDS, "automatic"):
            raise _unsupported(f"bidding by {name} is not offered", f"{field}.{name}")
    prices = [policy[name] for name in _BIDS if name in policy]
    return {"bid_price": min(prices)} if prices else {}


def _unsupported(why: str, field: str) -> AdcpError:
    return AdcpError("UNSUPPORTED_FEATURE", why, field=field)


def groups_of(buy: MediaBuy) -> tuple[str, ...]:
    """The budget group of a media buy, through which the engine keeps its daily cap."""
    return (f"{buy.media_buy_id}:all",) if buy.version == "3.2" else ()


def enforce(seller: Seller, buy: MediaBuy) -> None:
    """Hand the caps of a whole media buy to the engine; what was delivered today counts already."""
    from sandbox.delivery import Cap

    market = seller.world.market
    for group in groups_of(buy):
        market.set_budget_group(group, None, buy.daily_cap_micros)
        caps = [Cap(window.max_impressions, window.window_ms) for window in read_caps(buy.frequency_cap)]
        market.set_caps("media_buy", buy.media_buy_id, caps)
