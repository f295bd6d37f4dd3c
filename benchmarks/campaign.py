"""The scenario that is measured: one campaign of 60 days over several sales agents, through all of the protocol."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.worlds import DAILY, DAYS

_START = "2026-05-04"
_CPM = 12.5
_FEE_PERCENT = 8
_MAKERS = "https://creative.adcontextprotocol.org"


def write(path: Path, sellers: int = 8, users: int = 1_000_000, days: int = DAYS, daily: int = DAILY) -> Path:
    """Write a scenario with a package at each of ``sellers`` agents; together they buy 40 % of what comes."""
    path.write_text(json.dumps(_scenario(sellers, users, days, daily), indent=1), encoding="utf-8")
    return path


def _scenario(sellers: int, users: int, days: int, daily: int) -> dict[str, Any]:
    actors: dict[str, Any] = {"buyer": {"kind": "buyer", "customers": [{"name": "Acme", "principal": "acme"}]}}
    for n in range(sellers):
        place = {"channel": "display", "daily_opportunities": daily // sellers, "hour_shape": "flat"}
        actors[f"paper{n}"] = {"kind": "publisher", "domain": f"paper{n}.example", "placements": [place]}
        card = {"display": {"cpm": _CPM}}
        actors[f"agent{n}"] = {"kind": "seller", "publishers": [f"paper{n}"], "guaranteed": True, "rate_card": card}
    media = daily * days * 0.4 * _CPM / 1000
    return {
        "title": f"{sellers} sales agents for {days} days",
        "why": "What a whole run costs",
        "seed": 1,
        "clock": {"start": _START, "duration": f"{days + 2}d"},
        "population": {"users": users},
        "actors": actors,
        "steps": _steps(round(media / (1 - _FEE_PERCENT / 100), 2), days, sellers),
        "expect": [{"name": "Nothing is overspent", "always": {"metric": "overspend", "max": 0}, "every": "1d"}],
    }


def _steps(budget: float, days: int, sellers: int) -> list[dict[str, Any]]:
    assets = [{"asset_type": "IMAGE", "url": "https://cdn.acme.com/banner.png", "width": 300, "height": 250}]
    caps = [_cap(10, 3), _cap(20, 7)]
    flight = {"startDate": "${start+1d}", "endDate": f"${{start+{days + 1}d}}"}
    return [
        {
            "name": "Advertiser",
            "call": "buyer.create_advertiser",
            "body": {
                "name": "Acme",
                "brand": "acme.com",
                "frequencyCaps": [{"maxExposure": 5, "window": {"interval": 1, "unit": "days"}}],
            },
            "save": {"advertiser": "id"},
        },
        {
            "name": "Products",
            "call": "buyer.discover_products",
            "body": {"advertiserId": "$advertiser", "channels": ["display"], "brief": "Readers"},
            "save": {"discovery": "discoveryId"},
        },
        {
            "name": "Campaign",
            "call": "buyer.create_campaign",
            "body": {
                "advertiserId": "$advertiser",
                "name": "Sixty days",
                "flightDates": flight,
                "budget": {"total": budget, "currency": "USD"},
                "discoveryId": "$discovery",
                "productIds": [f"paper{n}_display" for n in range(sellers)],
                "frequencyCaps": caps,
            },
            "save": {"campaign": "campaignId"},
        },
        {
            "name": "Banner",
            "call": "buyer.create_creative",
            "path": {"campaignId": "$campaign"},
            "body": {
                "name": "Banner",
                "format_id": {"agent_url": _MAKERS, "id": "display_300x250_image"},
                "assets": assets,
                "frequencyCaps": [_cap(3, 1)],
            },
        },
        {"name": "Launch", "call": "buyer.execute_campaign", "path": {"campaignId": "$campaign"}},
    ]


def _cap(times: int, days: int) -> dict[str, Any]:
    return {"max_impressions": times, "window": {"interval": days, "unit": "days"}}
