"""Every release gets messages in its own form, and what comes in its form is understood."""

import copy
from typing import Any

import pytest

from sandbox.core.errors import AdcpError
from sandbox.protocol import schemas
from sandbox.protocol.versions import VERSIONS, envelope, from_wire, known, negotiate, schema_name, to_wire
from tests.unit.protocol.examples import ANSWERS, FORMAT, KEY, REQUESTS, SUBMITTED
from tests.unit.protocol.official import official

MESSAGES = [
    *(pytest.param(tool, "request", body, id=f"{tool}-request") for tool, body in REQUESTS.items()),
    *(pytest.param(tool, "answer", body, id=f"{tool}-answer") for tool, body in ANSWERS.items()),
    *(pytest.param(tool, "answer", SUBMITTED, id=f"{tool}-submitted") for tool in ("create_media_buy", "get_products")),
]


def issues(tool: str, direction: str, body: dict[str, Any], version: str) -> list[str]:
    name = schema_name(tool, version)
    assert schemas.store().covers(name, "request", version)
    if direction == "request":
        return [str(issue) for issue in schemas.check(name, "request", body, version)]
    return [str(issue) for issue in schemas.check_answer(name, body, version)]


@pytest.mark.parametrize(("tool", "direction", "body"), MESSAGES)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_message_is_valid_in_every_release_and_when_it_comes_back(
    tool: str, direction: str, body: dict[str, Any], version: str
) -> None:
    before = copy.deepcopy(body)
    there = to_wire(tool, direction, body, version)
    assert issues(tool, direction, there, version) == []
    assert issues(tool, direction, from_wire(tool, direction, there, version), "3.1") == []
    assert body == before


@pytest.mark.parametrize(("tool", "direction", "body"), MESSAGES)
def test_the_canonical_form_is_that_of_3_1(tool: str, direction: str, body: dict[str, Any]) -> None:
    assert to_wire(tool, direction, body, "3.1") is body
    assert from_wire(tool, direction, body, "3.1") is body


@pytest.mark.parametrize("version", ["3.0", "3.2"])
def test_fields_that_no_release_knows_travel_along(version: str) -> None:
    body = ANSWERS["get_products"] | {"ext": {"acme": {"x": None}}}
    assert to_wire("get_products", "answer", body, version)["ext"] == {"acme": {"x": None}}
    assert from_wire("get_products", "answer", body, version)["ext"] == {"acme": {"x": None}}


# -- what really differs ---------------------------------------------------------------------------------


def test_some_examples_would_be_refused_without_the_changes() -> None:
    """Guards the examples above: they hold the differences, so the changes are needed."""
    refused = {(t, v) for t, body in ANSWERS.items() for v in ("3.0", "3.2") if issues(t, "answer", body, v)}
    assert {(tool, "3.0") for tool in ("get_products", "get_media_buys", "get_media_buy_delivery")} <= refused
    asked = {(t, v) for t, body in REQUESTS.items() for v in ("3.0", "3.2") if issues(t, "request", body, v)}
    assert {(tool, "3.0") for tool in ("get_products", "create_media_buy", "update_media_buy")} <= asked


@pytest.mark.parametrize("tool", ["create_media_buy", "update_media_buy"])
def test_in_3_0_the_status_of_an_answer_is_that_of_the_buy(tool: str) -> None:
    old = to_wire(tool, "answer", ANSWERS[tool], "3.0")
    assert (old["status"], "media_buy_status" in old) == (ANSWERS[tool]["media_buy_status"], False)
    new = from_wire(tool, "answer", old, "3.0")
    assert (new["status"], new["media_buy_status"]) == ("completed", old["status"])


def test_in_3_2_the_status_of_the_task_and_of_the_buy_stand_side_by_side() -> None:
    new = to_wire("create_media_buy", "answer", ANSWERS["create_media_buy"], "3.2")
    assert (new["status"], new["media_buy_status"]) == ("completed", "pending_creatives")


def test_3_0_knows_only_the_coarse_actions() -> None:
    old = to_wire("create_media_buy", "answer", ANSWERS["create_media_buy"], "3.0")
    assert old["valid_actions"] == ["pause", "cancel", "update_budget", "sync_creatives"]
    assert set(old["valid_actions"]) <= set(official("3.0", "enums/media-buy-valid-action.json")["enum"])


def test_3_0_names_postal_systems_with_their_country() -> None:
    old = to_wire("create_media_buy", "request", REQUESTS["create_media_buy"], "3.0")
    areas = old["packages"][0]["targeting_overlay"]["geo_postal_areas"]
    assert [(area["system"], "country" in area) for area in areas] == [("us_zip", False), ("de_plz", False)]


def test_3_0_has_no_goals_on_metrics_of_vendors() -> None:
    old = to_wire("create_media_buy", "request", REQUESTS["create_media_buy"], "3.0")
    assert [goal["kind"] for goal in old["packages"][0]["optimization_goals"]] == ["metric"]


def test_3_0_gets_formats_by_id_and_named_placements() -> None:
    product = to_wire("get_products", "answer", ANSWERS["get_products"], "3.0")["products"][0]
    assert (product["format_ids"], product["placements"][0]["name"]) == ([FORMAT], "top")
    assert product["reporting_capabilities"]["available_metrics"] == ["impressions", "spend", "completed_views"]


def test_3_0_has_a_list_of_products_even_when_nothing_has_changed() -> None:
    unchanged = {"status": "completed", "unchanged": True, "wholesale_feed_version": "7", "cache_scope": "public"}
    assert issues("get_products", "answer", unchanged, "3.1") == []
    assert issues("get_products", "answer", to_wire("get_products", "answer", unchanged, "3.0"), "3.0") == []


def test_a_body_that_holds_one_object_twice_is_changed_as_if_it_held_two() -> None:
    shared = {"targeting_overlay": {"geo_countries": None}}
    body = {"packages": [shared], "elsewhere": shared}
    assert from_wire("create_media_buy", "request", body, "3.2") == {
        "packages": [{"targeting_overlay": {}}],
        "elsewhere": shared,
    }


def test_what_3_0_called_video_completions_are_completed_views() -> None:
    old = to_wire("get_products", "answer", ANSWERS["get_products"], "3.0")
    old["products"][0]["reporting_capabilities"]["available_metrics"] = ["video_completions"]
    new = from_wire("get_products", "answer", old, "3.0")
    assert new["products"][0]["reporting_capabilities"]["available_metrics"] == ["completed_views"]


def test_a_suspended_creative_waits_for_review_in_the_eyes_of_3_0() -> None:
    old = to_wire("list_creatives", "answer", ANSWERS["list_creatives"], "3.0")
    assert old["creatives"][0]["status"] == "pending_review"


def test_tasks_that_3_0_has_no_type_for_are_not_listed() -> None:
    old = to_wire("list_tasks", "answer", ANSWERS["list_tasks"], "3.0")
    assert old["tasks"] == []
    known = official("3.0", "enums/task-type.json")["enum"]
    added = [name for name in official("3.1", "enums/task-type.json")["enum"] if name not in known]
    rows = [{"task_type": name} for name in [*added, "create_media_buy"]]
    assert to_wire("list_tasks", "answer", {"tasks": rows}, "3.0")["tasks"] == [{"task_type": "create_media_buy"}]


def test_whether_a_buy_of_3_0_was_confirmed_is_null_if_it_does_not_say() -> None:
    waiting = {"media_buy_id": "mb", "status": "pending_creatives", "packages": []}
    running = waiting | {"status": "active"}
    assert from_wire("create_media_buy", "answer", waiting, "3.0")["confirmed_at"] is None
    assert "confirmed_at" not in from_wire("create_media_buy", "answer", running, "3.0")


def test_an_answer_of_3_0_without_a_status_comes_from_a_finished_task() -> None:
    assert from_wire("list_accounts", "answer", {"accounts": []}, "3.0")["status"] == "completed"
    assert from_wire("list_accounts", "answer", {"adcp_error": {}}, "3.0")["status"] == "failed"


def test_3_2_may_leave_the_split_of_the_budget_to_the_seller() -> None:
    body = {
        "idempotency_key": KEY,
        "account": {"account_id": "acc-1"},
        "brand": {"domain": "acme.com"},
        "start_time": "asap",
        "end_time": "2026-06-01T00:00:00Z",
        "total_budget": {"amount": 100, "currency": "USD"},
        "budget_allocation": {
            "mode": "seller_optimized",
            "optimization_goals": [{"kind": "metric", "metric": "clicks", "priority": 1}],
        },
        "pacing": "asap",
        "packages": [{"product_id": p, "pricing_option_id": "cpm"} for p in "abc"],
    }
    body["packages"][0]["budget"] = 10  # type: ignore[index]
    assert issues("create_media_buy", "request", body, "3.2") == []
    canonical = from_wire("create_media_buy", "request", body, "3.2")
    assert issues("create_media_buy", "request", canonical, "3.1") == []
    assert [(p["budget"], p["pacing"]) for p in canonical["packages"]] == [(10, "asap"), (45, "asap"), (45, "asap")]


def test_null_takes_a_targeting_away_in_3_2() -> None:
    overlay = {"geo_countries": ["US"], "frequency_cap": None, "language": ["en-US", "en-GB", "de"]}
    body = REQUESTS["update_media_buy"] | {"packages": [{"package_id": "p", "targeting_overlay": overlay}]}
    assert issues("update_media_buy", "request", body, "3.2") == []
    canonical = from_wire("update_media_buy", "request", body, "3.2")
    assert canonical["packages"][0]["targeting_overlay"] == {"geo_countries": ["US"], "language": ["en", "de"]}


def test_3_2_buys_a_proposal_as_it_is() -> None:
    base = {name: value for name, value in REQUESTS["create_media_buy"].items() if name != "reporting_webhook"}
    body = base | {"proposal_id": "prop-1", "total_budget": {"amount": 100, "currency": "USD"}}
    new = to_wire("create_media_buy", "request", body, "3.2")
    assert "packages" not in new
    assert issues("create_media_buy", "request", new, "3.2") == []


@pytest.mark.parametrize(("version", "named"), [("3.0", {"adcp_major_version": 3}), ("3.2", {"adcp_version": "3.2"})])
def test_a_request_names_the_release_that_it_is_written_in(version: str, named: dict[str, Any]) -> None:
    sent = to_wire("list_accounts", "request", {"adcp_version": "3.1"}, version)
    assert sent == named == envelope(version)
    assert negotiate(sent) == version


# -- negotiation -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({}, "3.0"),
        ({"adcp_major_version": 3}, "3.0"),
        ({"adcp_version": "3.0"}, "3.0"),
        ({"adcp_version": "3.1"}, "3.1"),
        ({"adcp_version": "3.1", "adcp_major_version": 3}, "3.1"),
        ({"adcp_version": "3.2"}, "3.2"),
        ({"adcp_version": "3.9"}, "3.2"),
        ({"adcp_version": "3.2-rc.1"}, "3.2"),
    ],
)
def test_a_request_is_served_at_the_release_it_names(payload: dict[str, Any], expected: str) -> None:
    assert negotiate(payload) == expected


@pytest.mark.parametrize(
    "payload",
    [
        {"adcp_version": "4.0"},
        {"adcp_version": "2.5"},
        {"adcp_version": "two"},
        {"adcp_version": None},
        {"adcp_major_version": 2},
        {"adcp_major_version": "3"},
        {"adcp_version": "3.1", "adcp_major_version": 4},
    ],
)
def test_anything_else_is_refused_with_what_is_supported(payload: dict[str, Any]) -> None:
    with pytest.raises(AdcpError, match="VERSION_UNSUPPORTED") as caught:
        negotiate(payload)
    assert caught.value.details == {"supported_versions": ["3.0", "3.1", "3.2"], "supported_majors": [3]}
    assert caught.value.field in payload


def test_the_details_of_an_unsupported_version_fit_their_schema() -> None:
    with pytest.raises(AdcpError) as caught:
        negotiate({"adcp_version": "9.0"})
    details = caught.value.details or {}
    path = "error-details/version-unsupported.json"
    assert all(schemas.store().check_document(path, details, version) == [] for version in ("3.1", "3.2"))


def test_an_agent_serves_the_highest_release_that_it_has_below_the_one_asked_for() -> None:
    assert negotiate({"adcp_version": "3.2"}, ("3.0", "3.1")) == "3.1"
    assert negotiate({}, ("3.1", "3.2")) == "3.1"
    with pytest.raises(AdcpError, match="VERSION_UNSUPPORTED"):
        negotiate({"adcp_version": "3.0"}, ("3.1",))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_caller_names_its_release_so_that_it_is_served_at_it(version: str) -> None:
    assert negotiate(envelope(version)) == version


def test_who_names_no_release_is_served_in_the_first_that_has_the_tool() -> None:
    assert negotiate({}, VERSIONS, "get_products") == "3.0"
    assert negotiate({"adcp_major_version": 3}, VERSIONS, "list_products") == "3.2"
    assert negotiate({}, VERSIONS, "list_tasks") == "3.0"  # 3.0 has it by another name
    assert negotiate({"adcp_version": "3.1"}, VERSIONS, "list_products") == "3.1"
    assert [known("list_products", version) for version in VERSIONS] == [False, False, True]
    assert known("a_tool_of_our_own", "3.0")
