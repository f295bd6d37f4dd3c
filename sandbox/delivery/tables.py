"""The tables that the compiled loop reads and writes: record types, and named tuples of arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

# what the draws of an opportunity are for; those of several lines go on in steps of 256
TIME, PERSON, ACCEPT, COUNTRY, DEVICE, MARKET_A, MARKET_B, VIEWABLE, CLICK, VIEW, COMPLETION, CONVERSION, ROTATION = (
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
    *("model", "fixed", "floor", "bid", "top", "divisor", "remainder", "dearest"),
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
)
"""What the loop needs of a placement; ``sigma`` is negative where nobody competes; ``rows`` says where the
rows of its publisher's people begin, or is negative if everybody has the row of the own number."""

GROUP = np.dtype([(name, np.int64) for name in ("total", "daily", "spent", "today", "zone")])
"""A budget group; ``total`` and ``daily`` may be NONE."""

DRAW = np.dtype([("accept", np.float64), ("own", np.int32), ("other", np.int32)])
"""An entry of Walker's table: below ``accept`` it is its own person, else the other one."""

CAP = np.dtype([(name, np.int64) for name in ("limit", "window", "ring", "length")])
"""A frequency cap: its window in ticks, and its ring. A ring is ``length`` ticks of exposures, 0 for "never",
after a cell that says where the oldest is; ``ring`` is where it begins in a row. All rings of a person are one row,
so that a person is one visit to memory."""


class Traffic(NamedTuple):
    """The opportunities of one hour in order of time; ties in order of placement, then of number."""

    tick: Any
    """Time since the beginning of the hour."""
    place: Any
    number: Any
    who: Any


class Limits(NamedTuple):
    """What holds between two changes of terms. ``x_at[i]:x_at[i + 1]`` is the part of ``x`` that is row ``i``'s."""

    places: Any
    country_edges: Any
    country_codes: Any
    device_edges: Any
    device_codes: Any
    country_ok: Any
    """One flag for each line and country."""
    device_ok: Any
    candidates_at: Any
    candidates: Any
    """Placement to lines, best first."""
    equals_end: Any
    """For each candidate, where the candidates end that are as good as it."""
    groups_at: Any
    groups: Any
    """Line to budget groups."""
    segments_at: Any
    segments: Any
    """Line to segments, two rows a line: one to be in, none to be in."""
    segment_keys: Any
    segment_shares: Any
    caps_at: Any
    caps: Any
    """Line to frequency caps."""
    rings_at: Any
    rings: Any
    """Line to rings, each as an index of a cap that has it."""
    rotation_at: Any
    rotation: Any
    """Line to pairs (creative, weight), flattened."""
    creative_caps_at: Any
    creative_caps: Any
    creative_rings_at: Any
    creative_rings: Any
    cap_terms: Any
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


class Conversions(NamedTuple):
    """Conversions to come: when, by which exposure (its number in the batch), and what they are worth."""

    at_ms: Any
    exposure: Any
    value: Any
