"""Syndication: which sales agents get an audience, event source or catalog, and how far that is (rule 145)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from agents.buyer.context import advertiser_for, branded_advertiser_for, customer_of, platform_of
from agents.buyer.syndication_state import ResourceType, Status, Syndication, exists
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.core.time import iso
from sandbox.operations import Body, Group, Request
from sandbox.operations.answer import When
from sandbox.operations.model import Id
from sandbox.operations.paging import limit_offset

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

operation: Group = group("syndication")


class Syndicate(Body):
    """Body of ``syndicate``."""

    resource_type: ResourceType
    resource_id: Id
    adcp_agent_ids: Annotated[list[Id], Field(min_length=1)]
    enabled: bool


class StatusQuery(Body):
    """Query of ``syndication_status``: a filter on every field."""

    resource_type: ResourceType | None = None
    resource_id: Id | None = None
    adcp_agent_id: Id | None = None
    enabled: bool | None = None
    status: Status | None = None
    limit: int = Field(default=50, ge=1, le=100)
    offset: int = Field(default=0, ge=0)


class SyndicationError(TypedDict):
    """Why a syndication FAILED, in the agent's words."""

    code: str
    message: str


class SyndicationRow(TypedDict):
    """Where a resource stands with a sales agent. ``matchedCount`` is how many members the agent found."""

    id: str
    advertiserId: str
    resourceType: ResourceType
    resourceId: str
    adcpAgentId: str
    enabled: bool
    status: Status
    error: SyndicationError | None
    lastSyncedAt: When | None
    matchedCount: NotRequired[int]
    createdAt: When
    updatedAt: When


class SyndicationList(TypedDict):
    """One page of records."""

    items: list[SyndicationRow]
    total: int
    hasMore: bool
    nextOffset: int | None


@operation(
    "syndicate",
    "POST",
    "/advertisers/{advertiserId}/syndicate",
    body=Syndicate,
    success_status=201,
    envelope="data",
    answer=list[SyndicationRow],
    rules=(145,),
)
def syndicate(ctx: Context, request: Request) -> list[dict[str, Any]]:
    """Enable or disable a resource for sales agents; one record for each agent, PENDING or DISABLED."""
    platform, body = platform_of(ctx), request.body
    advertiser = branded_advertiser_for(ctx, request.path["advertiserId"])
    if not exists(platform, advertiser.advertiser_id, body.resource_type, body.resource_id):
        what = body.resource_type.lower().replace("_", " ")
        raise ApiError("NOT_FOUND", f"the advertiser has no {what} {body.resource_id}", "resourceId")
    known = platform.sellers.agents(customer_of(ctx), routed=False)
    for number, agent_id in enumerate(body.adcp_agent_ids):
        if agent_id not in known:
            hint = f"there are {', '.join(known) or 'none'}"
            raise ApiError("VALIDATION_ERROR", f"no sales agent {agent_id!r}; {hint}", f"adcpAgentIds[{number}]")
    wanted = (advertiser.advertiser_id, body.resource_type, body.resource_id)
    agents = dict.fromkeys(body.adcp_agent_ids)
    return [_wire(platform.syndications.set(*wanted, agent_id, body.enabled)) for agent_id in agents]


@operation(
    "syndication_status",
    "GET",
    "/advertisers/{advertiserId}/syndication-status",
    params=StatusQuery,
    envelope="data",
    answer=SyndicationList,
    rules=(8, 9, 145),
)
def syndication_status(ctx: Context, request: Request) -> dict[str, Any]:
    """The advertiser's records that pass all filters."""
    advertiser, query = advertiser_for(ctx, request.path["advertiserId"]), request.params
    rows = [
        _wire(record)
        for record in platform_of(ctx).syndications.of(advertiser.advertiser_id)
        if query.resource_type in (None, record.resource_type)
        and query.resource_id in (None, record.resource_id)
        and query.adcp_agent_id in (None, record.agent_id)
        and query.enabled in (None, record.enabled)
        and query.status in (None, record.status)
    ]
    return limit_offset(rows, query.limit, query.offset)


def _wire(record: Syndication) -> dict[str, Any]:
    body = {
        "id": record.syndication_id,
        "advertiserId": record.advertiser_id,
        "resourceType": record.resource_type,
        "resourceId": record.resource_id,
        "adcpAgentId": record.agent_id,
        "enabled": record.enabled,
        "status": record.status,
        "error": record.error,
        "lastSyncedAt": None if record.synced_ms is None else iso(record.synced_ms),
        "createdAt": iso(record.created_ms),
        "updatedAt": iso(record.updated_ms),
    }
    return body if record.matched_count is None else {**body, "matchedCount": record.matched_count}
