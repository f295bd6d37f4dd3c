"""Buyer platforms that are broken in one way each: lists, discovery, flights, creatives and creative sessions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.contract.buyer_platform.creatives import PAGE
from tests.contract.mutants.platform_parts import CAMPAIGNS, V2, Matching, Sent, Takes
from tests.contract.mutants.proxy import Call, Edit, Forward, Mutant, Said, Says, Unasked, add, drop, every, put

DISCOVER = f"POST {V2}/discovery/discover-products"
SESSIONS = "/creative-sessions"
ORDER = "errors.0.debug.debugLogs.*.request.body.packages.*"
SAVED: dict[str, list[Any]] = {"creatives": [], "warnings": []}


class Unprocessed(Mutant):
    """Pages are published as they came."""

    async def serve(self, call: Call, forward: Forward) -> Said:
        if call.name == "GET /as-it-came.html":
            return Said(200, None, raw=PAGE)
        said = await forward(call)
        if call.name.endswith("/creatives/create") and said.status < 300:
            return replace(said, body=put("assets.0.url", "/as-it-came.html")(said.body))
        return said


class Stale(Mutant):
    """Agents are said to have got a creative when it was first sent, whatever became of it."""

    def __init__(self) -> None:
        self._first: Any = None

    async def serve(self, call: Call, forward: Forward) -> Said:
        said = await forward(call)
        status = said.body.get("sync_status") if isinstance(said.body, dict) else None
        if isinstance(status, dict) and status.get("last_synced_at"):
            self._first = self._first or status["last_synced_at"]
            status["last_synced_at"] = self._first
        return said


class AsDraft(Mutant):
    """A final is judged as a draft is."""

    async def serve(self, call: Call, forward: Forward) -> Said:
        if call.name.endswith("/evaluate"):
            return await forward(replace(call, body={**call.body, "stage": "draft"}))
        return await forward(call)


def _listed(edit: Edit) -> Mutant:
    """An edit of lists of property identifiers that are read."""
    return Matching(f"GET {V2}/advertisers/", "", edit)


def _after(action: str, edit: Edit) -> Mutant:
    """An edit of what an action of a creative session answers."""
    return Matching("POST ", action, edit)


SECOND: dict[str, Mutant] = {
    "discovery.routed": Says(DISCOVER, put("productGroups.0.products.0.salesAgentId", "soundhouse")),
    "measurement.contexts": Takes("POST ", "/context-records", {"data": {"records": []}}),
    "lists.bundles": _listed(put("identifiers.0.type", "apple_tv_bundle")),
    "lists.cascade": Matching("PUT ", "", put("cascadeSummary", {"activeMediaBuys": 0, "resynced": 0})),
    "lists.inherited": Matching(
        "PUT ", "", every(*(put(f"cascadeSummary.{one}", 1) for one in ("activeMediaBuys", "resynced")))
    ),
    "lists.discovery": Says(DISCOVER, drop("agentResults.*.debugLogs.*.request.body.property_list")),
    "reports.demo": Unasked(("demo",), f"GET {V2}/reporting"),
    "caps.all_buys": Sent("PUT ", "", drop("frequencyCaps")),
    "suggestions.apply_mode": Sent(f"POST {CAMPAIGNS}", "/campaigns", put("optimizationApplyMode", "AUTO")),
    "creatives.html": Unprocessed(),
    "creatives.previews": Matching("POST ", "/preview", put("previews.0.width", add(1))),
    "creatives.synced": Matching("GET ", "", put("sync_status.agent_count", 1)),
    "creatives.synced_again": Stale(),
    "creatives.library": _after("/execute", put(f"{ORDER}.creatives", [{"creative_id": "x"}])),
    "creatives.inline": _after(
        "/execute", every(drop(f"{ORDER}.creatives"), put(f"{ORDER}.creative_assignments", [{"creative_id": "x"}]))
    ),
    "sessions.drafts": _after(SESSIONS, put("variants.0.lineage.parent_variant_id", "crv_0")),
    "sessions.refined": _after("/refine", put("variants.0.lineage.parent_variant_id", None)),
    "sessions.finalized": _after("/finalize", put("creatives", [])),
    "sessions.advisory": _after("/evaluate", put("advisory", False)),
    "sessions.gate": AsDraft(),
    "sessions.rights": Takes("POST ", "/finalize", SAVED),
    "sessions.locked": _after(
        SESSIONS, put("variants.*.renders.*.placements.*.render_crop.width", lambda width: width // 2)
    ),
    "sessions.evaluators": _after("/evaluate", put("evaluators", lambda rows: rows[1:])),
    "sessions.performance": _after("/evaluate", put("status", "not_run")),
    "sessions.coverage": _after("/finalize", put("creatives.0.format_id.id", "another_format")),
    "sessions.renders": _after(SESSIONS, put("format_renders", [{}])),
}
"""By the name of the check that must fail."""
