"""The suites of ``benchmarks.throughput``: one file each, one line here."""

from collections.abc import Callable

from benchmarks.measure import Row
from benchmarks.suites import (
    agents,
    allocation,
    caps,
    end_to_end,
    generation,
    kernel,
    memory,
    messages,
    pacing,
    serving,
    start,
)

Suite = Callable[[bool], list[Row]]

SUITES: dict[str, Suite] = {
    "kernel": kernel.rows,
    "generation": generation.rows,
    "pacing": pacing.rows,
    "allocation": allocation.rows,
    "caps": caps.rows,
    "messages": messages.rows,
    "start": start.rows,
    "memory": memory.rows,
    "end-to-end": end_to_end.rows,
    "serving": serving.rows,
    "agents": agents.rows,
}
