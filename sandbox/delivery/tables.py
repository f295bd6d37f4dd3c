"""The tables that the compiled loop reads and writes: record types, and named tuples of arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

# what the draws of an opportunity are for; those of several lines go on in steps of 256
TIME, PERSON, ACCEPT, COUNTRY, DEVICE, MARKET_A, MARKET_B, VIEWABLE, CLICK, VIEW, COMPLETION, CONVERTS, ROTATION = (
    np.uint64(n) for n in range(1, 14)
)
ENGAGEMENT, DELAY, VALUE_A, VALUE_B, PARTICIPATION = (np.uint64(n) for n in range(14, 19))

TICK_MS = 10
"""Opportunities come at whole hundredths of a second, so that four bytes hold the times of 497 days."""

MODELS = {"cpm": 0, "vcpm": 1, "cpc": 2, "cpcv": 3, "cpv": 4, "cpa": 5, "cpp": 6, "flat_rate": 7}
FOREVER = 1 << 62
NONE = -1
AIMS_AT_COUNTRY, AIMS_AT_DEVICE, AIMS_AT_PEOPLE = 1, 2, 4

OUTCOMES = {
    "viewable": "viewable",
    "clicks": "clicks",
    "views": "views",
    "completed": "completed_views",
    "engagements": "engagements",
    "first_quartile": "first_quartile",
    "midpoint": "midpoint",
    "third_quartile": "third_quartile",
}
"""What an impression can bring at once: counters of a line, and their names in totals. The outcome of an exposure
in the log has a bit for each, in this order, and one more for a conversion."""

VIEWED, CLICKED, PLAYED, COMPLETED, ENGAGED, FIRST, MIDDLE, THIRD, CONVERTED, SHOWN = (1 << bit for bit in range(10))
"""Those bits; ``SHOWN``, which each impression has, is not in the log."""

BILLED = dict(zip(MODELS, (SHOWN, VIEWED, CLICKED, COMPLETED, PLAYED, CONVERTED, SHOWN, 0), strict=True))
"""For what outcome a price model charges."""

TOTALS = {
    "impressions": "impressions",
    **{name: counter for counter, name in OUTCOMES.items()},
    "conversions": "conversions",
    "conversion_value_micros": "value",
}
"""Totals and the counters of a line that they are; spend is ``spent`` less ``pending``."""

_WHOLE = (
    *("impressions", "spent", *OUTCOMES, "conversions", "value"),
    # pending: charges for conversions that are still to come; they are in ``spent`` already
    "pending",
    # today: spend of the day of the line's zone; live: in flight and able to serve; full: no further impression
    *("today", "zone", "live", "full", "start", "stop", "budget", "daily_cap", "goal", "aims"),
    # top: the dearest that one impression can add to the debt, in 1/divisor micros; remainder: the debt that
    # is no whole micro yet; dearest: the dearest that the next charge can be, in micros
    # billed: the outcome that is charged for
    *("model", "billed", "fixed", "floor", "bid", "top", "divisor", "remainder", "dearest"),
    # the stretch of the pacing plan; offer: the bid as the pacing strategy shades it
    *("plan_from", "plan_to", "offer", "click_window", "view_window"),
)
_REAL = ("half", "conversion_rate", "delay", "log_value", "participation", "plan_at", "plan_end", "goal_at", "goal_end")

LINE = np.dtype([(name, np.int64) for name in _WHOLE] + [(name, np.float64) for name in _REAL])
"""A line: counters, terms, price, and its pacing plan in money and in impressions; NONE is "no limit"."""

PLACE = np.dtype(
    [(name, np.float64) for name in ("floor", "log_median", "sigma", "viewability", "click_rate", "view_rate")]
    + [(name, np.float64) for name in ("completion_rate", "third_rate", "mid_rate", "first_rate", "engagement_rate")]
    + [(name, np.float64) for name in ("conversion_rate", "click_conversion_rate")]
    + [(name, np.int64) for name in ("first_price", "rows", "countries", "countries_end", "devices", "devices_end")]
    + [(name, np.int64) for name in ("candidates", "candidates_end", "equals")]
)
"""What the loop needs of a placement; ``sigma`` is negative where nobody competes; ``rows`` says where the
rows of its publisher's people begin, or is negative if everybody has the row of the own number. Its countries and
devices are parts of ``shares``. Its candidates, lines best first, are a part of ``numbers``; at ``equals`` stands for
each of them where those end that are as good as it."""

_PARTS = ("groups", "caps", "rings", "rotation", "inside", "outside")
TERMS = np.dtype(
    [(side, np.int64) for name in _PARTS for side in (name, f"{name}_end")]
    + [("countries", np.int64), ("devices", np.int64)]
)
"""What else holds for a line, as parts of ``numbers``: its budget groups; its frequency caps, and one cap for each of
its rings; pairs of a creative and its weight; segments to be in, and not to be in. ``countries`` and ``devices`` are
where flags begin, one for each code."""

CREATIVE = np.dtype([(name, np.int64) for name in ("caps", "caps_end", "rings", "rings_end")])
"""The frequency caps and rings of a creative, as parts of ``numbers``."""

SHARE = np.dtype([("edge", np.float64), ("code", np.int64)])
"""A country or device of a placement, and the upper edge of its share of [0, 1)."""

SEGMENT = np.dtype([("key", np.uint64), ("share", np.float64)])
"""A segment: who is in it."""

CONVERSION = np.dtype([(name, np.int64) for name in ("at_ms", "exposure", "value")])
"""A conversion to come: when, by which exposure (its number in the batch), and what it is worth in micros."""

SOURCE = np.dtype(
    [("key", np.uint64)] + [(name, np.int64) for name in ("place", "count", "from_ms", "until_ms", "people", "users")]
)
"""Where opportunities of an hour come from: a placement, how many are drawn and under which key, when its traffic
begins and ends, where its people begin in the table of draws (NONE: all are equal), and how many they are."""

OPPORTUNITY = np.dtype([(name, np.int32) for name in ("tick", "place", "number", "who")])
"""An opportunity of an hour: the tick in the hour, the placement, its number there, and the person."""

GROUP = np.dtype([(name, np.int64) for name in ("total", "daily", "spent", "today", "zone")])
"""A budget group; ``total`` and ``daily`` may be NONE."""

DRAW = np.dtype([("accept", np.float64), ("own", np.int32), ("other", np.int32)])
"""An entry of Walker's table: below ``accept`` it is its own person, else the other one."""

CAP = np.dtype([(name, np.int64) for name in ("limit", "window", "ring", "length")])
"""A frequency cap: its window in ticks, and its ring. A ring is ``length`` ticks of exposures, 0 for "never",
after a cell that says where the oldest is; ``ring`` is where it begins in a row. All rings of a person are one row,
so that a person is one visit to memory."""


class Limits(NamedTuple):
    """What holds between two changes of terms: few arrays, as each one costs the compiler time wherever it goes."""

    places: Any
    terms: Any
    """:data:`TERMS` by line."""
    creatives: Any
    numbers: Any
    """Rows of numbers one after the other; the records say where each begins and ends."""
    shares: Any
    segments: Any
    caps: Any
    rows: Any
    """Publisher and person to row of rings, where not everybody is known across publishers."""


class State(NamedTuple):
    """What deciding changes."""

    lines: Any
    groups: Any
    cells: Any
    """The rings of all people, a row each."""
    stride: int
    """Cells of a row."""
    due_ms: Any
    """When each line may serve next; FOREVER if it can't."""
    queue: Any
    """Room for the candidates of one opportunity."""
