"""Even: the remaining budget evenly over the remaining time (specification, enums/pacing.json)."""

from sandbox.delivery.pacing import Stretch


def allowance(stretch: Stretch) -> tuple[float, float]:
    """Cumulative micros allowed at both ends of the stretch."""
    base = stretch.base_micros
    share = (stretch.to_ms - stretch.from_ms) / (stretch.end_ms - stretch.from_ms)
    return base, base + (stretch.budget_micros - base) * share
