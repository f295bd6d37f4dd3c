"""The platform of a flight, over its interface for buyers and its control API.

Usually it is a sandbox of the check's own. The platform's messages are acknowledged in its world by a stand-in and then
sent to the real agent, while simulated time stands still until the agent has answered and is quiet. An agent that a
sandbox serves buys in that sandbox, so the flight takes place there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox.contract.check import Failed, Skipped
from sandbox.contract.outcome_agent.flight.record import Action, Json, Sent
from sandbox.contract.talk import NoAnswer, Talk
from sandbox.core.errors import InputError
from sandbox.core.time import iso, parse_instant

if TYPE_CHECKING:
    from sandbox.contract.outcome_agent.agent import OutcomeAgent
    from sandbox.contract.outcome_agent.flight.standin import StandIn
    from sandbox.server.host import Host

WORLD = "worlds/outcome-flight"

PLATFORM_KEY = "sk_sandbox_acme"
"""The API key that the agent has for the platform of the check's own."""

ATTEMPTS = 3
"""How often a message is sent that fails for a moment; the wait before it is sent again doubles."""

LONGEST_S = 15.0
"""How long the agent may be busy after a message, in real seconds."""

OURS = (
    "create_advertiser", "create_campaign", "create_creative", "outcome_agent_register", "request_proposals",
    "select_tactics", "update_tactic",
)  # fmt: skip
"""Operations that the check calls itself; what else changes something is the agent's doing."""


class Market:
    """A platform over HTTP. ``agent_actor`` is who calls it in the agent's name, as the trace has it."""

    def __init__(self, agent: OutcomeAgent, talk: Talk, base: str, key: str, agent_actor: str) -> None:
        self.agent, self.base, self.agent_actor = agent, base, agent_actor
        self._talk, self._key = talk, key
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

    async def advance(self, to_ms: int, stop_on: list[str]) -> int:
        """Let time pass up to an instant, or to the first event of one of these kinds; gives where that is."""
        to_ms = max(to_ms, await self.now_ms())
        moved = await self.ask("POST", "/_sandbox/clock/advance", {"to": iso(to_ms), "stop_on": stop_on})
        return parse_instant(moved["now"])

    async def run_to(self, at_ms: int) -> None:
        """Let time pass; the agent gets its messages meanwhile."""
        await self.advance(at_ms, [])

    async def settle(self) -> None:
        """Let the agent do what it does at once."""
        await self.run_to(await self.now_ms() + 60_000)

    async def proposals(self, campaign_id: str) -> list[Json]:
        """What the agent proposes for a new campaign, as the platform shows it. :class:`Failed` if it can't be used."""
        raise NotImplementedError

    async def read_messages(self) -> None:
        """Bring ``sent`` up to date."""
        return

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
            if event["actor"] != self.agent_actor or data["operation"] in OURS or event["at_ms"] < first_ms:
                continue
            body, error = payload.get("body") or {}, (reply.get("body") or {}).get("error") or {}
            about = (body.get("tacticId", tactic_id), (payload.get("pathParams") or {}).get("campaignId", campaign_id))
            if about == (tactic_id, campaign_id):
                found.append(Action(data["operation"], body, event["at_ms"], bool(reply.get("ok")), error))
        return found


def _refusals(tactics: Json) -> str:
    asked = tactics["rounds"][-1]["agents"] if tactics["rounds"] else []
    return "; ".join(text for one in asked for text in [one["detail"], *one["refused"]] if text)


class TheirMarket(Market):
    """The sandbox that serves the agent; ``platform`` is its buyer platform."""

    platform = ""

    async def proposals(self, campaign_id: str) -> list[Json]:
        """What came of the platform's own question."""
        await self.settle()
        name = f"https://{self.agent_actor}."
        agents = (await self.ask("GET", "outcome-agents"))["outcomeAgents"]
        mine = [one["agentId"] for one in agents if one["endpointUrl"].startswith(name)]
        tactics = await self.ask("GET", f"campaigns/{campaign_id}/tactics")
        rows: list[Json] = [row for row in tactics["tactics"] if row["agentId"] in mine]
        if not rows:
            raise Failed("proposals", "one for the flight's campaign", _refusals(tactics) or "none")
        return rows

    async def read_messages(self) -> None:
        """Read from the trace what the agent was told, and what it said."""
        self.sent = []
        for event, reply in await self.calls():
            data = event["data"]
            if data["to"] != self.agent_actor or event["actor"] != self.platform:
                continue
            payload, answer = data["payload"], reply.get("body")
            status = None if answer is None else 200 if reply["ok"] else 400
            key = payload["headers"].get("Idempotency-Key", "")
            self.sent.append(Sent(data["operation"], payload["body"], key, event["at_ms"], status, answer))


class OwnMarket(Market):
    """A sandbox of the check's own; the stand-in takes what the platform sends."""

    standin: StandIn
    host: Host

    async def run_to(self, at_ms: int) -> None:
        """Let time pass; it stands still while the agent deals with a message."""
        while True:
            now_ms = await self.advance(at_ms, ["asked"])
            waiting = self.standin.take()
            for message in waiting:
                await self.forward(message)
            if not waiting and now_ms >= at_ms:
                return

    async def settle(self) -> None:
        """Let the agent do what it does at once, in real time."""
        await self.run_to(await self.now_ms() + 1000)
        await self._quiet()

    async def proposals(self, campaign_id: str) -> list[Json]:
        """Ask the agent what the platform asks the stand-in, and give the platform its answer."""
        await self.settle()
        asked = next((one for one in self.sent if one.operation == "get-proposals"), None)
        if asked is None or not asked.taken or not isinstance(asked.answer, dict):
            raise Failed("get-proposals", "200 and {proposals: […]}", None if asked is None else asked.answer)
        self.standin.proposals = asked.answer
        agent_id = (await self.ask("GET", "outcome-agents"))["outcomeAgents"][0]["agentId"]
        path = f"campaigns/{campaign_id}/tactics/proposals"
        tactics = await self.ask("POST", path, {"agentIds": [agent_id]})
        self.standin.take()
        rows: list[Json] = tactics["tactics"]
        if not rows:
            raise Failed("proposals", "one for the flight's campaign", _refusals(tactics) or "none")
        return rows

    async def forward(self, message: Sent) -> None:
        """Send the agent what the platform has sent; what fails for a moment is sent again (rule 207)."""
        self.sent.append(message)
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(0.5 * 2 ** (attempt - 1))
            try:
                answer = await self.agent.post(message.operation, message.body, message.key)
            except NoAnswer:
                continue
            message.status, message.answer = answer.status, answer.body
            if answer.status < 500 and answer.status != 429:
                break
        await self._quiet()

    async def _quiet(self) -> None:
        """Wait until the agent has asked nothing of the platform for a while."""
        waited = still = 0.0
        seen = -1
        while still < self.agent.quiet_s and waited < LONGEST_S:
            await asyncio.sleep(0.05)
            waited += 0.05
            busy = self.host.inputs + len(self.host.world.trace.events)
            still, seen = (still + 0.05 if busy == seen else 0.0), busy


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
    market = TheirMarket(agent, talk, base, world["customers"][0]["api_key"], actor)
    market.platform = world["platform"]
    return market


@asynccontextmanager
async def _own(agent: OutcomeAgent, talk: Talk) -> AsyncIterator[Market]:
    from sandbox.contract.outcome_agent.flight.standin import StandIn
    from sandbox.scenario import load
    from sandbox.server.app import Address, Running
    from sandbox.server.served import Settings

    today_ms = int(datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
    settings = Settings(load(WORLD), start_ms=today_ms)
    try:
        running = Running(settings, Address(port=agent.platform_port, agents_port=0))
    except InputError as error:
        raise Skipped(f"no platform for the flight: {error}; see --platform-port") from None
    async with running:
        market = OwnMarket(agent, talk, running.base, PLATFORM_KEY, "driver")
        market.host = running.served.host(running.served.customers[0].principal)
        market.standin = StandIn(market.host.world)
        await market.ask(
            "POST",
            "/rest/v1/outcome-agent-register",
            {
                "name": "The agent that is checked",
                "endpointUrl": market.standin.url,
                "authenticationType": "API_KEY",
                "supportedChannels": list(agent.channels),
                "supportedCountries": list(agent.countries),
            },
        )
        yield market
