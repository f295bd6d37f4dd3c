"""Whatever is asked in whatever order, over a bad network: no illegal transition, no overspend, no lost media buy."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.core.errors import InputError
from sandbox.core.time import DAY_MS, iso
from sandbox.kernel.endpoint import Principal
from sandbox.kernel.faults import Fault
from sandbox.kernel.latency import Latency
from sandbox.kernel.network import NetworkConfig
from tests.unit.buyer.conftest import Platform, banners, build
from tests.unit.buyer.test_campaigns import get, ready

AGENTS = ("northstar", "harbor", "summit")
POLICIES: tuple[dict[str, Any], ...] = (
    {},
    {"approval": {"mode": "manual", "delay": "1ms"}},
    {"approval": {"mode": "manual", "delay": "2h", "probability_of_rejection": 0.3}, "cancellation_notice": "1d"},
    {"updates": {"mode": "manual", "delay": "5h", "self_serve": [], "probability_of_rejection": 0.3}},
    {"approval": "manual", "updates": "manual", "cancellable": False},
)
CALLS = ("execute_campaign", "pause_campaign", "reactivate_campaign", "get_media_buy_status")
CONTROLS = ("approve", "reject", "pause", "resume", "cancel")

steps = st.one_of(
    st.tuples(st.just("call"), st.sampled_from(CALLS), st.booleans()),
    st.tuples(st.just("act"), st.sampled_from(("update", "cancel", "delete")), st.booleans()),
    st.tuples(st.just("flight"), st.integers(1, 40), st.booleans()),
    st.tuples(st.just("control"), st.sampled_from(CONTROLS), st.sampled_from(AGENTS)),
    st.tuples(st.just("wait"), st.sampled_from(("1h", "7h", "1d", "9d")), st.none()),
    st.tuples(st.just("outage"), st.sampled_from(AGENTS), st.none()),
)


def send(platform: Platform, operation: str, campaign: str, body: dict[str, Any] | None, wait: bool) -> None:
    """Send a request; its answer is waited for, or not, so that the next one comes while it is under way."""
    if wait:
        assert platform.reply(operation, body, {"campaignId": campaign}).status < 500
        return
    payload = {"pathParams": {"campaignId": campaign}, "params": {}, "body": body}
    principal = Principal("acme", "driver")
    platform.world.spawn(platform.world.network.call("driver", "buyer", operation, payload, principal))


def action(buy: dict[str, Any], what: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"mediaBuyId": buy["mediaBuyId"], "action": what}
    if what == "update" and buy["status"] == "ACTIVE" and buy["packages"]:
        entry["packages"] = [{"packageId": buy["packages"][0]["packageId"], "budget": 150}]
    elif what == "update":
        entry["optimization_goals"] = [{"kind": "metric", "metric": "clicks"}]
    return entry


def take(platform: Platform, campaign: str, step: tuple[Any, ...]) -> None:
    kind, what, how = step
    if kind == "call":
        send(platform, what, campaign, {} if what == "execute_campaign" else None, how)
    elif kind == "act":
        buys = {buy["mediaBuyId"]: buy for buy in get(platform, campaign)["mediaBuys"]}
        send(platform, "update_campaign", campaign, {"mediaBuys": [action(b, what) for b in buys.values()]}, how)
    elif kind == "flight":
        end = iso(platform.world.now + what * DAY_MS)
        send(platform, "update_campaign", campaign, {"flightDates": {"endDate": end}}, how)
    elif kind == "control":
        try:
            platform.do(how, what)
        except InputError:
            return  # there is nothing to decide
    elif kind == "outage":
        platform.world.actors[what].go_down()
        platform.advance("1h")
        platform.world.actors[what].come_back()
    else:
        platform.advance(what)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    policies=st.tuples(*[st.sampled_from(POLICIES)] * 3),
    order=st.lists(steps, min_size=3, max_size=14),
    webhooks=st.booleans(),
    lost=st.sampled_from((None, "drop", "answer_lost", "unavailable")),
    seed=st.integers(0, 10_000),
)
def test_any_order_of_events_keeps_the_rules(
    policies: tuple[dict[str, Any], ...],
    order: list[tuple[Any, ...]],
    webhooks: bool,
    lost: Any,
    seed: int,
) -> None:  # rules 66 to 94
    faults = [] if lost is None else [Fault(lost, to="harbor", probability=0.3)]
    platform = build(
        buyer={"webhooks": webhooks, "poll_interval": "1h"},
        sellers=dict(zip(AGENTS, policies, strict=True)),
        network=NetworkConfig(latency=Latency(40, 2_000), faults=[]),
        seed=seed,
    )
    campaign, _ = ready(platform, budget={"total": 1_000, "pacing": "asap"})
    banners(platform, campaign)
    platform.world.network.config.faults.extend(faults)
    send(platform, "execute_campaign", campaign, {}, wait=True)
    for step in order:
        take(platform, campaign, step)
    platform.world.network.config.faults.clear()
    platform.advance("3d")
    platform.world.market.settle()
    for checker in platform.checkers:
        checker.finish()
        assert not checker.violations, [str(violation) for violation in checker.violations]
    mine = platform.buyer.campaigns[campaign].media_buys
    unclear = {buy.seller_id for buy in mine if buy.status == "FAILED" and buy.pending_request is not None}
    known = {buy.adcp_media_buy_id for buy in mine}
    for event in platform.events("status", entity="media_buy", old=None):
        assert event.data["id"] in known or event.actor in unclear
