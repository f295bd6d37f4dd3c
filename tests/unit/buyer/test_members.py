"""People, API keys and memberships (rules 12 and 15; conflict C51)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.buyer import BuyerConfig
from agents.buyer.members import Directory
from sandbox.kernel.endpoint import Principal, Reply
from tests.unit.buyer.conftest import MakePlatform, Platform

PEOPLE: dict[str, Any] = {
    "customers": [
        {"name": "Acme", "company": "Acme Corporation Inc."},
        {"name": "Globex", "api_key": "globex-key"},
        {"name": "Initech"},
    ],
    "users": [
        {
            "email": "ann@agency.example",
            "name": "Ann",
            "api_key": "ann-key",
            "memberships": [
                {"customer": "globex", "role": "member"},
                {"customer": "acme", "role": "ADMIN"},
                {"customer": "initech", "active": False},
            ],
        },
        {"email": "bob@globex.example", "memberships": [{"customer": "globex", "role": "ADMIN"}]},
        {"email": "root@platform.example", "api_key": "root-key", "super_admin": True},
    ],
}


def directory(settings: dict[str, Any] | None = None) -> Directory:
    return Directory(BuyerConfig.model_validate(PEOPLE if settings is None else settings))


def holder(people: Directory, key: str) -> tuple[str, str] | None:
    found = people.user_of(key)
    return None if found is None else (found[0].email, found[1].principal)


def ask(platform: Platform, operation: str, customer: str, user: str = "") -> Reply:
    """Call an operation as a person."""
    principal = Principal(customer, "driver", user)
    process = platform.world.spawn(platform.world.network.call("driver", "buyer", operation, {}, principal))
    while not process.processed:
        platform.world.env.step()
    reply: Any = process.value
    assert isinstance(reply, Reply)
    return reply


def test_a_customer_for_whom_nobody_works_has_an_admin_with_its_key() -> None:
    people = directory({})
    assert people.keys() == {"acme": "sk_sandbox_acme"}
    assert holder(people, "sk_sandbox_acme") == ("admin@acme.example", "acme")
    assert [(m.customer.principal, m.role) for m in people.memberships("admin@acme.example")] == [("acme", "ADMIN")]


def test_a_key_finds_its_person_and_the_customer_it_acts_for() -> None:
    people = directory()
    assert holder(people, "ann-key") == ("ann@agency.example", "globex")
    assert holder(people, "sk_sandbox_acme") == ("ann@agency.example", "acme")
    assert holder(people, "globex-key") == ("ann@agency.example", "globex")
    assert holder(people, "root-key") == ("root@platform.example", "acme")
    assert holder(people, "sk_sandbox_initech") == ("admin@initech.example", "initech")


@given(st.text())
def test_a_key_that_was_not_given_is_nobodys(key: str) -> None:
    known = ("ann-key", "globex-key", "root-key", "sk_sandbox_acme", "sk_sandbox_initech")
    assert (directory().user_of(key) is not None) == (key in known)


def test_members_switch_among_their_active_memberships_only() -> None:  # rule 12
    people = directory()
    assert [people.may_switch("ann@agency.example", number) for number in (1, 2, 3)] == [True, True, False]
    assert [people.may_switch("bob@globex.example", number) for number in (1, 2, 3)] == [False, True, False]
    assert not people.may_switch("nobody@nowhere.example", 1)


def test_a_super_admin_switches_to_every_customer_that_there_is() -> None:  # rule 12
    people = directory()
    assert [people.may_switch("Root@platform.example", number) for number in (0, 1, 2, 3, 4)] == [
        False, True, True, True, False,
    ]  # fmt: skip
    assert people.memberships("root@platform.example") == ()


def test_roles_are_normalised(make_platform: MakePlatform) -> None:  # rule 15
    platform = make_platform(buyer=PEOPLE)

    def role(customer: str, user: str = "") -> str:
        return str(ask(platform, "get_current_account", customer, user).body["role"])

    assert role("globex", "ann@agency.example") == "MEMBER"
    assert role("acme", "ann@agency.example") == "ADMIN"
    assert role("initech", "root@platform.example") == "SUPER_ADMIN"


def test_the_current_account_is_the_customer_that_is_acted_for(platform: Platform) -> None:  # rules 1 and 15
    assert platform.call("get_current_account") == {"id": 1, "company": "Acme", "name": "Acme", "role": "ADMIN"}


def test_the_list_has_active_memberships_only(make_platform: MakePlatform) -> None:  # rule 15
    platform = make_platform(buyer=PEOPLE)
    assert ask(platform, "list_accounts", "acme", "ann@agency.example").body == {
        "accounts": [
            {"id": 2, "company": "Globex", "name": "Globex", "role": "MEMBER"},
            {"id": 1, "company": "Acme Corporation Inc.", "name": "Acme", "role": "ADMIN"},
        ]
    }
    assert ask(platform, "list_accounts", "acme", "root@platform.example").body == {"accounts": []}


def test_a_person_who_does_not_work_for_the_customer_is_refused(make_platform: MakePlatform) -> None:  # rules 4 and 12
    platform = make_platform(buyer=PEOPLE)
    for user in ("bob@globex.example", "nobody@nowhere.example"):
        refused = ask(platform, "get_current_account", "acme", user)
        assert (refused.status, refused.body["error"]["code"]) == (403, "ACCESS_DENIED")


def test_accounts_are_not_under_buyer_but_have_aliases_there(platform: Platform) -> None:  # rule 1, C51
    assert platform.buyer.endpoint is not None
    routes = {name: operation.detail for name, operation in platform.buyer.endpoint.operations.items()}
    assert routes["get_current_account"].path == "/api/v2/accounts/current"
    assert routes["list_accounts"].path == "/api/v2/accounts"
    assert "/api/v2/buyer/accounts" in routes["list_accounts"].aliases


def test_switching_is_no_operation(platform: Platform) -> None:  # rule 12
    assert platform.error("customer_switch")["code"] == "NOT_FOUND"


def test_who_reads_accounts_changes_nothing(platform: Platform) -> None:
    before = len(platform.events("status"))
    platform.call("list_accounts")
    platform.call("get_current_account")
    assert len(platform.events("status")) == before


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"users": [{"email": "a@b.example"}, {"email": "A@B.example"}]}, "same e-mail"),
        ({"users": [{"email": "a@b.example", "memberships": [{"customer": "nobody"}]}]}, "no customer"),
        ({"users": [{"email": "a@b.example", "api_key": "k"}]}, "works for nobody"),
        ({"users": [{"email": "nobody"}]}, "pattern"),
        ({"customers": [{"name": "A", "api_key": "k"}, {"name": "B", "api_key": "k"}]}, "given twice"),
    ],
)
def test_mistakes_are_named(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        BuyerConfig.model_validate(settings)
