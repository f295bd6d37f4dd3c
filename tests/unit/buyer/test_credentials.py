"""Credentials with sales agents (rules 13, 18 to 22 and 46)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.kernel.endpoint import Principal, Reply
from tests.unit.buyer.conftest import MakePlatform, Platform

AUTH = {"type": "bearer", "token": "very-secret"}
SHOP: dict[str, Any] = {
    "platformId": "all",
    "name": "All",
    "sources": [
        {"agent": "northstar", "sourceId": "key", "requires_credentials": True},
        {"agent": "harbor", "sourceId": "oauth", "requires_credentials": True, "auth": "OAUTH"},
        {"agent": "summit", "sourceId": "free", "requires_credentials": False},
        {"agent": "summit", "sourceId": "sleeping", "requires_credentials": True, "status": "DISABLED"},
        {"agent": "summit", "sourceId": "jwt", "requires_credentials": True, "auth": "JWT"},
    ],
}
BUYER: dict[str, Any] = {
    "storefronts": [SHOP],
    "customers": [{"name": "Acme"}, {"name": "Globex"}],
    "users": [
        {"email": "ann@acme.example", "memberships": [{"customer": "acme", "role": "ADMIN"}]},
        {"email": "max@acme.example", "memberships": [{"customer": "acme", "role": "MEMBER"}]},
    ],
}


@pytest.fixture
def market(make_platform: MakePlatform) -> Platform:
    """A platform with one storefront, whose sources are of all kinds."""
    return make_platform(buyer=BUYER)


def place(source: str) -> dict[str, Any]:
    return {"storefrontId": "1", "sourceId": source}


def register(platform: Platform, source: str = "key", identifier: str = "main", **fields: Any) -> dict[str, Any]:
    body = {"accountIdentifier": identifier, **({} if source == "oauth" else {"auth": AUTH}), **fields}
    return platform.call("register_source_credentials", body, place(source))


def refusal(platform: Platform, source: str, **body: Any) -> tuple[str, str]:
    error = platform.error("register_source_credentials", {"accountIdentifier": "main", **body}, place(source))
    return error["code"], error["field"]


def listed(platform: Platform, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = platform.call("list_agent_credentials", **fields)["data"]
    return found


def ask(platform: Platform, operation: str, payload: dict[str, Any], principal: Principal) -> Reply:
    process = platform.world.spawn(platform.world.network.call("driver", "buyer", operation, payload, principal))
    while not process.processed:
        platform.world.env.step()
    reply: Any = process.value
    assert isinstance(reply, Reply)
    return reply


def browse(platform: Platform, operation: str, **payload: Any) -> Reply:
    """Open or send the page, as a browser does: without an API key."""
    return ask(platform, operation, payload, Principal("public", "public"))


def state_of(answer: dict[str, Any]) -> str:
    return parse_qs(urlsplit(answer["oauth"]["authorizationUrl"]).query)["state"][0]


# -- registering ---------------------------------------------------------------------------------------------


def test_a_key_makes_credentials_active_at_once(market: Platform) -> None:  # rule 20
    reply = market.reply("register_source_credentials", {"accountIdentifier": "main", "auth": AUTH}, place("key"))
    assert reply.status == 201
    assert reply.body == {
        "id": "1",
        "accountIdentifier": "main",
        "status": "ACTIVE",
        "registeredBy": "ann@acme.example",
        "createdAt": reply.body["createdAt"],
    }
    assert [event.data["new"] for event in market.events("status", entity="credential")] == ["ACTIVE"]


def test_keys_and_tokens_are_needed_where_the_agent_wants_them(market: Platform) -> None:  # rule 20
    assert refusal(market, "key") == ("VALIDATION_ERROR", "auth")
    assert refusal(market, "jwt") == ("VALIDATION_ERROR", "auth")
    assert refusal(market, "oauth", auth=AUTH) == ("VALIDATION_ERROR", "auth")
    assert register(market, "jwt")["status"] == "ACTIVE"


def test_nothing_is_registered_where_no_credentials_are_required(market: Platform) -> None:  # rule 18
    assert refusal(market, "free", auth=AUTH) == ("VALIDATION_ERROR", "sourceId")
    assert listed(market) == []


def test_the_agent_has_to_be_active(market: Platform) -> None:  # rule 21
    assert refusal(market, "sleeping", auth=AUTH) == ("INVALID_STATE", "sourceId")


def test_an_unknown_storefront_or_source_is_not_found(market: Platform) -> None:
    assert refusal(market, "nothing", auth=AUTH) == ("NOT_FOUND", "sourceId")
    body = {"accountIdentifier": "main", "auth": AUTH}
    path = {"storefrontId": "9", "sourceId": "key"}
    assert market.error("register_source_credentials", body, path)["code"] == "NOT_FOUND"


def test_marketplace_accounts_are_for_admins_only(market: Platform) -> None:  # rule 21
    body = {"accountIdentifier": "shop", "auth": AUTH, "marketplaceAccount": True}
    payload = {"pathParams": place("key"), "body": body}
    refused = ask(market, "register_source_credentials", payload, Principal("acme", "driver", "max@acme.example"))
    assert (refused.status, refused.body["error"]["code"]) == (403, "ACCESS_DENIED")
    assert ask(market, "register_source_credentials", payload, Principal("acme", "driver", "ann@acme.example")).ok
    register(market)
    assert [row["accountType"] for row in listed(market)] == ["MARKETPLACE", "CLIENT"]


def test_one_agent_can_have_several_under_different_identifiers(market: Platform) -> None:  # rule 19
    first, second = register(market), register(market, identifier="other")
    assert first["id"] != second["id"]
    assert [row["accountIdentifier"] for row in listed(market)] == ["main", "other"]
    body = {"accountIdentifier": "main", "auth": AUTH}
    error = market.error("register_source_credentials", body, place("key"))
    assert (error["code"], error["field"]) == ("CONFLICT", "accountIdentifier")


def test_credentials_are_the_customers_own(market: Platform) -> None:  # rules 13 and 19
    register(market)
    assert listed(market, customer="globex") == []
    body = {"accountIdentifier": "main", "auth": AUTH}
    assert market.reply("register_source_credentials", body, place("key"), customer="globex").ok
    assert len(listed(market)) == len(listed(market, customer="globex")) == 1


# -- listing, secrets ----------------------------------------------------------------------------------------


def test_the_list_tells_everything_but_the_secret(market: Platform) -> None:  # rule 22
    made = register(market)
    assert listed(market) == [
        {
            "id": made["id"],
            "agentId": "northstar",
            "agentName": "Northstar Media",
            "accountIdentifier": "main",
            "accountType": "CLIENT",
            "status": "ACTIVE",
            "registeredBy": "ann@acme.example",
            "createdAt": made["createdAt"],
            "updatedAt": made["createdAt"],
        }
    ]


def test_the_secret_is_in_no_trace(market: Platform) -> None:  # rule 22
    register(market)
    [asked] = market.messages("register_source_credentials")
    assert asked["body"]["auth"] == "[redacted]"
    assert "very-secret" not in json.dumps([str(event) for event in market.world.trace.events])


def test_what_was_recorded_without_the_secret_has_the_same_outcome(make_platform: MakePlatform) -> None:
    live, again = make_platform(buyer=BUYER), make_platform(buyer=BUYER)
    register(live)
    [recorded] = live.messages("register_source_credentials")
    again.call("register_source_credentials", recorded["body"], recorded["pathParams"])
    assert listed(live) == listed(again)
    assert live.world.trace.digest() == again.world.trace.digest()


def test_the_list_is_at_a_path_of_its_own_beside_the_storefronts(market: Platform) -> None:
    assert market.buyer.endpoint is not None
    routes = [operation.detail.path for operation in market.buyer.endpoint.operations.values()]
    assert "/api/v2/buyer/storefronts/credentials" in routes
    assert "/api/v2/buyer/storefronts/{storefrontId}" in routes


# -- OAUTH ---------------------------------------------------------------------------------------------------


def test_oauth_credentials_wait_for_a_person(market: Platform) -> None:  # rule 20
    answer = register(market, "oauth")
    assert answer["status"] == "PENDING"
    assert (answer["oauth"]["agentId"], answer["oauth"]["agentName"]) == ("harbor", "Harbor Exchange")
    url = urlsplit(answer["oauth"]["authorizationUrl"])
    assert (url.scheme, url.netloc, url.path) == ("https", "buyer.sandbox.test", "/oauth/authorize")
    shown = browse(market, "get_authorization_page", params=parse_qs_flat(url.query))
    assert shown.body["contentType"] == "text/html"
    assert "Harbor Exchange" in shown.body["text"]
    assert state_of(answer) in shown.body["text"]
    assert listed(market)[0]["status"] == "PENDING"


def parse_qs_flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


def test_who_allows_it_makes_them_active(market: Platform) -> None:  # rule 20
    state = state_of(register(market, "oauth"))
    market.advance("1h")
    assert browse(market, "authorize_credentials", body={"state": state, "decision": "allow"}).ok
    [row] = listed(market)
    assert row["status"] == "ACTIVE"
    assert row["updatedAt"] > row["createdAt"]


def test_a_link_works_once(market: Platform) -> None:
    state = state_of(register(market, "oauth"))
    assert browse(market, "authorize_credentials", body={"state": state, "decision": "allow"}).ok
    for decision in ("allow", "deny"):
        used = browse(market, "authorize_credentials", body={"state": state, "decision": decision})
        assert (used.status, used.body["error"]["code"]) == (404, "NOT_FOUND")
    assert browse(market, "get_authorization_page", params={"state": state}).status == 404


def test_who_denies_it_leaves_them_pending_until_they_are_registered_again(market: Platform) -> None:  # rule 20
    first = register(market, "oauth")
    assert browse(market, "authorize_credentials", body={"state": state_of(first), "decision": "deny"}).ok
    assert listed(market)[0]["status"] == "PENDING"
    second = register(market, "oauth")
    assert second["id"] == first["id"]
    assert state_of(second) != state_of(first)
    assert browse(market, "authorize_credentials", body={"state": state_of(second), "decision": "allow"}).ok
    assert [row["status"] for row in listed(market)] == ["ACTIVE"]


def test_a_new_link_makes_the_one_before_void(market: Platform) -> None:
    first, second = register(market, "oauth"), register(market, "oauth")
    stale = browse(market, "authorize_credentials", body={"state": state_of(first), "decision": "allow"})
    assert stale.status == 404
    assert browse(market, "authorize_credentials", body={"state": state_of(second), "decision": "allow"}).ok


@pytest.mark.parametrize("state", ["x", "0" * 64, "ü"])
def test_a_made_up_state_opens_nothing(market: Platform, state: str) -> None:
    register(market, "oauth")
    assert browse(market, "authorize_credentials", body={"state": state, "decision": "allow"}).status == 404
    assert listed(market)[0]["status"] == "PENDING"


def test_what_a_page_shows_of_a_customer_is_text_only(market: Platform) -> None:
    answer = register(market, "oauth", identifier='<script>alert("1")</script>')
    text = browse(market, "get_authorization_page", params={"state": state_of(answer)}).body["text"]
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


# -- what they are good for ----------------------------------------------------------------------------------


def agents_found(platform: Platform, campaign_type: str) -> list[str]:
    advertiser = platform.advertiser()
    campaign = platform.campaign(advertiser, campaignType=campaign_type)
    return [group["salesAgentId"] for group in platform.discover(advertiser, campaignId=campaign)["productGroups"]]


@pytest.mark.parametrize("campaign_type", ["DECISIONED", "ROUTED"])
def test_an_agent_that_requires_credentials_is_not_asked_without(market: Platform, campaign_type: str) -> None:
    assert agents_found(market, campaign_type) == ["summit"]  # rules 18 and 46
    register(market)
    register(market, "oauth")
    assert agents_found(market, campaign_type) == ["northstar", "summit"]


def test_credentials_add_to_what_routed_campaigns_may_use(make_platform: MakePlatform) -> None:  # rule 46
    customers = [{"name": "Acme", "authorised_sellers": []}]
    platform = make_platform(buyer={"storefronts": [SHOP], "customers": customers})
    register(platform, "jwt")
    assert agents_found(platform, "ROUTED") == ["summit"]


def test_who_is_authorised_from_the_start_has_active_credentials(make_platform: MakePlatform) -> None:  # rule 46
    customers = [{"name": "Acme", "authorised_sellers": ["northstar"]}]
    platform = make_platform(buyer={"storefronts": [SHOP], "customers": customers})
    [row] = listed(platform)
    assert (row["agentId"], row["accountIdentifier"], row["status"]) == ("northstar", "acme", "ACTIVE")
    assert row["registeredBy"] == "admin@acme.example"
    assert agents_found(platform, "ROUTED") == ["northstar"]


def test_without_such_storefronts_there_are_no_credentials(make_platform: MakePlatform) -> None:
    platform = make_platform(buyer={"customers": [{"name": "Acme", "authorised_sellers": ["harbor"]}]})
    assert listed(platform) == []
    assert platform.events("status", entity="credential") == []
