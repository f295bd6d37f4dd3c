"""Registries and lifecycles."""

import pytest

from sandbox.core.errors import AdcpError, ApiError, InputError
from sandbox.core.lifecycle import Lifecycle
from sandbox.core.registry import Registry


def test_a_registry_suggests_the_nearest_name() -> None:
    table: Registry[int] = Registry("pacing strategy")
    table.add("even", 1)
    table.add("front_loaded", 2)
    with pytest.raises(InputError, match="did you mean front_loaded"):
        table.get("frontloaded")


def test_a_name_is_given_once() -> None:
    table: Registry[int] = Registry("operation")
    table.add("execute", 1)
    with pytest.raises(ValueError, match="registered twice"):
        table.add("execute", 2)


def test_a_lifecycle_knows_births_moves_and_ends() -> None:
    light = Lifecycle("light", ["red"], {"red": ["green"], "green": ["red", "off"], "off": []})
    assert light.allows(None, "red")
    assert not light.allows(None, "green")
    assert light.allows("green", "off")
    assert not light.allows("red", "off")
    assert light.is_terminal("off")
    assert not light.is_terminal("red")


def test_a_lifecycle_without_a_row_for_a_state_is_refused() -> None:
    with pytest.raises(ValueError, match="states without a row"):
        Lifecycle("light", ["red"], {"red": ["green"]})


@pytest.mark.parametrize(
    "error",
    [
        AdcpError("CONFLICT", "stale", "revision", "transient", "read again", 5, {"revision": 3}),
        ApiError("NOT_FOUND", "no such campaign", "campaignId", {"id": "x"}),
        InputError("unknown field", "a.yaml:3", "did you mean steps?"),
    ],
)
def test_errors_can_be_built_anew_from_their_args_as_simpy_does(error: Exception) -> None:
    again = type(error)(*error.args)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
