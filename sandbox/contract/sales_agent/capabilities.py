"""What an agent says that it can, who it lets in, and which releases it speaks."""

from __future__ import annotations

from typing import Any

from sandbox.contract.auth import Auth
from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent
from sandbox.contract.sales_agent.catalog import account, products
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.protocol.versions import VERSIONS, envelope

_SPEC = "docs/protocol/get_adcp_capabilities.mdx"
_VERSIONS = "docs/reference/versioning.mdx, Version negotiation"

CORE = ("get_products", "create_media_buy", "update_media_buy", "get_media_buys", "get_media_buy_delivery")
"""What a seller of media offers whatever its release."""

READS: dict[str, dict[str, Any]] = {
    "get_adcp_capabilities": {},
    "list_creative_formats": {},
    "list_accounts": {},
    "list_creatives": {},
    "get_media_buys": {},
    "get_media_buy_delivery": {},
    "list_tasks": {},
}
"""Reading tools that can be called with nothing to start from."""


@CHECKS.add("capabilities.answer", _SPEC)
async def answer(agent: Agent) -> None:
    """get_adcp_capabilities says its major versions and that it speaks the protocol media_buy."""
    said = (await agent.ok("get_adcp_capabilities")).get("adcp") or {}
    expect(3 in (said.get("major_versions") or []), "adcp.major_versions", "3 among them", said.get("major_versions"))
    spoken = agent.capabilities.get("supported_protocols") or []
    expect("media_buy" in spoken, "supported_protocols", "media_buy among them", spoken)


@CHECKS.add("capabilities.tools", _SPEC)
async def tools(agent: Agent) -> None:
    """The tools that a seller of media has are there, and every claimed lifecycle tool is too."""
    claimed = (agent.capabilities.get("media_buy") or {}).get("lifecycle_tools") or []
    library = (agent.capabilities.get("creative") or {}).get("has_creative_library")
    wanted = [*CORE, *claimed, *(["sync_creatives"] if library else [])]
    listed = await agent.wire.tools()
    missing = [name for name in wanted if name not in listed]
    expect(not missing, "tools", f"{', '.join(missing)} too", ", ".join(listed))


@CHECKS.add("capabilities.served", _SPEC)
async def served(agent: Agent) -> None:
    """Every listed tool that reads is served."""
    for name, payload in READS.items():
        if name in agent.tools:
            reply = await agent.call(name, payload)
            code = reply.error.code if reply.error is not None else ""
            expect(code not in ("UNSUPPORTED_FEATURE", "SERVICE_UNAVAILABLE"), name, "an answer", code)


@CHECKS.add("capabilities.replay_window", "docs/building/by-layer/L1/security.mdx, Idempotency")
async def replay_window(agent: Agent) -> None:
    """How long replays are remembered is declared, from an hour to a week."""
    said = ((await agent.ok("get_adcp_capabilities")).get("adcp") or {}).get("idempotency") or {}
    if said.get("supported") is False:
        raise Skipped("the agent says that it remembers no replays (adcp.idempotency.supported)")
    window = said.get("replay_ttl_seconds")
    fine = isinstance(window, int | float) and 3600 <= window <= 604_800
    expect(fine, "adcp.idempotency.replay_ttl_seconds", "3600 to 604800", window)


@CHECKS.add("capabilities.pricing", _SPEC)
async def pricing(agent: Agent) -> None:
    """Products are priced by no other model than the agent declares."""
    declared = (agent.capabilities.get("media_buy") or {}).get("supported_pricing_models")
    if not declared:
        raise Skipped("the agent declares no pricing models")
    used = {option.get("pricing_model") for product in await products(agent) for option in product["pricing_options"]}
    expect(used <= set(declared), "pricing_model of the products", sorted(declared), sorted(map(str, used)))


@CHECKS.add("capabilities.controller", "docs/building/by-layer/L3/comply-test-controller.mdx")
async def controller(agent: Agent) -> None:
    """comply_test_controller is listed exactly where compliance_testing says so."""
    said = "compliance_testing" in await agent.ok("get_adcp_capabilities")
    listed = "comply_test_controller" in agent.tools
    expect(listed == said, "compliance_testing", f"{'there' if listed else 'not there'}, as the tool is", said)


@CHECKS.add("auth.missing", "docs/building/by-layer/L2/authentication.mdx")
async def auth_missing(agent: Agent) -> None:
    """Who brings no credentials is refused the account's media buys."""
    if agent.auth is None:
        raise Skipped("no credentials were given (--auth)")
    await _expect_stranger(agent, None)


@CHECKS.add("auth.wrong", "docs/building/by-layer/L2/authentication.mdx")
async def auth_wrong(agent: Agent) -> None:
    """Who brings wrong credentials is refused."""
    if agent.auth is None:
        raise Skipped("no credentials were given (--auth)")
    await _expect_stranger(agent, agent.auth.wrong())


async def _expect_stranger(agent: Agent, auth: Auth | None) -> None:
    """Fail if somebody else gets what the customer gets. Skipped if the customer gets nothing either."""
    agent.needs("get_media_buys")
    await account(agent)
    asked = {**envelope(agent.version), **agent.here({})}
    if (await agent.wire.call("get_media_buys", asked, agent.auth)).failed:
        raise Skipped("get_media_buys is refused to its own customer too")
    told = await agent.wire.call("get_media_buys", asked, auth)
    status = told.http.status
    refused = status in (401, 403) or (status == 200 and told.failed)
    expect(refused, "get_media_buys for a stranger", "401, 403, or an error", f"HTTP {status}: {told.http.text[:200]}")


@CHECKS.add("versions.served", _VERSIONS)
async def versions_served(agent: Agent) -> None:
    """Each advertised release is served, and no other one is named in the answer."""
    for version in agent.versions:
        body = (await agent.call("get_adcp_capabilities", version=version)).told.body or {}
        expect("adcp" in body, f"get_adcp_capabilities in {version}", "an answer", body)
        said = body.get("adcp_version")
        if version != "3.0":
            expect(said is None or _is(said, version), "adcp_version of the answer", version, said)


@CHECKS.add("versions.named", _VERSIONS, severity="should")
async def versions_named(agent: Agent) -> None:
    """From 3.1 on, an answer names the release in which it is given."""
    for version in agent.versions:
        if version != "3.0":
            body = (await agent.call("get_adcp_capabilities", version=version)).told.body or {}
            said = body.get("adcp_version")
            expect(said is not None, "adcp_version of the answer", version, "none")
    if agent.versions == ("3.0",):
        raise Skipped("releases are named from 3.1 on")


def _is(said: object, version: str) -> bool:
    """True if a release is said, or a patch of it."""
    return str(said) == version or str(said).startswith(f"{version}.")


@CHECKS.add("versions.newer_minor", _VERSIONS)
async def newer_minor(agent: Agent) -> None:
    """A newer release of the same major is served as the newest that the agent has."""
    if agent.version == "3.0":
        raise Skipped("releases are named from 3.1 on")
    told = await agent.wire.call("get_adcp_capabilities", {"adcp_version": "3.99"}, agent.auth)
    expect(not told.failed, "get_adcp_capabilities in 3.99", "an answer", told.http.text[:300])
    said, newest = (told.body or {}).get("adcp_version"), agent.offered[-1]
    expect(said is None or _is(said, newest), "adcp_version of the answer", newest, said)


@CHECKS.add("versions.other_major", _VERSIONS)
async def other_major(agent: Agent) -> None:
    """Another major version is refused with VERSION_UNSUPPORTED, which lists those that are served."""
    told = await agent.wire.call("get_products", {"adcp_major_version": 99, "buying_mode": "wholesale"}, agent.auth)
    error = agent.read("get_products", told, agent.version).error
    code = error.code if error is not None else "it was served"
    expect(code == "VERSION_UNSUPPORTED", "code", "VERSION_UNSUPPORTED", code)
    entry = (told.body or {}).get("adcp_error") or ((told.body or {}).get("errors") or [{}])[0]
    listed = {**(entry.get("data") or {}), **(entry.get("details") or {})}
    named = listed.get("supported_versions") or listed.get("supported_majors")
    expect(
        bool(named) or agent.version == "3.0", "details of the error", f"supported_versions: {list(VERSIONS)}", listed
    )
