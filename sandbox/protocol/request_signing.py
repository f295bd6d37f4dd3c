"""Verifies signed requests: the checklist of docs/building/by-layer/L1/security.mdx ("Verifier checklist").

What comes first is cheap: a revoked or excessive key costs no cryptography. The time is that of the wire.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.protocol import signatures
from sandbox.protocol.signatures import Malformed, Signature
from sandbox.protocol.signing_settings import SigningKey, SigningSettings
from sandbox.protocol.target_uri import canonical

TAG = "adcp/request-signing/v1"
ALGORITHMS = {"ed25519": "EdDSA", "ecdsa-p256-sha256": "ES256"}
"""Names of algorithms in signatures, and in keys."""

WINDOW_S, SKEW_S = 300, 60
"""How long a signature may hold, and by how much clocks may differ."""

NONCE_BYTES = 16
"""The least that a nonce has."""

_PARAMETERS = (("created", "expires"), ("nonce", "keyid", "alg", "tag"))
_DERIVED = ("@method", "@target-uri", "@authority")


class SignatureRefused(Exception):
    """A request that is not taken; ``code`` is one of the specification's, ``request_signature_…``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True, frozen=True)
class SignedRequest:
    """A request as it was received; names of headers are in lower case, several of one name are joined by commas."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def signed(self) -> bool:
        """True if it has any part of a signature."""
        return "signature" in self.headers or "signature-input" in self.headers


class Verifier:
    """Verifies signatures with an agent's keys, and remembers those that it took.

    ``legacy`` is the profile of 3.0 and 3.1, which writes binary values otherwise; ``tag`` names the profile.
    """

    def __init__(self, settings: SigningSettings, legacy: bool, tag: str = TAG) -> None:
        self.settings = settings
        self._legacy = legacy
        self._tag = tag
        self._keys = {key.kid: key for key in settings.keys}
        self._nonces: dict[str, _Nonces] = {kid: _Nonces() for kid in self._keys}

    def verify(self, request: SignedRequest, now_s: float) -> SigningKey:
        """The key by which a request is signed, which it is from now on taken as. Raises :class:`SignatureRefused`."""
        signature = self._read(request)
        _check_parameters(signature, now_s, self._tag)
        self._check_coverage(signature, request)
        key = self._key(signature)
        nonces = self._nonces[key.kid]
        if nonces.count(now_s) >= self.settings.cap:
            raise SignatureRefused("request_signature_rate_abuse")
        if not _genuine(key, signature.value, _base(signature, request)):
            raise SignatureRefused("request_signature_invalid")
        self._check_digest(signature, request)
        if not nonces.add(signature.strings["nonce"], signature.numbers["expires"] + SKEW_S):
            raise SignatureRefused("request_signature_replayed")
        if _ambiguous(request.body):
            raise SignatureRefused("request_body_malformed")
        return key

    def _read(self, request: SignedRequest) -> Signature:
        try:
            signature = signatures.read(request.headers, self._legacy)
            if "," in request.headers.get("content-type", ""):
                raise Malformed("there are several content types")
            if "content-digest" in signature.covered and "content-digest" in request.headers:
                signatures.digest_of(request.headers["content-digest"], self._legacy)
        except Malformed:
            raise SignatureRefused("request_signature_header_malformed") from None
        return signature

    def _check_coverage(self, signature: Signature, request: SignedRequest) -> None:
        """Step 6."""
        covered = signature.covered
        needed = [*_DERIVED, *(["content-type"] if request.body else [])]
        if request.body and self.settings.covers_content_digest == "required":
            needed.append("content-digest")
        headers = [name for name in covered if not name.startswith("@")]
        if any(name not in covered for name in needed) or any(name not in request.headers for name in headers):
            raise SignatureRefused("request_signature_components_incomplete")
        forbidden = self.settings.covers_content_digest == "forbidden" and "content-digest" in covered
        if forbidden or any(name.startswith("@") and name not in _DERIVED for name in covered):
            raise SignatureRefused("request_signature_components_unexpected")

    def _key(self, signature: Signature) -> SigningKey:
        """Steps 7 to 9."""
        key = self._keys.get(signature.strings["keyid"])
        if key is None:
            raise SignatureRefused("request_signature_key_unknown")
        purpose = key.use == "sig" and "verify" in key.key_ops and key.adcp_use == "request-signing"
        if not purpose or ALGORITHMS[signature.strings["alg"]] != key.alg:
            raise SignatureRefused("request_signature_key_purpose_invalid")
        if key.kid in self.settings.revoked:
            raise SignatureRefused("request_signature_key_revoked")
        return key

    def _check_digest(self, signature: Signature, request: SignedRequest) -> None:
        """Step 11."""
        if "content-digest" not in signature.covered:
            return
        said = signatures.digest_of(request.headers["content-digest"], self._legacy)
        if said != hashlib.sha256(request.body).digest():
            raise SignatureRefused("request_signature_digest_mismatch")


class _Nonces:
    """The nonces of one key, each until its signature has certainly expired (seconds)."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._ends: list[tuple[int, str]] = []

    def count(self, now_s: float) -> int:
        """How many there are."""
        while self._ends and self._ends[0][0] < now_s:
            self._known.discard(heapq.heappop(self._ends)[1])
        return len(self._known)

    def add(self, nonce: str, until_s: int) -> bool:
        """Remember a nonce; False if it is known."""
        if nonce in self._known:
            return False
        self._known.add(nonce)
        heapq.heappush(self._ends, (until_s, nonce))
        return True


def _check_parameters(signature: Signature, now_s: float, tag: str) -> None:
    """Steps 2 to 5."""
    numbers, strings = _PARAMETERS
    if any(name not in signature.numbers for name in numbers) or any(name not in signature.strings for name in strings):
        raise SignatureRefused("request_signature_params_incomplete")
    if signature.strings["tag"] != tag:
        raise SignatureRefused("request_signature_tag_invalid")
    if signature.strings["alg"] not in ALGORITHMS:
        raise SignatureRefused("request_signature_alg_not_allowed")
    created, expires = signature.numbers["created"], signature.numbers["expires"]
    if expires <= created or expires - created > WINDOW_S or not expires + SKEW_S >= now_s >= created - SKEW_S:
        raise SignatureRefused("request_signature_window_invalid")
    if not _strong(signature.strings["nonce"]):
        raise SignatureRefused("request_signature_header_malformed")


def _strong(nonce: str) -> bool:
    try:
        return "=" not in nonce and len(signatures.unbase64(nonce, legacy=True)) >= NONCE_BYTES
    except Malformed:
        return False


def _base(signature: Signature, request: SignedRequest) -> bytes:
    """What was signed (RFC 9421, 2.5)."""
    try:
        target, authority = canonical(request.url)
    except ValueError:
        raise SignatureRefused("request_target_uri_malformed") from None
    values = {**request.headers, "@method": request.method.upper(), "@target-uri": target, "@authority": authority}
    lines = [f'"{name}": {values[name].strip()}' for name in signature.covered]
    return "\n".join([*lines, f'"@signature-params": {signature.written}']).encode()


def _genuine(key: SigningKey, value: bytes, base: bytes) -> bool:
    """True if the holder of a key signed these bytes."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
    from cryptography.hazmat.primitives.hashes import SHA256

    x, y = (signatures.unbase64(part, legacy=True) for part in (key.x, key.y))
    try:
        if key.alg == "EdDSA":
            ed25519.Ed25519PublicKey.from_public_bytes(x).verify(value, base)
            return True
        if len(value) != 64:
            return False
        point = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), ec.SECP256R1()).public_key()
        pair = utils.encode_dss_signature(int.from_bytes(value[:32]), int.from_bytes(value[32:]))
        point.verify(pair, base, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _ambiguous(body: bytes) -> bool:
    """True if JSON has an object with the same key twice: readers differ in what it means (step 14)."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise _Twice
        return found

    try:
        json.loads(body, object_pairs_hook=once)
    except _Twice:
        return True
    except (ValueError, RecursionError):
        return False
    return False


class _Twice(Exception):
    pass
