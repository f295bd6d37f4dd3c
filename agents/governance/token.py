"""governance_context: a compact JWS by which a governance agent lets one seller do one thing.

The AdCP JWS profile (docs/building/by-layer/L1/security.mdx): Ed25519, ``typ`` adcp-gov+jws, at most 15 minutes for
an intent and 30 days for an execution, and the approved task, payload and amount as critical extensions.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from sandbox.core.errors import AdcpError
from sandbox.core.money import amount, micros
from sandbox.kernel.network import Network
from sandbox.protocol.idempotency import canonical

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Claims = dict[str, Any]

TYPE = "adcp-gov+jws"
CRITICAL = ("authorized_commitment", "authorized_task", "authorized_payload_hash")
"""Claims that a verifier has to understand: each has a marker of its name in the header."""
SKEW_S = 60
"""How far two clocks may be apart, in seconds."""


def payload_hash(payload: dict[str, Any]) -> str:
    """SHA-256 of the RFC 8785 form of a request without ``governance_context`` and ``context``, as base64url."""
    kept = {name: value for name, value in payload.items() if name not in ("governance_context", "context")}
    return encode(hashlib.sha256(canonical(kept)).digest())


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    """The signing key of an agent: a function of the world's seed and the agent's id."""

    def __init__(self, seed: int, agent_id: str) -> None:
        self._secret = hashlib.sha256(f"{seed}/{agent_id}/governance-signing".encode()).digest()
        self.kid = f"{agent_id}-gov-1"

    def sign(self, claims: Claims) -> str:
        """The compact JWS of some claims."""
        critical = [name for name in CRITICAL if name in claims]
        header: dict[str, Any] = {"alg": "EdDSA", "kid": self.kid, "typ": TYPE}
        header |= dict.fromkeys(critical, True) | ({"crit": critical} if critical else {})
        signed = f"{encode(canonical(header))}.{encode(canonical(claims))}"
        return f"{signed}.{encode(_private(self._secret).sign(signed.encode()))}"

    def jwks(self) -> dict[str, Any]:
        """The public key as others fetch it (RFC 7517)."""
        public = _private(self._secret).public_key().public_bytes_raw()
        key = {"kty": "OKP", "crv": "Ed25519", "x": encode(public), "kid": self.kid, "alg": "EdDSA"}
        return {"keys": [key | {"use": "sig", "key_ops": ["verify"], "adcp_use": "governance-signing"}]}


@cache
def _private(secret: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(secret)


def read(token: str, jwks: dict[str, Any]) -> Claims:
    """The claims of a token whose form and signature are right (steps 1 to 7 of the checklist).

    PERMISSION_DENIED otherwise, with what is wrong.
    """
    header, claims, signed, signature = _parts(token)
    critical = header.get("crit", [])
    if header.get("alg") != "EdDSA" or header.get("typ") != TYPE:
        raise _refused(f"its header must say alg EdDSA and typ {TYPE}")
    if not isinstance(critical, list) or not all(isinstance(name, str) for name in critical):
        raise _refused("crit must be a list of names")
    for name in CRITICAL:
        if len({header.get(name) is True, name in critical, name in claims}) != 1:
            raise _refused(f"{name} must be a claim, a marker in the header and in crit, or none of them")
    if set(critical) - set(CRITICAL) or ("authorized_task" in claims) != ("authorized_payload_hash" in claims):
        raise _refused("it has critical extensions that are unknown or incomplete")
    key = next((k for k in jwks["keys"] if k["kid"] == header.get("kid")), None)
    if key is None or key.get("use") != "sig" or "verify" not in key.get("key_ops", []):
        raise _refused(f"there is no signing key {header.get('kid')!r}")
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(_decode(key["x"])).verify(signature, signed.encode())
    except InvalidSignature as error:
        raise _refused("its signature is wrong") from error
    return claims


def check_claims(claims: Claims, issuer: str, audience: str, phase: str, now_ms: int) -> None:
    """Steps 8 to 11 and 13 of the checklist: who, for whom, when and for what phase. PERMISSION_DENIED if not so."""
    now_s = now_ms // 1000
    if claims.get("iss") != issuer:
        raise _refused(f"its issuer is {claims.get('iss')}, the account's governance agent is {issuer}")
    if not Network.same_agent(str(claims.get("aud")), audience):
        raise _refused(f"it is addressed to {claims.get('aud')}, not to {audience}")
    if claims.get("exp", 0) + SKEW_S < now_s or claims.get("iat", 0) > now_s + SKEW_S:
        raise _refused("it is out of date; ask check_governance again")
    if not claims.get("sub") or claims.get("phase") != phase:
        raise _refused(f"its phase is {claims.get('phase')}, this request needs {phase}")


def check_binding(
    claims: Claims, tool: str, payload: dict[str, Any], commitment_micros: int | None, currency: str
) -> None:
    """Step 12: an intent is for this task, this payload and no more than this amount. PERMISSION_DENIED if not so."""
    if claims.get("authorized_task") != tool or "media_buy_id" in claims:
        raise _refused(f"it allows {claims.get('authorized_task')}, not {tool}")
    if not hmac.compare_digest(str(claims.get("authorized_payload_hash")), payload_hash(payload)):
        raise _refused("it was given for another payload")
    if commitment_micros is None:
        return
    ceiling = claims.get("authorized_commitment") or {}
    if ceiling.get("currency") != currency or micros(ceiling.get("amount", 0)) < commitment_micros:
        raise _refused(f"it allows {ceiling.get('amount')}, this costs {amount(commitment_micros)} {currency}")


def _parts(token: str) -> tuple[dict[str, Any], Claims, str, bytes]:
    pieces = token.split(".")
    try:
        head, body, signature = pieces
        header, claims = json.loads(_decode(head)), json.loads(_decode(body))
        if isinstance(header, dict) and isinstance(claims, dict):
            return header, claims, f"{head}.{body}", _decode(signature)
    except (ValueError, RecursionError):  # also what is no Base64, and objects within objects without end
        pass
    raise _refused("it is no compact JWS")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _refused(why: str) -> AdcpError:
    return AdcpError("PERMISSION_DENIED", f"governance_context is not accepted: {why}", field="governance_context")
