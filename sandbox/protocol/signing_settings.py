"""Settings of an agent that verifies who signed a request."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sandbox.protocol.signatures import Malformed, unbase64
from sandbox.protocol.tools import TOOLS

_KINDS = {("OKP", "Ed25519", "EdDSA"): ("x",), ("EC", "P-256", "ES256"): ("x", "y")}


class SigningKey(BaseModel):
    """The public key of a client, as a JWK."""

    model_config = ConfigDict(extra="forbid")

    kid: str = Field(min_length=1, description="Name of the key")
    kty: str = Field(description="OKP or EC")
    crv: str = Field(description="Ed25519 or P-256")
    alg: str = Field(description="EdDSA or ES256")
    x: str = Field(description="The key, in Base64URL")
    y: str = Field(default="", description="The other half of a P-256 key")
    use: str = Field(default="sig", description="Must be sig for requests to be taken")
    key_ops: list[str] = Field(default=["verify"], description="Must have verify")
    adcp_use: str = Field(default="request-signing", description="Must be request-signing")
    customer: str = Field(default="", description="Principal of the customer whose key it is; the first one if empty")

    @model_validator(mode="after")
    def _known(self) -> SigningKey:
        parts = _KINDS.get((self.kty, self.crv, self.alg))
        if parts is None:
            raise ValueError("give an Ed25519 key (OKP, Ed25519, EdDSA) or a P-256 key (EC, P-256, ES256)")
        wrong = [name for name in parts if not _is_coordinate(getattr(self, name))]
        if wrong:
            raise ValueError(f"{wrong[0]} must be 32 bytes in Base64URL")
        return self


def _is_coordinate(text: str) -> bool:
    try:
        return len(unbase64(text, legacy=True)) == 32
    except Malformed:
        return False


class SigningSettings(BaseModel):
    """How an agent verifies signed requests (docs/building/by-layer/L1/security.mdx, "Signed Requests")."""

    model_config = ConfigDict(extra="forbid")

    keys: list[SigningKey] = Field(description="Public keys of clients")
    revoked: list[str] = Field(default=[], description="Names of keys that are revoked")
    covers_content_digest: Literal["required", "either", "forbidden"] = Field(
        default="required", description="Whether signatures cover the body; 3.2 knows `required` only"
    )
    required_for: list[str] = Field(default=[], description="Tools for which a signature or a token is asked for")
    warn_for: list[str] = Field(default=[], description="Tools whose bad signatures a token makes up for")
    supported_for: list[str] | None = Field(default=None, description="Tools to sign; all that it has if null")
    cap: int = Field(default=1_000_000, ge=1, description="Signatures of one key that are remembered at a time")

    @field_validator("required_for", "warn_for", "supported_for")
    @classmethod
    def _tools(cls, value: list[str] | None) -> list[str] | None:
        unknown = [name for name in value or () if name not in TOOLS]
        if unknown:
            raise ValueError(f"{unknown[0]} is no tool of AdCP")
        return value

    @model_validator(mode="after")
    def _distinct(self) -> SigningSettings:
        names = [key.kid for key in self.keys]
        double = next((name for name in names if names.count(name) > 1), None)
        if double is not None:
            raise ValueError(f"there are two keys {double}")
        return self

    def refuse_release(self, versions: list[Any]) -> None:
        """``ValueError`` if an agent that speaks these releases can't have these settings."""
        if self.covers_content_digest != "required" and "3.2" in versions:
            raise ValueError(
                f"covers_content_digest: {self.covers_content_digest} is of releases before 3.2; "
                "give `required`, or adcp_versions without 3.2"
            )

    def block(self, tools: list[str]) -> dict[str, Any]:
        """What the agent's capabilities say of it; ``tools`` are all that it has."""
        return {
            "supported": True,
            "covers_content_digest": self.covers_content_digest,
            "required_for": list(self.required_for),
            "warn_for": list(self.warn_for),
            "supported_for": list(tools if self.supported_for is None else self.supported_for),
        }
