"""The open sandbox: accounts of brands that exist for tests (docs/media-buy/advanced-topics/sandbox.mdx)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.seller.conftest import Opener, Stage, creative

OPEN: dict[str, Any] = {"accounts": {"sandbox_brands": ["*.example"]}}
SLOW: dict[str, Any] = {"mode": "manual", "delay": "2d"}
TRIAL = {"brand": {"domain": "acmeoutdoor.example"}, "operator": "agency.example"}
SECOND = {"brand": {"domain": "novamotors.example"}, "operator": "agency.example", "sandbox": True}


def order(world: Stage, account: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return world.call("create_media_buy", **world.order(account=account, brand=account["brand"], **changes))


def test_a_brand_of_tests_has_a_sandbox_account_whatever_the_request_calls_it(stage: Opener) -> None:
    world = stage(**OPEN)
    (row,) = world.call("sync_accounts", accounts=[{**TRIAL, "billing": "operator"}])["accounts"]
    assert row["sandbox"] is True
    (again,) = world.call("sync_accounts", accounts=[{**TRIAL, "billing": "operator", "sandbox": True}])["accounts"]
    assert again["account_id"] == row["account_id"]


def test_without_such_brands_an_account_is_what_the_request_calls_it(stage: Opener) -> None:
    (row,) = stage().call("sync_accounts", accounts=[{**TRIAL, "billing": "operator"}])["accounts"]
    assert "sandbox" not in row


def test_nothing_in_it_waits_for_people_and_everything_outside_does(stage: Opener) -> None:
    world = stage(approval={**SLOW, "requires": ["io_acceptance"]}, creative_review=SLOW, updates=SLOW, **OPEN)
    bought = order(world, TRIAL)
    (row,) = world.call("sync_creatives", account=TRIAL, creatives=[creative()])["creatives"]
    package = {"package_id": bought["packages"][0]["package_id"], "budget": 300}
    changed = world.call("update_media_buy", account=TRIAL, media_buy_id=bought["media_buy_id"], packages=[package])
    assert (bought["status"], row["status"], changed["status"]) == ("completed", "approved", "completed")
    assert world.call("create_media_buy", **world.order(io_acceptance=None) | {"io_acceptance": _io()})["status"] == (
        "submitted"
    )


def _io() -> dict[str, Any]:
    return {"io_id": "io-1", "accepted_at": "2026-05-01T00:00:00Z", "signatory": "Alex"}


@pytest.mark.parametrize("account", [TRIAL, SECOND])
def test_a_creative_of_one_account_runs_in_all_of_the_buyers_sandbox(stage: Opener, account: dict[str, Any]) -> None:
    world = stage(**OPEN)
    world.call("sync_creatives", account=TRIAL, creatives=[creative()])
    bought = order(world, account, package={"creative_assignments": [{"creative_id": "spot"}]})
    assert bought["media_buy_status"] == "pending_start"
    assert [row["creative_id"] for row in world.call("list_creatives", account=TRIAL)["creatives"]] == ["spot"]


def test_a_creative_stays_in_its_account_outside_of_it_and_with_its_buyer_inside(stage: Opener) -> None:
    world = stage(**OPEN)
    world.call("sync_creatives", account=TRIAL, creatives=[creative()])
    package = {"creative_assignments": [{"creative_id": "spot"}]}
    assert world.error("create_media_buy", **world.order(package=package))["code"] == "CREATIVE_NOT_FOUND"
    foreign = world.order(package=package, account=SECOND, brand=SECOND["brand"])
    assert world.error("create_media_buy", sender="rival", **foreign)["code"] == "CREATIVE_NOT_FOUND"


def test_an_idempotency_key_is_good_for_the_whole_sandbox_once(stage: Opener) -> None:
    world, key = stage(**OPEN), "one-key-for-the-sandbox"
    order(world, TRIAL, idempotency_key=key)
    other = world.order(account=SECOND, brand=SECOND["brand"], idempotency_key=key)
    assert world.error("create_media_buy", **other)["code"] == "IDEMPOTENCY_CONFLICT"


def test_only_what_was_declared_is_listed(stage: Opener) -> None:
    world = stage(**OPEN)
    order(world, TRIAL)
    assert world.call("list_accounts")["accounts"] == []
    world.call("sync_accounts", accounts=[{**TRIAL, "billing": "operator"}])
    assert len(world.call("list_accounts")["accounts"]) == 1


def test_it_is_open_to_those_without_credentials_at_an_agent_that_asks_for_them(stage: Opener) -> None:
    world = stage(accounts={"operator_auth": True, "sandbox_brands": ["*.example"]})
    assert order(world, TRIAL)["media_buy_id"]
    assert world.error("create_media_buy", **world.order())["code"] == "ACCOUNT_NOT_FOUND"


def test_a_brief_that_nothing_fits_is_answered_with_everything_there(stage: Opener) -> None:
    world = stage(**OPEN)
    asked = {"buying_mode": "brief", "brief": "podcast listeners in Japan"}
    found = world.call("get_products", account=TRIAL, **asked)["products"]
    assert len(found) == len(world.seller.products)
    assert world.call("get_products", brand={"domain": "acme.com"}, **asked)["products"] == []


def test_a_product_of_tests_is_sold_to_those_who_know_it_and_not_offered(stage: Opener) -> None:
    world = stage(test_products=[{"id": "probe", "channels": ["ctv"], "pricing": [{"id": "default", "price": 5}]}])
    offered = [row["product_id"] for row in world.call("get_products", buying_mode="wholesale")["products"]]
    assert "probe" not in offered
    package = {"product_id": "probe", "pricing_option_id": "default"}
    assert world.call("create_media_buy", **world.order(package=package))["media_buy_id"]
