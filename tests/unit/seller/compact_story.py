"""A lifecycle through the compact tools, told once: it is played in process and over MCP."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import rfc8785

Json = dict[str, Any]
Call = Callable[..., Json]
"""``call(tool, **arguments)`` gives the answer of a tool at 3.2, which must not be refused."""

BRAND = {"domain": "acme.com"}
ACCOUNT = {"brand": BRAND, "operator": "agency.example"}


def digest(terms: Json) -> str:
    """``terms_digest`` as a buyer computes it (proposal-negotiation.mdx, "Verify terms independently")."""
    code = base64.urlsafe_b64encode(hashlib.sha256(rfc8785.dumps(terms)).digest()).decode()
    return "sha256:" + code.rstrip("=")


def verified(proposal: Json, status: str, parent: str | None = None) -> Json:
    """A proposal whose digest, state and lineage are as they must be."""
    assert digest(proposal["commercial_terms"]) == proposal["terms_digest"]
    assert proposal["proposal_status"] == status
    assert proposal.get("parent_proposal_id") == parent
    return proposal


def requested(call: Call, brief: str, **criteria: Any) -> Json:
    """The draft that a brief brings."""
    answer = call("request_proposals", brand=BRAND, brief=brief, **({"criteria": criteria} if criteria else {}))
    assert answer["outcome"] == "proposed"
    [proposal] = answer["proposals"]
    bought = [purchase["product_id"] for purchase in proposal["commercial_terms"]["purchases"]]
    assert [product["product_id"] for product in answer["products"]] == bought
    return verified(proposal, "draft")


def refined(call: Call, proposal: Json, **wish: Any) -> Json:
    """The result of one refinement."""
    entry = {"proposal_id": proposal["proposal_id"], "action": "revise", **wish}
    result: Json
    [result] = call("refine_proposals", refinements=[entry])["results"]
    assert result["source_proposal_id"] == proposal["proposal_id"]
    for made in result.get("proposals", []):
        verified(made, "draft", proposal["proposal_id"])
    return result


def finalized(call: Call, proposal: Json) -> Json:
    """The commitment to the terms of a draft."""
    result = refined(call, proposal, action="finalize")
    assert result["outcome"] == "finalized", result
    made = verified(result["proposal"], "committed", proposal["proposal_id"])
    assert made["commercial_terms"] == proposal["commercial_terms"]
    assert made["expires_at"]
    return made


def accepted(call: Call, proposal: Json, **more: Any) -> Json:
    """The commitment that an acceptance brings."""
    digest = {"proposal_terms_digest": proposal["terms_digest"]}
    answer = call("accept_proposal", account=ACCOUNT, proposal_id=proposal["proposal_id"], **digest, **more)
    verified(answer["accepted_proposal"], "accepted", proposal.get("parent_proposal_id"))
    assert answer["accepted_proposal"]["commercial_terms"] == proposal["commercial_terms"]
    return answer


def negotiate_and_control(call: Call, brief: str) -> Json:
    """From a brief to a media buy that is controlled, amended and canceled; gives what get_media_buys says then."""
    draft = requested(call, brief)
    bounds = {"total_budget": {"max": 400, "currency": "USD"}}
    result = refined(call, draft, constraints=bounds, alternatives={"count": 2})
    assert result["outcome"] == "revised"
    assert len(result["proposals"]) == 2
    chosen, other = result["proposals"]
    assert chosen["terms_digest"] != other["terms_digest"]
    [declined] = call("decline_proposals", declines=[{"proposal_id": other["proposal_id"], "reason": "price"}])[
        "results"
    ]
    assert declined == {"proposal_id": other["proposal_id"], "outcome": "declined"}
    made = accepted(call, finalized(call, chosen), daily_budget_cap=100, name="Spring")
    buy_id, package_id = made["media_buy_id"], made["purchase_bindings"][0]["package_id"]
    told = {"account": ACCOUNT, "media_buy_id": buy_id}
    control = call("control_media_buy", **told, revision=made["revision"], paused=True)
    control = call("control_media_buy", **told, revision=control["revision"], paused=False, daily_budget_cap=None)
    capped = [{"package_id": package_id, "daily_budget_cap": 7.5}]
    control = call("control_media_buy", **told, revision=control["revision"], packages=capped)
    assert control["affected_package_ids"] == [package_id]
    listed = call("get_media_buys", media_buy_ids=[buy_id])["media_buys"][0]
    assert listed["revision"] == control["revision"]
    assert listed["accepted_proposal_id"]
    result = refined(call, listed["accepted_proposal"], ask="Extend the flight by two weeks.")
    [longer] = result["proposals"]
    assert longer["proposal_kind"] == "media_buy_update"
    assert longer["base_media_buy_revision"] == listed["revision"]
    amended = accepted(call, finalized(call, longer))
    assert amended["media_buy_id"] == buy_id
    assert amended["purchase_bindings"] == made["purchase_bindings"]
    result = refined(call, amended["accepted_proposal"], change_kind="cancellation", ask="Goals were met early.")
    [ending] = result["proposals"]
    assert ending["commercial_terms"]["cancellation_terms"]["reason"] == "Goals were met early."
    assert accepted(call, finalized(call, ending))["media_buy_status"] == "canceled"
    final: Json = call("get_media_buys", media_buy_ids=[buy_id])["media_buys"][0]
    assert final["status"] == "canceled"
    assert final["name"] == "Spring"
    assert final["end_time"] == longer["commercial_terms"]["end_time"]
    return final
