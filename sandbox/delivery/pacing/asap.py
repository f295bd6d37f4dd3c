"""ASAP: as fast as supply allows (specification, enums/pacing.json)."""

from sandbox.delivery.pacing import Stretch


def allowance(stretch: Stretch) -> tuple[float, float]:
    """Cumulative amounts allowed at both ends of the stretch: everything, at once."""
    return float(stretch.total), float(stretch.total)
