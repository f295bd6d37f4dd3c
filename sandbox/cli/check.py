"""``adcp-sandbox check``: does a real agent or platform do what it must?"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from sandbox.contract.auth import Auth
from sandbox.contract.subjects import SUBJECTS, subject
from sandbox.core.errors import InputError
from sandbox.core.files import check_writable, write_text

if TYPE_CHECKING:
    from sandbox.contract.check import Finding


@click.command(short_help="Check a real agent or platform.")
@click.argument("what", metavar="outcome-agent|sales-agent|buyer-platform", type=click.Choice(list(SUBJECTS)))
@click.argument("url", required=False)
@click.option(
    "--auth",
    envvar="ADCP_SANDBOX_AUTH",
    metavar="api-key:KEY|bearer:TOKEN|basic:USER:PASSWORD",
    help="Credentials; the environment may have them as ADCP_SANDBOX_AUTH.",
)
@click.option(
    "--other-auth",
    envvar="ADCP_SANDBOX_OTHER_AUTH",
    metavar="…",
    help="Credentials of another customer, in the same form: for checks that customers are kept apart.",
)
@click.option("--control", metavar="URL", help="Control address of a sandbox that is checked: moves clock and agents.")
@click.option("--protocol", type=click.Choice(["mcp", "a2a"]), help="How the agent speaks; found out by itself.")
@click.option(
    "--brand",
    metavar="DOMAIN",
    help="The brand that advertises: registered at a buyer platform (acme.com), or known to a sales agent.",
)
@click.option("--mcp", metavar="URL", help="MCP endpoint of a buyer platform; /mcp at its root.")
@click.option("--channels", metavar="A,B", help="Channels of the campaigns that an outcome agent is asked for.")
@click.option("--countries", metavar="US,CA", help="Countries of these campaigns.")
@click.option("--restart", metavar="CMD", help="Command that stops an outcome agent and starts it again.")
@click.option("--platform-port", type=click.IntRange(0, 65535), help="Where an outcome agent buys in its flight; 8090.")
@click.option("--quiet", type=click.FloatRange(0.05, 15), metavar="SECONDS", help="Silence that ends its turn; 0.3.")
@click.option("--official", is_flag=True, help="Run the official storyboards too; needs Node.")
@click.option("--only", multiple=True, metavar="NAME", help="Only checks whose names begin so. May be repeated.")
@click.option("--list", "listed", is_flag=True, help="List the checks and what each wants, and run none.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML here.")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with the conversation here."
)
def command(
    what: str,
    url: str | None,
    auth: str | None,
    other_auth: str | None,
    control: str | None,
    protocol: str | None,
    brand: str | None,
    mcp: str | None,
    channels: str | None,
    countries: str | None,
    restart: str | None,
    platform_port: int | None,
    quiet: float | None,
    official: bool,
    only: tuple[str, ...],
    listed: bool,
    as_json: bool,
    junit: Path | None,
    html: Path | None,
) -> None:
    """Check a real outcome agent, sales agent or buyer platform at URL.

    Exit code 0: it conforms; 1: it does not; 2: nothing answers there, or bad input.
    """
    from sandbox.cli.verdict import lines, totals, unplayed
    from sandbox.contract import page, render
    from sandbox.contract.run import run, selected

    wanted = subject(what)
    if listed:
        for check in selected(wanted, only, official):
            click.echo(f"{check.name:<44}{check.severity:<8}{check.rule}\n    {' '.join(check.says.split())}")
        return
    if url is None:
        raise click.UsageError("Missing argument 'URL': the address of what is checked.")
    _check_urls({"URL": url, "--control": control, "--mcp": mcp})
    credentials = None if auth is None else Auth.parse(auth)
    other = None if other_auth is None else Auth.parse(other_auth, "--other-auth")
    flight = {"channels": channels, "countries": countries, "platform_port": platform_port, "quiet": quiet}
    given = {
        "other_auth": other,
        "control": control,
        "protocol": protocol,
        "brand": brand,
        "mcp": mcp,
        "restart": restart,
        **flight,
    }
    options = {name: value for name, value in given.items() if value is not None}
    for path, option in ((junit, "--junit"), (html, "--html")):
        if path is not None:
            check_writable(path, option)

    def told(finding: Finding) -> None:
        for line in lines(finding):
            click.echo(line)

    checking = run(wanted, url.rstrip("/"), credentials, only, None if as_json else told, options, official)
    verdict = asyncio.run(checking)
    if as_json:
        click.echo(json.dumps(render.as_json(verdict), ensure_ascii=False))
    else:
        click.echo(f"\n{totals(verdict)}")
        if not official and not only and (more := unplayed(wanted)):
            click.echo(more)
    if junit is not None:
        write_text(junit, render.as_junit(verdict), "--junit")
    if html is not None:
        write_text(html, page.page(verdict), "--html")
    sys.exit(0 if verdict.conforms else 1)


def _check_urls(given: dict[str, str | None]) -> None:
    for where, url in given.items():
        if url is not None:
            _check_url(url, where)


def _check_url(url: str, where: str) -> None:
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
        _ = parts.port
    except ValueError:
        fine = False
    if not fine:
        raise InputError(
            f"not an address: {url!r}", where, "write for example http://127.0.0.1:3000; credentials: --auth"
        )
