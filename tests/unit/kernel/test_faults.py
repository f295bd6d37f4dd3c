"""Each kind of fault has the meaning that it has on the wire; rules strike whom they name, and are counted."""

from __future__ import annotations

from random import Random
from typing import Any, cast

import pytest

from sandbox.core.time import DAY_MS, SECOND_MS, iso
from sandbox.kernel.faults import KINDS, Effect, Fault
from sandbox.kernel.faults.damage import restamped, spoiled
from sandbox.kernel.latency import Latency
from sandbox.kernel.network import Network, PeerBroken, PeerRefused, PeerTimeout, PeerUnreachable
from sandbox.kernel.world import World
from tests.unit.kernel.conftest import Echo, MakeWorld, ask


def served(world: World) -> int:
    return len(cast("Echo", world.actors["seller"]).served)


def heard(world: World) -> list[dict[str, Any]]:
    return cast("Echo", world.actors["buyer"]).heard


def told(world: World, until_ms: int = DAY_MS, **payload: Any) -> list[tuple[bool, str]]:
    """Send a webhook from the seller to the buyer; gives what became of each attempt."""
    world.network.notify("seller", Network.url("buyer"), {"n": 1, **payload})
    world.run(until_ms)
    return [(event.data["ok"], event.data["why"]) for event in world.trace.of("webhook_result")]


@pytest.mark.parametrize(
    ("fault", "error", "acts"),
    [
        (Fault("drop"), PeerUnreachable, 0),
        (Fault("drop", direction="answer"), PeerTimeout, 1),
        (Fault("reset"), PeerBroken, 0),
        (Fault("reset", direction="answer"), PeerBroken, 1),
        (Fault("truncate"), PeerRefused, 0),
        (Fault("truncate", direction="answer"), PeerBroken, 1),
        (Fault("rate_limited"), PeerRefused, 0),
        (Fault("unavailable"), PeerRefused, 0),
        (Fault("unavailable", direction="answer"), PeerRefused, 1),
        (Fault("answer_lost"), PeerTimeout, 1),
    ],
)
def test_who_asks_learns_what_the_wire_tells(
    make_world: MakeWorld, fault: Fault, error: type[Exception], acts: int
) -> None:
    world = make_world(fault)
    got = ask(world, "echo", {}, timeout_ms=1_000)
    world.run(5_000)
    assert type(got[0]) is error
    assert (served(world), fault.hits) == (acts, 1)


def test_a_lost_answer_is_noticed_when_the_time_is_over_and_a_reset_at_once(make_world: MakeWorld) -> None:
    lost, reset = make_world(Fault("answer_lost")), make_world(Fault("reset"))
    for world in (lost, reset):
        ask(world, "echo", {}, timeout_ms=1_000)
        world.run(5_000)
    assert [event.at_ms for event in lost.trace.of("lost")] == [1_000]
    assert [event.at_ms for event in reset.trace.of("lost")] == [10]


def test_an_answer_that_refuses_is_not_lost_by_a_fault_of_accepted_ones(make_world: MakeWorld) -> None:
    world = make_world(Fault("answer_lost"))
    got = ask(world, "fail", {})
    world.run(1_000)
    assert got[0].body == {"code": "CONFLICT"}


def test_a_status_comes_n_times_and_then_success(make_world: MakeWorld) -> None:
    world = make_world(Fault("unavailable", status=502, retry_after_s=7, count=2))
    got = [ask(world, "echo", {}) for _ in range(3)]
    world.run(1_000)
    assert [(one[0].status, one[0].retry_after_s) for one in got[:2]] == [(502, 7)] * 2
    assert got[2][0].ok


def test_latency_has_its_distribution_in_its_direction(make_world: MakeWorld) -> None:
    for direction in ("request", "answer"):
        world = make_world(Fault("latency", direction=direction, latency=Latency(1_000, 4_000)), latency=Latency(0, 0))
        for _ in range(400):
            ask(world, "echo", {})
        world.run(DAY_MS)
        times = sorted(event.at_ms for event in world.trace.of("reply"))
        assert 800 < times[200] < 1_250
        assert 2_900 < times[380] < 5_600


def test_a_slow_body_takes_its_size_over_its_rate(make_world: MakeWorld) -> None:
    world = make_world(Fault("slow_body", rate=100, direction="answer"), latency=Latency(0, 0))
    ask(world, "echo", {"text": "x" * 1_000})
    world.run(DAY_MS)
    (reply,) = world.trace.of("reply")
    assert 10_000 < reply.at_ms < 11_000


def test_a_request_whose_body_never_came_whole_is_not_served(make_world: MakeWorld) -> None:
    world = make_world(Fault("slow_body", rate=100), latency=Latency(0, 0))
    got = ask(world, "echo", {"text": "x" * 1_000}, timeout_ms=5_000)
    world.run(DAY_MS)
    assert isinstance(got[0], PeerTimeout)
    assert served(world) == 0


def test_a_copy_is_served_and_its_answer_is_for_nobody(make_world: MakeWorld) -> None:
    world = make_world(Fault("duplicate", count=1))
    got = ask(world, "echo", {"n": 1})
    world.run(1_000)
    assert len(got) == 1
    assert served(world) == 2
    assert [event.data["ok"] for event in world.trace.of("copy")] == [True]
    assert len(list(world.trace.of("reply"))) == 1


def test_a_message_that_is_held_back_is_overtaken_by_the_next_one_of_its_link(make_world: MakeWorld) -> None:
    world = make_world(Fault("reorder", count=1, hold_ms=60_000))
    ask(world, "echo", {"n": 1})
    world.run(100)
    assert served(world) == 0
    ask(world, "echo", {"n": 2})
    world.run(1_000)
    assert [one["n"] for one in cast("Echo", world.actors["seller"]).served] == [2, 1]


def test_a_message_that_nobody_overtakes_comes_when_its_hold_is_over(make_world: MakeWorld) -> None:
    world = make_world(Fault("reorder", hold_ms=500))
    ask(world, "echo", {"n": 1})
    world.run(509)
    assert served(world) == 0
    world.run(510)
    assert served(world) == 1


def test_a_spoiled_answer_has_one_field_of_another_type() -> None:
    body = {"status": "completed", "text": "a", "number": 1, "list": [1], "object": {"a": 1}, "context": {"mine": 1}}
    seen = set()
    for seed in range(60):
        broken = spoiled(body, Random(seed))
        changed = [name for name in body if broken[name] != body[name]]
        assert len(changed) == 1
        assert type(broken[changed[0]]) is not type(body[changed[0]])
        seen.add(changed[0])
    assert seen == {"text", "number", "list", "object"}


def test_a_spoiled_answer_is_marked_in_the_trace(make_world: MakeWorld) -> None:
    world = make_world(Fault("invalid_answer", count=1))
    got = ask(world, "echo", {"n": 1})
    world.run(1_000)
    (reply,) = world.trace.of("reply")
    assert reply.data["spoiled"] is True
    assert got[0].body != {"echo": {"n": 1}, "by": "buyer"}


# -- webhooks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "why", "effects"),
    [
        (Fault("drop", message="webhook", count=1), "message lost", 1),
        (Fault("reset", message="webhook", count=1), "connection reset", 1),
        (Fault("truncate", message="webhook", count=1), "cut short", 1),
        (Fault("bad_signature", count=1), "answered with status 401: the signature does not verify", 1),
        (Fault("unavailable", message="webhook", status=500, count=1), "buyer answered with status 500", 1),
        (Fault("answer_lost", message="webhook", count=1), "answer lost", 2),
        (Fault("reset", message="webhook", direction="answer", count=1), "connection reset", 2),
    ],
)
def test_a_webhook_that_is_struck_comes_again(make_world: MakeWorld, fault: Fault, why: str, effects: int) -> None:
    world = make_world(fault)
    assert told(world) == [(False, why), (True, "")]
    assert len(heard(world)) == effects


def test_a_receiver_that_asks_to_wait_is_waited_for(make_world: MakeWorld) -> None:
    world = make_world(Fault("rate_limited", message="webhook", retry_after_s=60, count=1))
    told(world)
    first, second = world.trace.of("webhook")
    assert second.at_ms - first.at_ms >= 60 * SECOND_MS


def test_a_webhook_that_arrives_twice_is_heard_twice_and_acknowledged_once(make_world: MakeWorld) -> None:
    world = make_world(Fault("duplicate", message="webhook", count=1))
    assert told(world) == [(True, "")]
    assert heard(world) == [{"n": 1}] * 2


@pytest.mark.parametrize(
    ("skew_s", "taken"), [(-361, False), (-360, True), (0, True), (60, True), (61, False)]
)  # L1/security.mdx: five minutes, and a minute more or less
def test_a_signature_of_a_skewed_clock_holds_within_its_window(make_world: MakeWorld, skew_s: int, taken: bool) -> None:
    for actor, sign in (("seller", 1), ("buyer", -1)):
        world = make_world(Fault("clock_skew", actor, skew_ms=sign * skew_s * SECOND_MS))
        assert told(world, 100, timestamp=iso(DAY_MS))[0][0] is taken
        if taken and actor == "seller":
            assert heard(world)[0]["timestamp"] == iso(DAY_MS + skew_s * SECOND_MS)


def test_stamps_move_and_what_was_agreed_on_does_not() -> None:
    task = {"timestamp": iso(0), "result": {"packages": [{"start_time": iso(0), "created_at": iso(0)}]}, "n": None}
    moved = restamped(task, 90_500)
    assert moved["timestamp"] == "1970-01-01T00:01:30.500Z"
    assert moved["result"]["packages"] == [{"start_time": iso(0), "created_at": "1970-01-01T00:01:30.500Z"}]


# -- rules --------------------------------------------------------------------------------------------------------


def test_a_rule_holds_for_its_link_message_window_and_count(make_world: MakeWorld) -> None:
    world = make_world(Fault("reset", sender="buyer", to="sell*", message="ec*", from_ms=100, until_ms=200, count=1))
    for at_ms in (0, 100, 120, 250):
        world.at(at_ms, lambda: ask(world, "echo", {}) and None)
        world.at(at_ms, lambda: ask(world, "slow", {"ms": 1}) and None)
    world.run(1_000)
    assert [event.data["operation"] for event in world.trace.of("lost")] == ["echo"]


def test_chance_belongs_to_a_link_and_is_the_same_for_a_seed(make_world: MakeWorld) -> None:
    def lost(seed: int) -> list[str]:
        world = make_world(Fault("reset", probability=0.4), seed=seed)
        for n in range(50):
            world.at(n * 100, lambda: ask(world, "echo", {}) and None)
        world.run(DAY_MS)
        return [event.data["id"] for event in world.trace.of("lost")]

    assert lost(1) == lost(1)
    assert lost(1) != lost(2)
    assert 10 < len(lost(1)) < 30


def test_effects_add_up_and_the_first_end_counts() -> None:
    effect = Effect(delay_ms=5, rate=100, end="reset")
    effect.add(Effect(delay_ms=7, rate=10, hold_ms=3, copies=1, end="lost", spoiled=True))
    assert effect == Effect(delay_ms=12, rate=10, hold_ms=3, copies=1, end="reset", spoiled=True)


def test_every_kind_has_its_own_name_words_and_directions() -> None:
    assert len({kind.about for kind in KINDS.values()}) == len(KINDS) == 13
    for name, kind in KINDS.items():
        assert kind.name == name
        assert set(kind.directions) <= {"request", "answer"}
        assert set(kind.needs) <= set(kind.settings)
