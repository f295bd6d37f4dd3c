"""`adcp-sandbox check sales-agent` against a seller that the official Python SDK's framework serves.

For every check that fails it was decided who is wrong: it is the seller each time, which was written to be bought from
in a scenario and checks next to nothing, or the framework (``versions.newer_minor``).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import pytest

from sandbox.contract.auth import Auth
from sandbox.contract.run import Verdict, run
from sandbox.contract.sales_agent import SUBJECT
from tests.contract.programs import program

pytestmark = pytest.mark.slow

TOKEN = "token-of-the-sdk-seller"

WRONG = {
    "capabilities.tools": "update_media_buy too",  # docs/protocol/required-tasks.mdx: it is required
    "capabilities.served": "get_media_buy_delivery",  # start_date and end_date are optional; without them it crashes
    "versions.newer_minor": "'3.99' is not supported",  # versioning.mdx: the newest release before it is to be served
    "products.filter": "products that are not non_guaranteed",  # get_products.mdx: filters must leave out the others
    "idempotency.conflict": "it was taken",  # another order under a used key
    "idempotency.refusals": "it was taken",  # it takes the order of a product that it has not
    "refusals.product": "it was taken",
    "refusals.price": "it was taken",
    "refusals.dates": "it was taken",  # the end is before the start
    "refusals.account": "it was taken",
    "refusals.creative": "'action': 'created'",  # a creative of a format that there is not
    "refusals.nothing_done": "it was taken",
    "delivery.nothing_yet": "Error executing tool get_media_buy_delivery",  # again without dates
    "delivery.only_asked": "Error executing tool get_media_buy_delivery",
    "delivery.status": "Error executing tool get_media_buy_delivery",
}
"""What the seller does wrong, and words by which the check says so."""

WARNED = ("idempotency.marked", "lifecycle.actions", "lifecycle.waits_for_creatives", "refusals.specific")
"""What it should do: say that an answer is a replay, list valid_actions, wait for creatives, use the specific codes."""

RIGHT = """
    capabilities.answer capabilities.replay_window capabilities.controller auth.missing auth.wrong versions.served
    versions.named versions.other_major schema.reads schema.products schema.buys products.ids products.prices
    products.formats products.named formats.ids context.reads context.writes context.kept idempotency.replay
    idempotency.once idempotency.key_pattern idempotency.key_missing idempotency.parallel lifecycle.create
    lifecycle.confirmed refusals.budget refusals.no_packages refusals.tool refusals.recovery pages.size hostile.json
    hostile.types hostile.words hostile.numbers hostile.depth hostile.size hostile.unknown_fields
""".split()
"""What it does right, most of it by means of the framework."""


@pytest.fixture(scope="module")
def verdict() -> Iterator[Verdict]:
    with program([sys.executable, "-m", "tests.contract.sdk_seller"], {"SELLER_TOKEN": TOKEN}) as url:
        yield asyncio.run(run(SUBJECT, url, Auth("bearer", TOKEN)))


def test_what_it_does_right_passes(verdict: Verdict) -> None:
    passed = {one.check.name for one in verdict.findings if one.outcome == "passed"}
    assert sorted(set(RIGHT) - passed) == []


def test_what_it_does_wrong_fails_and_nothing_else(verdict: Verdict) -> None:
    failed = {one.check.name: one.detail for one in verdict.findings if one.broken}
    assert sorted(failed) == sorted(WRONG)
    assert {name: detail for name, detail in failed.items() if WRONG[name] not in detail} == {}


def test_what_it_should_do_is_warned_of(verdict: Verdict) -> None:
    warned = [one.check.name for one in verdict.findings if one.outcome == "failed" and not one.broken]
    assert sorted(warned) == sorted(WARNED)


def test_what_can_not_be_looked_at_is_skipped_with_a_reason(verdict: Verdict) -> None:
    reasons = {one.check.name: one.detail for one in verdict.findings if one.outcome == "skipped"}
    assert reasons["changes.budget"] == reasons["lifecycle.cancel"] == "the agent has no tool update_media_buy"
    assert "--control" in reasons["delivery.packages"]
    assert all(reasons.values())


def test_it_does_not_conform(verdict: Verdict) -> None:
    assert not verdict.conforms
    assert TOKEN not in str(verdict)
