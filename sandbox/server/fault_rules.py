"""What a request of the control API or of a faulty connection does to the rules of faults in a world."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sandbox.core.errors import InputError
from sandbox.kernel.faults import Fault, Leg
from sandbox.scenario.build import fault_of
from sandbox.scenario.faults import FaultSpec

if TYPE_CHECKING:
    from sandbox.kernel.world import World


def change_rules(world: World, arguments: dict[str, Any]) -> None:
    """Replace all rules by ``faults``, or ``remove`` some by id and ``add`` others. Moments count from now.

    Raises :class:`InputError` for an unknown id; nothing is changed then.
    """
    rules, now = world.network.faults.listed(), world.now
    kept: list[Fault] = [] if "faults" in arguments else list(rules)
    for name in arguments.get("remove", ()):
        if name not in [rule_id(rule) for rule in kept]:
            there = ", ".join(rule_id(rule) for rule in kept) or "none"
            raise InputError(f"there is no rule {name!r}; there are {there}")
        kept = [rule for rule in kept if rule_id(rule) != name]
    specs = [FaultSpec.model_validate(spec) for spec in (*arguments.get("faults", ()), *arguments.get("add", ()))]
    rules[:] = [*kept, *(fault_of(spec, now, now) for spec in specs)]
    world.network.faults.listed()


def strike(world: World, arguments: dict[str, Any]) -> dict[str, Any]:
    """What happens to a message on a real connection: the fields of an effect."""
    accepted = arguments.pop("accepted")
    return asdict(world.network.faults.strike(Leg(**arguments), accepted=accepted))


def rule_id(rule: Fault) -> str:
    """What the control API calls a rule."""
    return f"f{rule.number}"


CONTROLS = {"faults": change_rules, "strike": strike}
"""What can be done to the network of a served world, by name."""
