"""Refining a discovery (rules 127 and 128)."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.kernel.faults import Fault
from sandbox.kernel.network import NetworkConfig
from tests.unit.buyer.conftest import MakePlatform, Platform
from tests.unit.buyer.test_discovery import browse, products


def refine(platform: Platform, advertiser: str, found: dict[str, Any], *items: dict[str, Any]) -> dict[str, Any]:
    return platform.discover(advertiser, discoveryId=found["discoveryId"], refine=list(items))


def test_an_omitted_product_is_gone_for_good(platform: Platform) -> None:  # rule 128
    advertiser = platform.advertiser()
    found = platform.discover(advertiser)
    item = {"scope": "product", "id": "herald_olv", "action": "omit"}
    refined = refine(platform, advertiser, found, item)
    assert set(products(found)) - set(products(refined)) == {"herald_olv"}
    assert products(browse(platform, found)) == products(refined)
    assert refined["refinementApplied"][0]["scope"] == "product"
    assert (refined["refinementApplied"][0]["id"], refined["refinementApplied"][0]["status"]) == (
        "herald_olv", "applied",
    )  # fmt: skip


def test_pages_and_filters_work_on_the_refined_set(platform: Platform) -> None:  # rules 122 and 128
    advertiser = platform.advertiser()
    found = platform.discover(advertiser)
    refine(platform, advertiser, found, {"scope": "request", "ask": "only ctv please"})
    every = browse(platform, found)
    assert every["summary"]["totalProducts"] == len(products(every)) < len(products(found))
    pages = [browse(platform, found, groupLimit="1", groupOffset=str(n)) for n in range(every["totalGroups"])]
    assert [product for page in pages for product in products(page)] == products(every)
    assert [page["hasMoreGroups"] for page in pages] == [True] * (len(pages) - 1) + [False]
    assert browse(platform, found, publisherDomain="tribune")["totalGroups"] == 0
    assert len(platform.messages("get_products")) == 6


def test_a_refinement_is_shown_as_it_is_asked_for(platform: Platform) -> None:  # rules 116 and 127
    advertiser = platform.advertiser()
    found = platform.discover(advertiser)
    item = {"scope": "product", "id": "herald_olv", "action": "omit"}
    view = {"groupLimit": 1, "productsPerGroup": 1, "salesAgentNames": ["harbor"], "debug": True}
    refined = platform.discover(advertiser, discoveryId=found["discoveryId"], refine=[item], **view)
    assert refined["discoveryId"] == found["discoveryId"]
    assert [group["salesAgentId"] for group in refined["productGroups"]] == ["harbor"]
    assert len(products(refined)) == 1
    assert refined["agentResults"] == []


def test_only_the_agents_concerned_are_asked(platform: Platform) -> None:
    advertiser = platform.advertiser()
    found = platform.discover(advertiser)
    refine(platform, advertiser, found, {"scope": "product", "id": "herald_olv", "action": "omit"})
    asked = [p for p in platform.messages("get_products") if p["buying_mode"] == "refine"]
    assert len(asked) == 1
    assert asked[0]["refine"][0] == {"scope": "product", "product_id": "herald_olv", "action": "omit"}


def test_a_wish_on_the_whole_request_goes_to_all_agents(platform: Platform) -> None:
    advertiser = platform.advertiser()
    found = platform.discover(advertiser)
    refined = refine(platform, advertiser, found, {"scope": "request", "ask": "only ctv please"})
    asked = [p for p in platform.messages("get_products") if p["buying_mode"] == "refine"]
    assert [p["refine"] for p in asked] == [[{"scope": "request", "ask": "only ctv please"}]] * 3
    assert refined["refinementApplied"][0]["status"] in ("applied", "partial")
    assert "streamtv_ctv" in products(refined)
    assert "tribune_display" not in products(refined)


def test_more_like_this_keeps_the_product_in_both_spellings(platform: Platform) -> None:  # C4
    advertiser = platform.advertiser()
    for spelling in ("more_like_this", "moreLikeThis"):
        found = platform.discover(advertiser)
        item = {"scope": "product", "id": "streamtv_ctv", "action": spelling}
        refined = refine(platform, advertiser, found, item)
        assert "streamtv_ctv" in products(refined)
        assert platform.messages("get_products")[-1]["refine"][0]["action"] == "more_like_this"


def test_refinements_need_a_session(platform: Platform) -> None:  # rule 127
    body = {"advertiserId": platform.advertiser(), "refine": [{"scope": "request", "ask": "more video"}]}
    error = platform.error("discover_products", body)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "discoveryId")


def test_refinements_need_results(platform: Platform) -> None:  # rule 127
    advertiser = platform.advertiser()
    found = platform.discover(advertiser, countries=["NZ"])
    body = {
        "advertiserId": advertiser,
        "discoveryId": found["discoveryId"],
        "refine": [{"scope": "request", "ask": "more video"}],
    }
    assert platform.error("discover_products", body)["field"] == "refine"


@pytest.mark.parametrize(
    "item",
    [
        "more video",
        {"scope": "request"},
        {"scope": "request", "ask": ""},
        {"scope": "product", "action": "omit"},
        {"scope": "product", "id": "herald_olv"},
        {"scope": "product", "id": "herald_olv", "action": "finalize"},
        {"scope": "proposal", "id": "p", "action": "more_like_this"},
        {"scope": "product", "id": "no_such_product", "action": "omit"},
        {"scope": "all", "ask": "x"},
    ],
)
def test_a_wrong_refinement_changes_nothing(platform: Platform, item: Any) -> None:  # rule 127
    advertiser = platform.advertiser()
    found = platform.discover(advertiser)
    body = {"advertiserId": advertiser, "discoveryId": found["discoveryId"], "refine": [item]}
    error = platform.error("discover_products", body)
    assert error["code"] == "VALIDATION_ERROR"
    assert error["field"].startswith("refine[0]")
    assert browse(platform, found) == found


def test_a_proposal_is_refined_where_it_came_from(platform: Platform) -> None:  # rule 127
    advertiser = platform.advertiser()
    found = platform.discover(advertiser, brief="display and video in US", budget=20_000)
    session = platform.buyer.sessions[found["discoveryId"]]
    agent, proposals = next((a, p) for a, p in session.proposals.items() if p)
    item = {"scope": "proposal", "id": proposals[0]["proposal_id"], "action": "include"}
    refined = refine(platform, advertiser, found, item)
    asked = [e.data for e in platform.events("call", operation="get_products")][-1]
    assert asked["to"] == agent
    assert refined["refinementApplied"][0]["status"] in ("applied", "partial", "unable")  # C67


def test_an_agent_that_fails_keeps_its_products(make_platform: MakePlatform) -> None:
    platform = make_platform()
    advertiser = platform.advertiser()
    found = platform.discover(advertiser)
    platform.world.network.config.faults.append(Fault("unavailable", to="summit", message="get_products"))
    refined = refine(platform, advertiser, found, {"scope": "request", "ask": "only ctv please"})
    assert "tribune_display" in products(refined)
    assert refined["refinementApplied"][0]["status"] == "partial"
    assert "summit failed" in refined["refinementApplied"][0]["notes"]


def test_if_all_agents_fail_the_refinement_fails(make_platform: MakePlatform) -> None:  # rule 6
    platform = make_platform(network=NetworkConfig())
    advertiser = platform.advertiser()
    found = platform.discover(advertiser)
    platform.world.network.config.faults.append(Fault("unavailable", message="get_products"))
    body = {
        "advertiserId": advertiser,
        "discoveryId": found["discoveryId"],
        "refine": [{"scope": "request", "ask": "more video"}],
    }
    assert platform.error("discover_products", body)["code"] == "INTERNAL_ERROR"
    assert products(browse(platform, found)) == products(found)


def test_a_selection_outlives_a_refinement(platform: Platform) -> None:
    advertiser = platform.advertiser()
    found = platform.discover(advertiser)
    platform.select(found, "herald_olv")
    refine(platform, advertiser, found, {"scope": "product", "id": "herald_olv", "action": "omit"})
    kept = platform.call("list_discovery_products", path={"discoveryId": found["discoveryId"]})
    assert [row["productId"] for row in kept["products"]] == ["herald_olv"]
