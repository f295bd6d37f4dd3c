"""Test cohorts (rule 140)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.buyer.conftest import Platform


def test_a_cohort_has_a_name_and_a_split(platform: Platform) -> None:  # rule 140
    path = {"advertiserId": platform.advertiser()}
    body = {"name": "Q1 Creative Test", "description": "Old against new", "splitPercentage": 50}
    reply = platform.reply("create_test_cohort", body, path)
    assert reply.status == 201
    assert {name: reply.body["data"][name] for name in body} == body
    assert platform.call("list_test_cohorts", path=path)["data"]["testCohorts"] == [reply.body["data"]]


@pytest.mark.parametrize("split", [0, 100, 12.5])
def test_a_split_may_be_anything_from_none_to_all(platform: Platform, split: float) -> None:  # rule 140
    path = {"advertiserId": platform.advertiser()}
    made = platform.call("create_test_cohort", {"name": "x", "splitPercentage": split}, path)
    assert made["data"]["splitPercentage"] == split


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x"}, "splitPercentage"),
        ({"splitPercentage": 50}, "name"),
        ({"name": "x", "splitPercentage": 101}, "splitPercentage"),
        ({"name": "x", "splitPercentage": -1}, "splitPercentage"),
    ],
)
def test_a_wrong_cohort_is_refused(platform: Platform, body: dict[str, Any], field: str) -> None:  # rule 140
    path = {"advertiserId": platform.advertiser()}
    assert platform.error("create_test_cohort", body, path)["field"] == field
    assert platform.call("list_test_cohorts", path=path)["data"]["total"] == 0
