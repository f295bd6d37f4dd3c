"""Requests of the platform to outcome agents: credentials, ten seconds for an answer, retries (rules 206, 207)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agents.buyer.outcome.records import OutcomeAgent
from sandbox.core.time import SECOND_MS
from sandbox.kernel.endpoint import Principal, Reply
from sandbox.kernel.network import PeerTimeout, PeerUnreachable
from sandbox.operations.outcome import ANSWER_MS
from sandbox.operations.outcome_dialect import IDEMPOTENCY

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

BACKOFF_MS = SECOND_MS
"""The first wait before a request is repeated; each further one is twice as long, a quarter more or less by chance."""


@dataclass(slots=True, frozen=True)
class Outcome:
    """What became of a request: the answer's body, or why there is none."""

    body: dict[str, Any] | None
    why: str = ""
    late: bool = False
    """No answer came in time; the agent may have acted all the same."""
    unsure: bool = False
    """The agent may have acted on one of the attempts."""
    refused: bool = False
    """The agent has refused it: what was asked is wrong, and was not done."""


def ask(
    platform: BuyerPlatform,
    agent: OutcomeAgent,
    operation: str,
    body: dict[str, Any],
    key: str,
    until_ms: int | None = None,
) -> Generator[Any, Any, Outcome]:
    """Send a request; what fails for a moment is repeated with the same key and body.

    ``until_ms`` ends all attempts: an answer after it comes too late. Otherwise there are as many retries as the
    platform makes with sales agents. 4xx answers, but for 429, are final.
    """
    to = platform.world.network.actor_at(agent.endpoint_url)
    if to not in platform.world.actors:  # nothing is sent, so that no trace shows the credentials
        return Outcome(None, f"nobody is at {agent.endpoint_url}")
    request = {"headers": {**agent.credentials.headers(), IDEMPOTENCY: key}, "body": body}
    failure, unsure = Outcome(None, "no attempt was made"), False
    for attempt in range(platform.config.requests.retries + 1):
        if attempt:
            wait_ms = round((BACKOFF_MS << (attempt - 1)) * platform.rng("outcome-retries").uniform(0.75, 1.25))
            if until_ms is not None and platform.now + wait_ms >= until_ms:
                break
            yield platform.world.env.timeout(wait_ms)
        limit_ms = ANSWER_MS if until_ms is None else min(ANSWER_MS, until_ms - platform.now)
        principal = Principal(platform.id, platform.role)
        try:
            reply: Reply = yield from platform.world.network.call(
                platform.id, to, operation, request, principal, limit_ms
            )
        except PeerTimeout as lost:
            failure, unsure = Outcome(None, str(lost), late=True), True
            continue
        except PeerUnreachable as lost:
            failure = Outcome(None, str(lost))
            continue
        if reply.ok:
            return Outcome(reply.body)
        failure = Outcome(None, f"{reply.status}: {reply.body.get('error', reply.body)}")
        if reply.status < 500 and reply.status != 429:
            return replace(failure, refused=True)
        unsure = True
    return replace(failure, unsure=unsure)
