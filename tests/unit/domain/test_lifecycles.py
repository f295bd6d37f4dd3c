"""What may follow what, as the specification and the platform's rules say: every transition is pinned here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.domain.lifecycles import ENDED_MEDIA_BUYS, LIFECYCLES, RESTRICTIVENESS, most_restrictive

PINNED = {
    # docs/media-buy/specification.mdx, docs/media-buy/media-buys/lifecycle.mdx
    "media_buy": """
        * > pending_creatives pending_start active paused
        pending_creatives > pending_start active paused rejected canceled
        pending_start > active paused rejected canceled
        active > paused completed canceled
        paused > active completed canceled
        completed >
        rejected >
        canceled >
    """,
    # docs/creative/specification.mdx
    "creative": """
        * > processing
        processing > pending_review rejected
        pending_review > approved rejected
        approved > pending_review suspended rejected archived
        suspended > approved rejected
        rejected > processing
        archived > approved pending_review
    """,
    # enums/creative-approval-status.json
    "creative_assignment": """
        * > pending_review approved
        pending_review > approved partially_approved rejected
        approved > pending_review partially_approved rejected
        partially_approved > pending_review approved rejected
        rejected > pending_review
    """,
    # docs/accounts/overview.mdx
    "account": """
        * > pending_approval active
        pending_approval > active rejected
        active > payment_required suspended closed
        payment_required > active
        suspended > active closed
        rejected >
        closed >
    """,
    # docs/building/by-layer/L3/task-lifecycle.mdx
    "task": """
        * > submitted working input-required auth-required
        submitted > working input-required auth-required completed failed rejected canceled
        working > input-required auth-required completed failed rejected canceled
        input-required > submitted working completed failed rejected canceled
        auth-required > submitted working completed failed rejected canceled
        completed >
        failed >
        rejected >
        canceled >
    """,
    # enums/proposal-status.json
    "proposal": """
        * > draft committed
        draft > committed
        committed > accepted
        accepted >
    """,
    # enums/audience-status.json
    "audience": """
        * > processing ready too_small
        processing > ready too_small
        ready > processing too_small suspended
        too_small > processing ready
        suspended > processing ready
    """,
    # docs/sponsored-intelligence/specification.mdx
    "si_session": """
        * > active
        active > pending_handoff complete terminated
        pending_handoff > complete terminated
        complete >
        terminated >
    """,
    # rules 43, 66, 67, 68, 69, 70, 71
    "campaign": """
        * > DRAFT
        DRAFT > ACTIVE ARCHIVED
        ACTIVE > PAUSED COMPLETED ARCHIVED
        PAUSED > ACTIVE COMPLETED ARCHIVED
        COMPLETED > ACTIVE ARCHIVED
        ARCHIVED >
    """,
    # rules 75, 79, 89, 93, 94
    "platform_media_buy": """
        * > DRAFT PENDING_APPROVAL
        DRAFT > PENDING_APPROVAL INPUT_REQUIRED ACTIVE PAUSED FAILED REJECTED ARCHIVED
        PENDING_APPROVAL > INPUT_REQUIRED ACTIVE PAUSED COMPLETED CANCELED FAILED REJECTED ARCHIVED
        INPUT_REQUIRED > PENDING_APPROVAL ACTIVE PAUSED COMPLETED CANCELED FAILED REJECTED ARCHIVED
        ACTIVE > PAUSED COMPLETED CANCELED REJECTED ARCHIVED
        PAUSED > ACTIVE COMPLETED CANCELED REJECTED ARCHIVED
        FAILED > DRAFT PENDING_APPROVAL INPUT_REQUIRED ACTIVE PAUSED REJECTED ARCHIVED
        COMPLETED > ARCHIVED
        CANCELED > ARCHIVED
        REJECTED > ARCHIVED
        ARCHIVED >
    """,
    "advertiser": """
        * > ACTIVE
        ACTIVE > ARCHIVED
        ARCHIVED >
    """,
    # rule 20
    "credential": """
        * > PENDING ACTIVE
        PENDING > ACTIVE
        ACTIVE >
    """,
    # rule 143
    "platform_audience": """
        * > PROCESSING
        PROCESSING > READY TOO_SMALL ERROR
        READY > PROCESSING
        TOO_SMALL > PROCESSING
        ERROR > PROCESSING
    """,
    # rule 145
    "syndication": """
        * > PENDING DISABLED
        PENDING > SYNCING DISABLED
        SYNCING > COMPLETED FAILED DISABLED
        COMPLETED > PENDING DISABLED
        FAILED > PENDING DISABLED
        DISABLED > PENDING
    """,
    # rules 174, 175, 176
    "tactic": """
        * > PROPOSED
        PROPOSED > ASSIGNING EXPIRED
        ASSIGNING > ACTIVE DECLINED FAILED
        ACTIVE > PAUSED COMPLETED CANCELED
        PAUSED > ACTIVE COMPLETED CANCELED
        FAILED > ASSIGNING EXPIRED
        DECLINED >
        EXPIRED >
        COMPLETED >
        CANCELED >
        """,
    "suggestion": """
        * > CREATED CREATED_FAILED
        CREATED > INGESTED INGESTED_FAIL EXPIRED
        CREATED_FAILED >
        INGESTED > HIL_WAITING APPLIED APPLIED_FAIL REJECTED EXPIRED
        INGESTED_FAIL >
        HIL_WAITING > HIL_APPROVED HIL_REJECTED EXPIRED
        HIL_APPROVED > APPLIED APPLIED_FAIL
        HIL_REJECTED >
        APPLIED >
        APPLIED_FAIL >
        REJECTED >
        EXPIRED >
    """,
}


def pinned(name: str) -> dict[str | None, set[str]]:
    rows = (line.split(">") for line in PINNED[name].strip().splitlines())
    return {None if old.strip() == "*" else old.strip(): set(new.split()) for old, new in rows}


def test_every_lifecycle_is_pinned() -> None:
    assert set(PINNED) == set(LIFECYCLES)
    assert all(LIFECYCLES[name].name == name for name in PINNED)


@pytest.mark.parametrize("name", PINNED)
def test_exactly_the_pinned_transitions_are_allowed(name: str) -> None:
    lifecycle, table = LIFECYCLES[name], pinned(name)
    assert set(lifecycle.states) == set(table) - {None}
    for old, following in table.items():
        assert {new for new in lifecycle.states if lifecycle.allows(old, new)} == following, old


@pytest.mark.parametrize("name", PINNED)
def test_every_state_can_be_reached(name: str) -> None:
    table = pinned(name)
    reached, todo = set(table[None]), list(table[None])
    while todo:
        new = table[todo.pop()] - reached
        reached |= new
        todo += new
    assert reached == set(table) - {None}


@pytest.mark.parametrize(
    ("name", "path", "allowed"),
    [
        ("media_buy", "pending_creatives active", True),  # the SDK's own table lacks it
        ("media_buy", "pending_start paused", True),  # and this: a buy that is held from its creation
        ("media_buy", "active rejected", False),  # only a pending buy can be rejected
        ("creative", "processing approved", False),  # the SDK allows it; comply_test_controller refuses it
        ("creative", "rejected archived", False),
        ("campaign", "PAUSED DRAFT", False),
        ("campaign", "DRAFT PAUSED", False),  # rule 70
        ("platform_media_buy", "DRAFT CANCELED", False),  # rule 93
    ],
)
def test_what_is_easily_got_wrong(name: str, path: str, allowed: bool) -> None:
    old, new = path.split()
    assert LIFECYCLES[name].allows(old, new) is allowed


def test_the_platform_has_the_ten_statuses_of_a_media_buy() -> None:  # rule 79
    named = "DRAFT PENDING_APPROVAL INPUT_REQUIRED ACTIVE PAUSED COMPLETED CANCELED FAILED REJECTED ARCHIVED"
    assert set(LIFECYCLES["platform_media_buy"].states) == set(named.split()) == set(RESTRICTIVENESS)
    assert len(RESTRICTIVENESS) == 10


def test_a_buy_that_has_ended_can_only_be_archived() -> None:  # rules 72, 94
    following = {new for old in ENDED_MEDIA_BUYS for new in LIFECYCLES["platform_media_buy"].following(old)}
    assert following == {"ARCHIVED"}


@pytest.mark.parametrize(
    ("statuses", "shown"),
    [
        ("ACTIVE PENDING_APPROVAL", "PENDING_APPROVAL"),
        ("PENDING_APPROVAL INPUT_REQUIRED ACTIVE", "INPUT_REQUIRED"),
        ("FAILED INPUT_REQUIRED", "FAILED"),
        ("ACTIVE PAUSED", "PAUSED"),
        ("COMPLETED ACTIVE CANCELED", "ACTIVE"),
        ("COMPLETED REJECTED", "REJECTED"),
        ("ARCHIVED COMPLETED", "COMPLETED"),
        ("", None),
    ],
)
def test_the_most_restrictive_status_is_shown(statuses: str, shown: str | None) -> None:  # rule 80
    assert most_restrictive(statuses.split()) == shown


@given(st.lists(st.sampled_from(RESTRICTIVENESS), min_size=1))
def test_the_order_of_the_buys_does_not_matter(statuses: list[str]) -> None:  # rule 80
    shown = most_restrictive(statuses)
    assert shown in statuses
    assert most_restrictive(sorted(statuses)) == most_restrictive(statuses[::-1]) == shown


def test_an_unknown_status_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        most_restrictive(["RUNNING"])
