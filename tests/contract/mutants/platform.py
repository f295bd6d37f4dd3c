"""Buyer platforms that are broken in one way each: for every check one that it must find."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.contract.mutants.platform_first import FIRST
from tests.contract.mutants.platform_parts import (
    CAMPAIGNS,
    CREATED,
    ONE,
    TAKES_CAMPAIGN,
    V2,
    Matching,
    Sent,
    Skips,
    Status,
    Takes,
)
from tests.contract.mutants.platform_second import SECOND
from tests.contract.mutants.proxy import (
    As,
    Asks,
    Call,
    Edit,
    Forward,
    Instead,
    Mutant,
    Said,
    Says,
    Unasked,
    add,
    counting,
    drop,
    every,
    put,
)

OWN = "Bearer sk_sandbox_acme"
LISTS = f"{V2}/advertisers/"


def foreign(call: Call) -> bool:
    return "globex" in call.headers.get("Authorization", "")


def get(path: str, edit: Edit) -> Mutant:
    return Says(f"GET {V2}/{path}", edit)


def post(path: str, edit: Edit) -> Mutant:
    return Says(f"POST {V2}/{path}", edit)


class Halfway(Mutant):
    """A change of a campaign that is refused has changed the name all the same."""

    async def serve(self, call: Call, forward: Forward) -> Said:
        said = await forward(call)
        if call.name.startswith("PUT ") and said.status >= 400 and "name" in call.body:
            await forward(replace(call, body={"name": call.body["name"]}))
        return said


class Recreates(Mutant):
    """Executing an active campaign orders everything once more: another reference appears."""

    def __init__(self) -> None:
        self.executed = 0

    async def serve(self, call: Call, forward: Forward) -> Said:
        said = await forward(call)
        self.executed += call.name.endswith("/execute")
        if self.executed > 1 and call.name.startswith(f"GET {V2}/campaigns/") and "mediaBuyRefs" in said.body:
            said.body["mediaBuyRefs"] *= 2
        return said


class Divided(Mutant):
    """The breakdown changes the totals."""

    async def serve(self, call: Call, forward: Forward) -> Said:
        said = await forward(call)
        if ("breakdown", "package") in call.query and said.status < 300:
            said.body["totals"]["leads"] += 1
        return said


def _double(path: str) -> Edit:
    return put(path, lambda rows: [*rows, *rows[:1]])


TAKES_DISCOVERY = Takes(f"POST {V2}/discovery/", body={"discoveryId": "d", "productGroups": []})
TAKES_ADVERTISER = Takes(f"POST {V2}/advertisers", body={"id": "1"})
TAKES_CREATIVE = Takes(f"POST {CAMPAIGNS}", "/creatives/create", {"creative_id": "x"})
TAKES_CHANGE = Takes(f"PUT {CAMPAIGNS}", body=CREATED)
NEWS = "/api/v2/notifications"
REPORT = "reporting/metrics"
NOTHING = {"advertisers": [], "totals": {}, "periodStart": "2026-01-01", "periodEnd": "2026-05-01"}
DISCOVER = f"POST {V2}/discovery/discover-products"


def _second(rows: Any) -> Any:
    return rows[:1] + rows[2:]


MUTANTS: dict[str, Mutant] = {
    "requests.paths": Status(404, lambda call, _: call.name == "GET /api/v2/notifications"),
    "requests.no_key": As(OWN, lambda call: "Authorization" not in call.headers),
    "requests.wrong_key": As(OWN, lambda call: "xxx" in call.headers.get("Authorization", "")),
    "requests.envelope": Says("GET ", drop("data"), refusals=True),
    "requests.field": Matching("POST ", "", drop("error.field"), True),
    "requests.statuses": Status(400, lambda _, said: said.status == 404),
    "requests.malformed": Instead(lambda call: not isinstance(call.body, dict) and call.raw != b"", Said(200, {})),
    "requests.unknown_path": Instead(lambda call: "no-such-thing" in call.name, Said(404, {"detail": "no"})),
    "requests.case": Says(ONE, drop("flightDates")),
    "requests.nothing_found": Status(404, lambda call, _: call.name == DISCOVER),
    "requests.summaries": get("advertisers", put("items.0.description", "long")),
    "requests.page_sizes": get("advertisers", put("items", lambda rows: rows * 2)),
    "requests.offsets": get("advertisers", put("nextOffset", 0)),
    "requests.name_filter": Unasked(("name",)),
    "requests.foreign": As(OWN, foreign),
    "requests.foreign_lists": As(OWN, foreign),
    "accounts.current": Says("GET /api/v2/accounts/current", put("role", "KING")),
    "accounts.listed": Says("GET /api/v2/accounts", every(put("accounts", []))),
    "storefronts.rows": get("storefronts", put("data.items.0.sources", [])),
    "storefronts.counts": get("storefronts", put("data.items.0.sourceCount", 7)),
    "storefronts.same_for_all": Instead(
        lambda call: foreign(call) and call.name.endswith("/storefronts"), Said(200, {"data": {"items": []}})
    ),
    "storefronts.name_filter": Unasked(("name",)),
    "accounts.partner_required": Takes(f"GET {LISTS}", "/available", {"accounts": []}),
    "accounts.unknown_link": Takes(f"PUT {LISTS}"),
    "advertisers.required": TAKES_ADVERTISER,
    "advertisers.brand": get("advertisers/", put("linkedBrand.id", "17")),
    "advertisers.enriched": Matching("POST ", "/advertisers", drop("error.details"), True),
    "advertisers.saved_brand": post("advertisers", put("brandWarning", None)),
    "advertisers.unknown_brand": TAKES_ADVERTISER,
    "advertisers.sandbox": get("advertisers/", put("sandbox", True)),
    "advertisers.apply_mode": Sent(f"POST {CAMPAIGNS}", "", drop("optimizationApplyMode")),
    "advertisers.utm_default": get("advertisers/", put("utmConfig", [])),
    "advertisers.utm_replaced": Sent("PUT ", "", drop("utmConfig")),
    "advertisers.utm_most": TAKES_ADVERTISER,
    "advertisers.count": get("advertisers", put("items.*.linkedAccountCount", 3)),
    "advertisers.kept": get("advertisers/", put("name", counting())),
    "caps.fields": get("advertisers/", put("frequencyCaps.0.targetLevel", "PLANET")),
    "caps.replaced": Sent("PUT ", "", drop("frequencyCaps")),
    "caps.not_listed": get("advertisers", put("items.0.frequencyCaps", [])),
    "caps.refused": TAKES_CAMPAIGN,
    "campaigns.draft": Says(ONE, put("status", "ACTIVE")),
    "campaigns.required": TAKES_CAMPAIGN,
    "campaigns.name": TAKES_CAMPAIGN,
    "campaigns.flat": TAKES_CAMPAIGN,
    "campaigns.dates": TAKES_CAMPAIGN,
    "campaigns.budget": TAKES_CAMPAIGN,
    "campaigns.type_fixed": Says(ONE, put("campaignType", "ROUTED")),
    "campaigns.types": TAKES_CAMPAIGN,
    "campaigns.routed_free": Says(ONE, put("mediaBudget.total", 9200)),
    "campaigns.products_need_discovery": TAKES_CAMPAIGN,
    "campaigns.discovery": Says(ONE, drop("products")),
    "campaigns.unknown_catalog": TAKES_CAMPAIGN,
    "campaigns.media_budget": Says(ONE, put("mediaBudget.total", add(1))),
    "campaigns.budget_update": Sent("PUT ", "", drop("budget")),
    "campaigns.allocated": Says(ONE, put("allocatedBudget", add(1))),
    "campaigns.list_budget": get("campaigns", put("campaigns.0.budget.pacing", "even")),
    "campaigns.filters": Unasked(("status",)),
    "campaigns.products": Matching("GET ", "/products", put("summary.totalProducts", add(1))),
    "campaigns.formats": Says(ONE, put("creativeFormats.missing", [])),
    "campaigns.utm": Sent("PUT ", "", drop("utmConfig.deleteMissing")),
    "campaigns.kept": Says(ONE, put("brief", counting())),
    "goals.one_at_least": TAKES_CAMPAIGN,
    "goals.kinds": TAKES_CAMPAIGN,
    "goals.sources": TAKES_CAMPAIGN,
    "goals.values": TAKES_CAMPAIGN,
    "goals.targets": TAKES_CAMPAIGN,
    "goals.metrics": TAKES_CAMPAIGN,
    "goals.none_by_default": Says(ONE, put("performanceConfig", {"optimizationGoals": [{}]})),
    "goals.discovery": Says(ONE, drop("discoveryId")),
    "lifecycle.execute": Matching("POST ", "/execute", put("previousStatus", "ACTIVE")),
    "lifecycle.execute_again": Recreates(),
    "lifecycle.one_buy_per_agent": Says(ONE, _double("mediaBuys")),
    "lifecycle.statuses": Says(ONE, put("mediaBuyRefs.0.status", "DREAMING")),
    "lifecycle.references": Unasked(("mediaBuyId",)),
    "lifecycle.discovery_hidden": Says(ONE, put("discoveryId", "d")),
    "lifecycle.debug": Matching("POST ", "/execute", put("errors", [{"debug": {"debugLogs": []}}])),
    "lifecycle.drafts": Sent("PUT ", "", drop("discoveryId")),
    "lifecycle.pause": Skips("POST ", "/pause", {"previousStatus": "ACTIVE", "newStatus": "PAUSED"}),
    "lifecycle.reactivate": Matching("POST ", "/reactivate", put("newStatus", "PAUSED")),
    "lifecycle.execute_paused": Takes("POST ", "/execute", {"success": True}),
    "lifecycle.wrong_state": Takes("POST ", "/pause", {"success": True}),
    "lifecycle.delete": Skips("DELETE ", "", None, 204),
    "lifecycle.asked": Matching("GET ", "/media-buy-status", put("agents_queried", 0)),
    "lifecycle.no_addresses": Instead(lambda call: "/media-buys/" in call.name, Said(200, {})),
    "lifecycle.completes": Says(ONE, put("status", "ACTIVE")),
    "buys.draft_products": Sent("PUT ", "", drop("mediaBuys.*.products")),
    "buys.active_products": TAKES_CHANGE,
    "buys.draft_packages": TAKES_CHANGE,
    "buys.pacing": TAKES_CHANGE,
    "buys.dates": TAKES_CHANGE,
    "buys.unknown": TAKES_CHANGE,
    "buys.cancel_draft": TAKES_CHANGE,
    "buys.delete": Sent("PUT ", "", drop("mediaBuys")),
    "buys.cancel": Says(ONE, put("mediaBuyRefs.*.status", lambda old: "ACTIVE" if old == "CANCELED" else old)),
    "buys.replaced": Says(ONE, put("mediaBuyRefs", lambda refs: refs[:1])),
    "buys.version": Sent("PUT ", "", drop("mediaBuys.*.packages")),
    "buys.whole": Halfway(),
    "buys.goals": Sent("PUT ", "", drop("mediaBuys.*.optimization_goals")),
    "buys.audiences": TAKES_CAMPAIGN,
    "periods.fields": Says(ONE, put("pacingPeriods.periods.*.weight", 1)),
    "periods.modes": TAKES_CAMPAIGN,
    "periods.dates": TAKES_CAMPAIGN,
    "periods.packages": Sent(f"POST {CAMPAIGNS}", "", drop("pacingPeriods")),
    "periods.locked": TAKES_CHANGE,
    "periods.appended": Says("PUT ", drop("pacingCascadeResult")),
    "discovery.session": Matching("GET ", "/discover-products", put("productGroups.0.products", _second)),
    "discovery.unknown": Takes(f"GET {V2}/discovery/", body={"productGroups": []}),
    "discovery.groups": Says(DISCOVER, _double("productGroups")),
    "discovery.counts": Says(DISCOVER, put("productGroups.0.productCount", add(1))),
    "discovery.pages": Unasked(("groupOffset",)),
    "discovery.product_pages": Unasked(("productOffset",)),
    "discovery.summary": Says(DISCOVER, put("summary.totalProducts", add(1))),
    "discovery.agent_ids": Asks(DISCOVER, drop("salesAgentIds")),
    "discovery.agent_names": Asks(DISCOVER, drop("salesAgentNames")),
    "discovery.either": Asks(DISCOVER, drop("salesAgentNames")),
    "discovery.domain": Asks(DISCOVER, drop("publisherDomain")),
    "discovery.pricing": Asks(DISCOVER, drop("pricingModel")),
    "discovery.long_brief": Instead(
        lambda call: isinstance(call.body, dict) and len(call.body.get("brief") or "") > 5000,
        Said(400, {"data": None, "error": {"code": "VALIDATION_ERROR", "message": "too long"}}),
    ),
    "discovery.debug": Says(DISCOVER, put("agentResults", [{"agentId": "a", "success": True}])),
    "discovery.refine": TAKES_DISCOVERY,
    "discovery.refined": Asks(DISCOVER, drop("refine")),
    "selection.added": Matching("GET ", "/products", put("totalProducts", 2)),
    "selection.fields": TAKES_DISCOVERY,
    "selection.unknown": TAKES_DISCOVERY,
    "selection.bid": Sent("POST ", "/products", put("products.0.bidPrice", 50)),
    "selection.removed": Skips("DELETE ", "/products"),
    "selection.budget": Matching("GET ", "/products", put("budgetContext.remainingBudget", add(1))),
    "selection.auto": Matching("POST ", "/auto-select-products", put("budgetContext.totalAllocated", add(1))),
    "selection.auto_most": Sent("POST ", "/auto-select-products", drop("maxProducts")),
    "selection.auto_needs_goals": Takes("POST ", "/auto-select-products"),
    "events.sources": Matching("POST ", "/event-sources/sync", put("data.event_sources.0.action", "created")),
    "events.sources_limits": Takes("POST ", "/event-sources/sync"),
    "events.sources_account": Takes("POST ", "/event-sources/sync"),
    "events.sources_missing": Sent("POST ", "/event-sources/sync", drop("delete_missing")),
    "events.registered": Takes("POST ", "/log-event"),
    "events.limits": Takes("POST ", "/log-event"),
    "events.counted": Matching("POST ", "/log-event", put("data.events_processed", 2)),
    "events.once": Sent("POST ", "/log-event", drop("test_event_code")),
    "events.hours": Matching("GET ", "/events/summary", put("data.periodStart", "2020-01-01T00:00:00Z")),
    "events.whole_hours": Takes("GET ", "/events/summary"),
    "measurement.again": Matching("POST ", "/measurement-data/sync", put("data.measurements.0.action", "created")),
    "measurement.order": Takes("POST ", "/measurement-data/sync"),
    "measurement.currency": Takes("POST ", "/measurement-data/sync"),
    "measurement.about": Takes("POST ", "/measurement-data/sync"),
    "measurement.limits": Takes("POST ", "/measurement-data/sync"),
    "measurement.source_defaults": Matching("POST ", "/measurement-sources", put("data.lagWeeks", 2)),
    "measurement.source_ranges": Takes("POST ", "/measurement-sources"),
    "measurement.freshness": Takes("GET ", "/measurement-freshness"),
    "measurement.cohorts": Takes("POST ", "/test-cohorts"),
    "audiences.accepted": Matching("POST ", "/audiences/sync", put("taskId", "7")),
    "audiences.task": get("tasks/", put("task.taskType", "creative_sync")),
    "audiences.no_task": Takes(f"GET {V2}/tasks/", body={"task": {}}),
    "audiences.status": Matching("GET ", "/audiences", put("audiences.0.uploadedCount", 3)),
    "audiences.members": Takes("POST ", "/audiences/sync", status=202),
    "audiences.limits": Takes("POST ", "/audiences/sync", status=202),
    "audiences.deleted": Matching("GET ", "/audiences", put("audiences.0.deleted", False)),
    "audiences.pages": Unasked(("skip",)),
    "syndication.disabled": Matching(
        "GET ", "/syndication-status", lambda body: json.loads(json.dumps(body).replace("DISABLED", "COMPLETED"))
    ),
    "syndication.agents": Takes("POST ", "/syndicate", status=201),
    "catalogs.actions": Matching("POST ", "/catalogs/sync", put("data.results.0.action", "created")),
    "catalogs.either": Takes("POST ", "/catalogs/sync"),
    "catalogs.limits": Takes("POST ", "/catalogs/sync"),
    "catalogs.dry_run": Sent("POST ", "/catalogs/sync", drop("dry_run")),
    "catalogs.only": Sent("POST ", "/catalogs/sync", drop("catalog_ids")),
    "catalogs.missing": Sent("POST ", "/catalogs/sync", drop("delete_missing")),
    "lists.classes": Matching(
        "POST ", "/property-lists", every(put("unresolvedDomains", []), put("registeredDomains", []))
    ),
    "lists.rate": Matching("POST ", "/property-lists", put("resolutionSummary.totalRequested", add(1))),
    "lists.size": Takes("POST ", "/property-lists"),
    "lists.types": Takes("POST ", "/property-lists"),
    "lists.purpose": Unasked(("purpose",)),
    "lists.replaced": Says("PUT ", drop("cascadeSummary")),
    "lists.renamed": Sent("PUT ", "", drop("name")),
    "lists.deleted": Skips("DELETE ", "", None, 204),
    "lists.token": Takes("GET /lists/"),
    "lists.foreign": Takes(f"GET {LISTS}"),
    "checks.sums": Matching("POST ", "/property-lists/check", put("summary.ok", add(1))),
    "checks.rows": Matching("POST ", "/property-lists/check", put("assess", [])),
    "checks.other_types": Matching("POST ", "/property-lists/check", put("assess.0.identifier.type", "app")),
    "checks.report": get("property-lists/reports/", put("summary.total", add(1))),
    "checks.expire": Takes(f"GET {V2}/property-lists/reports/", body={"summary": {}}),
    "reports.dates": Takes(f"GET {V2}/{REPORT}"),
    "reports.breakdown": Takes(f"GET {V2}/{REPORT}"),
    "reports.same": Divided(),
    "reports.most_days": Takes(
        f"GET {V2}/{REPORT}", body={**NOTHING, "periodStart": "2026-01-01", "periodEnd": "2026-05-01"}
    ),
    "reports.two_dates": Unasked(("startDate", "endDate")),
    "reports.seven_days": get(REPORT, put("timeseries.0.date", "2020-01-01")),
    "reports.series_rows": get(REPORT, _double("timeseries")),
    "reports.metrics": get(REPORT, drop("advertisers.0.metrics.leads")),
    "reports.sums": get(REPORT, put("totals.impressions", add(100))),
    "reports.rates": get(REPORT, put("advertisers.0.metrics.ecpm", add(5))),
    "reports.filter": get(REPORT, put("advertisers", [{"advertiserId": "0"}])),
    "reports.download": get(REPORT, put("rowCount", add(1))),
    "reports.spend": get(REPORT, put("advertisers.0.campaigns.0.mediaBuys.0.metrics.spend", 10**6)),
    "news.rows": Says(f"GET {NEWS}", put("notifications.0.data", {})),
    "news.read": Skips(f"POST {NEWS}", "/read"),
    "news.acknowledge": Skips(f"POST {NEWS}", "/acknowledge"),
    "news.read_all": Skips(f"POST {NEWS}", "/read-all"),
    "news.unknown": Takes(f"POST {NEWS}"),
    "activity.rows": Unasked(("campaignId",)),
    "activity.types": Unasked(("resourceTypes",)),
    "activity.pages": Unasked(("skip",)),
    "suggestions.filter": Takes(f"GET {V2}/optimization-suggestions", body={"suggestions": []}),
    "suggestions.unknown": Takes(f"GET {V2}/optimization-suggestions/"),
    "creatives.made": Matching("POST ", "/creatives/create", put("brand_domain", "globex.com")),
    "creatives.listed": Unasked(("search",)),
    "creatives.one_click": TAKES_CREATIVE,
    "creatives.format": TAKES_CREATIVE,
    "creatives.types": TAKES_CREATIVE,
    "creatives.url_types": TAKES_CREATIVE,
    "creatives.mime": TAKES_CREATIVE,
    "creatives.files": TAKES_CREATIVE,
    "creatives.missing_file": TAKES_CREATIVE,
    "creatives.tracking": Says(ONE, drop("tracking")),
    "creatives.renamed": Skips("PUT "),
    "creatives.deleted": Skips("DELETE ", "", None, 204),
    "creatives.of_campaign": Takes(f"GET {CAMPAIGNS}"),
    "creatives.templates": Matching("GET ", "/creatives/templates", _double("campaign_format_ids")),
    "creatives.formats": get("formats", _double("formats")),
    "creatives.dashboard": get("creative-dashboard-url", put("url", "there")),
    "credentials.not_needed": Takes(f"POST {V2}/storefronts/", status=201),
    "tidy.campaigns": Skips("DELETE ", "", None, 204),
    "credentials.auth_needed": Takes(f"POST {V2}/storefronts/", status=201),
    "credentials.registered": get("storefronts/credentials", put("data.*.auth", "check-secret-1f0c77")),
    **FIRST,
    **SECOND,
}
"""By the name of the check that must fail."""
