"""Actions on media buys in ``update_campaign``: update, cancel, delete (rules 84 to 95)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents.buyer import creatives
from agents.buyer.buy_status import OPEN, live_version, move, pending_version, read_status, status_for, trace_id
from agents.buyer.campaign_bodies import MediaBuyAction, ProductChange
from agents.buyer.goals import check_sources
from agents.buyer.offers import is_fixed
from agents.buyer.records import Advertiser, Campaign, MediaBuy, Package, StagedProduct
from agents.buyer.staging import product_of
from agents.buyer.submission import send_change
from sandbox.core.errors import AdcpError, ApiError
from sandbox.core.money import amount
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Steps = Generator[Any, Any, Any]
Json = dict[str, Any]

CANCELABLE = OPEN
"""Statuses in which a media buy may be canceled (rule 93)."""


def check_actions(
    platform: BuyerPlatform,
    campaign: Campaign,
    advertiser: Advertiser,
    actions: list[MediaBuyAction],
    flight: tuple[int, int],
) -> None:
    """Check every action of a request; nothing is changed."""
    seen: set[str] = set()
    for number, action in enumerate(actions):
        field = f"mediaBuys[{number}]"
        buy = find(campaign, action.media_buy_id, f"{field}.mediaBuyId")
        if action.media_buy_id in seen:
            raise ApiError("VALIDATION_ERROR", "two actions on one media buy", f"{field}.mediaBuyId")
        seen.add(action.media_buy_id)
        if action.action == "cancel":
            _check_cancel(buy, action, field)
        elif action.action == "update":
            _check_update(platform, campaign, advertiser, buy, action, flight, field)


def find(campaign: Campaign, media_buy_id: str, field: str) -> MediaBuy:
    """The running version of a media buy of the campaign; NOT_FOUND if there is none."""
    versions = [buy for buy in campaign.media_buys if buy.media_buy_id == media_buy_id and buy.status != "ARCHIVED"]
    if not versions:
        raise ApiError("NOT_FOUND", f"the campaign has no media buy {media_buy_id}", field)
    return min(versions, key=lambda buy: buy.version)


def _check_cancel(buy: MediaBuy, action: MediaBuyAction, field: str) -> None:
    if buy.status == "DRAFT":
        raise ApiError("INVALID_STATE", "a DRAFT was never sent to an agent; use action delete", f"{field}.action")
    if buy.status not in CANCELABLE:
        raise ApiError("INVALID_STATE", f"a {buy.status} media buy can't be canceled", f"{field}.action")
    known = [package.package_id for package in buy.packages]
    for package_id in action.package_ids or []:
        if package_id not in known:
            raise ApiError("NOT_FOUND", f"the media buy has no package {package_id}", f"{field}.packageIds")


def _check_update(
    platform: BuyerPlatform,
    campaign: Campaign,
    advertiser: Advertiser,
    buy: MediaBuy,
    action: MediaBuyAction,
    flight: tuple[int, int],
    field: str,
) -> None:
    if action.products and buy.status != "DRAFT":  # rule 86
        raise ApiError("INVALID_STATE", f"products change on DRAFTs only; this buy is {buy.status}", f"{field}.products")
    if action.packages and buy.status != "ACTIVE":
        raise ApiError("INVALID_STATE", f"packages change on ACTIVE buys only; it is {buy.status}", f"{field}.packages")
    if buy.status not in ("DRAFT", "ACTIVE"):
        raise ApiError("INVALID_STATE", f"a {buy.status} media buy can't be changed", field)
    if buy.status == "ACTIVE" and pending_version(campaign, buy) is not None:  # rule 90
        raise ApiError("INVALID_STATE", "an update of this media buy waits for approval already", field)
    _check_dates(campaign, buy, action, flight, field)
    check_sources(advertiser, action.optimization_goals or [], f"{field}.optimization_goals")
    known = [package.package_id for package in buy.packages if not package.canceled]
    for n, change in enumerate(action.packages):
        if change.package_id not in known:
            raise ApiError("NOT_FOUND", f"no package {change.package_id} to change", f"{field}.packages[{n}].packageId")
    for n, product in enumerate(action.products):
        _check_product(platform, campaign, buy, product, f"{field}.products[{n}]")


def _check_dates(
    campaign: Campaign, buy: MediaBuy, action: MediaBuyAction, flight: tuple[int, int], field: str
) -> None:
    """Within the campaign's flight (rule 88)."""
    start = action.start_time
    if isinstance(start, int) and start < flight[0]:
        raise ApiError("VALIDATION_ERROR", "the media buy would start before its campaign", f"{field}.start_time")
    end_ms = action.end_time
    if end_ms is None:
        return
    if end_ms > flight[1]:
        raise ApiError("VALIDATION_ERROR", "the media buy would end after its campaign", f"{field}.end_time")
    begin_ms = start if isinstance(start, int) else (buy.start_ms or flight[0])
    if end_ms <= begin_ms:
        raise ApiError("VALIDATION_ERROR", "the media buy would end before it starts", f"{field}.end_time")


def _check_product(
    platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, change: ProductChange, field: str
) -> None:
    on_it = any(product.product_id == change.product_id for product in buy.products)
    if change.remove:
        if not on_it:
            raise ApiError("NOT_FOUND", f"the media buy has no product {change.product_id}", f"{field}.product_id")
        return
    offer = product_of(platform, campaign, buy.seller_id, change.product_id)
    if not offer:
        raise ApiError("NOT_FOUND", f"{buy.seller_id} offered no product {change.product_id}", f"{field}.product_id")
    options = {option["pricing_option_id"]: option for option in offer["pricing_options"]}
    option_id = change.pricing_option_id or next(iter(options))
    if option_id not in options:
        raise ApiError("VALIDATION_ERROR", f"there are {', '.join(options)}", f"{field}.pricingOptionId")
    if not on_it and not is_fixed(options[option_id]) and change.bid_price is None:
        raise ApiError("VALIDATION_ERROR", "the price is not fixed; give a bidPrice", f"{field}.bidPrice")


def act(platform: BuyerPlatform, campaign: Campaign, action: MediaBuyAction) -> Steps:
    """Carry out one checked action; gives an entry for ``errors`` when the agent refuses, else None."""
    buy = find(campaign, action.media_buy_id, "mediaBuys")
    try:
        if action.action == "cancel" and action.package_ids:
            yield from _cancel_packages(platform, campaign, buy, action)
        elif action.action == "cancel":
            yield from end_media_buy(platform, campaign, buy, "CANCELED", action.reason or "canceled by the buyer")
        elif action.action == "delete":
            yield from end_media_buy(platform, campaign, buy, "ARCHIVED", "deleted")
        elif buy.status == "DRAFT":
            _change_draft(platform, campaign, buy, action)
        else:
            yield from _change_live(platform, campaign, buy, action)
    except AdcpError as error:
        return {"mediaBuyId": buy.media_buy_id, "salesAgentId": buy.seller_id, "message": str(error)}
    return None


def _change_draft(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, action: MediaBuyAction) -> None:
    buy.name = action.name or buy.name
    if action.start_time is not None:
        buy.start_ms = platform.now if action.start_time == "asap" else int(action.start_time)
    buy.end_ms = action.end_time or buy.end_ms
    if action.creative_ids is not None:
        buy.creative_ids = tuple(action.creative_ids)
    if action.optimization_goals is not None:  # rule 91: [] clears
        buy.goals = [goal.adcp() for goal in action.optimization_goals]
    for change in action.products:
        _change_product(platform, campaign, buy, change)
    _note(platform, buy, action)


def _change_product(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, change: ProductChange) -> None:
    staged = next((product for product in buy.products if product.product_id == change.product_id), None)
    if change.remove:
        buy.products = [product for product in buy.products if product.product_id != change.product_id]
        for discovery_id in campaign.discovery_ids:
            session = platform.sessions[discovery_id]
            session.selections = [
                pick
                for pick in session.selections
                if (pick.seller_id, pick.product_id) != (buy.seller_id, change.product_id)
            ]
        return
    if staged is None:
        offer = product_of(platform, campaign, buy.seller_id, change.product_id)
        first = offer["pricing_options"][0]["pricing_option_id"]
        staged = StagedProduct(
            change.product_id, str(offer["name"]), campaign.discovery_ids[-1], first, None, selected_ms=platform.now
        )
        buy.products.append(staged)
    staged.pricing_option_id = change.pricing_option_id or staged.pricing_option_id
    staged.budget_micros = change.budget or staged.budget_micros
    staged.pacing = change.pacing or staged.pacing
    staged.bid_micros = change.bid_price or staged.bid_micros


def _note(platform: BuyerPlatform, buy: MediaBuy, action: MediaBuyAction) -> None:
    """Keep why a version was made (rule 95)."""
    buy.updated_ms = platform.now
    buy.history.append({"at": iso(platform.now), "version": buy.version, "why": action.updated_reason or "updated"})


def _change_live(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, action: MediaBuyAction) -> Steps:
    """Make a new version that waits for the agent; the running one stays as it is until then (rule 89)."""
    if action.name is not None:
        buy.name = action.name
    version = _version(platform, buy, action)
    change = yield from _change_request(platform, campaign, buy, version, action)
    if not change:
        _note(platform, buy, action)
        return
    _note(platform, version, action)
    version.pending_request = change
    campaign.media_buys.append(version)
    platform.status("platform_media_buy", trace_id(version), None, "PENDING_APPROVAL", "an update was sent")
    try:
        body = yield from send_change(platform, campaign, buy, change)
    except AdcpError as error:
        drop_version(platform, campaign, version, "FAILED", str(error))
        raise
    if body.get("status") == "submitted":
        version.task_id, version.message = body["task_id"], body.get("message")
        return
    promote(platform, campaign, version, body)


def _version(platform: BuyerPlatform, buy: MediaBuy, action: MediaBuyAction) -> MediaBuy:
    """The next version of a media buy with the wanted values in it."""
    wanted = {change.package_id: change for change in action.packages}
    packages = []
    for package in buy.packages:
        change = wanted.get(package.package_id)
        copy = replace(package)
        if change is not None:
            copy.budget_micros = change.budget or copy.budget_micros
            copy.pacing = change.pacing or copy.pacing
            copy.bid_micros = change.bid_price or copy.bid_micros
        packages.append(copy)
    version = replace(
        buy,
        status="PENDING_APPROVAL",
        version=buy.version + 1 + sum(1 for entry in buy.history if entry.get("dropped")),
        packages=packages,
        history=list(buy.history),
        created_ms=platform.now,
        updated_ms=platform.now,
        task_id=None,
        message=None,
    )
    if action.start_time is not None:
        version.start_ms = platform.now if action.start_time == "asap" else int(action.start_time)
    version.end_ms = action.end_time or version.end_ms
    if action.optimization_goals is not None:
        version.goals = [goal.adcp() for goal in action.optimization_goals]
    return version


def _change_request(
    platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, version: MediaBuy, action: MediaBuyAction
) -> Steps:
    """What ``update_media_buy`` has to say; empty if only the platform is concerned."""
    rows: dict[str, Json] = {}
    for change in action.packages:
        row = rows.setdefault(change.package_id, {"package_id": change.package_id})
        if change.budget is not None:
            row["budget"] = amount(change.budget)
        if change.pacing is not None:
            row["pacing"] = change.pacing
        if change.bid_price is not None:
            row["bid_price"] = amount(change.bid_price)
    if action.optimization_goals:
        for package in buy.packages:
            row = rows.setdefault(package.package_id, {"package_id": package.package_id})
            row["optimization_goals"] = version.goals
    yield from _creative_rows(platform, campaign, version, action, rows)
    request: Json = {"packages": list(rows.values())} if rows else {}
    if action.start_time is not None:
        request["start_time"] = "asap" if action.start_time == "asap" else iso(int(action.start_time))
    if action.end_time is not None:
        request["end_time"] = iso(action.end_time)
    return request


def _creative_rows(
    platform: BuyerPlatform, campaign: Campaign, version: MediaBuy, action: MediaBuyAction, rows: dict[str, Json]
) -> Steps:
    """Assign other creatives, to the whole buy or to single packages."""
    chosen = {c.package_id: c.creative_ids for c in action.packages if c.creative_ids is not None}
    if action.creative_ids is not None:
        version.creative_ids = tuple(action.creative_ids)
        chosen = {p.package_id: action.creative_ids for p in version.packages if not p.canceled} | chosen
    touched: list[Package] = []
    for package in version.packages:
        if package.package_id in chosen:
            package.creative_ids = tuple(chosen[package.package_id])
            rows.setdefault(package.package_id, {"package_id": package.package_id})
            touched.append(package)
    if touched:
        yield from creatives.attach(platform, campaign, version, touched, [rows[p.package_id] for p in touched])


def promote(platform: BuyerPlatform, campaign: Campaign, version: MediaBuy, body: Json) -> None:
    """An update was approved: the version becomes the running one and replaces its predecessor."""
    live = live_version(campaign, version)
    version.revision = body.get("revision", version.revision)
    version.pending_request = version.task_id = version.message = version.needs = None
    status = read_status(body) or (live.adcp_status if live else None) or "active"
    version.adcp_status = status
    if live is not None:
        known = {package.package_id: package for package in live.packages}
        for package in version.packages:
            earlier = known.get(package.package_id)
            if earlier is not None:
                package.paused, package.canceled = earlier.paused, earlier.canceled
        move(platform, campaign, live, "ARCHIVED", f"replaced by version {version.version}")
        campaign.media_buys.remove(live)
    for row in body.get("affected_packages", []):
        for package in [p for p in version.packages if p.package_id == row["package_id"]]:
            package.creative_ids = tuple(a["creative_id"] for a in row.get("creative_assignments", []))
    move(platform, campaign, version, status_for(campaign, status), "the update was approved")


def drop_version(platform: BuyerPlatform, campaign: Campaign, version: MediaBuy, status: str, why: str) -> None:
    """An update was refused: the running version stays, and keeps in its history that there was one."""
    move(platform, campaign, version, status, why)
    live = live_version(campaign, version)
    if live is not None:
        live.history.append({"at": iso(platform.now), "dropped": version.version, "why": why})
        live.message = why
    campaign.media_buys.remove(version)


def _cancel_packages(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, action: MediaBuyAction) -> Steps:
    reason = {"cancellation_reason": action.reason} if action.reason else {}
    rows = [{"package_id": package_id, "canceled": True, **reason} for package_id in action.package_ids or []]
    body = yield from send_change(platform, campaign, buy, {"packages": rows})
    if body.get("status") == "submitted":
        buy.message = "the cancellation of packages waits for the sales agent"
        return
    canceled = {row["package_id"] for row in body.get("affected_packages", []) if row.get("canceled")}
    for package in buy.packages:
        if package.package_id in canceled or package.package_id in (action.package_ids or []):
            package.canceled = True
    _note(platform, buy, action)


def end_media_buy(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, status: str, why: str) -> Steps:
    """Cancel or archive a media buy. An agent that has it is asked to cancel it first (rule 93).

    With a notice period the buy runs on, and gets its status when the agent says so.
    """
    waiting = pending_version(campaign, buy)
    if waiting is not None:
        drop_version(platform, campaign, waiting, "CANCELED", why)
    if buy.adcp_media_buy_id is not None and buy.status in ("ACTIVE", "PAUSED"):
        change = {"canceled": True, "cancellation_reason": why[:500]}
        body = yield from send_change(platform, campaign, buy, change)
        if body.get("status") == "submitted":
            buy.message = "the cancellation waits for the sales agent"
            if status != "ARCHIVED":
                return
        buy.adcp_status = read_status(body) or buy.adcp_status
        if status == "CANCELED" and buy.adcp_status != "canceled":
            buy.message = "canceled; it runs until the notice is over"
            return
    move(platform, campaign, buy, status, why)
    campaign.updated_ms = platform.now
