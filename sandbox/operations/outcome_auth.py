"""How a platform shows an outcome agent who it is: API key, bearer token or basic authentication (rule 206)."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.operations.outcome import header

Method = Literal["API_KEY", "BEARER", "BASIC"]

NEEDED: dict[Method, tuple[str, ...]] = {
    "API_KEY": ("apiKey",),
    "BEARER": ("token",),
    "BASIC": ("username", "password"),
}
"""What credentials consist of, by method."""

SECRET_HEADERS = ("X-API-Key", "Authorization")
"""Headers that no trace shows."""


@dataclass(slots=True, frozen=True)
class Credentials:
    """What one side gave the other: ``user`` is there for BASIC alone."""

    method: Method
    secret: str
    user: str = ""

    @classmethod
    def read(cls, method: Method, given: Mapping[str, Any]) -> Credentials:
        """Credentials as a registration has them; ``ValueError`` with the name of what is missing."""
        for name in NEEDED[method]:
            if not isinstance(given.get(name), str) or not given[name]:
                raise ValueError(f"{name}: {method} needs it, as a text")
        if method == "BASIC":
            if ":" in given["username"]:
                raise ValueError("username: it can't have a colon (RFC 7617)")
            return cls(method, given["password"], given["username"])
        return cls(method, given[NEEDED[method][0]])

    def wire(self) -> dict[str, str]:
        """As a registration has them."""
        values = (self.user, self.secret) if self.method == "BASIC" else (self.secret,)
        return dict(zip(NEEDED[self.method], values, strict=True))

    def headers(self) -> dict[str, str]:
        """The header by which a request shows them."""
        if self.method == "API_KEY":
            return {"X-API-Key": self.secret}
        if self.method == "BEARER":
            return {"Authorization": f"Bearer {self.secret}"}
        pair = base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def fit(self, headers: Mapping[str, Any]) -> bool:
        """True if a request shows just these; compared in constant time."""
        name, wanted = next(iter(self.headers().items()))
        given = header(headers, name)
        if self.method != "API_KEY":  # RFC 9110: schemes are case-insensitive
            scheme, _, rest = given.partition(" ")
            given = f"{scheme.capitalize()} {rest.strip()}"
        return hmac.compare_digest(given.encode(), wanted.encode())


def access_token(secret: str, issuer: str, subject: str) -> str:
    """A JWT (RFC 7519, HS256) as an OAuth server of the agent hands it to the platform; it has no end."""
    parts = [{"alg": "HS256", "typ": "JWT"}, {"iss": issuer, "sub": subject, "scope": "outcome-agent"}]
    signed = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{signed}.{_base64url(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
