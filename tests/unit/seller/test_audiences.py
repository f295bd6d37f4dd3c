"""Buyers' own data at a sales agent: sync_audiences, sync_event_sources, log_event, sync_catalogs."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.unit.seller.conftest import ACCOUNT, Opener, Stage

SETTINGS = {"match_rate": 1.0, "minimum_size": 50, "match_delay": "1h"}


def people(count: int, first: int = 0) -> list[dict[str, Any]]:
    hashes = [hashlib.sha256(f"u{n}".encode()).hexdigest() for n in range(first, first + count)]
    return [{"external_id": f"u{first + n}", "hashed_email": each} for n, each in enumerate(hashes)]


def sync(stage: Stage, **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"audiences": [{"audience_id": "crm", **fields}]} if fields else {}
    row: dict[str, Any] = stage.call("sync_audiences", account=ACCOUNT, **body)["audiences"][0]
    return row


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
def test_an_audience_is_matched_after_a_while(stage: Opener, version: str) -> None:
    world = stage(version=version, audience_targeting=SETTINGS)
    row = sync(world, name="Customers", add=people(300))
    assert (row["action"], row["status"], row["uploaded_count"]) == ("created", "processing", 300)
    assert "matched_count" not in row
    world.run("+2h")
    row = sync(world)  # asks only
    assert (row["action"], row["status"], row["uploaded_count"]) == ("unchanged", "ready", 0)
    assert (row["matched_count"], row["total_uploaded_count"], row["effective_match_rate"]) == (300, 300, 1.0)
    assert row["match_breakdown"] == [{"id_type": "hashed_email", "submitted": 300, "matched": 300, "match_rate": 1.0}]
    assert world.statuses("audience") == ["processing", "ready"]


def test_an_audience_under_the_minimum_is_too_small(stage: Opener) -> None:  # facts 4.15
    world = stage(audience_targeting=SETTINGS)
    sync(world, add=people(49))
    world.run("+2h")
    row = sync(world)
    assert (row["status"], row["minimum_size"]) == ("too_small", 50)
    sync(world, add=people(1, 49))
    world.run("+2h")
    assert sync(world)["status"] == "ready"


def test_removal_wins_and_deletion_forgets(stage: Opener) -> None:
    world = stage(audience_targeting=SETTINGS)
    sync(world, add=people(100))
    row = sync(world, add=people(1, 500), remove=people(1, 500))
    assert (row["action"], row["total_uploaded_count"]) == ("unchanged", 100)
    assert sync(world, delete=True)["action"] == "deleted"
    assert sync(world, delete=True)["action"] == "failed"
    assert world.call("sync_audiences", account=ACCOUNT)["audiences"] == []


def test_half_of_the_identifiers_are_found_and_always_the_same(stage: Opener) -> None:
    world = stage(audience_targeting={**SETTINGS, "match_rate": 0.5})
    sync(world, add=people(400))
    world.run("+2h")
    first = sync(world)["matched_count"]
    assert 150 < first < 250
    sync(world, delete=True)
    sync(world, add=people(400))
    world.run("+2h")
    assert sync(world)["matched_count"] == first


def test_who_takes_no_audiences_has_no_tool_and_no_targeting(stage: Opener) -> None:
    world = stage()
    assert world.error("sync_audiences", account=ACCOUNT)["code"] == "UNSUPPORTED_FEATURE"
    assert "audience_targeting" not in world.call("get_adcp_capabilities")["media_buy"]
    order = world.order(package={"targeting_overlay": {"audience_include": ["crm"]}})
    assert world.error("create_media_buy", **order)["field"] == "packages[0].targeting_overlay.audience_include"


def test_capabilities_tell_the_terms_of_matching(stage: Opener) -> None:
    world = stage(audience_targeting=SETTINGS, event_tracking=True, catalog_management=True)
    told = world.call("get_adcp_capabilities")["media_buy"]
    assert told["audience_targeting"]["minimum_audience_size"] == 50
    assert "conversion_tracking" in told
    assert told["features"]["catalog_management"] is True


def test_orders_name_audiences_that_there_are_and_that_are_large_enough(stage: Opener) -> None:
    world = stage(audience_targeting=SETTINGS)

    def refused(side: str) -> str:
        order = world.order(package={"targeting_overlay": {side: ["crm"]}})
        return str(world.error("create_media_buy", **order)["code"])

    assert refused("audience_include") == refused("audience_exclude") == "REFERENCE_NOT_FOUND"
    sync(world, add=people(10))
    world.run("+2h")
    assert refused("audience_include") == "AUDIENCE_TOO_SMALL"
    world.buy(package={"targeting_overlay": {"audience_exclude": ["crm"]}})  # to leave out a few is possible
    rival = {"brand": {"domain": "rival.com"}, "operator": "agency.example"}
    order = world.order(account=rival, package={"targeting_overlay": {"audience_exclude": ["crm"]}})
    assert world.error("create_media_buy", sender="rival", **order)["code"] == "REFERENCE_NOT_FOUND"


@pytest.mark.parametrize(("side", "least", "most"), [("audience_include", 1, 520), ("audience_exclude", 521, 5_000)])
def test_lines_reach_the_matched_share_of_the_people(stage: Opener, side: str, least: int, most: int) -> None:
    world = stage(audience_targeting=SETTINGS, pacing_method="due_time")
    sync(world, add=people(500))  # of 5,000
    world.run("+2h")
    package = {"targeting_overlay": {side: ["crm"]}, "pacing": "asap"}
    _, package_id = world.running(package=package)
    world.run("+8d")
    world.world.market.settle()
    assert least <= world.world.market.engine.reach("package", package_id) <= most
    assert world.world.market.engine.audit() == []


def test_a_deleted_audience_reaches_nobody_any_more(stage: Opener) -> None:
    world = stage(audience_targeting=SETTINGS)
    sync(world, add=people(500))
    world.run("+2h")
    _, package_id = world.running(package={"targeting_overlay": {"audience_include": ["crm"]}})
    world.run("+1d")
    before = world.world.market.engine.totals(package_id).impressions
    sync(world, delete=True)
    world.run("+3d")
    assert world.world.market.engine.totals(package_id).impressions == before > 0


def test_event_sources_take_events_once_told_of(stage: Opener) -> None:
    world = stage(event_tracking=True)
    purchase = {"event_id": "e1", "event_type": "purchase", "event_time": "2026-04-30T10:00:00Z"}
    log: dict[str, Any] = {"event_source_id": "pixel", "events": [purchase, {**purchase, "event_type": "lead"}]}
    assert world.error("log_event", **log)["code"] == "REFERENCE_NOT_FOUND"
    source = {"event_source_id": "pixel", "event_types": ["purchase"]}
    rows = world.call("sync_event_sources", account=ACCOUNT, event_sources=[source])["event_sources"]
    assert [row["action"] for row in rows] == ["created"]
    answer = world.call("log_event", **log)
    assert (answer["events_received"], answer["events_processed"]) == (2, 1)
    assert [failure["code"] for failure in answer["partial_failures"]] == ["INVALID_EVENT_TYPE"]
    other = {"event_source_id": "app"}
    rows = world.call("sync_event_sources", account=ACCOUNT, event_sources=[other], delete_missing=True)
    assert [row["action"] for row in rows["event_sources"]] == ["created", "deleted"]
    assert len(world.call("sync_event_sources", account=ACCOUNT)["event_sources"]) == 1


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
def test_catalogs_are_kept_unless_it_is_a_dry_run(stage: Opener, version: str) -> None:
    world = stage(version=version, catalog_management=True)
    shoes = {"catalog_id": "shoes", "type": "product", "items": [{"id": "1"}, {"id": "2"}]}
    told = world.call("sync_catalogs", account=ACCOUNT, catalogs=[shoes], dry_run=True)
    assert (told["dry_run"], told["catalogs"][0]["action"]) == (True, "created")
    assert world.call("sync_catalogs", account=ACCOUNT)["catalogs"] == []
    row = world.call("sync_catalogs", account=ACCOUNT, catalogs=[shoes])["catalogs"][0]
    assert (row["action"], row["item_count"]) == ("created", 2)
    boots = {**shoes, "catalog_id": "boots"}
    rows = world.call("sync_catalogs", account=ACCOUNT, catalogs=[boots], delete_missing=True)["catalogs"]
    assert [row["action"] for row in rows] == ["created", "deleted"]


def test_a_release_is_told_of_the_types_of_events_that_it_knows(stage: Opener) -> None:
    world = stage(event_tracking=True)
    source = {"event_source_id": "pixel", "event_types": ["content_view", "purchase", "follow"]}
    world.call("sync_event_sources", account=ACCOUNT, event_sources=[source])
    world.version = "3.0"
    [row] = world.call("sync_event_sources", account=ACCOUNT)["event_sources"]
    assert row["event_types"] == ["purchase"]


def test_nothing_of_a_list_is_taken_when_one_of_it_is_refused(stage: Opener) -> None:
    world = stage(catalog_management=True, event_tracking=True)
    shoes = {"catalog_id": "shoes", "type": "product", "items": [{"id": "1"}]}
    nameless = {"type": "product", "items": [{"id": "1"}]}
    error = world.error("sync_catalogs", account=ACCOUNT, catalogs=[shoes, nameless])
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "catalogs[1].catalog_id")
    assert world.call("sync_catalogs", account=ACCOUNT)["catalogs"] == []
    world.call("sync_event_sources", account=ACCOUNT, event_sources=[{"event_source_id": "pixel"}])
    bought = {"event_id": "e1", "event_type": "purchase", "event_time": "2026-04-30T10:00:00Z"}
    ancient = {"event_id": "e2", "event_type": "purchase", "event_time": "1960-04-30T10:00:00Z"}
    assert world.error("log_event", event_source_id="pixel", events=[bought, ancient])["field"] == "events.event_time"
    assert not world.seller.synced.events
