"""The creative agent: its formats, its library, what it built, and its door."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from agents.creative import controls
from agents.creative.build import build_creative
from agents.creative.capabilities import get_adcp_capabilities
from agents.creative.config import CreativeConfig
from agents.creative.controller import comply_test_controller
from agents.creative.delivery import Deliveries, get_creative_delivery
from agents.creative.formats import BuildFormat, formats_of, list_creative_formats
from agents.creative.library import list_creatives, sync_creatives
from agents.creative.preview import preview_creative
from agents.seller.controller.state import ControllerState
from agents.seller.synced import sync_catalogs
from agents.studio.design import Design
from agents.studio.prices import Price
from agents.studio.vendor import Vendor

if TYPE_CHECKING:
    from sandbox.kernel.world import World


class CreativeAgent(Vendor):
    """An agent that builds, previews, keeps and serves creatives."""

    role = "creative"

    def __init__(self, world: World, actor_id: str, config: CreativeConfig) -> None:
        super().__init__(world, actor_id, config)
        self.config: CreativeConfig = config
        self.formats: dict[str, BuildFormat] = formats_of(config, self.url)
        self.seeded_formats: dict[str, dict[str, BuildFormat]] = {}
        """Formats that a test gave to an account, by account and id."""
        self.unlisted: dict[str, BuildFormat] = {}
        """Formats that nothing is known about, but that a test's creatives have."""
        self.designs: dict[str, Design] = {}
        """How generated pictures were designed, by the digest of the picture: what a refinement begins with."""
        self.deliveries = Deliveries()
        self.controller: ControllerState[BuildFormat] = ControllerState()
        reads: list[Any] = [get_adcp_capabilities, list_creative_formats, get_creative_delivery]
        changes: list[Any] = [build_creative, preview_creative, sync_catalogs]
        if config.library:
            reads.append(list_creatives)
            changes.append(sync_creatives)
        if config.test_controller:
            changes.append(comply_test_controller)
        self.endpoint = self.serve(reads, changes)
        for control in (
            controls.approve_creative,
            controls.reject_creative,
            controls.suspend_creative,
            controls.seed_creative,
            controls.seed_format,
            controls.deliver,
        ):
            self.controls[control.__name__] = partial(control, self)

    def start(self) -> None:
        """Put the stored creatives on the shelf, each under the domain of its brand."""
        super().start()
        for stored in self.config.stored:
            concept = {"concept_id": stored.concept, "concept_name": stored.concept} if stored.concept else {}
            ref = {"agent_url": self.url, "id": stored.format}
            body = {
                "creative_id": stored.id,
                "name": stored.name or stored.id,
                "format_id": ref,
                "assets": stored.assets,
            }
            controls.store(self, stored.brand, {**body, **concept})

    @property
    def prices(self) -> Iterable[Price]:
        """The rate card."""
        return self.config.prices
