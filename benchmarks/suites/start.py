"""From the command to the first result of a small scenario."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Row, take_turns, timed

BARE = "python that does nothing"
WARM_S, COLD_S = 1.5, 4.0
_SCENARIO = "lifecycle/one-agent"


def rows(quick: bool) -> list[Row]:
    """Seconds of a whole process: with what was compiled on disk, and with nothing compiled yet."""
    run = [sys.executable, "-m", "sandbox.cli", "run", _SCENARIO, "--json"]
    subprocess.run(run, check=True, capture_output=True)
    works = {"ours": lambda: _seconds(run), BARE: lambda: _seconds([sys.executable, "-c", "pass"])}
    found = take_turns(works, 2 if quick else 5)
    ours, bare = min(found["ours"]), min(found[BARE])
    made = [Row("start", "small scenario, warm", ours, "s", BARE, bare, None, at_most=WARM_S)]
    if not quick:
        cold = min(_cold(run) for _ in range(2))
        made.append(Row("start", "small scenario, cold compile cache", cold, "s", BARE, bare, None, at_most=COLD_S))
    return made


def _seconds(command: list[str], **environment: str) -> float:
    def work() -> None:
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **environment})

    return timed(work)


def _cold(command: list[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return _seconds(command, NUMBA_CACHE_DIR=str(Path(folder)))
