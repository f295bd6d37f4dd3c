"""Makegoods for guaranteed packages that fall short (advanced-topics/accountability.mdx)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.seller.conftest import Opener, Stage, creative
from tests.unit.seller.test_delivery import webhook

THIN = {"placements": [{"channel": "ctv", "daily_opportunities": 1_000, "competition": "none"}]}
FLIGHT = {"start_time": "2026-05-02T00:00:00Z", "end_time": "2026-05-05T00:00:00Z"}


def short(world: Stage, budget: float = 128, **changes: Any) -> tuple[str, str]:
    """A media buy of three days that wants 4,000 impressions at 32 CPM where there are about 3,000."""
    package = {"creatives": [creative()], "budget": budget}
    made = world.buy(**{**FLIGHT, "package": package, **changes})
    return made["media_buy_id"], made["packages"][0]["package_id"]


def delivery(world: Stage, buy: str) -> dict[str, Any]:
    answer = world.call("get_media_buy_delivery", media_buy_ids=[buy])
    row: dict[str, Any] = answer["media_buy_deliveries"][0]["by_package"][0]
    return row


def decisions(world: Stage) -> list[tuple[str, str]]:
    events = [event.data for event in world.world.trace.of("decision") if event.data["entity"] == "makegood"]
    return [(data["id"], data["decision"]) for data in events]


def test_the_product_says_which_remedies_there_are(stage: Opener) -> None:
    for policy, remedies in (("credit", ["credit"]), ("extend", ["additional_delivery", "credit"]), ("none", None)):
        world = stage(makegood=policy, guaranteed=["ctv"])
        products = world.call("get_products", buying_mode="wholesale")["products"]
        terms = {product["delivery_type"]: product.get("measurement_terms") for product in products}
        assert terms["non_guaranteed"] is None
        expected = None if remedies is None else {"makegood_policy": {"available_remedies": remedies}}
        assert terms["guaranteed"] == expected


def test_a_shortfall_is_credited_by_default(stage: Opener) -> None:
    world = stage(publisher=THIN, guaranteed=True)
    buy, package = short(world, reporting_webhook=webhook(world, "daily"))
    world.run("2026-05-06")
    row = delivery(world, buy)
    goal = 128_000 * 1000 // _rate(world, buy)
    given = row["ext"]["makegood"]
    assert given["remedy"] == "credit"
    assert given["promised_impressions"] == goal
    assert given["missing_impressions"] == goal - row["impressions"] > 0.1 * goal
    assert row["spend"] + given["credit"] == pytest.approx(128, abs=0.04)
    assert decisions(world) == [(package, "credit")]
    listed = world.read(buy, include_history=5)
    assert listed["history"][0]["action"] == "makegood_credited"
    [final] = [h["result"] for h in world.webhooks if h["result"]["notification_type"] == "final"]
    assert final["media_buy_deliveries"][0]["by_package"][0]["ext"]["makegood"] == given


def _rate(world: Stage, buy: str) -> int:
    [package] = world.seller.media_buys[buy].packages.values()
    return package.option.rate_micros // 1000


def test_an_extended_flight_goes_on_at_no_further_cost_until_the_goal_is_met(stage: Opener) -> None:
    world = stage(publisher=THIN, guaranteed=True, makegood="extend", makegood_limit="7d")
    buy, package = short(world)
    world.run("2026-05-04T23:59:59")
    assert world.read(buy)["end_time"] == "2026-05-05T00:00:00Z"
    world.run("2026-05-05T01:00")
    listed = world.read(buy, include_history=1)
    assert (listed["status"], listed["end_time"]) == ("active", "2026-05-12T00:00:00Z")
    assert listed["history"][0]["action"] == "updated_dates"
    assert delivery(world, buy)["ext"]["makegood"]["extended_until"] == "2026-05-12T00:00:00Z"
    world.run("2026-05-13")
    row = delivery(world, buy)
    assert world.read(buy)["status"] == "completed"
    assert row["impressions"] == 128_000_000 // _rate(world, buy)
    assert row["spend"] <= 128
    assert decisions(world) == [(package, "additional_delivery")]


def test_what_an_extension_can_not_deliver_is_credited(stage: Opener) -> None:
    world = stage(publisher=THIN, guaranteed=True, makegood="extend", makegood_limit="1d")
    buy, package = short(world, budget=256)
    world.run("2026-05-08")
    assert decisions(world) == [(package, "additional_delivery"), (package, "credit")]
    row = delivery(world, buy)
    assert row["spend"] + row["ext"]["makegood"]["credit"] == pytest.approx(256, abs=0.04)


def test_other_packages_keep_their_dates_when_one_is_extended(stage: Opener) -> None:
    thick = {"channel": "display", "daily_opportunities": 4_000, "competition": "none"}
    world = stage(publisher={"placements": [*THIN["placements"], thick]}, guaranteed=True, makegood="extend")
    order = world.order(**FLIGHT, package={"creatives": [creative()], "budget": 128})
    banner = creative("banner", "display_300x250_image")
    order["packages"].append(
        {"product_id": "daily_display", "pricing_option_id": "cpm_fixed", "budget": 5, "creatives": [banner]}
    )
    buy = world.call("create_media_buy", **order)["media_buy_id"]
    world.run("2026-05-05T01:00")
    spot, display = world.read(buy)["packages"]
    assert spot["end_time"] == world.read(buy)["end_time"] == "2026-05-19T00:00:00Z"
    assert display["end_time"] == "2026-05-05T00:00:00Z"


@pytest.mark.parametrize(
    "config", [{"guaranteed": False}, {"makegood": "none"}, {"makegood_tolerance": 0.5}], ids=lambda c: next(iter(c))
)
def test_nothing_is_owed_without_a_guarantee_a_policy_or_a_real_shortfall(
    stage: Opener, config: dict[str, Any]
) -> None:
    world = stage(**{"publisher": THIN, "guaranteed": True, **config})
    extra = {} if config.get("guaranteed", True) else {"pricing_option_id": "cpm_auction", "bid_price": 60}
    buy, _ = short(world, package={"creatives": [creative()], "budget": 128, **extra})
    world.run("2026-05-07")
    assert decisions(world) == []
    assert "ext" not in delivery(world, buy)


def test_what_is_delivered_in_full_needs_no_makegood(stage: Opener) -> None:
    for policy in ("credit", "extend"):
        world = stage(publisher=THIN, guaranteed=True, makegood=policy)
        buy, _ = short(world, budget=40)
        world.run("2026-05-07")
        assert world.read(buy)["status"] == "completed"
        assert decisions(world) == []


def test_the_time_that_the_buyer_paused_is_not_owed(stage: Opener) -> None:
    world = stage(publisher=THIN, guaranteed=True)
    buy, _ = short(world, budget=40)
    world.run("2026-05-02T01:00")
    world.update(buy, paused=True)
    world.run("2026-05-04T23:00")
    world.update(buy, paused=False)
    world.run("2026-05-07")
    assert delivery(world, buy)["impressions"] < 0.2 * 1_250
    assert decisions(world) == []


def test_the_time_that_the_seller_paused_is_owed(stage: Opener) -> None:
    world = stage(publisher=THIN, guaranteed=True)
    buy, package = short(world, budget=40)
    world.run("2026-05-02T01:00")
    world.do("pause")
    world.run("2026-05-04T23:00")
    world.do("resume")
    world.run("2026-05-07")
    assert decisions(world) == [(package, "credit")]
    assert delivery(world, buy)["ext"]["makegood"]["missing_impressions"] > 0.8 * 1_250


def test_traffic_that_turns_out_invalid_is_not_billed_and_is_owed(stage: Opener) -> None:
    world = stage(publisher=THIN, guaranteed=True, ivt_rate=0.1, restatement_delay="2d")
    buy, package = short(world, budget=40)
    world.run("2026-05-06")
    assert decisions(world) == []
    world.run("2026-05-08")
    assert decisions(world) == [(package, "credit")]
    row = delivery(world, buy)
    assert row["spend"] == pytest.approx(36, rel=0.02)
    assert row["spend"] + row["ext"]["makegood"]["credit"] == pytest.approx(40, abs=0.04)
