"""The optimiser: looks at running DECISIONED campaigns from time to time and suggests what to change.

A run reads what was delivered, works out a better division of what remains (``reallocation``) and better bids
(``bidding``), and makes one suggestion for each media buy that is to change. Campaigns without goals, or without
enough evidence, are left alone (rule 176).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.buyer.bidding import better_bid
from agents.buyer.evidence import COUNTED, Aim, Item, items_of
from agents.buyer.fees import committed_micros, media_budget_micros
from agents.buyer.records import Adjustment, Campaign, Suggestion
from agents.buyer.suggestions import busy, expire_waiting, idle_micros, submit_suggestions
from sandbox.core.money import MICROS, amount, split
from sandbox.core.time import DAY_MS, HOUR_MS, day_start

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.reallocation import Belief

REPORTS_MS = 3 * HOUR_MS
"""How long after midnight the first run waits, so that the reports of the day before are in."""

LEAST_MOVE = 0.02
"""A division that would move less than this share of what remains isn't worth a change."""


@dataclass(slots=True, frozen=True)
class Move:
    """What a run wants for one package."""

    item: Item
    aim: Aim
    adjustment: Adjustment


def optimize(platform: BuyerPlatform, interval_ms: int) -> Generator[Any, Any, None]:
    """Run for every campaign after the first day, and then each ``interval_ms``."""
    first_ms = day_start(platform.now) + DAY_MS + REPORTS_MS
    yield platform.world.env.timeout(first_ms - platform.now)
    while True:
        for campaign in list(platform.campaigns.values()):
            if campaign.campaign_type == "DECISIONED" and campaign.status == "ACTIVE":  # rule 46
                optimize_campaign(platform, campaign)
        yield platform.world.env.timeout(interval_ms)


def optimize_campaign(platform: BuyerPlatform, campaign: Campaign) -> list[Suggestion]:
    """One run for one campaign; gives its suggestions, which are on their way.

    While suggestions of an earlier run are being applied there is no other one; those that still wait for a person
    expire when there are newer ones.
    """
    groups = items_of(platform, campaign)
    if not groups or busy(platform, campaign):
        return []
    moves: list[Move] = []
    free = split(_free_micros(platform, campaign), [1 + sum(i.remaining_micros for i in g) for g in groups.values()])
    for ((aim, period), items), share in zip(groups.items(), free, strict=True):
        moves += _moves(platform, campaign, aim, items, share, period or "")
    if not moves:
        return []
    expire_waiting(platform, campaign, "a newer run of the optimiser")
    run_id = platform.ids.next("run")
    by_buy: dict[str, list[Move]] = {}
    for move in moves:
        by_buy.setdefault(move.item.buy.media_buy_id, []).append(move)
    made = [_suggestion(platform, campaign, run_id, theirs) for theirs in by_buy.values()]
    submit_suggestions(platform, campaign, made)
    return made


def _free_micros(platform: BuyerPlatform, campaign: Campaign) -> int:
    """Media budget that no media buy has, in micros; none of it while a DRAFT waits for its share."""
    if any(buy.status in ("DRAFT", "FAILED") for buy in campaign.media_buys):
        return 0
    return max(0, media_budget_micros(platform, campaign) - committed_micros(platform, campaign))


def _moves(
    platform: BuyerPlatform, campaign: Campaign, aim: Aim, items: list[Item], free_micros: int, period: str
) -> list[Move]:
    """What is to change in packages with one aim; nothing before there is enough evidence."""
    import numpy as np

    from agents.buyer.reallocation import Limits, believe, divide, evidence

    settings = platform.config.optimization
    if evidence(items, aim) < settings.evidence:
        return []
    seed = platform.world.streams.derive(
        platform.id, "optimizer", campaign.campaign_id, aim.metric, period, platform.now
    )
    belief = believe(items, aim, np.random.default_rng(seed) if settings.explore else None)
    usual = _usual(items, belief)
    flight_ms = campaign.end_ms - campaign.start_ms
    free = free_micros if _on_target(aim, usual) else min(free_micros, idle_micros(platform, campaign))
    limits = Limits(platform.now, flight_ms, campaign.daily_cap_micros, free)
    found = divide(items, aim, belief, settings, limits)
    deltas = [part - item.remaining_micros for part, item in zip(found, items, strict=True)]
    if sum(max(0, delta) for delta in deltas) <= LEAST_MOVE * sum(item.remaining_micros for item in items):
        deltas = [0] * len(items)
    moves: list[Move] = []
    for n, (item, delta) in enumerate(zip(items, deltas, strict=True)):
        worth, rate = float(belief.worth[n]), float(belief.rate[n])
        short = item.falls_short(platform.now)
        bid = better_bid(item, aim, worth, usual, rate, settings.most_moved, short)
        if delta or bid is not None:
            reason = _reason(aim, worth, rate, usual, short and delta < 0, campaign.currency)
            old, package = item.package.bid_micros, item.package
            why = "" if bid is None or old is None else _bid_reason(bid > old)
            change = Adjustment(package.package_id, package.product_id, delta, reason, old, bid, why)
            moves.append(Move(item, aim, change))
    return moves


def _usual(items: list[Item], belief: Belief) -> float:
    """What a micro brings on average over what the packages spent."""
    spend = [1 + item.told.spend_micros for item in items]
    return sum(float(w) * s for w, s in zip(belief.worth, spend, strict=True)) / sum(spend)


def _on_target(aim: Aim, usual: float) -> bool:
    """True if the average meets a target: then money is put in that the buyer left unallocated."""
    if aim.target is None or aim.kind == "rate":
        return False
    return usual >= (aim.target if aim.kind == "value" else 1 / (aim.target * MICROS))


def _reason(aim: Aim, worth: float, rate: float, usual: float, short: bool, currency: str) -> str:
    """Why a package gets what it gets, in figures."""
    if aim.kind == "rate":
        why = f"{rate:.2%} of its impressions are {COUNTED[aim.counts]}s, wanted are {aim.target or 0:.2%}"
    elif aim.kind == "value":
        why = f"{worth:.2f} {currency} come back for each {currency} spent, {usual:.2f} on average"
    else:
        one = COUNTED.get(aim.metric, aim.metric)
        why = f"a {one} costs {1 / worth / MICROS:.2f} {currency}, {1 / usual / MICROS:.2f} on average"
    return why + ("; it can't spend its budget in time" if short else "")


def _bid_reason(up: bool) -> str:
    return "its impressions are worth more, and it wins too few" if up else "its impressions are worth less than paid"


def _suggestion(platform: BuyerPlatform, campaign: Campaign, run_id: str, moves: list[Move]) -> Suggestion:
    buy, aim = moves[0].item.buy, moves[0].aim
    before = sum(package.budget_micros for package in buy.packages if not package.canceled)
    after = before + sum(move.adjustment.delta_micros for move in moves)
    word = "Scale up" if after > before else "Scale down" if after < before else "Keep the budget"
    difference = f" by {amount(abs(after - before)):,.2f} {campaign.currency}" if after != before else ""
    return Suggestion(
        suggestion_id=platform.ids.uuid("suggestion"),
        run_id=run_id,
        customer_id=campaign.customer_id,
        campaign_id=campaign.campaign_id,
        media_buy_id=buy.media_buy_id,
        metric=aim.metric,
        scaling_factor=after / before if before else 1.0,
        rationale=f"{word}{difference}: {moves[0].adjustment.reason}",
        adjustments=[move.adjustment for move in moves],
        made_ms=platform.now,
        status_ms=platform.now,
    )
