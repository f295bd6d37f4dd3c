"""Addresses: actors have one within the world, and another one for services that are outside of it.

Within the world an actor is at ``https://ID.sandbox.test/…``. A real service is told where the served sandbox has that
actor, and what it answers is put back, so that neither a trace nor a journal depends on ports.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sandbox.kernel.network import DOMAIN, Network

_INSIDE = re.compile(rf"https://([a-z][a-z0-9_-]*)\.{re.escape(DOMAIN)}(?=[/?#]|$)")
HOOKS = "webhooks/"
"""Below it are the addresses at which actors take webhooks."""


@dataclass(slots=True, frozen=True)
class Addresses:
    """Where the sandbox is served: ``base`` has the buyer ``platform``, ``agents`` all other actors; ``real`` services
    have their own addresses.
    """

    base: str
    agents: str
    platform: str
    real: Mapping[str, str]

    def outward(self, value: Any, world: str, peer: str) -> Any:
        """A payload for a service, which is told how it reaches the actors of a customer's ``world``."""
        return _mapped(value, lambda text: self._out(text, world, peer))

    def inward(self, value: Any) -> Any:
        """What a service has said, with the addresses of the world."""
        return _mapped(value, self._in)

    def _out(self, text: str, world: str, peer: str) -> str:
        found = _INSIDE.match(text)
        if found is None:
            return text
        actor, rest = found[1], text[found.end() :].removeprefix("/")
        if actor in self.real:
            return f"{self.real[actor]}/{rest}" if rest else self.real[actor]
        if rest.startswith(HOOKS):
            return f"{self.hook(world, peer, actor)}/{rest.removeprefix(HOOKS)}"
        if actor == self.platform:
            return f"{self.base}/{rest}"
        return f"{self.agents}/agents/{actor}/{rest or 'mcp'}"

    def hook(self, world: str, peer: str, actor: str) -> str:
        """Where an actor takes webhooks of a service."""
        return f"{self.agents}/webhooks/{actor}/{peer}/{quote(world, safe='')}"

    def _in(self, text: str) -> str:
        hooks = f"{self.agents}/webhooks/"
        if text.startswith(hooks):
            actor, *rest = text.removeprefix(hooks).split("/", 3)
            return Network.url(actor, HOOKS + (rest[2] if len(rest) > 2 else ""))
        agents = f"{self.agents}/agents/"
        if text.startswith(agents):
            actor, _, path = text.removeprefix(agents).partition("/")
            return Network.url(actor, "" if path == "mcp" else path)
        if text == self.base or text.startswith(f"{self.base}/"):
            return Network.url(self.platform, text[len(self.base) + 1 :])
        return self._of_service(text)

    def _of_service(self, text: str) -> str:
        """An address below that of a service, such as the one at which it takes webhooks, as it is in the world."""
        for actor, real in self.real.items():
            if len(text) > len(real) + 1 and text.startswith(f"{real}/"):
                return Network.url(actor, text[len(real) + 1 :])
        return text

    def services_inward(self, value: Any) -> Any:
        """What anybody outside has said, with the addresses of the world for those of services."""
        return _mapped(value, self._of_service) if self.real else value

    def services_outward(self, value: Any) -> Any:
        """An answer to anybody outside, with the services' own addresses."""
        return _mapped(value, self._out_service) if self.real else value

    def _out_service(self, text: str) -> str:
        found = _INSIDE.match(text)
        return text if found is None or found[1] not in self.real else self._out(text, "", "")

    def actor_at(self, url: str) -> str | None:
        """The address within the world of the service at an address; None if none is there."""
        actor = next((actor for actor, real in self.real.items() if real == url.rstrip("/")), None)
        return None if actor is None else Network.url(actor).rstrip("/")


def _mapped(value: Any, text: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [_mapped(item, text) for item in value]
    return {name: _mapped(item, text) for name, item in value.items()} if isinstance(value, dict) else value
