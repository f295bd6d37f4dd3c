"""Expectations: held when they should, and when not, with what was expected, seen and when."""

import pytest

from sandbox.core.time import DAY_MS, HOUR_MS, parse_instant
from tests.unit.scenario.conftest import Play

START = parse_instant("2026-05-01")
SUBMIT = "steps:\n  - {call: shop.submit, save: {creative: creative}}\n"


def expectation(promise: str) -> str:
    return f"{SUBMIT}expect:\n  - name: it\n    {promise}\n"


@pytest.mark.parametrize(
    ("promise", "held"),
    [
        ("eventually: {status: {entity: creative, is: approved}}", True),
        ("eventually: {status: {entity: creative, id: $creative, is: approved}}", True),
        ("eventually: {status: {entity: creative, id: another, is: approved}}", False),
        ("eventually: {status: {entity: creative, actor: shop, is: approved}}", True),
        ("eventually: {status: {entity: creative, actor: another, is: approved}}", False),
        ("eventually: {status: {entity: creative, is: rejected}}", False),
        ("{eventually: {status: {entity: creative, is: approved}}, within: 1d}", False),
        ("{eventually: {status: {entity: creative, is: approved}}, within: 2d}", True),
        ("{eventually: {status: {entity: creative, is: pending_review}}, from: +1d}", True),
        ("{eventually: {status: {entity: creative, is: pending_review}}, from: +3d}", False),
        ("never: {status: {entity: creative, is: rejected}}", True),
        ("never: {status: {entity: creative, is: approved}}", False),
        ("{never: {status: {entity: creative, is: approved}}, until: +1d}", True),
        ("{never: {status: {entity: creative, is: pending_review}}, from: +1d}", False),
        ("always: {status: {entity: creative, not: rejected}}", True),
        ("always: {status: {entity: creative, is: approved}}", False),
        ("{always: {status: {entity: creative, is: approved}}, from: +3d}", True),
        ("always: {status: {entity: campaign, is: ACTIVE}}", False),
        ("holds: {status: {entity: creative, is: approved}}", True),
        ("{holds: {status: {entity: creative, is: approved}}, at: +1d}", False),
        ("{holds: {status: {entity: creative, in: [pending_review, approved]}}, at: +1d}", True),
        ("holds: {status: {entity: campaign, not: DRAFT}}", False),
    ],
)
def test_statuses(play: Play, promise: str, held: bool) -> None:
    braced = promise if promise.startswith("{") else f"{{{promise}}}"
    result = play(f"{SUBMIT}expect:\n  - {{name: it, {braced[1:]}\n")
    assert [judged.held for judged in result.expectations] == [held], result.expectations[0].detail


@pytest.mark.parametrize(
    ("promise", "held"),
    [
        ("eventually: {message: {from: driver, to: shop, operation: sub*}}", True),
        ("eventually: {message: {to: s?op, operation: echo}}", False),
        ("eventually: {message: {kind: reply, ok: true, body: {creative: {matches: ^cr_}}}}", True),
        ("eventually: {message: {kind: reply, body: {creative: cr_1}}}", False),
        ("holds: {message: {operation: submit, count: 1}}", True),
        ("holds: {message: {operation: submit, count: {min: 2}}}", False),
        ("never: {message: {operation: submit, count: {min: 2}}}", True),
        ("never: {message: {kind: lost}}", True),
        ("never: {message: {operation: submit}}", False),
        ("eventually: {event: {kind: status, actor: shop, data: {new: approved, why: fine}}}", True),
        ("eventually: {event: {kind: status, data: {new: rejected}}}", False),
        ("holds: {event: {kind: status, count: 3}}", True),
    ],
)
def test_messages_and_events(play: Play, promise: str, held: bool) -> None:
    result = play(expectation(promise))
    assert [judged.held for judged in result.expectations] == [held], result.expectations[0].detail


@pytest.mark.parametrize(
    ("promise", "held"),
    [
        ("holds: {call: shop.echo, body: {a: $creative}, field: got.a, matches: ^cr_}", True),
        ("holds: {call: shop.echo, field: by, equals: driver}", True),
        ("holds: {call: shop.echo, as: acme, field: by, equals: driver}", False),
        ("holds: {call: shop.echo, field: nothing, absent: true}", True),
        ("holds: {call: shop.echo, field: nothing}", False),
        ("eventually: {call: shop.echo, body: {n: $now}, field: got.n, min: 2026-05-03}", True),
        ("always: {call: shop.echo, body: {n: $now}, field: got.n, max: 2026-05-03}", False),
        ("never: {call: shop.echo, field: by, equals: acme}", True),
        ("never: {call: shop.echo, field: by, equals: driver}", False),
        ("eventually: {call: shop.refuse}", False),
        ("holds: {metric: spend, equals: 0}", True),
        ("holds: {metric: spend, min: 1}", False),
        ("always: {metric: overspend, max: 0}", True),
        ("eventually: {metric: impressions, min: 1}", False),
        ("holds: {metric: ctr, absent: true}", True),
    ],
)
def test_metrics_and_answers(play: Play, promise: str, held: bool) -> None:
    result = play(expectation(promise))
    assert [judged.held for judged in result.expectations] == [held], result.expectations[0].detail


def test_a_failure_says_what_was_expected_what_was_seen_and_when(play: Play) -> None:
    result = play(expectation("never: {status: {entity: creative, is: approved}}"))
    failed = result.expectations[0]
    assert failed.detail.startswith("expected never creative to be approved, saw cr_")
    assert failed.detail.endswith("approved at 2026-05-03T00:00:00Z")
    assert failed.at_ms == START + 2 * DAY_MS
    assert failed.place == "s.yaml:8"
    assert [event.data.get("new") for event in failed.nearest][-1] == "approved"
    assert result.repeat == "adcp-sandbox run s.yaml --seed 1"


def test_windows_are_sampled_every_hour_or_as_said(play: Play) -> None:
    promise = "eventually: {call: shop.echo, body: {n: $now}, field: got.n, min: 2026-05-01T02:30Z}"
    result = play(expectation(promise))
    assert result.expectations[0].at_ms == START + 3 * HOUR_MS
    result = play(expectation(f"{promise}\n    every: 30m"))
    assert result.expectations[0].at_ms == START + 5 * HOUR_MS // 2


def test_a_value_that_no_step_has_saved_yet_is_waited_for(play: Play) -> None:
    late = SUBMIT.replace("{call", "{after: 1d, call")
    promise = "call: shop.echo, body: {a: $creative}, field: got.a, present: true"
    result = play(f"{late}expect:\n  - {{name: it, eventually: {{{promise}}}}}\n")
    assert result.status == "passed"
    result = play(f"{late}expect:\n  - {{name: it, holds: {{{promise}}}, at: +1h}}\n")
    assert "there is no 'creative' at 2026-05-01T01:00:00Z" in result.expectations[0].detail


def test_looking_at_a_metric_changes_nothing_that_happens(play: Play) -> None:
    plain = play(SUBMIT)
    watched = play(expectation("always: {metric: spend, max: 0}"))
    assert watched.digest == plain.digest


def test_a_breach_that_a_checker_finds_fails_the_run(play: Play) -> None:
    result = play("steps:\n  - {call: shop.submit}\n  - {do: shop.slip}\n")
    assert result.status == "failed"
    assert [violation.checker for violation in result.violations] == ["lifecycles"]
    assert "may not go from pending_review to archived" in result.violations[0].message
