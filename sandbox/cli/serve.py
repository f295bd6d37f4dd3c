"""``adcp-sandbox serve``: the simulated ecosystem as services that real clients talk to."""

from __future__ import annotations

import gc
import json
import math
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import click

from sandbox.core.errors import InputError
from sandbox.core.files import check_writable
from sandbox.core.time import day_start, parse_instant
from sandbox.scenario import load

DEFAULT_WORLD = "worlds/default"

FOLDER = Path(".adcp-sandbox")
"""Where the journal and uploaded files are unless ``--journal`` says otherwise."""

COLLECTED = (20_000, 10, 10)
"""After how many new objects cycles are looked for among the newest; and after how many such looks among older ones.

An order leaves some hundred objects for good. With Python's own thresholds a third of a server's time goes into looking
through what orders before have left.
"""


@click.command(short_help="Serve a scenario's world to real clients.")
@click.argument("scenario", default=DEFAULT_WORLD)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port; 0 finds a free one."
)
@click.option(
    "--agents-port",
    type=click.IntRange(0, 65535),
    help="Port of the simulated agents (AdCP over MCP and A2A). [default: 8081, or a free one with --port 0]",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Root of everything left to chance.")
@click.option("--clock", default="manual", show_default=True, help="manual, real, or x60 for an hour in a minute.")
@click.option(
    "--start", help="First instant of the worlds (ISO 8601, or `now`); the scenario's, or now for a clock that runs."
)
@click.option(
    "--journal",
    metavar="FILE|URL",
    help="Where requests are kept: an SQLite file, an SQLAlchemy URL, or `memory`. [default: a file in .adcp-sandbox]",
)
@click.option("--ready-file", type=click.Path(path_type=Path, dir_okay=False), help="Write the ready line here too.")
@click.option(
    "--allow-host", multiple=True, help="A host besides this machine to which webhooks may go; may be repeated."
)
@click.option(
    "--rate-limit", type=click.FloatRange(0), default=0.0, help="Requests a second and customer; 0 is no limit."
)
def command(
    scenario: str,
    host: str,
    port: int,
    agents_port: int | None,
    seed: int | None,
    clock: str,
    start: str | None,
    journal: str | None,
    ready_file: Path | None,
    allow_host: tuple[str, ...],
    rate_limit: float,
) -> None:
    """Serve SCENARIO (a path or the name of a shipped one; its steps are not played) until Ctrl-C.

    Prints one line of JSON when it is ready. What was done is there again after a restart with the same
    journal. Exit code 2: bad input.
    """
    from sandbox.journal.find import new_journal_url
    from sandbox.server.app import Address, serve
    from sandbox.server.clock import read_mode
    from sandbox.server.served import Settings

    if hasattr(signal, "SIGPIPE"):  # clients may go while we write to them
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    _checked(rate_limit, allow_host)
    if ready_file is not None:
        check_writable(ready_file, "--ready-file")
    loaded = load(scenario)
    start_ms = _instant(start or ("now" if read_mode(clock) else None))
    agents = agents_port if agents_port is not None else 8081 if port else 0
    with ExitStack() as stack:
        if journal == "memory":
            files = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="adcp-sandbox-")))
        else:
            files = _folder(FOLDER / "files")
        url = new_journal_url(journal or f"{FOLDER / _name(scenario)}.db")
        settings = Settings(loaded, seed, clock, url, start_ms, files, allow_host)
        serve(settings, Address(host, port, agents, ready_file, rate_limit), _begin, _note)


def _begin(line: str) -> None:
    """Say that the sandbox is ready, and look for cycles from now on, once in a while: worlds grow and stay."""
    gc.collect()
    gc.set_threshold(*COLLECTED)
    gc.enable()
    _say(line)
    if sys.stderr.isatty():
        for words in _for_people(json.loads(line)):
            _note(words)


def _for_people(ready: dict[str, Any]) -> Iterator[str]:
    """The ready line in a few lines that can be read."""
    customer = ready["customers"][0]
    yield f"\ndashboard  {ready['dashboard']}"
    yield f"buyer API  {ready['buyer_api']}/api/v2/buyer  Authorization: Bearer {customer['api_key']}"
    yield f"reference  {ready['docs']}"
    for agent in ready["agents"]:
        yield f"{agent['role']:<10} {agent['mcp']}  Authorization: Bearer {agent['token']}"
    for agent in ready["outcome_agents"]:
        yield f"outcome    {agent['url']}  X-API-Key: {agent['token']}"
    kept = ready["journal"] != "sqlite://"  # which is memory
    yield f"Ctrl-C stops it; {'the next start goes on with ' + ready['journal'] if kept else 'nothing is kept'}"


def _note(words: str) -> None:
    with suppress(OSError):
        click.echo(words, err=True)


def _say(line: str) -> None:
    try:
        click.echo(line)
    except OSError:  # nobody listens, or the disk is full: the sandbox is there all the same
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _checked(rate_limit: float, allow_host: tuple[str, ...]) -> None:
    """Raise :class:`InputError` for options that would be of no effect."""
    if not math.isfinite(rate_limit):
        raise InputError(f"not a number of requests: {rate_limit}", "--rate-limit", "0 is no limit")
    for host in allow_host:
        if not host or set(host) & set("/@?# "):
            raise InputError(f"not the name of a host: {host!r}", "--allow-host", "write for example hooks.example.com")


def _name(scenario: str) -> str:
    """What the journal of a scenario is called."""
    return scenario.removesuffix(".yaml").strip("./").replace("/", "-")


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"can't make the folder {path}: {error.strerror}", "--journal") from None
    return path


def _instant(text: str | None) -> int | None:
    if text is None:
        return None
    if text == "now":
        return day_start(int(time.time() * 1000))
    try:
        return parse_instant(text)
    except ValueError:
        raise InputError(
            f"not an ISO 8601 instant: {text!r}", "--start", "write for example 2026-05-01T00:00:00Z"
        ) from None
