"""A real buyer platform: the scenario's steps call it over REST, and it buys from the agents of the world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sandbox.core.errors import InputError
from sandbox.kernel.actor import actor_kind
from sandbox.kernel.endpoint import Operation
from sandbox.kernel.world import World
from sandbox.peers.actor import Peer, outside
from sandbox.peers.config import PlatformPeer

if TYPE_CHECKING:
    from sandbox.kernel.actor import Actor


class RealPlatform(Peer):
    """Stands for somebody's buyer platform.

    Which operations there are, and which customers, is known from the simulated platform with the same settings: one
    that is never started, in a world of its own.
    """

    role = kind = "buyer"
    config: PlatformPeer

    def __init__(self, world: World, actor_id: str, config: PlatformPeer) -> None:
        simulated = actor_kind("buyer")
        try:
            settings = simulated.config.model_validate(config.platform_settings())
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise InputError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        self._shape: Actor = simulated.build(World(0, 0, users=1), actor_id, settings)
        self.customers: Mapping[str, Any] = self._shape.customers  # type: ignore[attr-defined]
        self.directory: Any = self._shape.directory  # type: ignore[attr-defined]
        super().__init__(world, actor_id, config)

    def operations(self) -> Iterable[Operation]:
        assert self._shape.endpoint is not None
        return [outside(row.name, row.detail, row.secrets) for row in self._shape.endpoint.operations.values()]

    def start(self) -> None:
        """Let the sales agents of the world answer it."""
        for seller in self.world.ecosystem.of_role("seller"):
            self.world.ecosystem.link(seller, self.id, "authorised_for")
        super().start()

    def unread_text(self, customer_id: int) -> str:
        """Nothing is known of its notifications."""
        return ""

    def concerns(self, payload: dict[str, Any]) -> bool:
        """Public requests are about the one platform there is."""
        return True
