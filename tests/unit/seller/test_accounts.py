"""sync_accounts, list_accounts, sandbox accounts and the gates before spending (facts 4.1 and 4.5)."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.core.errors import InputError
from sandbox.kernel.endpoint import Principal
from tests.unit.seller.conftest import ACCOUNT, Opener, Stage, creative


def sync(world: Stage, **entry: Any) -> dict[str, Any]:
    declared = ACCOUNT | {"billing": "operator"} | entry
    row: dict[str, Any] = world.call("sync_accounts", accounts=[declared])["accounts"][0]
    return row


def test_an_account_is_created_once_and_then_unchanged_or_updated(stage: Opener) -> None:
    world = stage()
    assert sync(world)["action"] == "created"
    assert sync(world)["action"] == "unchanged"
    assert sync(world, billing="agent")["action"] == "updated"
    [account] = world.call("list_accounts")["accounts"]
    assert (account["status"], account["billing"]) == ("active", "agent")


def test_a_sandbox_account_is_another_account_and_says_so_in_its_buys(stage: Opener) -> None:
    world = stage()
    real, play = sync(world), sync(world, sandbox=True)
    assert real["account_id"] != play["account_id"]
    assert play["sandbox"] is True
    assert [a["account_id"] for a in world.call("list_accounts", sandbox=True)["accounts"]] == [play["account_id"]]
    made = world.buy(account=ACCOUNT | {"sandbox": True})
    assert made["sandbox"] is True
    assert made["account"]["account_id"] == play["account_id"]


def test_a_natural_key_that_was_never_declared_is_opened_on_the_spot(stage: Opener) -> None:
    world = stage()
    world.buy()
    assert len(world.call("list_accounts")["accounts"]) == 1


def test_accounts_of_others_are_not_seen(stage: Opener) -> None:
    world = stage()
    account_id = sync(world)["account_id"]
    assert world.call("list_accounts", sender="rival")["accounts"] == []
    foreign = world.order(account={"account_id": account_id})
    assert world.error("create_media_buy", sender="rival", **foreign)["code"] == "ACCOUNT_NOT_FOUND"


def test_a_dry_run_creates_nothing(stage: Opener) -> None:
    world = stage()
    entry = ACCOUNT | {"billing": "operator"}
    assert world.call("sync_accounts", accounts=[entry], dry_run=True)["accounts"][0]["action"] == "created"
    assert world.call("list_accounts")["accounts"] == []


def test_accounts_can_wait_for_approval_before_anything_is_bought(stage: Opener) -> None:
    world = stage(accounts={"delay": "1d"})
    assert sync(world)["status"] == "pending_approval"
    assert world.error("create_media_buy", **world.order())["code"] == "ACCOUNT_SETUP_REQUIRED"
    assert sync(world, sandbox=True)["status"] == "active"  # nothing real depends on it
    world.run("+1d1m")
    assert world.buy()["media_buy_id"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("suspended", "ACCOUNT_SUSPENDED"),
        ("payment_required", "ACCOUNT_PAYMENT_REQUIRED"),
        ("closed", "ACCOUNT_NOT_FOUND"),
    ],
)
def test_an_account_that_is_not_in_order_can_read_but_not_spend(stage: Opener, status: str, code: str) -> None:
    world = stage()
    buy = world.buy(package={"creatives": [creative()]})["media_buy_id"]
    world.do("set_account", status=status)
    assert world.error("create_media_buy", **world.order())["code"] == code
    assert world.read(buy)["status"] == "pending_start"
    assert [a["status"] for a in world.call("list_accounts", status=status)["accounts"]] == [status]


def test_an_account_moves_along_its_lifecycle_only(stage: Opener) -> None:
    world = stage()
    sync(world)
    with pytest.raises(InputError):
        world.do("set_account", status="pending_approval")


def test_accounts_that_are_left_out_of_a_full_sync_are_closed(stage: Opener) -> None:
    world = stage()
    sync(world)
    other = ACCOUNT | {"operator": "other.example", "billing": "operator"}
    world.call("sync_accounts", accounts=[other], delete_missing=True)
    states = {a["operator"]: a["status"] for a in world.call("list_accounts")["accounts"]}
    assert states == {"agency.example": "closed", "other.example": "active"}


# -- operators' own credentials ------------------------------------------------------------------------------

HELD = [
    {"credential": "main", "brand": "acme.com", "name": "Acme Brand"},
    {"credential": "other", "brand": "acme.com", "operator": "agency.example", "billing": "agent"},
    {"brand": "acme.com", "name": "House account"},
]


def signed(world: Stage, tool: str, user: str, **request: Any) -> dict[str, Any]:
    """The body of the answer to a caller with credentials."""
    endpoint = world.world.actors["seller"].endpoint
    assert endpoint is not None
    payload = {"adcp_version": "3.1", **request}
    if tool == "sync_accounts":
        payload["idempotency_key"] = f"key-{user or 'nobody'}-0123456789abcdef"
    process = world.world.spawn(endpoint.handle(tool, payload, Principal("buyer", "driver", user)))
    while not process.processed:
        world.world.env.step()
    body: dict[str, Any] = process.value.body  # type: ignore[union-attr]
    return body


def names(world: Stage, user: str = "") -> list[str]:
    return [account["name"] for account in signed(world, "list_accounts", user)["accounts"]]


def test_accounts_can_be_there_from_the_start_and_belong_to_credentials(stage: Opener) -> None:  # facts 4.1
    world = stage(accounts={"existing": HELD})
    assert names(world) == ["House account"]
    assert names(world, "main") == ["Acme Brand"]
    assert names(world, "other") == ["acme.com via agency.example"]
    assert names(world, "nobody") == []
    [account] = signed(world, "list_accounts", "other")["accounts"]
    assert (account["status"], account["operator"], account["billing"]) == ("active", "agency.example", "agent")


def test_the_same_brand_and_operator_are_another_account_under_other_credentials(stage: Opener) -> None:
    world = stage()
    entry = ACCOUNT | {"billing": "operator"}
    first = signed(world, "sync_accounts", "main", accounts=[entry])["accounts"][0]
    second = signed(world, "sync_accounts", "other", accounts=[entry])["accounts"][0]
    assert (first["action"], second["action"]) == ("created", "created")
    assert first["account_id"] != second["account_id"]


def test_an_agent_with_operator_auth_says_so(stage: Opener) -> None:
    assert stage(accounts={"operator_auth": True}).call("get_adcp_capabilities")["account"]["require_operator_auth"]
    assert not stage().call("get_adcp_capabilities")["account"]["require_operator_auth"]


@pytest.mark.parametrize(
    ("user", "sandbox", "code"),
    [("", True, "AUTH_REQUIRED"), ("main", False, "ACCOUNT_SETUP_REQUIRED"), ("main", True, None)],
)
def test_such_an_agent_opens_sandbox_accounts_only_and_for_operators_only(
    stage: Opener, user: str, sandbox: bool, code: str | None
) -> None:  # facts 4.1
    world = stage(accounts={"operator_auth": True})
    entry = ACCOUNT | {"billing": "operator", "sandbox": sandbox}
    row = signed(world, "sync_accounts", user, accounts=[entry])["accounts"][0]
    assert (row["errors"][0]["code"] if "errors" in row else None) == code
    assert row["action"] == ("failed" if code else "created")


def test_such_an_agent_opens_nothing_on_the_spot(stage: Opener) -> None:
    world = stage(accounts={"operator_auth": True})
    assert world.error("create_media_buy", **world.order())["code"] == "ACCOUNT_NOT_FOUND"


def test_an_account_keeps_of_its_brand_what_every_release_knows(stage: Opener) -> None:
    world = stage(version="3.2")
    brand = {
        "domain": "acme.com",
        "industries": ["retail"],
        "countries": ["US"],
        "brand_kit_override": {"tagline": "Up"},
    }
    sync(world, brand=brand)
    for release in ("3.0", "3.1", "3.2"):
        world.version = release
        [account] = world.call("list_accounts")["accounts"]
        assert account["brand"] == {"domain": "acme.com", "industries": ["retail"]}
