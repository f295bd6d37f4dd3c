"""The buyer platform that is checked: requests, what must be refused, and things to check with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from sandbox.contract.auth import Auth
from sandbox.contract.check import Failed, Skipped, expect
from sandbox.contract.control import Control, pass_days, until
from sandbox.contract.talk import Answer, NoAnswer, Talk
from sandbox.core.errors import API_STATUS, InputError

BUYER = "/api/v2/buyer"
BRAND = "acme.com"
"""The registered brand of the documents' examples."""

APPROVAL_HOURS = 96.0

Body = dict[str, Any]


@dataclass(slots=True)
class Platform:
    """A buyer platform. Paths that begin with ``/`` are whole, others are below ``/api/v2/buyer``."""

    root: str
    talk: Talk
    auth: Auth | None
    other: Auth | None
    control: Control | None
    brand: str
    prefix: str = BUYER
    mcp: str | None = None
    """Address of its MCP endpoint; None is the well-known place."""
    ahead: timedelta | None = None
    """How far the platform's clock is ahead of this machine's, once that is known."""

    # -- requests ----------------------------------------------------------------------------------------

    def url(self, path: str, query: dict[str, Any] | None = None) -> str:
        """An address with a query; a list is a parameter that is repeated."""
        whole = path if path.startswith("/") else f"{self.prefix}/{path}"
        return f"{self.root}{whole}" + (f"?{urlencode(query, doseq=True)}" if query else "")

    async def send(
        self, method: str, path: str, body: Any = None, query: dict[str, Any] | None = None, auth: Auth | None = None
    ) -> Answer:
        """Send a request as oneself, or as ``auth``."""
        who = auth or self.auth
        headers = dict([who.header]) if who is not None else {}
        return await self.talk.send(method, self.url(path, query), body, headers)

    async def ok(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """A request that must succeed; gives what it answers, out of ``data`` where that is all there is."""
        answer = await self.send(method, path, body, query)
        if not 200 <= answer.status < 300:
            raise Failed(f"{method} {path}", "a success", f"{answer.status} {answer.text[:200]}")
        found = answer.body
        wrapped = isinstance(found, dict) and "data" in found and set(found) <= {"data", "meta"}
        return found["data"] if wrapped else found

    async def refused(
        self, method: str, path: str, body: Any, *codes: str, query: dict[str, Any] | None = None
    ) -> Body:
        """A request that must be refused with one of these codes and its status; gives ``error``."""
        answer = await self.send(method, path, body, query)
        return judge(answer, f"{method} {path}", *codes)

    # -- time --------------------------------------------------------------------------------------------

    async def now(self) -> datetime:
        """The platform's time: that of the sandbox whose clock we move, or what it says of a thing just made."""
        if self.control is not None:
            return await self.control.now()
        if self.ahead is None:
            made = await self.ok("POST", "advertisers", {"name": name(), "brand": self.brand})
            self.ahead = _instant(made.get("createdAt")) - datetime.now(UTC)
        return datetime.now(UTC) + self.ahead

    async def day(self, days: float) -> str:
        """An instant so many days from now."""
        return (await self.now() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")

    async def date(self, days: int) -> str:
        """The midnight (UTC) that follows in so many days."""
        return (await self.now() + timedelta(days=days)).strftime("%Y-%m-%dT00:00:00Z")

    async def pass_days(self, days: float) -> None:
        """Let days pass. Raises :class:`Skipped` without a clock."""
        await pass_days(self.control, days)

    async def until(self, done: Callable[[], Awaitable[Any]], hours: float = APPROVAL_HOURS) -> Any:
        """Wait for something of the platform's, as :func:`~sandbox.contract.control.until` does."""
        return await until(self.control, done, hours)

    # -- things to check with ----------------------------------------------------------------------------

    async def advertiser(self, **fields: Any) -> str:
        """A new advertiser; gives its id."""
        made = await self.ok("POST", "advertisers", {"name": name(), "brand": self.brand, **fields})
        return str(made["id"])

    async def draft(self, advertiser: str | None = None, **fields: Any) -> Body:
        """What it takes to make a campaign, as a body."""
        return {
            "advertiserId": advertiser or await self.advertiser(),
            "name": name(),
            "campaignType": "DECISIONED",
            "flightDates": {"startDate": await self.date(1), "endDate": await self.date(31)},
            "budget": {"total": 10_000, "currency": "USD"},
            **fields,
        }

    async def campaign(self, advertiser: str | None = None, **fields: Any) -> Body:
        """A new campaign, as its creation answers it."""
        made: Body = await self.ok("POST", "campaigns", await self.draft(advertiser, **fields))
        return made

    async def read(self, campaign_id: str) -> Body:
        """A campaign as it is now."""
        found: Body = await self.ok("GET", f"campaigns/{campaign_id}")
        return found

    async def discover(self, advertiser: str, **fields: Any) -> Body:
        """A discovery with products. Raises :class:`Skipped` if nobody offers any."""
        found: Body = await self.ok("POST", "discovery/discover-products", {"advertiserId": advertiser, **fields})
        if not found.get("productGroups"):
            raise Skipped("no sales agent offers a product")
        return found

    async def select(self, found: Body, groups: int = 1, budget: float | None = 1000) -> list[Body]:
        """Select the first product of some groups of a discovery; gives the rows that were sent."""
        rows = [row_of(group, group["products"][0], budget) for group in found["productGroups"][:groups]]
        await self.ok("POST", f"discovery/{found['discoveryId']}/products", {"products": rows})
        return rows

    async def staged(self, groups: int = 1, **fields: Any) -> Body:
        """A draft campaign with selected products, as it is read."""
        advertiser = await self.advertiser()
        found = await self.discover(advertiser)
        await self.select(found, groups)
        made = await self.campaign(advertiser, discoveryId=found["discoveryId"], **fields)
        return await self.read(made["campaignId"])

    async def launched(self, groups: int = 1, **fields: Any) -> Body:
        """An executed campaign whose media buys agents have approved, as it is read."""
        made = await self.staged(groups, **fields)
        done = await self.ok("POST", f"campaigns/{made['campaignId']}/execute", {})
        expect(done.get("success") is True, "success of the execution", True, done.get("errors"))
        return await self.active(made["campaignId"])

    async def active(self, campaign_id: str) -> Body:
        """A campaign when all its media buys are active."""

        async def running() -> Body | None:
            await self.ok("GET", f"campaigns/{campaign_id}/media-buy-status")
            found = await self.read(campaign_id)
            buys = [ref["status"] for ref in found["mediaBuyRefs"]]
            return found if buys and all(status == "ACTIVE" for status in buys) else None

        found: Body = await self.until(running)
        return found


def judge(answer: Answer, what: str, *codes: str) -> Body:
    """The ``error`` of a refusal, which has one of these codes and the status of its code (rules 3 and 4)."""
    body = answer.body if isinstance(answer.body, dict) else {}
    error = body.get("error")
    if not isinstance(error, dict) or answer.status < 400:
        named = f"a refusal {' or '.join(codes)}".strip()
        raise Failed(what, named, f"{answer.status} {answer.text[:200]}")
    code = str(error.get("code"))
    expect(not codes or code in codes, f"code of {what}", " or ".join(codes), f"{code}: {error.get('message')}")
    wanted = API_STATUS.get(code, answer.status)
    expect(answer.status == wanted, f"status of {code}", wanted, answer.status)
    return error


def row_of(group: Body, product: Body, budget: float | None = None) -> Body:
    """A product of a discovery as a selection wants it, at its fixed price if it has one."""
    options = product.get("pricingOptions") or []
    fixed = next((option for option in options if option.get("isFixed")), None)
    row: Body = {"productId": product["productId"], "salesAgentId": product["salesAgentId"]}
    row |= {"groupId": group["groupId"], "groupName": group["groupName"]}
    if fixed is None and options:
        row["bidPrice"] = float(options[0].get("floorPrice") or 5) * 2
    elif fixed is not None:
        row["pricingOptionId"] = fixed.get("pricingOptionId")
    return row if budget is None else {**row, "budget": budget}


def budget_of(buy: Body) -> float:
    """The budget of a media buy: that of its packages, or of the products of a draft."""
    return sum(float(row["budget"]) for row in buy.get("packages") or buy.get("products") or [])


def name() -> str:
    """A name that nobody has."""
    return f"Check {uuid4().hex[:12]}"


def near(one: Any, other: Any) -> bool:
    """True if two amounts are the same to a cent."""
    return isinstance(one, int | float) and isinstance(other, int | float) and abs(one - other) <= 0.011


@asynccontextmanager
async def open_platform(
    url: str,
    auth: Auth | None,
    talk: Talk,
    other_auth: Auth | None = None,
    control: str | None = None,
    brand: str = BRAND,
    mcp: str | None = None,
) -> AsyncIterator[Platform]:
    """The platform at an address, with or without ``/api/v2/buyer``. Raises :class:`InputError` if none answers."""
    root = url.removesuffix("/").removesuffix(BUYER)
    clock = None if control is None else await Control.open(control, talk)
    platform = Platform(root, talk, auth, other_auth, clock, brand, mcp=mcp)
    try:
        with talk.reaching():
            answer = await platform.send("GET", "/api/v2/accounts/current")
    except NoAnswer as error:
        raise InputError(f"nothing answers: {error}", url) from None
    if answer.status in (401, 403):
        raise InputError("the API key is refused", "--auth", "write bearer:KEY with an API key of the platform")
    if answer.status != 200:
        raise InputError(f"no buyer platform answers: {answer.status} for /api/v2/accounts/current", url)
    yield platform


def _instant(text: Any) -> datetime:
    """An instant as the platform writes it; now if it writes none."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return datetime.now(UTC)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
