"""Submitting a media buy to its sales agent, and taking in what the agent answers (rules 73, 75, 78, 101)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer import creatives
from agents.buyer.buy_status import move, read_status, status_for
from agents.buyer.fees import committed_micros, media_budget_micros
from agents.buyer.goals import goals_request
from agents.buyer.pacing_periods import shares, within
from agents.buyer.records import Campaign, MediaBuy, Package, StagedProduct
from agents.buyer.retargeting import audience_overlay
from sandbox.core.errors import AdcpError, ApiError
from sandbox.core.money import amount, split
from sandbox.core.time import iso
from sandbox.kernel.market import Binding

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Steps = Generator[Any, Any, Any]
Json = dict[str, Any]


def share_out(platform: BuyerPlatform, campaign: Campaign, drafts: list[MediaBuy]) -> None:
    """Give every staged product its budget: those without one share evenly what the media budget leaves.

    VALIDATION_ERROR if the products want more than there is; nothing is changed then. Without products there is
    nothing to refuse: executing again is safe, whatever the budget is now (rule 66).
    """
    staged = [product for buy in drafts for product in buy.products]
    if not staged:
        return
    left = media_budget_micros(platform, campaign) - committed_micros(platform, campaign)
    wanted = sum(product.budget_micros or 0 for product in staged)
    open_ones = [product for product in staged if product.budget_micros is None]
    if wanted > left or (open_ones and wanted >= left):
        raise ApiError(
            "VALIDATION_ERROR",
            f"the selected products want {amount(wanted)} {campaign.currency}, the media budget leaves "
            f"{amount(max(0, left))} for them",
            "budget.total",
        )
    if open_ones:
        for product, share in zip(open_ones, split(left - wanted, [1] * len(open_ones)), strict=True):
            product.budget_micros = share


def dates_of(campaign: Campaign, buy: MediaBuy) -> tuple[int, int]:
    """When a media buy runs: its own dates, or those of its campaign."""
    start_ms = campaign.start_ms if buy.start_ms is None else buy.start_ms
    return start_ms, campaign.end_ms if buy.end_ms is None else buy.end_ms


def check_periods(platform: BuyerPlatform, campaign: Campaign, drafts: list[MediaBuy]) -> None:
    """Every media buy still reaches a pacing period; VALIDATION_ERROR otherwise."""
    for buy in drafts:
        start_ms, end_ms = dates_of(campaign, buy)
        if campaign.periods and not within(campaign.periods, max(start_ms, platform.now), end_ms):
            raise ApiError(
                "VALIDATION_ERROR", f"no pacing period is left for media buy {buy.media_buy_id}", "pacingPeriods"
            )


def plan_packages(campaign: Campaign, buy: MediaBuy, now_ms: int) -> list[Package]:
    """One package for each product and pacing period; over the periods they add up to the product's budget.

    Periods that are over, or outside the dates of the media buy, get no package (rule 88).
    """
    start_ms, end_ms = dates_of(campaign, buy)
    packages: list[Package] = []
    for product in buy.products:
        for label, budget, from_ms, to_ms in _parts(campaign, product, max(start_ms, now_ms), end_ms):
            packages.append(
                Package(
                    package_id="",
                    product_id=product.product_id,
                    product_name=product.name,
                    pricing_option_id=product.pricing_option_id,
                    budget_micros=budget,
                    start_ms=from_ms,
                    end_ms=to_ms,
                    pacing=product.pacing,
                    bid_micros=product.bid_micros,
                    period=label,
                    creative_ids=buy.creative_ids,
                )
            )
    return packages


def _parts(
    campaign: Campaign, product: StagedProduct, start_ms: int, end_ms: int
) -> list[tuple[str | None, int, int, int]]:
    budget = product.budget_micros or 0
    if not campaign.periods:
        return [(None, budget, start_ms, end_ms)]
    periods = within(campaign.periods, start_ms, end_ms)
    parts = zip(periods, shares(budget, periods), strict=True)
    return [(p["label"], share, max(p["start_ms"], start_ms), min(p["end_ms"], end_ms)) for p, share in parts]


def targeting(platform: BuyerPlatform, campaign: Campaign, seller_id: str) -> Json:
    """The targeting overlay of all packages with a sales agent.

    Countries, the audiences that the agent has, and the advertiser's property lists (rules 113, 155).
    """
    overlay: Json = {"geo_countries": campaign.countries} if campaign.countries else {}
    overlay |= audience_overlay(platform, campaign, seller_id)
    listed = platform.lists.reference(platform.advertisers[campaign.advertiser_id])
    return overlay | {"property_list": listed} if listed is not None else overlay


def package_request(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, package: Package) -> Json:
    """A package as ``create_media_buy`` and ``new_packages`` take it."""
    body: Json = {
        "product_id": package.product_id,
        "pricing_option_id": package.pricing_option_id,
        "budget": amount(package.budget_micros),
        "pacing": package.pacing,
    }
    if package.bid_micros is not None:
        body["bid_price"] = amount(package.bid_micros)
    if package.period is not None:
        body["end_time"] = iso(package.end_ms)
        if package.start_ms > platform.now:
            body["start_time"] = iso(package.start_ms)
    overlay = targeting(platform, campaign, buy.seller_id) | platform.outcome.overlay(buy)
    if overlay:
        body["targeting_overlay"] = overlay
    if buy.goals:
        body["optimization_goals"] = goals_request(buy.goals)  # rule 91: the same for every package
    return body


def submit(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, log: list[Json]) -> Steps:
    """Submit a DRAFT. Raises :class:`AdcpError`, and the buy is FAILED, when the agent does not take it.

    Whoever calls has set ``buy.sending``. A buy that was deleted in the meantime stays so, and is canceled
    with the agent as soon as it is known there.
    """
    try:
        body = yield from _order(platform, campaign, buy, log)
    except AdcpError as error:
        buy.message = str(error)
        if buy.status == "DRAFT":
            move(platform, buy, "FAILED", str(error))
        platform.expect_order_news(buy)
        raise
    finally:
        buy.sending = False
    yield from take_answer(platform, campaign, buy, body)


def recover(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy) -> Steps:
    """Find out what became of an order that was given up before its answer came (:func:`given_up`).

    The same request goes out again under its key, so that the agent has it once at most; what the agent has
    is canceled there. Raises :class:`AdcpError` when there is no answer this time either.
    """
    buy.sending = True
    try:
        body = yield from _send(platform, buy, [])
    except AdcpError:
        if buy.pending_request is not None:
            raise
        return
    finally:
        buy.sending = False
    yield from take_answer(platform, campaign, buy, body)


def given_up(buy: MediaBuy) -> bool:
    """True if nobody wants the media buy any more, and it is not known whether the agent has it."""
    order = buy.pending_request is not None and "packages" in buy.pending_request
    return order and not buy.sending and buy.status in ("CANCELED", "ARCHIVED") and buy.adcp_media_buy_id is None


def take_answer(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, body: Json) -> Steps:
    """Take in the answer to an order. News of its task that came before the answer is taken in after it."""
    assert buy.pending_request is not None
    buy.packages, (buy.start_ms, buy.end_ms) = buy.pending_request["packages"], buy.pending_request["dates"]
    buy.pending_request = None
    if body.get("status") == "submitted":
        buy.task_id, buy.message = body["task_id"], body.get("message")
        platform.tasks.ordered(campaign, buy)
        if buy.status in ("DRAFT", "FAILED"):
            move(platform, buy, "PENDING_APPROVAL", "the sales agent has to approve it")
        platform.expect_news(buy.seller_id, body["task_id"])
        return
    yield from adopt(platform, campaign, buy, body)


def _order(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, log: list[Json]) -> Steps:
    """Send an order and give the answer's body.

    When an earlier attempt ended without a clear answer, the agent may have the buy already. So that very
    request goes out again under its key, and a new one only after the agent refused it.
    """
    if buy.pending_request is not None:
        try:
            return (yield from _send(platform, buy, log))
        except AdcpError:
            if buy.pending_request is not None:
                raise
    packages = plan_packages(campaign, buy, platform.now)
    request = yield from _request(platform, campaign, buy, packages)
    buy.pending_request = {
        "key": platform.ids.uuid("create"),
        "request": request,
        "packages": packages,
        "dates": dates_of(campaign, buy),
    }
    return (yield from _send(platform, buy, log))


def _send(platform: BuyerPlatform, buy: MediaBuy, log: list[Json]) -> Steps:
    sent = buy.pending_request
    assert sent is not None
    try:
        request, key = sent["request"], sent["key"]
        body = yield from platform.governance.send(buy, "create_media_buy", request, key, log)
        platform.sellers.bought_on(buy.media_buy_id, request["account"])
        return body
    except AdcpError as error:
        if error.recovery != "transient" and error.code != "IDEMPOTENCY_EXPIRED":
            buy.pending_request = None
        elif (error.details or {}).get("unclear") or error.code == "IDEMPOTENCY_EXPIRED":
            sent["unclear"] = True
        raise


def _request(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, packages: list[Package]) -> Steps:
    advertiser = platform.advertisers[campaign.advertiser_id]
    account = yield from platform.sellers.account(buy.seller_id, advertiser, campaign.campaign_type == "ROUTED")
    rows = [package_request(platform, campaign, buy, package) for package in packages]
    yield from creatives.attach(platform, campaign, buy, packages, rows)
    start_ms, end_ms = dates_of(campaign, buy)
    request: Json = {
        "account": account,
        "brand": {"domain": advertiser.brand},
        "start_time": "asap" if start_ms <= platform.now else iso(start_ms),
        "end_time": iso(end_ms),
        "packages": rows,
        "po_number": campaign.campaign_id,
    }
    push = platform.callback(buy.media_buy_id)
    if push is not None:
        request["push_notification_config"] = push
    report = platform.report_callback()
    if report is not None:
        request["reporting_webhook"] = report
    return request


def adopt(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, body: Json) -> Steps:
    """Take in an accepted media buy: its ids, its packages, its status.

    What was decided here in the meantime is made up for: a canceled buy is canceled with the agent, and a
    buy of a paused campaign is paused (rules 67 and 93).
    """
    buy.adcp_media_buy_id, buy.revision = body["media_buy_id"], body.get("revision")
    for package, row in zip(buy.packages, body.get("packages", []), strict=False):
        package.package_id = row["package_id"]
        package.creative_ids = tuple(a["creative_id"] for a in row.get("creative_assignments", []))
    buy.adcp_status = read_status(body) or "active"
    buy.message = None
    if buy.status in ("CANCELED", "ARCHIVED"):
        yield from make_up(platform, campaign, buy, {"canceled": True, "cancellation_reason": "canceled meanwhile"})
        return
    groups = (campaign.campaign_id, *platform.outcome.groups(buy))
    binding = Binding(campaign.campaign_id, campaign.advertiser_id, groups)
    platform.world.market.bind(buy.seller_id, buy.adcp_media_buy_id, binding)
    move(platform, buy, status_for(campaign, buy.adcp_status), "the sales agent accepted it")
    if campaign.status == "PAUSED":
        yield from make_up(platform, campaign, buy, {"paused": True})


def make_up(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, change: Json) -> Steps:
    """Make up for a decision; what does not get through is overdue, and polling tries again."""
    try:
        body = yield from send_change(platform, campaign, buy, change)
    except AdcpError as error:
        buy.message = str(error)
        buy.overdue = change if error.recovery == "transient" else None
        return
    buy.overdue = None
    status = read_status(body)
    if status is not None and buy.status in ("ACTIVE", "PAUSED"):
        buy.adcp_status = status
        move(platform, buy, status_for(campaign, status), "as its campaign is")


def send_change(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, change: Json) -> Steps:
    """Send ``update_media_buy`` for a running buy, and give the answer's body.

    Raises :class:`AdcpError`. A CONFLICT about the revision is answered by reading it again, once.
    """
    advertiser, routed = platform.advertisers[campaign.advertiser_id], campaign.campaign_type == "ROUTED"
    account = yield from platform.sellers.account(buy.seller_id, advertiser, routed, buy.media_buy_id)
    request: Json = {"account": account, "media_buy_id": buy.adcp_media_buy_id, **change}
    push = platform.callback(buy.media_buy_id)
    if push is not None:
        request["push_notification_config"] = push
    if buy.revision is not None:
        request["revision"] = buy.revision
    send, key = platform.governance.send, platform.ids.uuid
    try:
        body = yield from send(buy, "update_media_buy", request, key("request"))
    except AdcpError as error:
        if error.code != "CONFLICT":
            raise
        request["revision"] = (error.details or {}).get("current_revision", buy.revision)
        body = yield from send(buy, "update_media_buy", request, key("request"))
    if body.get("status") != "submitted":
        buy.revision = body.get("revision", buy.revision)
    return body
