"""The delivery engine: who sees which ad, when, and what it costs. Pure numbers: no clock, no messages.

An :class:`Engine` is told about inventory (:class:`Placement`), people (:class:`Population`), lines
(:class:`Line`), frequency caps (:class:`Cap`) and budget groups. :meth:`Engine.advance` decides every
opportunity exactly once, in order of time:

1. candidates in order of priority, then price, then whose pacing plan has been due longest;
2. flight, bid against floor and competition, targeting, budget groups, all frequency caps that apply;
3. a creative in rotation that no cap stops; then the charge, in whole micros.

A line serves only if it can pay the dearest charge that the impression may bring, so no limit is ever passed.
How time is cut into calls of ``advance`` changes nothing. ``reference.py`` decides the same opportunities in
plain Python and is the oracle of the tests; ``audit.py`` recounts what was served from the log alone. The
compiler (numba) is loaded when the first opportunity is decided.
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
    Slice,
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
    "Slice",
    "Targeting",
    "Totals",
]
