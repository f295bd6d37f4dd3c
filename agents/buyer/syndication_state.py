"""Bringing audiences, event sources and catalogs to sales agents, and keeping them up to date there (rule 145).

Each resource and agent has one record. A change of a resource is passed on to every agent that it is enabled for.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from agents.buyer.audience_state import Identifiers
from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Json = dict[str, Any]
Steps = Generator[Any, Any, None]
ResourceType = Literal["AUDIENCE", "EVENT_SOURCE", "CATALOG"]
Status = Literal["PENDING", "SYNCING", "COMPLETED", "FAILED", "DISABLED"]


@dataclass(slots=True)
class Syndication:
    """Where one resource stands with one sales agent."""

    syndication_id: str
    advertiser_id: str
    resource_type: ResourceType
    resource_id: str
    agent_id: str
    created_ms: int
    updated_ms: int
    status: str = ""
    synced_ms: int | None = None
    """When the agent had it last."""
    error: Json | None = None
    """Why it FAILED: ``{code, message}``."""
    matched_count: int | None = None
    """How many members of an audience the agent found."""
    held: bool = False
    """True if the agent has it, perhaps not as it is now."""
    stale: bool = False
    """True if the resource changed while it was on its way."""
    runs: int = 0
    """How often it was sent: what an older attempt ends with counts no more."""
    sent: dict[bool, dict[str, Identifiers]] = field(default_factory=dict)
    """Members that the agent has, by whether they are on the account for ROUTED campaigns."""

    @property
    def enabled(self) -> bool:
        """False once it was disabled."""
        return self.status != "DISABLED"


class Syndications:
    """All records, by advertiser, type and id of the resource, and sales agent."""

    def __init__(self, platform: BuyerPlatform) -> None:
        self._platform = platform
        self.records: dict[tuple[str, ResourceType, str, str], Syndication] = {}

    def of(self, advertiser_id: str) -> list[Syndication]:
        """An advertiser's records, the oldest first."""
        return [record for record in self.records.values() if record.advertiser_id == advertiser_id]

    def held(self, advertiser_id: str, kind: ResourceType, resource_id: str, agent_id: str) -> bool:
        """True if the agent has the resource and can use it."""
        record = self.records.get((advertiser_id, kind, resource_id, agent_id))
        return record is not None and record.held

    def set(
        self, advertiser_id: str, kind: ResourceType, resource_id: str, agent_id: str, enabled: bool
    ) -> Syndication:
        """Enable or disable a resource for an agent. What is under way already goes on."""
        key, now = (advertiser_id, kind, resource_id, agent_id), self._platform.now
        record = self.records.get(key)
        if record is None:
            record = Syndication(self._platform.ids.next("syn"), *key, created_ms=now, updated_ms=now)
            self.records[key] = record
            self._move(record, "PENDING" if enabled else "DISABLED", "asked for by the buyer")
            if enabled:
                self._begin(record)
        elif not enabled and record.enabled:
            self._disable(record, "asked for by the buyer")
        elif enabled and record.status in ("COMPLETED", "FAILED", "DISABLED"):
            self._move(record, "PENDING", "asked for by the buyer")
            self._begin(record)
        return record

    def changed(self, advertiser_id: str, kind: ResourceType, resource_id: str) -> None:
        """A resource is new, different or gone: bring the agents up to date that it is enabled for."""
        for record in self.of(advertiser_id):
            if (record.resource_type, record.resource_id) != (kind, resource_id) or not record.enabled:
                continue
            if not self._exists(record):
                self._disable(record, "the resource was deleted")
            elif record.status == "SYNCING":
                record.stale = True
            else:
                if record.status != "PENDING":
                    self._move(record, "PENDING", "the resource has changed")
                self._begin(record)

    # -- what happens to a record ------------------------------------------------------------------------

    def _begin(self, record: Syndication) -> None:
        """Go from PENDING to SYNCING, unless an audience is still being matched: then its end begins it."""
        audience = self._platform.audiences.live(record.advertiser_id, record.resource_id)
        if record.resource_type != "AUDIENCE" or audience is None or audience.status != "PROCESSING":
            self._platform.world.spawn(self._run(record))

    def _run(self, record: Syndication) -> Steps:
        from agents.buyer import syndicating

        if record.status != "PENDING":
            return
        record.stale, record.runs = False, record.runs + 1
        self._move(record, "SYNCING", f"sent to {record.agent_id}")
        run = record.runs
        try:
            yield from syndicating.send(self._platform, record)
            failure = None
        except AdcpError as error:
            failure = error
        if record.status != "SYNCING" or record.runs != run:
            return
        record.error = None if failure is None else {"code": failure.code, "message": failure.message}
        if failure is None:
            record.held, record.synced_ms = True, self._platform.now
            self._move(record, "COMPLETED", f"{record.agent_id} has it")
            yield from syndicating.arrived(self._platform, record)
        else:
            record.held = record.held and failure.code != "AUDIENCE_TOO_SMALL"
            self._move(record, "FAILED", str(failure))
        if record.stale and record.status in ("COMPLETED", "FAILED"):
            self._move(record, "PENDING", "the resource has changed")
            self._begin(record)

    def _disable(self, record: Syndication, why: str) -> None:
        from agents.buyer import syndicating

        self._move(record, "DISABLED", why)
        record.held, record.error, record.matched_count = False, None, None
        self._platform.world.spawn(syndicating.withdraw(self._platform, record))

    def _exists(self, record: Syndication) -> bool:
        return exists(self._platform, record.advertiser_id, record.resource_type, record.resource_id)

    def _move(self, record: Syndication, new: str, why: str) -> None:
        self._platform.status("syndication", record.syndication_id, record.status or None, new, why)
        record.status, record.updated_ms = new, self._platform.now


def exists(platform: BuyerPlatform, advertiser_id: str, kind: ResourceType, resource_id: str) -> bool:
    """True if the advertiser has that resource, and it was not deleted."""
    if kind == "AUDIENCE":
        return platform.audiences.live(advertiser_id, resource_id) is not None
    advertiser = platform.advertisers[advertiser_id]
    if kind == "EVENT_SOURCE":
        return resource_id in advertiser.event_sources
    catalog = advertiser.catalogs.get(resource_id)
    return catalog is not None and catalog.archived_ms is None
