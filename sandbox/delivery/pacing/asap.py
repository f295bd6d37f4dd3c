"""ASAP: as fast as supply allows (specification, enums/pacing.json)."""

from sandbox.delivery.pacing import Pace, Stretch


def allowance(stretch: Stretch) -> Pace:
    """Cumulative amounts allowed at both ends of the stretch: everything, at once."""
    return Pace(float(stretch.total), float(stretch.total))
