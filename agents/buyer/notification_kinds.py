"""The kinds of notifications, and how they come of what the trace says (rule 170).

:class:`News` only listens: it writes nothing into the trace, so that a run is the same whether anybody reads its
notifications or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from agents.buyer.subjects import Subject, Subjects
from sandbox.protocol.errors import from_body

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from sandbox.kernel.trace import Event

Status = Literal["info", "success", "warning", "error"]

KINDS: dict[str, tuple[Status, str]] = {
    "campaign.started": ("info", "was launched"),
    "campaign.resumed": ("info", "runs again"),
    "campaign.paused": ("info", "is paused"),
    "campaign.completed": ("success", "is completed"),
    "campaign.unhealthy": ("warning", "is unhealthy"),
    "campaign.recovered": ("success", "is healthy again"),
    "campaign.budget_exhausted": ("warning", "has spent its budget before its end"),
    "media_buy.approval_needed": ("info", "waits for the approval of its sales agent"),
    "media_buy.input_required": ("warning", "needs input before its sales agent goes on"),
    "media_buy.approved": ("success", "was approved by its sales agent"),
    "media_buy.rejected": ("error", "was rejected by its sales agent"),
    "media_buy.failed": ("error", "could not be submitted"),
    "media_buy.completed": ("success", "is completed"),
    "media_buy.canceled": ("warning", "was canceled"),
    "creative.approved": ("success", "was approved"),
    "creative.rejected": ("error", "was rejected"),
    "creative.sync_failed": ("error", "could not be synced"),
    "optimization_suggestion.waiting": ("info", "waits for your decision"),
    "optimization_suggestion.applied": ("success", "was applied"),
    "optimization_suggestion.failed": ("error", "could not be applied"),
    "agent.credentials_pending": ("warning", "waits for its authorisation"),
    "agent.registered": ("success", "can be used"),
    "audience.ready": ("success", "is ready"),
    "audience.too_small": ("warning", "is too small to be targeted"),
    "audience.failed": ("error", "could not be matched"),
    "syndication.completed": ("success", "is done"),
    "syndication.failed": ("error", "failed"),
    "property_list.changed": ("info", "was changed"),
}
"""Each kind with its status, and what it says of its subject."""

FRESH = ("DRAFT", "PENDING_APPROVAL", "INPUT_REQUIRED", "FAILED")
"""Statuses of a media buy that its sales agent has not approved."""

WORDS = {
    "campaign": "Campaign",
    "platform_media_buy": "Media buy",
    "suggestion": "Optimisation of",
    "credential": "Account",
    "platform_audience": "Audience",
    "syndication": "Syndication of",
}
"""How the subject of an entity is introduced."""

_BY_STATUS = {
    ("campaign", "PAUSED"): "campaign.paused",
    ("campaign", "COMPLETED"): "campaign.completed",
    ("platform_media_buy", "PENDING_APPROVAL"): "media_buy.approval_needed",
    ("platform_media_buy", "INPUT_REQUIRED"): "media_buy.input_required",
    ("platform_media_buy", "REJECTED"): "media_buy.rejected",
    ("platform_media_buy", "FAILED"): "media_buy.failed",
    ("platform_media_buy", "COMPLETED"): "media_buy.completed",
    ("platform_media_buy", "CANCELED"): "media_buy.canceled",
    ("suggestion", "HIL_WAITING"): "optimization_suggestion.waiting",
    ("suggestion", "APPLIED"): "optimization_suggestion.applied",
    ("suggestion", "APPLIED_FAIL"): "optimization_suggestion.failed",
    ("credential", "PENDING"): "agent.credentials_pending",
    ("credential", "ACTIVE"): "agent.registered",
    ("platform_audience", "READY"): "audience.ready",
    ("platform_audience", "TOO_SMALL"): "audience.too_small",
    ("platform_audience", "ERROR"): "audience.failed",
    ("syndication", "COMPLETED"): "syndication.completed",
    ("syndication", "FAILED"): "syndication.failed",
}


def kind_of(entity: str, old: str | None, new: str) -> str | None:
    """The kind of notification that a change of status deserves; None for none."""
    if entity == "campaign" and new == "ACTIVE":
        return "campaign.resumed" if old == "PAUSED" else "campaign.started"
    if entity == "platform_media_buy" and new == "ACTIVE":
        return "media_buy.approved" if old in FRESH else None
    return _BY_STATUS.get((entity, new))


class News:
    """Listens to the trace, and notifies the customers of the platform."""

    def __init__(self, platform: BuyerPlatform, subjects: Subjects) -> None:
        self._platform = platform
        self._subjects = subjects
        self._syncing: dict[str, list[str]] = {}
        """Creatives that are on their way to a sales agent, by the id of the call."""
        self._attempts: dict[tuple[str, str], int] = {}
        """Failures without a success since, by sales agent and creative; those that were told are negative."""
        self._reviews: dict[tuple[str, str], str] = {}
        """The last review that was told, by sales agent and creative."""

    def listen(self) -> None:
        """From now on, take notice."""
        self._platform.world.trace.listen(self._on_event)

    def _on_event(self, event: Event) -> None:
        if event.kind == "status":
            if event.actor == self._platform.id:
                self._on_status(event.data)
        elif event.kind == "call":
            if event.actor == self._platform.id and event.data["operation"] == "sync_creatives":
                rows = event.data["payload"].get("creatives", [])
                self._syncing[event.data["id"]] = [row["creative_id"] for row in rows]
        elif event.kind == "lost":
            self._on_failed_sync(event.data["id"], event.data["to"], str(event.data["why"]), for_good=False)
        elif event.kind == "reply" and event.data["to"] == self._platform.id and "spoiled" not in event.data:
            self._on_reply(event.actor, event.data)

    # -- statuses ----------------------------------------------------------------------------------------

    def _on_status(self, data: dict[str, Any]) -> None:
        kind = kind_of(data["entity"], data["old"], data["new"])
        subject = self._subjects.of(data["entity"], data["id"]) if kind else None
        if kind is not None and subject is not None:
            bad = KINDS[kind][0] in ("warning", "error")
            self.tell(kind, subject, WORDS[data["entity"]], str(data["why"]) if bad else "")

    def tell(self, kind: str, subject: Subject, word: str, why: str = "") -> None:
        """Notify the owner of a subject: ``word`` introduces it, ``why`` is the reason if there is something to say."""
        message = f'{word} "{subject.name}" {KINDS[kind][1]}' + (f": {why}" if why else "")
        self._platform.notifications.tell(
            kind, message, subject.customer_id, subject.advertiser_id, subject.campaign_id, subject.creative_id
        )

    # -- creatives ---------------------------------------------------------------------------------------

    def _on_reply(self, seller_id: str, data: dict[str, Any]) -> None:
        operation, body = data["operation"], data["body"]
        if operation == "sync_creatives":
            if data["ok"]:
                self._on_synced(data["id"], seller_id, body)
            else:
                error = from_body(body)
                for_good = error is not None and error.recovery != "transient"
                if error is not None and error.code == "UNSUPPORTED_FEATURE":
                    self._syncing.pop(data["id"], None)  # creatives go inline instead (rule 188)
                self._on_failed_sync(data["id"], seller_id, str(error or "no reason was given"), for_good=for_good)
        if data["ok"] and operation in ("sync_creatives", "list_creatives", "get_media_buys"):
            for creative_id, (review, why) in _reviews(operation, body).items():
                self._on_review(seller_id, creative_id, review, why)

    def _on_synced(self, call_id: str, seller_id: str, body: dict[str, Any]) -> None:
        failed = {
            row["creative_id"]: (row.get("errors") or [{"message": "refused"}])[0]["message"]
            for row in body.get("creatives", [])
            if row.get("action") == "failed"
        }
        for creative_id in self._syncing.pop(call_id, []):
            if creative_id in failed:
                self._count_failure(seller_id, creative_id, failed[creative_id], for_good=True)
            else:
                self._attempts.pop((seller_id, creative_id), None)

    def _on_failed_sync(self, call_id: str, seller_id: str, why: str, *, for_good: bool) -> None:
        for creative_id in self._syncing.pop(call_id, []):
            self._count_failure(seller_id, creative_id, why, for_good=for_good)

    def _count_failure(self, seller_id: str, creative_id: str, why: str, *, for_good: bool) -> None:
        """Tell a failure once: at once if repeating is no use, otherwise when no attempt is left."""
        key = (seller_id, creative_id)
        failures = self._attempts.get(key, 0)
        if failures < 0:
            return
        told = for_good or failures >= self._platform.config.requests.retries
        self._attempts[key] = -1 if told else failures + 1
        subject = self._subjects.creative(creative_id)
        if told and subject is not None:
            to = self._platform.sellers.name(seller_id)
            self.tell("creative.sync_failed", subject, "Creative", f"{to}: {why}")

    def _on_review(self, seller_id: str, creative_id: str, review: str, why: str) -> None:
        key = (seller_id, creative_id)
        if self._reviews.get(key) == review:
            return
        self._reviews[key] = review
        subject = self._subjects.creative(creative_id)
        if subject is not None and review in ("approved", "rejected"):
            to = self._platform.sellers.name(seller_id)
            self.tell(f"creative.{review}", subject, "Creative", f"{to}: {why}" if why else to)


def _reviews(operation: str, body: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """What an answer says of creatives: review and reason by id.

    A creative that is inline on several packages is rejected if one of them is, approved if all are.
    """
    if operation != "get_media_buys":
        rows = [row for row in body.get("creatives", []) if row.get("status")]
        return {row["creative_id"]: (row["status"], str(row.get("rejection_reason") or "")) for row in rows}
    found: dict[str, tuple[str, str]] = {}
    for buy in body.get("media_buys", []):
        for row in (row for package in buy.get("packages", []) for row in package.get("creative_approvals") or []):
            review, before = row["approval_status"], found.get(row["creative_id"])
            if before is None or review == "rejected" or (before[0] == "approved" and review != "approved"):
                found[row["creative_id"]] = (review, str(row.get("rejection_reason") or ""))
    return found
