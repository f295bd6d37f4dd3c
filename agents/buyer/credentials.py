"""Credentials with sales agents: registered by customers, and what platform requests are signed with.

Credentials belong to the customer, and there may be several for one agent, each with an ``accountIdentifier`` of
its own (rule 19). That identifier stands for the credentials in the simulated world: the sales agent sees it as the
``user`` of the platform's requests and shows the accounts of just those credentials. The secret itself is thrown
away as it comes in. No simulated agent knows it, so any secret is a right one; nothing may depend on it.

OAUTH credentials wait for a person to allow the access on a page of the platform (``authorization.py``, rule 20).
Whoever denies it leaves them PENDING; registering them again gives a new link.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired
from urllib.parse import urlencode

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from agents.buyer.context import customer_of, platform_of
from agents.buyer.members import User, caller_of
from agents.buyer.storefronts import Source, Storefront
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.core.time import iso
from sandbox.operations import Body, Group, Request

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.records import Customer
    from sandbox.kernel.endpoint import Context

operation: Group = group("credentials")

AccountType = Literal["CLIENT", "MARKETPLACE"]
Status = Literal["ACTIVE", "PENDING"]


@dataclass(slots=True)
class Credential:
    """A set of credentials of a customer for one sales agent, without the secret."""

    credential_id: str
    customer_id: int
    agent_id: str
    account_identifier: str
    account_type: AccountType
    status: Status
    registered_by: str
    created_ms: int
    updated_ms: int
    asked: int = 0
    """How often an authorisation was asked for."""
    state: str | None = None
    """What the open authorisation is known by; None if there is none."""


class Credentials:
    """All credentials of the platform, and the accounts that were found with them."""

    def __init__(self, platform: BuyerPlatform) -> None:
        self._platform = platform
        self._all: dict[str, Credential] = {}
        self._signatures: dict[tuple[str, str], str] = {}
        """By agent and account: the account identifier of the credentials that the account belongs to."""
        self._secret = ""

    def open(self) -> None:
        """Give customers the credentials that the scenario says they have (``authorised_sellers``)."""
        for customer in self._platform.customers.values():
            for agent in customer.authorised_sellers or ():
                if self._platform.storefronts.linkable(agent):
                    first = self._platform.directory.first_user(customer.customer_id)
                    self.add(customer, agent, customer.principal, "CLIENT", "ACTIVE", first)

    # -- what there is -----------------------------------------------------------------------------------

    def of(self, customer_id: int, agent: str | None = None) -> list[Credential]:
        """The credentials of a customer, for one agent or for all, in the order of their registration."""
        mine = [one for one in self._all.values() if one.customer_id == customer_id]
        return mine if agent is None else [one for one in mine if one.agent_id == agent]

    def active(self, customer_id: int, agent: str) -> list[Credential]:
        """Those that can be used."""
        return [one for one in self.of(customer_id, agent) if one.status == "ACTIVE"]

    def chosen(self, customer_id: int, agent: str, credential_id: str | None) -> Credential:
        """The credentials to discover accounts with (rule 23).

        VALIDATION_ERROR with all ids in ``details.availableCredentials`` if there are several and none was
        chosen, or if there is none of that id; INVALID_STATE if there is none at all, or it is not active yet.
        """
        mine, active = self.of(customer_id, agent), self.active(customer_id, agent)
        found = next((one for one in mine if one.credential_id == credential_id), None)
        if found is None and credential_id is None and len(active) == 1:
            found = active[0]
        if not mine:
            raise ApiError(
                "INVALID_STATE",
                f"no credentials are registered for {agent}; register some with register_source_credentials first",
                "partnerId",
            )
        if found is None and (active or credential_id is not None):
            ids = ", ".join(f"{one.credential_id} ({one.account_identifier})" for one in mine)
            rows = [{"id": one.credential_id, "accountIdentifier": one.account_identifier} for one in mine]
            wrong = "choose one" if credential_id is None else f"there is no {credential_id}"
            raise ApiError(
                "VALIDATION_ERROR",
                f"credentialId: {wrong}; credentials for {agent} are {ids}",
                "credentialId",
                {"availableCredentials": rows},
            )
        if found is None or found.status != "ACTIVE":
            raise ApiError("INVALID_STATE", f"the credentials for {agent} wait for their authorisation", "credentialId")
        return found

    # -- how they come about -----------------------------------------------------------------------------

    def add(
        self,
        customer: Customer,
        agent: str,
        identifier: str,
        account_type: AccountType,
        status: Status,
        user: User,
    ) -> Credential:
        """Enter new credentials."""
        platform, now = self._platform, self._platform.now
        number = str(platform.ids.number("credential"))
        made = Credential(number, customer.customer_id, agent, identifier, account_type, status, user.email, now, now)
        self._all[number] = made
        platform.status("credential", number, None, status, f"registered for {agent}")
        return made

    def ask(self, credential: Credential) -> str:
        """Begin an authorisation; gives the URL of its page. A link that was given before is void then."""
        platform = self._platform
        self._secret = self._secret or platform.ids.uuid("oauth-secret")
        credential.asked += 1
        text = f"{credential.credential_id}/{credential.asked}"
        credential.state = hmac.new(self._secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        query = {"response_type": "code", "client_id": platform.id, "state": credential.state}
        return f"{platform.world.network.url(platform.id, 'oauth/authorize')}?{urlencode(query)}"

    def knows(self, state: Any) -> bool:
        """True if credentials wait for an authorisation that is known by this."""
        return isinstance(state, str) and self._waiting(state) is not None

    def waiting(self, state: str) -> Credential:
        """The credentials whose authorisation is known by this; NOT_FOUND if it was used, or never was."""
        found = self._waiting(state)
        if found is not None:
            return found
        raise ApiError("NOT_FOUND", "the link is not known, or was used already; register the credentials again")

    def _waiting(self, state: str) -> Credential | None:
        for one in self._all.values():
            if one.state is not None and hmac.compare_digest(one.state.encode(), state.encode()):
                return one
        return None

    def decide(self, credential: Credential, allowed: bool) -> None:
        """End an authorisation; its link is used up either way."""
        credential.state, credential.updated_ms = None, self._platform.now
        if allowed:
            credential.status = "ACTIVE"
            self._platform.status("credential", credential.credential_id, "PENDING", "ACTIVE", "authorised")

    # -- what requests are signed with -------------------------------------------------------------------

    def tie(self, agent: str, account_id: str, credential: Credential) -> None:
        """Note with which credentials an account is used from now on (rule 26)."""
        self._signatures[agent, account_id] = credential.account_identifier

    def signature(self, agent: str, account_id: str | None) -> str:
        """The account identifier of an account's credentials; empty for accounts of the platform itself."""
        return self._signatures.get((agent, account_id), "") if account_id is not None else ""


# -- operations ----------------------------------------------------------------------------------------------


class Register(Body):
    """Body of ``register_source_credentials``. Of ``auth`` only counts whether it is there."""

    account_identifier: str = Field(min_length=1, max_length=255)
    auth: Annotated[
        Any,
        WithJsonSchema(
            {"description": "Secret of API_KEY and JWT agents, such as {type: bearer, token: …}; it is not looked at"}
        ),
    ] = None
    marketplace_account: bool = False


class CredentialRow(TypedDict):
    """Credentials in a list; ``auth_configuration`` is never there (rule 22)."""

    id: str
    agentId: str
    agentName: str
    accountIdentifier: str
    accountType: AccountType
    status: Status
    registeredBy: str
    createdAt: str
    updatedAt: str


class OAuth(TypedDict):
    """Where a person can allow the access."""

    authorizationUrl: str
    agentId: str
    agentName: str


class Registered(TypedDict):
    """Credentials that were registered; ``oauth`` while they wait for an authorisation."""

    id: str
    accountIdentifier: str
    status: Status
    registeredBy: str
    createdAt: str
    oauth: NotRequired[OAuth]


@operation(
    "list_agent_credentials",
    "GET",
    "/storefronts/credentials",
    envelope="data",
    answer=list[CredentialRow],
    rules=(13, 19, 22),
)
def list_agent_credentials(ctx: Context, _request: Request) -> list[CredentialRow]:
    """The customer's credentials for all sales agents, without secrets."""
    platform = platform_of(ctx)
    return [
        {
            "id": one.credential_id,
            "agentId": one.agent_id,
            "agentName": platform.sellers.name(one.agent_id),
            "accountIdentifier": one.account_identifier,
            "accountType": one.account_type,
            "status": one.status,
            "registeredBy": one.registered_by,
            "createdAt": iso(one.created_ms),
            "updatedAt": iso(one.updated_ms),
        }
        for one in platform.credentials.of(customer_of(ctx).customer_id)
    ]


@operation(
    "register_source_credentials",
    "POST",
    "/storefronts/{storefrontId}/sources/{sourceId}/credentials",
    body=Register,
    success_status=201,
    answer=Registered,
    secrets=("body.auth",),
    rules=(13, 18, 19, 20, 21, 22),
)
def register_source_credentials(ctx: Context, request: Request) -> Registered:
    """Register credentials of the customer for the sales agent behind a source."""
    platform, customer, body = platform_of(ctx), customer_of(ctx), request.body
    user = caller_of(ctx)
    source = _source(platform.storefronts.get(request.path["storefrontId"]), request.path["sourceId"])
    _check(source, body, user.role(customer.customer_id) == "MEMBER")
    identifier = body.account_identifier
    known = next(
        (
            c
            for c in platform.credentials.of(customer.customer_id, source.agent_id)
            if c.account_identifier == identifier
        ),
        None,
    )
    if known is not None and (known.status == "ACTIVE" or source.auth != "OAUTH"):
        field = "accountIdentifier"
        raise ApiError("CONFLICT", f"{field}: {identifier!r} is registered for {source.agent_id} already", field)
    if known is None:
        kind: AccountType = "MARKETPLACE" if body.marketplace_account else "CLIENT"
        status: Status = "PENDING" if source.auth == "OAUTH" else "ACTIVE"
        known = platform.credentials.add(customer, source.agent_id, identifier, kind, status, user)
    answer: Registered = {
        "id": known.credential_id,
        "accountIdentifier": known.account_identifier,
        "status": known.status,
        "registeredBy": known.registered_by,
        "createdAt": iso(known.created_ms),
    }
    if known.status == "PENDING":
        url, name = platform.credentials.ask(known), platform.sellers.name(known.agent_id)
        answer["oauth"] = {"authorizationUrl": url, "agentId": known.agent_id, "agentName": name}
    return answer


def _source(shop: Storefront, source_id: str) -> Source:
    for source in shop.sources:
        if source.source_id == source_id:
            return source
    raise ApiError("NOT_FOUND", f"storefront {shop.storefront_id} has no source {source_id}", "sourceId")


def _check(source: Source, body: Register, member: bool) -> None:
    """Refuse what can't be registered (rules 18, 20 and 21)."""
    if not source.requires_credentials:
        raise ApiError(
            "VALIDATION_ERROR",
            f"{source.source_id} requires no credentials (requiresCredentials: false): the platform acts for you",
            "sourceId",
        )
    if source.status != "ACTIVE":
        why = f"the agent of {source.source_id} is {source.status}; credentials can be registered once it is ACTIVE"
        raise ApiError("INVALID_STATE", why, "sourceId")
    if body.marketplace_account and member:
        raise ApiError("ACCESS_DENIED", "marketplaceAccount is for admins only", "marketplaceAccount")
    given = "auth" in body.model_fields_set
    if source.auth != "OAUTH" and not given:
        raise ApiError("VALIDATION_ERROR", f"auth: {source.auth} credentials need it, such as type and token", "auth")
    if source.auth == "OAUTH" and given:
        raise ApiError("VALIDATION_ERROR", "auth: leave it out; the answer has a link to authorise the access", "auth")
