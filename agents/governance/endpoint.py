"""The door of a governance agent: its tools and how they are served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.governance.adjustments import report_plan_adjustment
from agents.governance.audit import get_plan_audit_logs
from agents.governance.capabilities import get_adcp_capabilities
from agents.governance.checks import check_governance
from agents.governance.collections import (
    create_collection_list,
    delete_collection_list,
    get_collection_list,
    list_collection_lists,
    update_collection_list,
)
from agents.governance.lists import (
    create_property_list,
    delete_property_list,
    get_property_list,
    list_property_lists,
    update_property_list,
)
from agents.governance.outcomes import report_plan_outcome
from agents.governance.plans import modern, sync_plans
from agents.governance.property_delivery import validate_property_delivery
from agents.governance.standards import (
    calibrate_content,
    create_content_standards,
    get_content_standards,
    list_content_standards,
    update_content_standards,
    validate_content_delivery,
)
from agents.governance.tasks import get_task_status, list_tasks
from sandbox.kernel.endpoint import Context, Endpoint, Operation
from sandbox.protocol.dialect import AdcpDialect

if TYPE_CHECKING:
    from agents.governance.agent import GovernanceAgent

_READS: tuple[Any, ...] = (
    get_adcp_capabilities,
    get_plan_audit_logs,
    get_property_list,
    list_property_lists,
    validate_property_delivery,
    get_collection_list,
    list_collection_lists,
    get_content_standards,
    list_content_standards,
    validate_content_delivery,
    get_task_status,
    list_tasks,
)
_CHANGES: tuple[Any, ...] = (
    sync_plans,
    check_governance,
    report_plan_outcome,
    report_plan_adjustment,
    create_property_list,
    update_property_list,
    delete_property_list,
    create_collection_list,
    update_collection_list,
    delete_collection_list,
    create_content_standards,
    update_content_standards,
    calibrate_content,
)
"""A check is no mutation in the protocol's sense, but it is kept for the audit log."""


class GovernanceDialect(AdcpDialect):
    """AdCP, and sync_plans in the form of older clients too (C80)."""

    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> dict[str, Any]:
        """The request in canonical form; see :meth:`AdcpDialect.open`."""
        if operation.name == "sync_plans":
            payload = modern(payload, lambda: ctx.actor.ids.uuid("sync-plans"))
        return super().open(ctx, operation, payload)


def make_endpoint(agent: GovernanceAgent) -> Endpoint:
    """All tools of the agent; each is named as the function that serves it."""
    operations = [Operation(handler.__name__, handler) for handler in _READS]
    operations += [Operation(handler.__name__, handler, mutating=True) for handler in _CHANGES]
    return Endpoint(agent, GovernanceDialect(agent.config.adcp_versions), operations)
