"""The built-in outcome agents: what they propose, how they react, how they manage money."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.outcome import KIND
from agents.outcome.strategies import STRATEGIES
from agents.outcome.strategies.base import Offer, Result, Standing, read_offer
from sandbox.core.errors import InputError
from sandbox.core.time import iso, parse_instant
from sandbox.domain.channels import CHANNELS
from sandbox.kernel.endpoint import Principal, Reply
from sandbox.kernel.world import World
from tests.unit.buyer.conftest import START
from tests.unit.outcome.conftest import MakeMarket, Market, flight
from tests.unit.outcome.test_messages import ASK

Json = dict[str, Any]


def post(market: Market, agent: str, operation: str, body: Json) -> Reply:
    """A request to an agent from outside, as the edge hands it on."""
    call = market.world.network.call("driver", agent, operation, {"body": body}, Principal("acme"))
    process = market.world.spawn(call)
    while not process.processed:
        market.world.env.step()
    reply: Any = process.value
    assert isinstance(reply, Reply)
    return reply


def asked(**fields: Any) -> Json:
    return {**ASK, "startDate": START, "endDate": iso(parse_instant(START) + 10**9), **fields}


@pytest.mark.parametrize(
    ("config", "change", "count"),
    [
        ({}, {}, 1),
        ({"channels": ["ctv"]}, {}, 0),
        ({"countries": ["DE"]}, {}, 0),
        ({"margin": {"model": "cost_per_unit", "method": "cpc", "rate": 1}}, {}, 0),  # rule 200: cpc isn't accepted
        ({"margin": {"model": "cost_per_unit", "method": "vcpm", "rate": 1}}, {}, 1),
        ({"min_budget": 200_000}, {}, 0),
        ({}, {"startDate": "2020-01-01", "endDate": "2020-02-01"}, 0),
    ],
)
def test_an_agent_proposes_what_it_can_and_nothing_else(
    make_market: MakeMarket, config: Json, change: Json, count: int
) -> None:  # rule 198
    answer = post(make_market(agents={"one": config}), "one", "get-proposals", asked(**change))
    assert answer.ok
    assert len(answer.body["proposals"]) == count


def test_capacity_is_what_the_campaign_has_or_the_agent_can(make_market: MakeMarket) -> None:  # rule 199
    market = make_market(agents={"one": {"capacity": 900}, "two": {}, "greedy": {"strategy": "over_committing"}})
    found = [
        post(market, name, "get-proposals", asked(budgetRange={"max": 150_000})).body["proposals"][0]
        for name in ("one", "two", "greedy")
    ]
    assert [row["budgetCapacity"] for row in found] == [900, 150_000, 450_000]
    assert found[1]["pricing"] == {"method": "revshare", "rate": 15.0, "currency": "USD"}


def accept(tactic: str, **fields: Any) -> Json:
    context = {"budget": 500, "startDate": START, "endDate": "2026-06-30", "channel": "display", "creatives": []}
    return {"tacticId": tactic, "tacticContext": {**context, **fields.pop("context", {})}, "seatId": "1",
            "customFields": {"viewabilityFloor": 60}, **fields}  # fmt: skip


def test_an_agent_says_why_it_declines(make_market: MakeMarket) -> None:  # rule 201
    market = make_market(agents={"one": {"capacity": 900, "min_budget": 100}})
    tactic = post(market, "one", "get-proposals", asked(budgetRange={"max": 5000})).body["proposals"][0]["tacticId"]
    for body, why in [
        (accept("other"), "no proposal"),
        (accept(tactic, context={"budget": 901}), "above the capacity"),
        (accept(tactic, context={"budget": 99}), "below"),
        (accept(tactic, customFields={}), "viewabilityFloor"),
        (accept(tactic, seatId="99"), "seat"),
    ]:
        answer = post(market, "one", "accept-proposal", body)
        assert answer.ok  # it declines with HTTP 200
        assert not answer.body["acknowledged"]
        assert why in answer.body["reason"]
    assert post(market, "one", "accept-proposal", accept(tactic)).body == {"acknowledged": True}
    assert post(market, "one", "accept-proposal", accept(tactic)).body == {"acknowledged": True}  # rule 207
    assert len(market.agent("one").managed) == 1


def managed(
    make_market: MakeMarket, opportunities: tuple[int, int] = (20_000, 20_000), **config: Any
) -> tuple[Market, str, str]:
    """A tactic of 1,000 that a built-in agent manages: world, campaign, proposal."""
    agents = {"one": {"margin": {"model": "passthrough"}, **config}}
    market = make_market(agents=agents, opportunities=opportunities)
    campaign = market.start_campaign(flightDates=flight())
    row = market.pick(campaign, 1000, customFields={"viewabilityFloor": 60, "orderValue": 50})
    market.advance("10m")
    return market, campaign, row["proposalId"]


def bought(market: Market, campaign: str) -> float:
    rows = market.call("get_campaign", path={"campaignId": campaign})["mediaBuys"]
    return float(sum(p["budget"] for row in rows for p in row["packages"]))


@pytest.mark.parametrize(("strategy", "most"), [("lowest_vcpm", 900), ("forgetful", 900), ("roas_bandit", 900)])
def test_an_agent_buys_with_a_buffer(make_market: MakeMarket, strategy: str, most: int) -> None:  # rule 211
    market, campaign, _ = managed(make_market, strategy=strategy)
    assert 850 <= bought(market, campaign) <= most


@pytest.mark.slow
def test_a_conservative_agent_starts_small_and_scales(make_market: MakeMarket) -> None:  # rule 211
    market, campaign, _ = managed(make_market, strategy="conservative_pacer")
    assert bought(market, campaign) == pytest.approx(0.4 * 850)
    market.advance("31d")
    assert bought(market, campaign) == pytest.approx(850, rel=0.02)


def test_a_share_of_revenue_is_left_out_of_what_is_bought(make_market: MakeMarket) -> None:  # rules 200, 211
    market, campaign, _ = managed(make_market, margin={"model": "revenue_share", "percent": 25})
    assert bought(market, campaign) == pytest.approx(800 * 0.88)


@pytest.mark.parametrize(("budget", "wanted"), [(2000, 1760), (600, 528)])
def test_an_agent_follows_its_budget_up_and_down(
    make_market: MakeMarket, budget: int, wanted: float
) -> None:  # rule 203
    market, campaign, proposal = managed(make_market)
    market.call("update_tactic", {"budget": budget}, {"campaignId": campaign, "proposalId": proposal})
    market.advance("10m")
    assert bought(market, campaign) == pytest.approx(wanted)


def test_a_forgetful_agent_is_held_to_the_budget_all_the_same(make_market: MakeMarket) -> None:  # rules 203, 211
    market, campaign, proposal = managed(make_market, strategy="forgetful")
    market.call("update_tactic", {"budget": 300}, {"campaignId": campaign, "proposalId": proposal})
    market.advance("45d")
    assert bought(market, campaign) == 880
    charged = market.tactics(campaign)["tactics"][0]["spending"]["charged"]
    assert 295 <= charged <= 300


def test_a_patch_that_does_not_make_what_it_says_is_refused(make_market: MakeMarket) -> None:  # rule 203
    market, _campaign, _ = managed(make_market)
    tactic = market.agent("one").managed[0]

    def send(partial: Json, patch: list[Json]) -> Reply:
        body = {"tacticId": tactic.tactic_id, "tactic": partial, "patch": patch}
        return post(market, "one", "tactic-context-updated", body)

    replace = {"op": "replace", "path": "/budget", "value": 700}
    assert send({"budget": 600}, [replace]).status == 400
    assert send({"budget": 700}, [{"op": "replace", "path": "/nowhere/x", "value": 1}]).status == 400
    assert send({"budget": "much"}, [{**replace, "value": "much"}]).status == 400
    assert tactic.context.budget == 1_000_000_000
    assert send({"budget": 700}, [replace]).ok
    assert send({"budget": 700}, [replace]).ok  # again
    assert tactic.context.budget == 700_000_000


def test_an_agent_knows_its_own_tactics_only(make_market: MakeMarket) -> None:  # rules 203 to 205
    market = make_market(agents={"one": {}})
    bodies: dict[str, Json] = {
        "tactic-context-updated": {"tacticId": "x", "tactic": {}, "patch": []},
        "tactic-creatives-updated": {"tacticId": "x", "creatives": []},
        "tactic-feedback": {
            "tacticId": "x", "startDate": START, "endDate": START, "deliveryIndex": 95, "performanceIndex": 110,
        },
    }  # fmt: skip
    for operation, body in bodies.items():
        assert post(market, "one", operation, body).status == 404


def test_an_agent_moves_money_where_delivery_is_short(make_market: MakeMarket) -> None:  # rule 205
    market, _, _ = managed(make_market, (20_000, 50), strategy="forgetful")
    market.advance("14d")
    assert market.events("decision", decision="moved") == []
    market, _, _ = managed(make_market, (20_000, 50), strategy="lowest_vcpm")
    market.advance("14d")
    moved = market.events("decision", decision="moved")
    assert len(moved) > 2
    assert all("from harbor" in event.data["why"] for event in moved)


def test_a_double_accepting_agent_is_charged_once(make_market: MakeMarket) -> None:  # rules 207, 211
    market, campaign, _proposal = managed(make_market, strategy="double_accepting")
    body = market.messages("accept-proposal")[0]["body"]
    assert post(market, "one", "accept-proposal", body).body == {"acknowledged": True}
    market.advance("45d")
    assert len(market.agent("one").managed) == 2
    assert bought(market, campaign) == 880
    assert market.tactics(campaign)["tactics"][0]["spending"]["charged"] <= 880


# -- pure decisions ----------------------------------------------------------------------------------------------

OFFERS = st.lists(
    st.builds(
        Offer,
        st.uuids().map(str),
        st.sampled_from(["s1", "s2"]),
        st.sampled_from([CHANNELS[name] for name in ("display", "olv", "ctv")]),
        st.integers(1, 50_000_000),
    ),
    max_size=8,
    unique_by=lambda offer: offer.key,
)


@given(st.sampled_from(list(STRATEGIES)), OFFERS)
def test_weights_are_positive_and_of_offers_that_there_are(name: str, offers: list[Offer]) -> None:
    weights = STRATEGIES.get(name)().choose(offers, {})
    assert set(weights) <= {offer.key for offer in offers}
    assert all(weight > 0 for weight in weights.values())


@given(st.sampled_from(list(STRATEGIES)), st.integers(0, 10**12), st.floats(0.1, 0.15))
def test_all_but_the_greedy_keep_a_buffer(name: str, media: int, buffer: float) -> None:  # rule 211
    bought = STRATEGIES.get(name)().buys_micros(media, buffer)
    assert bought <= media or name == "over_committing"


def test_the_cheapest_viewable_impression_wins_and_the_floor_holds() -> None:
    cheap, dear = Offer("a", "s", CHANNELS["display"], 4_000_000), Offer("b", "s", CHANNELS["display"], 8_000_000)
    ctv = Offer("c", "s", CHANNELS["ctv"], 5_000_000)
    choose = STRATEGIES.get("lowest_vcpm")().choose
    weights = choose([dear, ctv, cheap], {})
    assert list(weights) == [ctv.key, cheap.key, dear.key]
    assert list(choose([dear, ctv, cheap], {"viewabilityFloor": 90})) == [ctv.key]


def test_films_are_bought_by_completed_views_alone() -> None:
    banner, film = Offer("a", "s", CHANNELS["display"], 1), Offer("b", "s", CHANNELS["olv"], 9_000_000)
    assert list(STRATEGIES.get("completed_views")().choose([banner, film], {})) == [film.key]
    review = STRATEGIES.get("completed_views")().review
    good, bad = Result("g", 100, 50, 900, 0, 800), Result("b", 100, 50, 900, 0, 400)
    assert review([good, bad], Standing(0.5), {}, Random(1)) == ("b", "g")
    assert review([good, good], Standing(0.5), {}, Random(1)) is None


def test_the_bandit_learns_where_conversions_come_from() -> None:
    review = STRATEGIES.get("roas_bandit")().review
    good = Result("good", 0, 50_000_000, conversions=40)
    bad = Result("bad", 0, 50_000_000, conversions=4)
    rng = Random(3)
    choices = [review([good, bad], Standing(0.5), {"orderValue": 30}, rng) for _ in range(200)]
    assert choices.count(("bad", "good")) > 190
    assert review([Result("a", 0), Result("b", 0)], Standing(0.5), {}, rng) is None  # nothing is known yet


def test_an_offer_is_compared_by_what_a_thousand_impressions_cost() -> None:
    row = {"productId": "p", "salesAgentId": "s", "channels": ["display"]}
    option = {"isFixed": True, "pricingModel": "vcpm", "rate": 10}
    assert read_offer({**row, "pricingOptions": [option]}).cpm_micros == 6_800_000
    floor = {"isFixed": False, "pricingModel": "cpm", "floorPrice": 2, "minSpendPerPackage": 50}
    assert read_offer({**row, "pricingOptions": [floor]}).least_micros == 50_000_000
    assert read_offer({**row, "pricingOptions": [floor, {**option, "pricingModel": "cpm"}]}).cpm_micros == 10_000_000


# -- settings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ({"strategy": "lowest_vcmp"}, "lowest_vcpm"),
        ({"margin": {"model": "gift"}}, "passthrough"),
        ({"margin": {"method": "cpx"}}, "cpcv"),
        ({"channels": ["telepathy"]}, "display"),
        ({"buffer": 1}, "less than 1"),
    ],
)
def test_wrong_settings_say_what_is_right(config: Json, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        KIND.config.model_validate(config)


@pytest.mark.parametrize("config", [{"platform": "nobody"}, {"seats": ["nobody"]}])
def test_a_platform_or_seat_that_is_not_there_is_told(make_market: MakeMarket, config: Json) -> None:
    with pytest.raises(InputError, match="nobody"):
        make_market(agents={"one": config})


def test_without_a_platform_an_agent_can_not_start() -> None:
    world = World(1, 0)
    world.add(KIND.build(world, "one", KIND.config()))
    with pytest.raises(InputError, match="platform"):
        world.start()


def test_invented_agents_behave() -> None:
    assert KIND.generate is not None
    for settings in KIND.generate(Random(1), 20):
        KIND.config.model_validate(settings)
