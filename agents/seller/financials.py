"""get_account_financials: what an account has spent, what it owes, and its invoices, out of the books of delivery.

The billing cycle is the calendar month, UTC (docs/accounts/tasks/get_account_financials.mdx). A month is billed when
its counts are final; an invoice is paid on the day on which it is due, unless the account is known not to pay
(``payment_required``, ``suspended``): then it is past due.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.seller.accounts import find_account
from agents.seller.context import seller_of
from agents.seller.wire import instant
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount, micros
from sandbox.core.time import DAY_MS, iso_date, parse_instant

if TYPE_CHECKING:
    from agents.seller.records import Account, MediaBuy
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

Json = dict[str, Any]

DEFAULT_TERMS = "net_30"
_IN_ARREARS = ("payment_required", "suspended")
_STANDING = {"payment_required": "past_due", "suspended": "suspended"}


@dataclass(slots=True, frozen=True)
class Invoice:
    """The bill for a calendar month ``[start_ms, end_ms)``; ``due_ms`` is midnight of the day on which it is due."""

    invoice_id: str
    start_ms: int
    end_ms: int
    due_ms: int
    micros: int
    status: str

    @property
    def open(self) -> bool:
        """True if the money has not come yet."""
        return self.status != "paid"

    def wire(self) -> Json:
        """As an entry of ``invoices``."""
        body: Json = {
            "invoice_id": self.invoice_id,
            "period": _period(self.start_ms, self.end_ms),
            "amount": amount(self.micros),
            "status": self.status,
        }
        if self.status != "draft":
            body["due_date"] = iso_date(self.due_ms)
        return {**body, "paid_date": iso_date(self.due_ms)} if self.status == "paid" else body


def get_account_financials(ctx: Context, request: Json) -> Json:
    """Spend of a period (the present month if none is given), credit or balance, payment status, invoices.

    ACCOUNT_NOT_FOUND; UNSUPPORTED_FEATURE where the operator does not pay the seller itself; VALIDATION_ERROR for a
    period that can't be.
    """
    seller = seller_of(ctx)
    account = find_account(seller, ctx.principal, request["account"])
    if account is None:
        raise AdcpError("ACCOUNT_NOT_FOUND", "the account reference can't be resolved", field="account")
    if account.billing != "operator":
        why = f"the account is billed to the {account.billing}, whose books have its figures"
        raise AdcpError("UNSUPPORTED_FEATURE", why, field="account")
    start_ms, end_ms = _wanted(request.get("period"), seller.now)
    buys = [buy for buy in seller.media_buys.values() if buy.account_id == account.account_id]
    running = [buy for buy in buys if buy.start_ms < end_ms and buy.end_ms > start_ms]
    spent = sum(_spent(seller, buy, start_ms, end_ms) for buy in running)
    invoices = list(_invoices(seller, account, buys))
    return {
        "status": "completed",
        "account": request["account"],
        "currency": seller.config.currency,
        "period": _period(start_ms, end_ms),
        "timezone": "UTC",
        "spend": {"total_spend": amount(spent), "media_buy_count": len(running)},
        "payment_status": _STANDING.get(account.status, "current"),
        "payment_terms": account.payment_terms or DEFAULT_TERMS,
        "invoices": [invoice.wire() for invoice in reversed(invoices)],
        **_means(seller, account, invoices),
    }


def _wanted(period: Json | None, now_ms: int) -> tuple[int, int]:
    """The period that is asked for, whole days; dates of a request are both part of it."""
    if period is None:
        return _month(now_ms)
    start_ms, end_ms = instant(period["start"], "period.start"), instant(period["end"], "period.end") + DAY_MS
    if end_ms <= start_ms:
        raise AdcpError("VALIDATION_ERROR", "the period ends before it begins", field="period.end")
    return start_ms, end_ms


def _month(at_ms: int) -> tuple[int, int]:
    """The calendar month of an instant, its end not included."""
    start_ms = parse_instant(f"{iso_date(at_ms)[:7]}-01")
    return start_ms, parse_instant(f"{iso_date(start_ms + 31 * DAY_MS)[:7]}-01")


def _period(start_ms: int, end_ms: int) -> Json:
    return {"start": iso_date(start_ms), "end": iso_date(end_ms - DAY_MS)}


def _spent(seller: Seller, buy: MediaBuy, start_ms: int, end_ms: int) -> int:
    return sum(seller.ledger.between(name, start_ms, end_ms)["spend_micros"] for name in buy.packages)


def _invoices(seller: Seller, account: Account, buys: list[MediaBuy]) -> Iterator[Invoice]:
    """A bill for every month with spend, the oldest first. Accounts that pay in advance get none."""
    if not buys or account.payment_terms == "prepay":
        return
    days = int((account.payment_terms or DEFAULT_TERMS).removeprefix("net_"))
    start_ms, end_ms = _month(min(buy.start_ms for buy in buys))
    while start_ms <= seller.now:
        due_ms = end_ms + days * DAY_MS
        total = sum(_spent(seller, buy, start_ms, end_ms) for buy in buys)
        if total:
            name = f"inv_{account.account_id}_{iso_date(start_ms)[:7]}"
            yield Invoice(name, start_ms, end_ms, due_ms, total, _state(seller, account, end_ms, due_ms))
        start_ms, end_ms = _month(end_ms)


def _state(seller: Seller, account: Account, end_ms: int, due_ms: int) -> str:
    if not seller.ledger.is_final(end_ms):
        return "draft"
    if seller.now < due_ms:
        return "issued"
    return "past_due" if account.status in _IN_ARREARS else "paid"


def _means(seller: Seller, account: Account, invoices: list[Invoice]) -> Json:
    """The credit line of an account that is billed, or the deposit of one that pays in advance; if it has one."""
    settings = seller.config.financials
    assert settings is not None
    if account.payment_terms == "prepay":
        spent = sum(
            _spent(seller, buy, 0, seller.now)
            for buy in seller.media_buys.values()
            if buy.account_id == account.account_id
        )
        return {"balance": {"available": amount(max(0, micros(settings.deposit) - spent))}}
    if settings.credit_limit is None:
        return {}
    limit = micros(settings.credit_limit)
    owed = sum(invoice.micros for invoice in invoices if invoice.open)
    credit = {"credit_limit": amount(limit), "available_credit": amount(limit - owed)}
    return {"credit": {**credit, "utilization_percent": round(min(100.0, 100 * owed / limit), 2)}}
