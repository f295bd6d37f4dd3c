"""Test cohorts: parts of the people for A/B tests of campaigns (rule 140)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field
from typing_extensions import TypedDict

from agents.buyer.context import advertiser_for, branded_advertiser_for, platform_of
from agents.buyer.measurement_state import TestCohort
from agents.buyer.wire import group
from sandbox.core.time import iso
from sandbox.operations import Body, Group, Request
from sandbox.operations.answer import When

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

operation: Group = group("test cohorts")


class CreateCohort(Body):
    """Body of ``create_test_cohort``."""

    name: str = Field(min_length=1, max_length=255)
    description: str | None = None
    split_percentage: float = Field(ge=0, le=100)


class CohortAnswer(TypedDict):
    """A test cohort."""

    id: str
    advertiserId: str
    name: str
    description: str | None
    splitPercentage: float
    createdAt: When


class CohortList(TypedDict):
    """All test cohorts of an advertiser."""

    testCohorts: list[CohortAnswer]
    total: int


@operation(
    "list_test_cohorts",
    "GET",
    "/advertisers/{advertiserId}/test-cohorts",
    envelope="data",
    answer=CohortList,
    rules=(140,),
)
def list_test_cohorts(ctx: Context, request: Request) -> dict[str, Any]:
    """The advertiser's test cohorts, the oldest first."""
    advertiser = advertiser_for(ctx, request.path["advertiserId"])
    cohorts = platform_of(ctx).measurements.of(advertiser.advertiser_id).cohorts
    rows = [_wire(advertiser.advertiser_id, cohort) for cohort in cohorts]
    return {"testCohorts": rows, "total": len(rows)}


@operation(
    "create_test_cohort",
    "POST",
    "/advertisers/{advertiserId}/test-cohorts",
    body=CreateCohort,
    success_status=201,
    envelope="data",
    answer=CohortAnswer,
    rules=(41, 140),
)
def create_test_cohort(ctx: Context, request: Request) -> dict[str, Any]:
    """Enter a test cohort."""
    platform, body = platform_of(ctx), request.body
    advertiser = branded_advertiser_for(ctx, request.path["advertiserId"])
    made = TestCohort(platform.ids.next("coh"), body.name, body.description, body.split_percentage, ctx.now)
    platform.measurements.of(advertiser.advertiser_id).cohorts.append(made)
    return _wire(advertiser.advertiser_id, made)


def _wire(advertiser_id: str, cohort: TestCohort) -> dict[str, Any]:
    return {
        "id": cohort.cohort_id,
        "advertiserId": advertiser_id,
        "name": cohort.name,
        "description": cohort.description,
        "splitPercentage": cohort.split,
        "createdAt": iso(cohort.created_ms),
    }
