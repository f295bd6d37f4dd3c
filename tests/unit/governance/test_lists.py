"""Property lists, collection lists and content standards, each of one caller and one account."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.governance.conftest import Stage

ACCOUNT = {"brand": {"domain": "acme.com"}, "operator": "agency.example"}
OTHER = {"brand": {"domain": "bolt.com"}, "operator": "agency.example"}
DOMAINS = [{"type": "domain", "value": f"{name}.example"} for name in ("daily", "trails", "gear")]
CREATE: dict[str, dict[str, Any]] = {
    "create_property_list": {"name": "Approved"},
    "create_collection_list": {"name": "Approved"},
    "create_content_standards": {
        "scope": {"languages_any": ["en"]},
        "policies": [{"policy_id": "p", "enforcement": "must", "policy": "No violent imagery."}],
    },
}
LIST = {
    "create_property_list": ("list_property_lists", "lists"),
    "create_collection_list": ("list_collection_lists", "lists"),
    "create_content_standards": ("list_content_standards", "standards"),
}


@pytest.mark.parametrize("create", CREATE)
def test_lists_are_paged_by_account_with_opaque_cursors(stage: Stage, create: str) -> None:
    for _ in range(3):
        stage.call(create, CREATE[create] | {"account": ACCOUNT})
    stage.call(create, CREATE[create] | {"account": OTHER})
    stage.call(create, CREATE[create] | {"account": ACCOUNT}, by="rival")
    tool, rows = LIST[create]
    first = stage.call(tool, {"account": ACCOUNT, "pagination": {"max_results": 2}})
    assert (len(first[rows]), first["pagination"]["has_more"], first["pagination"]["total_count"]) == (2, True, 3)
    cursor = first["pagination"]["cursor"]
    assert not cursor.isdecimal()
    last = stage.call(tool, {"account": ACCOUNT, "pagination": {"max_results": 2, "cursor": cursor}})
    assert (len(last[rows]), last["pagination"]) == (1, {"has_more": False, "total_count": 3})
    for bad in ("2", "cGFnZUA5OTk=", "!"):
        assert stage.error(tool, {"pagination": {"cursor": bad}})["field"] == "pagination.cursor"


def test_a_property_list_resolves_is_changed_and_deleted(stage: Stage) -> None:
    body: dict[str, Any] = {"name": "Approved", "account": ACCOUNT}
    body["base_properties"] = [{"selection_type": "identifiers", "identifiers": DOMAINS}]
    made = stage.call("create_property_list", body)
    list_id = made["list"]["list_id"]
    assert (made["list"]["property_count"], bool(made["auth_token"])) == (3, True)
    found = stage.call("get_property_list", {"list_id": list_id, "pagination": {"max_results": 2}})
    assert (found["identifiers"], found["pagination"]["has_more"]) == (DOMAINS[:2], True)
    changed = stage.call("update_property_list", {"list_id": list_id, "filters": {"exclude_identifiers": [DOMAINS[2]]}})
    assert changed["list"]["property_count"] == 2
    assert stage.error("get_property_list", {"list_id": list_id}, by="rival")["code"] == "REFERENCE_NOT_FOUND"
    shared = {"list_id": list_id, "auth_token": made["auth_token"]}
    assert stage.call("get_property_list", shared, by="seller")["list"]["name"] == "Approved"
    assert stage.error("delete_property_list", shared, by="seller")["code"] == "REFERENCE_NOT_FOUND"
    assert stage.call("delete_property_list", {"list_id": list_id})["deleted"] is True
    assert stage.error("get_property_list", {"list_id": list_id})["code"] == "REFERENCE_NOT_FOUND"


def test_publishers_are_found_by_tag_and_features_nobody_measures_leave_out(stage: Stage) -> None:
    tagged = {"selection_type": "publisher_tags", "publisher_domain": "daily.example", "tags": ["news"]}
    made = stage.call("create_property_list", {"name": "News", "base_properties": [tagged]})
    list_id = made["list"]["list_id"]
    assert stage.call("get_property_list", {"list_id": list_id})["identifiers"] == DOMAINS[:1]
    rule = {"feature_id": "carbon", "min_value": 1}
    stage.call("update_property_list", {"list_id": list_id, "filters": {"feature_requirements": [rule]}})
    found = stage.call("get_property_list", {"list_id": list_id})
    assert (found["identifiers"], found["coverage_gaps"]) == ([], {"carbon": DOMAINS[:1]})


def test_delivery_is_compared_with_the_list_and_the_publisher(stage: Stage) -> None:
    body = {"name": "Approved", "base_properties": [{"selection_type": "identifiers", "identifiers": DOMAINS}]}
    list_id = stage.call("create_property_list", body)["list"]["list_id"]
    good = {"identifier": {"type": "domain", "value": "www.trails.example"}, "impressions": 50}
    bad = {"identifier": {"type": "domain", "value": "random.example"}, "impressions": 7, "record_id": "r"}
    sold = {"identifier": DOMAINS[0], "impressions": 1, "sales_agent_url": "https://seller.sandbox.test/"}
    answer = stage.call("validate_property_delivery", {"list_id": list_id, "records": [good, bad, sold]})
    assert (answer["compliant"], answer["summary"]["non_compliant_impressions"]) == (False, 7)
    assert [row["record_id"] for row in answer["results"]] == ["r"]
    assert answer["authorization_summary"]["records_checked"] == 1
    assert stage.call("validate_property_delivery", {"list_id": list_id, "records": [good]})["compliant"] is True


def test_a_collection_list_resolves_is_changed_and_deleted(stage: Stage) -> None:
    titles = [{"type": "imdb_id", "value": f"tt999990{n}"} for n in range(3)]
    base = [{"selection_type": "distribution_ids", "identifiers": titles}]
    made = stage.call("create_collection_list", {"name": "Programmes", "base_collections": base})
    list_id = made["list"]["list_id"]
    assert made["list"]["collection_count"] == 3
    assert len(stage.call("get_collection_list", {"list_id": list_id})["collections"]) == 3
    fewer = {"list_id": list_id, "filters": {"exclude_distribution_ids": titles[:1]}}
    assert stage.call("update_collection_list", fewer)["list"]["collection_count"] == 2
    assert "collections" not in stage.call("get_collection_list", {"list_id": list_id, "resolve": False})
    assert stage.call("delete_collection_list", {"list_id": list_id})["deleted"] is True


def artifact(name: str, text: str = "") -> dict[str, Any]:
    assets = [{"type": "image", "url": f"https://cdn.example/{name}.png", "width": 300, "height": 250}]
    body = {"property_rid": "daily.example", "artifact_id": name, "assets": assets}
    return body | ({"description": text} if text else {})


def test_standards_are_calibrated_and_applied(stage: Stage) -> None:
    standards_id = stage.call("create_content_standards", CREATE["create_content_standards"])["standards_id"]
    body = {"standards_id": standards_id}
    violent = artifact("hunt", "A hunting scene with violent imagery")
    assert stage.call("calibrate_content", body | {"artifact": artifact("trail")})["verdict"] == "pass"
    judged = stage.call("calibrate_content", body | {"artifact": violent})
    assert (judged["verdict"], judged["features"][0]["policy_id"]) == ("fail", "p")
    stage.call("update_content_standards", body | {"calibration_exemplars": {"pass": [violent], "fail": []}})
    assert stage.call("calibrate_content", body | {"artifact": violent})["verdict"] == "pass", "the buyer said so"
    records = [{"record_id": "a", "artifact": violent}, {"record_id": "b", "artifact": artifact("violent-scene")}]
    found = stage.call("validate_content_delivery", body | {"records": records, "include_passed": False})
    assert found["summary"] == {"total_records": 2, "passed_records": 1, "failed_records": 1}
    assert [row["record_id"] for row in found["results"]] == ["b"]
    assert stage.error("get_content_standards", body, by="rival")["code"] == "REFERENCE_NOT_FOUND"
    assert stage.call("get_content_standards", body)["languages_any"] == ["en"]


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
def test_examples_that_are_pages_count_and_are_not_among_the_artifacts_of_an_answer(version: str) -> None:
    stage = Stage({}, version)
    page = {"type": "url", "value": "https://daily.example/war"}
    examples = {"pass": [artifact("hunt")], "fail": [page, artifact("fight")], "unsure": 3}
    body = CREATE["create_content_standards"] | {"calibration_exemplars": examples}
    found = {"standards_id": stage.call("create_content_standards", body)["standards_id"]}
    judged = stage.call("calibrate_content", found | {"artifact": artifact("war") | {"url": page["value"]}})
    assert judged["verdict"] == "fail"
    shown = {"pass": [artifact("hunt")], "fail": [artifact("fight")]}
    assert stage.call("get_content_standards", found)["calibration_exemplars"] == shown
    [row] = stage.call("list_content_standards", {})["standards"]
    assert row["calibration_exemplars"] == shown
    assert not list(stage.world.trace.of("violation"))


def test_what_should_be_only_warns_and_what_cannot_be_read_is_left_to_people(stage: Stage) -> None:
    texts = {"no_stock": ("should", "No stock photography."), "dpi": ("must", "Minimum 72 DPI for display assets")}
    policies = [{"policy_id": name, "enforcement": e, "policy": text} for name, (e, text) in texts.items()]
    body = {"scope": {"languages_any": ["en"]}, "policies": policies}
    standards_id = stage.call("create_content_standards", body)["standards_id"]
    stock = artifact("ad", "An ad with stock photography")
    judged = stage.call("calibrate_content", {"standards_id": standards_id, "artifact": stock})
    assert [feature["status"] for feature in judged["features"]] == ["warning", "unevaluated"]
    assert judged["verdict"] == "pass"
