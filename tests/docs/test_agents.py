"""docs/agents.md is what the models of actors' settings say."""

from __future__ import annotations

import re

from sandbox.kernel.actor import actor_kinds
from tests.docs.agents import PLACE, text


def test_the_tables_of_settings_are_current() -> None:
    assert PLACE.read_text(encoding="utf-8") == text(), "run make agents-docs"


def test_every_kind_has_its_section_and_every_link_leads_to_one() -> None:
    page = text()
    titles = re.findall(r"^#{2,3} (.+)$", page, re.MULTILINE)
    assert set(actor_kinds()) <= set(titles)
    anchors = [re.sub(r"[^a-z0-9_ -]", "", title.lower()).replace(" ", "-") for title in titles]
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\(#([^)]*)\)", page)) <= set(anchors)
