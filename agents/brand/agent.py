"""The brand agent: the brands that it speaks for, the licences that it gave, and its door."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from agents.brand import controls
from agents.brand.config import BrandAgentConfig, BrandConfig, RightsConfig
from agents.brand.identity import get_brand_identity
from agents.brand.licences import Licence, acquire_rights, update_rights
from agents.brand.rights import get_rights
from agents.studio.prices import Price
from agents.studio.vendor import Vendor

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context
    from sandbox.kernel.world import World


class BrandAgent(Vendor):
    """An agent that tells who a brand is, and licenses what belongs to it."""

    role = "brand"

    def __init__(self, world: World, actor_id: str, config: BrandAgentConfig) -> None:
        super().__init__(world, actor_id, config)
        self.config: BrandAgentConfig = config
        self.brands: dict[str, BrandConfig] = {brand.id: brand for brand in config.brands}
        self.rights: dict[str, tuple[BrandConfig, RightsConfig]] = {
            right.id: (brand, right) for brand in config.brands for right in brand.rights
        }
        self.licences: dict[tuple[str, str, str], Licence] = {}
        """Licences by caller, buyer's domain and right."""
        reads: list[Any] = [get_adcp_capabilities, get_brand_identity]
        changes: list[Any] = []
        if self.rights:
            reads.append(get_rights)
            changes += [acquire_rights, update_rights]
        self.endpoint = self.serve(reads, changes)
        for control in (controls.approve_rights, controls.reject_rights, controls.revoke_rights):
            self.controls[control.__name__] = partial(control, self)

    @property
    def prices(self) -> Iterable[Price]:
        """Options that are charged by impressions; fees are due whatever is used."""
        options = [price for _, right in self.rights.values() for price in right.prices]
        return [
            Price(id=o.id, model="cpm" if o.model == "cpm" else "flat_fee", price=o.price, currency=o.currency)
            for o in options
        ]

    def brand_of(self, domain: str, brand_id: str | None) -> str | None:
        """The id of the brand that it serves for a domain, as the brand.json of the domain says; None if it doesn't."""
        found = [b.id for b in self.brands.values() if b.domain == domain and brand_id in (None, b.id)]
        return found[0] if found else None


def get_adcp_capabilities(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Releases, accounts, and which rights there are."""
    agent = cast("BrandAgent", ctx.actor)
    rights = [right for _, right in agent.rights.values()]
    block: dict[str, Any] = {"rights": bool(rights)}
    if rights:
        block["right_types"] = list(dict.fromkeys(right.type for right in rights))
        block["available_uses"] = list(dict.fromkeys(use for right in rights for use in right.uses))
    body = agent.capabilities(request, "brand", "brand-rights" if rights else None, block)
    return {**body, "experimental_features": ["brand.rights_lifecycle"]} if rights else body
