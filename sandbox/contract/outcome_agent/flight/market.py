"""The platform of a flight, over its interface for buyers and its control API.

Usually it is a sandbox of the check's own, in whose world the agent is a real service: it is told at that moment what
the platform tells it, and nothing goes on before it has answered; nobody else acknowledges an acceptance. An agent
that a sandbox serves buys in that sandbox, so the flight takes place there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox.contract.check import Failed, Skipped
from sandbox.contract.outcome_agent.flight.record import Action, Json, Sent
from sandbox.contract.talk import Talk
from sandbox.core.errors import InputError
from sandbox.core.time import iso, parse_instant
from sandbox.operations.outcome_dialect import IDEMPOTENCY

if TYPE_CHECKING:
    from sandbox.contract.outcome_agent.agent import OutcomeAgent

WORLD = "worlds/outcome-flight"

PLATFORM_KEY = "sk_sandbox_acme"
"""The API key that the agent has for the platform of the check's own."""

NAME = "checked"
"""The agent's actor in the world of the check's own platform."""

OURS = (
    "create_advertiser", "create_campaign", "create_creative", "outcome_agent_register", "request_proposals",
    "select_tactics", "update_tactic",
)  # fmt: skip
"""Operations that the check calls itself; what else changes something is the agent's doing."""


class Market:
    """A platform over HTTP. ``platform`` and ``actor`` are what the trace calls it and the agent.

    ``caller`` is who calls the platform in the agent's name, as the trace has it; ``listen`` lets the platform's clock
    stand still once more until the agent is quiet. Within ``crossing_ms`` a message to the agent may cross with what it
    does.
    """

    def __init__(self, agent: OutcomeAgent, talk: Talk, base: str, key: str, platform: str) -> None:
        self.agent, self.base, self.platform = agent, base, platform
        self._talk, self._key = talk, key
        self.actor = self.caller = NAME
        self.crossing_ms = 1
        self.listen: Callable[[], None] = lambda: None
        self.sent: list[Sent] = []

    async def ask(self, method: str, path: str, body: Json | None = None) -> Any:
        """Have an operation done for the advertiser. :class:`Failed` if it is refused."""
        whole = path if path.startswith("/") else f"/api/v2/buyer/{path}"
        headers = {"Authorization": f"Bearer {self._key}"}
        answer = await self._talk.send(method, self.base + whole, body, headers, timeout_s=300)
        if answer.status >= 300:
            raise Failed(f"the sandbox: {method} {whole}", "success", answer.text[:500])
        return answer.body

    async def now_ms(self) -> int:
        """The platform's time."""
        return parse_instant((await self.ask("GET", "/_sandbox/clock"))["now"])

    async def run_to(self, at_ms: int) -> None:
        """Let time pass; the agent gets its messages meanwhile."""
        to_ms = max(at_ms, await self.now_ms())
        await self.ask("POST", "/_sandbox/clock/advance", {"to": iso(to_ms)})

    async def settle(self) -> None:
        """Let the agent do what it does at once."""
        self.listen()
        await self.run_to(await self.now_ms() + 60_000)

    async def proposals(self, campaign_id: str) -> list[Json]:
        """What the agent proposes for a new campaign, as the platform shows it. :class:`Failed` if it can't be used."""
        await self.settle()
        name = f"https://{self.actor}."
        agents = (await self.ask("GET", "outcome-agents"))["outcomeAgents"]
        mine = [one["agentId"] for one in agents if one["endpointUrl"].startswith(name)]
        tactics = await self.ask("GET", f"campaigns/{campaign_id}/tactics")
        rows: list[Json] = [row for row in tactics["tactics"] if row["agentId"] in mine]
        if not rows:
            raise Failed("proposals", "one for the flight's campaign", _refusals(tactics) or "none")
        return rows

    async def read_messages(self) -> None:
        """Read from the trace what the agent was told, and what it said; attempts of one message are one."""
        found: dict[str, Sent] = {}
        for event, reply in await self.calls():
            data = event["data"]
            if data["to"] != self.actor or event["actor"] != self.platform:
                continue
            payload, answer = data["payload"], reply.get("body")
            status = None if answer is None else 200 if reply["ok"] else 400
            key = payload["headers"].get(IDEMPOTENCY, "")
            first = found.get(key) if key else None
            at_ms = event["at_ms"] if first is None else first.at_ms
            found[key or data["id"]] = Sent(data["operation"], payload["body"], key, at_ms, status, answer)
        self.sent = list(found.values())

    async def _events(self) -> list[Json]:
        found: list[Json] = []
        while True:
            page = await self.ask("GET", f"/_sandbox/events?after={found[-1]['seq'] if found else 0}&limit=1000")
            found += page["events"]
            if len(page["events"]) < 1000:
                return found

    async def calls(self) -> Iterator[tuple[Json, Json]]:
        """All requests with their replies, as the trace has them."""
        events = await self._events()
        replies = {event["data"]["id"]: event["data"] for event in events if event["kind"] == "reply"}
        return ((e, replies.get(e["data"]["id"], {})) for e in events if e["kind"] == "call")

    async def actions(self, tactic_id: str, campaign_id: str, first_ms: int) -> list[Action]:
        """What the agent asked of the platform since an instant, without what is about other tactics."""
        found = []
        for event, reply in await self.calls():
            data, payload = event["data"], event["data"]["payload"]
            if event["actor"] != self.caller or data["operation"] in OURS or event["at_ms"] < first_ms:
                continue
            body, error = payload.get("body") or {}, (reply.get("body") or {}).get("error") or {}
            about = (body.get("tacticId", tactic_id), (payload.get("pathParams") or {}).get("campaignId", campaign_id))
            if about == (tactic_id, campaign_id):
                found.append(Action(data["operation"], body, event["at_ms"], bool(reply.get("ok")), error))
        return found


def _refusals(tactics: Json) -> str:
    asked = tactics["rounds"][-1]["agents"] if tactics["rounds"] else []
    return "; ".join(text for one in asked for text in [one["detail"], *one["refused"]] if text)


@asynccontextmanager
async def open_market(agent: OutcomeAgent) -> AsyncIterator[Market]:
    """The platform for an agent's flight."""
    async with Talk(timeout_s=300) as talk:
        if agent.control is not None:
            yield await _theirs(agent, talk)
        else:
            async with _own(agent, talk) as market:
                yield market


async def _theirs(agent: OutcomeAgent, talk: Talk) -> Market:
    base = agent.control_url.removesuffix("/_sandbox")
    world = (await talk.send("GET", f"{agent.control_url}/world")).body
    actor = urlsplit(agent.url).path.rpartition("/")[2]
    if not any(one["id"] == actor and one["role"] == "outcome" for one in world["actors"]):
        raise Skipped(f"{agent.url} is no outcome agent of the sandbox at --control")
    market = Market(agent, talk, base, world["customers"][0]["api_key"], world["platform"])
    market.actor = market.caller = actor
    market.crossing_ms = 1000
    return market


@asynccontextmanager
async def _own(agent: OutcomeAgent, talk: Talk) -> AsyncIterator[Market]:
    from sandbox.contract.outcome_agent.flight.real import take_in
    from sandbox.scenario import load
    from sandbox.server.app import Address, Running
    from sandbox.server.served import Settings

    if agent.counter is not None:
        await agent.counter.close()
    today_ms = int(datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
    settings = Settings(load(WORLD), start_ms=today_ms)
    try:
        running = Running(settings, Address(port=agent.platform_port, agents_port=0))
    except InputError as error:
        raise Skipped(f"no platform for the flight: {error}; see --platform-port") from None
    async with running:
        market = Market(agent, talk, running.base, PLATFORM_KEY, running.served.platform_id)
        peer = take_in(agent, NAME, running.served)
        market.caller, market.listen = "driver", peer.listen
        await market.ask(
            "POST",
            "/rest/v1/outcome-agent-register",
            {
                "name": "The agent that is checked",
                "endpointUrl": agent.url,
                "authenticationType": "API_KEY",
                "supportedChannels": list(agent.channels),
                "supportedCountries": list(agent.countries),
            },
        )
        yield market
