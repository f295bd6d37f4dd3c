"""``adcp-sandbox replay``: do again what a served sandbox did, or make a scenario of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandbox.core.errors import InputError
from sandbox.core.files import check_writable, replacing, write_text
from sandbox.core.time import iso

if TYPE_CHECKING:
    from sandbox.scenario.export import Exported, Recording
    from sandbox.scenario.export.resend import Resent
    from sandbox.server.redo import Redone


@click.command(short_help="Do a served session again, or make a scenario of it.")
@click.argument("journal")
@click.option("--export", type=click.Path(path_type=Path, dir_okay=False), help="Write a scenario of it here.")
@click.option("--against", metavar="URL", help="Send it to a real service, and compare the answers.")
@click.option("--scenario", help="Where the scenario of the journal is now; the world in which traffic is played.")
@click.option(
    "--agent",
    "agents",
    multiple=True,
    metavar="NAME=URL",
    help="The address of an agent of the world; may be repeated. Its token: ADCP_SANDBOX_AUTH, or URL#TOKEN.",
)
@click.option("--auth", envvar="ADCP_SANDBOX_AUTH", metavar="bearer:KEY", help="The API key of the service.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    journal: str,
    export: Path | None,
    against: str | None,
    scenario: str | None,
    agents: tuple[str, ...],
    auth: str | None,
    as_json: bool,
) -> None:
    """Build the worlds of JOURNAL anew and compare every answer with the one that was given.

    JOURNAL is the path or URL of a journal that `serve` has kept, or captured traffic: a HAR file, or NDJSON
    (these need --export or --against).

    Exit code 0: all answers are the same; 1: one differs; 2: bad input.
    """
    from sandbox.journal.find import is_database

    known = _agents(agents)
    if export is not None:
        check_writable(export, "--export")
    path = Path(journal)
    if path.is_file() and not is_database(path):
        if export is None and against is None:
            raise InputError(f"{path} is captured traffic", "JOURNAL", "say --export FILE, or --against URL")
        recordings, told, code = [_traffic(path, scenario, known)], {}, 0
    else:
        redone = _redone(journal, scenario, as_json)
        recordings, told, code = (
            _recordings(journal, redone, export, against),
            _as_json(redone),
            int(bool(redone.changed)),
        )
    if code == 0 and export is not None:
        told["exported"] = _export(recordings, export, as_json)
    if code == 0 and against is not None:
        told["against"], code = _against(recordings, against, auth, known, as_json)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    sys.exit(code)


# -- again -----------------------------------------------------------------------------------------------


def _redone(journal: str, scenario: str | None, quiet: bool) -> Redone:
    from sandbox.journal.diff import told
    from sandbox.journal.find import journal_url
    from sandbox.server.redo import redo

    redone = redo(journal_url(journal), scenario)
    if quiet:
        return redone
    if redone.changed is not None:
        click.secho(redone.changed.title(), fg="red", bold=True)
        for line in told(redone.changed.found):
            click.echo(line)
        return redone
    for world in redone.worlds:
        click.echo(f"{world.name}: {world.inputs} inputs, all answered as before, up to {iso(world.now_ms)}")
        click.echo(f"digest {world.digest}")
    return redone


def _as_json(redone: Redone) -> dict[str, Any]:
    from sandbox.journal.diff import as_rows

    changed = redone.changed
    return {
        "status": "same" if changed is None else "differs",
        "scenario": redone.scenario.name,
        "worlds": [
            {"customer": world.name, "inputs": world.inputs, "now": iso(world.now_ms), "digest": world.digest}
            for world in redone.worlds
        ],
        **({} if changed is None else {"difference": {"title": changed.title(), "places": as_rows(changed.found)}}),
    }


# -- elsewhere -------------------------------------------------------------------------------------------


def _recordings(journal: str, redone: Redone, export: Path | None, against: str | None) -> list[Recording]:
    """The recording of each world in which something was done; nothing if nobody wants them."""
    from sandbox.journal.find import journal_url
    from sandbox.journal.store import Journal
    from sandbox.kernel.blobs import Blobs
    from sandbox.scenario.export import of_journal

    if redone.changed is not None or (export is None and against is None):
        return []
    kept, files = Journal(journal_url(journal)), Blobs(redone.files)
    span = redone.start_ms, redone.clock_ms
    try:
        found = [
            of_journal(redone.scenario, world.name, world.seed, *span, kept.entries(world.name, reads=True), files)
            for world in redone.worlds
        ]
    finally:
        kept.close()
    found = [recording for recording in found if recording.inputs]
    if not found:
        raise InputError("nothing was done in it that a step could do", "JOURNAL")
    return found


def _traffic(path: Path, scenario: str | None, agents: dict[str, str]) -> Recording:
    from sandbox.journal.traffic import read_traffic
    from sandbox.scenario import load
    from sandbox.scenario.export.traffic import of_traffic

    by_url = {url.partition("#")[0]: name for name, url in agents.items()}
    return of_traffic(load(scenario or "worlds/default"), read_traffic(path), by_url)


def _export(recordings: list[Recording], path: Path, quiet: bool) -> list[dict[str, Any]]:
    """Write a file for each world: the given one, or one with the customer's name in it if there are several."""
    from sandbox.scenario.export import export

    paths = [path] if len(recordings) == 1 else [path.with_stem(f"{path.stem}-{one.name}") for one in recordings]
    folder = path.absolute().parent
    made = [export(one, folder, f"{file.stem}.files") for one, file in zip(recordings, paths, strict=True)]
    for file, exported in zip(paths, made, strict=True):
        for name, content in exported.files.items():
            _write_file(folder / name, content)
        write_text(file, exported.text, "--export")
        if not quiet:
            _tell(file, exported)
    return [
        {
            "file": str(file),
            "steps": one.steps,
            "expectations": one.promises,
            "notes": one.notes,
            "files": list(one.files),
        }
        for file, one in zip(paths, made, strict=True)
    ]


def _write_file(path: Path, content: bytes) -> None:
    """Write an upload into the folder beside a scenario."""
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"can't make the folder {path.parent}: {error.strerror}", "--export") from None
    with replacing(path, "--export") as part:
        part.write_bytes(content)


def _tell(path: Path, exported: Exported) -> None:
    for note in exported.notes:
        click.echo(f"left out: {note}", err=True)
    click.echo(f"{path}: {exported.steps} steps, {exported.promises} expectations")
    click.echo(f"play it with: adcp-sandbox run {path}")


def _against(
    recordings: list[Recording], url: str, auth: str | None, agents: dict[str, str], quiet: bool
) -> tuple[list[dict[str, Any]], int]:
    from sandbox.journal.diff import as_rows
    from sandbox.scenario.export.resend import resend

    key = None if auth is None else auth.partition(":")[2] or auth
    rows, code = [], 0
    for recording in recordings:
        done = resend(recording, url, key, {name: _with_token(address, key) for name, address in agents.items()})
        code = code or int(bool(done.differing))
        if not quiet:
            _compare(recording, url, done)
        differing = [{"input": one.number, "call": one.call, "places": as_rows(one.found)} for one in done.differing]
        rows.append({"customer": recording.name, "sent": done.sent, "left_out": done.left_out, "differing": differing})
    return rows, code


def _compare(recording: Recording, url: str, done: Resent) -> None:
    from sandbox.journal.diff import told

    for note in done.left_out:
        click.echo(f"not sent: {note}", err=True)
    if done.differing:
        first = done.differing[0]
        title = f"input {first.number} of {recording.name}, {first.call}, is answered otherwise by {url}"
        click.secho(title, fg="red", bold=True)
        for line in told(first.found):
            click.echo(line)
    same = done.sent - len(done.differing)
    click.echo(f"{recording.name}: {done.sent} inputs sent to {url}, {same} answered as recorded")


def _with_token(address: str, key: str | None) -> str:
    return address if "#" in address or not key else f"{address}#{key}"


def _agents(given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in given:
        name, _, url = text.partition("=")
        if not name or not url.startswith(("http://", "https://")):
            raise InputError(
                f"not NAME=URL: {text!r}", "--agent", "write for example newsroom=http://127.0.0.1:8081/mcp"
            )
        found[name] = url
    return found
