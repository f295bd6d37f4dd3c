"""Realistic messages in canonical form (3.1), with all that the other releases have differently."""

from typing import Any

FORMAT = {"agent_url": "https://creative.adcontextprotocol.org", "id": "display_300x250_image"}
KEY = "key-0123456789abcdef"
AT = "2026-05-01T00:00:00Z"
UNTIL = "2026-06-01T00:00:00Z"
ACCOUNT = {"account_id": "acc-1", "name": "Acme via pinnacle.example", "status": "active"}
PAGE = {"has_more": False, "total_count": 1}
NATURAL = {"brand": {"domain": "acme.com"}, "operator": "pinnacle.example"}
EVENTS = ["creative.status_changed", "creative.purged"]
NOTICE = {"subscriber_id": "sub-1", "url": "https://buyer.example/hook", "event_types": EVENTS}

OVERLAY = {
    "geo_countries": ["US", "DE"],
    "geo_postal_areas": [
        {"country": "US", "system": "zip", "values": ["10001"]},
        {"country": "DE", "system": "plz", "values": ["10115"]},
    ],
    "frequency_cap": {"max_impressions": 3, "per": "individuals", "window": {"interval": 1, "unit": "days"}},
}
ORDERED: dict[str, Any] = {
    "product_id": "news",
    "budget": 12_000,
    "pricing_option_id": "cpm",
    "pacing": "even",
    "targeting_overlay": OVERLAY,
    "optimization_goals": [
        {"kind": "metric", "metric": "clicks", "priority": 1},
        {"kind": "vendor_metric", "vendor": {"domain": "attention.example"}, "metric_id": "units", "priority": 2},
    ],
}
PACKAGE: dict[str, Any] = {"package_id": "pkg-1", "product_id": "news", "budget": 12_000, "pacing": "even"}
PRODUCT: dict[str, Any] = {
    "product_id": "news",
    "name": "News",
    "description": "All pages of the news",
    "publisher_properties": [
        {"publisher_domain": "daily.example", "selection_type": "all"},
        {"publisher_domain": "evening.example", "selection_type": "all"},
    ],
    "channels": ["display"],
    "format_options": [
        {
            "format_kind": "image",
            "format_option_id": "rectangle",
            "params": {"width": 300, "height": 250},
            "v1_format_ref": [FORMAT],
        }
    ],
    "placements": [
        {
            "kind": "publisher_ref",
            "placement_id": "top",
            "publisher_domain": "daily.example",
            "mode": "included",
        },
    ],
    "delivery_type": "non_guaranteed",
    "delivery_measurement": {"vendors": [{"domain": "measure.example"}]},
    "pricing_options": [
        {"pricing_option_id": "cpm", "pricing_model": "cpm", "currency": "USD", "fixed_price": 5.0},
    ],
    "reporting_capabilities": {
        "available_reporting_frequencies": ["daily"],
        "expected_delay_minutes": 60,
        "timezone": "UTC",
        "supports_webhooks": True,
        "available_metrics": ["impressions", "spend", "completed_views", "plays"],
        "date_range_support": "date_range",
    },
    "product_card": {"title": "News"},
}
TOTALS = {"impressions": 1000, "spend": 5.0, "completion_rate": None, "quartile_data": None}

REQUESTS: dict[str, dict[str, Any]] = {
    "get_adcp_capabilities": {"protocols": ["media_buy"]},
    "sync_accounts": {
        "idempotency_key": KEY,
        "accounts": [{**NATURAL, "billing": "operator", "notification_configs": [NOTICE]}],
    },
    "list_accounts": {"status": "active", "sandbox": True},
    "get_products": {
        "buying_mode": "brief",
        "brief": "news readers",
        "brand": {"domain": "acme.com"},
        "fields": ["product_id", "name", "format_ids", "format_options"],
        "filters": {"postal_areas": [{"country": "US", "system": "zip", "values": ["10001"]}]},
    },
    "list_creative_formats": {"asset_types": ["image"]},
    "create_media_buy": {
        "idempotency_key": KEY,
        "account": {"account_id": "acc-1"},
        "brand": {"domain": "acme.com"},
        "start_time": AT,
        "end_time": UNTIL,
        "packages": [ORDERED],
        "push_notification_config": {"url": "https://buyer.example/hook", "operation_id": "op-1"},
        "reporting_webhook": {
            "url": "https://buyer.example/reports",
            "authentication": {"schemes": ["Bearer"], "credentials": "c" * 32},
            "reporting_frequency": "daily",
            "requested_metrics": ["impressions", "completed_views", "plays"],
        },
    },
    "update_media_buy": {
        "idempotency_key": KEY,
        "account": {"account_id": "acc-1"},
        "media_buy_id": "mb-1",
        "revision": 2,
        "packages": [{"package_id": "pkg-1", "budget": 10_000, "targeting_overlay": OVERLAY}],
        "new_packages": [ORDERED],
    },
    "get_media_buys": {"media_buy_ids": ["mb-1"], "include_snapshot": True},
    "get_media_buy_delivery": {"media_buy_ids": ["mb-1"], "start_date": "2026-05-01", "end_date": "2026-05-02"},
    "sync_creatives": {
        "idempotency_key": KEY,
        "account": {"account_id": "acc-1"},
        "creatives": [
            {
                "creative_id": "c-1",
                "name": "Spring",
                "format_id": FORMAT,
                "assets": {
                    "image": {
                        "asset_type": "image",
                        "url": "https://cdn.example/i.png",
                        "width": 300,
                        "height": 250,
                    }
                },
            }
        ],
    },
    "list_creatives": {"filters": {"statuses": ["approved", "suspended"]}},
    "get_task_status": {"task_id": "task-1", "include_result": True},
    "list_tasks": {"filters": {"status": "submitted"}},
    "provide_performance_feedback": {
        "idempotency_key": KEY,
        "media_buy_id": "mb-1",
        "measurement_period": {"start": AT, "end": UNTIL},
        "performance_index": 1.1,
    },
}

ANSWERS: dict[str, dict[str, Any]] = {
    "get_adcp_capabilities": {
        "status": "completed",
        "adcp": {
            "major_versions": [3],
            "supported_versions": ["3.0", "3.1", "3.2"],
            "idempotency": {"supported": True, "replay_ttl_seconds": 86_400},
        },
        "supported_protocols": ["media_buy", "measurement"],
        "specialisms": ["sales-guaranteed", "creative-transformers"],
        "account": {"supported_billing": ["operator", "agent"], "sandbox": True},
        "media_buy": {
            "supported_pricing_models": ["cpm"],
            "execution": {"targeting": {"geo_countries": True, "geo_postal_areas": {"US": ["zip"], "us_zip": True}}},
        },
        "measurement": {"metrics": [{"metric_id": "units", "standard_reference": "https://standard.example"}]},
        "compliance_testing": {"scenarios": ["force_account_status", "seed_product"]},
    },
    "sync_accounts": {
        "status": "completed",
        "accounts": [
            {
                **NATURAL,
                "account_id": "acc-1",
                "action": "created",
                "status": "active",
                "notification_configs": [NOTICE],
            }
        ],
    },
    "list_accounts": {
        "status": "completed",
        "accounts": [{**ACCOUNT, "governance_agents": [{"url": "https://governance.example"}]}],
        "pagination": PAGE,
    },
    "get_products": {
        "status": "completed",
        "products": [PRODUCT],
        "proposals": [
            {
                "proposal_id": "prop-1",
                "name": "Balanced",
                "proposal_status": "committed",
                "expires_at": UNTIL,
                "allocations": [{"product_id": "news", "allocation_percentage": 100, "pricing_option_id": "cpm"}],
            }
        ],
        "cache_scope": "public",
    },
    "list_creative_formats": {
        "status": "completed",
        "formats": [{"format_id": FORMAT, "name": "Medium rectangle"}],
        "pagination": PAGE,
    },
    "create_media_buy": {
        "status": "completed",
        "media_buy_id": "mb-1",
        "media_buy_status": "pending_creatives",
        "confirmed_at": None,
        "revision": 1,
        "currency": "USD",
        "total_budget": 12_000,
        "valid_actions": ["pause", "cancel", "increase_budget", "decrease_budget", "replace_creative"],
        "packages": [PACKAGE],
    },
    "update_media_buy": {
        "status": "completed",
        "media_buy_id": "mb-1",
        "media_buy_status": "canceled",
        "revision": 3,
        "affected_packages": [PACKAGE],
        "valid_actions": [],
    },
    "get_media_buys": {
        "status": "completed",
        "media_buys": [
            {
                "media_buy_id": "mb-1",
                "status": "pending_start",
                "health": "ok",
                "currency": "USD",
                "total_budget": 12_000,
                "confirmed_at": None,
                "revision": 2,
                "valid_actions": ["pause", "extend_flight", "update_targeting"],
                "packages": [
                    {
                        **PACKAGE,
                        "creative_approvals": [{"creative_id": "c-1", "approval_status": "approved"}],
                    }
                ],
            }
        ],
        "pagination": PAGE,
    },
    "get_media_buy_delivery": {
        "status": "completed",
        "reporting_period": {"start": AT, "end": UNTIL},
        "currency": "USD",
        "attribution_window": {"post_click": {"interval": 7, "unit": "days"}},
        "aggregated_totals": {"impressions": 1000, "spend": 5.0, "media_buy_count": 1, "completion_rate": None},
        "media_buy_deliveries": [
            {
                "media_buy_id": "mb-1",
                "status": "active",
                "is_final": False,
                "totals": TOTALS,
                "by_package": [
                    {
                        **TOTALS,
                        "package_id": "pkg-1",
                        "pricing_model": "cpm",
                        "rate": 5.0,
                        "currency": "USD",
                        "by_geo": [{**TOTALS, "geo_level": "country", "geo_code": "US"}],
                    }
                ],
            }
        ],
    },
    "sync_creatives": {
        "status": "completed",
        "creatives": [{"creative_id": "c-1", "action": "updated", "status": "suspended"}],
    },
    "list_creatives": {
        "status": "completed",
        "query_summary": {"total_matching": 1, "returned": 1},
        "pagination": PAGE,
        "creatives": [
            {
                "creative_id": "c-1",
                "name": "Spring",
                "format_id": FORMAT,
                "status": "suspended",
                "created_date": AT,
                "updated_date": AT,
            }
        ],
    },
    "get_task_status": {
        "task_id": "task-1",
        "task_type": "create_media_buy",
        "protocol": "media-buy",
        "status": "submitted",
        "created_at": AT,
        "updated_at": AT,
    },
    "list_tasks": {
        "status": "completed",
        "query_summary": {"total_matching": 1, "returned": 1},
        "tasks": [
            {
                "task_id": "task-1",
                "task_type": "build_creative",
                "domain": "creative",
                "status": "submitted",
                "created_at": AT,
                "updated_at": AT,
            }
        ],
        "pagination": PAGE,
    },
    "provide_performance_feedback": {"status": "completed", "success": True},
}
SUBMITTED = {"status": "submitted", "task_id": "task-1", "message": "waits for the sales team"}
