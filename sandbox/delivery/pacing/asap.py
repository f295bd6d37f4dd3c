"""ASAP: spend as fast as supply allows (specification, enums/pacing.json)."""

from sandbox.delivery.pacing import Stretch


def allowance(stretch: Stretch) -> tuple[float, float]:
    """Cumulative micros allowed at both ends of the stretch: all of the budget, at once."""
    return float(stretch.budget_micros), float(stretch.budget_micros)
