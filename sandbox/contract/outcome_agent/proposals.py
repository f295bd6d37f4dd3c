"""What it proposes, for campaigns of many kinds (rules 198 to 200)."""

from __future__ import annotations

from sandbox.contract.check import Failed, Skipped, expect
from sandbox.contract.outcome_agent.agent import OutcomeAgent
from sandbox.contract.outcome_agent.bodies import day
from sandbox.contract.outcome_agent.checks import CHECKS
from sandbox.operations.outcome import METHODS

_SEED = "seed 002, /get-proposals"


@CHECKS.add("proposals.valid", f"rules 198, 199; {_SEED}")
async def valid(agent: OutcomeAgent) -> None:
    """For a campaign that it can do, it proposes tactics with all fields that a proposal has."""
    await agent.proposal()


@CHECKS.add("proposals.named", f"rule 199; {_SEED}")
async def named(agent: OutcomeAgent) -> None:
    """Each proposal of an answer has a tacticId of its own."""
    ids = [row["tacticId"] for row in await agent.get_proposals(await agent.campaign())]
    expect(len(set(ids)) == len(ids), "tacticId", "each once", ids)


@CHECKS.add("proposals.own_ids", f"rule 199; {_SEED}", severity="should")
async def own_ids(agent: OutcomeAgent) -> None:
    """Two campaigns get different tacticIds: it buys by that id, so it has to say which campaign is meant."""
    first, second = (await agent.proposal())["tacticId"], (await agent.proposal())["tacticId"]
    expect(first != second, "tacticId of the second campaign", "another one", second)


@CHECKS.add("proposals.budget", f"rule 202; {_SEED}")
async def budget(agent: OutcomeAgent) -> None:
    """It offers to take no more than the campaign has, be it little or much."""
    for most in (100, 20_000, 5_000_000):
        campaign = await agent.campaign(budgetRange={"min": 0, "max": most, "currency": "USD"})
        for row in await agent.get_proposals(campaign):
            capacity = row["budgetCapacity"]
            expect(capacity <= most, "budgetCapacity", f"at most {most}", capacity)


@CHECKS.add("proposals.methods", f"rule 200; {_SEED}, acceptedPricingMethods")
async def methods(agent: OutcomeAgent) -> None:
    """It prices by a method that the advertiser accepts, or proposes nothing."""
    for method in METHODS:
        for row in await agent.get_proposals(await agent.campaign(acceptedPricingMethods=[method])):
            expect(row["pricing"]["method"] == method, "pricing.method", method, row["pricing"]["method"])


@CHECKS.add("proposals.currency", f"rule 199; {_SEED}")
async def currency(agent: OutcomeAgent) -> None:
    """It prices in the campaign's currency, or proposes nothing."""
    campaign = await agent.campaign(budgetRange={"min": 0, "max": 20_000, "currency": "EUR"})
    for row in await agent.get_proposals(campaign):
        found = row["pricing"].get("currency")
        expect(found == "EUR", "pricing.currency", "EUR", found)


@CHECKS.add("proposals.passthrough", "rule 200; seed 002, Passthrough")
async def passthrough(agent: OutcomeAgent) -> None:
    """Passthrough is without a markup: its rate is 0."""
    rows = await agent.get_proposals(await agent.campaign(acceptedPricingMethods=["passthrough"]))
    for rate in (row["pricing"].get("rate", 0) for row in rows if row["pricing"]["method"] == "passthrough"):
        expect(rate == 0, "pricing.rate", 0, rate)


@CHECKS.add("proposals.empty", f"rule 198; {_SEED}")
async def empty(agent: OutcomeAgent) -> None:
    """For what it can't do it proposes nothing: a channel that there is not, a price of another kind."""
    for changes in ({"channels": ["skywriting"]}, {"acceptedPricingMethods": ["barter"]}):
        rows = await agent.get_proposals(await agent.campaign(**changes))
        expect(rows == [], f"proposals for {changes}", [], rows)


@CHECKS.add("proposals.over", f"rule 198; {_SEED}", severity="should")
async def over(agent: OutcomeAgent) -> None:
    """For a flight that is over it proposes nothing."""
    now = await agent.now()
    campaign = await agent.campaign(startDate=day(now, -40), endDate=day(now, -10))
    answer = await agent.post("get-proposals", campaign)
    if 400 <= answer.status < 500:
        return
    rows = await agent.get_proposals(campaign)
    expect(rows == [], "proposals", [], rows)


@CHECKS.add("proposals.brief", f"rule 198; {_SEED}")
async def brief(agent: OutcomeAgent) -> None:
    """It can do with the fields that every campaign has: no brief, objectives, manifest, offerings or methods."""
    whole = await agent.campaign()
    needed = ("campaignId", "budgetRange", "startDate", "endDate", "channels", "countries", "seatId")
    rows = await agent.get_proposals({name: whole[name] for name in needed})
    expect(rows != [], "proposals", "what it proposes with them", rows)


@CHECKS.add("proposals.fields", f"rule 199; {_SEED}, customFieldsRequired")
async def fields(agent: OutcomeAgent) -> None:
    """Each custom field that it asks for comes once, with a name, a known type and words on what it is."""
    needed = (await agent.proposal()).get("customFieldsRequired") or []
    if not needed:
        raise Skipped("it asks for no custom fields")
    names = [field["fieldName"] for field in needed]
    expect(len(set(names)) == len(names), "fieldName", "each once", names)
    for one in needed:
        words = one.get("description")
        if not str(words or "").strip():
            raise Failed(f"description of {one['fieldName']}", "what the advertiser has to give", words)


@CHECKS.add("proposals.retry", "rule 207; seed 002, Endpoint Reliability", severity="should")
async def retry(agent: OutcomeAgent) -> None:
    """A request that is repeated under its Idempotency-Key gets the same proposals."""
    campaign = await agent.campaign()
    key = f"{campaign['campaignId']}-proposals"
    first, again = await agent.get_proposals(campaign, key), await agent.get_proposals(campaign, key)
    expect(first == again, "proposals", first, again)
