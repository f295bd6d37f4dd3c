"""Campaigns: creation, fields, budgets, reading (rules 41 to 65, 71, 96 to 98)."""

from typing import Any

import pytest

from sandbox.core.time import iso, parse_instant
from tests.unit.buyer.conftest import START, MakePlatform, Platform

DAY = 86_400_000
NOW = parse_instant(START)


def body(advertiser: str, **fields: Any) -> dict[str, Any]:
    return {
        "advertiserId": advertiser,
        "name": "Spring",
        "flightDates": {"startDate": iso(NOW + DAY), "endDate": iso(NOW + 31 * DAY)},
        "budget": {"total": 10_000},
        **fields,
    }


def ready(platform: Platform, **fields: Any) -> tuple[str, dict[str, Any]]:
    """A campaign with everything that was offered selected, not executed."""
    advertiser = platform.advertiser()
    found = platform.discover(advertiser, brief="news")
    platform.select(found)
    campaign = platform.campaign(advertiser, discoveryId=found["discoveryId"], **fields)
    return campaign, found


def get(platform: Platform, campaign: str, **params: Any) -> dict[str, Any]:
    return platform.call("get_campaign", path={"campaignId": campaign}, params=params)


def update(platform: Platform, campaign: str, **fields: Any) -> dict[str, Any]:
    return platform.call("update_campaign", fields, {"campaignId": campaign})


def refuse(platform: Platform, campaign: str, **fields: Any) -> dict[str, Any]:
    return platform.error("update_campaign", fields, {"campaignId": campaign})


def test_a_campaign_is_created_as_a_draft_in_usd(platform: Platform) -> None:  # rules 43, 44
    made = platform.call("create_campaign", body(platform.advertiser()))
    assert made["status"] == "DRAFT"
    assert made["campaignType"] == "DECISIONED"  # conflict C5
    assert made["budget"]["currency"] == "USD"
    assert made["data"]["campaignId"] == made["campaignId"]  # conflict C41


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"budget": 5000}, "budget"),
        ({"budget": {"total": 0}}, "budget.total"),
        ({"budget": {"total": 100, "dailyCap": 200}}, "budget.dailyCap"),
        ({"startDate": START}, "startDate"),
        ({"flightDates": {"startDate": "soon", "endDate": START}}, "flightDates.startDate"),
        ({"flightDates": {"startDate": "2026-06-02", "endDate": "2026-06-01"}}, "flightDates"),
        ({"campaignType": "SPECIAL"}, "campaignType"),
        ({"productIds": ["p"]}, ""),
        ({"performanceConfig": {"optimizationGoals": []}}, "performanceConfig.optimizationGoals"),
    ],
)
def test_a_wrong_field_is_named(platform: Platform, change: dict[str, Any], field: str) -> None:  # rules 44, 47, 50
    error = platform.error("create_campaign", body(platform.advertiser(), **change))
    assert error["code"] == "VALIDATION_ERROR"
    assert error.get("field", "").startswith(field)
    assert platform.call("list_campaigns")["total"] == 0


def test_an_advertiser_without_a_brand_gets_no_campaign(make_platform: MakePlatform) -> None:  # rule 41
    platform = make_platform(buyer={"advertisers": [{"name": "Nobody"}]})
    advertiser = platform.call("list_advertisers")["items"][0]["id"]
    assert platform.error("create_campaign", body(advertiser))["field"] == "brand"


def test_the_type_of_a_campaign_is_immutable(platform: Platform) -> None:  # rule 45
    campaign = platform.campaign(platform.advertiser())
    assert refuse(platform, campaign, campaignType="ROUTED")["field"] == "campaignType"
    assert update(platform, campaign, campaignType="DECISIONED")["campaignType"] == "DECISIONED"


def test_product_ids_preselect_from_the_session(platform: Platform) -> None:  # rule 47
    advertiser = platform.advertiser()
    found = platform.discover(advertiser, brief="news")
    wanted = found["productGroups"][0]["products"][0]["productId"]
    made = platform.call("create_campaign", body(advertiser, discoveryId=found["discoveryId"], productIds=[wanted]))
    assert [product["productId"] for product in made["products"]] == [wanted]
    error = platform.error(
        "create_campaign", body(advertiser, discoveryId=found["discoveryId"], productIds=["no-such"])
    )
    assert error["field"] == "productIds[0]"


def test_goals_and_channels_discover_at_once(platform: Platform) -> None:  # rule 48
    goals = {"optimizationGoals": [{"kind": "metric", "metric": "clicks"}]}
    made = platform.call(
        "create_campaign",
        body(platform.advertiser(), performanceConfig=goals, constraints={"channels": ["display"]}),
    )
    found = platform.call("browse_discovery", path={"discoveryId": made["discoveryId"]})
    assert found["summary"]["totalProducts"] > 0


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        ({"kind": "event", "eventSources": []}, "eventSources"),  # rule 51
        ({"kind": "metric"}, "metric"),
        ({"kind": "metric", "metric": "likes"}, "metric"),  # rule 54
        ({"kind": "metric", "metric": "clicks", "target": {"kind": "per_ad_spend", "value": 4}}, "takes the targets"),
        (
            {
                "kind": "event",
                "eventSources": [{"eventSourceId": "es", "eventType": "purchase"}],
                "target": {"kind": "per_ad_spend", "value": 4},
            },
            "valueField",
        ),  # rule 53
        (
            {
                "kind": "event",
                "eventSources": [{"eventSourceId": "es", "eventType": "purchase", "valueField": "v"}],
                "target": {"kind": "maximize_value", "value": 4},
            },
            "takes no value",
        ),
        ({"kind": "event", "eventSources": [{"eventSourceId": "es", "eventType": "purchase"}]}, "not registered"),
    ],
)
def test_a_goal_must_make_sense(platform: Platform, goal: dict[str, Any], words: str) -> None:  # rules 51 to 54
    error = platform.error(
        "create_campaign", body(platform.advertiser(), performanceConfig={"optimizationGoals": [goal]})
    )
    assert error["code"] == "VALIDATION_ERROR"
    assert words in error["message"]


def test_goals_are_taken_in_both_spellings_and_shown_in_camel_case(platform: Platform) -> None:  # conflict C9
    advertiser = platform.advertiser()
    platform.call(
        "sync_event_sources",
        {"account": {"account_id": advertiser}, "event_sources": [{"event_source_id": "es"}]},
        {"advertiserId": advertiser},
    )
    for source in (
        {"event_source_id": "es", "event_type": "purchase", "value_field": "value"},
        {"eventSourceId": "es", "eventType": "purchase", "valueField": "value"},
    ):
        spelling = "event_sources" if "event_source_id" in source else "eventSources"
        goal = {
            "kind": "event",
            spelling: [source],
            "target": {"kind": "per_ad_spend", "value": 4.0},
            "attributionWindow": {"clickThrough": "7d"},
        }
        made = platform.call("create_campaign", body(advertiser, performanceConfig={"optimizationGoals": [goal]}))
        shown = made["performanceConfig"]["optimizationGoals"][0]
        assert shown["eventSources"] == [{"eventSourceId": "es", "eventType": "purchase", "valueField": "value"}]
        assert shown["attributionWindow"]["postClick"] == {"interval": 7, "unit": "days"}  # conflict C15


def test_the_media_budget_is_the_budget_without_the_fees(platform: Platform) -> None:  # rules 55, 59
    made = get(platform, platform.campaign(platform.advertiser()))
    assert made["fees"] == [
        {"label": "Platform fee", "amount": 800, "currency": "USD", "pricingType": "MARGIN", "marginPercent": 8.0}
    ]
    assert made["mediaBudget"] == {"total": 9200, "currency": "USD"}
    assert (made["allocatedBudget"], made["unallocatedBudget"]) == (0, 9200)


def test_a_routed_campaign_pays_no_platform_fee(platform: Platform) -> None:  # rule 46
    made = get(platform, platform.campaign(platform.advertiser(), campaignType="ROUTED"))
    assert made["fees"] == []
    assert made["mediaBudget"]["total"] == 10_000


def test_active_buys_are_allocated(platform: Platform) -> None:  # rules 56, 57, 58
    campaign, _ = ready(platform)
    platform.call("execute_campaign", {}, {"campaignId": campaign})
    made = get(platform, campaign)
    assert made["allocatedBudget"] == 9200
    assert made["unallocatedBudget"] == 0
    update(platform, campaign, budget={"total": 5000})
    assert get(platform, campaign)["unallocatedBudget"] == 5000 * 0.92 - 9200  # may be negative


def test_a_list_row_is_a_summary(platform: Platform) -> None:  # rules 7, 59, 61, 108
    campaign, found = ready(platform, frequencyCaps=[{"max_impressions": 3, "window": {"interval": 1, "unit": "days"}}])
    row = platform.call("list_campaigns")["campaigns"][0]
    assert row["campaignId"] == campaign
    assert row["budget"] == {"total": 10_000, "currency": "USD"}
    assert row["productCount"] == found["summary"]["totalProducts"]
    assert not {"brief", "mediaBuys", "frequencyCaps", "fees", "mediaBudget"} & set(row)


def test_refs_name_every_media_buy_and_a_filter_narrows_the_heavy_list_alone(platform: Platform) -> None:  # rule 60
    campaign, _ = ready(platform)
    made = get(platform, campaign)
    ids = [buy["mediaBuyId"] for buy in made["mediaBuys"]]
    assert [ref["mediaBuyId"] for ref in made["mediaBuyRefs"]] == ids
    assert len(ids) == 3
    narrowed = get(platform, campaign, mediaBuyId=ids[1])
    assert [buy["mediaBuyId"] for buy in narrowed["mediaBuys"]] == [ids[1]]
    assert narrowed["mediaBuyRefs"] == made["mediaBuyRefs"]


def test_the_selection_is_shown_while_the_campaign_is_a_draft(platform: Platform) -> None:  # rule 61
    campaign, found = ready(platform)
    draft = get(platform, campaign)
    assert draft["discoveryId"] == found["discoveryId"]
    assert draft["productCount"] == len(draft["products"]) == found["summary"]["totalProducts"]
    platform.call("execute_campaign", {}, {"campaignId": campaign})
    assert not {"discoveryId", "products", "productCount"} & set(get(platform, campaign))
    assert "productCount" in platform.call("list_campaigns")["campaigns"][0]


def test_products_know_their_search_and_their_media_buys(platform: Platform) -> None:  # rule 63
    campaign, found = ready(platform)
    before = platform.call("get_campaign_products", path={"campaignId": campaign})
    total = found["summary"]["totalProducts"]
    assert before["summary"] == {"totalProducts": total, "productsOnMediaBuys": 0, "productsPending": total}
    assert {row["searchContext"]["brief"] for row in before["products"]} == {"news"}
    assert before["searchContexts"][0]["productCount"] == total
    platform.call("execute_campaign", {}, {"campaignId": campaign})
    after = platform.call("get_campaign_products", path={"campaignId": campaign})
    assert after["summary"] == {"totalProducts": total, "productsOnMediaBuys": total, "productsPending": 0}
    assert all(row["mediaBuys"][0]["status"] == "ACTIVE" for row in after["products"])


def test_audiences_are_added_unless_the_missing_are_to_go(platform: Platform) -> None:  # rules 64, 97
    advertiser = platform.advertiser()
    platform.call("sync_audiences", {"audiences": [{"audienceId": n} for n in "abc"]}, {"accountId": advertiser})
    campaign = platform.campaign(advertiser, audienceConfig={"targetAudienceIds": ["a", "b"]})
    made = update(platform, campaign, audienceConfig={"suppressAudienceIds": ["c"]})
    assert {(row["audienceId"], row["type"]) for row in made["audiences"]} == {
        ("a", "TARGET"),
        ("b", "TARGET"),
        ("c", "SUPPRESS"),
    }
    made = update(platform, campaign, audienceConfig={"targetAudienceIds": ["b"], "deleteMissing": True})
    assert [row["audienceId"] for row in made["audiences"]] == ["b"]
    assert update(platform, campaign, audienceConfig={"deleteMissing": True})["audiences"] == []


def test_required_formats_are_those_of_the_selected_products(platform: Platform) -> None:  # rule 65
    campaign, _ = ready(platform)
    formats = get(platform, campaign)["creativeFormats"]
    assert formats["required"]
    assert formats["missing"] == formats["required"]
    assert formats["covered"] == []


def test_an_update_changes_only_what_it_names(platform: Platform) -> None:  # rule 96
    campaign = platform.campaign(platform.advertiser(), brief="all of it")
    before = get(platform, campaign)
    after = update(platform, campaign, name="Summer")
    for name in ("brief", "flightDates", "budget", "constraints", "frequencyCaps"):
        assert after[name] == before[name]
    assert after["name"] == "Summer"


def test_caps_are_kept_cleared_or_replaced(platform: Platform) -> None:  # rules 98, 108, 109
    one = {"max_impressions": 3, "window": {"interval": 1, "unit": "days"}}
    two = {"max_impressions": 9, "window": {"interval": 1, "unit": "weeks"}}
    campaign = platform.campaign(platform.advertiser(), frequencyCaps=[one])
    first = get(platform, campaign)["frequencyCaps"]
    assert first[0] | {"id": ""} == {
        **one,
        "id": "",
        "targetLevel": "CAMPAIGN",
        "targetId": campaign,
        "createdAt": iso(platform.world.now),
        "updatedAt": iso(platform.world.now),
        "archivedAt": None,
    }
    assert update(platform, campaign, name="x")["frequencyCaps"] == first
    replaced = update(platform, campaign, frequencyCaps=[two])["frequencyCaps"]
    assert [cap["max_impressions"] for cap in replaced] == [9]
    assert update(platform, campaign, frequencyCaps=[])["frequencyCaps"] == []


def test_deleting_archives(platform: Platform) -> None:  # rules 71, 94
    campaign, _ = ready(platform)
    platform.call("execute_campaign", {}, {"campaignId": campaign})
    reply = platform.reply("delete_campaign", path={"campaignId": campaign})
    assert reply.status == 204
    made = get(platform, campaign)
    assert made["status"] == "ARCHIVED"
    assert {ref["status"] for ref in made["mediaBuyRefs"]} == {"ARCHIVED"}
    assert made["mediaBuys"] == []
    assert len(platform.messages("update_media_buy")) == 3
    assert platform.error("delete_campaign", path={"campaignId": campaign})["code"] == "INVALID_STATE"


def test_a_foreign_campaign_looks_like_an_absent_one(make_platform: MakePlatform) -> None:  # rule 13
    platform = make_platform(buyer={"customers": [{"name": "Acme"}, {"name": "Globex"}]})
    campaign = platform.campaign(platform.advertiser())
    foreign = platform.reply("get_campaign", path={"campaignId": campaign}, customer="globex").body["error"]
    absent = platform.reply("get_campaign", path={"campaignId": "cmp_none"}, customer="globex").body["error"]
    assert foreign["code"] == absent["code"] == "NOT_FOUND"
    assert foreign["message"].replace(campaign, "") == absent["message"].replace("cmp_none", "")
    assert platform.reply("list_campaigns", customer="globex").body["campaigns"] == []


def test_campaigns_can_be_listed_in_pages(platform: Platform) -> None:  # rules 7, 8
    one, two = platform.advertiser(), platform.advertiser(name="Other")
    names = [platform.campaign(one), platform.campaign(two), platform.campaign(one)]

    def ids(**params: Any) -> list[str]:
        return [row["campaignId"] for row in platform.call("list_campaigns", params=params)["campaigns"]]

    assert ids() == names
    assert ids(advertiserId=one) == [names[0], names[2]]
    assert ids(advertiserId=one, limit="1") == ids(advertiserId=one, take="1") == [names[0]]
    assert ids(advertiserId=one, limit=1, offset=1) == ids(advertiserId=one, take=1, skip=1) == [names[2]]
    page = platform.call("list_campaigns", params={"limit": 2})
    assert (page["total"], page["hasMore"], page["nextOffset"]) == (3, True, 2)
    page = platform.call("list_campaigns", params={"limit": 2, "offset": 2})
    assert (page["total"], page["hasMore"], page["nextOffset"]) == (3, False, None)
    assert platform.error("list_campaigns", params={"limit": 0})["field"] == "limit"
