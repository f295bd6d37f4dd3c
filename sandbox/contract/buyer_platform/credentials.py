"""Part B: credentials for sales agents. Last, since credentials that were registered stay."""

from __future__ import annotations

from sandbox.contract.buyer_platform.accounts import sources, storefronts
from sandbox.contract.buyer_platform.answers import content, listing
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.faults import control_of
from sandbox.contract.buyer_platform.platform import Platform, name
from sandbox.contract.check import Skipped, expect

SECRET = "check-secret-1f0c77"  # noqa: S105 - made up, and looked for in answers


async def _source(platform: Platform, required: bool) -> tuple[str, dict[str, str]]:
    """Where credentials of a source are registered, and the source."""
    for row in await storefronts(platform):
        for source in await sources(platform, row):
            active = source.get("agentStatus", "ACTIVE") == "ACTIVE" and source.get("authType") != "OAUTH"
            if source["requiresCredentials"] is required and (active or not required):
                return f"storefronts/{row['id']}/sources/{source['sourceId']}/credentials", source
    raise Skipped(f"no source {'requires' if required else 'goes without'} credentials")


@CHECKS.add("credentials.not_needed", "rule 18")
async def not_needed(platform: Platform) -> None:
    """Where a source requires no credentials none can be registered."""
    path, _ = await _source(platform, False)
    body = {"accountIdentifier": name(), "auth": {"type": "bearer", "token": SECRET}}
    await platform.refused("POST", path, body)


@CHECKS.add("credentials.auth_needed", "rule 20")
async def auth_needed(platform: Platform) -> None:
    """An agent that wants a key or token is not registered with without one."""
    path, source = await _source(platform, True)
    if source.get("authType") is None:
        control_of(platform)
    error = await platform.refused("POST", path, {"accountIdentifier": name()}, "VALIDATION_ERROR", "INVALID_STATE")
    if error["code"] == "INVALID_STATE":
        raise Skipped(f"the source can't be registered with: {error.get('message')}")


@CHECKS.add("credentials.registered", "rules 19, 20 and 22")
async def registered(platform: Platform) -> None:
    """Registering answers 201 and is listed as active; the secret is never shown.

    Only in a sandbox: credentials can't be taken away again.
    """
    control_of(platform)
    path, source = await _source(platform, True)
    named = name()
    body = {"accountIdentifier": named, "auth": {"type": source.get("authType") or "bearer", "token": SECRET}}
    answer = await platform.send("POST", path, body)
    if 400 <= answer.status < 500:
        raise Skipped(f"the agent does not take a key that was made up: {answer.text[:200]}")
    expect(answer.status == 201, "status", 201, f"{answer.status} {answer.text[:200]}")
    told = await platform.send("GET", "storefronts/credentials")
    rows = listing(content(told.body), "credentials")
    shown = [row["status"] for row in rows if row["accountIdentifier"] == named]
    expect(shown == ["ACTIVE"], "status of the credentials", ["ACTIVE"], shown)
    expect(SECRET not in answer.text + told.text, "the answers", "no secret", "the token")
