"""People and the customers they work for: who holds an API key, who may act for whom (rules 12 and 15).

``customer_switch`` changes the session of a caller, so it is a matter of the edge; :class:`Directory` answers
whether it is allowed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from agents.buyer.context import customer_of, platform_of
from agents.buyer.records import Customer
from sandbox.core.errors import ApiError
from sandbox.operations import Group, Request

if TYPE_CHECKING:
    from agents.buyer.config import BuyerConfig, UserConfig
    from sandbox.kernel.endpoint import Context

operation: Group = Group("accounts", "/api/v2", "/api/v2/buyer", "/api/buyer")
"""Not under ``/buyer`` (rule 1); the prefixed paths are aliases (conflict C51)."""

Role = Literal["ADMIN", "MEMBER", "SUPER_ADMIN"]


@dataclass(slots=True, frozen=True)
class Membership:
    """That a person works for a customer at present."""

    customer: Customer
    role: Role


@dataclass(slots=True, frozen=True)
class User:
    """A person, known by e-mail address, with all active memberships."""

    email: str
    name: str
    memberships: tuple[Membership, ...] = ()
    super_admin: bool = False

    def role(self, customer_id: int) -> Role | None:
        """What the person is for a customer; None for nothing, which forbids everything."""
        if self.super_admin:
            return "SUPER_ADMIN"
        return next((m.role for m in self.memberships if m.customer.customer_id == customer_id), None)


def customers_of(config: BuyerConfig) -> list[Customer]:
    """The customers; each one's number is its position, from 1."""
    return [
        Customer(
            number,
            entry.name,
            entry.principal,
            None if entry.authorised_sellers is None else tuple(entry.authorised_sellers),
        )
        for number, entry in enumerate(config.customers, start=1)
    ]


class Directory:
    """All people, their keys and memberships: a pure function of the platform's settings.

    The key of a customer is its first user's, and acts for that customer. A user's own key acts for the first
    customer the user works for, or, of a SUPER_ADMIN who works for none, for the first customer of all.
    """

    def __init__(self, config: BuyerConfig) -> None:
        self._customers = {customer.principal: customer for customer in customers_of(config)}
        self._users: dict[str, User] = {}
        self._first: dict[int, User] = {}
        for entry in config.users:
            self._enter(self._user(entry))
        for customer in self._customers.values():
            if customer.customer_id not in self._first:
                email = f"admin@{customer.principal}.example"
                known = self.user(email) or User(email, f"{customer.name} admin")
                role: tuple[Membership, ...] = (Membership(customer, "ADMIN"),)
                self._enter(User(email, known.name, known.memberships + role, known.super_admin))
        self._keys = {entry.principal: entry.api_key for entry in config.customers}
        self._holders = [
            (_digest(key), self._first[self._customers[principal].customer_id], self._customers[principal])
            for principal, key in self._keys.items()
        ]
        for entry in config.users:
            if entry.api_key is not None:
                user = self._users[entry.email.casefold()]
                home = user.memberships[0].customer if user.memberships else next(iter(self._customers.values()))
                self._holders.append((_digest(entry.api_key), user, home))

    def _user(self, entry: UserConfig) -> User:
        active = [m for m in entry.memberships if m.active]
        memberships = tuple(Membership(self._customers[m.customer], m.role) for m in active)
        return User(entry.email, entry.name or entry.email, memberships, entry.super_admin)

    def _enter(self, user: User) -> None:
        self._users[user.email.casefold()] = user
        for membership in user.memberships:
            self._first.setdefault(membership.customer.customer_id, user)

    def keys(self) -> Mapping[str, str]:
        """One API key for each customer, by principal."""
        return dict(self._keys)

    def user_of(self, api_key: str) -> tuple[User, Customer] | None:
        """The person whose key it is, and the customer it acts for; None if it is nobody's.

        All digests are compared, each in constant time: how long it takes tells nothing about any key.
        """
        wanted, found = _digest(api_key), None
        for digest, user, customer in self._holders:
            if hmac.compare_digest(digest, wanted):
                found = user, customer
        return found

    def user(self, email: str) -> User | None:
        """The person of an e-mail address, in any case."""
        return self._users.get(email.casefold())

    def first_user(self, customer_id: int) -> User:
        """Who acts for a customer if nobody is named: the first who works for it."""
        return self._first[customer_id]

    def memberships(self, user: User | str) -> tuple[Membership, ...]:
        """The active memberships of a person, or of an e-mail address."""
        found = self.user(user) if isinstance(user, str) else user
        return found.memberships if found is not None else ()

    def may_switch(self, user: User | str, customer_id: int) -> bool:
        """True if the person has an active membership there; a SUPER_ADMIN may act for every customer (rule 12)."""
        found = self.user(user) if isinstance(user, str) else user
        if found is None or customer_id not in [c.customer_id for c in self._customers.values()]:
            return False
        return found.role(customer_id) is not None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def caller_of(ctx: Context) -> User:
    """The person who calls: the one that the edge names, else the customer's first user.

    ACCESS_DENIED for a person who may not act for the customer.
    """
    directory, customer = platform_of(ctx).directory, customer_of(ctx)
    if not ctx.principal.user:
        return directory.first_user(customer.customer_id)
    user = directory.user(ctx.principal.user)
    if user is None or not directory.may_switch(user, customer.customer_id):
        raise ApiError("ACCESS_DENIED", f"{ctx.principal.user} has no active membership in {customer.name}")
    return user


class AccountAnswer(TypedDict):
    """A customer, and what the caller is there."""

    id: int
    company: str
    name: str
    role: Role


class AccountsAnswer(TypedDict):
    """The customers that the caller works for."""

    accounts: list[AccountAnswer]


@operation("get_current_account", "GET", "/accounts/current", answer=AccountAnswer, rules=(1, 15))
def get_current_account(ctx: Context, _request: Request) -> AccountAnswer:
    """The customer for which the caller acts, with the caller's role."""
    return _answer(ctx, caller_of(ctx), customer_of(ctx))


@operation("list_accounts", "GET", "/accounts", answer=AccountsAnswer, rules=(1, 12, 15))
def list_accounts(ctx: Context, _request: Request) -> AccountsAnswer:
    """The customers in which the caller has an active membership."""
    user = caller_of(ctx)
    return {"accounts": [_answer(ctx, user, membership.customer) for membership in user.memberships]}


def _answer(ctx: Context, user: User, customer: Customer) -> AccountAnswer:
    role = user.role(customer.customer_id)
    assert role is not None
    settings = next(c for c in platform_of(ctx).config.customers if c.principal == customer.principal)
    return {"id": customer.customer_id, "company": settings.company, "name": customer.name, "role": role}
