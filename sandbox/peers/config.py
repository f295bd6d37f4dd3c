"""What a scenario says of an actor that is a real service."""

from __future__ import annotations

import os
from base64 import b64encode
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from sandbox.core.errors import InputError
from sandbox.core.time import SECOND_MS, parse_duration
from sandbox.protocol.signing_settings import SigningKey


def _read_duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str | float | int) and not isinstance(value, bool) else value


Duration = Annotated[
    int,
    BeforeValidator(_read_duration),
    Field(ge=0),
    WithJsonSchema({"type": ["string", "number"], "description": "A duration such as 200ms, 10s or 2m"}),
]
"""A duration; ms once read."""


def checked_url(url: str) -> str:
    """An HTTP address without credentials, query and final slash. ``ValueError`` for anything else."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write an address such as http://127.0.0.1:3000")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("an address has no credentials, query or fragment; credentials are in `auth`")
    return url.rstrip("/")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FromEnvironment(_Strict):
    """A value that the environment has: an address that is not the same everywhere, or a secret."""

    from_env: str = Field(pattern=r"^[A-Za-z_]\w*$", description="Name of the environment variable")

    def read(self, what: str) -> str:
        """The value. Raises :class:`InputError` if it is not there; ``what`` names the field."""
        value = os.environ.get(self.from_env, "")
        if not value:
            raise InputError(f"{what}: the environment has no {self.from_env}", hint=f"export {self.from_env}=…")
        return value


class PeerAuth(FromEnvironment):
    """How we show a service who we are. The secret is in the environment alone: no trace or journal has it."""

    method: Literal["api-key", "bearer", "basic"] = Field(
        description="X-API-Key, a bearer token, or basic authentication (the variable has USER:PASSWORD)"
    )

    def header(self, actor: str) -> tuple[str, str]:
        """Name and value of the header. Raises :class:`InputError`, which does not repeat the secret."""
        secret = self.read(f"actors.{actor}.auth")
        if not secret.isascii() or any(ord(char) < 33 for char in secret):
            raise InputError(f"actors.{actor}.auth: a header can't carry what {self.from_env} has")
        if self.method == "api-key":
            return "X-API-Key", secret
        if self.method == "bearer":
            return "Authorization", f"Bearer {secret}"
        if ":" not in secret:
            raise InputError(f"actors.{actor}.auth: {self.from_env} has no password", hint="write USER:PASSWORD")
        return "Authorization", f"Basic {b64encode(secret.encode()).decode()}"


class PeerLatency(_Strict):
    """How long the service takes to answer, in simulated time: log-normal. How long it really took says nothing."""

    median: Duration = Field(default=100, description="Half of the answers take no longer; 100ms by default")
    p95: Duration = Field(default=300, description="95 of 100 answers take no longer; 300ms by default")

    @model_validator(mode="before")
    @classmethod
    def _one_value(cls, value: Any) -> Any:
        return {"median": value, "p95": value} if isinstance(value, str | int | float) else value

    @model_validator(mode="after")
    def _ordered(self) -> PeerLatency:
        if self.p95 < self.median:
            raise ValueError("p95 is below the median")
        return self


Url = Annotated[str, AfterValidator(checked_url)]


class PeerConfig(_Strict):
    """What all real services have."""

    url: Url | FromEnvironment = Field(description="Where it is; `{from_env: NAME}` takes it from the environment")
    auth: PeerAuth | None = Field(default=None, description="How it is shown who asks")
    latency: PeerLatency = Field(default=PeerLatency(), description="What an answer costs in simulated time")
    timeout: Annotated[Duration, Field(gt=0)] = Field(
        default=10 * SECOND_MS, description="How long an answer is waited for, in real time; 10s by default"
    )
    quiet_ms: int = Field(
        default=0,
        ge=0,
        le=60_000,
        description="Time stands still after an answer until the service has asked nothing for so many real ms",
    )
    announce: str | None = Field(
        default=None, pattern="^/", description="Path at the service to which the sandbox posts where it is, at first"
    )
    name: str = Field(default="", description="Its name in lists")

    def address(self, actor: str) -> str:
        """Where it is. Raises :class:`InputError` if the environment does not say it."""
        if isinstance(self.url, str):
            return self.url
        url = self.url.read(f"actors.{actor}.url")
        try:
            return checked_url(url)
        except ValueError as error:
            raise InputError(f"actors.{actor}.url: {self.url.from_env} has no address: {error}") from None


class AgentPeer(PeerConfig):
    """A real agent that speaks AdCP."""

    protocol: Literal["mcp", "a2a"] = Field(description="How it is spoken to; `url` is the MCP or A2A endpoint")
    webhook_keys: list[SigningKey] = Field(
        default=[], description="Public keys (JWK) by which it signs webhooks; without any, signatures are not checked"
    )


class OutcomePeer(PeerConfig):
    """A real outcome agent; ``url`` is what its five operations are below."""

    protocol: Literal["http"] = Field(default="http", description="How it is spoken to")
    quiet_ms: int = Field(
        default=250,
        ge=0,
        le=60_000,
        description="Time stands still after an answer until the agent has asked nothing for so many real ms",
    )
    register_it: bool = Field(
        default=True, alias="register", description="Whether it is entered at the platform; else it registers itself"
    )
    channels: list[str] = Field(default=[], description="Channels that it takes; all if empty")
    countries: list[str] = Field(default=[], description="Countries that it takes; all if empty")
    seats: list[str] | None = Field(default=None, description="Customers with which it is registered; null is all")
    platform: str | None = Field(default=None, description="The platform that it works for, if there are several")


class PlatformPeer(PeerConfig):
    """A real buyer platform; ``url`` is what ``/api/v2/buyer`` is below. The rest is as for the simulated one."""

    model_config = ConfigDict(extra="allow", frozen=True)

    protocol: Literal["rest"] = Field(default="rest", description="How it is spoken to")

    def platform_settings(self) -> dict[str, Any]:
        """The settings of the platform itself, such as its customers."""
        return dict(self.model_extra or {})


CONFIGS: dict[str, type[PeerConfig]] = {
    "brand": AgentPeer,
    "buyer": PlatformPeer,
    "creative": AgentPeer,
    "governance": AgentPeer,
    "outcome": OutcomePeer,
    "seller": AgentPeer,
    "signals": AgentPeer,
    "sponsored": AgentPeer,
}
"""Kinds of actors that may be real, and what is said of them then."""
