"""Differences of answers are told place by place."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.journal.diff import ABSENT, Difference, as_rows, differences, told

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)


def test_each_place_that_differs_is_named() -> None:
    old = {"status": "DRAFT", "budget": {"total": 100}, "buys": [{"id": "mb_1"}, {"id": "mb_2"}], "gone": 1}
    new = {"status": "ACTIVE", "budget": {"total": 100.0}, "buys": [{"id": "mb_1"}], "added": None}
    assert list(differences(old, new)) == [
        Difference("status", "DRAFT", "ACTIVE"),
        Difference("buys.1", {"id": "mb_2"}, ABSENT),
        Difference("gone", 1, ABSENT),
        Difference("added", ABSENT, None),
    ]


def test_true_is_not_one() -> None:
    assert list(differences({"a": True}, {"a": 1})) == [Difference("a", True, 1)]


@given(JSON)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert list(differences(value, value)) == []


@given(JSON, JSON)
def test_what_differs_one_way_differs_the_other_way_too(one: Any, other: Any) -> None:
    there = {(row.path, id(row.old) if row.old is ABSENT else repr(row.old)) for row in differences(one, other)}
    back = {(row.path, id(row.new) if row.new is ABSENT else repr(row.new)) for row in differences(other, one)}
    assert there == back


def test_the_table_lines_up_and_ends() -> None:
    found = [Difference(f"rows.{number}", number, "x" * 100) for number in range(20)]
    lines = told([*found, Difference("last", ABSENT, 1)], most=3)
    assert lines == [*(f'  rows.{n}  {n}  ->  "{"x" * 58}…' for n in range(3)), "  … and 18 more"]


def test_what_is_absent_has_no_key_in_json() -> None:
    assert as_rows([Difference("a", ABSENT, 1), Difference("b", None, ABSENT)]) == [
        {"path": "a", "new": 1},
        {"path": "b", "old": None},
    ]
