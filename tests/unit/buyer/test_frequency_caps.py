"""Buyer-side frequency caps on three levels, enforced over all publishers (rules 105 to 110, 114)."""

from typing import Any

import pytest

from sandbox.core.time import DAY_MS
from tests.unit.buyer.conftest import MakePlatform, Platform, banners
from tests.unit.buyer.test_campaigns import get, ready, update
from tests.unit.buyer.test_execution import execute

DAILY = {"max_impressions": 2, "window": {"interval": 1, "unit": "days"}}
WEEKLY = {"max_impressions": 5, "window": {"interval": 1, "unit": "weeks"}}


def launched(platform: Platform, **fields: Any) -> str:
    campaign, _ = ready(platform, budget={"total": 50_000, "pacing": "asap"}, **fields)
    banners(platform, campaign)
    execute(platform, campaign)
    return campaign


def frequency(platform: Platform, level: str, entity: str) -> int:
    return max(platform.world.market.engine.frequency(level, entity), default=0)


def test_caps_of_a_campaign_hold_over_all_publishers_and_combine(platform: Platform) -> None:  # rules 105, 107, 114
    campaign = launched(platform, frequencyCaps=[DAILY, WEEKLY])
    platform.advance("2d")
    assert frequency(platform, "campaign", campaign) == 2
    market = platform.world.market
    sellers = {line.seller_id for line in market.lines() if market.totals(line.line_id).impressions}
    assert sellers == {"northstar", "harbor", "summit"}
    platform.advance("5d")
    assert frequency(platform, "campaign", campaign) == 5


def test_an_advertisers_cap_counts_all_of_its_campaigns(platform: Platform) -> None:  # rules 105, 106
    advertiser = platform.advertiser(frequencyCaps=[{"maxExposure": 3, "window": {"interval": 1, "unit": "days"}}])
    campaigns = []
    for _ in range(2):
        found = platform.discover(advertiser, brief="news")
        platform.select(found)
        campaign = platform.campaign(
            advertiser, discoveryId=found["discoveryId"], budget={"total": 500, "pacing": "asap"}
        )
        banners(platform, campaign)
        execute(platform, campaign)
        campaigns.append(campaign)
    platform.advance("2d")
    assert frequency(platform, "advertiser", advertiser) == 3
    assert sum(frequency(platform, "campaign", campaign) for campaign in campaigns) >= 3


def test_a_campaigns_cap_does_not_lift_the_advertisers(platform: Platform) -> None:  # rule 106
    advertiser = platform.advertiser(frequencyCaps=[{"max_impressions": 1, "window": {"interval": 1, "unit": "days"}}])
    found = platform.discover(advertiser, brief="news")
    platform.select(found)
    campaign = platform.campaign(advertiser, discoveryId=found["discoveryId"], frequencyCaps=[DAILY])
    banners(platform, campaign)
    execute(platform, campaign)
    platform.advance("2d")
    assert frequency(platform, "campaign", campaign) == 1


def test_a_creatives_cap_counts_that_creative_alone(platform: Platform) -> None:  # rule 105
    campaign, _ = ready(platform, budget={"total": 50_000, "pacing": "asap"})
    first, *others = banners(platform, campaign)
    cap = {"max_impressions": 1, "window": {"interval": 1, "unit": "campaign"}}
    platform.call("update_creative", {"frequencyCaps": [cap]}, {"campaignId": campaign, "creativeId": first})
    execute(platform, campaign)
    platform.advance("3d")
    assert frequency(platform, "creative", first) == 1  # rule 110: for the whole campaign
    assert others
    assert max(frequency(platform, "creative", other) for other in others) > 1


def test_a_cap_set_in_flight_counts_what_was_seen_before(platform: Platform) -> None:  # rules 98, 110
    campaign = launched(platform)
    platform.advance("2d")
    seen = platform.world.market.engine.frequency("campaign", campaign)
    assert max(seen) > 2
    update(platform, campaign, frequencyCaps=[{"max_impressions": 1, "window": {"interval": 60, "unit": "days"}}])
    impressions = sum(line_impressions(platform, campaign))
    platform.advance("2d")
    grown = platform.world.market.engine.frequency("campaign", campaign)
    assert sum(users for count, users in grown.items() if count > 1) == sum(n for c, n in seen.items() if c > 1)
    assert sum(line_impressions(platform, campaign)) >= impressions


def line_impressions(platform: Platform, campaign: str) -> list[int]:
    market = platform.world.market
    return [market.totals(line.line_id).impressions for line in market.lines() if line.campaign_id == campaign]


def test_a_window_rolls_and_is_not_a_calendar_day(platform: Platform) -> None:  # rule 110
    campaign = launched(platform, frequencyCaps=[DAILY])
    platform.advance("6d")
    log = platform.world.market.engine.exposures()
    by_user: dict[int, list[int]] = {}
    for at_ms, user in zip(log.time_ms, log.user, strict=True):
        by_user.setdefault(int(user), []).append(int(at_ms))
    gaps = [later - first for times in by_user.values() for first, later in zip(times, times[2:], strict=False)]
    assert min(gaps) >= DAY_MS
    assert len(gaps) > 1000
    assert campaign


@pytest.mark.parametrize("unit", ["seconds", "minutes", "hours", "days", "weeks", "months", "campaign"])
def test_every_unit_is_taken_at_every_level(platform: Platform, unit: str) -> None:  # conflicts C7, C8
    cap = {"max_impressions": 4, "window": {"interval": 2, "unit": unit}}
    advertiser = platform.advertiser(frequencyCaps=[cap])
    campaign = platform.campaign(advertiser, frequencyCaps=[cap])
    shown = platform.call("get_advertiser", path={"advertiserId": advertiser})["frequencyCaps"][0]
    assert (shown["window"]["unit"], shown["maxExposure"]) == (unit, 4)
    assert get(platform, campaign)["frequencyCaps"][0]["window"]["unit"] == unit


@pytest.mark.parametrize(
    "cap",
    [
        {"max_impressions": 0, "window": {"interval": 1, "unit": "days"}},
        {"max_impressions": 3, "window": {"interval": 0, "unit": "days"}},
        {"max_impressions": 3, "window": {"interval": 1, "unit": "fortnights"}},
        {"max_impressions": 3},
        {"window": {"interval": 1, "unit": "days"}},
    ],
)
def test_a_cap_that_makes_no_sense_is_refused(platform: Platform, cap: dict[str, Any]) -> None:  # rule 105
    campaign = platform.campaign(platform.advertiser())
    error = platform.error("update_campaign", {"frequencyCaps": [cap]}, {"campaignId": campaign})
    assert error["code"] == "VALIDATION_ERROR"
    assert error["field"].startswith("frequencyCaps[0]")


def test_lists_never_show_caps(make_platform: MakePlatform) -> None:  # rule 108
    platform = make_platform()
    campaign = platform.campaign(platform.advertiser(frequencyCaps=[DAILY]), frequencyCaps=[DAILY])
    assert all("frequencyCaps" not in row for row in platform.call("list_campaigns")["campaigns"])
    assert all("frequencyCaps" not in row for row in platform.call("list_advertisers")["items"])
    assert get(platform, campaign)["frequencyCaps"]
