"""sync_accounts and list_accounts, and how other tools find the account that they name.

A caller acts with credentials of an operator, named by ``principal.user``, or under its own name. Either way it sees
the accounts that belong to that, and no others. An agent with ``operator_auth`` opens real accounts by itself, for
operators; over the protocol it opens sandbox accounts only, for callers with credentials
(docs/accounts/overview.mdx, docs/media-buy/advanced-topics/sandbox.mdx).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from agents.seller.context import seller_of
from agents.seller.records import Account, account_key
from agents.seller.sandbox import in_sandbox, is_open, listed
from agents.seller.wire import page
from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context, Principal

BILLING = ("operator", "agent", "advertiser")
"""Who may pay: all that the specification knows."""


def sync_accounts(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Declare accounts by brand and operator, or change settings of known ones; one result for each."""
    seller, dry_run = seller_of(ctx), bool(request.get("dry_run"))
    rows = [_sync(seller, ctx.principal, entry, dry_run) for entry in request["accounts"]]
    if request.get("delete_missing") and not dry_run:
        _close_missing(seller, ctx.principal, request["accounts"])
    body: dict[str, Any] = {"status": "completed", "accounts": rows}
    return {**body, "dry_run": True} if dry_run else body


def _sync(seller: Seller, caller: Principal, entry: dict[str, Any], dry_run: bool) -> dict[str, Any]:
    ref = entry.get("account")
    known = find_account(seller, caller, ref if ref is not None else entry)
    if known is not None:
        known.declared = known.declared or not dry_run
        return _row(known, _change(known, entry, dry_run))
    if ref is not None:
        return _failed(ref, "ACCOUNT_NOT_FOUND", "there is no such account")
    config = seller.config.accounts
    sandbox = in_sandbox(config, entry)
    if seller.operator_auth and not caller.user and not is_open(config, entry):
        return _failed(entry, "AUTH_REQUIRED", "send the credentials of the operator")
    if seller.operator_auth and not sandbox:
        why = "operators open accounts with the agent itself; list_accounts shows them"
        return _failed(entry, "ACCOUNT_SETUP_REQUIRED", why)
    account = _new(seller, caller, entry["brand"], entry["operator"], sandbox, entry.get("billing", "operator"))
    account.payment_terms = entry.get("payment_terms")
    if not dry_run:
        _open(seller, account)
    return _row(account, "created")


def _change(account: Account, entry: dict[str, Any], dry_run: bool) -> str:
    wanted = {name: entry[name] for name in ("billing", "payment_terms") if name in entry}
    if all(getattr(account, name) == value for name, value in wanted.items()):
        return "unchanged"
    if not dry_run:
        for name, value in wanted.items():
            setattr(account, name, value)
    return "updated"


_IDENTITY = ("domain", "brand_id", "industries", "data_subject_contestation")
"""What an account keeps of a brand reference: the rest belongs to one request, and earlier releases don't know it."""


def _new(
    seller: Seller, caller: Principal, brand: dict[str, Any], operator: str, sandbox: bool, billing: str
) -> Account:
    name = f"{brand.get('domain', '')} via {operator}"
    account_id = seller.ids.next("acc")
    identity = {field: brand[field] for field in _IDENTITY if field in brand}
    made = Account(account_id, caller.id, identity, operator, sandbox, billing, "pending_approval", name)
    made.credential = caller.user
    return made


def _open(seller: Seller, account: Account) -> None:
    """Enter an account; it becomes active at once, or when somebody has looked at it.

    Sandbox accounts need no approval: nothing real depends on them.
    """
    waits = seller.config.accounts.mode == "manual" and not account.sandbox
    account.status = "pending_approval" if waits else "active"
    seller.accounts[account.account_id] = account
    seller.status("account", account.account_id, None, account.status, "declared by the buyer")
    if waits:
        seller.desk.queue_account(account)


def open_account(seller: Seller, caller: Principal, brand: dict[str, Any], operator: str) -> Account:
    """Open a sandbox account for a caller without being asked by sync_accounts."""
    account = _new(seller, caller, brand, operator, True, "operator")
    account.declared = False
    _open(seller, account)
    return account


def enter_existing(seller: Seller) -> None:
    """Enter the accounts that are there from the start; they are active."""
    for held in seller.config.accounts.existing:
        operator = held.operator or held.brand
        name = held.name or f"{held.brand} via {operator}"
        brand, account_id = {"domain": held.brand}, held.id or seller.ids.next("acc")
        account = Account(account_id, "", brand, operator, held.sandbox, held.billing, "active", name)
        account.credential, account.declared = held.credential, seller.operator_auth or not held.sandbox
        seller.accounts[account_id] = account
        seller.status("account", account_id, None, "active", "opened with the agent itself")


def set_account_status(seller: Seller, account: Account, new: str, why: str) -> None:
    """Change the state of an account and say so in the trace."""
    seller.status("account", account.account_id, account.status, new, why)
    account.status = new


def _close_missing(seller: Seller, caller: Principal, entries: list[dict[str, Any]]) -> None:
    kept = [account_key(e["brand"], e["operator"], bool(e.get("sandbox"))) for e in entries if "brand" in e]
    for account in accounts_of(seller, caller):
        if account.buyer and account.status == "active" and account.key not in kept:
            set_account_status(seller, account, "closed", "left out by delete_missing")


def _row(account: Account, action: str) -> dict[str, Any]:
    row = {**account.ref(), "action": action}
    if account.status == "pending_approval":
        row["setup"] = {"message": "The account is being reviewed; no action is needed."}
    return row


def _failed(ref: dict[str, Any], code: str, message: str) -> dict[str, Any]:
    """The row of an entry that names no account; brand and operator are required there even if unknown."""
    return {
        "brand": ref.get("brand", {"domain": "unknown.invalid"}),
        "operator": ref.get("operator", "unknown.invalid"),
        "action": "failed",
        "status": "rejected",
        "errors": [{"code": code, "message": message}],
    }


def list_accounts(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The caller's accounts, filtered by state, by sandbox or to one account."""
    seller = seller_of(ctx)
    found = [account for account in accounts_of(seller, ctx.principal) if listed(seller, account)]
    if "account" in request:
        one = find_account(seller, ctx.principal, request["account"])
        found = [one] if one is not None else []
    if "status" in request:
        found = [account for account in found if account.status == request["status"]]
    if "sandbox" in request:
        found = [account for account in found if account.sandbox == request["sandbox"]]
    rows, pagination = page(found, request.get("pagination"))
    del pagination["total_count"]  # accounts that are opened for a request come and go
    return {"status": "completed", "accounts": [account.ref() for account in rows], "pagination": pagination}


def may_use(account: Account, caller: Principal) -> bool:
    """True if an account belongs to the caller, and to the credentials that the caller uses, if to any."""
    return account.buyer in ("", caller.id) and account.credential == caller.user


def accounts_of(seller: Seller, caller: Principal) -> list[Account]:
    """The accounts that the caller sees."""
    return [account for account in seller.accounts.values() if may_use(account, caller)]


def find_account(seller: Seller, caller: Principal, ref: dict[str, Any]) -> Account | None:
    """The caller's account of that id or natural key, if there is one."""
    if "account_id" in ref:
        account = seller.accounts.get(ref["account_id"])
        return account if account is not None and may_use(account, caller) else None
    key = account_key(ref["brand"], ref["operator"], in_sandbox(seller.config.accounts, ref))
    return next((account for account in accounts_of(seller, caller) if account.key == key), None)


def account_for(ctx: Context, ref: dict[str, Any], spending: bool = False) -> Account:
    """The account that a request names. With ``spending`` it has to be in order (facts 4.5).

    A natural key that was never declared is opened on the spot where accounts are approved automatically
    (docs/accounts/overview.mdx allows to provision lazily). Raises ACCOUNT_NOT_FOUND and, for spending,
    ACCOUNT_SETUP_REQUIRED, ACCOUNT_SUSPENDED or ACCOUNT_PAYMENT_REQUIRED.
    """
    seller = seller_of(ctx)
    account = find_account(seller, ctx.principal, ref)
    if account is None and _opens_lazily(seller, ref):
        sandbox = in_sandbox(seller.config.accounts, ref)
        account = _new(seller, ctx.principal, ref["brand"], ref["operator"], sandbox, "operator")
        account.declared = account.used = False
        _open(seller, account)
    if account is None:
        raise AdcpError("ACCOUNT_NOT_FOUND", "the account reference can't be resolved", field="account")
    if not account.used:
        account.claims += 1
        ctx.at_end.append(partial(_settle, seller, account))
    if spending and account.status != "active":
        code, message = _GATES[account.status]
        raise AdcpError(code, message, field="account")
    return account


def _settle(seller: Seller, account: Account, accepted: bool) -> None:
    """A request that named an account is answered. One that it opened does not outlast its refusal."""
    account.claims -= 1
    account.used = account.used or accepted
    if not (account.used or account.declared or account.claims):
        del seller.accounts[account.account_id]
        seller.status("account", account.account_id, account.status, "closed", "the request that it was for is refused")


def check_account(ctx: Context, ref: dict[str, Any]) -> None:
    """Like :func:`account_for` for requests that only read: ACCOUNT_NOT_FOUND, and nothing is opened."""
    seller = seller_of(ctx)
    if find_account(seller, ctx.principal, ref) is None and not _opens_lazily(seller, ref):
        raise AdcpError("ACCOUNT_NOT_FOUND", "the account reference can't be resolved", field="account")


def _opens_lazily(seller: Seller, ref: dict[str, Any]) -> bool:
    """True if an account that nobody declared may be opened by being named."""
    config = seller.config.accounts
    return "brand" in ref and ((config.mode == "automatic" and not seller.operator_auth) or is_open(config, ref))


_GATES = {
    "pending_approval": ("ACCOUNT_SETUP_REQUIRED", "the account is not approved yet"),
    "rejected": ("ACCOUNT_NOT_FOUND", "the account was not accepted"),
    "payment_required": ("ACCOUNT_PAYMENT_REQUIRED", "the account has an outstanding balance"),
    "suspended": ("ACCOUNT_SUSPENDED", "the account is suspended"),
    "closed": ("ACCOUNT_NOT_FOUND", "the account is closed"),
}
