"""acquire_rights and update_rights: licences, their approval and their terms (docs/brand-protocol/tasks).

A licence that a person must approve is ``pending_approval``. The buyer hears of the end by its
push_notification_config, and acquiring the same right again tells how it stands.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.brand.config import BrandConfig, RightsConfig, RightsPrice
from agents.brand.constraint import constraint_of
from agents.brand.context import agent_of
from agents.seller.accounts import account_for
from agents.seller.policy.delays import decision_time
from agents.studio.governance import clear_spending
from sandbox.core.errors import AdcpError
from sandbox.core.money import micros
from sandbox.core.time import DAY_MS, SECOND_MS, day_start, format_duration, iso, iso_date, parse_instant
from sandbox.protocol.tasks import Task

if TYPE_CHECKING:
    from agents.brand.agent import BrandAgent
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]
Steps = Generator[Any, Any, Body]

OPEN_ENDED_MS = 365 * DAY_MS
"""How long a licence runs if the campaign has no end."""


@dataclass(slots=True)
class Licence:
    """A right given to a buyer, or asked for. Both days belong to the flight; ``state`` is what the wire calls
    rights_status, and ``revoked`` after that."""

    brand: BrandConfig
    right: RightsConfig
    option: RightsPrice
    buyer: str
    uses: list[str]
    countries: list[str]
    start_ms: int
    end_ms: int
    cap: int | None
    key: str
    state: str = "pending_approval"
    reason: str = ""
    paused: bool = False
    task: Task | None = None
    due_ms: int | None = None


def acquire_rights(ctx: Context, request: Body) -> Steps:
    """License a right for a campaign: at once, or when somebody has approved it."""
    agent = agent_of(ctx)
    brand, right = _offered(agent, request)
    option = _option(right, request["pricing_option_id"])
    start_ms, end_ms = _flight(agent, request["campaign"])
    account = account_for(ctx, request["account"], spending=True) if "account" in request else None
    governed = "governance_context" in request or (account is not None and account.account_id in agent.governors)
    cost = _commitment(option, request["campaign"], governed)
    yield from clear_spending(ctx, request, account, "rights_license", cost, option.currency)
    key = (ctx.principal.id, request["buyer"]["domain"], right.id)
    known = agent.licences.get(key)
    if known is not None and known.state in ("acquired", "pending_approval") and known.end_ms >= agent.now:
        return answer(agent, known)
    campaign = request["campaign"]
    licence = Licence(
        brand, right, option, request["buyer"]["domain"], campaign["uses"], campaign.get("countries", right.countries),
        start_ms, end_ms, option.impression_cap, agent.ids.next("rk"),
    )  # fmt: skip
    refusal = _refusal(agent, licence)
    if refusal is not None:
        return {"status": "completed", "rights_id": right.id, "brand_id": brand.id, **refusal}
    agent.licences[key] = licence
    if right.approval.mode == "automatic":
        settle(agent, licence, "acquired", "within the terms of the offer")
    else:
        _queue(ctx, agent, licence, request)
    return answer(agent, licence)


def _offered(agent: BrandAgent, request: Body) -> tuple[BrandConfig, RightsConfig]:
    found = agent.rights.get(request["rights_id"])
    if found is None:
        raise AdcpError("REFERENCE_NOT_FOUND", f"there is no right {request['rights_id']}", "rights_id")
    return found


def _option(right: RightsConfig, option_id: str) -> RightsPrice:
    found = next((option for option in right.prices if option.id == option_id), None)
    if found is None:
        named = ", ".join(option.id for option in right.prices)
        why = f"{right.id} has no pricing option {option_id}"
        raise AdcpError("INVALID_REQUEST", why, "pricing_option_id", suggestion=f"use {named}")
    return found


def _flight(agent: BrandAgent, campaign: Body) -> tuple[int, int]:
    """First ms and last ms of the campaign. INVALID_REQUEST if it is over already, or ends before it begins."""
    start_ms = parse_instant(campaign["start_date"]) if "start_date" in campaign else day_start(agent.now)
    end_ms = start_ms + OPEN_ENDED_MS
    if "end_date" in campaign:
        end_ms = parse_instant(campaign["end_date"]) + DAY_MS - SECOND_MS
        if end_ms < agent.now:
            raise AdcpError("INVALID_REQUEST", "the campaign is over already", "campaign.end_date")
        if end_ms < start_ms:
            raise AdcpError("INVALID_REQUEST", "the campaign ends before it begins", "campaign.end_date")
    return start_ms, end_ms


def _commitment(option: RightsPrice, campaign: Body, governed: bool) -> int:
    """What the licence commits, in micros: the fee, or the CPM times the impressions that are expected."""
    if option.model != "cpm":
        return micros(option.price)
    impressions = int(campaign.get("estimated_impressions", 0))
    if governed and impressions == 0:
        why = "say how many impressions are expected: the governance agent is asked about the cost"
        raise AdcpError("INVALID_REQUEST", why, "campaign.estimated_impressions")
    return round(micros(option.price) * impressions / 1000)


def _refusal(agent: BrandAgent, wanted: Licence) -> Body | None:
    """Why a licence can't be given, as the answer says it; with suggestions if the buyer can do something."""
    right = wanted.right
    if wanted.buyer in right.excluded_buyers:
        return {"rights_status": "rejected", "reason": "this right is not licensed to this brand"}
    alien = [use for use in wanted.uses if use not in right.uses]
    if alien:
        return _actionable(f"it does not allow {', '.join(alien)}", f"available uses: {', '.join(right.uses)}")
    closed = [
        c for c in wanted.countries if c in right.excluded_countries or (right.countries and c not in right.countries)
    ]
    if closed:
        open_to = ", ".join(right.countries) or "all other countries"
        return _actionable(f"it is not licensed in {', '.join(closed)}", f"available in {open_to}")
    taken = [other for other in agent.licences.values() if right.exclusive and _overlap(other, wanted)]
    if taken:
        free = iso_date(max(other.end_ms for other in taken) + SECOND_MS)
        return _actionable("another licensee has it exclusively in that time", f"available from {free} on")
    return None


def _actionable(reason: str, suggestion: str) -> Body:
    return {"rights_status": "rejected", "reason": reason, "suggestions": [suggestion]}


def _overlap(one: Licence, other: Licence) -> bool:
    same_place = not one.countries or not other.countries or bool(set(one.countries).intersection(other.countries))
    in_force = one.right.id == other.right.id and one.state in ("acquired", "pending_approval")
    return in_force and same_place and one.start_ms <= other.end_ms and other.start_ms <= one.end_ms


def _queue(ctx: Context, agent: BrandAgent, licence: Licence, request: Body) -> None:
    """Let a licence wait for a person; without a delay, for a scenario's step."""
    policy = licence.right.approval
    if "push_notification_config" in request:
        licence.task = agent.tasks.open("acquire_rights", ctx.principal.id, request, ctx.version)
    if policy.delay is None:
        return
    licence.due_ms = decision_time(agent.now, policy.delay, policy.office_hours, agent.rng("rights"))
    refused = agent.rng("rights-decision").random() < policy.probability_of_rejection

    def decide() -> None:
        if licence.state == "pending_approval":
            state, why = ("rejected", "declined by the rights holder") if refused else ("acquired", "approved")
            settle(agent, licence, state, why)

    agent.world.at(licence.due_ms, decide)


def settle(agent: BrandAgent, licence: Licence, state: str, why: str) -> None:
    """Decide about a licence; the buyer is told by webhook if it waited."""
    licence.state, licence.reason = state, why
    agent.decide("rights", licence.right.id, state, f"{licence.buyer}: {why}")
    if licence.task is not None and not licence.task.ended:
        agent.tasks.move(licence.task, "completed", why, answer(agent, licence))


def answer(agent: BrandAgent, licence: Licence) -> Body:
    """A licence as acquire_rights tells it."""
    head: Body = {
        "status": "completed",
        "rights_id": licence.right.id,
        "rights_status": licence.state,
        "brand_id": licence.brand.id,
    }
    if licence.state == "pending_approval":
        told = (
            {} if licence.due_ms is None else {"estimated_response_time": format_duration(licence.due_ms - agent.now)}
        )
        return {**head, "detail": "the rights holder decides", **told}
    if licence.state != "acquired":
        return {**head, "rights_status": "rejected", "reason": licence.reason}
    body = {**head, **_granted(agent, licence)}
    if licence.right.restrictions:
        body["restrictions"] = licence.right.restrictions
    if licence.right.disclosure:
        body["disclosure"] = {"required": True, "text": licence.right.disclosure}
    return body


def _granted(agent: BrandAgent, licence: Licence) -> Body:
    """Terms, credentials and constraint of a licence in force."""
    option, until = licence.option, iso(licence.end_ms)
    terms: Body = {
        "pricing_option_id": option.id,
        "amount": option.price,
        "currency": option.currency,
        "period": option.period,
        "uses": licence.uses,
        "start_date": iso_date(licence.start_ms),
        "end_date": iso_date(licence.end_ms),
    }
    if licence.cap is not None:
        terms["impression_cap"] = licence.cap
    if option.overage_cpm is not None:
        terms["overage_cpm"] = option.overage_cpm
    if licence.right.exclusive:
        terms["exclusivity"] = {"scope": f"only licensee of {licence.right.name}", "countries": licence.countries}
    credential = {"provider": agent.id, "rights_key": licence.key, "uses": licence.uses, "expires_at": until}
    return {"terms": terms, "generation_credentials": [credential], "rights_constraint": constraint_of(agent, licence)}


def update_rights(ctx: Context, request: Body) -> Steps:
    """Prolong, enlarge, reprice, pause or resume a licence; credentials are issued anew."""
    agent = agent_of(ctx)
    mine = [
        one
        for (caller, _, right), one in agent.licences.items()
        if (caller, right) == (ctx.principal.id, request["rights_id"])
    ]
    if not mine:
        raise AdcpError("REFERENCE_NOT_FOUND", f"there is no licence of {request['rights_id']}", "rights_id")
    licence = mine[-1]
    if licence.state != "acquired":
        raise AdcpError("INVALID_STATE", f"the licence is {licence.state}", "rights_id")
    option = _option(licence.right, request.get("pricing_option_id", licence.option.id))
    end_ms = licence.end_ms
    if "end_date" in request:
        end_ms = parse_instant(request["end_date"]) + DAY_MS - SECOND_MS
        if end_ms < licence.end_ms:
            raise AdcpError("INVALID_REQUEST", f"it ends on {iso_date(licence.end_ms)}, not earlier", "end_date")
    account = account_for(ctx, request["account"], spending=True) if "account" in request else None
    if option.price > licence.option.price:
        more = micros(option.price) - micros(licence.option.price)
        yield from clear_spending(ctx, request, account, "rights_license", more, option.currency)
    licence.option, licence.end_ms = option, end_ms
    licence.cap = request.get("impression_cap", licence.cap)
    licence.paused = bool(request.get("paused", licence.paused))
    licence.key = agent.ids.next("rk")
    agent.decide("rights", licence.right.id, "update", f"changed by {licence.buyer}")
    body: Body = {"status": "completed", "rights_id": licence.right.id, **_granted(agent, licence)}
    return {**body, "paused": licence.paused, "implementation_date": iso(agent.now)}
