"""Asking outcome agents what they propose for a campaign, and taking what comes in time (rules 198 to 200, 209)."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from agents.buyer.fees import committed_micros, media_budget_micros
from agents.buyer.outcome.client import ask
from agents.buyer.outcome.records import Asked, OutcomeAgent, Price, Round, Tactic
from agents.buyer.records import Campaign
from sandbox.core.errors import ApiError
from sandbox.core.money import amount
from sandbox.core.time import iso
from sandbox.operations.outcome import ANSWER_MS, METHODS, Proposal, ProposalList, read

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Json = dict[str, Any]
Steps = Generator[Any, Any, Any]


def common(mine: Sequence[str], theirs: Sequence[str]) -> list[str] | None:
    """What two parties have in common, in the order of the first; who names nothing takes everything.

    None if there is nothing.
    """
    if not mine or not theirs:
        return list(mine or theirs)
    return [one for one in mine if one in theirs] or None


def matching(agents: Sequence[OutcomeAgent], campaign: Campaign) -> list[OutcomeAgent]:
    """The agents whose channels and countries meet the campaign's (rule 209)."""
    return [
        agent
        for agent in agents
        if common(campaign.channels, agent.channels) is not None
        and common(campaign.countries, agent.countries) is not None
    ]


def collect(
    platform: BuyerPlatform,
    campaign: Campaign,
    methods: Sequence[str] = METHODS,
    agents: Sequence[OutcomeAgent] | None = None,
) -> Steps:
    """Ask all matching agents at once; done when all have answered, after 10 s at the latest.

    What comes later is ignored, and it is recorded that it did not come in time. Nobody is asked when no money is
    left for a tactic.
    """
    desk = platform.outcome
    wanted = matching(desk.agents_of(campaign.customer_id) if agents is None else agents, campaign)
    most = media_budget_micros(platform, campaign) - committed_micros(platform, campaign)
    if not wanted or most <= 0:
        return
    present = Round(platform.now, platform.now + ANSWER_MS, [Asked(agent.agent_id) for agent in wanted])
    rounds = desk.rounds.setdefault(campaign.campaign_id, [])
    rounds.append(present)
    questions = [
        _ask_one(platform, campaign, agent, entry, present, list(methods), most, len(rounds))
        for agent, entry in zip(wanted, present.asked, strict=True)
    ]
    yield from platform.sellers.gather(questions)
    present.closed = True


def _ask_one(
    platform: BuyerPlatform,
    campaign: Campaign,
    agent: OutcomeAgent,
    entry: Asked,
    present: Round,
    methods: list[str],
    most_micros: int,
    number: int,
) -> Steps:
    body = _question(platform, campaign, methods, most_micros)
    key = f"{campaign.campaign_id}-proposals-{number}"
    outcome = yield from ask(platform, agent, "get-proposals", body, key, until_ms=present.closes_ms)
    if outcome.body is None:
        entry.reaction, entry.detail = ("LATE" if outcome.late else "FAILED"), outcome.why
    else:
        _take(platform, campaign, agent, entry, outcome.body, methods)
    why = "; ".join([f"{agent.name}: {entry.detail or entry.reaction.lower()}", *entry.refused])
    platform.decide("outcome_proposals", campaign.campaign_id, entry.reaction.lower(), why)


def _question(platform: BuyerPlatform, campaign: Campaign, methods: list[str], most_micros: int) -> Json:
    """The body of ``get-proposals``; seat is the customer, as by conflict C31."""
    advertiser = platform.advertisers[campaign.advertiser_id]
    body: Json = {
        "campaignId": campaign.campaign_id,
        "budgetRange": {"min": 0, "max": amount(most_micros), "currency": campaign.currency},
        "startDate": iso(campaign.start_ms),
        "endDate": iso(campaign.end_ms),
        "channels": list(campaign.channels),
        "countries": list(campaign.countries),
        "objectives": [str(goal.get("metric") or goal.get("kind")) for goal in campaign.goals],
        "brief": campaign.brief or campaign.name,
        "brandManifest": (advertiser.linked_brand or {}).get("manifest", {}),
        "acceptedPricingMethods": methods,
        "promotedOfferings": [],
        "seatId": str(campaign.customer_id),
    }
    return body


def _take(
    platform: BuyerPlatform, campaign: Campaign, agent: OutcomeAgent, entry: Asked, body: Json, methods: list[str]
) -> None:
    """Enter the proposals of an answer; one that can't be taken is left out with its reason."""
    try:
        rows = read(ProposalList, body).proposals
    except ApiError as error:
        entry.reaction, entry.detail = "INVALID", error.message
        return
    taken: list[str] = []
    for number, row in enumerate(rows):
        try:
            proposal = read(Proposal, row)
            _check(campaign, proposal, methods, taken)
        except ApiError as error:
            entry.refused.append(f"proposals[{number}]: {error.message}")
            continue
        taken.append(proposal.tactic_id)
        _enter(platform, campaign, agent, proposal)
    entry.proposals = len(taken)
    entry.reaction = "PROPOSED" if taken else ("INVALID" if rows else "NOTHING")


def _check(campaign: Campaign, proposal: Proposal, methods: list[str], taken: list[str]) -> None:
    pricing = proposal.pricing
    if pricing.method not in methods:  # rule 200
        raise ApiError("VALIDATION_ERROR", f"pricing.method: {pricing.method!r} is none of {', '.join(methods)}")
    if pricing.currency != campaign.currency:
        raise ApiError("VALIDATION_ERROR", f"pricing.currency: the campaign's is {campaign.currency}")
    if proposal.tactic_id in taken:
        raise ApiError("VALIDATION_ERROR", f"tacticId: {proposal.tactic_id} comes twice")


def _enter(platform: BuyerPlatform, campaign: Campaign, agent: OutcomeAgent, proposal: Proposal) -> None:
    """Keep a proposal. One that the agent makes again replaces the one before, unless that was selected."""
    desk = platform.outcome
    for old in desk.of_campaign(campaign):
        if (old.agent_id, old.tactic_id, old.status) == (agent.agent_id, proposal.tactic_id, "PROPOSED"):
            old.status = "EXPIRED"
            platform.status("tactic", old.proposal_id, "PROPOSED", "EXPIRED", "the agent made it again")
    tactic = Tactic(
        proposal_id=platform.ids.next("prop"),
        tactic_id=proposal.tactic_id,
        customer_id=campaign.customer_id,
        campaign_id=campaign.campaign_id,
        agent_id=agent.agent_id,
        execution=proposal.execution,
        capacity_micros=proposal.budget_capacity,
        price=Price(proposal.pricing.method, str(proposal.pricing.rate), proposal.pricing.currency),
        sku=proposal.sku,
        custom_fields=[field.model_dump(by_alias=True) for field in proposal.custom_fields_required],
        channel=next(iter(common(campaign.channels, agent.channels) or ["display"])),
        countries=common(campaign.countries, agent.countries) or [],
        proposed_ms=platform.now,
    )
    desk.tactics[tactic.proposal_id] = tactic
    platform.status("tactic", tactic.proposal_id, None, "PROPOSED", f"{agent.name} proposes it")
