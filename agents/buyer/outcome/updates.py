"""What an outcome agent has to know of its tactic: the context, and what changed in it (rules 203, 204, C32)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.formats import campaign_creatives
from agents.buyer.outcome.client import ask
from agents.buyer.outcome.records import MANAGED, Tactic
from agents.buyer.records import Creative
from sandbox.core.money import amount
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Json = dict[str, Any]
Steps = Generator[Any, Any, Any]


def start_of(platform: BuyerPlatform, tactic: Tactic) -> int:
    """When a tactic starts: its own time, or its campaign's."""
    return max(tactic.start_ms, platform.campaigns[tactic.campaign_id].start_ms)


def end_of(platform: BuyerPlatform, tactic: Tactic) -> int:
    """When a tactic ends: its own time, but not after its campaign."""
    campaign_ms = platform.campaigns[tactic.campaign_id].end_ms
    return min(tactic.end_ms, campaign_ms) if tactic.end_ms else campaign_ms


def context_of(platform: BuyerPlatform, tactic: Tactic) -> Json:
    """The ``tacticContext`` as it is now. ``status`` is there once it was another than ACTIVE."""
    campaign = platform.campaigns[tactic.campaign_id]
    context: Json = {
        "budget": amount(tactic.budget_micros),
        "budgetCurrency": campaign.currency,
        "startDate": iso(start_of(platform, tactic)),
        "endDate": iso(end_of(platform, tactic)),
        "channel": tactic.channel,
        "countries": list(tactic.countries),
        "creatives": [_creative(creative) for creative in campaign_creatives(platform, campaign)],
        "brandStandards": {},
    }
    status = _status(tactic, campaign.status)
    return context if status == "ACTIVE" and "status" not in tactic.sent else {**context, "status": status}


def _status(tactic: Tactic, campaign_status: str) -> str:
    if tactic.status not in MANAGED and tactic.status != "ASSIGNING":
        return "ENDED"
    return "PAUSED" if tactic.paused or campaign_status == "PAUSED" else "ACTIVE"


def _creative(creative: Creative) -> Json:
    ref = creative.format_id or {}
    urls = [asset["url"] for asset in creative.assets if asset.get("url") and asset.get("asset_type") != "URL"]
    named = str(ref.get("id") or creative.format_kind or creative.template_id or "unknown")
    return {"creativeId": creative.creative_id, "format": named, "assetUrl": urls[0] if urls else None}


def tell(platform: BuyerPlatform, tactic: Tactic) -> Generator[Any, Any, bool]:
    """Send the agent what differs from what it has, in one message or two; True if its context changed.

    What it doesn't acknowledge is sent again with the next change, or the next feedback.
    """
    if tactic.updating:
        return False
    tactic.updating, changed = True, False
    try:
        while (message := _next(platform, tactic)) is not None:
            operation, body, after = message
            tactic.updates += 1
            agent = platform.outcome.agents[tactic.agent_id]
            outcome = yield from ask(platform, agent, operation, body, f"{tactic.proposal_id}-{tactic.updates}")
            if outcome.body is None:
                platform.decide("tactic", tactic.proposal_id, "not_told", f"{operation}: {outcome.why}")
                break
            tactic.sent = after
            changed = changed or operation == "tactic-context-updated"
    finally:
        tactic.updating = False
    return changed


def _next(platform: BuyerPlatform, tactic: Tactic) -> tuple[str, Json, Json] | None:
    """The next message for the agent: operation, body, and the context as the agent has it afterwards."""
    import jsonpatch

    now, sent = context_of(platform, tactic), tactic.sent
    rest = {name: value for name, value in now.items() if name != "creatives" and sent.get(name) != value}
    if rest:
        before = {name: sent[name] for name in rest if name in sent}
        patch = jsonpatch.make_patch(before, rest).patch
        body = {"tacticId": tactic.tactic_id, "tactic": rest, "patch": patch}
        return "tactic-context-updated", body, {**sent, **rest}
    if now["creatives"] != sent["creatives"]:
        patch = jsonpatch.make_patch({"creatives": sent["creatives"]}, {"creatives": now["creatives"]}).patch
        body = {"tacticId": tactic.tactic_id, "creatives": now["creatives"], "patch": patch}
        return "tactic-creatives-updated", body, {**sent, "creatives": now["creatives"]}
    return None
