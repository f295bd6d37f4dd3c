"""Ids and random numbers depend on the seed and their names, and on nothing else."""

import uuid

from sandbox.core.ids import Ids
from sandbox.core.rng import Streams


def test_ids_repeat_with_the_seed_and_differ_between_owners() -> None:
    first = [Ids(7, "seller").next("mb") for _ in range(2)]
    assert first[0] == first[1]
    assert Ids(7, "seller").next("mb") != Ids(7, "other").next("mb")
    assert Ids(7, "seller").next("mb") != Ids(8, "seller").next("mb")


def test_ids_of_one_owner_never_repeat() -> None:
    ids = Ids(1, "seller")
    assert len({ids.next("pkg") for _ in range(5000)}) == 5000


def test_uuids_have_the_form_of_version_4() -> None:
    assert uuid.UUID(Ids(1, "buyer").uuid()).version == 4


def test_streams_do_not_depend_on_the_order_in_which_they_are_asked_for() -> None:
    one, two = Streams(3), Streams(3)
    a1, b1 = one.stream("a").random(), one.stream("b").random()
    b2, a2 = two.stream("b").random(), two.stream("a").random()
    assert (a1, b1) == (a2, b2)
    assert a1 != b1


def test_drawing_more_for_one_purpose_changes_no_other() -> None:
    one, two = Streams(3), Streams(3)
    for _ in range(10):
        one.stream("seller", "approval").random()
    assert one.stream("seller", "review").random() == two.stream("seller", "review").random()
