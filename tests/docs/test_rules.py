"""docs/rules.md is current, what tests cite exists, and every rule that is built has a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.buyer import api
from tests.docs.citations import citations, cited
from tests.docs.rules import PLACE, all_citations, citing, decisions, parts, text

RULES = {number for part in parts() for number in part.rules}
BUILT = [number for part in parts() if not part.is_open for number in part.rules]


def test_the_document_is_current() -> None:
    assert PLACE.read_text(encoding="utf-8") == text(), "run make rules"


def test_the_numbers_are_those_that_tests_cite() -> None:
    assert sorted(RULES) == list(range(1, 223))
    assert list(range(1, 212)) == BUILT  # parts A to Q, in order


def test_no_test_cites_a_rule_that_does_not_exist() -> None:
    known = {str(number) for number in RULES} | set(decisions())
    wrong = [f"{one.file}:{one.line} cites {one.what}" for one in all_citations() if one.what not in known]
    assert wrong == []


def test_no_operation_names_a_rule_that_does_not_exist() -> None:
    wrong = {operation.name: set(operation.detail.rules) - RULES for operation in api.operations()}
    assert {name: rules for name, rules in wrong.items() if rules} == {}


@pytest.mark.parametrize("number", BUILT)
def test_every_rule_has_a_test(number: int) -> None:
    assert citing(str(number)), f"no test says `# rule {number}`"


@pytest.mark.parametrize(
    ("comment", "found"),
    [
        ("# rule 72", ["72"]),
        ("# rules 1, 3 to 5, C24", ["1", "3", "4", "5", "C24"]),
        ("# rules 83, 93", ["83", "93"]),
        ("# rules 1, 2 and 4", ["1", "2", "4"]),
        ("# rules 133, 134-136", ["133", "134", "135", "136"]),
        ("# rule 88, conflict C17; rule 90", ["88", "90", "C17"]),
        ("# 161, 163", ["161", "163"]),
        ("# rule 46: without the fee of 8 %", ["46"]),
        ("# conflicts C1, C2", ["C1", "C2"]),
        ("# rules 9 and 10: all or nothing", ["9", "10"]),
        ("# 30 days of the flight", []),
        ("# 12.5 is the bid", []),
        ("# facts 4.5", []),
        ("# what the ruler says", []),
    ],
)
def test_a_citation_is_read_in_every_form_that_is_used(comment: str, found: list[str]) -> None:
    assert sorted(cited(comment)) == sorted(found)


def test_a_citation_belongs_to_the_test_around_it_or_below_it(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(
        "# rule 1\n\n"
        "@mark([(1, 2)])  # rule 2\n"
        "def test_a():\n    # rule 3\n    pass\n\n"
        "# rule 4\ndef test_b():  # rule 5\n    pass\n\n"
        "def helper():  # rule 6\n    pass\n"
    )
    owners = {one.what: one.test for one in citations(tmp_path)}
    assert owners == {"1": "", "2": "test_a", "3": "test_a", "4": "test_b", "5": "test_b", "6": ""}
