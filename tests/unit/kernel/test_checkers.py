"""Every checker finds its breach and is silent without one."""

from typing import Any

import pytest

from sandbox.core.time import iso
from sandbox.kernel.checkers import CHECKERS
from sandbox.kernel.checkers.base import Checker
from sandbox.kernel.checkers.bookings import Bookings
from sandbox.kernel.checkers.causality import Causality
from sandbox.kernel.checkers.lifecycles import Lifecycles
from sandbox.kernel.checkers.overspend import Overspend
from sandbox.kernel.checkers.schemas import Schemas
from tests.unit.kernel.conftest import MakeWorld, ask

Events = list[tuple[int, str, dict[str, Any]]]

LINE = {"line_id": "p", "budget_micros": 100, "daily_cap_micros": 60, "opened_ms": 0}
CALL = {"id": "c1", "to": "x", "operation": "echo"}
STATUS = {"entity": "media_buy", "id": "m", "why": ""}


BORN = {"entity": "media_buy", "old": None, "new": "pending_start", "why": ""}


def ordered(key: str, number: int, media_buy: str) -> list[tuple[int, str, str, dict[str, Any]]]:
    """An order of the platform's buy b1, the media buy that it makes, and the answer."""
    payload = {"idempotency_key": key, "push_notification_config": {"operation_id": "b1"}}
    call = {"id": f"c{number}", "to": "seller", "operation": "create_media_buy"}
    answer = {"id": f"c{number}", "to": "buyer", "operation": "create_media_buy", "ok": True}
    return [
        (number, "call", "buyer", call | {"payload": payload}),
        (number, "status", "seller", BORN | {"id": media_buy}),
        (number, "reply", "seller", answer | {"body": {"status": "completed", "media_buy_id": media_buy}}),
    ]


def bookings(make_world: MakeWorld, events: list[tuple[int, str, str, dict[str, Any]]]) -> list[str]:
    world = make_world()
    checker = Bookings(world)
    world.trace.listen(checker.on_event)
    for at_ms, kind, actor, data in events:
        world.trace.emit(at_ms, kind, actor, data)
    return [violation.message for violation in checker.violations]


def test_a_media_buy_that_runs_twice_is_found_and_one_that_was_ended_is_none(make_world: MakeWorld) -> None:
    first, second = ordered("k1", 1, "m1"), ordered("k2", 2, "m2")
    assert bookings(make_world, first) == []
    (found,) = bookings(make_world, [*first, *second])
    assert "b1 of buyer is bought twice from seller: m1 and m2 run" in found
    ended = (1, "status", "seller", {"entity": "media_buy", "id": "m1", "old": "active", "new": "rejected", "why": ""})
    assert bookings(make_world, [*first, ended, *second]) == []


def test_an_order_that_makes_two_media_buys_is_found(make_world: MakeWorld) -> None:
    twice = (2, "status", "seller", BORN | {"id": "m2"})
    (found,) = bookings(make_world, [*ordered("k1", 1, "m1"), twice])
    assert "seller makes media buy m2 without an order of its own" in found


def delivered(spend_micros: int, hour: int = 0) -> dict[str, Any]:
    return {"line_id": "p", "hour": iso(hour * 3_600_000), "spend_micros": spend_micros}


def breaches(make_world: MakeWorld, kind: type[Checker], events: Events) -> list[str]:
    world = make_world()
    checker = kind(world)
    world.trace.listen(checker.on_event)
    for at_ms, name, data in events:
        world.trace.emit(at_ms, name, "a", data)
    return [v.message for v in checker.violations]


@pytest.mark.parametrize(
    ("kind", "events", "message"),
    [
        (Causality, [(5, "step", {}), (4, "step", {})], "goes back in time"),
        (Causality, [(1, "reply", CALL)], "never asked"),
        (Causality, [(1, "call", CALL), (2, "reply", CALL), (3, "reply", CALL)], "answered twice"),
        (Causality, [(1, "call", CALL), (2, "reply", CALL | {"operation": "other"})], "asked echo"),
        (
            Causality,
            [(1, "webhook_result", {"id": "w", "ok": True}), (2, "webhook", {"id": "w"})],
            "after it was acknowledged",
        ),
        (Lifecycles, [(1, "status", STATUS | {"entity": "unicorn", "old": None, "new": "x"})], "no lifecycle"),
        (
            Lifecycles,
            [
                (1, "status", STATUS | {"old": None, "new": "pending_start"}),
                (2, "status", STATUS | {"old": "active", "new": "paused"}),
            ],
            "but was pending_start",
        ),
        (
            Lifecycles,
            [
                (1, "status", STATUS | {"old": None, "new": "active"}),
                (2, "status", STATUS | {"old": "active", "new": "rejected"}),
            ],
            "may not go from active to rejected",
        ),
        (Overspend, [(1, "delivery", delivered(1))], "never opened"),
        (Overspend, [(0, "line", LINE), (1, "delivery", delivered(61))], "in a day"),
        (
            Overspend,
            [
                (0, "line", LINE),
                (1, "delivery", delivered(60)),
                (2, "delivery", delivered(41, 24)),
            ],
            "of 100",
        ),
        (Overspend, [(9, "line", LINE | {"opened_ms": 9}), (8, "delivery", delivered(1))], "before it was opened"),
        (Schemas, [(1, "violation", {"message": "no product_id"})], "no product_id"),
    ],
)
def test_a_breach_is_found(make_world: MakeWorld, kind: type[Checker], events: Events, message: str) -> None:
    assert any(message in found for found in breaches(make_world, kind, events))


def test_spending_all_of_a_budget_within_its_daily_caps_is_no_breach(make_world: MakeWorld) -> None:
    events: Events = [(0, "line", LINE), (1, "delivery", delivered(60)), (2, "delivery", delivered(40, 24))]
    assert breaches(make_world, Overspend, events) == []


def test_a_budget_cut_below_the_spend_is_a_breach_only_if_spending_goes_on(make_world: MakeWorld) -> None:
    cut: Events = [(0, "line", LINE), (1, "delivery", delivered(50)), (2, "line", LINE | {"budget_micros": 30})]
    assert breaches(make_world, Overspend, [*cut, (3, "delivery", delivered(0, 1))]) == []
    assert len(breaches(make_world, Overspend, [*cut, (3, "delivery", delivered(1, 1))])) == 1


def test_an_ordinary_run_breaks_nothing(make_world: MakeWorld) -> None:
    world = make_world()
    checkers = [kind(world) for kind in CHECKERS]
    for checker in checkers:
        world.trace.listen(checker.on_event)
    for n in range(10):
        ask(world, "echo", {"n": n})
    world.run(1000)
    for checker in checkers:
        checker.finish()
    assert [v for checker in checkers for v in checker.violations] == []
    assert {checker.name for checker in checkers} == {kind.name for kind in CHECKERS}
