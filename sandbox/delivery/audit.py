"""A recount of the exposure log that knows nothing of how the exposures were decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sandbox.core.time import format_duration, iso
from sandbox.delivery.book import CapTerm
from sandbox.delivery.exposures import Exposures
from sandbox.delivery.model import Cap, Line, Totals


def over_caps(
    log: Exposures, lines: Sequence[Line], creatives: Sequence[str], terms: Sequence[CapTerm]
) -> list[str]:
    """Exposures out of order of time, or one too many for a frequency cap while it was in force."""
    found = []
    if len(log.time_ms) and (np.diff(log.time_ms) < 0).any():
        found.append("exposures are not in order of time")
    for term in terms:
        mine = _of(log, lines, creatives, term)
        for cap in term.caps:
            worst = first_over(log.time_ms[mine], log.user[mine], cap, term.from_ms, term.until_ms)
            if worst is not None:
                window = "all" if cap.window_ms is None else format_duration(cap.window_ms)
                found.append(
                    f"{term.level} {term.entity_id}: user {worst[0]} got more than {cap.max_impressions} "
                    f"impressions in {window} at {iso(worst[1])}"
                )
    return found


def _of(
    log: Exposures, lines: Sequence[Line], creatives: Sequence[str], term: CapTerm
) -> NDArray[np.bool_]:
    if term.level == "creative":
        return log.creative == (creatives.index(term.entity_id) if term.entity_id in creatives else -1)
    attribute = "line_id" if term.level == "package" else f"{term.level}_id"
    mine = [n for n, line in enumerate(lines) if getattr(line, attribute) == term.entity_id]
    return np.isin(log.line, mine)


def first_over(
    time_ms: NDArray[np.int64], user: NDArray[np.int32], cap: Cap, from_ms: int, until_ms: int
) -> tuple[int, int] | None:
    """The first exposure (user, time) in ``[from_ms, until_ms)`` that is one too many, or None."""
    order = np.lexsort((time_ms, user))
    when, who = time_ms[order], user[order]
    step = cap.max_impressions
    if len(when) <= step:
        return None
    later, earlier = when[step:], when[:-step]
    bad = (who[step:] == who[:-step]) & (later >= from_ms) & (later < until_ms)
    if cap.window_ms is not None:
        bad &= later - earlier < cap.window_ms
    hits = np.flatnonzero(bad)
    if not len(hits):
        return None
    first = hits[np.argmin(later[hits])]
    return int(who[step:][first]), int(later[first])


def wrong_sums(log: Exposures, lines: Sequence[Line], totals: Mapping[str, Totals]) -> list[str]:
    """Lines whose charges and exposures in the log do not add up to their totals."""
    charged = np.bincount(log.line, weights=log.charge_micros.astype(np.float64), minlength=len(lines))
    served = np.bincount(log.line, minlength=len(lines))
    found = []
    for n, line in enumerate(lines):
        held = totals.get(line.line_id)
        if held is not None and (served[n], charged[n]) != (held.impressions, held.spend_micros):
            found.append(
                f"line {line.line_id}: the log has {served[n]} impressions for {charged[n]:.0f} micros, its "
                f"totals say {held.impressions} for {held.spend_micros}"
            )
    return found
