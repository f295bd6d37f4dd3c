"""Paths, references and comparisons: the small parts that steps and expectations share."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.errors import InputError
from sandbox.scenario.compare import check_form, described, mismatch, same
from sandbox.scenario.references import UnknownNameError, escape, names, resolve
from sandbox.scenario.select import select

ANSWER = {"id": 1, "buys": [{"id": "a", "status": "ACTIVE"}, {"id": "b", "status": "PAUSED"}], "none": None}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", [ANSWER]),
        ("id", [1]),
        ("buys.0.id", ["a"]),
        ("buys.-1.id", ["b"]),
        ("buys.2.id", []),
        ("buys.*.status", ["ACTIVE", "PAUSED"]),
        ("buys[id=b].status", ["PAUSED"]),
        ("buys.[id=c].status", []),
        ("none", [None]),
        ("id.deeper", []),
        ("missing", []),
    ],
)
def test_a_path_finds_what_is_there(path: str, found: list[Any]) -> None:
    assert select(ANSWER, path) == found


@pytest.mark.parametrize(
    ("expected", "values", "held"),
    [
        ("ACTIVE", ["ACTIVE"], True),
        ("ACTIVE", ["PAUSED"], False),
        ("ACTIVE", [], False),
        ("ACTIVE", ["ACTIVE", "ACTIVE"], True),
        ("ACTIVE", ["ACTIVE", "PAUSED"], False),
        (1, [1.0], True),
        (1, [True], False),
        (None, [None], True),
        ({"a": 1}, [{"a": 1}], True),
        ({"equals": {"in": 1}}, [{"in": 1}], True),
        ({"equals": 100, "within": 5}, [95], True),
        ({"equals": 100, "within": 5}, [94.9], False),
        ({"equals": 100, "within": "1%"}, [101], True),
        ({"equals": 100, "within": "1%"}, [101.1], False),
        ({"differs": "ACTIVE"}, ["PAUSED"], True),
        ({"differs": "ACTIVE"}, ["ACTIVE"], False),
        ({"in": ["A", "B"]}, ["B"], True),
        ({"in": ["A", "B"]}, ["C"], False),
        ({"between": [1, 3]}, [3], True),
        ({"between": [1, 3]}, [3.1], False),
        ({"min": 2, "max": 4}, [2], True),
        ({"min": 2, "max": 4}, [5], False),
        ({"min": 2}, ["3"], False),
        ({"min": "2026-05-01T02:00+02:00"}, ["2026-05-01"], True),
        ({"max": "b"}, ["a"], True),
        ({"matches": "^mb_"}, ["mb_1"], True),
        ({"matches": "^mb_"}, [5], False),
        ({"contains": "b"}, ["abc"], True),
        ({"contains": {"a": 1}}, [[{"a": 1}]], True),
        ({"contains": 1}, [[2]], False),
        ({"count": 2}, ["a", "b"], True),
        ({"count": {"min": 3}}, [["a", "b"]], False),
        ({"count": 0}, [], True),
        ({"any": "A"}, ["A", "B"], True),
        ({"any": {"min": 3}}, [1, 2], False),
        ({"present": True}, [None], True),
        ({"present": True}, [], False),
        ({"absent": True}, [], True),
        ({"absent": True}, [1], False),
    ],
)
def test_comparisons(expected: Any, values: list[Any], held: bool) -> None:
    problem = mismatch(expected, values)
    assert (problem == "") is held
    assert held or described(expected) in problem


@given(json_values)
def test_every_value_is_equal_to_itself(value: Any) -> None:
    assert same(value, value)
    assert mismatch({"equals": value}, [value]) == ""


@given(json_values, json_values)
def test_a_value_equals_or_differs_and_never_both(one: Any, other: Any) -> None:
    equal = mismatch({"equals": one}, [other]) == ""
    differs = mismatch({"differs": one}, [other]) == ""
    assert equal is not differs


@pytest.mark.parametrize(
    "operators",
    [
        {"within": 1},
        {"equals": 1, "within": "a lot"},
        {"matches": "("},
        {"between": [1]},
        {"any": {"matches": "("}},
    ],
)
def test_operators_that_make_no_sense_are_refused(operators: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"within|expression|between"):
        check_form(operators)


KNOWN = {"name": "x", "number": 7, "deep": {"list": [{"id": "a-1"}]}, "start": "2026-05-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$number", 7),
        ("${number}", 7),
        ("${deep.list.0.id}", "a-1"),
        ("${deep.list.[id=a-1].id}", "a-1"),
        ("$name and ${number}", "x and 7"),
        ("$$name", "$name"),
        ("$", "$"),
        ("5$", "5$"),
        ("${start+1d}", "2026-05-02T00:00:00Z"),
        ("${start - 90s}", "2026-04-30T23:58:30Z"),
        ("from ${start+1h}", "from 2026-05-01T01:00:00Z"),
    ],
)
def test_references_stand_for_values(text: str, value: Any) -> None:
    assert resolve(text, KNOWN) == value
    assert resolve({"a": [text]}, KNOWN) == {"a": [value]}


@given(json_values)
def test_an_escaped_value_stands_for_itself(value: Any) -> None:
    assert resolve(escape(value), {}) == value
    assert resolve(resolve(escape(value), {}, keep_unknown=True), {}) == value


def test_a_reference_to_nothing_is_an_error_with_a_hint() -> None:
    with pytest.raises(UnknownNameError) as caught:
        resolve("$nuber", KNOWN)
    assert caught.value.hint == "did you mean number?"
    with pytest.raises(UnknownNameError, match=r"'deep' has no 'list.4'"):
        resolve("${deep.list.4}", KNOWN)


@pytest.mark.parametrize("text", ["${}", "${a b}", "${start+}", "${start+soon}", "${name+1d}"])
def test_a_reference_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(InputError):
        resolve(text, KNOWN)


def test_keys_may_be_references_too() -> None:
    assert resolve({"$name": {"a.${number}": 1}}, KNOWN) == {"x": {"a.7": 1}}


def test_all_names_are_found_with_their_place() -> None:
    value = {"a": ["$x", {"b": "${y.z} and $x"}], "c": "$$no"}
    assert list(names(value)) == [(("a", 0), "x"), (("a", 1, "b"), "y"), (("a", 1, "b"), "x")]
