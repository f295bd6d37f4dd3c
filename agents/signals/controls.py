"""What a scenario's steps can do to a signals agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.signals.activation import set_live
from sandbox.core.errors import InputError

if TYPE_CHECKING:
    from agents.signals.agent import SignalsAgent


def go_live(agent: SignalsAgent, signal: str | None = None) -> None:
    """Bring what waits live at once: all deployments of a signal, or all there are."""
    waiting = [k for k, one in agent.deployments.items() if one.live_ms is None and signal in (None, k[1])]
    if not waiting:
        raise InputError(f"nothing of {signal or agent.id} waits to go live")
    for key in waiting:
        set_live(agent, key)


def withdraw_signal(agent: SignalsAgent, signal: str) -> None:
    """Take a signal off the catalog, and away from everywhere: its source may be used no longer."""
    if signal not in agent.signals:
        raise InputError(f"{agent.id} has no signal {signal!r}", hint=f"signals: {', '.join(agent.signals)}")
    del agent.signals[signal]
    for key in [key for key in agent.deployments if key[1] == signal]:
        del agent.deployments[key]
    agent.decide("signal", signal, "withdraw", "its source may be used no longer")
