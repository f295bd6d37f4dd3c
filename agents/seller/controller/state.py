"""What the test controller remembers, and how it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from agents.seller.accounts import accounts_of, find_account, open_account

if TYPE_CHECKING:
    from agents.seller.records import Account
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

F = TypeVar("F")

SANDBOX_BRAND = {"domain": "sandbox.example"}


class Refused(Exception):
    """The controller can't do it. ``error`` is one of its own codes (compliance/comply-test-controller-response)."""

    def __init__(self, error: str, detail: str, current_state: str | None = None) -> None:
        super().__init__(error, detail, current_state)
        self.error, self.detail, self.current_state = error, detail, current_state


@dataclass(slots=True)
class ControllerState(Generic[F]):
    """Directives, seeds and simulated figures of one agent, whose formats are of the type ``F``."""

    arms: dict[str, dict[str, Any]] = field(default_factory=dict)
    """How the next create_media_buy of a caller is answered: the parameters of force_create_media_buy_arm."""
    completed: dict[str, Any] = field(default_factory=dict)
    """The results with which tasks were completed, by task."""
    waived: set[str] = field(default_factory=set)
    """Media buys that were moved on although creatives are missing."""
    seeds: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)
    """Fixtures by kind and id."""
    formats: dict[str, dict[str, F]] = field(default_factory=dict)
    """Formats that callers have seeded, by caller and id; who has some sees these alone in lists."""
    spent: dict[str, float] = field(default_factory=dict)
    """Percent of its budget that a media buy or an account is said to have spent, by id."""

    def seed(self, key: tuple[str, ...], fixture: dict[str, Any]) -> str | None:
        """Note a fixture; gives ``existing`` if it was there. INVALID_PARAMS if another one has the same id."""
        known = self.seeds.get(key)
        if known is None:
            self.seeds[key] = fixture
            return None
        differing = sorted(name for name in {**known, **fixture} if known.get(name) != fixture.get(name))
        if differing:
            what = f"{key[0]} {'/'.join(key[1:])}"
            raise Refused("INVALID_PARAMS", f"{what} was seeded with another fixture: {', '.join(differing)}")
        return "existing"


def account_in(ctx: Context, seller: Seller, request: dict[str, Any]) -> Account:
    """The account that a controller call is about: the one it names, or the caller's sandbox account.

    One that is not there is opened. FORBIDDEN for an account that is not of the sandbox, NOT_FOUND for an unknown id.
    """
    ref = request.get("account", {})
    if "account_id" in ref or "brand" in ref:
        account = find_account(seller, ctx.principal, {"operator": "sandbox.example", **ref})
        if account is None and "account_id" in ref:
            raise Refused("NOT_FOUND", f"there is no account {ref['account_id']}")
        if account is None:
            account = open_account(seller, ctx.principal, ref["brand"], ref.get("operator", "sandbox.example"))
        return account
    mine = [account for account in accounts_of(seller, ctx.principal) if account.sandbox]
    return mine[0] if mine else open_account(seller, ctx.principal, SANDBOX_BRAND, "sandbox.example")
