"""``adcp-sandbox run``: play a scenario and say what came of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sandbox.cli.main import STOPPED
from sandbox.cli.report import report
from sandbox.core.errors import InputError
from sandbox.core.files import check_folder, check_writable
from sandbox.core.time import parse_duration
from sandbox.scenario import load, run

if TYPE_CHECKING:
    from sandbox.results.result import RunResult
    from sandbox.scenario import Scenario

PROGRESS_FROM_MS = 10 * 86_400_000
"""Runs shorter than this many simulated ms are over before a progress bar could be read."""


@click.command(short_help="Play a scenario and judge its expectations.")
@click.argument("scenario")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Root of everything left to chance.")
@click.option("--against", metavar="URL", help="Play the steps against a sandbox that `serve` has started.")
@click.option("--reset", is_flag=True, help="With --against: let that sandbox begin anew first.")
@click.option("--journal", metavar="URL", help="Keep what real services say here, to play the run again.")
@click.option("--replay", metavar="JOURNAL", help="Play a run again with what real services said then.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the platform for real services.")
@click.option("--agents-port", type=click.IntRange(0, 65535), default=0, help="Port of the agents for real services.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write trace and tables here.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a report.")
@click.option("--shrink", is_flag=True, help="If it fails, write a smaller scenario that fails in the same way.")
@click.option(
    "--shrink-limit", default="2m", show_default=True, metavar="DURATION", help="How long to look for a smaller one."
)
def command(
    scenario: str,
    seed: int | None,
    against: str | None,
    reset: bool,
    journal: str | None,
    replay: str | None,
    port: int,
    agents_port: int,
    out: Path | None,
    as_json: bool,
    shrink: bool,
    shrink_limit: str,
) -> None:
    """Play SCENARIO (a path, or the name of a shipped one) and judge its expectations.

    Exit code 0: everything held; 1: an expectation failed or a checker found a breach; 2: bad input.
    """
    if reset and against is None:
        raise InputError("it needs --against", "--reset")
    if shrink and against is not None:
        raise InputError("it does not go with --against", "--shrink", "shrink it in process first")
    limit_ms = _duration(shrink_limit)
    loaded = load(scenario)
    _look(scenario, out, shrink)
    _load_compiler()
    real = _Real(journal, replay, port, agents_port)
    real.check(loaded, against, shrink)
    with _progress(loaded) as progress:
        if loaded.real():
            result = real.play(loaded, seed, progress)
        elif against is None:
            result = run(loaded, seed, progress)
        else:
            from sandbox.scenario.remote import play

            result = play(loaded, against, seed, reset, progress)
    if out is not None:
        from sandbox.results.tables import write

        write(result, out)
    smaller = None
    if shrink and result.status == "failed":
        from sandbox.cli.shrink import shrunk

        smaller = shrunk(scenario, seed, limit_ms)
    if as_json:
        more = {} if smaller is None else {"shrunk": smaller.path}
        click.echo(json.dumps({**result.summary(), **more}, ensure_ascii=False))
    else:
        for line in report(result, loaded.file.title):
            click.echo(line)
        if out is not None:
            click.echo(f"trace and tables are in {out}", err=True)
        if smaller is not None:
            click.echo(smaller.told)
    sys.exit(0 if result.status == "passed" else 1)


@dataclass(slots=True, frozen=True)
class _Real:
    """What is said of real services."""

    journal: str | None
    replay: str | None
    port: int
    agents_port: int

    def check(self, scenario: Scenario, against: str | None, shrink: bool) -> None:
        """Raise :class:`InputError` for options that don't go together."""
        given = {
            "--journal": self.journal,
            "--replay": self.replay,
            "--port": self.port,
            "--agents-port": self.agents_port,
        }
        if not scenario.real():
            for option in (option for option, value in given.items() if value):
                raise InputError("no actor of the scenario is a real service", option, "give one an `url`")
            return
        if against is not None or shrink:
            option = "--shrink" if shrink else "--against"
            raise InputError("it does not go with actors that are real services", option)
        if self.replay is not None and self.journal is not None:
            raise InputError("it does not go with --replay", "--journal")
        if self.replay is not None and (self.port or self.agents_port):
            raise InputError("it does not go with --replay", "--port" if self.port else "--agents-port")

    def play(self, scenario: Scenario, seed: int | None, progress: Callable[[int], None] | None) -> RunResult:
        """Play it with the services, or again without them."""
        from sandbox.journal.find import journal_url, new_journal_url
        from sandbox.server.app import Address
        from sandbox.server.play import play, play_again

        if self.replay is not None:
            return play_again(scenario, journal_url(self.replay), seed, progress)
        kept = "memory" if self.journal is None else new_journal_url(self.journal)
        address = Address(port=self.port, agents_port=self.agents_port)
        try:
            return play(scenario, seed, kept, address, progress, _say)
        except KeyboardInterrupt:
            if self.journal is None:
                raise
            _say("stopped; the same command goes on with it")
            sys.exit(STOPPED)


def _say(line: str) -> None:
    click.echo(line, err=True)


def _duration(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InputError(str(error), "--shrink-limit") from None


def _load_compiler() -> None:
    """Load numba without its search for SciPy's linear algebra, which takes 0.2 s and is of no use here."""
    if "scipy" in sys.modules:
        return
    sys.modules["scipy"] = None  # type: ignore[assignment]
    try:
        import_module("numba.np.arraymath")
    finally:
        del sys.modules["scipy"]


def _look(scenario: str, out: Path | None, shrink: bool) -> None:
    """Make sure that what comes of the run can be written. Raises :class:`InputError`."""
    if shrink:
        from sandbox.cli.shrink import target

        check_writable(target(scenario), "--shrink")
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"can't make the folder {out}: {error.strerror}", "--out") from None
    check_folder(out, "--out")


@contextmanager
def _progress(scenario: Scenario) -> Iterator[Callable[[int], None] | None]:
    """A progress bar over simulated time on the terminal of a long run; nothing elsewhere."""
    length_ms = scenario.end_ms - scenario.start_ms
    if not sys.stderr.isatty() or length_ms < PROGRESS_FROM_MS:
        yield None
        return
    with click.progressbar(length=length_ms, label="simulating", file=sys.stderr) as bar:
        done_ms = scenario.start_ms

        def tell(now_ms: int) -> None:
            nonlocal done_ms
            bar.update(now_ms - done_ms)
            done_ms = now_ms

        yield tell
