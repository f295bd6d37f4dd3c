"""The ledger of a tactic: what was delivered, what it cost, and whose money that is (rule 200).

Media cost what the sales agents report. Units are counted by the sales agents too, viewable impressions by the
platform's own trackers, since reports to the platform leave them out. What an agent restates is made up for by
another entry, so that the sum is always what the deliveries as they are known now come to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agents.buyer.outcome.fees import charge_micros, units_of
from agents.buyer.outcome.records import Charge, Tactic
from agents.buyer.records import Delivered, MediaBuy
from sandbox.core.time import day_start

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

COUNTERS = ("impressions", "spend_micros", "clicks", "views", "completed_views", "conversions")


def buys_of(platform: BuyerPlatform, tactic: Tactic) -> Iterator[MediaBuy]:
    """The media buys of a tactic, each once: the running version of those that have several."""
    seen: set[str] = set()
    for buy in platform.campaigns[tactic.campaign_id].media_buys:
        if buy.tactic == tactic.proposal_id and buy.media_buy_id not in seen:
            seen.add(buy.media_buy_id)
            yield buy


def counts_of(platform: BuyerPlatform, tactic: Tactic) -> dict[str, int]:
    """What the tactic delivered as far as it is known, by the delivery engine's names."""
    buys = list(buys_of(platform, tactic))
    mine = {buy.media_buy_id for buy in buys}
    rows: list[Delivered] = [row for (buy_id, _, _), row in platform.delivered.items() if buy_id in mine]
    counts = {name: sum(getattr(row, name) for row in rows) for name in COUNTERS}
    counts["conversion_value_micros"] = sum(row.conversion_value_micros for row in rows)
    counts["viewable"] = _viewable(platform, tactic, buys)
    return counts


def _viewable(platform: BuyerPlatform, tactic: Tactic, buys: list[MediaBuy]) -> int:
    """Viewable impressions up to now, by the platform's own trackers."""
    packages = [package.package_id for buy in buys for package in buy.packages if package.package_id]
    if tactic.price.method != "vcpm" or not packages:
        return 0
    slices = platform.world.market.breakdown(packages, day_start(tactic.proposed_ms), platform.now)
    return sum(one.totals.viewable for one in slices)


def post(platform: BuyerPlatform, tactic: Tactic) -> dict[str, int]:
    """Enter what is due beyond what the ledger has; gives the counts that it is made of."""
    counts = counts_of(platform, tactic)
    media, units = counts["spend_micros"], units_of(tactic.price, counts)
    due = charge_micros(tactic.price, media, units, tactic.budget_micros)
    entry = Charge(
        platform.now,
        media - sum(one.media_micros for one in tactic.ledger),
        units - sum(one.units for one in tactic.ledger),
        due - tactic.charged_micros,
    )
    if entry.media_micros or entry.units or entry.charge_micros:
        tactic.ledger.append(entry)
        platform.emit(
            "charge",
            tactic_id=tactic.tactic_id,
            proposal_id=tactic.proposal_id,
            media_micros=entry.media_micros,
            units=entry.units,
            charge_micros=entry.charge_micros,
            fee_micros=entry.fee_micros,
            charged_micros=tactic.charged_micros,
            budget_micros=tactic.budget_micros,
        )
    return counts
