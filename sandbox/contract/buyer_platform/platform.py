"""The buyer platform that is checked: requests, what must be refused, and things to check with."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from sandbox.contract.auth import Auth, expect_let_in
from sandbox.contract.buyer_platform.answers import UNKNOWN_OPERATION, Body, content, instant, judge
from sandbox.contract.buyer_platform.tidy import Made, tidy
from sandbox.contract.check import Failed, Skipped
from sandbox.contract.control import Control, pass_days, until
from sandbox.contract.talk import Answer, NoAnswer, Talk
from sandbox.core.errors import InputError

BUYER = "/api/v2/buyer"
BRAND = "acme.com"
"""The registered brand of the documents' examples."""

APPROVAL_HOURS = 96.0

_WORDS = "available check create credentials current discover-products metrics reports summary sync templates".split()
"""Parts of paths that are no ids though they stand where ids do."""

_CORE = re.compile(r"(advertisers|campaigns|discovery)(/(\*|discover-products)(/(products|execute|pause))?)?")
"""Operations without which nothing can be checked: that one is missing is no reason to skip."""


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
    shared: str | None = None
    """The advertiser of checks to which it does not matter, once there is one: advertisers can't be deleted."""
    domains: list[str] | None = None
    """Domains that the platform resolves, once they are known."""
    made: Made = field(default_factory=Made)
    answered: set[str] = field(default_factory=set)
    """The operations that were seen to be there."""

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
        answer = await self.talk.send(method, self.url(path, query), body, headers)
        self.made.note(method, path, answer, who)
        if answer.status not in UNKNOWN_OPERATION:
            self.answered.add(operation(method, path))
        return answer

    async def ok(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """A request that must succeed; gives what it answers. Raises :class:`Skipped` if there is no such operation."""
        answer = await self.send(method, path, body, query)
        self.there(answer, method, path)
        if not 200 <= answer.status < 300:
            raise Failed(f"{method} {path}", "a success", f"{answer.status} {answer.text[:200]}")
        return content(answer.body)

    async def refused(
        self, method: str, path: str, body: Any, *codes: str, query: dict[str, Any] | None = None
    ) -> Body:
        """A request that must be refused with one of these codes and its status; gives ``error``.

        Raises :class:`Skipped` if there is no such operation.
        """
        answer = await self.send(method, path, body, query)
        if "NOT_FOUND" not in codes or answer.status != 404:
            self.there(answer, method, path)
        return judge(answer, f"{method} {path}", *codes)

    def there(self, answer: Answer, method: str, path: str) -> None:
        """Raise :class:`Skipped` if a platform that answers so has no such operation, and was never seen to have it."""
        named = operation(method, path)
        if answer.status in UNKNOWN_OPERATION and named not in self.answered and not _CORE.fullmatch(named.split()[1]):
            raise Skipped(f"the platform has no operation {named}: it answers {answer.status}")

    async def tidy(self) -> None:
        """Cancel and delete what was made for checking."""
        await tidy(self, self.made)

    # -- time --------------------------------------------------------------------------------------------

    async def now(self) -> datetime:
        """The platform's time: that of the sandbox whose clock we move, or what it says of a thing just made."""
        if self.control is not None:
            return await self.control.now()
        if self.ahead is None:
            made = await self.ok("GET", f"advertisers/{await self.advertiser()}")
            here = datetime.now(UTC)
            self.ahead = (instant(made.get("createdAt")) or here) - here
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

    async def until(self, done: Callable[[], Awaitable[Any]], what: str, hours: float = APPROVAL_HOURS) -> Any:
        """Wait for something of the platform's, as :func:`~sandbox.contract.control.until` does."""
        try:
            return await until(self.control, done, hours)
        except Skipped as skipped:
            raise Skipped(f"waiting for {what}: {skipped}") from None

    # -- things to check with ----------------------------------------------------------------------------

    async def advertiser(self, **fields: Any) -> str:
        """A new advertiser; gives its id. On a real platform it is a sandbox advertiser, which costs nothing."""
        kind = {} if self.control is not None else {"sandbox": True}
        body = {"name": name(), "brand": self.brand, **kind, **fields}
        return str((await self.ok("POST", "advertisers", body))["id"])

    async def somebody(self) -> str:
        """An advertiser for checks to which it does not matter what else it has: always the same."""
        if self.shared is None:
            self.shared = await self.advertiser()
        return self.shared

    async def draft(self, advertiser: str | None = None, **fields: Any) -> Body:
        """What it takes to make a campaign, as a body."""
        return {
            "advertiserId": advertiser or await self.somebody(),
            "name": name(),
            "campaignType": "DECISIONED",
            "flightDates": {"startDate": await self.date(1), "endDate": await self.date(31)},
            "budget": {"total": 10_000, "currency": "USD"},
            **fields,
        }

    async def campaign(self, advertiser: str | None = None, **fields: Any) -> Body:
        """A new campaign, as it is read."""
        made: Body = await self.ok("POST", "campaigns", await self.draft(advertiser, **fields))
        return await self.read(made["campaignId"])

    async def read(self, campaign_id: str) -> Body:
        """A campaign as it is now."""
        found: Body = await self.ok("GET", f"campaigns/{campaign_id}")
        return found

    async def discover(self, advertiser: str, **fields: Any) -> Body:
        """A discovery with products. Raises :class:`Skipped` if nobody offers any."""
        found: Body = await self.ok("POST", "discovery/discover-products", {"advertiserId": advertiser, **fields})
        if not any(group["products"] for group in found.get("productGroups") or []):
            raise Skipped("no sales agent offers a product")
        return found

    async def select(self, found: Body, groups: int = 1, budget: float | None = 1000) -> list[Body]:
        """Select the first product of some groups of a discovery; gives the rows that were sent."""
        rows = [row_of(group, group["products"][0], budget) for group in found["productGroups"][:groups]]
        await self.ok("POST", f"discovery/{found['discoveryId']}/products", {"products": rows})
        return rows

    async def staged(self, groups: int = 1, advertiser: str | None = None, **fields: Any) -> Body:
        """A draft campaign with selected products, as it is read."""
        advertiser = advertiser or await self.somebody()
        found = await self.discover(advertiser)
        await self.select(found, groups)
        return await self.campaign(advertiser, discoveryId=found["discoveryId"], **fields)

    async def execute(self, campaign: Body) -> Body:
        """Execute a campaign; gives the answer.

        Raises :class:`Skipped` if sales agents refuse what they are asked for, or the platform wants creatives first.
        """
        path = f"campaigns/{campaign['campaignId']}/execute"
        answer = await self.send("POST", path, {})
        missing = (campaign.get("creativeFormats") or {}).get("missing")
        if 400 <= answer.status < 500 and missing and answer.status not in UNKNOWN_OPERATION:
            raise Skipped(f"the platform launches no campaign that lacks creatives: {answer.text[:200]}")
        if not 200 <= answer.status < 300:
            raise Failed(f"POST {path}", "a success", f"{answer.status} {answer.text[:200]}")
        done: Body = content(answer.body)
        if done.get("success") is False and done.get("errors"):
            raise Skipped(f"sales agents refused: {[row.get('message') for row in done['errors']]}")
        return done

    async def launched(self, groups: int = 1, **fields: Any) -> Body:
        """An executed campaign whose media buys agents have approved, as it is read."""
        made = await self.staged(groups, **fields)
        await self.execute(made)
        return await self.active(made["campaignId"])

    async def active(self, campaign_id: str) -> Body:
        """A campaign when all its media buys are active."""

        async def running() -> Body | None:
            await self.send("GET", f"campaigns/{campaign_id}/media-buy-status")
            found = await self.read(campaign_id)
            buys = [ref["status"] for ref in found["mediaBuyRefs"]]
            return found if buys and all(status == "ACTIVE" for status in buys) else None

        found: Body = await self.until(running, "sales agents to approve the media buys")
        return found


def operation(method: str, path: str) -> str:
    """An operation as the documents name it, with ``*`` for ids: ``GET campaigns/*/creatives``."""
    begin = "/api/v2/" if path.startswith("/api/v2/") else ""
    parts, after_kind = [], False
    for part in path.removeprefix(begin).split("/"):
        word = part in _WORDS
        parts.append("*" if after_kind and not word else part)
        after_kind = word or not after_kind
    return f"{method} {begin}{'/'.join(parts)}"


def row_of(group: Body, product: Body, budget: float | None = None) -> Body:
    """A product of a discovery as a selection wants it, with a bid if it has no fixed price."""
    options = product.get("pricingOptions") or []
    fixed = [option for option in options if option.get("isFixed")]
    row: Body = {"productId": product["productId"], "salesAgentId": product["salesAgentId"]}
    row |= {"groupId": group["groupId"], "groupName": group["groupName"]}
    if options and not fixed:
        row["bidPrice"] = float(options[0].get("floorPrice") or options[0].get("rate") or 5) * 2
    elif options and options[0] is not fixed[0]:
        row["pricingOptionId"] = fixed[0].get("pricingOptionId")
    elif not options and product.get("bidPrice"):
        row["bidPrice"] = product["bidPrice"]
    return row if budget is None else {**row, "budget": budget}


def budget_of(buy: Body) -> float:
    """The budget of a media buy: that of its packages, or of the products of a draft."""
    return sum(float(row["budget"]) for row in buy.get("packages") or buy.get("products") or [])


def name() -> str:
    """A name that nobody has."""
    return f"Check {uuid4().hex[:12]}"


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
    expect_let_in(answer.status, auth)
    if answer.status != 200:
        raise InputError(f"no buyer platform answers: {answer.status} for /api/v2/accounts/current", url)
    try:
        yield platform
    finally:
        await platform.tidy()
