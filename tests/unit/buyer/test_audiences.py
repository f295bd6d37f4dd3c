"""Audiences: asynchronous sync, members, matching, status (rules 141 to 143; C27, C45, C62)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.buyer.audience_state import Audience
from sandbox.kernel.endpoint import Endpoint, Operation
from sandbox.protocol.dialect import InboxDialect
from tests.unit.buyer.conftest import MakePlatform, Platform

UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def members(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [{"externalId": f"u{n}", "hashedEmail": sha(f"u{n}@acme.com")} for n in range(first, first + count)]


def sync(platform: Platform, advertiser: str, *audiences: dict[str, Any], **fields: Any) -> dict[str, Any]:
    body = {"audiences": list(audiences), **fields}
    return platform.call("sync_audiences", body, {"accountId": advertiser})


def listed(platform: Platform, advertiser: str, **params: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = platform.call("list_audiences", path={"accountId": advertiser}, params=params)[
        "audiences"
    ]
    return rows


def one(platform: Platform, advertiser: str, audience: str = "crm") -> dict[str, Any]:
    return platform.call("get_audience", path={"accountId": advertiser, "audienceId": audience})


def task(platform: Platform, done: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = platform.call("get_task", path={"taskId": done["taskId"]})["task"]
    return found


def test_a_sync_is_accepted_at_once_and_matched_later(platform: Platform) -> None:  # rules 141, 143
    advertiser = platform.advertiser()
    payload = {"audiences": [{"audienceId": "crm", "name": "CRM", "add": members(400), "consentBasis": "consent"}]}
    reply = platform.reply("sync_audiences", payload, {"accountId": advertiser})
    assert reply.status == 202
    assert (reply.body["success"], reply.body["accountId"]) == (True, advertiser)
    assert reply.body["taskId"] == reply.body["operationId"]
    row = listed(platform, advertiser)[0]
    assert (row["status"], row["uploadedCount"], row["matchedCount"]) == ("PROCESSING", 400, None)
    platform.advance("20m")
    row = one(platform, advertiser)
    assert row["status"] == "READY"
    assert 180 < row["matchedCount"] < 300  # six of ten are found
    assert (row["consentBasis"], row["lastOperationStatus"]) == ("consent", "completed")


def test_ids_of_operations_are_uuids(platform: Platform) -> None:  # rule 141
    import re

    done = sync(platform, platform.advertiser(), {"audienceId": "crm", "add": members(1)})
    assert re.match(UUID, done["operationId"])


def test_the_summary_leaves_out_what_only_the_full_form_tells(platform: Platform) -> None:  # C45
    advertiser = platform.advertiser()
    sync(platform, advertiser, {"audienceId": "crm", "add": members(1), "consentBasis": "contract"})
    assert {"consentBasis", "lastOperationStatus"}.isdisjoint(listed(platform, advertiser)[0])
    assert one(platform, advertiser)["lastOperationStatus"] == "submitted"


def test_an_audience_below_the_platforms_minimum_is_too_small(make_platform: MakePlatform) -> None:  # rule 143
    platform = make_platform(buyer={"audiences": {"minimum_size": 5, "match_rate": 1.0, "match_delay": "1m"}})
    advertiser = platform.advertiser()
    sync(platform, advertiser, {"audienceId": "crm", "add": members(4)})
    platform.advance("2m")
    assert (one(platform, advertiser)["status"], one(platform, advertiser)["matchedCount"]) == ("TOO_SMALL", 4)
    sync(platform, advertiser, {"audienceId": "crm", "add": members(1, 4)})
    assert one(platform, advertiser)["status"] == "PROCESSING"
    platform.advance("2m")
    assert (one(platform, advertiser)["status"], one(platform, advertiser)["matchedCount"]) == ("READY", 5)


def test_matching_that_breaks_down_is_an_error_and_its_task_failed(make_platform: MakePlatform) -> None:
    platform = make_platform(buyer={"audiences": {"error_rate": 1.0}})  # rules 143, 144
    advertiser = platform.advertiser()
    done = sync(platform, advertiser, {"audienceId": "crm", "add": members(3)})
    platform.advance("20m")
    assert (one(platform, advertiser)["status"], one(platform, advertiser)["lastOperationStatus"]) == (
        "ERROR",
        "failed",
    )
    row = task(platform, done)
    assert (row["status"], row["retryAfterSeconds"]) == ("failed", None)
    assert set(row["error"]) == {"code", "message", "field", "suggestion", "recovery"}
    assert row["error"]["recovery"] == "transient"


def test_members_are_upserted_removed_and_added_again(platform: Platform) -> None:  # rule 142
    advertiser = platform.advertiser()
    sync(platform, advertiser, {"audienceId": "crm", "add": [*members(3), *members(3)]})
    assert one(platform, advertiser)["uploadedCount"] == 3
    sync(platform, advertiser, {"audienceId": "crm", "remove": [{"externalId": "u0"}, {"externalId": "stranger"}]})
    assert one(platform, advertiser)["uploadedCount"] == 2
    sync(platform, advertiser, {"audienceId": "crm", "add": members(1)})
    assert one(platform, advertiser)["uploadedCount"] == 3
    sync(platform, advertiser, {"audienceId": "crm", "add": members(1, 9), "remove": [{"externalId": "u9"}]})
    assert one(platform, advertiser)["uploadedCount"] == 3  # what is in both goes


def test_one_person_under_two_ids_is_matched_once(make_platform: MakePlatform) -> None:  # rule 143
    platform = make_platform(buyer={"audiences": {"match_rate": 1.0}})
    advertiser, same = platform.advertiser(), sha("same@acme.com")
    twins = [{"externalId": name, "hashedEmail": same} for name in ("a", "b")]
    sync(platform, advertiser, {"audienceId": "crm", "add": twins})
    platform.advance("20m")
    row = one(platform, advertiser)
    assert (row["uploadedCount"], row["matchedCount"]) == (2, 1)


def test_the_same_person_is_found_again_in_every_audience(platform: Platform) -> None:  # rule 143
    advertiser = platform.advertiser()
    sync(platform, advertiser, {"audienceId": "a", "add": members(300)})
    sync(platform, advertiser, {"audienceId": "b", "add": members(300)})
    platform.advance("20m")
    assert one(platform, advertiser, "a")["matchedCount"] == one(platform, advertiser, "b")["matchedCount"]


def test_deleted_audiences_are_marked_and_forget_their_members(platform: Platform) -> None:  # rule 143
    advertiser = platform.advertiser()
    sync(platform, advertiser, *({"audienceId": name, "add": members(2)} for name in "abc"))
    sync(platform, advertiser, {"audienceId": "a", "delete": True, "add": members(5)})
    assert (one(platform, advertiser, "a")["deleted"], one(platform, advertiser, "a")["uploadedCount"]) == (True, 0)
    sync(platform, advertiser, {"audienceId": "b"}, deleteMissing=True)
    assert [row["deleted"] for row in listed(platform, advertiser)] == [True, False, True]
    platform.advance("20m")
    sync(platform, advertiser, {"audienceId": "a", "add": members(1)})
    assert (one(platform, advertiser, "a")["deleted"], one(platform, advertiser, "a")["uploadedCount"]) == (False, 1)
    sync(platform, advertiser, deleteMissing=True)
    assert all(row["deleted"] for row in listed(platform, advertiser))


@pytest.mark.parametrize(
    ("audience", "field"),
    [
        ({"add": [{"externalId": "u"}]}, "audiences[0].add[0]"),  # no identifier
        ({"add": [{"hashedEmail": sha("x")}]}, "audiences[0].add[0].externalId"),
        ({"add": [{"externalId": "u", "hashedEmail": "x@acme.com"}]}, "audiences[0].add[0].hashedEmail"),
        ({"add": [{"externalId": "u", "hashedPhone": sha("x").upper()}]}, "audiences[0].add[0].hashedPhone"),
        ({"add": [{"externalId": "u", "uids": [{"type": "ssn", "value": "1"}]}]}, "audiences[0].add[0].uids[0].type"),
        ({"add": members(10_001)}, "audiences[0].add"),
        ({"remove": [{"externalId": str(n)} for n in range(10_001)]}, "audiences[0].remove"),
        ({"consentBasis": "hope"}, "audiences[0].consentBasis"),
        ({"audienceId": None}, "audiences[0].audienceId"),
    ],
)
def test_a_wrong_sync_changes_nothing(platform: Platform, audience: dict[str, Any], field: str) -> None:  # rule 142
    advertiser = platform.advertiser()
    body = {"audiences": [{"audienceId": "crm", **audience}]}
    error = platform.error("sync_audiences", body, {"accountId": advertiser})
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)
    assert listed(platform, advertiser) == []


def test_a_call_has_a_hundred_thousand_members_at_most(platform: Platform) -> None:  # rule 142
    advertiser = platform.advertiser()
    leavers = [{"externalId": str(n)} for n in range(10_000)]
    full = [{"audienceId": f"a{n}", "remove": leavers} for n in range(10)]
    over = [*full, {"audienceId": "more", "remove": leavers[:1]}]
    error = platform.error("sync_audiences", {"audiences": over}, {"accountId": advertiser})
    assert error["field"] == "audiences"
    assert "100000" in error["message"]
    assert len(sync(platform, advertiser, *full)) == 4


def test_an_audience_is_named_once_in_a_call(platform: Platform) -> None:  # rule 142
    body = {"audiences": [{"audienceId": "crm"}, {"audienceId": "crm"}]}
    error = platform.error("sync_audiences", body, {"accountId": platform.advertiser()})
    assert error["field"] == "audiences[1].audienceId"
    assert platform.error("sync_audiences", {"audiences": []}, {"accountId": "1"})["field"] == "audiences"


def test_the_path_takes_both_names_of_the_advertiser(platform: Platform) -> None:  # C27
    advertiser = platform.advertiser()
    assert platform.call("list_audiences", path={"advertiserId": advertiser})["total"] == 0


def test_audiences_are_paged_by_take_and_skip(platform: Platform) -> None:  # rule 8
    advertiser = platform.advertiser()
    sync(platform, advertiser, *({"audienceId": f"a{n}"} for n in range(4)))
    page = platform.call("list_audiences", path={"accountId": advertiser}, params={"take": "2", "skip": "3"})
    assert ([row["audienceId"] for row in page["audiences"]], page["total"]) == (["a3"], 4)
    error = platform.error("list_audiences", path={"accountId": advertiser}, params={"take": "101"})
    assert error["field"] == "take"


def test_audiences_of_others_are_not_there(make_platform: MakePlatform) -> None:  # rule 13
    platform = make_platform(buyer={"customers": [{"name": "Acme"}, {"name": "Other"}]})
    advertiser = platform.advertiser()
    done = sync(platform, advertiser, {"audienceId": "crm"})
    path = {"accountId": advertiser, "audienceId": "crm"}
    assert platform.error("get_audience", path=path, customer="other")["code"] == "NOT_FOUND"
    assert platform.error("get_task", path={"taskId": done["taskId"]}, customer="other")["code"] == "NOT_FOUND"


def test_whoever_asked_is_told_by_webhook(platform: Platform) -> None:  # C62
    heard: list[dict[str, Any]] = []
    driver = platform.world.actors["driver"]
    driver.inbox = Endpoint(driver, InboxDialect(), [Operation("webhook", lambda _, body: heard.append(body))])
    platform.world.ecosystem.link("buyer", "driver", "authorised_for")
    push = {"url": platform.world.network.url("driver", "news"), "operation_id": "op-1", "token": "t" * 16}
    done = sync(platform, platform.advertiser(), {"audienceId": "crm"}, pushNotificationConfig=push)
    platform.advance("20m")
    assert [news["status"] for news in heard] == ["working", "completed"]
    assert {news["task_id"] for news in heard} == {done["taskId"]}
    assert {news["operation_id"] for news in heard} == {"op-1"}


def test_nothing_is_sent_to_addresses_outside_of_the_world(platform: Platform) -> None:  # C62
    push = {"url": "https://hooks.acme.com/x", "authentication": {"schemes": ["Bearer"], "credentials": "s3cret"}}
    sync(platform, platform.advertiser(), {"audienceId": "crm"}, pushNotificationConfig=push)
    platform.advance("20m")
    assert platform.events("webhook") == []
    assert "s3cret" not in str(platform.messages("sync_audiences"))


def test_a_campaign_names_audiences_that_there_are(platform: Platform) -> None:  # rules 64, 97; C65
    advertiser = platform.advertiser()
    sync(platform, advertiser, {"audienceId": "crm", "name": "Customers"})
    campaign = platform.campaign(advertiser, audienceConfig={"targetAudienceIds": ["crm"]})
    row = platform.call("get_campaign", path={"campaignId": campaign})["audiences"][0]
    assert (row["name"], row["type"], row["status"]) == ("Customers", "TARGET", "ACTIVE")
    body = {"audienceConfig": {"suppressAudienceIds": ["crm", "ghost"]}}
    error = platform.error("update_campaign", body, {"campaignId": campaign})
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "audienceConfig.suppressAudienceIds[1]")
    body = {"audienceConfig": {"targetAudienceIds": [f"a{n}" for n in range(101)]}}
    assert platform.error("update_campaign", body, {"campaignId": campaign})["field"].endswith("targetAudienceIds")


changes = st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 3)), max_size=30)


@settings(max_examples=100, deadline=None)
@given(changes)
def test_members_are_what_was_added_last_and_not_removed(steps: list[tuple[bool, int, int]]) -> None:  # rule 142
    audience, wanted = Audience("a", "1", "a", 0, 0), dict[str, Any]()
    for added, who, version in steps:
        name, known = str(who), (("uid2", f"v{version}"),)
        audience.change([(name, known)] if added else [], [] if added else [name])
        wanted = {**wanted, name: known} if added else {n: k for n, k in wanted.items() if n != name}
    assert audience.members == wanted


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=60), st.integers(0, 40))
def test_more_members_never_match_fewer_people(people: list[int], more: int) -> None:  # rule 143
    audiences = _WORLD().buyer.audiences
    rows = [(("hashed_email", sha(str(n))),) for n in people]
    matched = audiences.matched(rows)
    assert matched <= len(set(people))
    assert matched <= audiences.matched([*rows, (("hashed_email", sha(str(more))),)]) <= matched + 1


def _WORLD(made: list[Platform] = []) -> Platform:  # noqa: B006, N802 - one world for all examples
    from tests.unit.buyer.conftest import build

    if not made:
        made.append(build())
    return made[0]
