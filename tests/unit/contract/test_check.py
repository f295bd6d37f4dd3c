"""The frame of all checks: what is run, what is told, and what a verdict looks like."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from sandbox.cli.main import cli
from sandbox.cli.verdict import lines, totals
from sandbox.contract.auth import Auth
from sandbox.contract.check import Checks, Finding, Skipped, Subject, expect
from sandbox.contract.page import page
from sandbox.contract.render import as_json, as_junit
from sandbox.contract.run import Verdict, run, selected
from sandbox.contract.talk import NoAnswer, Talk
from sandbox.core.errors import InputError

CHECKS: Checks[Doorbell] = Checks()


class Doorbell:
    """Something that answers."""

    def __init__(self, url: str, auth: Auth | None, talk: Talk) -> None:
        self.url, self.auth, self.talk = url, auth, talk

    async def ring(self, path: str, body: object = None) -> int:
        headers = dict([self.auth.header]) if self.auth else {}
        return (await self.talk.send("POST", self.url + path, body, headers)).status


@asynccontextmanager
async def _open(url: str, auth: Auth | None, talk: Talk) -> AsyncIterator[Doorbell]:
    try:
        await talk.send("GET", url)
    except NoAnswer as error:
        raise InputError(f"nothing answers: {error}", url) from None
    yield Doorbell(url, auth, talk)


@CHECKS.add("bell.rings", "rule 1")
async def rings(door: Doorbell) -> None:
    """A bell that is pressed rings."""
    status = await door.ring("/bell", {"press": "<b>"})
    expect(status == 200, "status", 200, status)


@CHECKS.add("bell.quiet", "rule 2")
async def quiet(door: Doorbell) -> None:
    """A bell that is not there does not ring."""
    status = await door.ring("/nothing")
    expect(status == 200, "status", 200, status)


@CHECKS.add("knock.polite", "rule 3", severity="should")
async def polite(door: Doorbell) -> None:
    """Somebody says who it is."""
    expect(False, "the voice")


@CHECKS.add("knock.late", "rule 4", timeout_s=0.01)
async def late(_: Doorbell) -> None:
    """Somebody comes in time."""
    await asyncio.sleep(5)


@CHECKS.add("letter.box", "rule 5")
async def box(_: Doorbell) -> None:
    """There is a letter box."""
    raise Skipped("no letters today")


DOOR: Subject[Doorbell] = Subject("door", "A door", _open, CHECKS)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self._answer(200 if self.path == "/bell" else 404)

    def _answer(self, status: int) -> None:
        text = json.dumps({"you": self.headers.get("X-API-Key")}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def verdict(url: str) -> Verdict:
    return asyncio.run(run(DOOR, url, Auth("api-key", "top-secret")))


def test_each_check_comes_out_by_itself(verdict: Verdict) -> None:
    outcomes = {finding.check.name: finding.outcome for finding in verdict.findings}
    assert outcomes == {
        "bell.rings": "passed",
        "bell.quiet": "failed",
        "knock.polite": "failed",
        "knock.late": "failed",
        "letter.box": "skipped",
    }
    assert not verdict.conforms


def test_a_failure_says_what_was_wanted_and_what_was_found(verdict: Verdict) -> None:
    assert [finding.detail for finding in verdict.findings] == [
        "",
        "status: wanted 200, found 404",
        "the voice",
        "it was not done after 0.01 s",
        "no letters today",
    ]


def test_only_a_must_makes_it_not_conform(url: str) -> None:
    verdict = asyncio.run(run(DOOR, url, None, ["bell.rings", "knock.polite"]))
    assert verdict.conforms
    assert (verdict.count("failed", "should"), verdict.count("failed", "must")) == (1, 0)


def test_nothing_checked_is_not_conforming(url: str) -> None:
    assert not asyncio.run(run(DOOR, url, None, ["letter"])).conforms


def test_names_that_select_nothing_are_refused() -> None:
    with pytest.raises(InputError, match=r"--only: no check begins with 'window'"):
        selected(DOOR, ["window"])


def test_secrets_are_in_no_output(verdict: Verdict) -> None:
    told = json.dumps(as_json(verdict)) + as_junit(verdict) + page(verdict)
    told += "".join(line for finding in verdict.findings for line in lines(finding))
    assert "top-secret" not in told
    assert "X-API-Key: $SECRET" in told


def test_a_failure_comes_with_a_command_that_repeats_it(verdict: Verdict, url: str) -> None:
    assert verdict.findings[0].curl == (
        f"curl -sS -i -X POST {url}/bell -H 'Content-Type: application/json' "
        """-H "X-API-Key: $SECRET" --data-raw '{"press": "<b>"}'"""
    )


def test_the_page_escapes_what_was_said(verdict: Verdict) -> None:
    shown = page(verdict)
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown
    assert 'A door <span class="failed">does not conform</span>' in shown


def test_junit_counts_what_must_be_so(verdict: Verdict) -> None:
    suite = ET.fromstring(as_junit(verdict))
    assert {name: suite.get(name) for name in ("tests", "failures", "skipped")} == {
        "tests": "5",
        "failures": "2",
        "skipped": "1",
    }
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["quiet", "late"]


def test_the_last_line_counts(verdict: Verdict, url: str) -> None:
    assert totals(verdict).endswith("1 passed, 2 failed, 1 warned, 1 skipped")


def test_nothing_there_is_bad_input() -> None:
    with pytest.raises(InputError, match="nothing answers"):
        asyncio.run(run(DOOR, "http://127.0.0.1:9"))


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("api-key:k:1", ("X-API-Key", "k:1")),
        ("bearer:abc", ("Authorization", "Bearer abc")),
        ("basic:me:pass", ("Authorization", "Basic bWU6cGFzcw==")),
    ],
)
def test_credentials_are_read(text: str, header: tuple[str, str]) -> None:
    auth = Auth.parse(text)
    assert auth.header == header
    assert auth.wrong().header != header
    assert len(auth.wrong().secret) == len(auth.secret)


@pytest.mark.parametrize("text", ["topsecret", "token:topsecret", "basic:topsecret", "bearer:", "bearer:top secret"])
def test_credentials_that_are_not_understood_are_not_repeated(text: str) -> None:
    with pytest.raises(InputError) as caught:
        Auth.parse(text)
    assert "secret" not in str(caught.value)


def test_the_command_writes_what_was_asked_for(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.cli.check.subject", lambda _: DOOR)
    junit, html = tmp_path / "out.xml", tmp_path / "out.html"
    done = CliRunner().invoke(
        cli, ["check", "sales-agent", url, "--json", "--junit", str(junit), "--html", str(html), "--only", "bell"]
    )
    assert done.exit_code == 1
    assert json.loads(done.output)["failed"] == 1
    assert "testsuite" in junit.read_text()
    assert "A door" in html.read_text()


@pytest.mark.parametrize("address", ["127.0.0.1:3000", "http://me:pass@host", "http://host:port", "ftp://host"])
def test_an_address_that_is_none_is_bad_input(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.cli.check.subject", lambda _: DOOR)
    done = CliRunner().invoke(cli, ["check", "sales-agent", address])
    assert isinstance(done.exception, InputError)
    assert done.exception.where == "URL"


def test_the_page_begins_with_links_to_what_is_wrong(verdict: Verdict) -> None:
    shown = page(verdict)
    top = shown.partition("<details")[0]
    assert 'failed</span><span><a href="#bell.quiet">bell.quiet</a> <a href="#knock.late">knock.late</a>' in top
    assert 'warned</span><span><a href="#knock.polite">' in top
    assert "bell.rings" not in top
    assert '<details class="check" id="bell.quiet" open>' in shown


def test_the_page_says_which_side_said_what(verdict: Verdict) -> None:
    said = page(verdict).partition('id="bell.rings"')[2].partition("</details>")[0]
    order = ["<i>request</i>", "&quot;press", "<i>answer</i>", "&quot;you"]
    assert [said.index(part) for part in order] == sorted(said.index(part) for part in order)


def test_what_was_found_is_told_in_one_line() -> None:
    finding = Finding(next(iter(CHECKS)), "failed", "status", 200, "501 <html>\n  <body>\n  no\n")
    assert finding.detail == "status: wanted 200, found 501 <html> <body> no"
