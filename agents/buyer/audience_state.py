"""Audiences of advertisers: their members, and how many of them the platform finds (rules 141 to 143).

Matching takes simulated time. Whether an identifier is found is a function of the world's seed and the identifier,
so that the same person is found again in every audience and every sync.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.core.errors import AdcpError
from sandbox.core.time import SECOND_MS

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.records import Advertiser
    from agents.buyer.task_state import Task

Json = dict[str, Any]
Identifiers = tuple[tuple[str, str], ...]
"""What a member is known by, as ``(type, value)``: hashed_email, hashed_phone or the type of a universal id."""

_EVEN = 1 << 64


@dataclass(slots=True)
class Audience:
    """An audience of an advertiser. ``matched_count`` is None until it was matched for the first time."""

    audience_id: str
    advertiser_id: str
    name: str
    created_ms: int
    updated_ms: int
    status: str = ""
    consent_basis: str | None = None
    matched_count: int | None = None
    deleted: bool = False
    operation_status: str = "submitted"
    """Where the latest sync stands, as its task does."""
    members: dict[str, Identifiers] = field(default_factory=dict)
    """Identifiers by ``externalId``."""
    syncs: int = 0
    """How often it was synced: the latest one decides about the status."""

    def change(self, add: Iterable[tuple[str, Identifiers]], remove: Iterable[str]) -> None:
        """Put members in, or put their identifiers right, and take members out; removal wins over addition."""
        self.members.update(add)
        for external_id in remove:
            self.members.pop(external_id, None)

    def delete(self, now_ms: int) -> None:
        """Forget everybody in it; the audience stays listed as deleted."""
        self.deleted, self.updated_ms = True, now_ms
        self.members.clear()
        self.matched_count = None
        self.syncs += 1


@dataclass(slots=True)
class Change:
    """What one sync did to one audience: ``created``, ``updated``, ``unchanged`` or ``deleted``."""

    audience: Audience
    action: str
    uploaded: int
    sync: int


class Audiences:
    """The audiences of all advertisers."""

    def __init__(self, platform: BuyerPlatform) -> None:
        self._platform = platform
        self._tables: dict[str, dict[str, Audience]] = {}
        self._key = platform.world.streams.derive(platform.id, "audience-matching").to_bytes(8, "big")

    def of(self, advertiser_id: str) -> dict[str, Audience]:
        """An advertiser's audiences by id, deleted ones too, in the order in which they were made."""
        return self._tables.setdefault(advertiser_id, {})

    def live(self, advertiser_id: str, audience_id: str) -> Audience | None:
        """An audience that is not deleted."""
        audience = self._tables.get(advertiser_id, {}).get(audience_id)
        return None if audience is None or audience.deleted else audience

    def enter(self, advertiser_id: str, audience_id: str, name: str | None) -> tuple[Audience, str]:
        """The audience of that id, new if there is none or it was deleted; and what that was."""
        table, now = self.of(advertiser_id), self._platform.now
        audience = table.get(audience_id)
        action = "created" if audience is None or audience.deleted else "updated"
        if audience is None:
            audience = table[audience_id] = Audience(audience_id, advertiser_id, name or audience_id, now, now)
        audience.name = name or audience.name
        audience.deleted, audience.updated_ms, audience.operation_status = False, now, "submitted"
        audience.syncs += 1
        if audience.status != "PROCESSING":
            self._move(audience, "PROCESSING", "members were synced")
        return audience, action

    def begin(self, advertiser: Advertiser, changes: list[Change], push: Json | None) -> Task:
        """Begin to match what a sync has changed; gives its task."""
        platform, settings = self._platform, self._platform.config.audiences
        rng = platform.rng("audiences")
        delay_ms = max(SECOND_MS, round(settings.match_delay * rng.uniform(0.5, 1.5)))
        fails = rng.random() < settings.error_rate
        ids = [change.audience.audience_id for change in changes]
        resource = ("audience", ids[0]) if ids else ("advertiser", advertiser.advertiser_id)
        metadata: Json = {"accountId": advertiser.advertiser_id, "audienceIds": ids}
        task = platform.tasks.open(
            "audience_sync", advertiser.customer_id, resource, metadata, platform.now + delay_ms, push
        )
        metadata["operationId"] = task.task_id
        platform.world.spawn(self._match(task, changes, delay_ms, fails))
        return task

    def _match(self, task: Task, changes: list[Change], delay_ms: int, fails: bool) -> Generator[Any, Any, None]:
        """Match what was synced, after a short wait in the queue."""
        env, tasks = self._platform.world.env, self._platform.tasks
        queued_ms = delay_ms // 10
        yield env.timeout(queued_ms)
        self._note(changes, "working")
        tasks.move(task, "working")
        yield env.timeout(delay_ms - queued_ms)
        for change in changes:
            if change.action != "deleted" and change.sync == change.audience.syncs:
                self._settle(change.audience, fails)
        self._note(changes, "failed" if fails else "completed")
        if fails:
            error = AdcpError("SERVICE_UNAVAILABLE", "matching broke down", suggestion="sync the audience again")
            tasks.move(task, "failed", error=error)
        else:
            tasks.move(task, "completed", self._response(changes))

    @staticmethod
    def _note(changes: list[Change], status: str) -> None:
        for change in changes:
            if change.sync == change.audience.syncs:
                change.audience.operation_status = status

    def _settle(self, audience: Audience, fails: bool) -> None:
        """Give an audience the status that its matching ends with."""
        if fails:
            self._move(audience, "ERROR", "matching broke down")
        else:
            smallest = self._platform.config.audiences.minimum_size
            audience.matched_count = self.matched(audience.members.values())
            ready = audience.matched_count >= smallest
            why = f"{audience.matched_count} of {len(audience.members)} members found, {smallest} needed"
            self._move(audience, "READY" if ready else "TOO_SMALL", why)
        audience.updated_ms = self._platform.now
        self._platform.syndications.changed(audience.advertiser_id, "AUDIENCE", audience.audience_id)

    def matched(self, members: Iterable[Identifiers]) -> int:
        """How many people the platform finds; members who share an identifier that was found are one person."""
        found: set[tuple[str, str]] = set()
        people = 0
        for identifiers in members:
            if not any(self._found(*each) for each in identifiers):
                continue
            people += found.isdisjoint(identifiers)
            found.update(identifiers)
        return people

    def _found(self, kind: str, value: str) -> bool:
        digest = hashlib.blake2b(f"{kind}:{value}".encode(), digest_size=8, key=self._key).digest()
        return int.from_bytes(digest, "big") < self._platform.config.audiences.match_rate * _EVEN

    def _response(self, changes: list[Change]) -> Json:
        """What AdCP's sync_audiences answers; for a single audience its size beside it, too."""
        rows = [self._row(change) for change in changes]
        body: Json = {"audiences": rows}
        if len(changes) == 1:
            audience = changes[0].audience
            body |= {"audience_id": audience.audience_id, "member_count": len(audience.members)}
        return body

    def _row(self, change: Change) -> Json:
        audience = change.audience
        row: Json = {"audience_id": audience.audience_id, "name": audience.name, "action": change.action}
        if change.action == "deleted":
            return row
        row |= {
            "status": audience.status.lower(),
            "uploaded_count": change.uploaded,
            "total_uploaded_count": len(audience.members),
        }
        if audience.status == "READY":
            row["matched_count"] = audience.matched_count
        if audience.status == "TOO_SMALL":
            row["minimum_size"] = self._platform.config.audiences.minimum_size
        return row

    def _move(self, audience: Audience, new: str, why: str) -> None:
        label = f"{audience.advertiser_id}/{audience.audience_id}"
        self._platform.status("platform_audience", label, audience.status or None, new, why)
        audience.status = new
