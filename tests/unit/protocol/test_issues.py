"""What is wrong with a message is said in a way that helps to put it right."""

from typing import Any

import pytest

from sandbox.protocol import schemas
from sandbox.protocol.issues import MAX_ISSUES, SchemaIssue
from tests.unit.protocol.test_schemas import BUY


def first(tool: str, body: dict[str, Any], version: str = "3.1") -> SchemaIssue:
    return schemas.check(tool, "request", body, version)[0]


def package(**fields: Any) -> dict[str, Any]:
    return BUY | {"packages": [BUY["packages"][0] | fields]}


def test_a_missing_field_is_named_itself() -> None:
    issue = first("create_media_buy", {name: value for name, value in BUY.items() if name != "end_time"})
    assert (issue.pointer, issue.field, issue.keyword) == ("/end_time", "end_time", "required")
    assert str(issue) == "end_time is required"


@pytest.mark.parametrize(
    ("fields", "where", "message"),
    [
        ({"budget": "12"}, "packages[0].budget", 'must be number, is "12"'),
        ({"budget": -1}, "packages[0].budget", "must be at least 0"),
        ({"pacing": "slow"}, "packages[0].pacing", 'must be one of "even", "asap", "front_loaded"; is "slow"'),
        ({"format_ids": []}, "packages[0].format_ids", "must have at least 1 items"),
    ],
)
def test_what_would_be_right_is_said(fields: dict[str, Any], where: str, message: str) -> None:
    issue = first("create_media_buy", package(**fields))
    assert (issue.field, issue.message) == (where, message)


def test_of_several_alternatives_the_nearest_is_explained() -> None:
    wrong = {"buying_mode": "refine", "refine": [{"scope": "product", "action": "omit"}]}
    assert first("get_products", wrong).field == "refine[0].product_id"


def test_a_date_that_is_none_is_told_how_dates_are_written() -> None:
    issue = first("create_media_buy", BUY | {"start_time": "tomorrow"})
    assert (issue.field, issue.message) == ("start_time", 'must be written as date-time, is "tomorrow"')


def test_an_answer_is_measured_by_the_shape_that_it_was_meant_to_have() -> None:
    bought: dict[str, Any] = {
        "status": "completed",
        "media_buy_id": "mb",
        "confirmed_at": None,
        "revision": 0,
        "packages": [],
    }
    issues = schemas.check_answer("create_media_buy", bought, "3.1")
    assert [(issue.field, issue.message) for issue in issues] == [("revision", "must be at least 1")]


def test_an_unknown_field_is_named_where_unknown_fields_are_forbidden() -> None:
    issue = first("list_property_lists", {"colour": 1}, "3.0")
    assert (issue.field, issue.message) == ("colour", "is not a known field here")


def test_long_values_are_cut_and_long_lists_of_issues_too() -> None:
    many = BUY | {"packages": [{"product_id": 1, "budget": "x" * 500, "pricing_option_id": "p"}] * 30}
    issues = schemas.check("create_media_buy", "request", many, "3.1")
    assert len(issues) == MAX_ISSUES
    assert max(len(issue.message) for issue in issues) < 100


def test_a_pointer_becomes_a_path() -> None:
    assert SchemaIssue("/packages/0/a~1b/c~0d", "", "").field == "packages[0].a/b.c~d"
    assert SchemaIssue("", "is wrong", "").field == ""
    assert str(SchemaIssue("", "is wrong", "")) == "the body is wrong"
