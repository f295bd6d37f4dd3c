"""The open sandbox of an agent: accounts for trying things out (docs/media-buy/advanced-topics/sandbox.mdx).

Where the settings name ``accounts.sandbox_brands``, accounts of these brands are sandbox accounts whatever a request
calls them, and the sandbox is open: everybody with a token may have accounts in it, nothing in it waits for people, and
the accounts of one buyer share creatives and idempotency keys. Without that setting a sandbox account is an account
like others, marked as such.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from agents.seller.config import AccountsConfig, Policy
    from agents.seller.records import Account, Creative
    from agents.seller.seller import Seller

P = TypeVar("P", bound="Policy")

_NO_CONDITIONS = {"mode": "automatic", "requires": [], "probability_of_rejection": 0.0}


def in_sandbox(config: AccountsConfig, ref: dict[str, Any]) -> bool:
    """True if the account that a reference with a brand means is a sandbox account."""
    domain = str(ref["brand"].get("domain", ""))
    return bool(ref.get("sandbox")) or any(fnmatchcase(domain, pattern) for pattern in config.sandbox_brands)


def is_open(config: AccountsConfig, ref: dict[str, Any]) -> bool:
    """True if a reference leads into the open sandbox."""
    return bool(config.sandbox_brands) and "brand" in ref and in_sandbox(config, ref)


def tries_out(seller: Seller, account_id: str) -> bool:
    """True if an account is one of the open sandbox."""
    account = seller.accounts.get(account_id)
    return account is not None and account.sandbox and bool(seller.config.accounts.sandbox_brands)


def policy_for(seller: Seller, account_id: str, policy: P) -> P:
    """How decisions about an account are made: by the agent's policy, in the open sandbox by its rules alone."""
    if not tries_out(seller, account_id):
        return policy
    return policy.model_copy(update={k: v for k, v in _NO_CONDITIONS.items() if k in type(policy).model_fields})


def sharing(seller: Seller, account_id: str) -> list[str]:
    """The accounts whose creatives an account can use: itself first, then the others of the open sandbox that
    belong to the same buyer or to everybody.
    """
    if not tries_out(seller, account_id):
        return [account_id]
    owner = seller.accounts[account_id].buyer
    others = [
        a.account_id for a in seller.accounts.values() if a.sandbox and (a.buyer == owner or "" in (a.buyer, owner))
    ]
    return [account_id, *(other for other in others if other != account_id)]


def creative_of(seller: Seller, account_id: str, creative_id: str) -> Creative | None:
    """The creative that an account means by an id, if it can use one of that id."""
    found = (seller.creatives.get((owner, creative_id)) for owner in sharing(seller, account_id))
    return next((creative for creative in found if creative is not None), None)


def answers_all(config: AccountsConfig, request: dict[str, Any]) -> bool:
    """True if a brief that nothing fits is answered with everything: in the open sandbox, where briefs are made up."""
    return any(is_open(config, ref) for ref in (request, request.get("account", {})))


def listed(seller: Seller, account: Account) -> bool:
    """True if list_accounts shows an account; in the open sandbox that is what was declared or opened beforehand."""
    return account.declared or not tries_out(seller, account.account_id)


def key_space(config: AccountsConfig, ref: dict[str, Any]) -> dict[str, Any]:
    """In what an idempotency key is unique: the account, or the buyer's open sandbox as a whole."""
    return {"sandbox": True} if is_open(config, ref) else ref
