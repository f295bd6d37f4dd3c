"""What must come of the campaign that a client's program plays, whichever client and transport it is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

Steps = dict[str, dict[str, Any]]
"""What came of each step of a campaign."""


def read(lines: Iterable[str]) -> Steps:
    """The steps of one campaign, as its program prints them."""
    rows = [json.loads(line) for line in lines]
    return {row["step"]: row for row in rows}


def assert_complete(steps: Steps) -> None:
    """From discovery over an approval that takes a person some hours to the last impression."""
    assert {"media_buy", "creative"} <= set(steps["capabilities"]["protocols"])
    assert steps["discovery"]["formats"] > 0
    assert steps["order"]["status"] == "submitted"
    assert steps["task before time has passed"]["status"] == "submitted"
    assert steps["task a day later"]["status"] == "completed"
    assert steps["media buy"]["status"] == "pending_creatives"
    assert steps["creative"]["action"] == "created"
    assert len(steps["creative"]["assigned_to"]) == 1
    assert steps["media buy in flight"]["status"] == "active"
    assert steps["media buy at the end"]["status"] == steps["delivery"]["status"] == "completed"
    assert steps["delivery"]["impressions"] > 0
    assert 0.9 * 1500 < steps["delivery"]["spend"] <= 1500


def assert_told_once(steps: Steps) -> None:
    """The same order again is the same task, and its end comes as a webhook whose sender is known."""
    assert steps["order again"]["task"] == steps["order"]["task"]
    assert steps["webhook"]["task"] == steps["order"]["task"]
    assert steps["webhook"]["status"] == "completed"


def assert_refused(steps: Steps) -> None:
    """Refusals carry what a client needs to go on."""
    conflict, wrong = steps["another order under the same key"], steps["order of what is not there"]
    assert (conflict["code"], conflict["error"]) == ("IDEMPOTENCY_CONFLICT", "IdempotencyConflictError")
    assert (wrong["code"], wrong["recovery"]) == ("PRODUCT_NOT_FOUND", "correctable")
    assert wrong["field"] == "packages[0].product_id"
