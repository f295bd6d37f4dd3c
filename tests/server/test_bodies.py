"""What a body may look like, and what is refused before any handler sees it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.core.errors import ApiError
from sandbox.server.bodies import MAX_DEPTH, parse_object, whole_numbers

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(alphabet=st.characters(exclude_categories=["Cs"])), JSON))
def test_every_json_object_is_read_as_it_is(value: dict[str, object]) -> None:
    assert parse_object(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"a": "\xff"}', "not UTF-8 \\(byte 7\\)"),
        (b'{"a": 1, "a": 2}', "'a' comes twice"),
        (b'{"x": {"b": 1, "b": 1}}', "'b' comes twice"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"a": 1', "not JSON"),
        (b"[]", "give a JSON object"),
        (b'"text"', "give a JSON object"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\uDFFF": 1}', "surrogate"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, f"more than {MAX_DEPTH} deep"),
        (b'{"a":' + b"[" * 100_000, "deep"),
        (b'{"a":' + b"[" * 70 + b"]" * 70 + b"}", f"more than {MAX_DEPTH} deep"),
    ],
)
def test_bodies_that_readers_disagree_about_are_refused(raw: bytes, why: str) -> None:
    with pytest.raises(ApiError, match=why) as caught:
        parse_object(raw)
    assert caught.value.code == "VALIDATION_ERROR"
    assert caught.value.field == "body"


def test_wide_bodies_are_not_deep_ones() -> None:
    raw = json.dumps({"rows": [{"a": [1]}] * 1000}).encode()
    assert len(parse_object(raw)["rows"]) == 1000


@given(JSON)
def test_whole_numbers_are_ints_and_nothing_else_changes(value: object) -> None:
    found = whole_numbers(value)
    assert found == value
    assert not [number for number in _numbers(found) if isinstance(number, float) and number.is_integer()]


def _numbers(value: object) -> list[object]:
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return [number for part in parts for number in _numbers(part)]
    return [value]
