"""Whatever the wire does, nothing is bought twice, nothing that runs is unknown, and no money is spent twice.

Each seed makes a mixture of faults, of sales agents and of things that people do meanwhile. When the faults are over,
the platform and its agents have to agree about everything.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from agents.seller.seller import Seller
from sandbox.core.time import DAY_MS, HOUR_MS, SECOND_MS, iso, parse_instant
from sandbox.kernel.faults import KINDS, Fault
from sandbox.kernel.latency import Latency
from sandbox.kernel.network import NetworkConfig
from tests.unit.buyer.conftest import START, Platform, banners, build

MIXTURES = 300
FAULTY_MS = 2 * DAY_MS
"""How long the faults last, from the moment when the campaign is launched."""

OVER = ("completed", "rejected", "canceled")
AGENTS = ("northstar", "harbor", "summit")


def faults(rng: Random, start_ms: int) -> list[Fault]:
    """A mixture: some kinds, on some links and messages, as often as chance wants."""
    made = []
    for name in rng.sample(list(KINDS), rng.randint(2, 8)):
        kind, webhooks = KINDS[name], rng.random() < 0.4
        agent = rng.choice(("*", *AGENTS)) if rng.random() < 0.7 else "*"
        orders = rng.choice(("*", "create_media_buy", "get_task_status", "update_media_buy"))
        sender, to, message = (agent, "buyer", "webhook") if webhooks else ("buyer", agent, orders)
        if kind.webhooks_only or kind.standing:
            sender, to, message = agent if agent != "*" else rng.choice(AGENTS), "*", "*"
        made.append(
            Fault(
                name, sender, to, message,
                from_ms=start_ms, until_ms=start_ms + FAULTY_MS,
                probability=rng.choice((0.3, 0.6, 0.95)),
                count=rng.choice((None, 1, 4, 20)),
                direction=rng.choice(kind.directions),
                latency=Latency(2 * SECOND_MS, rng.choice((3, 60, 600)) * SECOND_MS),
                hold_ms=rng.choice((1, 30, 3_600)) * SECOND_MS,
                rate=rng.choice((20, 1_000)),
                status=rng.choice((500, 502, 504)),
                retry_after_s=rng.choice((None, 1, 90)),
                skew_ms=rng.choice((-600, -45, 45, 600)) * SECOND_MS,
            )
        )  # fmt: skip
    return made


def agents(rng: Random) -> dict[str, dict[str, Any]]:
    """How each agent decides: at once, after a while, at once with a webhook besides."""
    policies: tuple[dict[str, Any], ...] = (
        {},
        {"notify_always": True},
        {"approval": {"mode": "manual", "delay": "1s"}},
        {"approval": {"mode": "manual", "delay": "3h"}},
        {"approval": {"mode": "manual", "delay": "30h"}},
    )
    return {name: {"guaranteed": True, **rng.choice(policies)} for name in AGENTS}


def play(seed: int) -> Platform:
    """A campaign of five days under a mixture of faults, and eight days without them."""
    rng = Random(seed)
    launch_ms = parse_instant(START) + 10 * SECOND_MS
    buyer = {
        "webhooks": rng.random() < 0.8,
        "poll_interval": rng.choice(("1h", "6h")),
        "requests": {"retries": rng.randint(0, 2)},
    }
    network = NetworkConfig(faults=faults(rng, launch_ms))
    platform = build(buyer=buyer, sellers=agents(rng), network=network, seed=seed)
    advertiser = platform.advertiser()
    flight = {"startDate": iso(launch_ms + 5 * HOUR_MS), "endDate": iso(launch_ms + 5 * DAY_MS)}
    found = platform.discover(advertiser, brief="news")
    platform.select(found)
    budget = {"total": 300, "currency": "USD"}
    campaign = platform.campaign(advertiser, discoveryId=found["discoveryId"], flightDates=flight, budget=budget)
    banners(platform, campaign)
    platform.world.run(max(platform.world.now, launch_ms))
    people(platform, campaign, rng)
    platform.world.run(launch_ms + FAULTY_MS + HOUR_MS)
    for _ in range(2):
        if platform.buyer.campaigns[campaign].status == "ACTIVE":
            platform.reply("execute_campaign", {}, {"campaignId": campaign})
        platform.advance("13h")
    platform.advance("8d")
    return platform


def people(platform: Platform, campaign: str, rng: Random) -> None:
    """What people do while things go wrong; some of it is refused."""
    path = {"campaignId": campaign}
    platform.reply("execute_campaign", {}, path)
    for _ in range(rng.randint(0, 4)):
        platform.world.run(platform.world.now + rng.choice((1, 60, 3_600, 30_000)) * SECOND_MS)
        buys = platform.buyer.campaigns[campaign].media_buys
        match rng.choice(("execute", "pause", "reactivate", "status", "cancel", "delete")):
            case "execute":
                platform.reply("execute_campaign", {}, path)
            case "pause":
                platform.reply("pause_campaign", {}, path)
            case "reactivate":
                platform.reply("reactivate_campaign", {}, path)
            case "status":
                platform.reply("get_media_buy_status", None, path)
            case action if buys:
                row = {"mediaBuyId": rng.choice(buys).media_buy_id, "action": action}
                platform.reply("update_campaign", {"mediaBuys": [row]}, path)


def disagreements(platform: Platform) -> list[str]:
    """Where the books of the platform and of its agents differ."""
    wrong: list[str] = []
    ours = {
        (buy.seller_id, buy.adcp_media_buy_id): (campaign, buy)
        for campaign in platform.buyer.campaigns.values()
        for buy in campaign.media_buys
        if buy.adcp_media_buy_id is not None
    }
    market = platform.world.market
    market.settle()
    for name in AGENTS:
        seller = platform.world.actors[name]
        assert isinstance(seller, Seller)
        for theirs in seller.media_buys.values():
            found = ours.pop((name, theirs.media_buy_id), None)
            spent = sum(market.totals(package).spend_micros for package in theirs.packages)
            if found is None:
                wrong.append(f"{name} has {theirs.media_buy_id} ({theirs.status}), which the platform does not know")
                continue
            _, buy = found
            ended = buy.status in ("COMPLETED", "CANCELED", "REJECTED", "ARCHIVED")
            if ended is not (theirs.status in OVER):
                wrong.append(f"{theirs.media_buy_id} is {theirs.status} with {name} and {buy.status} here")
            told = sum(
                day.spend_micros for (of, _, _), day in platform.buyer.delivered.items() if of == buy.media_buy_id
            )
            if told != spent:
                wrong.append(f"{theirs.media_buy_id} of {name} has spent {spent} micros, the platform counts {told}")
    wrong += [f"{name} does not know {media_buy}" for name, media_buy in ours]
    for campaign in platform.buyer.campaigns.values():
        spent = sum(
            market.totals(package.package_id).spend_micros
            for buy in campaign.media_buys
            for package in buy.packages
            if package.package_id
        )
        if spent > campaign.budget_micros:
            wrong.append(f"{campaign.campaign_id} has spent {spent} of {campaign.budget_micros} micros")
    return wrong


def breaches(platform: Platform) -> list[str]:
    for checker in platform.checkers:
        checker.finish()
    return [str(violation) for checker in platform.checkers for violation in checker.violations]


@pytest.mark.parametrize("seed", range(8))
def test_platform_and_agents_agree_after_some_faults(seed: int) -> None:
    platform = play(seed)
    assert disagreements(platform) + breaches(platform) == []


@pytest.mark.slow
@pytest.mark.parametrize("first", range(8, MIXTURES + 8, 10))
def test_platform_and_agents_agree_after_any_mixture_of_faults(first: int) -> None:
    wrong = {}
    for seed in range(first, first + 10):
        platform = play(seed)
        wrong[seed] = disagreements(platform) + breaches(platform)
    assert {seed: found for seed, found in wrong.items() if found} == {}


def test_the_mixtures_strike_and_every_kind_is_among_them() -> None:
    kinds = {fault.kind for seed in range(50) for fault in faults(Random(seed), 0)}
    assert kinds == set(KINDS)
    assert sum(len(play(seed).events("fault")) for seed in range(4)) > 20
