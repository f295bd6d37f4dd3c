"""Taking a tactic, or not (rules 199, 201, 202 and 207)."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from sandbox.contract.check import Failed, Skipped, expect
from sandbox.contract.outcome_agent.agent import OutcomeAgent, expect_taken
from sandbox.contract.outcome_agent.bodies import Json
from sandbox.contract.outcome_agent.checks import CHECKS
from sandbox.contract.talk import NoAnswer
from sandbox.operations.outcome_dialect import IDEMPOTENCY

_SEED = "seed 002, /accept-proposal"
_RETRY = "rule 207; seed 002, Endpoint Reliability"


def _taken(answer: Json, what: str = "acknowledged") -> None:
    expect(answer["acknowledged"], what, True, answer)


@CHECKS.add("acceptance.taken", f"rule 201; {_SEED}")
async def taken(agent: OutcomeAgent) -> None:
    """It takes a tactic that it has proposed, with the custom fields that it asked for."""
    await agent.tactic()


@CHECKS.add("acceptance.retry", _RETRY)
async def retry(agent: OutcomeAgent) -> None:
    """An acceptance that is repeated is acknowledged again, with or without its key."""
    tactic = await agent.tactic()
    _taken(await agent.accept_proposal(tactic.accepted, f"{tactic.accepted['proposalId']}-accept"))
    _taken(await agent.accept_proposal(tactic.accepted))


@CHECKS.add("acceptance.lost", _RETRY)
async def lost(agent: OutcomeAgent) -> None:
    """When its answer is lost on the way, the repeated acceptance is acknowledged."""
    body = await agent.assignment(await agent.proposal())
    await _send_and_leave(agent, body)
    answer = await _patiently(agent, body)
    _taken(answer, "acknowledged after a lost answer")


async def _send_and_leave(agent: OutcomeAgent, body: Json) -> None:
    """Send an acceptance, and be gone before the answer comes."""
    import json

    at = urlsplit(agent.url)
    port = at.port or (443 if at.scheme == "https" else 80)
    raw = json.dumps(body).encode()
    headers = {
        "Host": at.netloc,
        "Content-Type": "application/json",
        "Content-Length": str(len(raw)),
        IDEMPOTENCY: f"{body['proposalId']}-accept",
        **(dict([agent.auth.header]) if agent.auth else {}),
    }
    if agent.counter is not None:
        agent.counter.tell("accept-proposal", body)
    exchange = agent.talk.note("POST", f"{agent.url}/accept-proposal", headers, raw.decode())
    exchange.error = "the connection was closed before the answer"
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    try:
        _, writer = await asyncio.open_connection(at.hostname, port, ssl=at.scheme == "https" or None)
        writer.write(f"POST {at.path.rstrip('/')}/accept-proposal HTTP/1.1\r\n{head}\r\n".encode() + raw)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.close()
    except OSError as error:
        raise NoAnswer(str(error)) from None


async def _patiently(agent: OutcomeAgent, body: Json) -> Json:
    """The answer to an acceptance; one that is still being worked on may be told to come again (409 or 429)."""
    for _ in range(20):
        answer = await agent.post("accept-proposal", body, f"{body['proposalId']}-accept")
        if answer.status not in (409, 429):
            break
        await asyncio.sleep(0.25)
    expect_taken(answer, "accept-proposal")
    return answer.body if isinstance(answer.body, dict) else {"acknowledged": False}


@CHECKS.add("acceptance.at_once", _RETRY)
async def at_once(agent: OutcomeAgent) -> None:
    """An acceptance that comes twice at the same time is acknowledged, as one."""
    body = await agent.assignment(await agent.proposal())
    for answer in await asyncio.gather(_patiently(agent, body), _patiently(agent, body)):
        _taken(answer)


@CHECKS.add("acceptance.unknown", f"rule 201; {_SEED}")
async def unknown(agent: OutcomeAgent) -> None:
    """A tactic that it has never proposed is not acknowledged."""
    proposal = await agent.proposal()
    body = await agent.assignment({**proposal, "tacticId": "never-proposed"})
    await _declined(agent, body)


@CHECKS.add("acceptance.capacity", f"rule 202; {_SEED}", severity="should")
async def capacity(agent: OutcomeAgent) -> None:
    """A budget of ten times its capacity is not acknowledged."""
    proposal = await agent.proposal()
    await _declined(agent, await agent.assignment(proposal, budget=10 * proposal["budgetCapacity"]))


@CHECKS.add("acceptance.fields", f"rule 199; {_SEED}", severity="should")
async def fields(agent: OutcomeAgent) -> None:
    """Without the custom fields that it asked for, a tactic is not acknowledged."""
    proposal = await agent.proposal()
    if not proposal.get("customFieldsRequired"):
        raise Skipped("it asks for no custom fields")
    await _declined(agent, {**await agent.assignment(proposal), "customFields": {}})


@CHECKS.add("acceptance.reason", f"rule 201; {_SEED}")
async def reason(agent: OutcomeAgent) -> None:
    """Who declines says why: 200 with acknowledged false and a reason."""
    proposal = await agent.proposal()
    body = await agent.assignment({**proposal, "tacticId": "never-proposed"})
    answer = await agent.post("accept-proposal", body)
    if 400 <= answer.status < 500:
        raise Skipped(f"it refuses with {answer.status} what it could decline")
    given = answer.body if isinstance(answer.body, dict) else {}
    words = given.get("reason")
    expect(isinstance(words, str) and bool(words.strip()), "reason", "words", words)


async def _declined(agent: OutcomeAgent, body: Json) -> None:
    """A request that may be declined (200) or refused (4xx), but not be taken."""
    answer = await agent.post("accept-proposal", body)
    if 400 <= answer.status < 500:
        return
    expect_taken(answer, "accept-proposal")
    given = answer.body if isinstance(answer.body, dict) else {}
    if given.get("acknowledged") is not False:
        raise Failed("acknowledged", "false, with a reason", answer.text[:300])
