"""How agents sign webhooks that leave the sandbox (docs/building/by-layer/L1/security.mdx, "Webhook callbacks").

Without ``authentication`` in the receiver's configuration a webhook is signed by RFC 9421 under the profile
``adcp/webhook-signing/v1``; with it by the shared secret, or it carries the secret as a bearer token. Never both.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox.kernel.webhooks import Letter

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TAG = "adcp/webhook-signing/v1"

WINDOW_S = 300
"""How long a signature holds: the longest that the profile allows."""

COVERED = ("@method", "@target-uri", "@authority", "content-type", "content-digest")
"""Components that a signature covers, in this order."""


SEALED = "sealed-"
"""How the name of a secret begins that is long enough for one."""


class Keyring:
    """The Ed25519 keys of a sandbox's agents, and secrets that receivers have agreed on with them.

    Keys follow from the sandbox's seed and the agent's id: they are the same after a restart, and worth nothing
    outside of it. Secrets never get into a world or a journal: ``conceal`` puts a name in their place. They are not
    known any more after a restart.
    """

    def __init__(self, seed: int, clock: Callable[[], float] = time.time) -> None:
        self._seed = seed
        self._clock = clock
        self._keys: dict[str, Ed25519PrivateKey] = {}
        self._secrets: dict[str, str] = {}

    # -- secrets -----------------------------------------------------------------------------------------

    def conceal(self, value: Any) -> Any:
        """A request with the credentials of every ``authentication`` in it replaced by a name of the same secret."""
        if isinstance(value, list):
            return [self.conceal(item) for item in value]
        if not isinstance(value, dict):
            return value
        hidden = {name: self.conceal(item) for name, item in value.items()}
        secret = hidden["authentication"].get("credentials") if isinstance(hidden.get("authentication"), dict) else None
        if isinstance(secret, str):
            hidden["authentication"] = {**hidden["authentication"], "credentials": self._name(secret)}
        return hidden

    def _name(self, secret: str) -> str:
        name = "*" * len(secret) if len(secret) < 32 else SEALED + self._mac(secret)[:57]
        self._secrets[name] = secret
        return name

    def _secret(self, name: str) -> str | None:
        """The secret of a name; what is no name is what a scenario says itself."""
        concealed = name.startswith(SEALED) or not name.strip("*")
        return self._secrets.get(name, None if concealed else name)

    def _mac(self, text: str) -> str:
        return hmac.new(self._root, text.encode(), hashlib.sha256).hexdigest()

    @cached_property
    def _root(self) -> bytes:
        return hashlib.sha256(f"adcp-sandbox/{self._seed}".encode()).digest()

    # -- keys --------------------------------------------------------------------------------------------

    def key(self, agent_id: str) -> Ed25519PrivateKey:
        """The private key of an agent."""
        if agent_id not in self._keys:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

            self._keys[agent_id] = Ed25519PrivateKey.from_private_bytes(
                hmac.new(self._root, agent_id.encode(), hashlib.sha256).digest()
            )
        return self._keys[agent_id]

    def jwk(self, agent_id: str) -> dict[str, Any]:
        """The public key of an agent, as its key set publishes it."""
        raw = self.key(agent_id).public_key().public_bytes_raw()
        use = {"use": "sig", "key_ops": ["verify"], "adcp_use": "request-signing"}
        return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(raw), "kid": key_id(agent_id), "alg": "EdDSA", **use}

    # -- headers -----------------------------------------------------------------------------------------

    def sign(self, letter: Letter, body: bytes) -> Mapping[str, str]:
        """The headers that authenticate one attempt to deliver a webhook."""
        if letter.authentication is None:
            return self._signature(letter, body)
        secret = self._secret(letter.authentication.get("credentials", ""))
        if secret is None:
            return {}
        if "Bearer" in letter.authentication.get("schemes", ()):
            return {"Authorization": f"Bearer {secret}"}
        stamp = str(int(self._clock() + letter.skew_ms / 1000))
        digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return {"X-ADCP-Signature": f"sha256={digest}", "X-ADCP-Timestamp": stamp}

    def _signature(self, letter: Letter, body: bytes) -> dict[str, str]:
        now = int(self._clock() + letter.skew_ms / 1000)
        digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        url = urlsplit(letter.url)
        values = {
            "@method": "POST",
            "@target-uri": url._replace(path=url.path or "/", fragment="").geturl(),
            "@authority": _authority(letter.url),
            "content-type": "application/json",
            "content-digest": digest,
        }
        covered, nonce = " ".join(f'"{name}"' for name in COVERED), _base64url(secrets.token_bytes(16))
        parameters = (
            f'({covered});created={now};expires={now + WINDOW_S};nonce="{nonce}"'
            f';keyid="{key_id(letter.sender)}";alg="ed25519";tag="{TAG}"'
        )
        lines = [f'"{name}": {values[name]}' for name in COVERED]
        base = "\n".join([*lines, f'"@signature-params": {parameters}'])
        signature = _base64url(self.key(letter.sender).sign(base.encode()))
        return {
            "Content-Digest": digest,
            "Signature-Input": f"sig1={parameters}",
            "Signature": f"sig1=:{signature}:",
        }


def key_id(agent_id: str) -> str:
    """The ``kid`` of an agent's key."""
    return f"{agent_id}-2026"


def _authority(url: str) -> str:
    """Host and port in lower case, without the scheme's own port (RFC 9421, 2.2.3)."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, usual) else f"{host}:{parts.port}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
