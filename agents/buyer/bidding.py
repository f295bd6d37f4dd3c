"""Bids by what an impression is worth: pure decisions of the optimiser for packages that are sold by auction."""

from __future__ import annotations

from agents.buyer.evidence import Aim, Item
from agents.buyer.offers import is_fixed, price
from sandbox.core.money import MICROS, micros

LEAST_CHANGE = 0.02
"""A bid that would change by less stays."""


def better_bid(item: Item, aim: Aim, worth: float, usual: float, rate: float, most: float, short: bool) -> int | None:
    """The bid (CPM in micros) that a package should have; None leaves it as it is.

    ``worth`` is what a micro brings here and ``usual`` on average, ``rate`` results per impression, ``most`` the
    share by which a bid may change. What is paid too dearly is bid down to what it is worth, at the target or else
    at the usual return, and never below the floor. A package that falls ``short`` of its budget is bid up to its
    worth, but not beyond what wins nine auctions in ten.
    """
    bid = item.package.bid_micros
    if bid is None or not item.option or is_fixed(item.option) or not item.told.impressions:
        return None
    paid = 1000 * item.told.spend_micros / item.told.impressions
    fair = paid * _fairness(aim, worth, usual, rate)
    floor = micros(price(item.option))
    guidance = item.option.get("price_guidance", {}).get("p90")
    wanted = bid
    if fair < paid:
        wanted = max(floor, round(max(fair, bid * (1 - most))))
    elif short and fair > bid:
        ceiling = micros(guidance) if guidance is not None else round(fair)
        wanted = max(bid, min(round(min(fair, bid * (1 + most))), ceiling))
    return wanted if abs(wanted - bid) >= LEAST_CHANGE * bid else None


def _fairness(aim: Aim, worth: float, usual: float, rate: float) -> float:
    """What an impression is worth over what it costs."""
    if aim.kind == "rate":
        return min(1.0, rate / aim.target) if aim.target else 1.0
    if aim.target is None:
        return worth / usual if usual else 1.0
    wanted = aim.target if aim.kind == "value" else 1 / (aim.target * MICROS)
    return worth / wanted
