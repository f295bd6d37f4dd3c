"""The rights constraint of a licence: what creatives carry, so that whoever serves them can check it.

From release 3.2 on it is pinned by a digest, and refers to the credential of the grant (core/rights-constraint.json).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.core.time import iso
from sandbox.protocol.idempotency import digest

if TYPE_CHECKING:
    from agents.brand.agent import BrandAgent
    from agents.brand.licences import Licence

Body = dict[str, Any]

_CLAIM = "https://adcontextprotocol.org/claims/rights/grant"
_SUBJECT = "https://adcontextprotocol.org/claims/subjects/rights-grant"


def constraint_of(agent: BrandAgent, licence: Licence) -> Body:
    """The constraint of a licence in force, as it is now."""
    holder = {"domain": licence.brand.domain, "brand_id": licence.brand.id}
    body: Body = {
        "rights_id": licence.right.id,
        "rights_agent": {"url": agent.url, "id": agent.id},
        "rights_holder": holder,
        "valid_from": iso(licence.start_ms),
        "valid_until": iso(licence.end_ms),
        "uses": licence.uses,
        "right_type": licence.right.type,
        "approval_status": "approved",
        "grant_status": "paused" if licence.paused else "active",
    }
    if licence.countries:
        body["countries"] = licence.countries
    if licence.cap is not None:
        body["impression_cap"] = licence.cap
    pinned = f"sha256:{digest(body)}"
    grant = {"type": "resource", "resource_type": _SUBJECT, "namespace": agent.url, "id": licence.right.id}
    reference = {
        "issuer": {"type": "brand", "brand": holder},
        "claim_type": _CLAIM,
        "subject": {**grant, "content_digest": pinned},
        "locator": {
            "type": "issuer_credential_id",
            "credential_id": f"grant_{pinned[-16:]}",
            "resolver_id": "primary",
        },
    }
    return {**body, "content_digest": pinned, "attestation_refs": [reference]}
