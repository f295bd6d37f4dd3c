"""What may follow what, as the specification and the platform's rules say."""

import pytest

from sandbox.domain.lifecycles import LIFECYCLES, RESTRICTIVENESS, most_restrictive


def test_every_state_of_every_lifecycle_can_be_reached() -> None:
    for lifecycle in LIFECYCLES.values():
        reached, todo = set(lifecycle.initial), list(lifecycle.initial)
        while todo:
            for following in lifecycle.following(todo.pop()):
                if following not in reached:
                    reached.add(following)
                    todo.append(following)
        assert reached == set(lifecycle.states), lifecycle.name


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        ("pending_creatives", "active", True),  # the SDK's own table lacks it
        ("pending_creatives", "paused", True),
        ("pending_start", "paused", True),
        ("pending_start", "completed", False),
        ("active", "rejected", False),
        ("paused", "active", True),
        ("paused", "completed", True),
        ("completed", "active", False),
        ("canceled", "active", False),
    ],
)
def test_a_media_buy_moves_as_the_specification_says(old: str, new: str, allowed: bool) -> None:
    assert LIFECYCLES["media_buy"].allows(old, new) is allowed


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        ("processing", "approved", False),
        ("processing", "pending_review", True),
        ("approved", "suspended", True),
        ("suspended", "approved", True),
        ("rejected", "processing", True),
        ("rejected", "archived", False),
    ],
)
def test_a_creative_moves_as_the_specification_says(old: str, new: str, allowed: bool) -> None:
    assert LIFECYCLES["creative"].allows(old, new) is allowed


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        (None, "DRAFT", True),  # rule 43
        (None, "ACTIVE", False),
        ("DRAFT", "ACTIVE", True),  # rule 66
        ("COMPLETED", "ACTIVE", True),  # rule 66
        ("ACTIVE", "PAUSED", True),  # rule 67
        ("DRAFT", "PAUSED", False),  # rule 70
        ("PAUSED", "ACTIVE", True),  # rule 68
        ("ARCHIVED", "ACTIVE", False),
    ],
)
def test_a_campaign_moves_as_the_platform_says(old: str | None, new: str, allowed: bool) -> None:
    assert LIFECYCLES["campaign"].allows(old, new) is allowed


def test_the_platform_has_the_ten_statuses_of_a_media_buy() -> None:  # rule 79
    named = "DRAFT PENDING_APPROVAL INPUT_REQUIRED ACTIVE PAUSED COMPLETED CANCELED FAILED REJECTED ARCHIVED"
    assert set(LIFECYCLES["platform_media_buy"].states) == set(named.split()) == set(RESTRICTIVENESS)


def test_the_most_restrictive_status_is_shown() -> None:  # rule 80
    assert most_restrictive(["ACTIVE", "PENDING_APPROVAL"]) == "PENDING_APPROVAL"
    assert most_restrictive(["PENDING_APPROVAL", "INPUT_REQUIRED", "ACTIVE"]) == "INPUT_REQUIRED"
    assert most_restrictive(["COMPLETED", "ACTIVE", "CANCELED"]) == "ACTIVE"
    assert most_restrictive([]) is None
