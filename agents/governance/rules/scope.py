"""When and where a plan may run."""

from __future__ import annotations

from collections.abc import Iterator

from agents.governance.proposed import Line
from agents.governance.records import Condition, Finding
from agents.governance.rules.base import Case
from sandbox.core.time import iso

FLIGHT, GEO = "flight_compliance", "geo_compliance"


def flight(case: Case) -> Iterator[Finding]:
    """Nothing runs outside of the plan's flight (rule 213)."""
    (first, last), action = case.plan.flight, case.action
    late = last <= case.now_ms
    fixes: list[Condition] = []
    if action.start_ms is not None and not first <= action.start_ms < last:
        fixes.append(
            Condition(
                "payload.start_time",
                "asap" if first <= case.now_ms else iso(first),
                "the start is outside of the flight",
            )
        )
    if action.end_ms is not None and not first < action.end_ms <= last:
        fixes.append(Condition("payload.end_time", iso(last), "the end is outside of the flight"))
    if fixes or late:
        why = f"The plan may run from {iso(first)} to {iso(last)}" + (", and that is over" if late else "")
        yield Finding(FLIGHT, "critical", why, fixes=() if late else tuple(fixes))


def markets(case: Case) -> Iterator[Finding]:
    """Nothing is targeted outside of the plan's countries, nor of its subdivisions if it names any (rule 214)."""
    plan = case.plan
    if not plan.countries and not plan.regions:
        return
    for line in case.action.lines:
        yield from _countries(plan.countries, line)
        yield from _regions(plan.regions, line)
    if plan.countries and case.action.lines and not any(line.countries or line.regions for line in case.action.lines):
        why = f"The action names no countries; the plan allows {', '.join(plan.countries)}"
        yield Finding(GEO, "info", why, confidence=0.5, uncertainty="the targeting is not known")


def _countries(allowed: list[str], line: Line) -> Iterator[Finding]:
    named = [*line.countries, *(region.partition("-")[0] for region in line.regions)]
    outside = [country for country in dict.fromkeys(named) if allowed and country not in allowed]
    if outside:
        why = f"{', '.join(outside)} is not among the plan's countries {', '.join(allowed)}"
        inside = [country for country in line.countries if country in allowed]
        fix = Condition(f"{line.path}.targeting_overlay.geo_countries", inside, why)
        yield Finding(GEO, "critical", why, fixes=(fix,) if inside else ())


def _regions(allowed: list[str], line: Line) -> Iterator[Finding]:
    """A plan for subdivisions wants them named: a whole country is more than it allows."""
    outside = [region for region in line.regions if allowed and region not in allowed]
    if not allowed or (line.regions and not outside):
        return
    said = f"{', '.join(outside)} is not among" if outside else "the targeting is not narrowed to"
    why = f"{said} the plan's regions {', '.join(allowed)}"
    inside = [region for region in line.regions if region in allowed] or ([] if outside else allowed)
    fix = Condition(f"{line.path}.targeting_overlay.geo_regions", inside, why)
    yield Finding(GEO, "critical", why, fixes=(fix,) if inside else ())
