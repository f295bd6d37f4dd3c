"""Steps: one after the other, each at its own time or condition; what they send, save and expect."""

from typing import Any

import pytest

from sandbox.core.time import DAY_MS, iso, parse_instant
from sandbox.results.result import RunResult
from tests.unit.scenario.conftest import HEAD, Play, outcomes

START = parse_instant("2026-05-01")


def steps_at(result: RunResult) -> list[tuple[str, str]]:
    return [(event.data["name"], iso(event.at_ms)) for event in result.trace.of("step")]


def last_call(result: RunResult) -> Any:
    return list(result.trace.of("call"))[-1].data["payload"]


def test_a_step_begins_when_the_one_before_has_ended(play: Play) -> None:
    result = play(
        """\
steps:
  - {name: now, call: shop.echo}
  - {name: a day later, after: 1d, call: shop.echo}
  - {name: on a date, at: 2026-05-04T09:00Z, call: shop.echo}
  - {name: from the start, at: +5d, call: shop.echo}
  - {name: from the end, at: -1h, call: shop.echo}
  - {name: too late is at once, at: +1d, call: shop.echo}
"""
    )
    assert steps_at(result) == [
        ("now", "2026-05-01T00:00:00Z"),
        ("a day later", "2026-05-02T00:00:00Z"),
        ("on a date", "2026-05-04T09:00:00Z"),
        ("from the start", "2026-05-06T00:00:00Z"),
        ("from the end", "2026-05-10T23:00:00Z"),
        ("too late is at once", "2026-05-10T23:00:00Z"),
    ]


def test_a_step_may_wait_for_a_status(play: Play) -> None:
    result = play(
        """\
steps:
  - {name: submit, call: shop.submit, save: {creative: creative}}
  - name: go on
    when: {status: {entity: creative, id: $creative, is: approved}}
    call: shop.echo
"""
    )
    assert steps_at(result)[1] == ("go on", iso(START + 2 * DAY_MS))


def test_a_status_that_is_reached_already_is_not_waited_for(play: Play) -> None:
    result = play(
        """\
steps:
  - {call: shop.submit}
  - {name: later, after: 3d, when: {status: {entity: creative, is: approved}}}
"""
    )
    assert steps_at(result)[1] == ("later", iso(START + 3 * DAY_MS))


def test_a_message_counts_only_from_the_step_before_on(play: Play) -> None:
    text = """\
steps:
  - {call: shop.echo}
  - {call: shop.refuse, error: CONFLICT}
  - {name: go on, when: {message: {operation: OPERATION}}}
"""
    assert play(text.replace("OPERATION", "refuse")).status == "passed"
    failed = play(text.replace("OPERATION", "echo")).expectations[-1]
    assert not failed.held
    assert "the clock ended at 2026-05-11T00:00:00Z while it waited for at least 1 of call echo" in (failed.detail)


def test_waiting_within_a_time_fails_when_the_time_is_over(play: Play) -> None:
    result = play(
        """\
steps:
  - {call: shop.submit}
  - {name: hurry, when: {status: {entity: creative, is: approved}}, within: 1d}
"""
    )
    assert result.status == "failed"
    failed = result.expectations[-1]
    assert failed.name == "hurry"
    assert "expected creative to be approved within 1d, saw" in failed.detail
    assert "pending_review" in failed.detail
    assert failed.at_ms == START + DAY_MS


def test_variables_saved_values_and_instants_are_put_in(play: Play) -> None:
    result = play(
        """\
vars: {amount: 5, half: $amount, text: "${amount} apples"}
steps:
  - {call: shop.echo, body: {list: [{a: 7}, {a: 8}]}, save: {all: "got.list.*.a", last: got.list.-1}}
  - after: 1d
    call: shop.echo
    body:
      number: $amount
      half: $half
      text: $text
      all: $all
      last: ${last.a}
      dollar: $$5
      begin: $start
      later: ${start+3d}
      before: ${end-12h}
      now: ${now}
"""
    )
    assert last_call(result) == {
        "number": 5,
        "half": 5,
        "text": "5 apples",
        "all": [7, 8],
        "last": 8,
        "dollar": "$5",
        "begin": "2026-05-01T00:00:00Z",
        "later": "2026-05-04T00:00:00Z",
        "before": "2026-05-10T12:00:00Z",
        "now": "2026-05-02T00:00:00Z",
    }


def test_a_dollar_sign_of_a_variable_is_no_reference(play: Play) -> None:
    result = play(
        """\
why: it costs $$5
vars: {price: "$$amount"}
steps:
  - {call: shop.echo, body: {whole: $price, part: "at ${price}", plain: $$amount}}
"""
    )
    assert last_call(result) == {"whole": "$amount", "part": "at $amount", "plain": "$amount"}


def test_a_rest_operation_gets_path_params_and_body_apart(play: Play) -> None:
    result = play(
        """\
steps:
  - {call: shop.rest, path: {thing: 1}, params: {take: "2"}, body: {x: 3}}
"""
    )
    assert last_call(result) == {"pathParams": {"thing": 1}, "params": {"take": "2"}, "body": {"x": 3}}


def test_as_says_who_calls(play: Play) -> None:
    result = play("steps:\n  - {call: shop.echo, as: acme, expect: {by: acme}}\n")
    assert result.status == "passed"


@pytest.mark.parametrize(
    ("step", "held", "detail"),
    [
        ("{call: shop.echo, body: {a: 1}, expect: {got.a: 1}}", True, "2026-05-01"),
        ("{call: shop.echo, body: {a: 1}, expect: {got.a: 2}}", False, "got.a: expected 2, saw 1"),
        ("{call: shop.echo, expect: {got.a: 1}}", False, "got.a: expected 1, saw nothing"),
        ("{call: shop.refuse, error: CONFLICT}", True, "CONFLICT: it is there already"),
        ("{call: shop.refuse, error: {message: {matches: already}}}", True, "CONFLICT"),
        ("{call: shop.refuse, error: NOT_FOUND}", False, 'code: expected "NOT_FOUND", saw "CONFLICT"'),
        ("{call: shop.echo, error: CONFLICT}", False, "but the call succeeded"),
        ("{call: shop.refuse}", False, "expected an answer, saw the error CONFLICT: it is there already"),
        ("{call: shop.echo, save: {x: got.nothing}}", False, "the answer has no 'got.nothing'"),
        ("{do: shop.approve}", False, "nothing waits for approval"),
    ],
)
def test_a_step_is_judged_by_its_answer(play: Play, step: str, held: bool, detail: str) -> None:
    result = play(f"steps:\n  - {step}\n")
    assert (result.status == "passed") is held
    assert [judged.held for judged in result.expectations] == [held]
    assert detail in result.expectations[0].detail


def test_a_failed_step_ends_the_run_and_nothing_later_is_judged(play: Play) -> None:
    result = play(
        """\
steps:
  - {name: broken, after: 1d, call: shop.refuse}
  - {call: shop.echo}
expect:
  - {name: no echo, never: {message: {operation: echo}}}
"""
    )
    assert outcomes(result) == {"broken": False, "no echo": False}
    assert result.simulated_ms == DAY_MS
    assert "not judged, because the step 'broken' failed" in result.expectations[1].detail
    assert result.expectations[0].place == "s.yaml:6"


def test_controls_do_what_actors_do_by_themselves(play: Play) -> None:
    result = play(
        """\
steps:
  - {call: shop.submit, save: {creative: creative}}
  - {after: 1h, do: shop.approve}
  - {do: shop.restock, with: {amount: 5}}
  - {call: shop.echo, expect: {stock: [5]}}
expect:
  - name: approved by hand
    eventually: {status: {entity: creative, id: $creative, is: approved}}
    within: 1h
"""
    )
    assert result.status == "passed"


def test_an_actor_that_is_down_answers_with_unreachable(play: Play) -> None:
    result = play(
        """\
steps:
  - {do: shop.go_down}
  - {call: shop.echo, error: UNREACHABLE}
  - {do: shop.come_back}
  - {call: shop.echo}
"""
    )
    assert result.status == "passed"


def test_a_lost_answer_is_a_timeout_after_a_day(play: Play) -> None:
    result = play(
        """\
network: {faults: [{kind: answer_lost, to: shop, count: 1}]}
steps:
  - {name: lost, call: shop.echo, error: TIMEOUT}
  - {name: again, call: shop.echo}
"""
    )
    assert result.status == "passed"
    assert steps_at(result)[0] == ("lost", iso(START + DAY_MS))


def test_until_asks_again_until_the_answer_is_right(play: Play) -> None:
    text = """\
steps:
  - {name: poll, call: shop.echo, body: {now: $now}, until: {got.now: {min: 2026-05-01T03:30Z}}, every: 1h}
"""
    result = play(text)
    assert result.status == "passed"
    assert steps_at(result) == [("poll", "2026-05-01T04:00:00Z")]
    late = play(text.replace("every: 1h}", "every: 1h, within: 2h}")).expectations[0]
    assert not late.held
    assert "still so at 2026-05-01T02:00:00Z" in late.detail


def test_steps_that_the_clock_cuts_off_have_failed(play: Play) -> None:
    result = play("steps:\n  - {name: never, after: 30d, call: shop.echo}\n  - {call: shop.echo}\n")
    assert outcomes(result) == {"never": False}
    assert "while it waited 30d; 1 more step was never taken" in result.expectations[0].detail


def test_generated_actors_are_numbered_and_depend_on_the_seed_alone(play: Play) -> None:
    head = HEAD.replace("  shop: {kind: shop}", "  shop: {kind: shop, generate: 3, approval: 1h}")
    text = "steps:\n  - {call: shop-3.echo}\n"

    def stock(seed: int) -> Any:
        replies = list(play(text, head, seed).trace.of("reply"))
        return replies[0].data["body"]["stock"]

    assert stock(1) == stock(1)
    assert stock(1) != stock(2)


def test_equal_seeds_have_equal_digests(play: Play) -> None:
    text = "steps:\n  - {call: shop.submit}\n  - {after: 3d, call: shop.echo}\n"
    assert play(text, seed=7).digest == play(text, seed=7).digest
    assert play(text, seed=7).digest != play(text, seed=8).digest


def test_the_driver_takes_webhooks_at_its_address(play: Play) -> None:
    result = play(
        """\
steps:
  - {do: shop.remind, with: {url: "https://driver.sandbox.test/hook"}}
  - {name: heard, when: {message: {kind: webhook, to: driver, body: {left: 0}}}}
expect:
  - {name: once, holds: {event: {kind: webhook_result, data: {ok: true}, count: 1}}}
"""
    )
    assert outcomes(result) == {"once": True}
    assert [name for name, _ in steps_at(result)] == ["step 1: shop.remind", "heard"]
