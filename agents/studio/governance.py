"""Spending of governed accounts: sync_governance, and asking the governance agent before anything is committed.

docs/accounts/tasks/sync_governance.mdx and docs/governance/campaign/specification.mdx, "Spend-commit invocation".
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.seller.departments import governor_at, own_plan
from agents.seller.governance import check_token
from agents.seller.records import Account
from agents.studio.vendor import vendor_of
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount
from sandbox.kernel.network import PeerTimeout, PeerUnreachable
from sandbox.protocol.answers import understood

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]


def sync_governance(ctx: Context, request: Body) -> Body:
    """Say which governance agent decides about the spending of accounts; an account has one."""
    vendor = vendor_of(ctx)
    rows: list[Body] = []
    for entry in request["accounts"]:
        account = vendor.account(ctx.principal, entry["account"])
        if account is None:
            error = {"code": "ACCOUNT_NOT_FOUND", "message": "there is no such account"}
            rows.append({"account": entry["account"], "status": "failed", "errors": [error]})
            continue
        url = entry["governance_agents"][0]["url"]
        vendor.governors[account.account_id] = url
        governor = governor_at(vendor, url)
        if governor is not None:  # the buyer's credentials let this agent ask it
            ctx.world.ecosystem.link(governor.id, vendor.id, "authorised_for")
        vendor.decide("account", account.account_id, "governed", f"spending is decided by {url}")
        rows.append({"account": entry["account"], "status": "synced", "governance_agents": [{"url": url}]})
    return {"status": "completed", "accounts": rows}


def clear_spending(
    ctx: Context, request: Body, account: Account | None, purchase: str, cost_micros: int, currency: str
) -> Generator[Any, Any, None]:
    """Ask the account's governance agent about a purchase (enums/purchase-type.json); accounts without one are free.

    Raises PERMISSION_DENIED for a token that does not allow it, GOVERNANCE_DENIED without an approval or if the agent
    denies, with its findings, and GOVERNANCE_UNAVAILABLE if it can't be reached or its answer breaks its schema.
    """
    vendor = vendor_of(ctx)
    url = _governor_of(ctx, request, account)
    if url is None:
        return
    token = request.get("governance_context")
    if not token:
        why = "the account has a governance agent: ask check_governance first and send the governance_context"
        raise _denied(why, [{"category_id": "budget_authority", "severity": "critical", "explanation": why}])
    governor = governor_at(vendor, url)
    if governor is None:
        raise AdcpError("GOVERNANCE_UNAVAILABLE", f"no governance agent answers at {url}")
    check_token(ctx, governor, request, cost_micros, currency, vendor.tokens_seen)
    question = {
        "adcp_version": "3.1",
        "plan_id": request.get("plan_id", ""),
        "caller": vendor.url,
        "purchase_type": purchase,
        "phase": "purchase",
        "governance_context": token,
        "planned_delivery": {"total_budget": amount(cost_micros), "currency": currency},
    }
    try:
        reply = yield from ctx.call(governor.id, "check_governance", question)
    except (PeerTimeout, PeerUnreachable) as error:
        raise AdcpError("GOVERNANCE_UNAVAILABLE", f"the governance agent does not answer: {error}") from None
    try:
        verdict = understood("check_governance", reply, "3.1")
    except AdcpError as error:
        if reply.ok:
            raise AdcpError("GOVERNANCE_UNAVAILABLE", f"the governance agent: {error.message}") from None
        raise _denied(error.message, []) from None
    if verdict["verdict"] != "approved":
        why = str(verdict.get("explanation") or "the governance agent did not approve")
        raise _denied(why, verdict.get("findings", []))


def _governor_of(ctx: Context, request: Body, account: Account | None) -> str | None:
    """Who decides: the account's governance agent, or the agent's own where the buyer keeps a plan for the brand."""
    if account is None:
        return None
    url = vendor_of(ctx).governors.get(account.account_id)
    if url is not None:
        return url
    found = own_plan(ctx, str(account.brand.get("domain", "")), request.get("plan_id"))
    return found[0].url if found else None


def _denied(why: str, findings: list[Body]) -> AdcpError:
    return AdcpError("GOVERNANCE_DENIED", why, "governance_context", details={"findings": findings})
