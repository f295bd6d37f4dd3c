"""What real services should never say: every answer of theirs is one that the world can go on with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import simpy
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from agents.outcome.margins import Margin
from sandbox.kernel.endpoint import Principal
from sandbox.kernel.real import Answer, RealCall
from sandbox.peers.actor import Peer
from sandbox.peers.wires import NotUnderstood, Wire
from sandbox.peers.wires.a2a import A2aWire
from sandbox.peers.wires.base import Got
from sandbox.peers.wires.http import HttpWire
from sandbox.peers.wires.mcp import McpWire
from tests.peers.conftest import Body, Service
from tests.peers.test_outcome import ACCEPT, Write, both, lost

JSON = {"content-type": "application/json"}


def _wire(kind: type[Any], status: int, headers: dict[str, str], text: str) -> Any:
    """A wire whose service gives one answer, whatever it is asked."""

    class Fixed(kind):  # type: ignore[misc]
        async def send(self, *_: Any, **__: Any) -> Got:
            return Got(status, {**JSON, **headers}, text)

    wire = Fixed(None, "http://service", None)
    if kind is McpWire:
        wire._headers = {}
    if kind is A2aWire:
        wire._new = False
    return wire


def _ask(kind: type[Any], text: str, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    call = RealCall("a", "get_products", {}, {}, Principal("p", "buyer"), simpy.Environment().event())
    answer: Answer = asyncio.run(_wire(kind, status, headers or {}, text).ask(call, {"body": {}}))
    return answer


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "task status message artifacts parts data response content text isError structuredContent "
                "adcp_error errors code details issues retry_after error".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", [A2aWire, McpWire, HttpWire])
@given(result=VALUES)
def test_whatever_json_comes_is_an_answer_or_not_understood(kind: type[Any], result: Any) -> None:
    try:
        answer = _ask(kind, json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}))
    except NotUnderstood:
        return
    json.dumps(answer.body, allow_nan=False)


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        (A2aWire, {"artifacts": 5}),
        (A2aWire, {"artifacts": [{"parts": 5}]}),
        (McpWire, {"content": 5}),
        (McpWire, {"structuredContent": {"adcp_error": {"code": "X", "details": [1], "issues": 1}}}),
        (McpWire, {"structuredContent": {"status": "failed", "errors": 5}}),
        (McpWire, {"structuredContent": {"status": ["failed"], "errors": [5]}}),
    ],
)
def test_a_part_that_has_another_type_is_no_bug_of_ours(kind: type[Any], result: Any) -> None:
    with suppress(NotUnderstood):
        assert isinstance(_ask(kind, json.dumps({"jsonrpc": "2.0", "id": 1, "result": result})).body, dict)


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_a_number_that_no_computer_holds_is_no_json(number: str) -> None:
    with pytest.raises(NotUnderstood):
        _ask(HttpWire, f'{{"proposals": [{number}]}}')


@pytest.mark.parametrize("after", ["9" * 5000, "²", "-1", "soon"])
def test_a_retry_after_that_is_no_number_of_seconds_is_none(after: str) -> None:
    assert _ask(McpWire, "", 503, {"retry-after": after}).retry_after_s is None


def test_a_redirect_is_not_followed_and_no_success() -> None:
    # seed 002: 200 OK; whoever redirects has done nothing
    answer = _ask(HttpWire, "", 307, {"location": "http://169.254.169.254/"})
    assert not answer.ok


def _row(**changes: Any) -> Body:
    row = {"tacticId": "t", "execution": "x", "budgetCapacity": 500, "pricing": {"method": "cpm"}}
    return {"proposals": [{**row, **changes}]}


ODD: list[tuple[str, Any]] = [
    ("surrogates", _row(tacticId="\ud800")),
    ("huge", _row(budgetCapacity=10**400)),
    ("huge rate", _row(pricing={"method": "revshare", "rate": 1e300})),
    ("huge cpm", _row(pricing={"method": "cpm", "rate": 1e300})),
    ("no objects", {"proposals": [1, None, []]}),
    ("nul", _row(tacticId="a\0b")),
]


@pytest.mark.parametrize(("what", "answer"), ODD, ids=[name for name, _ in ODD])
def test_an_odd_proposal_is_played_and_played_again(
    what: str, answer: Any, service: Service, scenario: Write, tmp_path: Path
) -> None:
    async def propose(_service: Service, _body: Body) -> Any:
        return answer

    service.does["get-proposals"] = propose
    result = both(scenario(), tmp_path, service)
    assert result.status == "passed"
    assert not lost(result)


def test_a_service_that_floods_is_cut_off(service: Service, scenario: Callable[..., str], tmp_path: Path) -> None:
    async def flood(_service: Service, _body: Body) -> Any:
        return web.Response(body=b"[" * 2_000_000, content_type="application/json")

    service.does["get-proposals"] = flood
    result = both(scenario(), tmp_path, service)
    assert lost(result)


def test_odd_rates_make_no_bug_when_the_tactic_is_taken(service: Service, scenario: Write, tmp_path: Path) -> None:
    async def propose(_service: Service, body: Body) -> Any:
        price = {"method": "revshare", "rate": 1e300}
        return {"proposals": [{"tacticId": "t", "execution": "x", "budgetCapacity": 500, "pricing": price}]}

    async def accept(_service: Service, body: Body) -> Any:
        return {"acknowledged": True}

    service.does |= {"get-proposals": propose, "accept-proposal": accept}
    result = both(scenario(ACCEPT), tmp_path, service)
    assert result.status == "passed"


@pytest.mark.parametrize("kind", [Wire, Peer, Margin])
def test_what_every_kind_must_bring_is_asked_for_when_one_is_made(kind: type[Any]) -> None:
    with pytest.raises(TypeError, match="abstract"):
        kind(None, "", None)
