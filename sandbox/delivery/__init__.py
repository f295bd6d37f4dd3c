"""The delivery engine: who sees which ad, when, and what it costs. Pure numbers: no clock, no messages.

An :class:`Engine` is told about inventory (:class:`Placement`), people (:class:`Population`) and lines
(:class:`Line`). :meth:`Engine.advance` decides every opportunity exactly once, in order of time: flight,
targeting, pacing, auction, all frequency caps that apply, budget, creative rotation. How the day is cut into
calls of ``advance`` changes nothing. ``reference.py`` decides the same opportunities in plain Python and is
the oracle of the tests; ``audit.py`` recounts what was served from the log alone.
"""

from sandbox.delivery.engine import Engine
from sandbox.delivery.model import (
    Cap,
    Competition,
    CreativeWeight,
    HourRow,
    Line,
    Placement,
    Population,
    Price,
    Targeting,
    Totals,
)

__all__ = [
    "Cap",
    "Competition",
    "CreativeWeight",
    "Engine",
    "HourRow",
    "Line",
    "Placement",
    "Population",
    "Price",
    "Targeting",
    "Totals",
]
