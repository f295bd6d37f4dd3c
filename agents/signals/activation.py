"""activate_signal: bring a signal to platforms and sales agents, and take it away (docs/signals/tasks).

Sales agents note it at once. A platform may take time: then the answer says that it isn't live and names a task,
and the key comes when it is.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from agents.seller.accounts import account_for
from agents.signals.config import SignalConfig
from agents.studio.governance import clear_spending
from agents.studio.prices import Price
from sandbox.core.errors import AdcpError
from sandbox.core.money import micros
from sandbox.core.time import MINUTE_MS, iso

if TYPE_CHECKING:
    from agents.signals.agent import SignalsAgent
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]
Key = tuple[str, str, str, str]

PROJECTED_IMPRESSIONS = 1_000_000
"""Impressions for which governance is asked where a price depends on them and the request says no budget."""


@dataclass(slots=True)
class Deployment:
    """A signal on one destination, for one caller. ``live_ms`` is None until it is live."""

    destination: Body
    key: Body
    option_id: str
    begun_ms: int
    ready_ms: int
    live_ms: int | None = None

    def wire(self, now_ms: int, with_key: bool) -> Body:
        """The deployment as answers have it; the key only for those who may use it."""
        body: Body = {**self.destination, "is_live": self.live_ms is not None}
        if self.live_ms is None:
            body["estimated_activation_duration_minutes"] = -(-max(0, self.ready_ms - now_ms) // MINUTE_MS)
            return body
        if with_key:
            body["activation_key"] = self.key
        return {**body, "deployed_at": iso(self.live_ms)}


def agent_of(ctx: Context) -> SignalsAgent:
    """The signals agent whose operation is called."""
    return cast("SignalsAgent", ctx.actor)


def activate_signal(ctx: Context, request: Body) -> Generator[Any, Any, Body]:
    """Activate a signal on all destinations, or deactivate it there; taking away needs nobody's consent."""
    agent = agent_of(ctx)
    signal = agent.signals.get(request["signal_agent_segment_id"])
    if signal is None:
        why = f"there is no signal {request['signal_agent_segment_id']}"
        raise AdcpError("SIGNAL_NOT_FOUND", why, "signal_agent_segment_id")
    if request.get("action") == "deactivate":
        return {
            "status": "completed",
            "deployments": [_take_away(ctx, agent, signal, d) for d in request["destinations"]],
        }
    for number, destination in enumerate(request["destinations"]):
        _check_destination(agent, destination, f"destinations[{number}]")
    account = account_for(ctx, request["account"], spending=True) if "account" in request else None
    price = _price(signal, request.get("pricing_option_id"), required=False)
    asked = price or signal.prices[0]
    yield from clear_spending(ctx, request, account, "signal_activation", _commitment(asked), asked.currency)
    price = _price(signal, request.get("pricing_option_id"), required=True)
    assert price is not None
    made = [_deploy(ctx, agent, signal, d, price.id) for d in request["destinations"]]
    body: Body = {"status": "completed", "deployments": [one.wire(agent.now, with_key=True) for one in made]}
    waiting = [one for one in made if one.live_ms is None]
    if waiting:
        body["task_id"] = _wait(ctx, agent, request, made)
        body["message"] = f"{signal.name} is on its way to {len(waiting)} of {len(made)} destinations"
    return body


def _check_destination(agent: SignalsAgent, destination: Body, field: str) -> None:
    known = agent.config.platforms
    if destination["type"] == "platform" and known and destination["platform"] not in known:
        why = f"signals can't be activated on {destination['platform']}"
        raise AdcpError("VALIDATION_ERROR", why, f"{field}.platform", suggestion=f"platforms are {', '.join(known)}")


def _price(signal: SignalConfig, option_id: str | None, required: bool) -> Price | None:
    """The chosen option. INVALID_REQUEST for none where one is ``required``, and for one that the signal hasn't."""
    named = ", ".join(price.id for price in signal.prices)
    if option_id is None:
        if required:
            raise AdcpError("INVALID_REQUEST", "choose a pricing option", "pricing_option_id", suggestion=named)
        return None
    found = next((price for price in signal.prices if price.id == option_id), None)
    if found is None:
        why = f"{signal.id} has no pricing option {option_id}"
        raise AdcpError("INVALID_REQUEST", why, "pricing_option_id", suggestion=f"use {named}")
    return found


def _commitment(price: Price) -> int:
    """What an activation commits, in micros: a fee, or a CPM for a campaign of usual size."""
    cost = price.cost_micros(PROJECTED_IMPRESSIONS, None)
    return micros(price.price) if cost is None else cost


def _key_of(ctx: Context, signal: SignalConfig, destination: Body) -> Key:
    where = destination.get("platform") or destination["agent_url"].rstrip("/")
    return ctx.principal.id, signal.id, where, destination.get("account", "")


def _deploy(ctx: Context, agent: SignalsAgent, signal: SignalConfig, destination: Body, option_id: str) -> Deployment:
    """Begin a deployment; one that is there already stays, with the price chosen now."""
    key = _key_of(ctx, signal, destination)
    known = agent.deployments.get(key)
    if known is not None:
        known.option_id = option_id
        return known
    slow = agent.config.activation_time if destination["type"] == "platform" else 0
    made = Deployment(destination, _activation_key(agent, signal, destination), option_id, agent.now, agent.now + slow)
    agent.deployments[key] = made
    if slow == 0:
        set_live(agent, key)
    return made


def _activation_key(agent: SignalsAgent, signal: SignalConfig, destination: Body) -> Body:
    if destination["type"] == "agent":
        return {"type": "key_value", "key": "audience_segment", "value": signal.id}
    return {"type": "segment_id", "segment_id": f"{agent.ids.next('seg')}_{signal.id}"}


def set_live(agent: SignalsAgent, key: Key) -> None:
    """A deployment is live, unless it was taken away or is live already."""
    made = agent.deployments.get(key)
    if made is not None and made.live_ms is None:
        made.live_ms = agent.now
        agent.decide("signal", key[1], "activate", f"live on {key[2]} for {key[0]}")


def _wait(ctx: Context, agent: SignalsAgent, request: Body, made: list[Deployment]) -> str:
    """Open a task that ends when all deployments of a call are live; gives its id."""
    task = agent.tasks.open("activate_signal", ctx.principal.id, request, ctx.version)
    keys = [key for key, one in agent.deployments.items() if any(one is mine for mine in made)]

    def finish() -> None:
        if task.ended:
            return
        for key in keys:
            set_live(agent, key)
        rows = [one.wire(agent.now, with_key=True) for one in made]
        agent.tasks.move(task, "completed", "all destinations are live", {"status": "completed", "deployments": rows})

    ctx.world.after(agent.config.activation_time, finish)
    return task.task_id


def _take_away(ctx: Context, agent: SignalsAgent, signal: SignalConfig, destination: Body) -> Body:
    key = _key_of(ctx, signal, destination)
    if agent.deployments.pop(key, None) is not None:
        agent.decide("signal", signal.id, "deactivate", f"taken from {key[2]} for {key[0]}")
    return {**destination, "is_live": False}


def deployments_of(
    ctx: Context, agent: SignalsAgent, signal: SignalConfig, destinations: list[Body] | None
) -> list[Body]:
    """Where a signal is, as far as the caller may know: its own deployments, and those made to it as a sales agent.

    With ``destinations``, one row for each of them.
    """
    mine = [
        (key, one)
        for key, one in agent.deployments.items()
        if key[1] == signal.id and (key[0] == ctx.principal.id or _is_caller(ctx, one.destination))
    ]
    if destinations is None:
        return [one.wire(agent.now, with_key=True) for _, one in mine]
    rows = []
    for destination in destinations:
        where = _key_of(ctx, signal, destination)[2:]
        found = next((one for key, one in mine if key[2:] == where), None)
        rows.append({**destination, "is_live": False} if found is None else found.wire(agent.now, with_key=True))
    return rows


def _is_caller(ctx: Context, destination: Body) -> bool:
    """True if the caller is the sales agent to which something was deployed."""
    return destination["type"] == "agent" and ctx.world.network.actor_at(destination["agent_url"]) == ctx.principal.id
