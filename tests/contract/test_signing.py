"""Request signing: the vectors of the official grader, each sent to an agent whose policy it is about."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.storyboards import missing, sdk, served

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "node is there")]

NOT_SENT = {"026-non-ascii-host"}
"""Vectors that no HTTP client can send; tests/unit/protocol/test_request_signing.py has them."""

FLATTENED = {f"{number:03}" for number in (5, 6, 7, 8)}
"""Vectors about addresses, which MCP has one of."""


@pytest.fixture
def line() -> Iterator[dict[str, Any]]:
    with served() as ready:
        yield ready


def grade(line: dict[str, Any], agent: str, transport: str, *options: str) -> dict[str, dict[str, Any]]:
    """The results of the grader by vector, in a sandbox that has seen no signature yet."""
    request = urllib.request.Request(f"{line['control']}/reset", b"{}", {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()
    (address,) = (row["mcp"] for row in line["agents"] if row["id"] == agent)
    url = address if transport == "mcp" else address.removesuffix("/mcp")
    command = ["node", str(sdk() / "bin" / "adcp.js"), "grade", "request-signing", url, "--allow-http", "--json"]
    done = subprocess.run([*command, "--transport", transport, *options], capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert done.returncode == 0, [row for row in report["positive"] + report["negative"] if not row["passed"]]
    return {f"{row['kind']}/{row['vector_id']}": row for row in report["positive"] + report["negative"]}


def passed(results: dict[str, dict[str, Any]]) -> set[str]:
    return {name for name, row in results.items() if row["passed"] and not row.get("skipped")}


def test_every_vector_is_graded_as_it_should_be(line: dict[str, Any]) -> None:
    results = grade(line, "signed", "raw", "--covers-content-digest", "either")
    found = passed(results)
    bound = "002-post-with-content-digest,007-missing-content-digest,010-content-digest-mismatch"
    found |= passed(grade(line, "bound", "raw", "--only", f"{bound},023-multi-valued-content-digest"))
    found |= passed(grade(line, "unbound", "raw", "--only", "018-digest-covered-when-forbidden"))
    assert len(found) == 38
    assert {name.partition("/")[2] for name in results.keys() - found} == NOT_SENT


def test_a_signature_over_mcp_is_verified_like_any_other(line: dict[str, Any]) -> None:
    results = grade(line, "signed", "mcp", "--covers-content-digest", "either")
    left_out = {name.partition("/")[2][:3] for name in results.keys() - passed(results)}
    assert left_out == FLATTENED | {"007", "010", "018", "023", "026"}
