"""What the advertiser does in the thirty days: more budget, another creative, a pause, less budget, an earlier end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.contract.check import Failed
from sandbox.contract.outcome_agent.bodies import custom_fields
from sandbox.contract.outcome_agent.flight.market import Market, open_market
from sandbox.contract.outcome_agent.flight.record import Flight, Json, Sent, Snapshot
from sandbox.contract.talk import NoAnswer
from sandbox.core.money import amount, micros
from sandbox.core.time import DAY_MS, iso, parse_instant

if TYPE_CHECKING:
    from sandbox.contract.outcome_agent.agent import OutcomeAgent

TOTAL, FIRST, MORE = 3000, 1600, 2200
"""The campaign's budget, what the tactic gets of it, and what it gets later, in units of currency."""

AHEAD_DAYS, FLIGHT_DAYS, AFTER_DAYS = 1, 30, 10

LIVE = ("ACTIVE", "PAUSED", "PENDING_APPROVAL", "INPUT_REQUIRED")
"""Statuses of a media buy in which its budget is bound."""


async def fly(agent: OutcomeAgent) -> Flight:
    """Let the flight take place, once; gives what came of it."""
    if agent.flown is None:
        async with open_market(agent) as market:
            agent.flown = Flight(market.base)
            await _Story(agent, market, agent.flown).tell()
    return agent.flown


class _Story:
    def __init__(self, agent: OutcomeAgent, market: Market, flight: Flight) -> None:
        self._agent, self._market, self._flight = agent, market, flight

    async def tell(self) -> None:
        flight, market = self._flight, self._market
        try:
            await self._begin()
            await self._days()
            flight.problem = ""
        except Failed as why:
            flight.problem = f"{why.what}: wanted {why.wanted}, found {why.found}"
        if flight.proposal:
            tactic_id = flight.proposal["tacticId"]
            await market.read_messages()
            flight.sent = [one for one in market.sent if one.body.get("tacticId") == tactic_id]
            flight.actions = await market.actions(tactic_id, self._campaign, self._first_ms)

    # -- setting up --------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        market, flight = self._market, self._flight
        await market.settle()
        self._first_ms = now_ms = await market.now_ms()
        self._start_ms = (now_ms // DAY_MS + 1 + AHEAD_DAYS) * DAY_MS
        self._end_ms = self._start_ms + FLIGHT_DAYS * DAY_MS
        advertiser = (await market.ask("POST", "advertisers", {"name": "Acme", "brand": "acme.com"}))["id"]
        body = {
            "advertiserId": advertiser,
            "name": "Thirty days",
            "flightDates": {"startDate": iso(self._start_ms), "endDate": iso(self._end_ms)},
            "budget": {"total": TOTAL, "currency": "USD"},
            "constraints": {"channels": list(self._agent.channels or ["display"]), "countries": self._countries()},
        }
        self._campaign = (await market.ask("POST", "campaigns", body))["campaignId"]
        await self._banner("banner")
        spot = {"asset_type": "VIDEO", "url": "https://cdn.acme.com/spot.mp4", "duration_ms": 30000}
        await self._creative("spot", "video_standard_30s", spot)
        rows = await market.proposals(self._campaign)
        flight.proposal, flight.stage = rows[0], "acceptance"
        await self._assign(rows[0])
        flight.stage = "flight"

    def _countries(self) -> list[str]:
        return list(self._agent.countries or ["US"])

    async def _banner(self, name: str) -> None:
        asset = {"asset_type": "IMAGE", "url": f"https://cdn.acme.com/{name}.png", "width": 300, "height": 250}
        await self._creative(name, "display_300x250_image", asset)

    async def _creative(self, name: str, format_id: str, asset: Json) -> None:
        body = {
            "name": name,
            "format_id": {"agent_url": "https://creative.adcontextprotocol.org", "id": format_id},
            "assets": [asset],
        }
        await self._market.ask("POST", f"campaigns/{self._campaign}/creatives", body)

    async def _assign(self, proposal: Json) -> None:
        """Select the tactic, and send the acceptance once more, as if the answer had been lost (rule 207)."""
        market = self._market
        budget = min(proposal["budgetCapacity"], FIRST)
        wanted = {
            "proposalId": proposal["proposalId"],
            "budget": budget,
            "customFields": custom_fields(proposal),
        }
        self._path = f"campaigns/{self._campaign}/tactics/{proposal['proposalId']}"
        tactics = await market.ask("POST", f"campaigns/{self._campaign}/tactics/select", {"tactics": [wanted]})
        await market.settle()
        message = await self._acceptance()
        said = message.answer if isinstance(message.answer, dict) else {}
        mine = next(row for row in tactics["tactics"] if row["proposalId"] == proposal["proposalId"])
        if said.get("acknowledged") is not True or mine["status"] != "ACTIVE":
            raise Failed("acknowledged", "true for what it has proposed itself", message.answer)
        await self._look("accepted")
        try:
            again = await self._agent.post("accept-proposal", message.body, message.key)
        except NoAnswer as error:
            raise Failed("the repeated acceptance", "an answer", str(error)) from None
        self._flight.again = again.body if isinstance(again.body, dict) else {}
        await market.settle()
        await self._look("again")

    async def _acceptance(self) -> Sent:
        """The acceptance as the agent got it."""
        await self._market.read_messages()
        mine = [one for one in self._market.sent if one.body.get("tacticId") == self._flight.proposal["tacticId"]]
        return next(one for one in mine if one.operation == "accept-proposal")

    # -- day by day --------------------------------------------------------------------------------------

    async def _days(self) -> None:
        marks, most = self._flight.marks, self._flight.proposal["budgetCapacity"]
        marks["start"] = self._start_ms
        await self._until(9)
        await self._update("more", budget=max(min(most, MORE), min(most, FIRST)))
        await self._until(12)
        await self._banner("second")
        await self._market.settle()
        await self._until(15)
        marks["paused"] = await self._market.now_ms() + self._market.crossing_ms
        await self._update("paused", paused=True)
        await self._until(17)
        marks["resumed"] = await self._market.now_ms()
        await self._update("resumed", paused=False)
        await self._until(20)
        charged, before = micros((await self._tactic())["spending"]["charged"]), await self._look("before")
        bound = before.committed_micros
        if bound > max(charged, before.budget_micros // 2):  # else there is nothing worth taking back
            await self._update("less", budget=amount(charged + (bound - charged) * 3 // 5))
        await self._until(24)
        self._end_ms -= DAY_MS
        await self._update("earlier", endDate=iso(self._end_ms))
        marks["end"] = self._end_ms
        await self._until(FLIGHT_DAYS + AFTER_DAYS)
        self._flight.tactic = await self._tactic()

    async def _until(self, day: int) -> None:
        """The noon before a day of the flight is over."""
        await self._market.run_to(self._start_ms + day * DAY_MS - DAY_MS // 2)

    async def _update(self, name: str, **changes: object) -> None:
        """Change the tactic, and look what the agent has made of it half a day later."""
        await self._market.ask("PUT", self._path, changes)
        await self._market.settle()
        await self._market.run_to(await self._market.now_ms() + DAY_MS // 4)
        await self._look(name)

    async def _tactic(self) -> Json:
        tactics = await self._market.ask("GET", f"campaigns/{self._campaign}/tactics")
        found: Json = next(
            row for row in tactics["tactics"] if row["proposalId"] == self._flight.proposal["proposalId"]
        )
        return found

    async def _look(self, name: str) -> Snapshot:
        """Note how the tactic stands."""
        tactic = await self._tactic()
        campaign = await self._market.ask("GET", f"campaigns/{self._campaign}")
        rows: dict[str, Json] = {}
        for row in campaign["mediaBuys"]:
            if row["mediaBuyId"] in tactic["mediaBuyIds"]:
                rows.setdefault(row["mediaBuyId"], row)  # the running version comes first
        running = [row for row in rows.values() if row["status"] in LIVE]
        rest = [row for row in rows.values() if row["status"] not in LIVE]
        bound = sum(micros(p["budget"]) for row in running for p in row["packages"] if not p["canceled"])
        found = self._flight.snapshots[name] = Snapshot(
            await self._market.now_ms(),
            micros(tactic["budget"]),
            bound + sum(micros(row["delivery"]["spend"]) for row in rest),
            [parse_instant(row["endTime"]) for row in running],
        )
        return found
