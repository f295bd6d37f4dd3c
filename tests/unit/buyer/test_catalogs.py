"""Catalogs: kept per advertiser, at most one on a campaign, passed on in discovery (rules 49 and 146)."""

from typing import Any

import pytest

from tests.unit.buyer.conftest import Platform
from tests.unit.buyer.test_campaigns import body

SHOES = {"catalog_id": "shoes", "type": "product", "name": "Shoes", "items": [{"id": "1", "name": "Boot"}]}
FEED = {"catalog_id": "feed", "type": "product", "url": "https://acme.com/feed.xml", "update_frequency": "daily"}


def sync(platform: Platform, advertiser: str, *catalogs: dict[str, Any], **fields: Any) -> list[tuple[str, str]]:
    payload = {"account": {"account_id": advertiser}, "catalogs": list(catalogs), **fields}
    done = platform.call("sync_catalogs", payload, {"advertiserId": advertiser})
    return [(row["catalog_id"], row["action"]) for row in done["data"]["results"]]


def listed(platform: Platform, advertiser: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = platform.call("list_catalogs", path={"advertiserId": advertiser})["data"]["catalogs"]
    return rows


def test_catalogs_are_created_changed_and_archived(platform: Platform) -> None:  # rule 146
    advertiser = platform.advertiser()
    assert sync(platform, advertiser, SHOES, FEED) == [("shoes", "created"), ("feed", "created")]
    assert sync(platform, advertiser, SHOES | {"name": "Boots"}, FEED) == [("shoes", "updated"), ("feed", "unchanged")]
    assert sync(platform, advertiser, FEED, delete_missing=True) == [("feed", "unchanged"), ("shoes", "deleted")]
    assert [row["catalogId"] for row in listed(platform, advertiser)] == ["feed"]


def test_a_dry_run_keeps_nothing_and_ids_limit_what_is_done(platform: Platform) -> None:  # rule 146
    advertiser = platform.advertiser()
    assert sync(platform, advertiser, SHOES, dry_run=True) == [("shoes", "created")]
    assert listed(platform, advertiser) == []
    assert sync(platform, advertiser, SHOES, FEED, catalog_ids=["feed"]) == [("feed", "created")]


@pytest.mark.parametrize("wrong", [SHOES | {"url": "https://x"}, {"catalog_id": "x", "type": "product"}])
def test_a_catalog_has_a_url_or_items(platform: Platform, wrong: dict[str, Any]) -> None:  # rule 146
    advertiser = platform.advertiser()
    payload = {"account": {"account_id": advertiser}, "catalogs": [wrong]}
    error = platform.error("sync_catalogs", payload, {"advertiserId": advertiser})
    assert "either a url or items" in error["message"]


def test_a_campaign_takes_one_catalog_of_its_own_advertiser(platform: Platform) -> None:  # rule 49
    mine, other = platform.advertiser(), platform.advertiser(name="Second")
    sync(platform, other, SHOES)
    foreign = listed(platform, other)[0]["id"]
    error = platform.error("create_campaign", body(mine, catalogId=foreign))
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "catalogId")
    sync(platform, mine, FEED)
    made = platform.call("create_campaign", body(mine, catalogId=listed(platform, mine)[0]["id"]))
    assert made["catalogId"] == listed(platform, mine)[0]["id"]


@pytest.mark.parametrize("catalog", [SHOES, FEED])
def test_the_catalog_of_a_campaign_goes_to_the_agents_in_discovery(platform: Platform, catalog: dict[str, Any]) -> None:
    # rule 49
    advertiser = platform.advertiser()
    sync(platform, advertiser, catalog)
    campaign = platform.call("create_campaign", body(advertiser, catalogId=listed(platform, advertiser)[0]["id"]))
    platform.discover(advertiser, brief="news", campaignId=campaign["campaignId"])
    sent = [message.get("catalog") for message in platform.messages("get_products")]
    assert sent == [catalog] * 3


def test_strict_refuses_all_and_lenient_only_what_is_wrong(platform: Platform) -> None:  # rule 146
    advertiser, wrong = platform.advertiser(), {"catalog_id": "x", "type": "product"}
    payload = {"account": {"account_id": advertiser}, "catalogs": [SHOES, wrong]}
    error = platform.error("sync_catalogs", payload, {"advertiserId": advertiser})
    assert error["field"] == "catalogs[1].url"
    assert listed(platform, advertiser) == []
    again = SHOES | {"name": "Twice"}
    odd = FEED | {"feed_format": "punch_cards"}
    done = sync(platform, advertiser, SHOES, wrong, again, odd, validation_mode="lenient")
    assert done == [("shoes", "created"), ("x", "failed"), ("shoes", "failed"), ("feed", "failed")]
    assert [row["name"] for row in listed(platform, advertiser)] == ["Shoes"]


def test_what_the_ids_leave_out_is_not_looked_at_and_not_deleted(platform: Platform) -> None:  # rule 146
    advertiser, wrong = platform.advertiser(), {"catalog_id": "x", "type": "product"}
    sync(platform, advertiser, SHOES)
    assert sync(platform, advertiser, SHOES, FEED, wrong, catalog_ids=["feed"], delete_missing=True) == [
        ("feed", "created")
    ]
    assert [row["catalogId"] for row in listed(platform, advertiser)] == ["shoes", "feed"]


def test_a_dry_run_deletes_nothing(platform: Platform) -> None:  # rule 146
    advertiser = platform.advertiser()
    sync(platform, advertiser, SHOES)
    assert ("shoes", "deleted") in sync(platform, advertiser, FEED, delete_missing=True, dry_run=True)
    assert [row["catalogId"] for row in listed(platform, advertiser)] == ["shoes"]


def test_one_to_fifty_catalogs_are_synced(platform: Platform) -> None:  # rule 146
    advertiser = platform.advertiser()
    for count in (0, 51):
        catalogs = [FEED | {"catalog_id": str(n)} for n in range(count)]
        payload = {"account": {"account_id": advertiser}, "catalogs": catalogs}
        assert platform.error("sync_catalogs", payload, {"advertiserId": advertiser})["field"] == "catalogs"
