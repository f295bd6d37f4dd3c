"""The lifecycles of everything that has a status, as tables.

:data:`LIFECYCLES` maps the name of an entity, as ``status`` events of the trace give it, to its table. Lower
case names with lower case states are the protocol's; those in capitals are the buyer platform's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandbox.core.lifecycle import Lifecycle


def _table(name: str, initial: str, transitions: Mapping[str, str]) -> Lifecycle:
    """A lifecycle from lists of states that are separated by spaces."""
    rows = {state: following.split() for state, following in transitions.items()}
    return Lifecycle(name, initial.split(), rows)


_PROTOCOL = (
    # docs/media-buy/specification.mdx, "Media Buy State Transitions". A buy created with ``paused: true`` is
    # held: where another one would become active, it becomes paused. Human approval is no state of a buy but
    # of the task that creates it.
    _table(
        "media_buy",
        "pending_creatives pending_start active paused",
        {
            "pending_creatives": "pending_start active paused rejected canceled",
            "pending_start": "active paused rejected canceled",
            "active": "paused completed canceled",
            "paused": "active completed canceled",
            "completed": "",
            "rejected": "",
            "canceled": "",
        },
    ),
    # docs/creative/specification.mdx, "Creative Status Lifecycle". Nothing is approved without a review, and
    # a rejected creative comes back by being sent again. ``suspended`` exists from release 3.1 on.
    _table(
        "creative",
        "processing",
        {
            "processing": "pending_review rejected",
            "pending_review": "approved rejected",
            "approved": "pending_review suspended rejected archived",
            "suspended": "approved rejected",
            "rejected": "processing",
            "archived": "approved pending_review",
        },
    ),
    # enums/creative-approval-status.json: a creative on one package. ``partially_approved`` (release 3.2):
    # some of the package's publishers or placements take it, others do not.
    _table(
        "creative_assignment",
        "pending_review approved",
        {
            "pending_review": "approved partially_approved rejected",
            "approved": "pending_review partially_approved rejected",
            "partially_approved": "pending_review approved rejected",
            "rejected": "pending_review",
        },
    ),
    # docs/accounts/overview.mdx, "Transition rules". An account without need of approval is born active.
    _table(
        "account",
        "pending_approval active",
        {
            "pending_approval": "active rejected",
            "active": "payment_required suspended closed",
            "payment_required": "active",
            "suspended": "active closed",
            "rejected": "",
            "closed": "",
        },
    ),
    # docs/building/by-layer/L3/task-lifecycle.mdx. The first terminal status stands. ``unknown`` of the enum
    # is what a reader does not know, not a state that an agent puts a task in.
    _table(
        "task",
        "submitted working input-required auth-required",
        {
            "submitted": "working input-required auth-required completed failed rejected canceled",
            "working": "input-required auth-required completed failed rejected canceled",
            "input-required": "submitted working completed failed rejected canceled",
            "auth-required": "submitted working completed failed rejected canceled",
            "completed": "",
            "failed": "",
            "rejected": "",
            "canceled": "",
        },
    ),
    # enums/proposal-status.json (``accepted`` from release 3.2). A revision is a new proposal, and a hold
    # that lapses is told by ``expires_at``, not by a state.
    _table(
        "proposal",
        "draft committed",
        {"draft": "committed", "committed": "accepted", "accepted": ""},
    ),
    # enums/audience-status.json. ``suspended`` (from release 3.1) takes a usable audience offline.
    _table(
        "audience",
        "processing ready too_small",
        {
            "processing": "ready too_small",
            "ready": "processing too_small suspended",
            "too_small": "processing ready",
            "suspended": "processing ready",
        },
    ),
    # docs/sponsored-intelligence/specification.mdx, "Session State Transitions".
    _table(
        "si_session",
        "active",
        {
            "active": "pending_handoff complete terminated",
            "pending_handoff": "complete terminated",
            "complete": "",
            "terminated": "",
        },
    ),
)

_PLATFORM = (
    # Rules 43 and 66 to 71: execute launches and relaunches, reactivate alone ends a pause, delete archives.
    _table(
        "campaign",
        "DRAFT",
        {
            "DRAFT": "ACTIVE ARCHIVED",
            "ACTIVE": "PAUSED COMPLETED ARCHIVED",
            "PAUSED": "ACTIVE COMPLETED ARCHIVED",
            "COMPLETED": "ACTIVE ARCHIVED",
            "ARCHIVED": "",
        },
    ),
    # Rule 79, and each version of a media buy (rule 89): a version is born PENDING_APPROVAL and, when it
    # becomes ACTIVE, the version that it replaces is ARCHIVED. A FAILED buy is tried again (rule 75). Every
    # buy can be deleted, which archives it (rule 94), but a DRAFT cannot be canceled (rule 93). REJECTED
    # follows ACTIVE and PAUSED because a seller may decline an approved buy until its flight begins.
    # The platform asks from time to time, so it may not see every state that a seller's buy passes.
    _table(
        "platform_media_buy",
        "DRAFT PENDING_APPROVAL",
        {
            "DRAFT": "PENDING_APPROVAL INPUT_REQUIRED ACTIVE PAUSED FAILED REJECTED ARCHIVED",
            "PENDING_APPROVAL": "INPUT_REQUIRED ACTIVE PAUSED COMPLETED CANCELED FAILED REJECTED ARCHIVED",
            "INPUT_REQUIRED": "PENDING_APPROVAL ACTIVE PAUSED COMPLETED CANCELED FAILED REJECTED ARCHIVED",
            "ACTIVE": "PAUSED COMPLETED CANCELED REJECTED ARCHIVED",
            "PAUSED": "ACTIVE COMPLETED CANCELED REJECTED ARCHIVED",
            "FAILED": "DRAFT PENDING_APPROVAL INPUT_REQUIRED ACTIVE PAUSED REJECTED ARCHIVED",
            "COMPLETED": "ARCHIVED",
            "CANCELED": "ARCHIVED",
            "REJECTED": "ARCHIVED",
            "ARCHIVED": "",
        },
    ),
    # Rules 198 to 202: a proposal of an outcome agent, and the tactic that it becomes when it was selected. One that
    # got no answer may be selected again.
    _table(
        "tactic",
        "PROPOSED",
        {
            "PROPOSED": "ASSIGNING EXPIRED",
            "ASSIGNING": "ACTIVE DECLINED FAILED",
            "ACTIVE": "PAUSED COMPLETED CANCELED",
            "PAUSED": "ACTIVE COMPLETED CANCELED",
            "FAILED": "ASSIGNING EXPIRED",
            "DECLINED": "",
            "EXPIRED": "",
            "COMPLETED": "",
            "CANCELED": "",
        },
    ),
    _table("advertiser", "ACTIVE", {"ACTIVE": "ARCHIVED", "ARCHIVED": ""}),
    # Rule 20: OAuth credentials wait for the authorisation.
    _table("credential", "PENDING ACTIVE", {"PENDING": "ACTIVE", "ACTIVE": ""}),
    # Rule 143; a later sync matches anew.
    _table(
        "platform_audience",
        "PROCESSING",
        {
            "PROCESSING": "READY TOO_SMALL ERROR",
            "READY": "PROCESSING",
            "TOO_SMALL": "PROCESSING",
            "ERROR": "PROCESSING",
        },
    ),
    # Rule 145; ``enabled: false`` disables at any time, and syndicating again starts anew.
    _table(
        "syndication",
        "PENDING DISABLED",
        {
            "PENDING": "SYNCING DISABLED",
            "SYNCING": "COMPLETED FAILED DISABLED",
            "COMPLETED": "PENDING DISABLED",
            "FAILED": "PENDING DISABLED",
            "DISABLED": "PENDING",
        },
    ),
    # Rules 174 to 176: HIL is the human in the loop, whom AUTO leaves out.
    _table(
        "suggestion",
        "CREATED CREATED_FAILED",
        {
            "CREATED": "INGESTED INGESTED_FAIL EXPIRED",
            "CREATED_FAILED": "",
            "INGESTED": "HIL_WAITING APPLIED APPLIED_FAIL REJECTED EXPIRED",
            "INGESTED_FAIL": "",
            "HIL_WAITING": "HIL_APPROVED HIL_REJECTED EXPIRED",
            "HIL_APPROVED": "APPLIED APPLIED_FAIL",
            "HIL_REJECTED": "",
            "APPLIED": "",
            "APPLIED_FAIL": "",
            "REJECTED": "",
            "EXPIRED": "",
        },
    ),
)

LIFECYCLES: dict[str, Lifecycle] = {table.name: table for table in (*_PROTOCOL, *_PLATFORM)}
"""All lifecycles by the name of their entity."""

ENDED_MEDIA_BUYS = ("REJECTED", "CANCELED", "COMPLETED", "ARCHIVED")
"""States in which a media buy of the platform takes no further product (rule 72)."""

RESTRICTIVENESS = (
    "FAILED",
    "INPUT_REQUIRED",
    "PENDING_APPROVAL",
    "DRAFT",
    "PAUSED",
    "ACTIVE",
    *ENDED_MEDIA_BUYS,
)
"""States of a platform media buy, the most restrictive first (rule 80).

The further from delivering, the more restrictive; buys that have ended count only when no other one is left.
"""


def most_restrictive(statuses: Iterable[str]) -> str | None:
    """The state that stands for several media buys of one campaign (rule 80); None if there are none.

    Raises ``ValueError`` for a state that is none of a platform media buy.
    """
    return min(statuses, key=RESTRICTIVENESS.index, default=None)
