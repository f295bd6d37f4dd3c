"""What a scenario's steps, or a test controller, can do to a creative agent.

Without an argument that names it, a control means the newest thing that it could apply to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.creative.context import SANDBOX
from agents.creative.delivery import Count
from agents.creative.formats import BuildFormat, Slot
from agents.seller.library import set_creative
from agents.seller.records import Creative
from sandbox.core.errors import InputError
from sandbox.core.money import micros
from sandbox.domain.lifecycles import LIFECYCLES

if TYPE_CHECKING:
    from agents.creative.agent import CreativeAgent

_LIFE = LIFECYCLES["creative"]


def approve_creative(agent: CreativeAgent, creative: str | None = None) -> None:
    """Approve a creative that waits for review, or one that was suspended."""
    _move(agent, creative, "approved", "approved by the agent")


def reject_creative(agent: CreativeAgent, reason: str = "against the policies", creative: str | None = None) -> None:
    """Reject a creative."""
    _move(agent, creative, "rejected", reason)


def suspend_creative(agent: CreativeAgent, reason: str = "under investigation", creative: str | None = None) -> None:
    """Take an approved creative offline for now."""
    _move(agent, creative, "suspended", reason)


def _move(agent: CreativeAgent, creative_id: str | None, status: str, why: str) -> None:
    named = [c for c in agent.creatives.values() if creative_id in (None, c.creative_id)]
    found = [c for c in named if _LIFE.allows(c.status, status)]
    if not found:
        known = ", ".join(f"{c.creative_id} ({c.status})" for c in agent.creatives.values()) or "none"
        raise InputError(f"{agent.id} has no creative that can become {status}", hint=f"creatives: {known}")
    agent.desk.reviews.pop(found[-1].label, None)
    set_creative(agent.as_seller, found[-1], status, why)


def seed_creative(agent: CreativeAgent, creative: str, fixture: dict[str, Any], account: str | None = None) -> None:
    """Put a creative into an account's library, or into those of all sandbox accounts, in the fixture's state.

    One that is there already stays as it is.
    """
    if any(known == creative for _, known in agent.creatives):
        return
    owner = SANDBOX if account is None else agent.account_named(account).account_id
    ref: dict[str, Any] = {"agent_url": agent.url, "id": "source_master"}
    ref |= fixture.get("format_id", {})
    if ref["id"] not in agent.formats:
        agent.unlisted[ref["id"]] = _format(agent, ref["id"], {})
    kept: dict[str, Any] = {
        name: fixture[name] for name in ("tags", "concept_id", "pricing_options") if name in fixture
    }
    if "pricing_options" in kept:
        kept["pricing_options"] = [_priced(option) for option in kept["pricing_options"]]
    name = fixture.get("name", creative)
    body = {"creative_id": creative, "name": name, "format_id": ref, "assets": fixture.get("assets", {}), **kept}
    store(agent, owner, body, fixture.get("status", "approved"))


def store(agent: CreativeAgent, owner: str, body: dict[str, Any], status: str = "approved") -> None:
    """Enter a creative that is there without review; ``owner`` is an account, or a brand's domain."""
    key = (owner, body["creative_id"])
    if key in agent.creatives:
        return
    made = Creative(body["creative_id"], owner, body, agent.now, agent.now, f"{owner}/{body['creative_id']}")
    agent.creatives[key] = made
    for step in _path(status):
        agent.status("creative", made.label, made.status or None, step, "stored")
        made.status = step


def _path(status: str) -> list[str]:
    """The states on the way to one."""
    way = ["processing", "pending_review", "approved"]
    return way[: way.index(status) + 1] if status in way else [*way, status]


def _priced(option: dict[str, Any]) -> dict[str, Any]:
    """An option as vendors give it; fixtures of release 3.0 name model and price otherwise."""
    model = option.get("model") or option.get("pricing_model", "cpm")
    price = option.get(model, option.get("rate", 0))
    return {
        "pricing_option_id": option["pricing_option_id"],
        "model": model,
        model: price,
        "currency": option.get("currency", "USD"),
    }


def seed_format(
    agent: CreativeAgent, format_id: str, fixture: dict[str, Any], account: str | None = None
) -> BuildFormat:
    """Give an account, or all sandbox accounts, a format; from then on they see what they were given alone."""
    owner = SANDBOX if account is None else agent.account_named(account).account_id
    made = _format(agent, format_id, fixture)
    agent.seeded_formats.setdefault(owner, {})[format_id] = made
    return made


def _format(agent: CreativeAgent, format_id: str, fixture: dict[str, Any]) -> BuildFormat:
    slot = Slot("image", "image")
    kind = str(fixture.get("type", "display"))
    return BuildFormat(format_id, str(fixture.get("name", format_id)), kind, "seeded", (slot,), agent_url=agent.url)


def deliver(
    agent: CreativeAgent,
    impressions: int,
    media_buy: str,
    creative: str | None = None,
    clicks: int = 0,
    spend: float = 0,
) -> None:
    """Count impressions of a creative in a media buy, today."""
    named = [c for c in agent.creatives.values() if creative in (None, c.creative_id)]
    if not named:
        raise InputError(f"{agent.id} has no creative {creative or ''}".rstrip())
    if clicks > impressions:
        raise InputError("more clicks than impressions")
    agent.deliveries.add(named[-1].creative_id, media_buy, agent.now, Count(impressions, clicks, micros(spend)))
