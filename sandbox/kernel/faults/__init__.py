"""Faults of the wire: which messages are late, lost, doubled, damaged or refused, and when.

A kind of fault is a row in :data:`~sandbox.kernel.faults.kinds.KINDS`; it says what happens to a message in terms of
an :class:`Effect`. The simulated network, the real connections of a served sandbox and its webhooks to real services
carry out effects and know nothing of kinds.
"""

from sandbox.kernel.faults.effect import Effect
from sandbox.kernel.faults.kinds import KINDS, Kind
from sandbox.kernel.faults.rules import Fault, Faults, Leg

__all__ = ["KINDS", "Effect", "Fault", "Faults", "Kind", "Leg"]
