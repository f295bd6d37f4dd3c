"""The signals agent: its catalog, what is live where, and its door."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from agents.signals import controls
from agents.signals.activation import Deployment, activate_signal
from agents.signals.catalog import invented
from agents.signals.config import SignalConfig, SignalsConfig
from agents.signals.discovery import get_signals
from agents.studio.prices import Price
from agents.studio.vendor import Vendor

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context
    from sandbox.kernel.world import World


class SignalsAgent(Vendor):
    """An agent that knows audiences and brings them to platforms and sales agents."""

    role = "signals"

    def __init__(self, world: World, actor_id: str, config: SignalsConfig) -> None:
        super().__init__(world, actor_id, config)
        self.config: SignalsConfig = config
        catalog = config.signals or invented(config.personality)
        self.signals: dict[str, SignalConfig] = {signal.id: signal for signal in catalog}
        self.deployments: dict[tuple[str, str, str, str], Deployment] = {}
        """What was activated, by caller, signal, destination and account there."""
        self.endpoint = self.serve([get_adcp_capabilities, get_signals], [activate_signal])
        for control in (controls.go_live, controls.withdraw_signal):
            self.controls[control.__name__] = partial(control, self)

    @property
    def prices(self) -> Iterable[Price]:
        """The options of all signals."""
        return [price for signal in self.signals.values() for price in signal.prices]


def get_adcp_capabilities(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Releases, accounts, providers, and how signals are found."""
    agent = cast("SignalsAgent", ctx.actor)
    domains = list(dict.fromkeys(signal.provider for signal in agent.signals.values() if signal.provider))
    block: dict[str, Any] = {
        "discovery_modes": ["brief", "wholesale"],
        "features": {"catalog_signals": agent.config.personality == "marketplace"},
    }
    if domains:
        block["data_provider_domains"] = domains
    return agent.capabilities(request, "signals", f"signal-{agent.config.personality}", block)
