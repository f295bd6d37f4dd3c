"""Creating media buys and the states that they go through (specification.mdx, Media Buy State Transitions)."""

from __future__ import annotations

import pytest

from tests.unit.seller.conftest import ACCOUNT, Opener, creative, format_ref


def test_a_buy_without_creatives_waits_for_them(stage: Opener) -> None:
    made = stage().buy()
    assert made["media_buy_status"] == "pending_creatives"
    assert made["revision"] == 1
    assert made["confirmed_at"] is not None
    assert made["packages"][0]["format_ids_to_provide"]


def test_a_buy_with_creatives_waits_for_its_start_and_then_delivers_until_its_end(stage: Opener) -> None:
    world = stage()
    buy = world.buy(package={"creatives": [creative()]})["media_buy_id"]
    assert world.read(buy)["status"] == "pending_start"
    world.run("2026-05-02T23:59:59")
    assert world.read(buy)["status"] == "pending_start"
    world.run("2026-05-03T00:00:01")
    assert world.read(buy)["status"] == "active"
    world.run("2026-05-13T00:00:01")
    assert world.read(buy)["status"] == "completed"


def test_approved_creatives_that_come_later_let_the_buy_start(stage: Opener) -> None:
    world = stage()
    made = world.buy(start_time="asap")
    package = made["packages"][0]["package_id"]
    world.call(
        "sync_creatives",
        account=ACCOUNT,
        creatives=[creative()],
        assignments=[{"creative_id": "spot", "package_id": package}],
    )
    found = world.read(made["media_buy_id"])
    assert found["status"] == "active"
    assert found["revision"] == 1  # sync_creatives does not count as a mutation of the buy


def test_every_package_needs_a_creative_before_the_buy_starts(stage: Opener) -> None:
    world = stage()
    order = world.order(start_time="asap", package={"creatives": [creative()]})
    order["packages"].append({"product_id": "daily_ctv", "pricing_option_id": "cpm_fixed", "budget": 100})
    assert world.call("create_media_buy", **order)["media_buy_status"] == "pending_creatives"


def test_a_buy_that_is_created_paused_is_held_only_when_it_could_start(stage: Opener) -> None:
    world = stage()
    buy = world.buy(paused=True, package={"creatives": [creative()]})["media_buy_id"]
    found = world.read(buy)
    assert found["status"] == "pending_start"
    assert "resume" in found["valid_actions"]
    world.run("2026-05-04")
    assert world.read(buy)["status"] == "paused"
    world.update(buy, paused=False)
    assert world.read(buy)["status"] == "active"


def test_a_buy_whose_budget_is_spent_is_completed_before_its_end(stage: Opener) -> None:
    world = stage()
    buy, package = world.running(package={"creatives": [creative()], "budget": 20, "pacing": "asap"})
    world.run("2026-05-03")
    assert world.read(buy)["status"] == "completed"
    assert world.world.market.totals(package).spend_micros == 20_000_000


def test_a_buy_that_never_gets_creatives_is_canceled_by_the_seller_at_its_end(stage: Opener) -> None:
    world = stage()
    buy = world.buy()["media_buy_id"]
    world.run("2026-05-14")
    found = world.read(buy)
    assert found["status"] == "canceled"
    assert found["cancellation"]["canceled_by"] == "seller"
    assert "never could start" in found["cancellation"]["reason"]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"start_time": "2026-04-01T00:00:00Z"}, "INVALID_REQUEST", "start_time"),
        ({"end_time": "2026-05-02T00:00:00Z"}, "INVALID_REQUEST", "end_time"),
        ({"package": {"product_id": "none"}}, "PRODUCT_NOT_FOUND", "packages[0].product_id"),
        ({"package": {"pricing_option_id": "none"}}, "VALIDATION_ERROR", "packages[0].pricing_option_id"),
        ({"package": {"budget": 0}}, "BUDGET_TOO_LOW", "packages[0].budget"),
        (
            {"package": {"format_ids": [format_ref("display_1x1_image")]}},
            "VALIDATION_ERROR",
            "packages[0].format_ids[0]",
        ),
        (
            {"package": {"creative_assignments": [{"creative_id": "none"}]}},
            "CREATIVE_NOT_FOUND",
            "packages[0].creative_assignments[0]",
        ),
        (
            {"package": {"end_time": "2026-06-01T00:00:00Z"}},
            "INVALID_REQUEST",
            "packages[0].end_time",
        ),
        (
            {"package": {"targeting_overlay": {"language": ["en"]}}},
            "UNSUPPORTED_FEATURE",
            "packages[0].targeting_overlay.language",
        ),
        ({"package": {"creatives": [creative(format_id="display_300x250_image")]}}, "VALIDATION_ERROR", None),
        ({"account": {"account_id": "none"}}, "ACCOUNT_NOT_FOUND", "account"),
        (
            {"proposal_id": "none", "packages": None, "total_budget": {"amount": 100, "currency": "USD"}},
            "PROPOSAL_NOT_FOUND",
            "proposal_id",
        ),
    ],
)
def test_a_wrong_order_is_refused_with_code_and_field(
    stage: Opener, change: dict[str, object], code: str, field: str | None
) -> None:
    world = stage()
    order = {name: value for name, value in world.order(**change).items() if value is not None}
    error = world.error("create_media_buy", **order)
    assert error["code"] == code
    assert field is None or error["field"] == field
    assert not world.seller.media_buys


def test_an_auction_needs_a_bid_that_reaches_the_floor(stage: Opener) -> None:
    world = stage()
    auction = {"product_id": "daily_display", "pricing_option_id": "cpm_auction", "budget": 50}
    assert world.error("create_media_buy", **world.order(package=auction))["field"] == "packages[0].bid_price"
    low = auction | {"bid_price": 0.5}
    assert world.error("create_media_buy", **world.order(package=low))["field"] == "packages[0].bid_price"
    high = world.buy(package=auction | {"bid_price": 5})
    assert high["packages"][0]["bid_price"] == 5


def test_a_sold_out_product_and_one_whose_publisher_has_left_are_unavailable(stage: Opener) -> None:
    world = stage()
    world.do("sell_out", product="daily_display")
    display = {"product_id": "daily_display"}
    assert world.error("create_media_buy", **world.order(package=display))["code"] == "PRODUCT_UNAVAILABLE"
    world.world.actors["daily"].controls["withdraw"](seller="seller")
    assert world.error("create_media_buy", **world.order())["code"] == "PRODUCT_UNAVAILABLE"


def test_a_retry_with_the_same_key_makes_no_second_buy(stage: Opener) -> None:
    world = stage()
    order = world.order(idempotency_key="the-same-key-twice-1")
    first, again = (world.call("create_media_buy", **order) for _ in range(2))
    assert first["media_buy_id"] == again["media_buy_id"]
    assert again["replayed"] is True
    assert len(world.seller.media_buys) == 1


def test_buys_of_others_look_like_absent_ones(stage: Opener) -> None:
    world = stage()
    buy = world.buy()["media_buy_id"]
    assert world.call("get_media_buys", sender="rival", media_buy_ids=[buy])["media_buys"] == []
    error = world.error("update_media_buy", sender="rival", account=ACCOUNT, media_buy_id=buy, paused=True)
    assert error["code"] == "MEDIA_BUY_NOT_FOUND"


def test_only_active_buys_are_listed_unless_ids_or_states_are_given(stage: Opener) -> None:
    world = stage()
    waiting = world.buy()["media_buy_id"]
    active, _ = world.running()
    listed = [buy["media_buy_id"] for buy in world.call("get_media_buys")["media_buys"]]
    assert listed == [active]
    pending = world.call("get_media_buys", status_filter="pending_creatives")["media_buys"]
    assert [buy["media_buy_id"] for buy in pending] == [waiting]


def test_the_list_is_paged_by_cursor(stage: Opener) -> None:
    world = stage()
    made = [world.buy()["media_buy_id"] for _ in range(3)]
    states = ["pending_creatives"]
    first = world.call("get_media_buys", status_filter=states, pagination={"max_results": 2})
    assert first["pagination"]["has_more"] is True
    assert first["pagination"]["total_count"] == 3
    cursor = first["pagination"]["cursor"]
    second = world.call("get_media_buys", status_filter=states, pagination={"max_results": 2, "cursor": cursor})
    assert [b["media_buy_id"] for b in [*first["media_buys"], *second["media_buys"]]] == made
    assert second["pagination"]["has_more"] is False


def test_snapshots_and_history_are_given_on_request(stage: Opener) -> None:
    world = stage()
    buy, _ = world.running()
    world.update(buy, paused=True)
    found = world.read(buy, include_snapshot=True, include_history=5)
    assert found["packages"][0]["snapshot"]["delivery_status"] == "not_delivering"
    assert [entry["revision"] for entry in found["history"]] == [2, 1]


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
def test_the_whole_life_of_a_buy_is_valid_in_every_release(stage: Opener, version: str) -> None:
    world = stage(version=version)
    world.call("get_adcp_capabilities")
    billed = ACCOUNT | {"billing": "operator"}
    world.call("sync_accounts", accounts=[billed])
    world.call("list_accounts")
    world.call("get_products", buying_mode="brief", brief="television and display in the US")
    world.call("list_creative_formats")
    made = world.buy(start_time="asap")
    buy = made["media_buy_id"]
    assignments = [{"creative_id": "spot", "package_id": made["packages"][0]["package_id"]}]
    world.call("sync_creatives", account=ACCOUNT, creatives=[creative()], assignments=assignments)
    world.call("list_creatives")
    world.update(buy, packages=[{"package_id": made["packages"][0]["package_id"], "budget": 300}])
    world.run("2026-05-03")
    assert world.read(buy, include_snapshot=True)["status"] == "active"
    row = world.call("get_media_buy_delivery", media_buy_ids=[buy])["media_buy_deliveries"][0]
    assert row["totals"]["impressions"] > 0
    world.update(buy, canceled=True)
    assert world.read(buy)["status"] == "canceled"


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
def test_fields_of_our_own_records_can_not_be_set_by_an_order_or_an_update(stage: Opener, version: str) -> None:
    world = stage(version=version)
    ours = {"buyer": "rival", "revision": 99, "status": "completed", "currency": "EUR"}
    made = world.buy(controls=ours)
    world.update(made["media_buy_id"], controls=ours, paused=True)
    kept = world.seller.media_buys[made["media_buy_id"]]
    assert (kept.buyer, kept.currency, kept.revision) == ("buyer", "USD", 2)
    assert world.read(made["media_buy_id"])["revision"] == 2
