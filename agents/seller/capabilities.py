"""get_adcp_capabilities: what this sales agent can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.accounts import BILLING
from agents.seller.audience_matching import UID_TYPES
from agents.seller.compact.claims import compact_block
from agents.seller.context import seller_of
from agents.seller.controller.tool import SCENARIOS
from agents.seller.filters import features_of
from sandbox.core.time import DAY_MS, HOUR_MS, SECOND_MS

if TYPE_CHECKING:
    from agents.seller.config_products import AudienceTargetingConfig
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

WEBHOOK_SIGNING = {
    "supported": True,
    "profile": "adcp/webhook-signing/v1",
    "algorithms": ["ed25519"],
    "legacy_hmac_fallback": True,
    "delivery_retry_horizon_seconds": DAY_MS // SECOND_MS,
}
"""How webhooks are signed that leave the sandbox."""

REPLAY_TTL_MS = DAY_MS
"""How long an answer is remembered under its idempotency key."""


def get_adcp_capabilities(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Releases, accounts, what is sold where and how; ``protocols`` narrows the answer."""
    seller = seller_of(ctx)
    wanted = request.get("protocols", ["media_buy", "creative"])
    library = seller.config.creative_library
    protocols = ["media_buy", *(["creative"] if library is not None else [])]
    body: dict[str, Any] = {
        "status": "completed",
        "adcp": {
            "major_versions": [3],
            "supported_versions": list(seller.config.adcp_versions),
            "idempotency": {"supported": True, "replay_ttl_seconds": REPLAY_TTL_MS // SECOND_MS},
        },
        "supported_protocols": protocols,
        "account": {
            "require_operator_auth": seller.operator_auth,
            "supported_billing": list(BILLING),
            "required_for_products": False,
            "sandbox": True,
        },
    }
    if "media_buy" in wanted:
        body["media_buy"] = _media_buy(seller) | (compact_block(seller) if ctx.version == "3.2" else {})
    if "creative" in wanted and library is not None:
        body["creative"] = {"has_creative_library": library}
    if seller.config.financials is not None:
        body["account"]["account_financials"] = True
    if seller.config.specialisms:
        body["specialisms"] = list(seller.config.specialisms)
    if seller.config.test_controller:
        body["compliance_testing"] = {"scenarios": list(SCENARIOS)}
    if seller.config.test_controller:
        body["webhook_signing"] = dict(WEBHOOK_SIGNING)
    if seller.config.request_signing is not None and seller.endpoint is not None:
        tools = [tool.name for tool in seller.endpoint.operations.values() if tool.mutating]
        body["request_signing"] = seller.config.request_signing.block(tools)
    return body


def _media_buy(seller: Seller) -> dict[str, Any]:
    products = [product for product in seller.products.values() if seller.sellable(product)]
    models = dict.fromkeys(option.model for product in products for option in product.pricing)
    automatic = seller.config.creative_review.mode == "automatic"
    body: dict[str, Any] = {
        "buying_modes": ["brief", "wholesale", "refine"],
        "reporting_delivery_methods": ["webhook"],
        "supports_proposals": seller.config.proposals,
        "propagation_surfaces": ["snapshot"],
        "creative_approval_mode": "auto_approve" if automatic else "require_human",
        "features": features_of(seller),
        "execution": {"targeting": {"geo_countries": True, "geo_regions": False, "language": False}},
        "frequency_capping": {
            "supported_per_units": ["individuals"],
            "supported_window_units": ["seconds", "minutes", "hours", "days", "campaign"],
        },
    }
    if seller.config.audience_targeting is not None:
        body["audience_targeting"] = _audience_targeting(seller.config.audience_targeting)
    if seller.config.governance_aware:
        body["governance_aware"] = True
    if seller.config.event_tracking:
        body["conversion_tracking"] = {"multi_source_event_dedup": True}
    if models:
        body["supported_pricing_models"] = list(models)
    domains = list(dict.fromkeys(offer.domain for product in products for offer in product.offers))
    if domains:
        offers = [offer for product in products for offer in product.offers]
        body["portfolio"] = {
            "publisher_domains": domains,
            "primary_channels": list(dict.fromkeys(offer.channel.name for offer in offers)),
            "primary_countries": list(dict.fromkeys(c for offer in offers for c in offer.country_codes)),
            "description": f"{seller.name} sells {', '.join(domains)}",
        }
    return body


def _audience_targeting(settings: AudienceTargetingConfig) -> dict[str, Any]:
    hours = -(-settings.match_delay // HOUR_MS)
    return {
        "supported_identifier_types": ["hashed_email", "hashed_phone"],
        "supported_uid_types": list(UID_TYPES),
        "minimum_audience_size": settings.minimum_size,
        "matching_latency_hours": {"min": 0, "max": 2 * hours},
    }
