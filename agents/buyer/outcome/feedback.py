"""How a tactic does, as its agent is told every week and when its context changed (rule 205).

Delivery is what was charged in a period over what was planned for it: the budget, spread evenly over the flight.
Performance is what the money brought over what was to be expected for it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from agents.buyer.deliveries import refresh_today
from agents.buyer.outcome.client import ask
from agents.buyer.outcome.ledger import post
from agents.buyer.outcome.records import Price, Tactic, Told
from agents.buyer.outcome.updates import end_of, start_of
from agents.buyer.records import Campaign
from sandbox.core.money import micros
from sandbox.core.time import iso
from sandbox.domain.channels import CHANNELS
from sandbox.operations.outcome import UNITS

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform


def delivery_index(charged_micros: int, budget_micros: int, period_ms: int, flight_ms: int) -> int:
    """What was charged in a period over its even part of the budget, in percent; 100 is on target.

    A correction can make it less than nothing, which is told as 0.
    """
    planned = budget_micros * period_ms / flight_ms
    return max(0, round(100 * charged_micros / planned))


def performance_index(price: Price, channel: str, goals: list[dict[str, Any]], counts: Mapping[str, int]) -> int:
    """What the media brought over what was to be expected, not clamped (conflict C31); 0 before anything is spent.

    Against the first goal that has a target; else against the agreed rate where units are paid; else against what
    impressions of the channel usually cost.
    """
    spend = counts["spend_micros"]
    if spend <= 0:
        return 0
    for goal in goals:
        index = _against(goal, counts)
        if index is not None:
            return index
    unit = UNITS.get(price.method)
    if unit is not None:
        return round(100 * micros(price.rate) * counts[unit.counter] / unit.size / spend)
    usual = CHANNELS[channel].cpm_micros if channel in CHANNELS else CHANNELS["display"].cpm_micros
    return round(100 * usual * counts["impressions"] / 1000 / spend)


def _against(goal: Mapping[str, Any], counts: Mapping[str, int]) -> int | None:
    """How a goal's target is met, in percent; None if it has none that can be judged here."""
    target, spend = goal.get("target") or {}, counts["spend_micros"]
    value = float(target.get("value") or 0)
    counter = "conversions" if goal.get("kind") == "event" else str(goal.get("metric"))
    if not value:
        return None
    if target.get("kind") == "per_ad_spend":
        return round(100 * counts["conversion_value_micros"] / spend / value)
    if target.get("kind") == "cost_per" and counter in counts:
        return round(100 * micros(value) * counts[counter] / spend)
    return None


def give(platform: BuyerPlatform, tactic: Tactic, until_ms: int) -> Generator[Any, Any, None]:
    """Bring the ledger up to now, and tell the agent about the time from the last feedback to ``until_ms``."""
    campaign = platform.campaigns[tactic.campaign_id]
    start_ms = max([start_of(platform, tactic), *(told.end_ms for told in tactic.feedback)])
    end_ms = min(until_ms, end_of(platform, tactic))
    if end_ms <= start_ms:
        return
    yield from refresh_today(platform, {campaign.campaign_id})
    told = _judge(platform, campaign, tactic, start_ms, end_ms)
    tactic.feedback.append(told)
    body = {
        "tacticId": tactic.tactic_id,
        "startDate": iso(start_ms),
        "endDate": iso(end_ms),
        "deliveryIndex": told.delivery_index,
        "performanceIndex": told.performance_index,
    }
    agent = platform.outcome.agents[tactic.agent_id]
    key = f"{tactic.proposal_id}-feedback-{len(tactic.feedback)}"
    outcome = yield from ask(platform, agent, "tactic-feedback", body, key)
    told.delivered = outcome.body is not None
    if outcome.body is None:
        platform.decide("tactic", tactic.proposal_id, "not_told", f"tactic-feedback: {outcome.why}")


def _judge(platform: BuyerPlatform, campaign: Campaign, tactic: Tactic, start_ms: int, end_ms: int) -> Told:
    counts = post(platform, tactic)
    flight_ms = end_of(platform, tactic) - start_of(platform, tactic)
    before = tactic.feedback[-1].charged_micros if tactic.feedback else 0
    return Told(
        start_ms,
        end_ms,
        tactic.charged_micros,
        delivery_index(tactic.charged_micros - before, tactic.budget_micros, end_ms - start_ms, flight_ms),
        performance_index(tactic.price, tactic.channel, campaign.goals, counts),
        delivered=False,
    )
