"""Audiences: sync, list, get (rules 141 to 143; conflicts C27, C45, C62)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import BeforeValidator, Field, model_validator
from typing_extensions import TypedDict

from agents.buyer.audience_state import Audience, Change, Identifiers
from agents.buyer.context import advertiser_for, branded_advertiser_for, platform_of
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.core.time import iso
from sandbox.operations import Body, Group, Request
from sandbox.operations.answer import When
from sandbox.operations.model import Id
from sandbox.operations.paging import TakeSkip, window

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from sandbox.kernel.endpoint import Context

operation: Group = group("audiences")

MOST_MEMBERS = 100_000
"""Members that one call may add and remove in all (rule 142)."""

ConsentBasis = Literal["consent", "legitimate_interest", "contract", "legal_obligation"]
Status = Literal["PROCESSING", "READY", "ERROR", "TOO_SMALL"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 digest in hexadecimal: identifiers are hashed by the buyer."""


class Uid(Body):
    """A universal id, as it is."""

    type: Literal["rampid", "rampid_derived", "id5", "uid2", "euid", "pairid", "maid", "other"]
    value: str = Field(min_length=1)


class Member(Body):
    """A person in an audience: the buyer's own id, and at least one identifier (rule 142)."""

    external_id: Id
    hashed_email: Sha256 | None = None
    hashed_phone: Sha256 | None = None
    uids: list[Uid] | None = None

    @model_validator(mode="after")
    def _identified(self) -> Member:
        if not self.identifiers():
            raise ValueError("a member needs hashedEmail, hashedPhone or uids beside externalId")
        return self

    def identifiers(self) -> Identifiers:
        """All identifiers of the person."""
        hashed = [("hashed_email", self.hashed_email), ("hashed_phone", self.hashed_phone)]
        found = [(kind, value) for kind, value in hashed if value is not None]
        return tuple(dict.fromkeys(found + [(uid.type, uid.value) for uid in self.uids or []]))


class Leaver(Body):
    """A person who is taken out, by the buyer's own id; other identifiers change nothing."""

    external_id: Id
    hashed_email: str | None = None
    hashed_phone: str | None = None
    uids: list[Uid] | None = None


def _read_leaver(value: Any) -> Any:
    return {"externalId": value} if isinstance(value, str) else value


class AudienceBody(Body):
    """One audience of a sync."""

    audience_id: Id
    name: str | None = Field(default=None, min_length=1)
    add: list[Member] = Field(default=[], max_length=10_000)
    remove: list[Annotated[Leaver, BeforeValidator(_read_leaver, json_schema_input_type=Leaver | Id)]] = Field(
        default=[], max_length=10_000
    )
    delete: bool = False
    consent_basis: ConsentBasis | None = None
    delete_missing: bool = False


class Authentication(Body):
    """How a webhook is signed or authorised."""

    schemes: list[str]
    credentials: str


class Push(Body):
    """AdCP's push_notification_config."""

    url: str = Field(pattern=r"^https?://")
    operation_id: str | None = None
    token: str | None = None
    authentication: Authentication | None = None


class SyncAudiences(Body):
    """Body of ``sync_audiences``. The seed shows ``deleteMissing`` beside ``audiences`` and in them: both count."""

    audiences: list[AudienceBody]
    delete_missing: bool = False
    push_notification_config: Push | None = None


class SyncAnswer(TypedDict):
    """That a sync was accepted; ``get_task`` tells how it goes on."""

    success: bool
    accountId: str
    operationId: str
    taskId: str


class AudienceSummary(TypedDict):
    """An audience as lists show it. ``matchedCount`` is null until it was matched."""

    audienceId: str
    name: str
    accountId: str
    status: Status
    deleted: bool
    uploadedCount: int
    matchedCount: int | None
    createdAt: When
    updatedAt: When


class AudienceAnswer(AudienceSummary):
    """An audience in full. ``lastOperationStatus`` is that of the task of its latest sync."""

    consentBasis: NotRequired[ConsentBasis]
    lastOperationStatus: Literal["submitted", "working", "completed", "failed"]


class AudienceList(TypedDict):
    """One page of audiences."""

    audiences: list[AudienceSummary]
    total: int
    take: int
    skip: int


@operation(
    "sync_audiences",
    "POST",
    "/advertisers/{accountId}/audiences/sync",
    body=SyncAudiences,
    success_status=202,
    answer=SyncAnswer,
    secrets=("body.pushNotificationConfig.token", "body.pushNotificationConfig.authentication.credentials"),
    rules=(41, 141, 142, 143),
)
def sync_audiences(ctx: Context, request: Request) -> dict[str, Any]:
    """Change members of audiences at once, and begin to match them: 202 with the task to ask about."""
    platform, body = platform_of(ctx), request.body
    advertiser = branded_advertiser_for(ctx, request.path["accountId"])
    _check(body)
    table = platform.audiences.of(advertiser.advertiser_id)
    changes = [_sync(platform, advertiser.advertiser_id, one) for one in body.audiences]
    if body.delete_missing or any(one.delete_missing for one in body.audiences):
        kept = [one.audience_id for one in body.audiences]
        changes += [
            _delete(platform, audience) for audience in list(table.values()) if audience.audience_id not in kept
        ]
    push = body.push_notification_config
    task = platform.audiences.begin(
        advertiser,
        [change for change in changes if change is not None],
        None if push is None else push.model_dump(exclude_none=True),
    )
    return {
        "success": True,
        "accountId": advertiser.advertiser_id,
        "operationId": task.task_id,
        "taskId": task.task_id,
    }


def _check(body: SyncAudiences) -> None:
    """Each audience is named once, and there are not too many members (rule 142)."""
    ids = [audience.audience_id for audience in body.audiences]
    for number, audience_id in enumerate(ids):
        if audience_id in ids[:number]:
            raise _invalid(f"audiences[{number}].audienceId", f"{audience_id} is in the call already; name it once")
    if not ids and not body.delete_missing:
        raise _invalid("audiences", "give at least one audience")
    members = sum(len(audience.add) + len(audience.remove) for audience in body.audiences)
    if members > MOST_MEMBERS:
        raise _invalid("audiences", f"a call has {MOST_MEMBERS} members at most, not {members}; send several calls")


def _invalid(field: str, why: str) -> ApiError:
    return ApiError("VALIDATION_ERROR", f"{field}: {why}", field)


def _sync(platform: BuyerPlatform, advertiser_id: str, body: AudienceBody) -> Change | None:
    if body.delete:  # rule 143: whatever else is said about it counts no more
        gone = platform.audiences.live(advertiser_id, body.audience_id)
        return None if gone is None else _delete(platform, gone)
    audience, action = platform.audiences.enter(advertiser_id, body.audience_id, body.name)
    before = dict(audience.members)
    audience.change(
        ((member.external_id, member.identifiers()) for member in body.add),
        (leaver.external_id for leaver in body.remove),
    )
    audience.consent_basis = body.consent_basis or audience.consent_basis
    if action == "updated" and before == audience.members:
        action = "unchanged"
    return Change(audience, action, len(body.add), audience.syncs)


def _delete(platform: BuyerPlatform, audience: Audience) -> Change | None:
    if audience.deleted:
        return None
    audience.delete(platform.now)
    platform.syndications.changed(audience.advertiser_id, "AUDIENCE", audience.audience_id)
    return Change(audience, "deleted", 0, audience.syncs)


@operation(
    "list_audiences",
    "GET",
    "/advertisers/{accountId}/audiences",
    params=TakeSkip,
    answer=AudienceList,
    rules=(8, 143),
)
def list_audiences(ctx: Context, request: Request) -> dict[str, Any]:
    """The advertiser's audiences, summarised; deleted ones are marked."""
    advertiser = advertiser_for(ctx, request.path["accountId"])
    rows = list(platform_of(ctx).audiences.of(advertiser.advertiser_id).values())
    take, skip = request.params.take, request.params.skip
    page = [_summary(audience) for audience in window(rows, take, skip)]
    return {"audiences": page, "total": len(rows), "take": take, "skip": skip}


@operation(
    "get_audience",
    "GET",
    "/advertisers/{accountId}/audiences/{audienceId}",
    answer=AudienceAnswer,
    rules=(143,),
)
def get_audience(ctx: Context, request: Request) -> dict[str, Any]:
    """One audience with its lawful basis and how its latest sync went."""
    advertiser = advertiser_for(ctx, request.path["accountId"])
    audience = platform_of(ctx).audiences.of(advertiser.advertiser_id).get(request.path["audienceId"])
    if audience is None:
        raise ApiError("NOT_FOUND", f"there is no audience {request.path['audienceId']}")
    body = _summary(audience) | {"lastOperationStatus": audience.operation_status}
    return body | {"consentBasis": audience.consent_basis} if audience.consent_basis else body


def _summary(audience: Audience) -> dict[str, Any]:
    return {
        "audienceId": audience.audience_id,
        "name": audience.name,
        "accountId": audience.advertiser_id,
        "status": audience.status,
        "deleted": audience.deleted,
        "uploadedCount": len(audience.members),
        "matchedCount": audience.matched_count,
        "createdAt": iso(audience.created_ms),
        "updatedAt": iso(audience.updated_ms),
    }
