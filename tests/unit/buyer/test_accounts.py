"""Accounts with sales agents (rules 19, 24 to 26, 34, 39 and 42)."""

from __future__ import annotations

from tests.unit.buyer.conftest import MakePlatform, Platform


def available(platform: Platform, advertiser: str, agent: str = "northstar") -> list[str]:
    path, params = {"advertiserId": advertiser}, {"partnerId": agent}
    return [a["accountId"] for a in platform.call("list_available_accounts", path=path, params=params)["accounts"]]


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


def test_a_sandbox_advertiser_uses_sandbox_accounts(platform: Platform) -> None:  # rule 34
    real, sandbox = platform.advertiser(), platform.advertiser(sandbox=True)
    platform.discover(real)
    platform.discover(sandbox)
    first, second = platform.messages("sync_accounts", to="northstar")
    assert "sandbox" not in first["accounts"][0]
    assert second["accounts"][0]["sandbox"] is True
    asked = platform.messages("get_products", to="northstar")
    assert asked[0]["account"] != asked[1]["account"]
    assert available(platform, sandbox) == [asked[1]["account"]["account_id"]]
    assert platform.messages("list_accounts", to="northstar")[-1]["sandbox"] is True


def test_available_accounts_are_those_of_the_brand(platform: Platform) -> None:  # rule 24
    acme = platform.advertiser()
    globex = platform.advertiser(name="Globex", brand="globex.com", saveBrand=True)
    platform.discover(acme)
    platform.discover(globex)
    assert len(available(platform, acme)) == len(available(platform, globex)) == 1
    assert available(platform, acme) != available(platform, globex)


def test_no_account_is_an_empty_list(platform: Platform) -> None:  # rule 24
    assert available(platform, platform.advertiser()) == []


def test_an_unknown_agent_has_no_accounts(platform: Platform) -> None:
    path = {"advertiserId": platform.advertiser()}
    assert platform.error("list_available_accounts", path=path, params={"partnerId": "nobody"})["code"] == "NOT_FOUND"


def test_only_a_discovered_account_can_be_linked(platform: Platform) -> None:  # rule 25
    advertiser = platform.advertiser()
    links = [{"partnerId": "northstar", "accountId": "acc_guess"}]
    error = platform.error("update_advertiser", {"linkedAccounts": links}, {"advertiserId": advertiser})
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "linkedAccounts[0].accountId")


def test_links_add_up_and_are_used(platform: Platform) -> None:  # rules 26, 39 and 42
    first, second = platform.advertiser(), platform.advertiser(name="Acme Two")
    platform.discover(first)
    path = {"advertiserId": second}
    links = [{"partnerId": a, "accountId": available(platform, second, a)[0]} for a in ("northstar", "harbor")]
    platform.call("update_advertiser", {"linkedAccounts": links[:1]}, path)
    changed = platform.call("update_advertiser", {"linkedAccounts": links}, path)
    assert changed["linkedAccounts"] == links
    assert changed["linkedAccountCount"] == 2
    assert platform.call("update_advertiser", {"linkedAccounts": []}, path)["linkedAccounts"] == links
    platform.discover(second)
    assert platform.messages("get_products", to="harbor")[-1]["account"] == {"account_id": links[1]["accountId"]}
    assert len(platform.messages("sync_accounts", to="harbor")) == 1


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
