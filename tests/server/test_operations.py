"""Every operation of the platform, over REST and over MCP, with the requests that the seeds show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest

from sandbox.core.time import parse_instant
from sandbox.operations.paths import Paths
from tests.server.conftest import Live, MakeLive
from tests.server.story import creatives, data, plan, tactics
from tests.server.story.doors import OPERATIONS, Door, HttpDoor, mcp_door

Way = Literal["http", "operation", "path"]

WORLD = str(Path(__file__).parent / "story" / "world.yaml")

V2, BUYER, OLD = "/api/v2", "/api/v2/buyer", "/api/buyer"
ADVERTISER, CAMPAIGN = f"{BUYER}/advertisers/{{id}}", f"{BUYER}/campaigns/{{id}}"

CATALOGUE = f"""
get_current_account             GET    {V2}/accounts/current
list_accounts                   GET    {V2}/accounts
list_advertisers                GET    {BUYER}/advertisers
get_advertiser                  GET    {ADVERTISER}
create_advertiser               POST   {BUYER}/advertisers
update_advertiser               PUT    {ADVERTISER}
list_available_accounts         GET    {ADVERTISER}/accounts/available
list_campaigns                  GET    {BUYER}/campaigns
get_campaign                    GET    {CAMPAIGN}
get_campaign_products           GET    {CAMPAIGN}/products
create_campaign                 POST   {BUYER}/campaigns
update_campaign                 PUT    {CAMPAIGN}
delete_campaign                 DELETE {CAMPAIGN}
execute_campaign                POST   {CAMPAIGN}/execute
pause_campaign                  POST   {CAMPAIGN}/pause
reactivate_campaign             POST   {OLD}/campaigns/{{id}}/reactivate
reactivate_campaign             POST   {CAMPAIGN}/reactivate
auto_select_products            POST   {CAMPAIGN}/auto-select-products
get_media_buy_status            GET    {CAMPAIGN}/media-buy-status
list_campaigns                  GET    {OLD}/campaigns
list_creative_templates         GET    {OLD}/campaigns/{{id}}/creatives/formats
discover_products               POST   {BUYER}/discovery/discover-products
browse_discovery                GET    {BUYER}/discovery/{{id}}/discover-products
add_discovery_products          POST   {BUYER}/discovery/{{id}}/products
list_discovery_products         GET    {BUYER}/discovery/{{id}}/products
remove_discovery_products       DELETE {BUYER}/discovery/{{id}}/products
sync_event_sources              POST   {ADVERTISER}/event-sources/sync
list_event_sources              GET    {ADVERTISER}/event-sources
create_event_source             POST   {ADVERTISER}/event-sources
get_event_summary               GET    {ADVERTISER}/events/summary
log_event                       POST   {ADVERTISER}/log-event
sync_measurement_data           POST   {ADVERTISER}/measurement-data/sync
list_measurement_sources        GET    {ADVERTISER}/measurement-sources
create_measurement_source       POST   {ADVERTISER}/measurement-sources
upload_measurement_records      POST   {ADVERTISER}/measurement-records
list_measurement_records        GET    {ADVERTISER}/measurement-records
upload_context_records          POST   {ADVERTISER}/context-records
get_measurement_freshness       GET    {ADVERTISER}/measurement-freshness
list_test_cohorts               GET    {ADVERTISER}/test-cohorts
create_test_cohort              POST   {ADVERTISER}/test-cohorts
get_creative_dashboard_url      GET    {BUYER}/creative-dashboard-url
list_creatives                  GET    {CAMPAIGN}/creatives
list_creatives                  GET    {CAMPAIGN}/creativeManifest
get_creative                    GET    {CAMPAIGN}/creatives/{{id}}
create_creative                 POST   {CAMPAIGN}/creatives/create
create_creative                 POST   {OLD}/campaigns/{{id}}/creatives/create
update_creative                 PUT    {CAMPAIGN}/creatives/{{id}}
delete_creative                 DELETE {CAMPAIGN}/creatives/{{id}}
preview_creative                POST   {CAMPAIGN}/creatives/{{id}}/preview
start_creative_session          POST   {CAMPAIGN}/creative-sessions
list_creative_templates         GET    {CAMPAIGN}/creatives/templates
list_formats                    GET    {BUYER}/formats
get_format                      GET    {BUYER}/formats/{{id}}/{{id}}
get_reporting_metrics           GET    {BUYER}/reporting/metrics
sync_catalogs                   POST   {ADVERTISER}/catalogs/sync
list_catalogs                   GET    {ADVERTISER}/catalogs
list_storefronts                GET    {BUYER}/storefronts
get_storefront                  GET    {BUYER}/storefronts/{{id}}
list_agent_credentials          GET    {BUYER}/storefronts/credentials
register_source_credentials     POST   {BUYER}/storefronts/{{id}}/sources/{{id}}/credentials
sync_audiences                  POST   {ADVERTISER}/audiences/sync
list_audiences                  GET    {ADVERTISER}/audiences
get_audience                    GET    {ADVERTISER}/audiences/{{id}}
syndicate                       POST   {ADVERTISER}/syndicate
syndication_status              GET    {ADVERTISER}/syndication-status
get_task                        GET    {BUYER}/tasks/{{id}}
create_property_list            POST   {ADVERTISER}/property-lists
list_property_lists             GET    {ADVERTISER}/property-lists
get_property_list               GET    {ADVERTISER}/property-lists/{{id}}
update_property_list            PUT    {ADVERTISER}/property-lists/{{id}}
delete_property_list            DELETE {ADVERTISER}/property-lists/{{id}}
resolve_property_list           GET    /lists/{{id}}
check_property_list             POST   {BUYER}/property-lists/check
get_property_list_report        GET    {BUYER}/property-lists/reports/{{id}}
list_activity                   GET    {BUYER}/audit-logs
list_notifications              GET    {V2}/notifications
read_notification               POST   {V2}/notifications/{{id}}/read
acknowledge_notification        POST   {V2}/notifications/{{id}}/acknowledge
read_all_notifications          POST   {V2}/notifications/read-all
list_optimization_suggestions   GET    {BUYER}/optimization-suggestions
get_optimization_suggestion     GET    {BUYER}/optimization-suggestions/{{id}}
approve_optimization_suggestion POST   {BUYER}/optimization-suggestions/{{id}}/approve
reject_optimization_suggestion  POST   {BUYER}/optimization-suggestions/{{id}}/reject
"""
"""What the seeds name: operation, method and path. Outcome agents (seed 002) are not the platform's."""


@contextmanager
def opened(live: Live, way: Way) -> Iterator[Door]:
    """A door to a sandbox: requests, or ``api_call`` in one of its forms."""
    if way == "http":
        yield HttpDoor(live)
    else:
        with mcp_door(live, way) as door:
            yield door


def offered(way: Way) -> set[str]:
    """What has to be called: over MCP everything but what it leaves out (rule 185)."""
    return {name for name, operation in OPERATIONS.items() if way == "http" or operation.detail.mcp}


@pytest.mark.parametrize("way", ["http", "operation", "path"])
def test_every_operation_answers_and_every_example_works(make_live: MakeLive, way: Way) -> None:
    # rules 1, 2, 7 and 11, C59: both edges, both forms of api_call; answers are of the types that are published
    called: set[str] = set()
    for story in (data, plan, creatives, tactics):
        live = make_live(scenario=WORLD, start_ms=parse_instant(story.BEGIN), journal="memory")
        with opened(live, way) as door:
            story.tell(door)
        called |= door.called
        live.stop()
    assert sorted(offered(way) - called) == []


@pytest.mark.parametrize("story", [data, plan, creatives], ids=lambda story: story.__name__.rpartition(".")[2])
def test_all_of_it_is_rebuilt_from_a_journal_without_secrets(
    make_live: MakeLive, tmp_path: Path, story: ModuleType
) -> None:  # rule 22
    settings = {"scenario": WORLD, "start_ms": parse_instant(story.BEGIN)}
    first = make_live(**settings)
    story.tell(HttpDoor(first))
    before = happened(first)
    first.stop()
    assert not any(b"my-api-key" in file.read_bytes() for file in tmp_path.glob("journal.db*"))
    again = make_live(**settings)
    assert again.line["replayed"] > 20
    assert happened(again) == before


def happened(live: Live) -> list[dict[str, Any]]:
    """Everything that the world of the first customer has seen."""
    found: list[dict[str, Any]] = []
    while True:
        asked = {"after": len(found), "limit": 1000}
        page = live.ok("GET", "/_sandbox/events", params=asked)["events"]
        found += page
        if not page:
            return found


@pytest.mark.parametrize("row", CATALOGUE.strip().splitlines(), ids=lambda row: " ".join(row.split()))
def test_what_the_seeds_name_is_served(row: str) -> None:  # rule 1, C1, C2, C20
    operation, method, path = row.split()
    found = Paths(OPERATIONS.values()).find(method, path.replace("{id}", "x1"))
    assert found is not None
    assert found[0].name == operation
