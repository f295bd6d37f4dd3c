"""A seller may do otherwise than ours do: `adcp-sandbox check sales-agent` fails nobody for what AdCP allows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.contract.auth import Auth
from sandbox.contract.check import Skipped
from sandbox.contract.run import Verdict, run
from sandbox.contract.sales_agent import SUBJECT
from sandbox.contract.sales_agent.agent import _releases
from sandbox.contract.sales_agent.catalog import bid, choice
from sandbox.core.errors import InputError
from tests.contract.mutants.proxy import Call, Forward, Instead, Mutant, Proxy, Said, Says, drop, every, put
from tests.contract.mutants.sales import recoded, refusal
from tests.server.conftest import Live, settings

SELLER = "worldview"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    server = Live(settings(tmp_path_factory.mktemp("legal")))
    yield server
    server.stop()


async def checked(live: Live, other: Mutant, only: tuple[str, ...] = ()) -> Verdict:
    """The verdict on a seller of ours that does something otherwise."""
    agent = next(row for row in live.line["agents"] if row["id"] == SELLER)
    parts = urlsplit(agent["mcp"])
    stranger = Auth("bearer", agent["tokens"]["globex"])
    options = {"control": live.line["control"], "other_auth": stranger, "protocol": "mcp"}
    async with Proxy(f"{parts.scheme}://{parts.netloc}", other).open() as proxy:
        auth = Auth("bearer", agent["token"])
        return await run(SUBJECT, proxy.base + parts.path, auth, only, None, options)


def cancels(call: Call) -> bool:
    return call.name == "update_media_buy" and "canceled" in str(call.body)


def has_webhook(call: Call) -> bool:
    return call.name == "create_media_buy" and "push_notification_config" in call.body


def moves_dates(call: Call) -> bool:
    return call.name == "update_media_buy" and "end_time" in call.body


class Curates(Mutant):
    """Has no wholesale feed: it takes briefs."""

    async def serve(self, call: Call, forward: Forward) -> Said:
        if call.name == "get_products" and call.body.get("buying_mode") == "wholesale":
            return Said(200, refusal("UNSUPPORTED_FEATURE"), failed=True)
        said = await forward(call)
        if call.name == "get_adcp_capabilities":
            said.body["media_buy"].pop("buying_modes", None)
        return said


class ActiveOnly(Mutant):
    """Reports are about active media buys unless a filter says otherwise, which is the default that AdCP names."""

    async def serve(self, call: Call, forward: Forward) -> Said:
        said = await forward(call)
        if call.name == "get_media_buy_delivery" and "status_filter" not in call.body and not said.failed:
            rows = said.body.get("media_buy_deliveries", [])
            said.body["media_buy_deliveries"] = [row for row in rows if row["status"] == "active"]
        return said


class Unpaged(Mutant):
    """Lists come whole: ``pagination`` of requests is passed over, answers have none."""

    async def serve(self, call: Call, forward: Forward) -> Said:
        if isinstance(call.body, dict):
            call.body.pop("pagination", None)
            call = Call(call.name, dict(call.body), call.headers, call.query)
        said = await forward(call)
        if isinstance(said.body, dict):
            said.body.pop("pagination", None)
        return said


FORBIDDEN = refusal("INVALID_STATE")
HOUSE = "X_HOUSE_NO_SUCH_THING"

LEGAL: dict[str, tuple[Mutant, dict[str, str]]] = {
    "names no release in its answers": (
        Says("get_adcp_capabilities", drop("adcp_version")),
        {"versions.served": "passed", "versions.newer_minor": "passed", "versions.named": "failed"},
    ),
    "has releases that are newer than this check": (
        Says("get_adcp_capabilities", put("adcp.supported_versions", ["3.0", "3.1", "3.10"])),
        {"versions.served": "passed", "lifecycle.create": "passed"},
    ),
    "remembers no replays, and says so": (
        Says("get_adcp_capabilities", put("adcp.idempotency", {"supported": False})),
        {"capabilities.replay_window": "skipped", "idempotency.once": "skipped", "idempotency.key_missing": "passed"},
    ),
    "does not mark replays": (
        Says("create_media_buy", drop("replayed")),
        {"idempotency.replay": "passed", "idempotency.marked": "failed"},
    ),
    "has no wholesale feed": (
        Curates(),
        {"lifecycle.create": "passed", "products.filter": "passed", "pages.products": "skipped"},
    ),
    "has formats of another creative agent": (
        Says("get_products", put("products.*.format_ids.*.agent_url", "https://creative.other.example")),
        {"products.formats": "passed"},
    ),
    "does not page": (Unpaged(), {"pages.products": "skipped", "pages.cursor": "skipped", "products.ids": "passed"}),
    "lets no media buy go": (
        Instead(cancels, Said(200, refusal("NOT_CANCELLABLE"), failed=True)),
        {"lifecycle.cancel": "skipped", "lifecycle.create": "passed", "schema.buys": "passed"},
    ),
    "moves no dates before the start, and does not say that it would": (
        Instead(moves_dates, Said(200, FORBIDDEN, failed=True)),
        {"changes.end": "skipped", "changes.revision": "skipped", "changes.stale": "skipped"},
    ),
    "does not list valid_actions": (
        Says("get_media_buys", drop("media_buys.*.valid_actions")),
        {"lifecycle.confirmed": "passed", "lifecycle.pause_and_resume": "passed", "lifecycle.actions": "failed"},
    ),
    "counts revisions for what it does itself too": (
        Says("get_media_buys", put("media_buys.*.revision", lambda number: number * 10)),
        {"changes.revision": "passed"},
    ),
    "has not confirmed a media buy yet": (
        Says("get_media_buys", put("media_buys.*.confirmed_at", None)),
        {"lifecycle.confirmed": "passed"},
    ),
    "shows no budgets of packages": (
        Says("get_media_buys", drop("media_buys.*.packages.*.budget")),
        {"lifecycle.create": "passed", "changes.budget": "skipped", "delivery.budget": "skipped"},
    ),
    "has codes of its own": (
        recoded("create_media_buy", HOUSE),
        {"refusals.product": "passed", "refusals.recovery": "passed", "refusals.specific": "failed"},
    ),
    "refuses in one layer": (
        Says("update_media_buy", drop("errors"), refusals=True),
        {"refusals.media_buy": "passed", "refusals.layers": "failed", "schema.refusals": "passed"},
    ),
    "sends no webhooks to private networks": (
        Instead(has_webhook, Said(200, refusal("INVALID_REQUEST"), failed=True)),
        {"webhooks.told": "skipped", "webhooks.retried": "skipped"},
    ),
    "reports about active media buys unless asked": (
        ActiveOnly(),
        {"delivery.nothing_yet": "passed", "delivery.status": "passed", "delivery.only_asked": "passed"},
    ),
    "calls a media buy pending in reports": (
        Says("get_media_buy_delivery", put("media_buy_deliveries.*.status", "pending")),
        {"delivery.status": "passed"},
    ),
    "counts no impressions of packages that sell clicks": (
        Says(
            "get_media_buy_delivery",
            every(
                put("media_buy_deliveries.*.by_package.*.clicks", 10),
                drop("media_buy_deliveries.*.by_package.*.impressions"),
                drop("media_buy_deliveries.*.totals.clicks"),
            ),
        ),
        {"delivery.possible": "passed", "delivery.packages": "passed"},
    ),
}
"""What a seller does, how ours is made to do it, and how checks come out (``failed`` only where that is a warning)."""


@pytest.mark.slow
@pytest.mark.parametrize("what", LEGAL)
def test_no_seller_is_failed_for_what_it_may_do(live: Live, what: str) -> None:
    other, wanted = LEGAL[what]
    verdict = asyncio.run(checked(live, other, tuple(wanted)))
    found = {one.check.name: (one.outcome, one.detail) for one in verdict.findings if one.check.name in wanted}
    assert {name: outcome for name, (outcome, _) in found.items()} == wanted, found
    assert not [one.check.name for one in verdict.findings if one.broken]


@pytest.mark.slow
def test_a_seller_that_speaks_3_0_only_conforms(live: Live) -> None:
    only = Says("get_adcp_capabilities", put("adcp.supported_versions", ["3.0"]))
    verdict = asyncio.run(checked(live, only))
    assert [f"{one.check.name}: {one.detail}" for one in verdict.findings if one.outcome == "failed"] == []
    assert verdict.count("passed") > 80


@pytest.mark.slow
def test_a_refused_order_is_one_failure_and_hides_nothing_else(live: Live) -> None:
    """Forty checks that can't order say so; only lifecycle.create fails."""
    closed = Instead(lambda call: call.name == "create_media_buy", Said(200, refusal("POLICY_VIOLATION"), failed=True))
    verdict = asyncio.run(checked(live, closed))
    assert [one.check.name for one in verdict.findings if one.outcome == "failed"] == ["lifecycle.create"]
    assert "POLICY_VIOLATION" in next(one.detail for one in verdict.findings if one.broken)
    assert not verdict.conforms


def test_only_releases_that_nobody_knows_here_are_bad_input(live: Live) -> None:
    with pytest.raises(InputError, match=r"it offers 4\.0, and none of 3\.0, 3\.1, 3\.2"):
        asyncio.run(checked(live, Says("get_adcp_capabilities", put("adcp.supported_versions", ["4.0"]))))


@pytest.mark.parametrize(
    ("said", "releases"),
    [
        ({}, ("3.0",)),
        ({"adcp": {"supported_versions": ["3.2", "3.1", "3.10"]}}, ("3.1", "3.2", "3.10")),
        ({"adcp": {"supported_versions": ["3.1.4", "3.2-rc.1"]}}, ("3.1",)),
    ],
)
def test_releases_are_read_as_agents_write_them(said: dict[str, Any], releases: tuple[str, ...]) -> None:
    assert _releases(said) == releases


def test_the_easiest_product_is_ordered_and_an_auction_gets_a_bid() -> None:
    auction = {"pricing_option_id": "a", "pricing_model": "cpm", "floor_price": 4, "price_guidance": {"p50": 6}}
    clicks = {"pricing_option_id": "c", "pricing_model": "cpc", "fixed_price": 1}
    fixed = {"pricing_option_id": "f", "pricing_model": "cpm", "fixed_price": 9}
    first, second = {"product_id": "1", "pricing_options": [auction]}, {"product_id": "2", "pricing_options": [clicks]}
    assert choice([first])[1] is auction
    assert bid(auction) == {"bid_price": 6}
    assert choice([first, second])[1] is clicks
    assert choice([first, {"product_id": "3", "pricing_options": [clicks, fixed]}])[1] is fixed
    assert bid(fixed) == {}
    with pytest.raises(Skipped):
        choice([{"product_id": "4", "pricing_options": []}])
