"""The text of a scenario: which YAML is taken, and how the rest is refused."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.errors import InputError
from sandbox.scenario.source import MAX_BYTES, parse, read


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        parse(text, "s.yaml")
    return caught.value


def test_every_value_knows_its_line() -> None:
    document = parse("a: 1\nb:\n  - c: x\n    d:\n      e: y\n", "s.yaml")
    assert document.place(("b", 0, "c")) == "s.yaml:3"
    assert document.place(("b", 0, "d", "e")) == "s.yaml:5"
    assert document.place(("b", 0, "missing")) == "s.yaml:3"


def test_scalars_are_those_of_yaml_1_2() -> None:
    text = "{a: 09:00, b: yes, c: 2026-05-01, d: 12, e: -1.5, f: true, g: null, h: '12', i: 1e3, j: 0x10}"
    expected = {
        "a": "09:00",
        "b": "yes",
        "c": "2026-05-01",
        "d": 12,
        "e": -1.5,
        "f": True,
        "g": None,
        "h": "12",
        "i": 1000.0,
        "j": "0x10",
    }
    assert parse(text, "s.yaml").data == expected


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", None, "the file is empty"),
        ("# nothing but a comment\n", None, "the file is empty"),
        ("null\n", None, "the file is empty"),
        ("- a\n- b\n", 1, "a scenario is a mapping"),
        ("just text\n", 1, "a scenario is a mapping"),
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' is there twice"),
        ("a: &x [1]\nb: *x\n", 1, "anchors and aliases"),
        ("a: [*x]\n", 1, "anchors and aliases"),
        ("a: !!python/object:os.system {}\n", 1, "tags"),
        ("a: 1\n---\nb: 2\n", 2, "one document"),
        ("a: 'open\nb: 1\n", 3, "not valid YAML"),
        ("a:\n\t- b\n", 2, "not valid YAML"),
        ("a: \x00\n", 1, "not valid YAML"),
        ("? [a]\n: b\n", 1, "a key must be plain text"),
        ("a: 1\nb: 12345678901234567890\n", 2, "too large"),
        ("a: 1e999\n", 1, "too large"),
    ],
)
def test_what_is_no_scenario_text_is_refused_at_its_line(text: str, line: int | None, message: str) -> None:
    error = refused(text)
    assert message in error.message
    assert error.where == (f"s.yaml:{line}" if line else "s.yaml")


@pytest.mark.parametrize("depth", [100, 200_000])
def test_deep_nesting_exhausts_nothing(depth: int) -> None:
    assert "levels deep" in refused("a: " + "[" * depth).message


def test_a_file_that_is_not_utf_8_is_refused_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"title: x\nwhy: caf\xe9\n")
    with pytest.raises(InputError, match="not UTF-8") as caught:
        read(path)
    assert caught.value.where == f"{path}:2"


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(InputError, match="more than 1,000,000"):
        read(path)


def test_a_folder_is_no_scenario(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't read the file"):
        read(tmp_path)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InputError):
        assert isinstance(parse(text, "s.yaml").data, dict)
