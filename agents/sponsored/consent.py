"""What a session may know about its user (docs/sponsored-intelligence/specification.mdx, Identity and Privacy)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.seller.wire import instant
from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from agents.sponsored.agent import SponsoredAgent

Body = dict[str, Any]

_PHONE = re.compile(r"\+?\d[\d\s().-]{7,20}\d")
_REGION = re.compile(r"^[A-Za-z]{2,3}[-_]([A-Za-z]{2})$")
_COUNTRY = re.compile(r"^[A-Za-z]{2}$")


@dataclass(slots=True, frozen=True)
class Known:
    """What the user agreed to tell: a name to be greeted by and a country (ISO 3166), both empty if unknown."""

    name: str = ""
    country: str = ""


def known_user(agent: SponsoredAgent, identity: Body) -> Known:
    """What may be used of an identity: what its ``consent_scope`` names, nothing without consent.

    INVALID_REQUEST for personal data without consent and, for an agent with ``strict_consent``, for consent of which
    the time, the scope or the acknowledged policy is missing.
    """
    user = identity.get("user", {})
    if not identity["consent_granted"]:
        if user:
            raise AdcpError("INVALID_REQUEST", "no personal data may be sent without consent", "identity.user")
        return Known()
    scope = identity.get("consent_scope", [])
    if agent.config.strict_consent:
        _check_record(agent, identity, scope)
    shared = {name: value for name, value in user.items() if name in scope}
    return Known(str(shared.get("name", "")).strip().partition(" ")[0][:40], _country(shared))


def _check_record(agent: SponsoredAgent, identity: Body, scope: list[str]) -> None:
    policy = identity.get("privacy_policy_acknowledged", {}).get("brand_policy_url")
    ours = agent.config.privacy_policy_url
    beyond = [name for name in identity.get("user", {}) if name not in scope]
    missing = [
        ("consent_timestamp", "consent_timestamp" not in identity, "say when consent was given"),
        ("consent_scope", not scope, "say what the user agreed to share"),
        (
            "privacy_policy_acknowledged.brand_policy_url",
            policy is None or (ours is not None and policy != ours),
            f"the user has to acknowledge {ours or 'the privacy policy of the brand'}",
        ),
        ("user", bool(beyond), f"the user did not agree to share {', '.join(beyond)}"),
    ]
    for name, wrong, why in missing:
        if wrong:
            raise AdcpError("INVALID_REQUEST", why, f"identity.{name}")
    if instant(identity["consent_timestamp"], "identity.consent_timestamp") > agent.now:
        raise AdcpError("INVALID_REQUEST", "consent can't be given in the future", "identity.consent_timestamp")


def _country(user: Body) -> str:
    address = user.get("shipping_address", {}).get("country", "")
    if _COUNTRY.match(address):
        return str(address).upper()
    region = _REGION.match(user.get("locale", ""))
    return region[1].upper() if region else ""


def check_anonymous(intent: str) -> None:
    """INVALID_REQUEST for an e-mail address or a telephone number: offerings are looked up anonymously."""
    mail = any("@" in word and "." in word.partition("@")[2] for word in intent.split())
    if mail or _PHONE.search(intent):
        raise AdcpError("INVALID_REQUEST", "offerings are looked up without personal data", "intent")
