"""Outcome agents, from the proposal to a changed tactic (seed 002)."""

from __future__ import annotations

from tests.server.story.doors import Door, HttpDoor

BEGIN = "2026-05-01T00:00:00Z"


def tell(door: Door) -> None:
    """The whole story, for a customer that has nothing yet."""
    advertiser = door.do("create_advertiser", {"name": "Acme", "brand": "acme.com"})["id"]
    door.do("discover_products", {"advertiserId": advertiser, "channels": ["display"]})  # meanwhile agents register
    assert [row["name"] for row in door.do("list_outcome_agents")["outcomeAgents"]] == ["Optimizer"]  # rule 209
    flight = {"startDate": "2026-05-03T00:00:00Z", "endDate": "2026-06-01T00:00:00Z"}
    wanted = {"channels": ["display"], "countries": ["NZ"]}
    budget = {"total": 1000, "currency": "USD"}
    body = {"advertiserId": advertiser, "name": "South", "flightDates": flight, "budget": budget, "constraints": wanted}
    campaign = door.do("create_campaign", body)["campaignId"]
    found = door.do("request_proposals", {}, campaignId=campaign)  # rule 198
    assert [row["reaction"] for row in found["rounds"][-1]["agents"]] == ["PROPOSED"]
    proposal = found["tactics"][-1]["proposalId"]
    chosen = {"tactics": [{"proposalId": proposal, "budget": 500}]}
    taken = door.do("select_tactics", chosen, campaignId=campaign)["tactics"]
    assert [row["status"] for row in taken if row["proposalId"] == proposal] == ["ACTIVE"]  # rule 201
    changed = door.do("update_tactic", {"budget": 600}, campaignId=campaign, proposalId=proposal)  # rule 203
    shown = door.do("list_tactics", campaignId=campaign)["tactics"]
    assert [row for row in shown if row["proposalId"] == proposal] == [changed]
    assert changed["budget"] == 600
    if isinstance(door, HttpDoor):
        buy(door, changed["tacticId"])


def buy(door: Door, tactic: str) -> None:
    """What outcome agents do, over HTTP alone (rule 208)."""
    agent = {"name": "Mine", "endpointUrl": "https://media-agent.example", "authenticationType": "API_KEY"}
    assert door.do("outcome_agent_register", agent)["credentials"]["apiKey"]
    product = door.do("get_products", {"channels": ["display"]})["products"][0]
    order = {"tacticId": tactic, "productId": product["productId"], "salesAgentId": product["salesAgentId"]}
    assert door.do("create_media_buy", {**order, "budget": 100})["remainingBudget"] <= 500  # rule 211
    door.do("update_targeting", {"tacticId": tactic, "frequencyCap": {"impressions": 5, "period": "day"}})
