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
_OURS = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""The environment; Python keeps the bytecode of what it imports, as it does unless told otherwise."""

_RUN = [sys.executable, "-m", "sandbox.cli", "run", "lifecycle/one-agent", "--json"]


def rows(quick: bool) -> list[Row]:
    """Seconds of a whole process: with what was compiled on disk, and with nothing compiled yet."""
    subprocess.run(_RUN, check=True, capture_output=True, env=_OURS)
    works = {"warm": lambda: _seconds(_RUN), BARE: lambda: _seconds([sys.executable, "-c", "pass"])}
    least = {name: min(seconds) for name, seconds in take_turns(works, 2 if quick else 5).items()}
    bare = BARE, least[BARE]
    made = [Row("start", "small scenario, warm", least["warm"], "s", *bare, at_most=WARM_S)]
    if not quick:
        cold = min(_cold(_RUN) for _ in range(2))
        made.append(Row("start", "small scenario, cold compile cache", cold, "s", *bare, at_most=COLD_S))
    return made


def _seconds(command: list[str], **environment: str) -> float:
    def work() -> None:
        subprocess.run(command, check=True, capture_output=True, env={**_OURS, **environment})

    return timed(work)


def _cold(command: list[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return _seconds(command, NUMBA_CACHE_DIR=str(Path(folder)))
