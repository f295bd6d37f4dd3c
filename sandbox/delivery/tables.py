"""The tables that the compiled loop reads and writes: record types, and named tuples of arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

MODELS = {"cpm": 0, "vcpm": 1, "cpc": 2, "cpcv": 3, "cpv": 4, "cpa": 5, "cpp": 6, "flat_rate": 7}
FOREVER = 1 << 62
NONE = -1
AIMS_AT_COUNTRY, AIMS_AT_DEVICE = 1, 2

COUNTERS = ("impressions", "spent", "viewable", "clicks", "views", "completed", "conversions")
_WHOLE = (
    # today: spend of the UTC day; live: in flight and able to serve; full: no further impression to be had
    *("today", "live", "full", "start", "stop", "budget", "daily_cap", "goal", "aims"),
    # top: the dearest that one impression can add to the debt, in 1/divisor micros; remainder: the debt that
    # is no whole micro yet; dearest: the dearest that the next charge can be, in micros
    *("model", "fixed", "rate", "bid", "top", "divisor", "remainder", "dearest"),
    # the stretch of the pacing plan
    *("plan_from", "plan_to"),
)
_REAL = ("half", "conversion_rate", "plan_at", "plan_end", "goal_at", "goal_end")

LINE = np.dtype([(name, np.int64) for name in (*COUNTERS, *_WHOLE)] + [(name, np.float64) for name in _REAL])
"""A line: counters, terms, price, and its pacing plan in money and in impressions; NONE is "no limit"."""

PLACE = np.dtype(
    [(name, np.float64) for name in ("audience", "floor", "log_median", "sigma", "viewability", "click_rate")]
    + [(name, np.float64) for name in ("view_rate", "completion_rate", "conversion_rate")]
    + [(name, np.int64) for name in ("countries", "countries_end", "devices", "devices_end")]
    + [("audience_key", np.uint64)]
)
"""What the loop needs of a placement; ``sigma`` is negative where nobody competes."""

GROUP = np.dtype([(name, np.int64) for name in ("total", "daily", "spent", "today")])
"""A budget group; ``total`` and ``daily`` may be NONE."""

CAP = np.dtype([(name, np.int64) for name in ("limit", "window", "base", "stride")])
"""A frequency cap: from ``ring[user * stride + base]`` on, where the oldest is, and then the user's latest
``limit`` exposures, 0 for "never". What belongs to one user lies together: a user is one visit to memory."""


class People(NamedTuple):
    """The population: ``accept`` and ``alias`` are Walker's table; of length 1 if all users are equal."""

    users: int
    accept: Any
    alias: Any


class Traffic(NamedTuple):
    """The opportunities of one hour in order of time; ties in order of placement, then of number."""

    after_ms: Any
    """Time since the beginning of the hour."""
    place: Any
    number: Any


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
    caps_at: Any
    caps: Any
    """Line to frequency caps."""
    rotation_at: Any
    rotation: Any
    """Line to pairs (creative, weight), flattened."""
    creative_caps_at: Any
    creative_caps: Any
    cap_terms: Any


class State(NamedTuple):
    """What deciding changes."""

    lines: Any
    groups: Any
    ring: Any
    due_ms: Any
    """When each line may serve next; FOREVER if it can't."""
    queue: Any
    """Room for the candidates of one opportunity."""
