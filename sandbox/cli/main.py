"""``adcp-sandbox``: finds the command, and turns a user's mistake into a message and exit code 2."""

from __future__ import annotations

import gc
import importlib
import signal
import sys
from typing import Any

import click

from sandbox import __version__
from sandbox.core.errors import InputError

COMMANDS = {
    "run": "sandbox.cli.run",
    "serve": "sandbox.cli.serve",
    "scenarios": "sandbox.cli.scenarios",
    "validate": "sandbox.cli.validate",
    "new": "sandbox.cli.new",
    "check": "sandbox.cli.check",
    "replay": "sandbox.cli.replay",
}
"""The module of each command; it has the command under ``command``."""

STOPPED = 128 + signal.SIGINT
"""Exit code of what was stopped by Ctrl-C, as shells give it."""


class LazyGroup(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Ctrl-C ends it with a code of its own: nothing has been judged."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\nstopped", err=True)
            ctx.exit(STOPPED)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="adcp-sandbox")
def cli() -> None:
    """Plays the AdCP advertising ecosystem over simulated time."""


def main() -> None:
    """The console script. Exit codes: 0 held, 1 an expectation failed, 2 bad input, 130 stopped by Ctrl-C."""
    gc.disable()  # nothing here makes cycles worth a tenth of its start; what stays (serve) enables it again
    if hasattr(signal, "SIGPIPE"):  # a reader that has gone (`| head`) ends us as it ends any other tool
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        cli.main(prog_name="adcp-sandbox", standalone_mode=True)
    except InputError as error:
        place = f"{error.where}: " if error.where else ""
        click.echo(f"{click.style('error:', fg='red', bold=True)} {place}{error.message}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
        sys.exit(2)
    finally:
        gc.freeze()  # or the interpreter looks through everything once more before it ends
