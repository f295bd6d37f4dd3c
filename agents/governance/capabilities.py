"""get_adcp_capabilities: what this governance agent can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.governance.context import governance_of
from agents.governance.records import Json
from sandbox.core.time import DAY_MS, SECOND_MS
from sandbox.protocol.idempotency import DEFAULT_TTL_MS

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

SPECIALISMS = (
    "governance-spend-authority",
    "governance-delivery-monitor",
    "property-lists",
    "collection-lists",
    "content-standards",
)


def get_adcp_capabilities(ctx: Context, request: Json) -> Json:
    """Releases, specialisms, the aggregation window; ``protocols`` narrows the answer."""
    agent = governance_of(ctx)
    body: Json = {
        "status": "completed",
        "adcp": {
            "major_versions": [3],
            "supported_versions": list(agent.config.adcp_versions),
            "idempotency": {"supported": True, "replay_ttl_seconds": DEFAULT_TTL_MS // SECOND_MS},
        },
        "supported_protocols": ["governance"],
        "specialisms": list(SPECIALISMS),
        "experimental_features": ["governance.campaign"],
        "media_buy": {"features": {"content_standards": True}},
    }
    if "governance" in request.get("protocols", ["governance"]):
        body["governance"] = {"aggregation_window_days": agent.config.aggregation_window // DAY_MS}
    return body
