"""The agent that is checked as a real service in the world of the check's own platform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.contract.talk import NoAnswer
from sandbox.kernel.real import Answer, RealCall
from sandbox.operations.outcome_dialect import IDEMPOTENCY
from sandbox.peers.config import OutcomePeer
from sandbox.peers.outcome import RealOutcomeAgent
from sandbox.peers.wires.base import REDIRECT, Wire

if TYPE_CHECKING:
    from sandbox.contract.outcome_agent.agent import OutcomeAgent
    from sandbox.server.served import Served


class Heard(Wire):
    """Asks the agent over the check's own connection, so that reports have the conversation."""

    def __init__(self, agent: OutcomeAgent) -> None:
        self._agent = agent

    async def ask(self, call: RealCall, payload: dict[str, Any]) -> Answer:
        """Send a message with its own key. No answer is one that came too late."""
        key = (payload.get("headers") or {}).get(IDEMPOTENCY, "")
        try:
            got = await self._agent.post(call.operation, payload.get("body") or {}, key)
        except NoAnswer as none:
            return Answer(False, lost="timeout", why=str(none))
        body = got.body if isinstance(got.body, dict) else {}
        return Answer(got.status < REDIRECT, got.status, body)


def take_in(agent: OutcomeAgent, name: str, served: Served) -> RealOutcomeAgent:
    """Let the agent take part in the first customer's world. The check registers it itself."""
    config = OutcomePeer(url=agent.url, quiet_ms=round(agent.quiet_s * 1000), register=False)
    world = served.host(served.customers[0].principal).world
    peer = RealOutcomeAgent(world, name, config)
    world.add(peer)
    peer.start()
    served.services.take(peer, Heard(agent))
    return peer
