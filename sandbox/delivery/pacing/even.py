"""Even: what remains evenly over the remaining time (specification, enums/pacing.json)."""

from sandbox.delivery.pacing import Stretch


def allowance(stretch: Stretch) -> tuple[float, float]:
    """Cumulative amounts allowed at both ends of the stretch."""
    base = stretch.base
    part = (stretch.to_ms - stretch.from_ms) / (stretch.end_ms - stretch.from_ms)
    return base, base + stretch.within_day((stretch.total - base) * part)
