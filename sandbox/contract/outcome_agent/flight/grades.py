"""How the flight went: what was bought, what was charged, what was heeded, what was missed."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sandbox.contract.check import Failed, Skipped, expect
from sandbox.contract.outcome_agent.agent import OutcomeAgent
from sandbox.contract.outcome_agent.checks import CHECKS
from sandbox.contract.outcome_agent.flight.market import PLATFORM_KEY
from sandbox.contract.outcome_agent.flight.record import Flight, Json
from sandbox.contract.outcome_agent.flight.story import fly
from sandbox.core.money import MICROS, amount, micros
from sandbox.core.time import DAY_MS, HOUR_MS, iso
from sandbox.operations.outcome import REVENUE_SHARE, UNITS
from sandbox.operations.outcome_dialect import IDEMPOTENCY

LONG_S = 900.0
"""How long the flight may take, in real seconds."""

USED = 0.6
"""The share of its budget that a tactic has to use at least."""

BUFFER = 0.1
"""The share of its budget that an agent should keep back."""

BEHIND = 80
"""A delivery index below it asks for a reaction: less than what a buffer explains."""

CENT = MICROS // 100


async def _flown(agent: OutcomeAgent, *shown: str) -> Flight:
    """The flight; messages to the agent and requests of the agent of these names are shown beside the verdict."""
    flight = await fly(agent)
    if flight.problem:
        raise Skipped(f"the flight came to nothing: {flight.problem}")
    _show_messages(agent, flight, shown)
    for action in flight.actions:
        if action.operation in shown:
            url = f"{flight.base}/rest/v1/{action.operation.replace('_', '-')}"
            headers = {"Authorization": f"Bearer {PLATFORM_KEY}"}
            status, answer = (200, "") if action.ok else (400, json.dumps(action.error))
            _show(agent, url, headers, action.body, status, answer)
    return flight


def _show_messages(agent: OutcomeAgent, flight: Flight, names: Iterable[str]) -> None:
    for message in flight.messages(*names):
        headers = {**(dict([agent.auth.header]) if agent.auth else {}), IDEMPOTENCY: message.key}
        answer = "" if message.answer is None else json.dumps(message.answer)
        _show(agent, f"{agent.url}/{message.operation}", headers, message.body, message.status, answer)


def _show(agent: OutcomeAgent, url: str, headers: dict[str, str], body: Json, status: int | None, answer: str) -> None:
    exchange = agent.talk.note("POST", url, {**headers, "Content-Type": "application/json"}, json.dumps(body))
    exchange.status, exchange.answer = status, answer
    exchange.error = "" if status is not None else "no answer"


@CHECKS.add("flight.proposes", "rules 198, 199; seed 002, How It Works in Practice", timeout_s=LONG_S)
async def proposes(agent: OutcomeAgent) -> None:
    """In the simulated flight it proposes a tactic that the platform can take."""
    flight = await fly(agent)
    if flight.stage == "proposal":
        raise Failed(flight.problem)


@CHECKS.add("flight.accepts", "rule 201; seed 002, How It Works in Practice")
async def accepts(agent: OutcomeAgent) -> None:
    """It takes the tactic that the advertiser selects."""
    flight = await fly(agent)
    _show_messages(agent, flight, ["accept-proposal"])
    if flight.stage == "acceptance":
        raise Failed(flight.problem)
    await _flown(agent)


@CHECKS.add("flight.buys", "rule 208; seed 002, Use the Platform APIs")
async def buys(agent: OutcomeAgent) -> None:
    """It buys media for the tactic through /rest/v1, before the flight begins."""
    flight = await _flown(agent, "accept-proposal", "get_products", "create_media_buy")
    bought = [one for one in flight.between(0, flight.marks["start"]) if one.operation == "create_media_buy" and one.ok]
    where = f"the platform is {flight.base}/rest/v1 with the API key {PLATFORM_KEY}"
    expect(bool(bought), "create-media-buy", f"at least one that is taken; {where}", "none")


@CHECKS.add("flight.once", "rule 207; seed 002, Implement idempotency")
async def once(agent: OutcomeAgent) -> None:
    """The repeated acceptance is acknowledged again, and makes it buy nothing more."""
    flight = await _flown(agent, "accept-proposal", "create_media_buy")
    expect(flight.again.get("acknowledged") is True, "acknowledged, when it is repeated", True, flight.again)
    first, again = flight.snapshots["accepted"], flight.snapshots["again"]
    more = [one for one in flight.between(first.at_ms, again.at_ms + 1) if one.operation == "create_media_buy"]
    expect(not more, "create-media-buy after the repeated acceptance", "none", [one.body for one in more])


@CHECKS.add("flight.overspend", "rule 211; seed 002, Don't over-allocate budget")
async def overspend(agent: OutcomeAgent) -> None:
    """It never tries to buy for more than the tactic's budget."""
    flight = await _flown(agent, "create_media_buy")
    for one in flight.actions:
        over = one.operation == "create_media_buy" and one.error.get("field") == "budget"
        expect(not over, "create-media-buy: budget", "what the tactic's budget leaves", one.error.get("message"))


@CHECKS.add("flight.buffer", "rule 211; seed 002, Leave 10-15% buffer", severity="should")
async def buffer(agent: OutcomeAgent) -> None:
    """It keeps a tenth of the budget back at least."""
    flight = await _flown(agent, "create_media_buy")
    first = flight.snapshots["again"]
    most = round(first.budget_micros * (1 - BUFFER))
    bound = first.committed_micros
    expect(bound <= most + CENT, "budgets of its media buys", f"at most {amount(most)}", amount(bound))


@CHECKS.add("flight.budget_up", "rule 203; seed 002, /tactic-context-updated", severity="should")
async def budget_up(agent: OutcomeAgent) -> None:
    """With more budget it buys more."""
    flight = await _flown(agent, "tactic-context-updated", "create_media_buy")
    before, after = flight.snapshots["again"], flight.snapshots["more"]
    if after.budget_micros <= before.budget_micros:
        raise Skipped("its capacity leaves no room for more budget")
    found = after.committed_micros
    expect(found > before.committed_micros, "budgets of its media buys", "more than before", amount(found))


@CHECKS.add("flight.budget_down", "rules 203, 211; seed 002, Your agent MUST handle these changes")
async def budget_down(agent: OutcomeAgent) -> None:
    """With less budget it takes money back: its media buys are within the new budget."""
    flight = await _flown(agent, "tactic-context-updated")
    now = flight.snapshots.get("less")
    if now is None:
        raise Skipped("it had bought for less than half of its budget, so that it was not cut")
    most, found = amount(now.budget_micros), amount(now.committed_micros)
    expect(now.committed_micros <= now.budget_micros, "budgets of its media buys", f"at most {most}", found)


@CHECKS.add("flight.dates", "rule 203; seed 002, Your agent MUST handle these changes", severity="should")
async def dates(agent: OutcomeAgent) -> None:
    """When the tactic ends earlier, so do its media buys."""
    flight = await _flown(agent, "tactic-context-updated")
    late = [iso(ms) for ms in flight.snapshots["earlier"].ends_ms if ms > flight.marks["end"]]
    expect(not late, "endTime of its media buys", f"at most {iso(flight.marks['end'])}", late)


@CHECKS.add("flight.pause", "rule 203; seed 002, Edge cases")
async def pause(agent: OutcomeAgent) -> None:
    """While the tactic is paused, and when it is over, it buys nothing."""
    flight = await _flown(agent, "tactic-context-updated", "create_media_buy")
    marks = flight.marks
    quiet = flight.between(marks["paused"], marks["resumed"]) + flight.between(marks["end"], 1 << 62)
    bought = [one for one in quiet if one.operation == "create_media_buy"]
    expect(not bought, "create-media-buy", "none while it is paused or over", [one.body for one in bought])


@CHECKS.add("flight.under_delivery", "rule 205; seed 002, Performance feedback", severity="should")
async def under_delivery(agent: OutcomeAgent) -> None:
    """When feedback says that delivery is behind, it changes something."""
    flight = await _flown(agent, "tactic-feedback", "create_media_buy", "update_targeting")
    changes = [one.at_ms for one in flight.messages("tactic-context-updated")]
    pending = [
        (one, min([one.at_ms + 2 * DAY_MS, *(ms for ms in changes if ms > one.at_ms)]))
        for one in flight.messages("tactic-feedback")
        if one.body["deliveryIndex"] < BEHIND
        and one.at_ms < flight.marks["end"] - 3 * DAY_MS
        and not any(0 <= one.at_ms - ms < HOUR_MS for ms in changes)
    ]
    if not pending:
        raise Skipped(f"no feedback was below {BEHIND}")
    changed = [a for one, until_ms in pending for a in flight.between(one.at_ms, until_ms) if a.ok]
    acted = [one.operation for one in changed if one.operation != "get_products"]
    indexes = [one.body["deliveryIndex"] for one, _ in pending]
    expect(
        bool(acted), f"what it does after a delivery index of {indexes}", "buys more, moves money or aims anew", acted
    )


@CHECKS.add("flight.budget_used", "seed 002, Ensuring delivery of the tactic's budget")
async def budget_used(agent: OutcomeAgent) -> None:
    """At the end, most of the budget was put to use."""
    flight = await _flown(agent, "create_media_buy")
    budget, charged = micros(flight.tactic["budget"]), micros(flight.tactic["spending"]["charged"])
    share = charged / budget
    expect(share >= USED, "share of the budget that was charged", f"at least {USED:.0%}", f"{share:.0%}")


@CHECKS.add("flight.fee", "rule 200; seed 002, Pricing Models")
async def fee(agent: OutcomeAgent) -> None:
    """What it buys leaves room for its fee, and what is charged is what it proposed."""
    flight = await _flown(agent, "create_media_buy")
    method, rate = flight.proposal["pricing"]["method"], flight.proposal["pricing"]["rate"]
    for name, one in flight.snapshots.items():
        most = one.budget_micros / (1 + rate / 100) if method == REVENUE_SHARE else one.budget_micros
        if name in ("accepted", "again", "more", "less"):
            found = one.committed_micros
            expect(found <= most + CENT, "budgets of its media buys", f"at most {amount(round(most))}", amount(found))
    spending = flight.tactic["spending"]
    media, charged = micros(spending["media"]), micros(spending["charged"])
    if method in UNITS:
        due = micros(rate) * spending["units"] // UNITS[method].size
    else:
        due = round(media * (1 + (rate / 100 if method == REVENUE_SHARE else 0)))
    due = min(due, micros(flight.tactic["budget"]))
    expect(abs(charged - due) <= CENT, f"charged by {method} {rate}", amount(due), amount(charged))


@CHECKS.add("flight.feedback", "rule 205; seed 002, /tactic-feedback")
async def feedback(agent: OutcomeAgent) -> None:
    """No feedback is missed: each is taken."""
    flight = await _flown(agent, "tactic-feedback")
    told = flight.messages("tactic-feedback")
    missed = [(one.body["endDate"], one.status) for one in told if not one.taken]
    expect(not missed, f"feedback that was not taken, of {len(told)}", "none", missed)


@CHECKS.add("flight.updates", "rules 203, 204; seed 002, Your agent MUST handle these changes")
async def updates(agent: OutcomeAgent) -> None:
    """No change of context or creatives is missed: each is taken."""
    flight = await _flown(agent, "tactic-context-updated", "tactic-creatives-updated")
    told = flight.messages("tactic-context-updated", "tactic-creatives-updated")
    missed = [(one.operation, one.body, one.status) for one in told if not one.taken]
    expect(not missed, f"changes that were not taken, of {len(told)}", "none", missed)


@CHECKS.add("flight.requests", "rule 208; seed 002, Use the Platform APIs", severity="should")
async def requests(agent: OutcomeAgent) -> None:
    """The platform has no reason to refuse any of its requests."""
    flight = await _flown(agent, "get_products", "create_media_buy", "update_targeting")
    refused = [(one.operation, one.error.get("message")) for one in flight.actions if not one.ok]
    expect(not refused, f"refused of its {len(flight.actions)} requests", "none", refused)
