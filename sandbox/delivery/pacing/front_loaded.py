"""Front loaded: more at the beginning of the flight, less and less towards its end.

The plan is spend = budget x (1 - (1 - x)^2), where x is the part of the flight that is over: three quarters
of the budget in its first half. What a line is behind is spread over the rest in the same proportions.
"""

from sandbox.delivery.pacing import Pace, Stretch


def allowance(stretch: Stretch) -> Pace:
    """Cumulative amounts allowed at both ends of the stretch."""
    left_before = (stretch.end_ms - stretch.from_ms) ** 2
    left_after = (stretch.end_ms - stretch.to_ms) ** 2
    base = stretch.base
    return Pace(base, base + stretch.within_day((stretch.total - base) * (1 - left_after / left_before)))
