"""Even: what remains evenly over the remaining time (specification, enums/pacing.json)."""

from sandbox.delivery.pacing import Pace, Stretch


def allowance(stretch: Stretch) -> Pace:
    """Cumulative amounts allowed at both ends of the stretch."""
    base = stretch.base
    part = (stretch.to_ms - stretch.from_ms) / (stretch.end_ms - stretch.from_ms)
    return Pace(base, base + stretch.within_day((stretch.total - base) * part))
