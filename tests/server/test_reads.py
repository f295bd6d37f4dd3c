"""The journal gets what a client was told, once: one that asks all the time does not fill it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.journal.store import Journal
from sandbox.kernel.endpoint import Principal, Reply
from sandbox.server.reads import Reads
from tests.server.conftest import Live, settings

ANNA = Principal("acme", user="anna")
Look = tuple[str, dict[str, Any], Principal, Reply]


def look(answer: str = "DRAFT", name: str = "get_campaign", campaign: str = "c1", principal: Principal = ANNA) -> Look:
    return name, {"pathParams": {"campaignId": campaign}}, principal, Reply(True, {"status": answer})


def told(*looks: Look) -> list[bool]:
    """Which of some looks tell more, one a millisecond."""
    reads = Reads()
    return [reads.tells_more(*one, at_ms) for at_ms, one in enumerate(looks)]


def test_an_answer_is_kept_when_it_is_another_than_the_last_one_to_that_question() -> None:
    active = look("ACTIVE")
    assert told(look(), look(), active, active, look()) == [True, False, True, False, True]


@pytest.mark.parametrize(
    "other",
    [
        look(name="list_creatives"),
        look(campaign="c2"),
        look(principal=Principal("globex", user="anna")),
        look(principal=Principal("acme", user="bob")),
    ],
)
def test_another_question_and_another_caller_have_answers_of_their_own(other: Look) -> None:
    assert told(look(), other, look(), other) == [True, True, False, False]


def test_after_an_input_an_answer_that_is_still_the_same_is_kept() -> None:
    reads = Reads()
    assert reads.tells_more(*look(), 0)
    reads.forget()
    assert reads.tells_more(*look(), 0)


def test_what_is_asked_again_in_the_same_millisecond_is_not_even_looked_at() -> None:
    class Unread(Reply):
        def json(self) -> str:
            raise AssertionError("nobody has to encode it")

    reads, (name, payload, principal, reply) = Reads(), look()
    assert reads.tells_more(name, payload, principal, reply, 5)
    assert not reads.tells_more(name, payload, principal, Unread(True, reply.body), 5)


def test_questions_are_forgotten_when_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.server.reads.MOST", 2)
    assert told(look(), look(name="b"), look(name="c"), look()) == [True] * 4


def test_a_client_that_polls_leaves_one_entry_for_each_thing_that_it_was_told(tmp_path: Path) -> None:
    given = settings(tmp_path, journal=f"sqlite:///{tmp_path}/session.db")
    live = Live(given)
    try:
        for name in ("One", "Two"):
            for _ in range(20):
                live.ok("GET", "advertisers")
            live.advertiser(name=name)
        live.ok("GET", "advertisers")
        time.sleep(1.5)  # what was read is written within a second
    finally:
        live.stop()
    journal = Journal(given.journal)
    kept = [row for row in journal.entries("acme", reads=True) if row.kind == "read:call"]
    journal.close()
    assert [row.name for row in kept] == ["list_advertisers"] * 3
    assert len({row.answer for row in kept}) == 3
