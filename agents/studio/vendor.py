"""What creative, signals and brand agents have in common: accounts, tasks, published files, a rate card, governance.

Accounts and tasks are those of sales agents (``agents.seller.accounts``, ``agents.seller.tasks``): the protocol has
one way to open an account, whatever is bought on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from agents.seller.accounts import BILLING, accounts_of, enter_existing, find_account, list_accounts, sync_accounts
from agents.seller.approvals import Desk
from agents.seller.config import AccountsConfig, ReviewConfig
from agents.seller.controls import set_account
from agents.seller.departments import join_departments
from agents.seller.records import Account, Creative, MediaBuy
from agents.seller.synced import Synced
from agents.seller.tasks import SellerTasks, get_task_status, list_tasks
from agents.studio.prices import Price
from agents.studio.shelf import Shelf
from sandbox.core.errors import InputError
from sandbox.core.time import DAY_MS, SECOND_MS
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Endpoint, Operation

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context, Principal
    from sandbox.kernel.world import World

Body = dict[str, Any]


class VendorConfig(BaseModel):
    """Settings that all vendors share."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", description="Name; the actor's id if absent")
    accounts: AccountsConfig = Field(default_factory=AccountsConfig, description="Accounts and their approval")
    sandbox_accounts: dict[str, str] = Field(
        default={}, description="Sandbox accounts that everybody may use, by id: the domain of the brand"
    )
    creative_review: ReviewConfig = Field(default_factory=ReviewConfig, description="Review of creatives")
    departments: list[str] = Field(
        default=[],
        description="Governance, creative, signals, brand or sponsored-intelligence agents whose tools it offers too",
    )
    governance_aware: bool = Field(
        default=True, description="Whether it asks the governance agents of accounts before it sells"
    )
    adcp_versions: list[Literal["3.0", "3.1", "3.2"]] = Field(
        default=["3.0", "3.1", "3.2"], min_length=1, description="Releases of AdCP that it speaks"
    )


class Vendor(Actor):
    """An agent that sells something else than media. Tables are keyed by id, in the order of their making."""

    def __init__(self, world: World, actor_id: str, config: VendorConfig) -> None:
        super().__init__(world, actor_id)
        self.config: Any = config
        self.name = config.name or actor_id
        self.url = world.network.url(actor_id).rstrip("/")
        self.accounts: dict[str, Account] = {}
        self.creatives: dict[tuple[str, str], Creative] = {}
        self.media_buys: dict[str, MediaBuy] = {}
        """Always empty: what the library of sales agents asks when a creative changes."""
        self.synced = Synced()
        self.governors: dict[str, str] = {}
        """URLs of the governance agents of accounts."""
        self.tokens_seen: dict[str, Any] = {}
        """Tokens of governance that were used, with the idempotency key of the request."""
        self.host: Actor | None = None
        """The agent of which this is a department; they share accounts and what buyers synchronised."""
        self.shelf = Shelf(world, actor_id)
        self.as_seller = cast("Seller", self)
        """For functions of ``agents.seller`` that need nothing but what is here."""
        self.desk = Desk(self.as_seller)
        self.tasks = SellerTasks(self.as_seller)
        self.controls["set_account"] = partial(set_account, self.as_seller)

    @property
    def operator_auth(self) -> bool:
        """True if operators need credentials of their own."""
        return bool(self.config.accounts.operator_auth)

    def start(self) -> None:
        """Enter the accounts that are there from the start, and let everybody call."""
        join_departments(self)
        enter_existing(self.as_seller)
        for account_id, domain in self.config.sandbox_accounts.items():
            self.enter_account(account_id, "", domain)
        for actor in self.world.actors.values():
            if actor.id != self.id and actor.role != "publisher":
                self.world.ecosystem.link(self.id, actor.id, "authorised_for")

    def account(self, caller: Principal, ref: Body) -> Account | None:
        """The caller's account of that id or natural key, if there is one."""
        return find_account(self.as_seller, caller, ref)

    def accounts_of(self, caller: Principal) -> list[Account]:
        """The accounts that the caller sees."""
        return accounts_of(self.as_seller, caller)

    def enter_account(self, account_id: str, buyer: str, domain: str = "sandbox.example") -> Account:
        """An active sandbox account under an id that is given; ``buyer`` empty lets everybody use it."""
        if account_id not in self.accounts:
            made = Account(account_id, buyer, {"domain": domain}, domain, True, "operator", "active", account_id)
            made.declared = False
            self.accounts[account_id] = made
            self.status("account", account_id, None, "active", "opened for a test")
        return self.accounts[account_id]

    def account_named(self, account: str | None) -> Account:
        """The account that a control means; the newest one if it names none."""
        found = [a for a in self.accounts.values() if account in (None, a.account_id)]
        if not found:
            raise InputError(f"{self.id} has no account {account or ''}".rstrip())
        return found[-1]

    @property
    def prices(self) -> Iterable[Price]:
        """Everything that the agent bills for; usage is reported against it."""
        return ()

    def serve(self, reads: Iterable[Any], changes: Iterable[Any]) -> Endpoint:
        """The door: the agent's own tools and those of every vendor, each named as the function that serves it."""
        from agents.seller.dialect import GovernedDialect
        from agents.studio.governance import sync_governance
        from agents.studio.usage import report_usage

        everywhere = (list_accounts, get_task_status, list_tasks)
        operations = [Operation(_name(handler), handler) for handler in (*reads, *everywhere)]
        common = (sync_accounts, report_usage, *([sync_governance] if self.config.governance_aware else []))
        operations += [Operation(_name(handler), handler, mutating=True) for handler in (*changes, *common)]
        return Endpoint(self, GovernedDialect(self.config.adcp_versions), operations)

    def capabilities(self, request: Body, protocol: str, specialism: str | None, block: Body) -> Body:
        """The answer of get_adcp_capabilities; ``block`` is what is special about the protocol."""
        body: Body = {
            "status": "completed",
            "adcp": {
                "major_versions": [3],
                "supported_versions": list(self.config.adcp_versions),
                "idempotency": {"supported": True, "replay_ttl_seconds": DAY_MS // SECOND_MS},
            },
            "supported_protocols": [protocol],
            "account": {
                "require_operator_auth": self.operator_auth,
                "supported_billing": list(BILLING),
                "required_for_products": False,
                "sandbox": True,
            },
        }
        if specialism is not None:
            body["specialisms"] = [specialism]
        if protocol in request.get("protocols", [protocol]):
            body[protocol] = block
        return body


def vendor_of(ctx: Context) -> Vendor:
    """The vendor whose operation is called."""
    return cast("Vendor", ctx.actor)


def _name(handler: FunctionType) -> str:
    return handler.__name__
