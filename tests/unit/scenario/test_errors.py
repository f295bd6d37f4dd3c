"""A mistake in a scenario is told with the file, the line and what would be right."""

import pytest

from tests.unit.scenario.conftest import HEAD, Refuse

CALL = "steps:\n  - {call: shop.echo}\n"


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("sed: 1\n", 5, "unknown field 'sed'", "seed"),
        ("steps:\n  - cal: shop.echo\n", 6, "unknown field 'cal'", "call"),
        ("steps:\n  - call: shop.ecko\n", 6, "shop has no operation 'ecko'", "echo"),
        ("steps:\n  - call: shp.echo\n", 6, "there is no actor 'shp'", "shop"),
        ("steps:\n  - call: echo\n", 6, "call: ", ""),
        ("steps:\n  - do: shop.aprove\n", 6, "shop has no control 'aprove'", "approve"),
        ("steps:\n  - do: shop.restock\n    with: {amnt: 1}\n", 6, "amount", "`with` takes amount"),
        ("steps:\n  - do: shop.approve\n    body: {}\n", 6, "`body` needs `call`", ""),
        ("steps:\n  - call: shop.echo\n    path: {a: 1}\n", 6, "is an AdCP task", ""),
        ("steps:\n  - call: shop.echo\n    body: {x: $nme}\n", 7, "there is no 'nme' here", ""),
        ("steps:\n  - {name: nothing}\n", 6, "a step has `call`, `do`", ""),
        ("steps:\n  - {call: shop.echo, error: X, save: {a: b}}\n", 6, "a step with `error`", ""),
        ("steps:\n  - at: tomorrow\n    call: shop.echo\n", 6, "not an instant", ""),
        ("steps:\n  - after: soon\n    call: shop.echo\n", 6, "not a duration", ""),
        ("expect:\n  - holds: {metric: spend}\n", 6, "'name' is missing", ""),
        ("expect:\n  - name: x\n    holds: {metric: spent, max: 1}\n", 7, "unknown metric 'spent'", ""),
        ("expect:\n  - name: x\n    holds: {metric: spend, mxa: 1}\n", 7, "unknown field 'mxa'", "max"),
        ("expect:\n  - name: x\n    holds: {spend: 1}\n", 7, "a condition has one of", ""),
        ("expect:\n  - name: x\n    never: {metric: spend}\n    at: end\n", 6, "`at` goes with `holds`", ""),
        ("expect:\n  - name: x\n", 6, "say one of `holds`", ""),
        (
            "expect:\n  - name: x\n    never: {status: {entity: creativ, is: a}}\n",
            7,
            "there is no lifecycle 'creativ'",
            "",
        ),
        (
            "expect:\n  - name: x\n    never: {status: {entity: creative, is: fine}}\n",
            7,
            "creative has no state 'fine'",
            "",
        ),
        (
            "expect:\n  - name: x\n    holds: {metric: spend, equals: 1, within: much}\n",
            7,
            "`within` is a number or a percentage",
            "",
        ),
        ("expect:\n  - name: x\n    holds: {call: shop.ecko}\n", 7, "shop has no operation 'ecko'", "echo"),
        ("network: {latency: {median: 10ms, p95: 5ms}}\n", 5, "p95 is below the median", ""),
        ("network:\n  faults:\n    - {kind: drp}\n", 7, "kind: ", ""),
        ("seed: -1\n", 5, "seed: ", ""),
        ("seed: many\n", 5, "seed: ", ""),
        ("population: {users: 0}\n", 5, "users: ", ""),
        ("vars: {end: 1}\n", 5, "`end` always means an instant", ""),
        ("vars: {a: $b}\n", 5, "there is no 'b'", ""),
    ],
)
def test_the_line_the_mistake_and_the_way_out(refuse: Refuse, text: str, line: int, message: str, hint: str) -> None:
    error = refuse(text)
    assert error.where == f"s.yaml:{line}"
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("actors", "line", "message"),
    [
        ("  shop: {kind: shp}", 4, "unknown kind of actor 'shp'"),
        ("  shop: {}", 4, "'kind' is missing"),
        ("  shop:\n    kind: shop\n    stok: [1]", 6, "unknown field 'stok'"),
        ("  shop:\n    kind: shop\n    stock:\n      - one", 7, "valid integer"),
        ("  shop: {kind: shop, stock: [13]}", 4, "13 is no number for a shop"),
        ("  shops:\n    kind: bare\n    generate: 2", 6, "can't be generated"),
        ("  Shop: {kind: shop}", 4, "string should match pattern"),
        ("  a: {kind: shop, generate: 1}\n  a-1: {kind: shop}", 5, "there are two actors 'a-1'"),
    ],
)
def test_settings_of_an_actor_are_checked_by_its_kind(refuse: Refuse, actors: str, line: int, message: str) -> None:
    error = refuse("", HEAD.replace("  shop: {kind: shop}", actors))
    assert error.where == f"s.yaml:{line}"
    assert message in error.message


@pytest.mark.parametrize(
    ("clock", "message"),
    [
        ("{start: 2026-05-01}", "say one of `end` and `duration`"),
        ("{start: 2026-05-01, end: 2026-05-02, duration: 1d}", "say one of `end` and `duration`"),
        ("{start: 2026-05-01, end: 2026-04-30}", "the clock ends before it starts"),
        ("{start: someday, duration: 1d}", "not an instant: 'someday'"),
        ("{duration: 1d}", "'start' is missing"),
        ("{start: 5, duration: 1d}", "write an instant"),
        ("{start: 2026-05-01, duration: 4 moons}", "not a duration: '4 moons'"),
        ("{start: 2026-05-01, duration: true}", "write a duration"),
    ],
)
def test_a_clock_has_a_start_and_one_end(refuse: Refuse, clock: str, message: str) -> None:
    error = refuse("", HEAD.replace("{start: 2026-05-01, duration: 10d}", clock))
    assert error.where == "s.yaml:2"
    assert message in error.message


def test_of_several_mistakes_the_first_one_in_the_file_is_told(refuse: Refuse) -> None:
    error = refuse("seed: no\nsteps:\n  - call: nothing\nexpect: 3\n")
    assert error.where == "s.yaml:5"


def test_a_name_is_known_only_after_the_step_that_saves_it(refuse: Refuse, read: Refuse) -> None:
    saving = "  - {call: shop.echo, save: {who: by}}\n"
    using = "  - {call: shop.echo, body: {who: $who}}\n"
    read(f"steps:\n{saving}{using}")
    error = refuse(f"steps:\n{using}{saving}")
    assert (error.where, error.message) == ("s.yaml:6", "there is no 'who' here")


def test_a_step_may_not_use_what_it_saves_itself(refuse: Refuse) -> None:
    assert refuse("steps:\n  - {call: shop.echo, body: {who: $who}, save: {who: by}}\n").where == "s.yaml:6"
