"""``extends``: mappings merge, steps and expectations merge by name, errors point into the right file."""

from pathlib import Path

import pytest

from sandbox.core.errors import InputError
from sandbox.scenario import load
from tests.unit.scenario.conftest import HEAD, Read

BASE = """\
vars: {amount: 5}
steps:
  - {name: first, call: shop.echo, body: {amount: $amount}}
  - {name: second, call: shop.echo}
expect:
  - {name: answered, holds: {message: {operation: echo, count: 2}}}
"""


@pytest.fixture
def base(read: Read) -> None:
    read(BASE, name="base.yaml")


@pytest.mark.usefixtures("base")
def test_what_is_said_replaces_and_the_rest_stays(read: Read) -> None:
    text = "extends: base.yaml\ntitle: Another\nvars: {amount: 6}\nclock: {duration: 20d}\n"
    scenario = read(text, head="")
    assert scenario.file.title == "Another"
    assert scenario.end_ms - scenario.start_ms == 20 * 86_400_000
    assert [step.body for step in scenario.file.steps] == [{"amount": 6}, {}]
    assert list(scenario.file.actors) == ["shop"]


@pytest.mark.usefixtures("base")
def test_steps_and_expectations_are_merged_by_name(read: Read) -> None:
    steps = "  - {name: second, after: 1d}\n  - {name: third, call: shop.echo}\n"
    scenario = read(f"extends: base.yaml\nsteps:\n{steps}", head="")
    assert [step.name for step in scenario.file.steps] == ["first", "second", "third"]
    assert scenario.file.steps[1].call is None
    assert len(scenario.file.expect) == 1


@pytest.mark.usefixtures("base")
def test_null_takes_a_thing_away(read: Read) -> None:
    scenario = read("extends: base.yaml\nexpect: null\nactors: {other: {kind: shop}}\n", head="")
    assert scenario.file.expect == []
    assert list(scenario.file.actors) == ["shop", "other"]


@pytest.mark.usefixtures("base")
def test_an_error_points_into_the_file_that_made_it(read: Read) -> None:
    with pytest.raises(InputError) as caught:
        read("extends: base.yaml\n\nsteps:\n  - {name: second, cal: shop.echo}\n", head="")
    assert caught.value.where == "s.yaml:4"
    Path("base.yaml").write_text(HEAD + BASE + "  - {name: x}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load("s.yaml")
    assert caught.value.where == "base.yaml:11"


def test_a_circle_is_refused_where_it_closes(read: Read) -> None:
    for name, other in (("b", "c"), ("c", "a")):
        Path(f"{name}.yaml").write_text(f"title: x\nextends: {other}.yaml\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read("extends: b.yaml\n", name="a.yaml", head="title: x\n")
    assert "goes round in a circle" in caught.value.message
    assert caught.value.where == "c.yaml:2"


def test_a_scenario_cannot_extend_itself(read: Read) -> None:
    with pytest.raises(InputError, match="in a circle"):
        read("extends: s.yaml\n")


def test_a_base_that_is_not_there_is_told_at_its_line(read: Read) -> None:
    with pytest.raises(InputError) as caught:
        read("extends: lifecycle/first-campain\n")
    assert caught.value.where == "s.yaml:5"
    assert "lifecycle/first-campaign" in caught.value.hint


def test_a_base_is_looked_for_beside_the_file(read: Read) -> None:
    Path("folder").mkdir()
    Path("folder/base.yaml").write_text(HEAD, encoding="utf-8")
    Path("folder/own.yaml").write_text("extends: base.yaml\ntitle: Own\n", encoding="utf-8")
    assert load("folder/own.yaml").file.title == "Own"
    with pytest.raises(InputError, match="extends"):
        read("extends: [a, b]\n")
