"""Part A: the same operations for agents, over MCP."""

from __future__ import annotations

from typing import Any

from sandbox.contract.auth import Auth
from sandbox.contract.buyer_platform.answers import Body, content, listing
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.news import NEWS, unread
from sandbox.contract.buyer_platform.platform import Platform, name
from sandbox.contract.check import Skipped, expect
from sandbox.contract.mcp import Mcp
from sandbox.contract.talk import NoAnswer
from sandbox.core.errors import InputError

NOBODY = 987_654_321
"""The number of a customer that nobody is."""


class Session:
    """A session with the platform's MCP endpoint: ``await Session.open(platform)``."""

    def __init__(self, wire: Mcp, auth: Auth | None) -> None:
        self._wire, self._auth = wire, auth

    @classmethod
    async def open(cls, platform: Platform, auth: Auth | None = None) -> Session:
        """Initialize as oneself, or as ``auth``. Raises :class:`Skipped` if no MCP server answers."""
        who = auth or platform.auth
        wire = Mcp(platform.mcp or f"{platform.root}/mcp", who, platform.talk)
        try:
            await wire.open()
        except (InputError, NoAnswer) as error:
            why = error.message if isinstance(error, InputError) else error
            raise Skipped(f"no MCP server is at {wire.endpoint} ({why}); --mcp URL names another place") from None
        return cls(wire, who)

    async def result(self, tool: str, **arguments: Any) -> Body:
        """What a tool said, with ``content``, ``structuredContent`` and ``isError``."""
        return await self._wire.result(tool, arguments, self._auth)

    async def ok(self, tool: str, **arguments: Any) -> Any:
        """What a tool said that must succeed; out of ``data`` where that is all there is."""
        told = await self._wire.call(tool, arguments, self._auth)
        expect(not told.failed, f"the tool {tool}", "a success", told.http.text[:200])
        return content(told.body or {})

    async def text(self, tool: str, **arguments: Any) -> str:
        """All texts of a tool that must succeed."""
        told = await self.result(tool, **arguments)
        expect(bool(told) and not told.get("isError"), f"the tool {tool}", "a success", told)
        return "\n".join(str(part.get("text", "")) for part in told.get("content") or [])

    async def refused(self, tool: str, *codes: str, **arguments: Any) -> Body:
        """The error of a tool that must fail, in the form of rule 5."""
        told = await self.result(tool, **arguments)
        expect(told.get("isError") is True, f"isError of {tool}", True, told.get("isError", told))
        error: Body = told.get("structuredContent") or {}
        expect(not codes or error.get("code") in codes, "structuredContent.code", " or ".join(codes), error)
        message = error.get("message")
        expect(bool(message) and isinstance(message, str), "structuredContent.message", "a text", message)
        texts = [part.get("text") for part in told.get("content") or [] if part.get("type") == "text"]
        expect(any(texts), "content", "a text", told.get("content"))
        return error


@CHECKS.add("tools.errors", "rule 5")
async def errors(platform: Platform) -> None:
    """A tool that refuses says so: isError, a code, a message, the field that is wrong, and a text."""
    session = await Session.open(platform)
    absent = {"campaignId": "cmp_0000000000"}
    await session.refused("api_call", "NOT_FOUND", operation="get_campaign", pathParams=absent)
    wrong = await session.refused(
        "api_call", "VALIDATION_ERROR", operation="create_advertiser", body={"brand": platform.brand}
    )
    fine = str(wrong.get("field", "name")).endswith("name")
    expect(fine, "structuredContent.field", "name", wrong.get("field"))


@CHECKS.add("tools.api_call", "rule 11")
async def api_call(platform: Platform) -> None:
    """An operation takes path parameters, query and body, and does what it does over REST."""
    session = await Session.open(platform)
    body = {"name": name(), "brand": platform.brand}
    made = str((await session.ok("api_call", operation="create_advertiser", body=body))["id"])
    found = await session.ok("api_call", operation="get_advertiser", pathParams={"advertiserId": made})
    shown = (str(found["id"]), found["name"])
    expect(shown == (made, body["name"]), "the advertiser over MCP", (made, body["name"]), shown)
    over_rest = (await platform.ok("GET", f"advertisers/{made}"))["name"]
    expect(over_rest == body["name"], "the advertiser over REST", body["name"], over_rest)
    rows = (await session.ok("api_call", operation="list_advertisers", params={"name": body["name"]}))["items"]
    expect([str(row["id"]) for row in rows] == [made], "advertisers of that name", [made], rows)


@CHECKS.add("tools.texts", "rule 11")
async def texts(platform: Platform) -> None:
    """Numbers and truth values of the query may be texts."""
    session = await Session.open(platform)
    mark = name()
    for number in range(3):
        await platform.advertiser(name=f"{mark} {number}")
    params = {"name": mark, "limit": "2", "offset": "1"}
    page = await session.ok("api_call", operation="list_advertisers", params=params)
    expect(len(page["items"]) == 2, "advertisers with the limit '2' from '1' on", 2, page["items"])
    await unread(platform)
    params = {"unreadOnly": "true", "limit": "1"}
    rows = (await session.ok("api_call", operation="list_notifications", params=params))["notifications"]
    expect([row["read"] for row in rows] == [False], "notifications with unreadOnly 'true'", "one unread", rows)


@CHECKS.add("tools.no_switch", "rule 12")
async def no_switch(platform: Platform) -> None:
    """api_call does not change the customer."""
    session = await Session.open(platform)
    own = await platform.ok("GET", "/api/v2/accounts/current")
    for operation in ("customer_switch", "switch_customer"):
        told = await session.result("api_call", operation=operation, body={"customerId": own["id"]})
        fine = not told or told.get("isError") is True
        expect(fine, f"api_call with the operation {operation}", "a refusal", told)


@CHECKS.add("tools.switch", "rule 12")
async def switch(platform: Platform) -> None:
    """customer_switch holds for all later calls, to every customer for which the person works."""
    session = await Session.open(platform)
    for account in listing(await platform.ok("GET", "/api/v2/accounts"), "accounts"):
        await session.ok("customer_switch", customerId=account["id"])
        for _ in range(2):
            found = await session.ok("api_call", operation="get_current_account")
            expect(found["id"] == account["id"], "customer after the switch", account["id"], found["id"])
    fresh = await (await Session.open(platform)).ok("api_call", operation="get_current_account")
    own = await platform.ok("GET", "/api/v2/accounts/current")
    expect(fresh["id"] == own["id"], "customer of another session", own["id"], fresh["id"])


@CHECKS.add("tools.members_only", "rule 12")
async def members_only(platform: Platform) -> None:
    """Nobody switches to a customer that there is not, or that the person does not work for."""
    own = await platform.ok("GET", "/api/v2/accounts/current")
    tries: list[tuple[Auth | None, Any]] = [(platform.auth, NOBODY)]
    if platform.other is not None:
        answer = await platform.send("GET", "/api/v2/accounts", auth=platform.other)
        rows = listing(content(answer.body), "accounts")
        if all(row["id"] != own["id"] and row["role"] != "SUPER_ADMIN" for row in rows):
            tries.append((platform.other, own["id"]))
    for auth, wanted in tries:
        session = await Session.open(platform, auth)
        before = await session.ok("api_call", operation="get_current_account")
        await session.refused("customer_switch", customerId=wanted)
        after = await session.ok("api_call", operation="get_current_account")
        expect(before["id"] == after["id"], "customer after a refused switch", before["id"], after["id"])


@CHECKS.add("tools.news", "rule 14")
async def news(platform: Platform) -> None:
    """help and ask_about_capability tell of unread notifications."""
    session = await Session.open(platform)
    await unread(platform)
    query = {"unreadOnly": "true", "limit": 100}
    rows = (await platform.ok("GET", NEWS, **query))["notifications"]
    told = {
        "help": await session.text("help"),
        "ask_about_capability": await session.text("ask_about_capability", question="How do I launch a campaign?"),
    }
    marks = [str(row["messagePreview"])[:40] for row in rows] + [str(row["id"]) for row in rows]
    for tool, text in told.items():
        expect(any(mark in text for mark in marks), f"the text of {tool}", "unread notifications", text[-300:])
    if platform.control is not None:
        await platform.ok("POST", f"{NEWS}/read-all", {})
        found = await session.text("help")
        expect(not any(mark in found for mark in marks), "help when all is read", "no notification", found)
