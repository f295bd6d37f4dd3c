"""report_usage: what buyers used, checked against the rate card (docs/accounts/tasks/report_usage.mdx)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.studio.vendor import Vendor, vendor_of
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount, micros
from sandbox.protocol.errors import error_entry

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

TOLERANCE_MICROS = 10_000
"""By how much a reported cost may differ from ours: a cent, for rounding."""


def report_usage(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Take usage; each record is accepted by itself, and refused with its own error."""
    vendor = vendor_of(ctx)
    accepted, errors = 0, []
    for number, record in enumerate(request["usage"]):
        try:
            _check(vendor, ctx, record, f"usage[{number}]")
        except AdcpError as error:
            errors.append(error_entry(error))
        else:
            accepted += 1
            option, cost = record.get("pricing_option_id"), record["vendor_cost"]
            vendor.emit("usage", pricing_option_id=option, vendor_cost=cost, currency=record["currency"])
    body: dict[str, Any] = {"status": "completed", "accepted": accepted}
    return {**body, "errors": errors} if errors else body


def _check(vendor: Vendor, ctx: Context, record: dict[str, Any], field: str) -> None:
    if vendor.account(ctx.principal, record["account"]) is None:
        raise AdcpError("ACCOUNT_NOT_FOUND", "there is no such account", f"{field}.account")
    prices = {price.id: price for price in vendor.prices}
    if not prices:
        why = "this agent does not bill through AdCP; usage is settled out of band"
        raise AdcpError("BILLING_OUT_OF_BAND", why, f"{field}.pricing_option_id")
    price = prices.get(record.get("pricing_option_id", ""))
    if price is None:
        named = ", ".join(prices)
        why = "name the pricing option that was used"
        raise AdcpError("VALIDATION_ERROR", why, f"{field}.pricing_option_id", suggestion=f"options are {named}")
    if price.currency != record["currency"]:
        raise AdcpError("VALIDATION_ERROR", f"it is charged in {price.currency}", f"{field}.currency")
    due = price.cost_micros(record.get("impressions"), record.get("media_spend"))
    if due is not None and abs(due - micros(record["vendor_cost"])) > TOLERANCE_MICROS:
        why = f"by {price.told()} it is {amount(due)}, not {record['vendor_cost']}"
        raise AdcpError("VALIDATION_ERROR", why, f"{field}.vendor_cost")
