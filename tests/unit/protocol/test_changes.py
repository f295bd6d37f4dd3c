"""Each difference of the releases by itself: what is right in one, wrong in the other, and right once changed."""

import copy
from typing import Any

import pytest

from sandbox.protocol import schemas
from sandbox.protocol.versions import from_wire, schema_name, to_wire
from tests.unit.protocol.examples import ACCOUNT, ANSWERS, NATURAL, NOTICE, OVERLAY, REQUESTS

AGENTS = [{"url": f"https://{n}.example", "categories": ["brand_policy"]} for n in ("one", "two")]
NEW_EVENTS = {**NOTICE, "event_types": ["creative.purged", "account.status_changed"]}
POSTAL = {"country": "GB", "system": "outward", "values": ["SW1A"]}
NULLS = {"impressions": 1, "spend": 1.0, "completion_rate": None, "quartile_data": None}
REVENUE_SHARE = {
    "pricing_option_id": "share",
    "pricing_model": "revenue_share",
    "currency": "USD",
    "event_type": "purchase",
    "event_source_id": "shop",
    "commission_rate": 0.1,
    "commission_basis_description": "net sales",
}
REPORTS = REQUESTS["create_media_buy"]["reporting_webhook"]
SCOPES = [
    {"scope": {"publisher_domain": "daily.example"}, "approval_status": "approved"},
    {"scope": {"publisher_domain": "evening.example"}, "approval_status": "pending_review"},
]
ROW = "media_buy_deliveries.0.by_package.0"

TO = [
    ("create_media_buy", "request", "3.0", "packages.0.targeting_overlay.geo_postal_areas_exclude", [POSTAL]),
    (
        "create_media_buy",
        "request",
        "3.0",
        "packages.0.optimization_goals.0",
        {
            "kind": "event",
            "event_sources": [{"event_source_id": "shop", "event_type": "purchase"}],
            "attribution_window": {"model": "last_touch"},
        },
    ),
    ("update_media_buy", "request", "3.0", "packages.0.targeting_overlay", OVERLAY),
    ("update_media_buy", "request", "3.0", "reporting_webhook", {**REPORTS, "requested_metrics": ["clicks", "plays"]}),
    ("get_products", "request", "3.0", "fields", ["product_id", "format_options"]),
    ("list_creatives", "request", "3.0", "filters.statuses", ["suspended"]),
    (
        "sync_accounts",
        "request",
        "3.2",
        "accounts.0.notification_configs.0.event_types",
        ["scheduled", "creative.purged"],
    ),
    ("sync_accounts", "answer", "3.2", "accounts.0.notification_configs.0.event_types", ["final", "creative.purged"]),
    ("sync_accounts", "answer", "3.2", "accounts.0.errors", []),
    (
        "list_accounts",
        "answer",
        "3.2",
        "accounts.0.notification_configs",
        [{**NOTICE, "event_types": ["impairment", "creative.purged"]}],
    ),
    ("update_media_buy", "answer", "3.0", "valid_actions", ["update_pacing", "remove_packages"]),
    ("sync_creatives", "answer", "3.0", "creatives.0.status", "suspended"),
    (
        "sync_audiences",
        "answer",
        "3.0",
        "audiences",
        [{"audience_id": "a", "action": "unchanged", "status": "suspended"}],
    ),
    ("get_media_buy_delivery", "answer", "3.0", f"{ROW}.by_creative", [{**NULLS, "creative_id": "c"}]),
    (
        "get_media_buy_delivery",
        "answer",
        "3.0",
        f"{ROW}.by_catalog_item",
        [{**NULLS, "content_id": "i", "content_id_type": "sku"}],
    ),
    (
        "get_media_buy_delivery",
        "answer",
        "3.0",
        f"{ROW}.by_keyword",
        [{**NULLS, "keyword": "k", "match_type": "broad"}],
    ),
    ("get_media_buy_delivery", "answer", "3.0", f"{ROW}.by_device_type", [{**NULLS, "device_type": "ctv"}]),
    ("get_media_buy_delivery", "answer", "3.0", f"{ROW}.by_device_platform", [{**NULLS, "device_platform": "ios"}]),
    (
        "get_media_buy_delivery",
        "answer",
        "3.0",
        f"{ROW}.by_audience",
        [{**NULLS, "audience_id": "a", "audience_source": "synced"}],
    ),
    ("get_media_buy_delivery", "answer", "3.0", f"{ROW}.by_placement", [{**NULLS, "placement_id": "p"}]),
    ("list_tasks", "answer", "3.0", "tasks.0", {**ANSWERS["list_tasks"]["tasks"][0], "task_type": "sync_creatives"}),
]
"""A tool, a direction, the release that a canonical message goes to, a place in it and what is there."""

FROM = [
    ("create_media_buy", "request", "3.0", "reporting_webhook.requested_metrics", ["video_completions"]),
    ("create_media_buy", "request", "3.2", "reporting_webhook.requested_metrics", ["clicks", "viewable_rate"]),
    (
        "update_media_buy",
        "request",
        "3.0",
        "reporting_webhook",
        {**REPORTS, "requested_metrics": ["video_completions"]},
    ),
    (
        "update_media_buy",
        "request",
        "3.2",
        "reporting_webhook",
        {**REPORTS, "requested_metrics": ["clicks", "ooh_metrics"]},
    ),
    ("create_media_buy", "request", "3.2", "packages.0.targeting_overlay.geo_regions", None),
    ("create_media_buy", "request", "3.2", "packages.0.targeting_overlay.language", ["zh-Hant", "en-GB"]),
    ("update_media_buy", "request", "3.2", "packages.0.budget", None),
    ("update_media_buy", "request", "3.2", "new_packages.0.targeting_overlay.device_type", None),
    ("sync_accounts", "request", "3.2", "accounts.0.notification_configs", [NEW_EVENTS]),
    ("sync_accounts", "answer", "3.2", "accounts.0.notification_configs", [NEW_EVENTS]),
    ("list_accounts", "answer", "3.2", "accounts.0.notification_configs", [NEW_EVENTS]),
    ("get_adcp_capabilities", "answer", "3.2", "specialisms", ["sales-dooh", "sales-guaranteed"]),
    ("list_accounts", "answer", "3.0", "accounts.0.governance_agents", AGENTS),
    ("create_media_buy", "answer", "3.0", "account", {**ACCOUNT, "governance_agents": AGENTS}),
    ("get_media_buys", "answer", "3.0", "media_buys.0.account", {**ACCOUNT, "governance_agents": AGENTS}),
    ("list_creatives", "answer", "3.0", "creatives.0.account", {**ACCOUNT, "governance_agents": AGENTS}),
    ("sync_creatives", "answer", "3.0", "creatives.0.account", {**ACCOUNT, "governance_agents": AGENTS}),
    ("get_products", "answer", "3.0", "products.0.placements.0", {"placement_id": "top", "name": "Top"}),
    (
        "get_products",
        "answer",
        "3.0",
        "products.0.reporting_capabilities.available_metrics",
        ["video_completions"],
    ),
    ("get_products", "answer", "3.2", "products.0.reporting_capabilities.available_metrics", ["spend", "quartile_25"]),
    ("get_products", "answer", "3.2", "products.0.pricing_options.1", REVENUE_SHARE),
    ("get_products", "answer", "3.2", "proposals.0.proposal_status", "accepted"),
    ("create_media_buy", "answer", "3.2", "valid_actions", ["pause", "update_bidding"]),
    ("update_media_buy", "answer", "3.2", "valid_actions", ["pause", "update_name"]),
    ("get_media_buys", "answer", "3.2", "media_buys.0.valid_actions", ["update_budget_allocation", "cancel"]),
    (
        "get_media_buys",
        "answer",
        "3.2",
        "media_buys.0.packages.0.creative_approvals.0",
        {"creative_id": "c-1", "approval_status": "partially_approved", "approval_scopes": SCOPES},
    ),
]
"""The same for messages that come from a release in its own form."""

EXAMPLES = {
    "request": REQUESTS,
    "answer": ANSWERS | {"sync_audiences": {"status": "completed", "audiences": []}},
}


def faults(tool: str, direction: str, body: dict[str, Any], version: str) -> list[str]:
    name = schema_name(tool, version)
    found = schemas.check(name, "request", body, version) if direction == "request" else None
    return [str(issue) for issue in (schemas.check_answer(name, body, version) if found is None else found)]


def put(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    *steps, last = path.split(".")
    place: Any = changed
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    if isinstance(place, list):
        place[int(last) :] = [value]
    else:
        place[last] = value
    return changed


@pytest.mark.parametrize(("tool", "direction", "version", "path", "value"), TO)
def test_what_another_release_would_refuse_is_changed_for_it(
    tool: str, direction: str, version: str, path: str, value: Any
) -> None:
    body = put(EXAMPLES[direction][tool], path, value)
    assert faults(tool, direction, body, "3.1") == []
    assert faults(tool, direction, to_wire(tool, direction, body, version), version) == []
    plain = put(to_wire(tool, direction, EXAMPLES[direction][tool], version), path, value)
    assert faults(tool, direction, plain, version) != [] or tool == "list_tasks"


@pytest.mark.parametrize(("tool", "direction", "version", "path", "value"), FROM)
def test_what_only_another_release_has_is_understood(
    tool: str, direction: str, version: str, path: str, value: Any
) -> None:
    body = put(to_wire(tool, direction, EXAMPLES[direction][tool], version), path, value)
    assert faults(tool, direction, body, version) == []
    assert faults(tool, direction, from_wire(tool, direction, body, version), "3.1") == []
    plain = put(EXAMPLES[direction][tool], path, value)
    assert faults(tool, direction, plain, "3.1") != []


@pytest.mark.parametrize("direction", ["request", "answer"])
def test_the_release_is_named_as_it_is(direction: str) -> None:
    assert to_wire("list_accounts", direction, {"adcp_version": "3.1"}, "3.2")["adcp_version"] == "3.2"
    assert from_wire("list_accounts", direction, {"adcp_version": "3.2"}, "3.2")["adcp_version"] == "3.1"
    assert "adcp_version" not in to_wire("list_accounts", direction, {"adcp_version": "3.1"}, "3.0")


def test_natural_keys_of_accounts_pass_unchanged() -> None:
    for version in ("3.0", "3.2"):
        rows = to_wire("sync_accounts", "answer", ANSWERS["sync_accounts"], version)["accounts"]
        assert {name: rows[0][name] for name in NATURAL} == NATURAL
