"""``--shrink``: a smaller scenario that breaks the same promise in the same way, found in the same order each time."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.errors import InputError
from sandbox.scenario import load, run
from sandbox.scenario.shrink import shrink
from sandbox.scenario.shrink.breach import breaches, shape
from sandbox.scenario.shrink.ddmin import ddmin
from tests.unit.scenario.conftest import Read

HEAD = """\
title: Too much
clock: {start: 2026-05-01, end: 2026-05-21}
vars: {spare: 7}
population: {users: 4000}
network: {faults: [{kind: drop, to: other, message: nothing}]}
actors:
  shop: {kind: shop, approval: 9d, stock: [1, 2, 3]}
  other: {kind: shop}
  third: {kind: shop, stock: [99]}
"""

BODY = """
steps:
  - {name: look, call: other.echo, body: {a: 1}}
  - {name: submit, after: 1h, call: shop.submit, body: {name: A banner, note: $spare}, save: {creative: creative}}
  - {name: look again, after: 2d, call: third.echo, expect: {by: driver}, save: {unused: got}}
  - {name: restock, do: shop.restock, with: {amount: 12}}
  - {name: slip, after: 1d, do: shop.slip}
expect:
  - {name: fine, never: {event: {kind: fault, actor: shop}}}
  - {name: it is approved, eventually: {status: {entity: creative, id: $creative, is: approved}}}
"""


@given(st.integers(1, 40), st.data())
def test_ddmin_leaves_exactly_what_matters_together(size: int, data: st.DataObject) -> None:
    wanted = data.draw(st.sets(st.integers(0, size - 1)))
    asked = 0

    def enough(kept: list[int]) -> bool:
        nonlocal asked
        asked += 1
        return wanted <= set(kept)

    assert ddmin(range(size), enough) == sorted(wanted)
    assert asked <= size * size + 4 * size + 2


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(1, 30))
def test_ddmin_leaves_nothing_that_could_be_left_out(items: list[int], most: int) -> None:
    def enough(kept: list[int]) -> bool:
        return sum(kept) >= most

    if enough(items):
        kept = ddmin(items, enough)
        assert enough(kept)
        assert not any(enough(kept[:number] + kept[number + 1 :]) for number in range(len(kept)))


def test_only_what_breaks_the_promise_is_left(read: Read) -> None:
    read(BODY, HEAD)
    found = shrink("s.yaml")
    assert found.finished
    assert found.breach.name == "it is approved"
    data = found.data
    assert list(data["actors"]) == ["shop"]
    assert [step["name"] for step in data["steps"]] == ["submit", "slip"]
    assert [promise["name"] for promise in data["expect"]] == ["it is approved"]
    assert not data.keys() & {"network", "population", "vars"}
    assert data["steps"][0] == {"name": "submit", "call": "shop.submit", "save": {"creative": "creative"}}
    assert data["clock"] == {"start": "2026-05-01", "duration": "1d"}


def test_what_is_written_breaks_the_same_and_says_what(read: Read) -> None:
    read(BODY, HEAD)
    before = next(breaches(run(load("s.yaml"))))
    found = shrink("s.yaml")
    Path("small.yaml").write_text(found.text)
    after = next(breaches(run(load("small.yaml"))))
    assert after.same(before)
    assert found.text.splitlines()[0] == f"# {found.breach.detail}"
    assert "why: 'Shrunk from s.yaml. It breaks: it is approved.'" in found.text


def test_the_heading_tells_what_the_smaller_one_breaks(read: Read) -> None:
    fill = "  - {name: fill, do: shop.restock, with: {amount: 5000}}\n"
    read(f"steps:\n{fill}  - {{name: see, call: shop.echo, expect: {{stock.3: {{max: 4}}}}}}\n", HEAD)
    found = shrink("s.yaml")
    assert "5000" not in found.breach.detail
    assert found.text.startswith(f"# {found.breach.detail}\n")


def test_what_the_whole_one_is_there_for_is_kept(read: Read) -> None:
    read(BODY, HEAD.replace("title: Too much", "title: Too much\nwhy: People forget banners."))
    found = shrink("s.yaml")
    assert found.data["title"] == "Too much"
    assert found.data["why"].endswith("It breaks: it is approved. The whole one: People forget banners.")


def test_other_broken_promises_are_told_and_left_alone(read: Read) -> None:
    read(BODY + "  - {name: sold, eventually: {status: {entity: media_buy, is: active}}}\n", HEAD)
    lines: list[str] = []
    found = shrink("s.yaml", tell=lines.append)
    assert lines[0].startswith("it breaks 'it is approved' (and 2 more): ")
    assert [promise["name"] for promise in found.data["expect"]] == ["it is approved"]


def test_faults_that_have_nothing_to_do_with_what_was_seen_are_left_out(read: Read) -> None:
    """What was expected says 0, what was seen does not: nothing but the promise has to stay."""
    faults = "network: {faults: [{kind: duplicate, probability: 0.5}, {kind: latency, median: 1s}]}"
    promise = "expect:\n  - {name: never, never: {status: {entity: creative, is: processing}}}\n"
    read(BODY.partition("\nexpect:")[0] + "\n" + promise, HEAD.replace(HEAD.splitlines()[4], faults))
    found = shrink("s.yaml")
    assert found.breach.name == "never"
    assert "network" not in found.data
    assert [step["name"] for step in found.data["steps"]] == ["submit"]


def test_it_is_the_same_each_time(read: Read) -> None:
    read(BODY, HEAD)
    lines: tuple[list[str], list[str]] = ([], [])
    first, second = (shrink("s.yaml", tell=line.append) for line in lines)
    assert (first.text, first.runs) == (second.text, second.runs)
    assert lines[0] == lines[1]
    assert lines[0][0].startswith(
        "it breaks 'it is approved' (and 1 more): 3 actors, 5 steps, 2 expectations, 1 fault, until"
    )


def test_a_breach_of_a_checker_is_kept_too(read: Read) -> None:
    read(BODY.partition("\nexpect:")[0], HEAD)
    found = shrink("s.yaml")
    assert (found.breach.kind, found.breach.name) == ("checker", "lifecycles")
    assert [step["name"] for step in found.data["steps"]] == ["submit", "slip"]


def test_a_step_that_fails_keeps_its_error(read: Read) -> None:
    steps = BODY.partition("\nexpect:")[0] + "\n  - {name: it is full, call: shop.refuse}\n"
    read(steps.replace("  - {name: slip, after: 1d, do: shop.slip}\n", ""), HEAD)
    found = shrink("s.yaml")
    assert found.data["steps"] == [{"name": "it is full", "call": "shop.refuse"}]
    assert "CONFLICT" in found.breach.detail


def test_what_is_not_there_needs_its_cause(read: Read) -> None:
    """Without any step nothing is approved either: a smaller scenario has to make the last call all the same."""
    steps = "steps:\n  - {name: look, call: shop.echo}\n"
    promise = "expect:\n  - {name: sold, eventually: {status: {entity: media_buy, is: active}}}\n"
    read(steps + promise, HEAD)
    found = shrink("s.yaml")
    assert [step["call"] for step in found.data["steps"]] == ["shop.echo"]


def test_numbers_become_small(read: Read) -> None:
    fill = "  - {name: fill, do: shop.restock, with: {amount: 5000}}\n"
    see = "  - {name: see, call: shop.echo, expect: {stock.3: {max: 4}}}\n"
    read(f"steps:\n{fill}{see}", HEAD)
    found = shrink("s.yaml")
    assert "saw" in found.breach.detail
    restocked = found.data["steps"][0].get("with", {}).get("amount", 0)
    assert 0 < restocked < 10


def test_the_seed_that_failed_is_kept(read: Read) -> None:
    read(BODY, HEAD)
    assert shrink("s.yaml", seed=9).data.get("seed", 1) in (1, 9)


def test_time_that_runs_out_leaves_the_smallest_so_far(read: Read) -> None:
    read(BODY, HEAD)
    asked = 0

    def expired() -> bool:
        nonlocal asked
        asked += 1
        return asked > 12

    found = shrink("s.yaml", expired=expired)
    assert (found.finished, found.runs) == (False, 13)
    assert len(found.data["expect"]) == 1
    assert len(found.data["steps"]) < 5


def test_a_scenario_that_holds_has_nothing_to_shrink(read: Read) -> None:
    read("", HEAD)
    with pytest.raises(InputError) as refused:
        shrink("s.yaml")
    assert "nothing to shrink" in refused.value.message


def test_what_it_extends_is_merged_in(read: Read) -> None:
    read(BODY, HEAD, name="base.yaml")
    read("", "extends: base.yaml\ntitle: The same\n", name="s.yaml")
    found = shrink("s.yaml")
    assert "extends" not in found.data
    assert [step["name"] for step in found.data["steps"]] == ["submit", "slip"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (
            "saw cmp_80e60e8516 DRAFT at 2026-05-01T00:00:00Z",
            "saw cmp_0123456789 DRAFT at 2026-06-01T00:00:00.123Z",
            True,
        ),
        ("spend: expected at most 10, saw 10.5", "spend: expected at most 1, saw 3", True),
        ("spend: expected at least 10, saw 9.5", "spend: expected at least 10, saw 0", False),
        ("saw task_0123456789 failed", "saw no task", False),
        ("while it waited 1d 2h; 3 more steps were never taken", "while it waited 5m", True),
        ("expected an answer, saw the error NOT_FOUND", "expected an answer, saw the error CONFLICT", False),
    ],
)
def test_two_breaches_are_the_same_but_for_ids_instants_and_numbers(one: str, other: str, same: bool) -> None:
    assert (shape(one) == shape(other)) is same
