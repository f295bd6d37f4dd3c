"""Where the time of a 60-day run goes, part by part: ``python -m benchmarks.profile_run [--sellers N] [--json]``.

A timer interrupts the run every millisecond of processor time. The time since the last interruption goes to the part
that is at work then, which is where the innermost known file of the call stack belongs; what compiled code took is
seen as soon as it returns. This costs the run about a hundredth, where a tracing profiler would double it.
"""

from __future__ import annotations

import argparse
import json
import signal
import tempfile
from collections import Counter
from pathlib import Path
from time import process_time
from types import FrameType
from typing import Self

import click

EVERY_S = 0.001

PARTS = {
    "benchmarks/worlds.py": "engine, compiled",
    "sandbox/delivery/audit.py": "audit of the exposure log",
    "sandbox/delivery/": "engine, Python",
    "sandbox/kernel/market.py": "market (hourly control, delivery events)",
    "sandbox/kernel/trace.py": "trace and its digest",
    "sandbox/kernel/checkers/": "checkers",
    "sandbox/kernel/": "message bus and world",
    "sandbox/protocol/": "protocol and validation",
    "sandbox/operations/": "protocol and validation",
    "sandbox/scenario/": "scenario: steps and expectations",
    "sandbox/results/": "scenario: steps and expectations",
    "agents/": "actors",
    "/simpy/": "SimPy",
    "/pydantic": "protocol and validation",
    "/jsonschema_rs/": "protocol and validation",
}
"""Parts by what the name of a file contains; the first that fits counts."""


class Profile:
    """Seconds of processor time by part, and by function of the innermost known file."""

    def __init__(self) -> None:
        self.parts: Counter[str] = Counter()
        self.functions: Counter[str] = Counter()
        self._known: dict[str, str | None] = {}
        self._last_s = 0.0

    def __enter__(self) -> Self:
        self._last_s = process_time()
        signal.signal(signal.SIGPROF, self._tick)
        signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _tick(self, _: int, frame: FrameType | None) -> None:
        now_s = process_time()
        part, where = "rest", "?"
        while frame is not None:
            found = self._part(frame.f_code.co_filename)
            if found is not None:
                part, where = found, f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_qualname}"
                break
            frame = frame.f_back
        self.parts[part] += now_s - self._last_s  # type: ignore[assignment]
        self.functions[where] += now_s - self._last_s  # type: ignore[assignment]
        self._last_s = now_s

    def _part(self, file: str) -> str | None:
        if file not in self._known:
            self._known[file] = next((part for name, part in PARTS.items() if name in file), None)
        return self._known[file]


def profile(sellers: int, users: int, days: int) -> Profile:
    """The profile of one run of the scenario in ``campaign.py``."""
    from benchmarks import campaign, worlds
    from sandbox.scenario import load, run

    worlds.warm_up()
    with tempfile.TemporaryDirectory() as folder:
        scenario = load(campaign.write(Path(folder, "scenario.yaml"), sellers, users, days))
        with worlds.metered(), Profile() as found:
            run(scenario)
    return found


def main() -> None:
    """Print the seconds of each part, and of the functions that take most."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile_run", description=main.__doc__)
    parser.add_argument("--sellers", type=int, default=8)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--functions", type=int, default=15, help="how many functions to list")
    parser.add_argument("--json", action="store_true", dest="as_json")
    given = parser.parse_args()
    found = profile(given.sellers, given.users, given.days)
    if given.as_json:
        click.echo(json.dumps({"parts": found.parts, "functions": dict(found.functions.most_common(given.functions))}))
        return
    whole_s = sum(found.parts.values())
    for title, counted in (("part", found.parts), ("function", found.functions)):
        click.echo(f"{title:<60} {'seconds':>8} {'share':>6}")
        for name, seconds in counted.most_common(given.functions if title == "function" else None):
            click.echo(f"{name:<60} {seconds:8.2f} {seconds / whole_s:6.1%}")
        click.echo(f"{'together':<60} {whole_s:8.2f}\n" if title == "part" else "")


if __name__ == "__main__":
    main()
