"""A sponsored-intelligence agent with two offerings, and how tests talk to it."""

from __future__ import annotations

from typing import Any

from tests.unit.creative.stage import Stage

VERSIONS = ("3.0", "3.1", "3.2")
SHOES: dict[str, Any] = {
    "id": "trail_sale",
    "title": "Trail shoe sale",
    "summary": "Last season's trail shoes for less",
    "expires": "2026-05-20T00:00:00Z",
    "countries": ["US", "CA"],
    "products": [
        {
            "id": "pace",
            "name": "Trail Pace",
            "description": "A light running shoe for dry trails",
            "price": 89,
            "original_price": 130,
            "url": "https://acme.example/pace",
            "image_url": "https://acme.example/pace.png",
            "variants": [
                {"id": "s13", "name": "Size 13", "stock": 0},
                {"id": "s14", "name": "Size 14", "stock": 2},
                {"id": "s15", "name": "Size 15", "stock": 20, "price": 95.5},
            ],
        },
        {"id": "peak", "name": "Alpine Peak", "description": "A stiff boot for ice", "price": 240, "stock": 1},
        {"id": "mud", "name": "Mud Runner", "description": "A running shoe for wet ground", "price": 110, "stock": 0},
    ],
}
SOCKS: dict[str, Any] = {
    "id": "socks",
    "title": "Socks",
    "products": [{"id": "wool", "name": "Wool socks", "price": 12}],
}
PAYS = {"commerce": {"acp_checkout": True}}
CONSENT = {
    "consent_granted": True,
    "consent_timestamp": "2026-04-30T10:00:00Z",
    "consent_scope": ["name", "locale"],
    "privacy_policy_acknowledged": {"brand_policy_url": "https://acme.example/privacy"},
    "user": {"name": "Jane Doe", "locale": "en-US"},
}
ANONYMOUS = {"consent_granted": False, "anonymous_session_id": "anon-1"}


def agent(version: str = "3.1", **config: Any) -> Stage:
    base = {"name": "Acme", "brand": "acme.example", "checkout_url": "https://acme.example/acp"}
    return Stage("sponsored", {**base, "offerings": [SHOES, SOCKS], **config}, version)


def begin(stage: Stage, intent: str = "Running shoes", **more: Any) -> dict[str, Any]:
    body = {"intent": intent, "identity": ANONYMOUS, "supported_capabilities": PAYS, **more}
    return stage.call("si_initiate_session", **{"offering_id": "trail_sale", **body})


def say(stage: Stage, begun: dict[str, Any], text: str) -> dict[str, Any]:
    return stage.call("si_send_message", session_id=begun["session_id"], message=text)


def told(stage: Stage, text: str, before: str = "Trail Pace") -> str:
    """What is answered in a session that is about the product ``before``."""
    message: str = say(stage, begin(stage, before), text)["response"]["message"]
    return message
