"""AdCP as agents speak it that heed governance: sync_governance in the form of clients of early 3.0 releases, too."""

from __future__ import annotations

from typing import Any

from sandbox.kernel.endpoint import Context, Operation
from sandbox.protocol.dialect import AdcpDialect


class GovernedDialect(AdcpDialect):
    """AdCP; ``categories`` of governance agents, which the schema has dropped since 3.0.6, are left out.

    An account has one governance agent, which decides about everything (docs/accounts/tasks/sync_governance.mdx).
    """

    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> dict[str, Any]:
        """The request in canonical form; see :meth:`AdcpDialect.open`."""
        if operation.name == "sync_governance":
            payload = without_categories(payload)
        return super().open(ctx, operation, payload)


def without_categories(payload: dict[str, Any]) -> dict[str, Any]:
    """A sync_governance request without categories; one of another shape comes back as it is."""
    accounts = payload.get("accounts")
    if not isinstance(accounts, list):
        return payload
    return {**payload, "accounts": [_entry(entry) for entry in accounts]}


def _entry(entry: Any) -> Any:
    agents = entry.get("governance_agents") if isinstance(entry, dict) else None
    if not isinstance(agents, list):
        return entry
    kept = [{n: v for n, v in one.items() if n != "categories"} if isinstance(one, dict) else one for one in agents]
    return {**entry, "governance_agents": kept}
