"""Accounts with sales agents (rules 18, 19, 23 to 26, 34, 39 and 42)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.buyer.conftest import MakePlatform, Platform, banners

AUTH = {"type": "bearer", "token": "t"}

EXISTING: list[dict[str, Any]] = [
    {"credential": "main", "brand": "acme.com", "name": "Acme Brand", "operator": "acme.example"},
    {"credential": "main", "brand": "acme.com", "name": "Acme Retail", "operator": "retail.example"},
    {"credential": "main", "brand": "globex.com", "name": "Globex"},
    {"credential": "other", "brand": "acme.com", "name": "Acme Labs"},
    {"credential": "other", "brand": "acme.com", "name": "Acme Test", "sandbox": True},
]
"""Accounts that operators have with an agent that wants their own credentials."""

OWN: dict[str, Any] = {"northstar": {"accounts": {"operator_auth": True, "existing": EXISTING}}}


@pytest.fixture
def market(make_platform: MakePlatform) -> Platform:
    """Northstar wants operators' own credentials, and knows accounts of two sets of them."""
    return make_platform(sellers=OWN)


def register(platform: Platform, identifier: str = "main", agent: str = "northstar", **fields: Any) -> str:
    """Register credentials with an agent; gives their id."""
    shops = platform.call("list_storefronts", **fields)["data"]["items"]
    number = next(row["id"] for row in shops if row["platformId"] == agent)
    body, path = {"accountIdentifier": identifier, "auth": AUTH}, {"storefrontId": number, "sourceId": f"src_{agent}"}
    return str(platform.call("register_source_credentials", body, path, **fields)["id"])


def found(platform: Platform, advertiser: str, credential: str | None = None, **fields: Any) -> dict[str, Any]:
    params = {"partnerId": "northstar", **({} if credential is None else {"credentialId": credential})}
    return platform.call("list_available_accounts", path={"advertiserId": advertiser}, params=params, **fields)


def available(platform: Platform, advertiser: str, credential: str | None = None) -> dict[str, str]:
    """Ids of the accounts that can be linked, by name."""
    return {row["name"]: row["accountId"] for row in found(platform, advertiser, credential)["accounts"]}


def refusal(platform: Platform, advertiser: str, credential: str | None = None, agent: str = "northstar") -> Any:
    params = {"partnerId": agent, **({} if credential is None else {"credentialId": credential})}
    return platform.error("list_available_accounts", path={"advertiserId": advertiser}, params=params)


def link(platform: Platform, advertiser: str, account_id: str, **fields: Any) -> dict[str, Any]:
    links = [{"partnerId": "northstar", "accountId": account_id, **fields}]
    return platform.call("update_advertiser", {"linkedAccounts": links}, {"advertiserId": advertiser})


def not_linked(platform: Platform, advertiser: str, **fields: Any) -> tuple[str, str]:
    links = [{"partnerId": "northstar", **fields}]
    error = platform.error("update_advertiser", {"linkedAccounts": links}, {"advertiserId": advertiser})
    return error["code"], error["field"]


def launched(platform: Platform, advertiser: str, **fields: Any) -> str:
    """A campaign of two weeks with northstar that has been executed; gives its id."""
    campaign = platform.campaign(advertiser, **fields)
    platform.select(platform.discover(advertiser, campaignId=campaign, salesAgentIds=["northstar"]))
    banners(platform, campaign)
    assert platform.call("execute_campaign", path={"campaignId": campaign})["success"]
    return campaign


def accounts_in(platform: Platform, tool: str) -> list[Any]:
    """The account ids in the requests of a tool to northstar, each once."""
    rows = platform.messages(tool, to="northstar")
    return list(dict.fromkeys(row["account"].get("account_id") for row in rows))


# -- accounts that the platform declares ---------------------------------------------------------------------


def test_an_account_is_declared_once_for_an_advertiser_and_agent(platform: Platform) -> None:  # facts 4.5
    advertiser = platform.advertiser()
    platform.discover(advertiser)
    platform.discover(advertiser)
    declared = platform.messages("sync_accounts", to="northstar")
    assert len(declared) == 1
    assert declared[0]["accounts"][0]["brand"] == {"domain": "acme.com"}
    asked = platform.messages("get_products", to="northstar")
    assert len(asked) == 2
    assert asked[0]["account"] == asked[1]["account"]


def test_a_routed_campaign_buys_in_the_customers_own_name(make_platform: MakePlatform) -> None:  # rule 46
    platform = make_platform(buyer={"customers": [{"name": "Acme", "authorised_sellers": ["harbor"]}]})
    advertiser = platform.advertiser()
    platform.discover(advertiser)
    campaign = platform.campaign(advertiser, campaignType="ROUTED")
    platform.discover(advertiser, campaignId=campaign)
    plain, routed = platform.messages("sync_accounts", to="harbor")
    assert plain["accounts"][0]["operator"].startswith("buyer.")
    assert routed["accounts"][0]["operator"].startswith("acme.")


def test_an_account_that_waits_for_approval_is_asked_for_again(make_platform: MakePlatform) -> None:  # facts 4.5
    platform = make_platform(sellers={"northstar": {"accounts": {"mode": "manual", "delay": "1d"}}})
    advertiser = platform.advertiser()
    platform.discover(advertiser)
    platform.advance("2d")
    platform.discover(advertiser)
    platform.discover(advertiser)
    assert len(platform.messages("sync_accounts", to="northstar")) == 2


# -- discovery of accounts -----------------------------------------------------------------------------------


def test_available_accounts_are_those_of_the_brand(market: Platform) -> None:  # rule 24
    register(market)
    acme = market.advertiser()
    globex = market.advertiser(name="Globex", brand="globex.com", saveBrand=True)
    assert list(available(market, acme)) == ["Acme Brand", "Acme Retail"]
    assert list(available(market, globex)) == ["Globex"]
    [row] = found(market, globex)["accounts"]
    assert row == {
        "accountId": row["accountId"],
        "name": "Globex",
        "house": "globex.com",
        "advertiser": "globex.com",
        "partnerId": "northstar",
        "billingOptions": {"default": "operator", "supported": ["operator"]},
    }


def test_no_account_is_an_empty_list(market: Platform) -> None:  # rule 24
    register(market, "new")
    assert found(market, market.advertiser())["accounts"] == []


def test_an_unknown_agent_has_no_accounts(platform: Platform) -> None:
    assert refusal(platform, platform.advertiser(), agent="nobody")["code"] == "NOT_FOUND"


def test_credentials_have_to_be_registered_first(market: Platform) -> None:  # rule 18
    error = refusal(market, market.advertiser())
    assert (error["code"], error["field"]) == ("INVALID_STATE", "partnerId")
    assert "register_source_credentials" in error["message"]


def test_each_set_of_credentials_finds_its_own_accounts(market: Platform) -> None:  # rules 19 and 23
    main, other = register(market), register(market, "other")
    advertiser = market.advertiser()
    assert list(available(market, advertiser, main)) == ["Acme Brand", "Acme Retail"]
    assert list(available(market, advertiser, other)) == ["Acme Labs"]


def test_one_of_several_has_to_be_chosen(market: Platform) -> None:  # rule 23
    main, other = register(market), register(market, "other")
    for error in (refusal(market, market.advertiser()), refusal(market, market.advertiser(), "99")):
        assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "credentialId")
        assert error["details"]["availableCredentials"] == [
            {"id": main, "accountIdentifier": "main"},
            {"id": other, "accountIdentifier": "other"},
        ]
        assert f"{main} (main)" in error["message"]


def test_the_only_one_need_not_be_named(market: Platform) -> None:  # rule 23
    only = register(market)
    advertiser = market.advertiser()
    assert available(market, advertiser) == available(market, advertiser, only)


def test_credentials_of_another_customer_are_not_there(make_platform: MakePlatform) -> None:  # rule 13
    platform = make_platform(sellers=OWN, buyer={"customers": [{"name": "Acme"}, {"name": "Globex"}]})
    foreign, _ = register(platform, customer="globex"), register(platform, "other")
    error = refusal(platform, platform.advertiser(), foreign)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "credentialId")
    assert [row["accountIdentifier"] for row in error["details"]["availableCredentials"]] == ["other"]


def test_credentials_that_wait_for_authorisation_find_nothing(make_platform: MakePlatform) -> None:  # rule 20
    source = {"agent": "northstar", "requires_credentials": True, "auth": "OAUTH"}
    platform = make_platform(
        sellers=OWN, buyer={"storefronts": [{"platformId": "a", "name": "A", "sources": [source]}]}
    )
    path = {"storefrontId": 1, "sourceId": "src_northstar"}
    platform.call("register_source_credentials", {"accountIdentifier": "main"}, path)
    advertiser = platform.advertiser()
    assert refusal(platform, advertiser)["code"] == "INVALID_STATE"
    assert refusal(platform, advertiser, "1")["code"] == "INVALID_STATE"


# -- linking -------------------------------------------------------------------------------------------------


def test_nothing_is_linked_where_no_credentials_are_required(platform: Platform) -> None:  # rule 18
    advertiser = platform.advertiser()
    platform.discover(advertiser)
    error = refusal(platform, advertiser)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "partnerId")
    used = platform.messages("get_products", to="northstar")[0]["account"]["account_id"]
    assert not_linked(platform, advertiser, accountId=used) == ("VALIDATION_ERROR", "linkedAccounts[0].accountId")


def test_only_a_discovered_account_can_be_linked(market: Platform) -> None:  # rule 25
    register(market)
    advertiser = market.advertiser()
    register(market, "other")
    globex = market.advertiser(name="Globex", brand="globex.com", saveBrand=True)
    for foreign in ("acc_guess", available(market, globex, "1")["Globex"]):
        refused = not_linked(market, advertiser, accountId=foreign)
        assert refused == ("VALIDATION_ERROR", "linkedAccounts[0].accountId")


def test_an_account_of_credentials_that_were_not_registered_can_not_be_linked(market: Platform) -> None:  # rule 25
    register(market, "other")
    theirs = next(
        account for account in market.world.actors["northstar"].accounts.values() if account.name == "Acme Brand"
    )  # type: ignore[attr-defined]
    refused = not_linked(market, market.advertiser(), accountId=theirs.account_id)
    assert refused == ("VALIDATION_ERROR", "linkedAccounts[0].accountId")


def test_the_billing_type_is_one_that_the_account_has(market: Platform) -> None:  # rule 25
    register(market)
    advertiser = market.advertiser()
    account = available(market, advertiser)["Acme Brand"]
    refused = not_linked(market, advertiser, accountId=account, billingType="agent")
    assert refused == ("VALIDATION_ERROR", "linkedAccounts[0].billingType")
    assert link(market, advertiser, account, billingType="operator")["linkedAccounts"][0]["billingType"] == "operator"


def test_links_add_up(market: Platform) -> None:  # rules 39 and 42
    register(market)
    advertiser = market.advertiser()
    first, second = available(market, advertiser).values()
    link(market, advertiser, first)
    link(market, advertiser, second)
    changed = link(market, advertiser, first)
    assert [row["accountId"] for row in changed["linkedAccounts"]] == [first, second]
    assert changed["linkedAccountCount"] == 2
    path = {"advertiserId": advertiser}
    assert links_of(market, advertiser) == changed["linkedAccounts"]
    assert market.call("update_advertiser", {"linkedAccounts": []}, path)["linkedAccountCount"] == 2


def links_of(platform: Platform, advertiser: str) -> Any:
    return platform.call("get_advertiser", path={"advertiserId": advertiser})["linkedAccounts"]


def test_an_account_has_to_be_linked_before_anything_is_bought(market: Platform) -> None:  # rule 26
    register(market)
    advertiser = market.advertiser()
    failed = market.error("discover_products", {"advertiserId": advertiser, "salesAgentIds": ["northstar"]})
    assert failed["code"] == "INTERNAL_ERROR"
    assert "linkedAccounts" in failed["details"]["agentResults"][0]["error"]
    link(market, advertiser, available(market, advertiser)["Acme Retail"])
    assert market.discover(advertiser, salesAgentIds=["northstar"])["totalGroups"] == 1


@pytest.mark.parametrize("campaign_type", ["DECISIONED", "ROUTED"])
def test_everything_then_goes_through_the_linked_account(  # rule 26
    make_platform: MakePlatform, campaign_type: str
) -> None:
    market = make_platform(sellers=OWN, buyer={"webhooks": False})
    register(market)
    other = register(market, "other")
    advertiser = market.advertiser()
    account = available(market, advertiser, other)["Acme Labs"]
    link(market, advertiser, account)
    campaign = launched(market, advertiser, campaignType=campaign_type)
    market.advance("4d")
    market.call("get_media_buy_status", path={"campaignId": campaign})
    market.call("pause_campaign", path={"campaignId": campaign})
    tools = ("get_products", "sync_creatives", "create_media_buy", "get_media_buy_delivery", "get_media_buys")
    for tool in (*tools, "update_media_buy"):
        assert accounts_in(market, tool) == [account], tool
    refused = [event for event in market.events("reply", ok=False) if event.actor == "northstar"]
    assert refused == []


def test_the_agent_shows_an_account_to_its_own_credentials_only(market: Platform) -> None:  # rule 19
    other = register(market, "other")
    advertiser = market.advertiser()
    account = available(market, advertiser, other)["Acme Labs"]
    launched_on = link(market, advertiser, account)["linkedAccounts"][0]["accountId"]
    launched(market, advertiser)
    market.advance("2d")
    sellers = market.buyer.sellers

    def ask(signed: str, **query: Any) -> Any:
        process = market.world.spawn(sellers.gather([sellers.request("northstar", **query, signed=signed)]))
        while not process.processed:
            market.world.env.step()
        [answer] = process.value  # type: ignore[misc]
        return answer

    buys = {"tool": "get_media_buys", "payload": {"account": {"account_id": launched_on}}}
    assert len(ask("other", **buys)["media_buys"]) == 1
    assert ask("main", **buys)["media_buys"] == ask("", **buys)["media_buys"] == []
    unnamed = {"tool": "get_media_buys", "payload": {}}
    assert [len(ask(signed, **unnamed)["media_buys"]) for signed in ("other", "main", "")] == [1, 0, 0]


def test_running_media_buys_stay_on_the_account_on_which_they_were_bought(make_platform: MakePlatform) -> None:
    existing = [{"credential": "main", "brand": "acme.com", "name": "Late"}]
    source = {"agent": "northstar", "requires_credentials": True}
    platform = make_platform(
        sellers={"northstar": {"accounts": {"existing": existing}}},
        buyer={"storefronts": [{"platformId": "northstar", "name": "A", "sources": [source]}]},
    )
    register(platform)
    advertiser = platform.advertiser()
    campaign = launched(platform, advertiser)
    [before] = accounts_in(platform, "create_media_buy")
    late = available(platform, advertiser)["Late"]
    assert late != before
    link(platform, advertiser, late)
    platform.advance("3d")
    platform.call("pause_campaign", path={"campaignId": campaign})
    assert accounts_in(platform, "update_media_buy") == [before]
    assert accounts_in(platform, "get_media_buy_delivery") in ([before], [])
    platform.discover(advertiser)
    assert accounts_in(platform, "get_products") == [before, late]


# -- sandbox advertisers -------------------------------------------------------------------------------------


def sandbox_accounts_of(platform: Platform) -> list[str]:
    accounts = platform.world.actors["northstar"].accounts.values()  # type: ignore[attr-defined]
    return [account.account_id for account in accounts if account.sandbox]


def test_a_sandbox_advertiser_uses_sandbox_accounts(platform: Platform) -> None:  # rule 34
    real, sandbox = platform.advertiser(), platform.advertiser(sandbox=True)
    platform.discover(real)
    platform.discover(sandbox)
    first, second = platform.messages("sync_accounts", to="northstar")
    assert "sandbox" not in first["accounts"][0]
    assert second["accounts"][0]["sandbox"] is True
    asked = platform.messages("get_products", to="northstar")
    assert asked[0]["account"] != asked[1]["account"]
    assert sandbox_accounts_of(platform) == [asked[1]["account"]["account_id"]]


def test_the_sandbox_account_is_in_every_request(platform: Platform) -> None:  # rule 34
    launched(platform, platform.advertiser(sandbox=True))
    platform.advance("3d")
    [account] = sandbox_accounts_of(platform)
    for tool in ("get_products", "create_media_buy"):
        assert accounts_in(platform, tool) == [account], tool
    buys = platform.world.actors["northstar"].media_buys.values()  # type: ignore[attr-defined]
    assert [buy.account_id for buy in buys] == [account]


def test_delivery_is_asked_for_on_the_sandbox_account(make_platform: MakePlatform) -> None:  # rule 34
    platform = make_platform(buyer={"webhooks": False})
    launched(platform, platform.advertiser(sandbox=True))
    platform.advance("4d")
    assert accounts_in(platform, "get_media_buy_delivery") == sandbox_accounts_of(platform)


def test_a_sandbox_account_is_provided_to_whoever_has_credentials(market: Platform) -> None:  # rule 34
    register(market)
    advertiser = market.advertiser(sandbox=True)
    assert found(market, advertiser)["accounts"] == []
    launched(market, advertiser)
    declared = market.messages("sync_accounts", to="northstar")
    assert [row["accounts"][0]["sandbox"] for row in declared] == [True]
    assert market.messages("list_accounts", to="northstar")[-1]["sandbox"] is True
    used = accounts_in(market, "create_media_buy")
    assert used == accounts_in(market, "get_products")
    assert used[0] in sandbox_accounts_of(market)
    assert [row["sandbox"] for row in found(market, advertiser)["accounts"]] == [True]


def test_a_sandbox_account_that_is_there_is_used(market: Platform) -> None:  # rule 34
    register(market, "other")
    advertiser = market.advertiser(sandbox=True)
    assert list(available(market, advertiser)) == ["Acme Test"]
    market.discover(advertiser, salesAgentIds=["northstar"])
    assert accounts_in(market, "get_products") == [available(market, advertiser)["Acme Test"]]
    assert market.messages("sync_accounts", to="northstar") == []


def test_without_credentials_a_sandbox_advertiser_does_not_see_the_agent(market: Platform) -> None:  # rules 18, 34
    found_groups = market.discover(market.advertiser(sandbox=True))["productGroups"]
    assert [group["salesAgentId"] for group in found_groups] == ["harbor", "summit"]
