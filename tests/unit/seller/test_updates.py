"""update_media_buy: what may change when, atomically, and with approval (specification.mdx, update_media_buy)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.core.time import DAY_MS, parse_instant
from tests.unit.seller.conftest import ACCOUNT, Opener, creative


def test_pause_halts_delivery_and_resume_lets_it_go_on(stage: Opener) -> None:
    world = stage()
    buy, package = world.running()
    world.run("+1d")
    assert world.update(buy, paused=True)["media_buy_status"] == "paused"
    halted = world.world.market.totals(package).impressions
    assert halted > 0
    world.run("+1d")
    assert world.world.market.totals(package).impressions == halted
    assert world.update(buy, paused=False)["media_buy_status"] == "active"
    world.run("+1d")
    assert world.world.market.totals(package).impressions > halted


def test_a_single_package_can_be_paused(stage: Opener) -> None:
    world = stage()
    buy, package = world.running()
    answer = world.update(buy, packages=[{"package_id": package, "paused": True}])
    assert answer["media_buy_status"] == "active"
    assert answer["affected_packages"][0]["paused"] is True
    assert world.world.market.line(package).active is False


def test_each_mutation_counts_the_revision_up_and_a_stale_one_is_a_conflict(stage: Opener) -> None:
    world = stage()
    buy, package = world.running()
    assert world.update(buy, revision=1, paused=True)["revision"] == 2
    error = world.refused(buy, revision=1, packages=[{"package_id": package, "budget": 900}])
    assert error["code"] == "CONFLICT"
    assert world.read(buy)["total_budget"] == 200


def test_an_update_with_one_bad_part_changes_nothing(stage: Opener) -> None:
    world = stage()
    buy, package = world.running()
    error = world.refused(
        buy,
        paused=True,
        packages=[{"package_id": package, "budget": 900}, {"package_id": "none", "budget": 1}],
    )
    assert error["code"] == "PACKAGE_NOT_FOUND"
    assert error["field"] == "packages[1].package_id"
    found = world.read(buy)
    assert (found["status"], found["revision"], found["total_budget"]) == ("active", 1, 200)


def test_a_budget_below_what_is_spent_is_refused(stage: Opener) -> None:
    world = stage()
    buy, package = world.running()
    world.run("+5d")
    spent = world.world.market.totals(package).spend_micros
    assert spent > 10_000_000
    error = world.refused(buy, packages=[{"package_id": package, "budget": 10}])
    assert error["code"] == "BUDGET_TOO_LOW"
    assert error["details"]["minimum_budget"] * 1_000_000 == pytest.approx(spent)


def test_a_raised_budget_lets_an_exhausted_package_deliver_again(stage: Opener) -> None:
    world = stage()
    order = world.order(start_time="asap", package={"creatives": [creative()], "budget": 20, "pacing": "asap"})
    order["packages"].append(order["packages"][0] | {"budget": 150, "pacing": "even"})
    made = world.call("create_media_buy", **order)
    buy, package = made["media_buy_id"], made["packages"][0]["package_id"]
    world.run("+2d")
    assert world.read(buy, include_snapshot=True)["packages"][0]["snapshot"]["delivery_status"] == "budget_exhausted"
    world.update(buy, packages=[{"package_id": package, "budget": 32}])
    world.run("+2d")
    assert world.world.market.totals(package).spend_micros == 32_000_000


def test_dates_move_the_flight_and_the_lines_with_it(stage: Opener) -> None:
    world = stage()
    buy, package = world.running()
    world.update(buy, end_time="2026-05-05T00:00:00Z")
    assert world.world.market.line(package).end_ms == parse_instant("2026-05-05")
    world.run("2026-05-05T00:00:01")
    assert world.read(buy)["status"] == "completed"
    assert world.refused(buy, end_time="2026-06-05T00:00:00Z")["code"] == "INVALID_STATE"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"start_time": "2026-05-09T00:00:00Z"}, "INVALID_STATE"),  # it has begun
        ({"end_time": "2026-04-30T00:00:00Z"}, "INVALID_REQUEST"),
    ],
)
def test_dates_that_make_no_sense_are_refused(stage: Opener, change: dict[str, Any], code: str) -> None:
    world = stage()
    buy, _ = world.running()
    assert world.refused(buy, **change)["code"] == code


def test_new_packages_join_a_running_buy(stage: Opener) -> None:
    world = stage()
    buy, _ = world.running()
    fresh = {"product_id": "daily_ctv", "pricing_option_id": "cpm_fixed", "budget": 50, "creatives": [creative()]}
    answer = world.update(buy, new_packages=[fresh])
    assert answer["total_budget"] == 250
    package = answer["affected_packages"][0]["package_id"]
    world.run("+2d")
    assert world.world.market.totals(package).impressions > 0


def test_targeting_and_caps_reach_the_line(stage: Opener) -> None:
    world = stage()
    overlay = {
        "geo_countries": ["US"],
        "device_type": ["ctv"],
        "frequency_cap": {
            "max_impressions": 1,
            "per": "individuals",
            "window": {"interval": 30, "unit": "days"},
        },
    }
    _, package = world.running(package={"creatives": [creative()], "targeting_overlay": overlay})
    line = world.world.market.line(package)
    assert line.targeting.countries == ("US",)
    assert line.targeting.devices == ("ctv",)
    world.run("+4d")
    assert set(world.world.market.engine.frequency("package", package)) == {1}


def test_a_replaced_overlay_drops_what_it_does_not_say(stage: Opener) -> None:
    world = stage()
    buy, package = world.running(package={"creatives": [creative()], "targeting_overlay": {"geo_countries": ["DE"]}})
    world.run("+1d")
    assert world.world.market.totals(package).impressions == 0
    world.update(buy, packages=[{"package_id": package, "targeting_overlay": {"device_type": ["ctv"]}}])
    world.run("+1d")
    assert world.world.market.totals(package).impressions > 0


# -- cancellation ------------------------------------------------------------------------------------------


def test_a_canceled_buy_stops_and_can_be_neither_canceled_nor_changed_again(stage: Opener) -> None:
    world = stage()
    buy, package = world.running()
    answer = world.update(buy, canceled=True, cancellation_reason="plans have changed", paused=True)
    assert answer["media_buy_status"] == "canceled"
    found = world.read(buy)
    assert found["cancellation"]["canceled_by"] == "buyer"
    assert found["cancellation"]["reason"] == "plans have changed"
    assert found["valid_actions"] == []
    assert world.world.market.line(package).active is False
    assert world.refused(buy, canceled=True)["code"] == "NOT_CANCELLABLE"
    assert world.refused(buy, paused=True)["code"] == "INVALID_STATE"


def test_a_completed_buy_can_not_be_canceled(stage: Opener) -> None:
    world = stage()
    buy, _ = world.running()
    world.run("2026-05-14")
    assert world.refused(buy, canceled=True)["code"] == "INVALID_STATE"


def test_a_firm_order_can_not_be_canceled_and_does_not_offer_it(stage: Opener) -> None:
    world = stage(cancellable=False)
    buy, _ = world.running()
    assert "cancel" not in world.read(buy)["valid_actions"]
    assert world.refused(buy, canceled=True)["code"] == "NOT_CANCELLABLE"


def test_a_buy_delivers_on_until_the_notice_is_over(stage: Opener) -> None:
    world = stage(cancellation_notice="2d")
    buy, package = world.running()
    world.run("+1d")
    answer = world.update(buy, canceled=True)
    assert answer["media_buy_status"] == "active"
    assert parse_instant(answer["implementation_date"]) == pytest.approx(world.world.now + 2 * DAY_MS, abs=1000)
    before = world.world.market.totals(package).impressions
    world.run("+1d")
    assert world.world.market.totals(package).impressions > before
    assert world.refused(buy, canceled=True)["code"] == "NOT_CANCELLABLE"
    world.run("+1d")
    assert world.read(buy)["status"] == "canceled"
    stopped = world.world.market.totals(package).impressions
    world.run("+1d")
    assert world.world.market.totals(package).impressions == stopped


def test_one_package_can_be_canceled_and_the_last_one_cancels_the_buy(stage: Opener) -> None:
    world = stage()
    order = world.order(start_time="asap", package={"creatives": [creative()]})
    order["packages"].append(dict(order["packages"][0]))
    made = world.call("create_media_buy", **order)
    first, second = (package["package_id"] for package in made["packages"])
    buy = made["media_buy_id"]
    answer = world.update(buy, packages=[{"package_id": first, "canceled": True, "cancellation_reason": "weak"}])
    assert answer["media_buy_status"] == "active"
    assert answer["affected_packages"][0]["cancellation"]["reason"] == "weak"
    assert world.world.market.line(first).active is False
    assert world.world.market.line(second).active is True
    assert world.refused(buy, packages=[{"package_id": first, "canceled": True}])["code"] == "NOT_CANCELLABLE"
    assert world.refused(buy, packages=[{"package_id": first, "budget": 900}])["code"] == "INVALID_STATE"
    assert world.update(buy, packages=[{"package_id": second, "canceled": True}])["media_buy_status"] == "canceled"


# -- approval of updates -----------------------------------------------------------------------------------


def test_an_update_that_needs_approval_leaves_the_live_terms_until_it_is_approved(stage: Opener) -> None:
    world = stage(updates="manual")
    buy, package = world.running()
    change = {"packages": [{"package_id": package, "budget": 400}], "push_notification_config": world.push()}
    assert world.update(buy, **change)["status"] == "submitted"
    found = world.read(buy)
    assert (found["total_budget"], found["revision"]) == (200, 1)
    world.do("approve", media_buy=buy)
    world.run("+1m")
    found = world.read(buy)
    assert (found["total_budget"], found["revision"]) == (400, 2)
    [hook] = world.webhooks
    assert hook["task_type"] == "update_media_buy"
    assert hook["result"]["total_budget"] == 400


def test_a_refused_update_changes_nothing(stage: Opener) -> None:
    world = stage(updates="manual")
    buy, package = world.running()
    task = world.update(buy, packages=[{"package_id": package, "budget": 400}])["task_id"]
    world.do("reject", task=task, reason="no")
    assert world.call("get_task_status", task_id=task)["status"] == "rejected"
    assert world.read(buy)["total_budget"] == 200


def test_pause_and_cancel_need_no_approval(stage: Opener) -> None:
    world = stage(updates={"mode": "manual"})
    buy, _ = world.running()
    assert world.update(buy, paused=True)["media_buy_status"] == "paused"
    assert world.update(buy, canceled=True)["media_buy_status"] == "canceled"


def test_an_approved_update_that_no_longer_fits_fails_and_changes_nothing(stage: Opener) -> None:
    world = stage(updates="manual")
    buy, package = world.running()
    task = world.update(buy, packages=[{"package_id": package, "budget": 21}])["task_id"]
    world.run("+5d")  # more than that is spent by now
    world.do("approve", task=task)
    assert world.call("get_task_status", task_id=task)["status"] == "failed"
    assert world.read(buy)["total_budget"] == 200


def test_updates_are_refused_by_rule(stage: Opener) -> None:
    world = stage(updates={"reject_if": [{"budget_over": 1000}]})
    buy, package = world.running()
    assert world.refused(buy, packages=[{"package_id": package, "budget": 1001}])["code"] == "POLICY_VIOLATION"
    assert world.update(buy, packages=[{"package_id": package, "budget": 1000}])["total_budget"] == 1000


@settings(max_examples=15, deadline=None)
@given(
    steps=st.lists(
        st.sampled_from(["pause", "resume", "raise", "cut", "extend", "shorten", "wait", "cancel", "bad"]),
        max_size=10,
    )
)
def test_whatever_the_buyer_does_the_revision_counts_exactly_the_accepted_changes(steps: list[str]) -> None:
    from tests.unit.seller.conftest import PLACEMENTS, Stage

    world = Stage({}, {"domain": "daily.example", "placements": PLACEMENTS}, "3.1", 3)
    buy, package = world.running()
    changes: dict[str, dict[str, Any]] = {
        "pause": {"paused": True},
        "resume": {"paused": False},
        "raise": {"packages": [{"package_id": package, "budget": 300}]},
        "cut": {"packages": [{"package_id": package, "budget": 60}]},
        "extend": {"end_time": "2026-05-20T00:00:00Z"},
        "shorten": {"end_time": "2026-05-06T00:00:00Z"},
        "cancel": {"canceled": True},
        "bad": {"packages": [{"package_id": "none", "budget": 1}]},
    }
    revision = 1
    for step in steps:
        if step == "wait":
            world.run("+1d")
            continue
        reply = world.reply("update_media_buy", account=ACCOUNT, media_buy_id=buy, **changes[step])
        revision += reply.ok
        assert world.read(buy)["revision"] == revision
    world.check()
