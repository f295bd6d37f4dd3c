"""get_account_financials: spend, balance and invoices of an account come out of the books of delivery."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.seller.conftest import ACCOUNT, Opener, Stage

Json = dict[str, Any]


def told(world: Stage, **more: Any) -> Json:
    return world.call("get_account_financials", account=ACCOUNT, **more)


def spent(world: Stage, media_buy_id: str) -> float:
    rows = world.call("get_media_buy_delivery", media_buy_ids=[media_buy_id])["media_buy_deliveries"]
    return float(rows[0]["totals"]["spend"])


def declared(world: Stage, **entry: Any) -> None:
    world.call("sync_accounts", accounts=[ACCOUNT | {"billing": "operator"} | entry])


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
def test_the_month_has_what_the_buys_of_the_account_spent(stage: Opener, version: str) -> None:
    world = stage(financials={"credit_limit": 1000})
    declared(world)
    assert world.call("get_adcp_capabilities")["account"]["account_financials"] is True
    buy, _ = world.running()
    world.run("+5d")
    total = spent(world, buy)
    world.version = version
    body = told(world)
    assert body["spend"] == {"total_spend": pytest.approx(total), "media_buy_count": 1}
    assert body["spend"]["total_spend"] > 0
    assert (body["period"], body["timezone"]) == ({"start": "2026-05-01", "end": "2026-05-31"}, "UTC")
    assert (body["currency"], body["payment_status"], body["payment_terms"]) == ("USD", "current", "net_30")
    assert body["credit"]["available_credit"] == pytest.approx(1000 - body["spend"]["total_spend"])
    assert body["invoices"][0]["status"] == "draft"


def test_a_month_is_billed_when_it_is_over_and_paid_when_it_is_due(stage: Opener) -> None:
    world = stage(financials={"credit_limit": 1000}, late_share=0.1, restatement_delay="2d")
    declared(world, payment_terms="net_15")
    world.running(end_time="2026-05-11T00:00:00Z")
    states = []
    for until in ("2026-05-20", "2026-06-02", "2026-06-04", "2026-06-17"):
        world.run(until)
        [invoice] = told(world)["invoices"]
        states.append(invoice["status"])
    assert states == ["draft", "draft", "issued", "paid"]
    assert (invoice["due_date"], invoice["paid_date"]) == ("2026-06-16", "2026-06-16")
    assert invoice["period"] == {"start": "2026-05-01", "end": "2026-05-31"}
    assert told(world)["credit"]["utilization_percent"] == 0


def test_who_does_not_pay_is_past_due(stage: Opener) -> None:
    world = stage(financials={"credit_limit": 1000})
    declared(world, payment_terms="net_15")
    world.running()
    world.do("set_account", status="payment_required")
    world.run("2026-06-20")
    body = told(world)
    assert (body["payment_status"], body["invoices"][0]["status"]) == ("past_due", "past_due")
    assert body["credit"]["available_credit"] == pytest.approx(1000 - body["invoices"][0]["amount"])


def test_who_pays_in_advance_has_a_balance_and_no_invoices(stage: Opener) -> None:
    world = stage(financials={"deposit": 500})
    declared(world, payment_terms="prepay")
    buy, _ = world.running()
    world.run("+5d")
    body = told(world)
    assert (body["invoices"], "credit" in body) == ([], False)
    assert body["balance"]["available"] == pytest.approx(500 - spent(world, buy))


def test_only_operators_that_pay_the_seller_themselves_are_told(stage: Opener) -> None:
    world = stage(financials={})
    declared(world, billing="agent")
    assert world.error("get_account_financials", account=ACCOUNT)["code"] == "UNSUPPORTED_FEATURE"
    foreign = world.error("get_account_financials", sender="rival", account=ACCOUNT)
    absent = world.error("get_account_financials", account={"account_id": "nowhere"})
    assert foreign["code"] == absent["code"] == "ACCOUNT_NOT_FOUND"


def test_a_period_that_cannot_be_is_refused_by_its_field(stage: Opener) -> None:
    world = stage(financials={})
    declared(world)
    for period, field in (
        ({"start": "2026-05-02", "end": "2026-05-01"}, "period.end"),
        ({"start": "1950-01-01", "end": "2026-05-01"}, "period.start"),
    ):
        error = world.error("get_account_financials", account=ACCOUNT, period=period)
        assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)


def test_an_agent_that_tells_nothing_has_no_such_tool(stage: Opener) -> None:
    world = stage()
    assert "account_financials" not in world.call("get_adcp_capabilities")["account"]
    assert world.reply("get_account_financials", account=ACCOUNT).ok is False


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(1, 9))
def test_parts_of_a_period_add_up_to_the_whole(stage: Opener, cut: int) -> None:
    world = stage(financials={})
    declared(world)
    world.running()
    world.run("2026-05-12")

    def total(first: int, last: int) -> float:
        period = {"start": f"2026-05-{first:02d}", "end": f"2026-05-{last:02d}"}
        return float(told(world, period=period)["spend"]["total_spend"])

    assert total(1, cut) + total(cut + 1, 12) == pytest.approx(total(1, 12))
