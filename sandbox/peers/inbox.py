"""Who may send webhooks in the name of a real service: by a shared secret, or by a signature.

A receiver that has given credentials with its address wants to see those; without, the specification wants webhooks
signed by RFC 9421 (docs/building/by-layer/L3/webhooks.mdx), which is checked where the scenario has the keys.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from sandbox.peers.config import AgentPeer, PeerConfig
from sandbox.protocol.request_signing import SignatureRefused, SignedRequest, Verifier
from sandbox.protocol.signing_settings import SigningSettings

TAG = "adcp/webhook-signing/v1"
"""The tag of the profile for webhooks."""

SKEW_S = 300
"""How far the time of a webhook with a shared secret may be from ours."""


_STAMP = re.compile(r"[0-9]{1,12}")


class WebhookGate:
    """Lets webhooks in. ``learn`` is shown every request that goes out; in it are addresses and agreed secrets."""

    def __init__(self) -> None:
        self._agreed: dict[str, Mapping[str, Any]] = {}
        self._open: set[str] = set()
        self._verifiers: dict[str, Verifier] = {}

    def learn(self, payload: Any) -> None:
        """Remember the ``authentication`` that goes with each address in a request."""
        if isinstance(payload, list):
            for item in payload:
                self.learn(item)
        elif isinstance(payload, dict):
            url, agreed = payload.get("url"), payload.get("authentication")
            if isinstance(url, str) and isinstance(agreed, dict):
                self._agreed[url] = agreed
            elif isinstance(url, str):
                self._open.add(url)
            for item in payload.values():
                self.learn(item)

    def objection(self, peer: str, config: PeerConfig, request: SignedRequest, now_s: float) -> str:
        """Why a webhook is not taken; empty if it is.

        Once secrets are agreed on with a receiver, no other address of the same receiver goes around them.
        """
        url = request.url.partition("?")[0]
        agreed = self._agreed.get(request.url) or self._agreed.get(url)
        if agreed is not None:
            return _shared(agreed, request, now_s)
        if not self._open.intersection((request.url, url)) and any(
            _receiver(url) == _receiver(u) for u in self._agreed
        ):
            return "nobody was given this address"
        if not isinstance(config, AgentPeer) or not config.webhook_keys:
            return ""
        if peer not in self._verifiers:
            keys = [key.model_copy(update={"adcp_use": "request-signing"}) for key in config.webhook_keys]
            self._verifiers[peer] = Verifier(SigningSettings(keys=keys), legacy=True, tag=TAG)
        try:
            self._verifiers[peer].verify(request, now_s)
        except SignatureRefused as refused:
            return refused.code.replace("request_signature", "webhook_signature")
        return ""


def _receiver(url: str) -> str:
    """``…/webhooks/<receiver>/<sender>/<customer>`` of an address below it."""
    return "/".join(url.split("/", 7)[:7])


def _shared(agreed: Mapping[str, Any], request: SignedRequest, now_s: float) -> str:
    """HMAC-SHA256 over time and body, or the secret as a bearer token."""
    secret, headers = str(agreed.get("credentials", "")), request.headers
    if "Bearer" in agreed.get("schemes", ()):
        fits = hmac.compare_digest(headers.get("authorization", "").encode(), f"Bearer {secret}".encode())
        return "" if fits else "the bearer token is not the one that was agreed on"
    stamp = headers.get("x-adcp-timestamp", "")
    if not _STAMP.fullmatch(stamp) or abs(now_s - int(stamp)) > SKEW_S:
        return "X-ADCP-Timestamp is missing or too old"
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    fits = hmac.compare_digest(headers.get("x-adcp-signature", "").encode(), f"sha256={digest}".encode())
    return "" if fits else "X-ADCP-Signature does not verify"
