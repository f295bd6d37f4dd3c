"""Checkers: what must hold in every run, whatever the scenario.

They listen to the trace and share no code with what they check. A breach fails the run and names the first
event that shows it. A new checker is a file here and a line in :data:`CHECKERS`.
"""

from sandbox.kernel.checkers.base import Checker, Violation
from sandbox.kernel.checkers.bookings import Bookings
from sandbox.kernel.checkers.causality import Causality
from sandbox.kernel.checkers.exposures import Exposures
from sandbox.kernel.checkers.lifecycles import Lifecycles
from sandbox.kernel.checkers.overspend import Overspend
from sandbox.kernel.checkers.schemas import Schemas

CHECKERS: tuple[type[Checker], ...] = (Causality, Lifecycles, Overspend, Exposures, Schemas, Bookings)

__all__ = ["CHECKERS", "Checker", "Violation"]
