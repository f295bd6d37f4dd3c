"""Fees to the micro, shares of a media budget, and goals as agents get them (rules 46, 51 to 56, 91, 92)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.buyer.goals import Goal, camel, goals_request
from sandbox.core.money import micros
from sandbox.domain.events import EVENT_TYPES
from tests.unit.buyer.conftest import Platform, build
from tests.unit.buyer.test_campaigns import get, ready, update
from tests.unit.buyer.test_execution import execute

PIXEL = {"eventSourceId": "pixel", "eventType": "purchase"}


@settings(max_examples=25, deadline=None)
@given(cents=st.integers(100, 10**9), percent=st.sampled_from([0, 0.5, 8, 12.5, 33.3]))
def test_fee_and_media_budget_add_up_to_the_budget(cents: int, percent: float) -> None:  # rules 46, 55
    platform = build(buyer={"fee_percent": percent})
    campaign = platform.campaign(platform.advertiser(), budget={"total": cents / 100})
    shown = get(platform, campaign)
    fees = sum(micros(fee["amount"]) for fee in shown["fees"])
    assert fees + micros(shown["mediaBudget"]["total"]) == micros(shown["budget"]["total"])
    assert (fees == 0) == (percent == 0)


@settings(max_examples=15, deadline=None)
@given(
    total=st.integers(5_000, 100_000),
    own=st.lists(st.none() | st.integers(100, 900), min_size=5, max_size=5),
    cuts=st.lists(st.floats(0.1, 10), max_size=3),
)
def test_products_and_periods_share_the_media_budget_exactly(
    total: int, own: list[int | None], cuts: list[float]
) -> None:
    # rules 56, 101
    platform = build()
    periods = [
        {"label": str(n), "start": f"2026-05-{5 + 5 * n:02}", "end": f"2026-05-{8 + 5 * n:02}", "weight": weight}
        for n, weight in enumerate(cuts)
    ]
    extra = {"pacingPeriods": {"mode": "weight", "periods": periods}} if periods else {}
    campaign, _ = ready(platform, budget={"total": total}, **extra)
    drafts = get(platform, campaign)["mediaBuys"]
    staged = [(buy["mediaBuyId"], product["productId"]) for buy in drafts for product in buy["products"]]
    changes: dict[str, list[dict[str, Any]]] = {}
    for (buy, product), budget in zip(staged, own, strict=True):
        if budget is not None:
            changes.setdefault(buy, []).append({"product_id": product, "budget": budget})
    update(platform, campaign, mediaBuys=[{"mediaBuyId": b, "products": p} for b, p in changes.items()])
    assert execute(platform, campaign)["success"]
    spent: dict[str, int] = {}
    for buy in get(platform, campaign)["mediaBuys"]:
        for package in buy["packages"]:
            spent[package["productId"]] = spent.get(package["productId"], 0) + micros(package["budget"])
    for (_, product), budget in zip(staged, own, strict=True):
        assert budget is None or spent[product] == micros(budget)
    if None in own:
        assert sum(spent.values()) == micros(total) * 92 // 100
        open_ones = [spent[product] for (_, product), budget in zip(staged, own, strict=True) if budget is None]
        assert max(open_ones) - min(open_ones) <= 1


@pytest.mark.parametrize(
    ("event_type", "told"),
    [("purchase", {"event_type": "purchase"}), ("deposit", {"event_type": "custom", "custom_event_name": "deposit"})],
)
def test_events_that_the_protocol_does_not_know_travel_as_custom_ones(
    platform: Platform, event_type: str, told: dict[str, str]
) -> None:  # conflict C16
    campaign, _ = ready(platform)
    sources = {"account": {"account_id": "1"}, "event_sources": [{"event_source_id": "pixel"}]}
    platform.call("sync_event_sources", sources, {"advertiserId": "1"})
    goal = {"kind": "event", "eventSources": [{**PIXEL, "eventType": event_type}]}
    update(platform, campaign, performanceConfig={"optimizationGoals": [goal]})
    assert execute(platform, campaign)["success"]
    for request in platform.messages("create_media_buy"):
        for package in request["packages"]:
            assert package["optimization_goals"][0]["event_sources"] == [{"event_source_id": "pixel", **told}]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({**PIXEL, "eventType": "applause"}, "unknown eventType"),
        ({**PIXEL, "eventType": "custom"}, "customEventName"),
        ({**PIXEL, "customEventName": "x"}, "customEventName"),
    ],
)
def test_an_event_type_must_be_known(source: dict[str, str], words: str) -> None:  # rule 51
    with pytest.raises(ValidationError, match=words):
        Goal.model_validate({"kind": "event", "eventSources": [source]})


@given(st.sampled_from(EVENT_TYPES), st.booleans())
def test_goals_come_back_as_they_were_given(event_type: str, snake: bool) -> None:  # conflict C9
    name = {"customEventName": "x"} if event_type == "custom" else {}
    given_goal = {
        "kind": "event",
        "eventSources": [{"eventSourceId": "pixel", "eventType": event_type, "valueField": "value", **name}],
        "target": {"kind": "per_ad_spend", "value": 4.0},
        "attributionWindow": {"postClick": {"interval": 7, "unit": "days"}},
    }
    stored = [Goal.model_validate(given_goal).adcp()]
    if snake:
        stored = [Goal.model_validate(stored[0]).adcp()]
    assert camel(stored) == [given_goal]
    assert goals_request(stored) == stored


def test_a_draft_with_goals_of_its_own_keeps_them(platform: Platform) -> None:  # rules 91, 92
    clicks, views = ({"kind": "metric", "metric": metric} for metric in ("clicks", "views"))
    campaign, _ = ready(platform)
    first, *others = get(platform, campaign)["mediaBuys"]
    update(platform, campaign, mediaBuys=[{"mediaBuyId": first["mediaBuyId"], "optimization_goals": [clicks]}])
    made = update(platform, campaign, performanceConfig={"optimizationGoals": [views]})
    goals = {buy["mediaBuyId"]: buy["optimization_goals"] for buy in made["mediaBuys"]}
    assert goals == {first["mediaBuyId"]: [clicks], **{other["mediaBuyId"]: [views] for other in others}}


def test_goals_of_a_running_buy_are_cleared_by_none(platform: Platform) -> None:  # rule 91
    campaign, _ = ready(platform, performanceConfig={"optimizationGoals": [{"kind": "metric", "metric": "clicks"}]})
    execute(platform, campaign)
    buy = get(platform, campaign)["mediaBuys"][0]["mediaBuyId"]
    update(platform, campaign, mediaBuys=[{"mediaBuyId": buy, "optimization_goals": []}])
    assert get(platform, campaign)["mediaBuys"][0]["optimization_goals"] == []


def test_a_name_is_not_taken_away_and_channels_are_changed_alone(platform: Platform) -> None:  # rule 96
    campaign, _ = ready(platform, constraints={"channels": ["video"], "countries": ["us"]})
    made = update(platform, campaign, name=None, constraints={"channels": ["display"]})
    assert made["name"] == "Spring"
    assert made["constraints"] == {"channels": ["display"], "countries": ["US"]}


@pytest.mark.parametrize(
    ("change", "field"),
    [({"bidPrice": 0.01}, "bidPrice"), ({"pricingOptionId": "absent"}, "pricingOptionId"), ({}, "bidPrice")],
)
def test_a_bid_below_the_floor_is_refused(make_platform: Any, change: dict[str, Any], field: str) -> None:
    # rule 86, conflict C19
    auction = {"pricing": [{"model": "cpm", "floor": 3}], "channels": ["display"]}
    platform = make_platform(sellers={"summit": {"products": [{"id": "open", **auction}, {"id": "more", **auction}]}})
    advertiser = platform.advertiser()
    found = platform.discover(advertiser, brief="news", salesAgentIds=["summit"])
    platform.select(found, "open")
    campaign = platform.campaign(advertiser, discoveryId=found["discoveryId"])
    buy = get(platform, campaign)["mediaBuys"][0]["mediaBuyId"]
    wanted = {"mediaBuys": [{"mediaBuyId": buy, "products": [{"product_id": "more", **change}]}]}
    error = platform.error("update_campaign", wanted, {"campaignId": campaign})
    assert error["field"] == f"mediaBuys[0].products[0].{field}"
