"""One whole run in a process of its own, for its memory: ``python -m benchmarks.single '{"lines": 8}'``."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from benchmarks.worlds import Meter
    from sandbox.kernel.market import Market


@dataclass(slots=True, frozen=True)
class Size:
    """How large a world is. ``sellers`` other than 0: the scenario with the whole protocol instead of lines alone."""

    lines: int = 8
    users: int = 1_000_000
    days: int = 60
    daily: int = 333_334
    sellers: int = 0


@dataclass(slots=True, frozen=True)
class Cost:
    """What a run cost: seconds from the first event to the last, of them in the kernel; peak memory of the process."""

    opportunities: int
    impressions: int
    run_s: float
    kernel_s: float
    peak_mb: float
    ring_bytes: int
    overspend: bool


def in_own_process(size: Size) -> Cost:
    """Run a world of this size in a new process."""
    command = [sys.executable, "-m", "benchmarks.single", json.dumps(asdict(size))]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root)
    return Cost(**json.loads(done.stdout))


def lines_alone(size: Size) -> Cost:
    """Lines in a world with hourly control and trace, but without buying and selling them."""
    from benchmarks import worlds
    from sandbox.core.time import DAY_MS
    from sandbox.kernel.actor import Actor
    from sandbox.kernel.world import World

    worlds.warm_up()
    world = World(1, worlds.START_MS, users=size.users)
    world.add(Actor(world, "seller"))
    market = world.market
    begun = perf_counter()
    with worlds.metered() as meter:
        market.add_placements(worlds.placements_of(size.lines, size.daily))
        market.set_caps("campaign", "campaign", worlds.CAMPAIGN_CAPS)
        market.set_caps("advertiser", "brand", worlds.ADVERTISER_CAPS)
        for n in range(size.lines):
            market.open_line("seller", "buyer", worlds.line_of(n, size.lines, size.daily, size.days))
            market.set_caps("package", f"line-{n}", worlds.PACKAGE_CAPS)
        world.run(worlds.START_MS + size.days * DAY_MS)
        market.settle()
        run_s = perf_counter() - begun
    return _cost(market, run_s, meter)


def whole_scenario(size: Size) -> Cost:
    """A campaign bought from sales agents, with the whole protocol, all checkers, and the audit at the end."""
    from benchmarks import campaign, worlds
    from sandbox.scenario import load, run

    worlds.warm_up()
    with tempfile.TemporaryDirectory() as folder:
        path = campaign.write(Path(folder, "scenario.yaml"), size.sellers, size.users, size.days, size.daily)
        scenario = load(path)
        begun = perf_counter()
        with worlds.metered() as meter:
            result = run(scenario)
        run_s = perf_counter() - begun
    if result.status != "passed":
        raise RuntimeError(f"the scenario did not pass: {result.violations} {result.expectations}")
    return Cost(result.opportunities, result.impressions, run_s, meter.kernel_s, peak_mb(), meter.ring_bytes, False)


def peak_mb() -> float:
    """The most memory that this process has had so far; a new process counts what its parent had where /proc is not."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _cost(market: Market, run_s: float, meter: Meter) -> Cost:
    engine = market.engine
    over = any(engine.totals(line.line_id).spend_micros > line.budget_micros for line in engine.lines)
    return Cost(
        engine.opportunities,
        len(engine.log),
        run_s,
        meter.kernel_s,
        peak_mb(),
        meter.ring_bytes,
        over,
    )


def main() -> None:
    """Run the world that the command line describes, and print what it cost as JSON."""
    given = json.loads(sys.argv[1])
    size = Size(**{field.name: given[field.name] for field in fields(Size) if field.name in given})
    click.echo(json.dumps(asdict(whole_scenario(size) if size.sellers else lines_alone(size))))


if __name__ == "__main__":
    main()
