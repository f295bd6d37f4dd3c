"""What is no valid message is refused, and what is one is understood, be it large or strange."""

from __future__ import annotations

import asyncio
import json
from copy import deepcopy
from typing import Any

from sandbox.contract.check import expect
from sandbox.contract.outcome_agent.agent import OPERATIONS, OutcomeAgent, expect_refused, expect_taken
from sandbox.contract.outcome_agent.bodies import Json
from sandbox.contract.outcome_agent.checks import CHECKS

_STATUS = "rule 207; seed 002, Endpoint Reliability (proper HTTP status codes)"

AT_ONCE = 50
"""Requests that are sent in parallel."""

LARGE = 1_000_000
"""Bytes of a large body."""

WRONG: dict[str, list[tuple[str, Any]]] = {
    "get-proposals": [
        ("budgetRange", "much"),
        ("budgetRange.max", "150000"),
        ("channels", "display"),
        ("startDate", 5),
        ("campaignId", {"id": 1}),
    ],
    "accept-proposal": [("tacticId", {"id": 7}), ("tacticContext", "none"), ("customFields", "none")],
    "tactic-context-updated": [("tacticId", []), ("tactic", "budget"), ("patch", {"op": "replace"})],
    "tactic-creatives-updated": [("tacticId", None), ("creatives", "none")],
    "tactic-feedback": [("tacticId", {"id": 7}), ("deliveryIndex", "high"), ("performanceIndex", None)],
}
"""Values of the wrong type, by operation and field."""

NEEDED: dict[str, tuple[str, ...]] = {
    "get-proposals": ("campaignId", "budgetRange", "startDate", "endDate", "channels"),
    "accept-proposal": ("tacticId", "tacticContext"),
    "tactic-context-updated": ("tacticId", "patch"),
    "tactic-creatives-updated": ("tacticId",),
    "tactic-feedback": ("tacticId", "deliveryIndex", "performanceIndex"),
}
"""Fields without which a message means nothing."""


@CHECKS.add("messages.malformed", _STATUS)
async def malformed(agent: OutcomeAgent) -> None:
    """What is no JSON is refused with 400 or another one below 500."""
    for operation in OPERATIONS:
        for raw in (b"{", b'{"tacticId": ', b"\xff\xfe", b"nothing"):
            expect_refused(await agent.post_raw(operation, raw), f"{operation} with {raw!r}")


@CHECKS.add("messages.not_object", _STATUS)
async def not_object(agent: OutcomeAgent) -> None:
    """JSON that is no object is refused."""
    for operation in OPERATIONS:
        for raw in (b"[]", b'"text"', b"5"):
            expect_refused(await agent.post_raw(operation, raw), f"{operation} with {raw.decode()}")


@CHECKS.add("messages.wrong_types", _STATUS)
async def wrong_types(agent: OutcomeAgent) -> None:
    """A field of the wrong type is refused."""
    for operation, body in (await agent.examples()).items():
        for place, value in WRONG[operation]:
            answer = await agent.post(operation, _with(body, place, value))
            expect_refused(answer, f"{operation} with {place}={value!r}")


def _with(body: Json, place: str, value: Any) -> Json:
    spoiled = deepcopy(body)
    *way, last = place.split(".")
    inner = spoiled
    for step in way:
        inner = inner[step]
    inner[last] = value
    return spoiled


@CHECKS.add("messages.missing", _STATUS)
async def missing(agent: OutcomeAgent) -> None:
    """A message without a field that it needs is refused."""
    for operation, body in (await agent.examples()).items():
        for name in NEEDED[operation]:
            rest = {key: value for key, value in body.items() if key != name}
            expect_refused(await agent.post(operation, rest), f"{operation} without {name}")


@CHECKS.add("messages.errors", "seed 002, Error Handling", severity="should")
async def errors(agent: OutcomeAgent) -> None:
    """A refusal says in JSON, under error, what is wrong."""
    answer = await agent.post("get-proposals", {})
    said = answer.body.get("error") if isinstance(answer.body, dict) else None
    expect(bool(said), "error", "words", answer.text[:300])


@CHECKS.add("messages.unknown_fields", "rule 198; seed 002 (either side may be newer)")
async def unknown_fields(agent: OutcomeAgent) -> None:
    """Fields that it does not know disturb nothing."""
    for operation, body in (await agent.examples()).items():
        expect_taken(await agent.post(operation, {**body, "newIn2030": {"deep": [1, None]}, "x": "y"}), operation)


@CHECKS.add("messages.unicode", "rule 198; RFC 8259")
async def unicode(agent: OutcomeAgent) -> None:
    """A brief in any script is understood."""
    rows = await agent.get_proposals(await agent.campaign(brief="Überall “café” 日本語 🎈 \" ' <b>"))
    expect(rows != [], "proposals", "what it proposes otherwise", rows)


@CHECKS.add("messages.large", "seed 002, Endpoint Reliability", severity="should")
async def large(agent: OutcomeAgent) -> None:
    """A body of a megabyte is answered."""
    rows = await agent.get_proposals(await agent.campaign(brief="words " * (LARGE // 6)))
    expect(rows != [], "proposals", "what it proposes otherwise", rows)


@CHECKS.add("messages.parallel", "rule 207; seed 002, Endpoint Reliability")
async def parallel(agent: OutcomeAgent) -> None:
    """Fifty campaigns at once are all answered, each with tactics of its own."""
    bodies = [await agent.campaign() for _ in range(AT_ONCE)]
    answers = await asyncio.gather(*(agent.get_proposals(body) for body in bodies))
    expect(all(answers), "proposals", f"some for each of {AT_ONCE} campaigns", [len(rows) for rows in answers])
    ids = [row["tacticId"] for rows in answers for row in rows]
    expect(len(set(ids)) == len(ids), "different tacticIds", len(ids), len(set(ids)))


@CHECKS.add("messages.method", _STATUS, severity="should")
async def method(agent: OutcomeAgent) -> None:
    """The operations are POSTs: GET is refused."""
    headers = dict([agent.auth.header]) if agent.auth else {}
    for operation in OPERATIONS:
        expect_refused(await agent.talk.send("GET", f"{agent.url}/{operation}", headers=headers), f"GET {operation}")


@CHECKS.add("messages.in_time", "rule 207; seed 002, Respond within 10 seconds", timeout_s=90)
async def in_time(agent: OutcomeAgent) -> None:
    """Each operation is answered within ten seconds."""
    for operation, body in (await agent.examples()).items():
        answer = await agent.post_raw(operation, json.dumps(body).encode())
        expect(answer.seconds < agent.answer_s, f"{operation}: seconds", agent.answer_s, answer.seconds)
