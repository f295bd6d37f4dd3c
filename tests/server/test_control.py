"""The control API: the clock, the trace, faults, a fresh start; and what a restart brings back."""

from __future__ import annotations

import threading
import time

import pytest

from sandbox.core.errors import InputError
from sandbox.core.time import iso, parse_instant
from sandbox.server.clock import Clock, read_mode
from tests.server.conftest import OTHER_KEY, Live, MakeLive


def test_the_clock_stands_still_until_it_is_advanced(make_live: MakeLive) -> None:
    live = make_live()
    assert live.ok("GET", "/_sandbox/clock") == {"now": "2026-05-01T00:00:00Z", "mode": "manual", "status": "ready"}
    assert live.advance("3d")["now"] == "2026-05-04T00:00:00Z"
    moved = live.ok("POST", "/_sandbox/clock/advance", {"to": "2026-05-05T12:00:00Z"})
    assert moved["now"] == live.now() == "2026-05-05T12:00:00Z"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"by": "1d", "to": "2026-06-01"}, "body"),
        ({"by": "-1d"}, "by"),
        ({"by": "soon"}, "by"),
        ({"to": "2020-01-01"}, "to"),
        ({"by": "40000d"}, "by"),
        ({"by": "1d", "speed": 2}, "speed"),
    ],
)
def test_an_advance_that_makes_no_sense_is_refused(live: Live, body: dict[str, object], field: str) -> None:
    error = live.error("POST", "/_sandbox/clock/advance", body)
    assert (error["status"], error["field"]) == (400, field)


def test_an_advance_can_stop_at_the_first_event_of_a_kind(make_live: MakeLive) -> None:
    live = make_live()
    live.launch(channels=["olv"])
    before = parse_instant(live.now())
    answer = live.ok("POST", "/_sandbox/clock/advance", {"by": "30d", "stop_on": ["decision"]})
    assert before + 3_600_000 < parse_instant(answer["now"]) < before + 86_400_000
    assert live.ok("GET", "/_sandbox/events?type=decision&limit=1000")["events"][-1]["at"] == answer["now"]


def test_events_come_in_pages_and_by_kind(live: Live) -> None:
    live.advertiser()
    first = live.ok("GET", "/_sandbox/events?limit=2")
    assert [event["seq"] for event in first["events"]] == [1, 2]
    rest = live.ok("GET", f"/_sandbox/events?after={first['last']}&limit=1000")
    assert rest["events"][0]["seq"] == 3
    calls = live.ok("GET", "/_sandbox/events?type=call,reply&limit=1000")["events"]
    assert {event["kind"] for event in calls} == {"call", "reply"}
    assert live.error("GET", "/_sandbox/events?limit=0")["field"] == "limit"
    assert live.error("GET", "/_sandbox/events?customer=nobody")["field"] == "customer"


def test_a_reset_leaves_nothing_and_begins_anew(make_live: MakeLive) -> None:
    live = make_live()
    live.advertiser()
    live.advance("2d")
    assert live.ok("POST", "/_sandbox/reset")["now"] == "2026-05-01T00:00:00Z"
    assert live.ok("GET", "advertisers")["total"] == 0
    live.stop()
    again = make_live()
    assert again.line["replayed"] == 0
    assert again.now() == "2026-05-01T00:00:00Z"


def test_a_restart_brings_back_every_customer_s_world(make_live: MakeLive) -> None:
    live = make_live()
    mine, theirs = (
        live.campaign(live.advertiser()),
        live.ok("POST", "advertisers", {"name": "G", "brand": "acme.com"}, key=OTHER_KEY),
    )
    live.advance("36h")
    shown, world = live.ok("GET", f"campaigns/{mine}"), live.ok("GET", "/_sandbox/world")
    live.stop()
    again = make_live()
    assert again.line["replayed"] == 3
    assert again.now() == world["now"]
    assert again.ok("GET", f"campaigns/{mine}") == shown
    assert again.ok("GET", "/_sandbox/world")["digest"] == world["digest"]
    assert again.ok("GET", f"advertisers/{theirs['id']}", key=OTHER_KEY)["name"] == "G"


def test_a_journal_of_another_sandbox_is_refused(make_live: MakeLive) -> None:
    make_live().stop()
    with pytest.raises(InputError, match="its seed is 1, here it is 2"):
        make_live(seed=2)
    with pytest.raises(InputError, match="of another sandbox"):
        make_live(scenario="lifecycle/first-campaign")


def test_faults_hold_until_they_are_replaced_and_survive_a_restart(make_live: MakeLive) -> None:
    live = make_live()
    advertiser = live.advertiser()
    wanted = {"advertiserId": advertiser, "channels": ["display"], "debug": True}
    live.ok(
        "POST", "/_sandbox/faults", {"faults": [{"kind": "unavailable", "to": "newsroom", "message": "get_products"}]}
    )
    found = live.ok("POST", "discovery/discover-products", wanted)
    assert [agent["agentId"] for agent in found["agentResults"]] == ["newsroom"]
    live.stop()
    live = make_live()
    assert live.ok("GET", "/_sandbox/faults")["faults"][0]["to"] == "newsroom"
    assert live.ok("POST", "/_sandbox/faults", {"faults": []}) == {"faults": []}
    assert live.ok("POST", "discovery/discover-products", wanted).get("agentResults", []) == []
    assert live.error("POST", "/_sandbox/faults", {"faults": [{"kind": "meteor"}]})["field"] == "faults.0.kind"


def test_an_actor_s_controls_can_be_used_and_are_listed(make_live: MakeLive) -> None:
    live = make_live()
    controls = {actor["id"]: actor["controls"] for actor in live.ok("GET", "/_sandbox/world")["actors"]}
    assert controls["newsroom"]["go_down"] == []
    live.ok("POST", "/_sandbox/actors/newsroom/go_down")
    found = live.ok(
        "POST",
        "discovery/discover-products",
        {"advertiserId": live.advertiser(), "channels": ["display"], "debug": True},
    )
    assert "newsroom" not in [group["groupName"] for group in found["productGroups"]]
    assert live.error("POST", "/_sandbox/actors/newsroom/fly")["code"] == "NOT_FOUND"
    assert live.error("POST", "/_sandbox/actors/newsroom/go_down", {"far": 1})["field"] == "body"


def test_while_one_customer_s_clock_work_is_done_others_are_answered(make_live: MakeLive) -> None:
    live = make_live()
    live.campaign(live.advertiser())
    seen: list[str] = []
    moving = threading.Thread(target=live.advance, args=("365d",))
    moving.start()
    while moving.is_alive():
        seen.append(live.ok("GET", "/_sandbox/clock")["status"])
        time.sleep(0.01)
    moving.join()
    assert "advancing" in seen
    assert live.ok("GET", "/_sandbox/clock")["status"] == "ready"


def test_a_running_clock_goes_by_itself(make_live: MakeLive) -> None:
    live = make_live(clock="x3600", start_ms=parse_instant("2026-05-01"))
    first = parse_instant(live.now())
    time.sleep(0.3)
    assert parse_instant(live.now()) - first > 0.25 * 3_600_000
    live.stop()
    again = make_live(clock="x3600")
    assert parse_instant(again.now()) >= first + 0.25 * 3_600_000


def test_clocks_never_go_back() -> None:
    real = 0.0
    clock = Clock("x10", 1_000, lambda: real)
    real = 0.5
    assert clock.now() == 6_000
    clock.push(9_000)
    assert clock.now() == 9_000
    real = 0.6
    assert clock.now() == 10_000
    clock.push(0)
    assert clock.now() == 10_000


@pytest.mark.parametrize("mode", ["x0", "x-1", "fast", "xx", "2"])
def test_unknown_clocks_are_refused(mode: str) -> None:
    with pytest.raises(InputError, match="unknown clock"):
        read_mode(mode)


def test_ids_that_are_numbers_are_never_shared_by_two_customers(live: Live) -> None:  # rule 13
    mine = live.advertiser()
    theirs = live.ok("POST", "advertisers", {"name": "G", "brand": "acme.com"}, key=OTHER_KEY)["id"]
    assert mine != theirs
    assert int(theirs) > 1_000_000
    assert iso(0) == "1970-01-01T00:00:00Z"
