"""The brand registry and brand enrichment, as far as a platform sees them (rules 28 to 32)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agents.buyer.config import BrandConfig, BrandsConfig
from sandbox.core.errors import ApiError
from sandbox.core.ids import Ids

REGISTER_AT = "https://agenticadvertising.org/brand"
"""Where a brand that nobody knows can be registered (seed 001)."""

ENRICHED = "the brand's data comes from enrichment, not from a manifest that the brand itself publishes"


@dataclass(slots=True, frozen=True)
class Resolution:
    """A brand that was found: its linked form and, for enriched data, a warning (rule 31)."""

    linked: dict[str, Any]
    warning: str | None

    @property
    def domain(self) -> str:
        """The brand's domain."""
        return str(self.linked["domain"])


class BrandRegistry:
    """Brands by domain: those in the registry, and those that only enrichment finds."""

    def __init__(self, config: BrandsConfig, ids: Ids) -> None:
        self._ids = ids
        self._registered = dict(config.registered)
        self._enriched = dict(config.enriched)
        self._saved: set[str] = set()
        self._linked: dict[str, dict[str, Any]] = {}

    def resolve(self, domain: str, save: bool = False) -> Resolution:
        """Find the brand of a domain; with ``save`` also one that is only enriched and yet to be saved.

        Raises :class:`ApiError` VALIDATION_ERROR: with the brand under ``details.enrichedBrand`` if it is only
        enriched and not to be saved (rule 29), without it if nothing is known (rule 30).
        """
        known = self._registered.get(domain) or self._enriched.get(domain)
        if known is None:
            raise ApiError(
                "VALIDATION_ERROR", f"nothing is known about {domain}; register it at {REGISTER_AT}", "brand"
            )
        if domain not in self._registered and not save:
            raise ApiError(
                "VALIDATION_ERROR",
                f"{domain} is not registered; send saveBrand: true to register what enrichment found",
                "brand",
                {"enrichedBrand": preview(domain, known)},
            )
        if domain not in self._linked:
            self._linked[domain] = {"id": self._ids.next("brand"), **preview(domain, known)}
        published = domain in self._registered and domain not in self._saved
        return Resolution(self._linked[domain], None if published else ENRICHED)

    def save(self, domain: str) -> None:
        """Register a brand that only enrichment knows; nothing happens if it is registered."""
        if domain not in self._registered:
            self._registered[domain] = self._enriched[domain]
            self._saved.add(domain)


def preview(domain: str, brand: BrandConfig) -> dict[str, Any]:
    """A brand's manifest, and the fields taken from it for convenience (rule 32)."""
    logo = brand.logo or f"https://{domain}/logo.png"
    told = {"industry": brand.industry, "colors": brand.colors, "tagline": brand.tagline, "tone": brand.tone}
    known = {name: value for name, value in told.items() if value}
    manifest = {"name": brand.name, "logos": [{"url": logo, "tags": ["primary"]}], **known}
    return {"name": brand.name, "domain": domain, "manifest": manifest, "logoUrl": logo, **known}
