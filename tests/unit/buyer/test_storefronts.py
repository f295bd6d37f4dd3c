"""Storefronts and their sources (rules 7 to 10, 16 to 18; conflict C47)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.buyer.storefronts import ListStorefronts
from sandbox.core.errors import InputError
from tests.unit.buyer.conftest import MakePlatform, Platform, build

SHOPS: list[dict[str, Any]] = [
    {
        "id": 7,
        "platformId": "premium-video",
        "name": "Premium Video Exchange",
        "publisherDomain": "premiumvideo.example",
        "sources": [
            {"agent": "northstar", "sourceId": "src_main", "requires_credentials": True},
            {
                "agent": "harbor",
                "name": "Harbor direct",
                "protocol": "A2A",
                "requires_credentials": True,
                "auth": "OAUTH",
            },
            {"agent": "summit"},
        ],
    },
    {"platformId": "hidden", "name": "Hidden Shop", "enabled": False, "sources": [{"agent": "summit"}]},
    {"platformId": "news", "name": "News Exchange", "sources": []},
]


def shop(platform: Platform, number: int | str, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = platform.call("get_storefront", path={"storefrontId": number}, **fields)["data"]
    return found


def rows(platform: Platform, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = platform.call("list_storefronts", params=params)["data"]["items"]
    return found


def test_each_sales_agent_has_a_storefront_if_nothing_is_said(platform: Platform) -> None:
    assert [(row["id"], row["platformId"], row["name"], row["publisherDomain"]) for row in rows(platform)] == [
        (1, "northstar", "Northstar Media", "herald.example"),
        (2, "harbor", "Harbor Exchange", "www.streamtv.example"),
        (3, "summit", "Summit Sales", "tribune.example"),
    ]
    [source] = shop(platform, 1)["sources"]
    assert source == {
        "sourceId": "src_northstar",
        "name": "Northstar Media",
        "agentId": "northstar",
        "agentStatus": "ACTIVE",
        "protocol": "MCP",
        "authType": "API_KEY",
        "requiresCredentials": False,
        "connected": False,
        "customerAccounts": [],
    }


def test_whether_credentials_are_required_is_what_the_agent_says(make_platform: MakePlatform) -> None:  # rule 18
    platform = make_platform(
        sellers={"northstar": {"accounts": {"operator_auth": True}}},
        buyer={
            "storefronts": [{"platformId": "a", "name": "A", "sources": [{"agent": "northstar"}, {"agent": "harbor"}]}]
        },
    )
    assert [source["requiresCredentials"] for source in shop(platform, 1)["sources"]] == [True, False]
    plain = make_platform(sellers={"harbor": {"accounts": {"operator_auth": True}}})
    assert [shop(plain, number)["sources"][0]["requiresCredentials"] for number in (1, 2, 3)] == [False, True, False]


def test_rows_count_sources_but_do_not_list_them(make_platform: MakePlatform) -> None:  # rules 7 and 16, C47
    platform = make_platform(buyer={"storefronts": SHOPS})
    assert rows(platform)[0] == {
        "id": 7,
        "platformId": "premium-video",
        "name": "Premium Video Exchange",
        "publisherDomain": "premiumvideo.example",
        "sourceCount": 3,
        "connectedSourceCount": 0,
    }
    assert [source["name"] for source in shop(platform, 7)["sources"]] == [
        "Northstar Media", "Harbor direct", "Summit Sales",
    ]  # fmt: skip


def test_what_is_not_enabled_is_not_there(make_platform: MakePlatform) -> None:  # rule 16
    platform = make_platform(buyer={"storefronts": SHOPS})
    assert [row["platformId"] for row in rows(platform)] == ["premium-video", "news"]
    for number in ("2", "99", "x", "credentials"):
        assert platform.error("get_storefront", path={"storefrontId": number})["code"] == "NOT_FOUND"


def test_all_buyers_see_the_same_storefronts(make_platform: MakePlatform) -> None:  # rule 16
    platform = make_platform(buyer={"storefronts": SHOPS, "customers": [{"name": "Acme"}, {"name": "Globex"}]})
    assert platform.call("list_storefronts") == platform.call("list_storefronts", customer="globex")


def test_connected_sources_are_those_with_active_credentials(make_platform: MakePlatform) -> None:  # rules 13 and 17
    platform = make_platform(buyer={"storefronts": SHOPS, "customers": [{"name": "Acme"}, {"name": "Globex"}]})
    for source, auth in (("src_main", {"auth": {"type": "bearer", "token": "t"}}), ("src_harbor", {})):
        body = {"accountIdentifier": "main", **auth}
        platform.call("register_source_credentials", body, {"storefrontId": 7, "sourceId": source})
    assert rows(platform)[0]["connectedSourceCount"] == 1  # the OAUTH one is still PENDING
    sources = shop(platform, 7)["sources"]
    assert [source["connected"] for source in sources] == [True, False, False]
    assert [[(a["accountIdentifier"], a["status"]) for a in source["customerAccounts"]] for source in sources] == [
        [("main", "ACTIVE")],
        [("main", "PENDING")],
        [],
    ]
    foreign = shop(platform, 7, customer="globex")
    assert foreign["connectedSourceCount"] == 0
    assert [source["customerAccounts"] for source in foreign["sources"]] == [[], [], []]


def test_names_are_found_by_a_part_in_any_case(make_platform: MakePlatform) -> None:  # rule 10
    platform = make_platform(buyer={"storefronts": SHOPS})
    assert [row["id"] for row in rows(platform, name="EXCH")] == [7, 3]
    assert rows(platform, name="hidden") == []


def test_limits_are_checked(platform: Platform) -> None:  # rules 8 and 11
    assert ListStorefronts().limit == 20
    assert platform.error("list_storefronts", params={"limit": "51"})["field"] == "limit"
    assert len(rows(platform, limit="2")) == 2


MANY = build(buyer={"storefronts": [{"platformId": f"s{n}", "name": f"Shop {n}", "sources": []} for n in range(1, 24)]})


@given(limit=st.integers(1, 50), offset=st.integers(0, 30))
def test_pages_follow_each_other_without_gaps(limit: int, offset: int) -> None:  # rules 8 and 9
    page = MANY.call("list_storefronts", params={"limit": limit, "offset": offset})["data"]
    assert [row["id"] for row in page["items"]] == list(range(1, 24))[offset : offset + limit]
    assert page["total"] == 23
    assert page["hasMore"] == (offset + limit < 23)
    assert page["nextOffset"] == (offset + limit if page["hasMore"] else None)


def test_a_source_of_an_unknown_agent_is_a_mistake() -> None:
    shops = [{"platformId": "a", "name": "A", "sources": [{"agent": "nobody"}]}]
    with pytest.raises(InputError, match="nobody"):
        build(buyer={"storefronts": shops})


def test_what_is_read_stays_as_it_is(platform: Platform) -> None:
    before = platform.events("status")
    assert rows(platform) == rows(platform)
    assert shop(platform, 1) == shop(platform, 1)
    assert platform.events("status") == before
