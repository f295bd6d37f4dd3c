"""The journal gets what a client was told, once: one that asks all the time does not fill it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.journal.store import Entry, Journal
from sandbox.server import reads
from sandbox.server.reads import Reads
from tests.server.conftest import Live, settings

LOOK = Entry("acme", 0, "read:call", "get_campaign", '{"campaignId": "c1"}', "acme", "anna", 200, '{"status": "DRAFT"}')


def test_an_answer_is_kept_when_it_is_another_than_the_last_one_to_that_question() -> None:
    looks, active = Reads(), replace(LOOK, answer='{"status": "ACTIVE"}')
    assert [looks.tells_more(look) for look in (LOOK, LOOK, active, active, LOOK)] == [True, False, True, False, True]


def test_after_an_input_an_answer_that_is_still_the_same_is_kept() -> None:
    looks = Reads()
    assert looks.tells_more(LOOK)
    looks.forget()
    assert looks.tells_more(LOOK)


@pytest.mark.parametrize("field", ["kind", "name", "payload", "principal", "user"])
def test_another_question_and_another_caller_have_answers_of_their_own(field: str) -> None:
    looks = Reads()
    assert looks.tells_more(LOOK)
    assert looks.tells_more(replace(LOOK, **{field: "other"}))
    assert not looks.tells_more(LOOK)


def test_questions_are_forgotten_when_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "MOST", 2)
    looks, other, third = Reads(), replace(LOOK, name="b"), replace(LOOK, name="c")
    assert [looks.tells_more(look) for look in (LOOK, other, third, LOOK)] == [True] * 4


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
