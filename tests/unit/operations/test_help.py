"""What ask_about_capability, help and skill.md say."""

from __future__ import annotations

import json
import re

import pytest

from agents.buyer import api
from sandbox.core.errors import API_STATUS
from sandbox.kernel.endpoint import Operation
from sandbox.operations import help as words
from sandbox.operations.schemas import Schemas
from sandbox.operations.topics import guide
from tests.unit.operations.shelf import OPERATIONS


@pytest.fixture(scope="module")
def platform() -> list[Operation]:
    return list(api.operations())


def test_a_question_brings_the_operation_with_its_exact_fields() -> None:
    text = words.answer("How can I put a book on the shelf?", OPERATIONS)
    assert "### `add_book`: POST /api/v2/buyer/books" in text
    assert "- **`title`** (string 1 to 50, required): As on the cover" in text or "**`title`**" in text
    assert "- **`authorId`** (string, required)" in text
    assert "- `price.currency`" in text


def test_the_example_call_is_ready_for_api_call() -> None:
    text = words.answer("add_book", OPERATIONS)
    call = json.loads(re.findall(r"```json\n(.*?)\n```", text)[0])
    assert call == {"operation": "add_book", "body": {"title": "<title>", "authorId": "<authorId>"}}


def test_an_operation_that_is_named_is_the_one_described() -> None:
    text = words.answer("what does get_book want?", OPERATIONS)
    assert re.findall(r"^### `(\w+)`", text, re.MULTILINE) == ["get_book"]
    assert "**`bookId`**" in text


def test_what_is_not_offered_through_mcp_is_said_to_be_so() -> None:  # rule 185
    assert "Not through `api_call`" in words.answer("scan_book", OPERATIONS)


def test_words_that_mean_nothing_bring_the_overview() -> None:
    text = words.answer("xyzzy plugh", OPERATIONS)
    assert text.startswith("Nothing in the API goes by these words.")
    assert "`add_book`" in text


QUESTIONS = {
    "How do I create a campaign?": ("Create a campaign", "create_campaign"),
    "stop my campaign for a while": ("Launch, pause and end a campaign", "pause_campaign"),
    "What inventory is on hulu.com? find products": ("Find products", "discover_products"),
    "show me spend and clicks by day as csv": ("Reports", "get_reporting_metrics"),
    "link an account of a seller": ("Link accounts with sales agents", "list_available_accounts"),
    "optimize for purchases with a ROAS goal": ("Optimise for results", "update_campaign"),
    "new advertiser with a brand": ("Set up an advertiser", "create_advertiser"),
    "block some domains for brand safety": ("Property lists", "create_property_list"),
    "approve a suggestion": ("Optimisation suggestions", "approve_optimization_suggestion"),
    "frequency cap of 3 a week": ("Pacing periods and frequency caps", "update_campaign"),
    "change the budget of a package of a media buy": ("Change media buys", "update_campaign"),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_questions_find_their_workflow_and_operation(question: str, platform: list[Operation]) -> None:
    topic, operation = QUESTIONS[question]
    text = words.answer(question, platform)
    assert text.startswith(f"## {topic}\n")
    assert operation in re.findall(r"^### `(\w+)`", text, re.MULTILINE)
    assert "Show people:" in text


def test_workflows_name_operations_and_fields_that_exist(platform: list[Operation]) -> None:
    schemas = Schemas(platform)
    known = {operation.name for operation in platform}
    for topic in guide().topics:
        assert set(topic.operations) <= known, topic.title
        mentioned = {n for step in topic.steps for n in re.findall(r"`([a-z]+_[a-z_]+)`", step)}
        fields = {
            field.name.rpartition(".")[2]
            for name in topic.operations
            for part in ("params", "body", "answer")
            for field in schemas.fields(name, part, 4)  # type: ignore[arg-type]
        }
        others = {"api_call", "customer_switch", "per_ad_spend", "maximize_value"}
        assert mentioned <= known | fields | others, topic.title
        assert set(topic.show) <= fields, topic.title


def test_the_overview_lists_what_api_call_offers() -> None:  # rule 14 adds the notifications
    text = words.overview(OPERATIONS)
    assert "**books**: `list_books`, `add_book`" in text
    assert "scan_book" not in text
    assert "simulated" in text


def test_the_skill_names_every_operation_with_its_path(platform: list[Operation]) -> None:  # conflict C68
    text = words.skill(platform)
    for operation in platform:
        assert f"- `{operation.name}` {operation.detail.method} {operation.detail.path}:" in text
    assert text.startswith("---\nname: adcp-sandbox-buyer\n")


def test_the_skill_says_what_to_do_about_every_error() -> None:  # rule 4
    text = words.skill(OPERATIONS)
    for code, status in API_STATUS.items():
        assert re.search(rf"^\| {code} \| {status} \| .+ \|$", text, re.MULTILINE)


def test_answers_are_the_same_every_time(platform: list[Operation]) -> None:
    assert words.answer("pause", platform) == words.answer("pause", list(api.operations()))
