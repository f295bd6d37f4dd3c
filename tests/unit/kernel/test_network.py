"""The network carries messages with latency, loses them as told, and repeats webhooks until acknowledged."""

from typing import cast

from sandbox.core.time import DAY_MS
from sandbox.kernel.faults import Fault
from sandbox.kernel.latency import Latency
from sandbox.kernel.network import Network, PeerTimeout, PeerUnreachable
from tests.unit.kernel.conftest import Echo, MakeWorld, ask


def test_an_answer_takes_the_latency_of_both_ways(make_world: MakeWorld) -> None:
    world = make_world()
    got = ask(world, "echo", {"a": 1})
    world.run(19)
    assert got == []
    world.run(20)
    assert got[0].ok
    assert got[0].body == {"echo": {"a": 1}, "by": "buyer"}


def test_no_two_actors_share_an_object(make_world: MakeWorld) -> None:
    world = make_world()
    payload = {"list": [1]}
    got = ask(world, "echo", payload)
    world.run(100)
    payload["list"].append(2)
    assert got[0].body["echo"] == {"list": [1]}
    assert next(iter(world.trace.of("call"))).data["payload"] == {"list": [1]}


def test_an_error_of_the_handler_is_an_answer(make_world: MakeWorld) -> None:
    world = make_world()
    got = ask(world, "fail", {})
    world.run(100)
    assert (got[0].ok, got[0].body) == (False, {"code": "CONFLICT"})


def test_who_is_not_authorised_is_refused_at_once(make_world: MakeWorld) -> None:
    world = make_world()
    world.ecosystem.unlink("seller", "buyer", "authorised_for")
    got = ask(world, "echo", {})
    world.run(100)
    assert isinstance(got[0], PeerUnreachable)
    assert cast("Echo", world.actors["seller"]).served == []


def test_a_seller_that_is_down_refuses_and_answers_when_it_comes_back(make_world: MakeWorld) -> None:
    world = make_world()
    world.actors["seller"].go_down()
    first = ask(world, "echo", {})
    world.run(100)
    world.actors["seller"].come_back()
    second = ask(world, "echo", {})
    world.run(200)
    assert isinstance(first[0], PeerUnreachable)
    assert second[0].ok


def test_a_slow_answer_is_a_timeout_though_the_other_side_acts(make_world: MakeWorld) -> None:
    world = make_world()
    got = ask(world, "slow", {"ms": 5000}, timeout_ms=1000)
    world.run(999)
    assert got == []
    world.run(10_000)
    assert isinstance(got[0], PeerTimeout)
    assert len(cast("Echo", world.actors["seller"]).served) == 1


def test_an_answer_lost_after_acceptance_is_a_timeout(make_world: MakeWorld) -> None:
    world = make_world(Fault("answer_lost", message="echo", count=1))
    got, again = ask(world, "echo", {}, timeout_ms=500), []
    world.run(1000)
    again = ask(world, "echo", {})
    world.run(2000)
    assert isinstance(got[0], PeerTimeout)
    assert again[0].ok
    assert len(cast("Echo", world.actors["seller"]).served) == 2


def test_a_fault_holds_for_its_window_and_its_count(make_world: MakeWorld) -> None:
    world = make_world(Fault("drop", to="seller", from_ms=100, until_ms=200))
    before = ask(world, "echo", {})
    world.run(95)
    during = ask(world, "echo", {})
    world.run(250)
    after = ask(world, "echo", {})
    world.run(400)
    assert before[0].ok
    assert isinstance(during[0], PeerUnreachable)
    assert after[0].ok


def test_a_webhook_is_repeated_with_the_same_body_until_it_is_acknowledged(make_world: MakeWorld) -> None:
    world = make_world()
    buyer = cast("Echo", world.actors["buyer"])
    buyer.refuse = 2
    world.network.notify("seller", Network.url("buyer", "hooks"), {"key": "k1", "n": 1})
    world.run(DAY_MS)
    assert buyer.heard == [{"key": "k1", "n": 1}] * 3
    assert [e.data["ok"] for e in world.trace.of("webhook_result")] == [False, False, True]


def test_a_webhook_that_nobody_takes_ends_after_more_than_a_day(make_world: MakeWorld) -> None:
    world = make_world()
    world.actors["buyer"].go_down()
    world.network.notify("seller", Network.url("buyer"), {})
    world.run(3 * DAY_MS)
    attempts = list(world.trace.of("webhook"))
    assert len(attempts) == 8
    assert attempts[-1].at_ms > DAY_MS


def test_addresses_lead_back_to_their_actors() -> None:
    assert Network.actor_at(Network.url("seller-1", "x/y")) == "seller-1"
    assert Network.actor_at("https://elsewhere.example/x") == ""


def test_latency_has_its_median_and_its_tail(make_world: MakeWorld) -> None:
    rng = make_world().streams.stream("test")
    draws = sorted(Latency(100, 400).draw(rng) for _ in range(4000))
    assert 90 < draws[2000] < 110
    assert 350 < draws[3800] < 450
