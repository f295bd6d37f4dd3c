"""Actions on media buys in ``update_campaign``: update, cancel, delete (rules 84 to 95)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents.buyer import creatives
from agents.buyer.buy_status import live_version, move, pending_version, read_status, status_for, trace_id
from agents.buyer.campaign_bodies import MediaBuyAction, ProductChange
from agents.buyer.goals import goals_request
from agents.buyer.media_buy_checks import CANCELABLE
from agents.buyer.records import Campaign, MediaBuy, Package, StagedProduct
from agents.buyer.staging import product_of
from agents.buyer.submission import send_change
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Steps = Generator[Any, Any, Any]
Json = dict[str, Any]


def refusal(buy: MediaBuy, error: AdcpError) -> Json:
    """An entry of ``errors``: what a sales agent refused."""
    return {"mediaBuyId": buy.media_buy_id, "salesAgentId": buy.seller_id, "message": str(error)}


def act(platform: BuyerPlatform, campaign: Campaign, action: MediaBuyAction) -> Steps:
    """Carry out one checked action; gives an entry for ``errors`` when it is refused, else None.

    Earlier actions of the request took their time, so the media buy may have changed since it was checked.
    """
    versions = [buy for buy in campaign.media_buys if buy.media_buy_id == action.media_buy_id]
    buy = min(versions, key=lambda version: version.version)
    try:
        if not _still_possible(campaign, buy, action):
            raise AdcpError("CONFLICT", f"the media buy changed in the meantime; it is {buy.status}")
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
        return refusal(buy, error)
    return None


def _still_possible(campaign: Campaign, buy: MediaBuy, action: MediaBuyAction) -> bool:
    if action.action == "cancel":
        return buy.status in CANCELABLE
    if action.action == "delete":
        return buy.status != "ARCHIVED"
    quiet = not buy.sending and pending_version(campaign, buy) is None
    return quiet and buy.status in ("DRAFT", "ACTIVE", "PAUSED")


def _change_draft(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, action: MediaBuyAction) -> None:
    buy.name = action.name or buy.name
    if action.start_time is not None:
        buy.start_ms = _start(platform, campaign, action)
    buy.end_ms = action.end_time or buy.end_ms
    if action.creative_ids is not None:
        buy.creative_ids = tuple(action.creative_ids)
    if action.optimization_goals is not None:  # rule 91: [] clears
        buy.goals = [goal.adcp() for goal in action.optimization_goals]
    for change in action.products:
        _change_product(platform, campaign, buy, change)
    _note(platform, buy, action)


def _start(platform: BuyerPlatform, campaign: Campaign, action: MediaBuyAction) -> int:
    """The start that an action asks for; ``asap`` is now, but not before the campaign starts (rule 88)."""
    return max(platform.now, campaign.start_ms) if action.start_time == "asap" else int(action.start_time or 0)


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
    if action.optimization_goals == []:  # rule 91; the protocol has no word for it, so the agent keeps its goals
        buy.goals = []
    if not _concerns_agent(action):
        _note(platform, buy, action)
        return
    version = _version(platform, campaign, buy, action)
    version.sending = True
    _note(platform, version, action)
    campaign.media_buys.append(version)
    platform.status("platform_media_buy", trace_id(version), None, "PENDING_APPROVAL", "an update was sent")
    try:
        change = yield from _change_request(platform, campaign, buy, version, action)
        version.pending_request = change
        body = yield from send_change(platform, campaign, buy, change)
    except AdcpError as error:
        if version.status == "PENDING_APPROVAL":
            drop_version(platform, campaign, version, "FAILED", str(error))
        raise
    finally:
        version.sending = False
    if version.status != "PENDING_APPROVAL":
        return
    if body.get("status") == "submitted":
        version.task_id, version.message = body["task_id"], body.get("message")
        platform.expect_news(version.seller_id, body["task_id"])
        return
    promote(platform, campaign, version, body)


def _concerns_agent(action: MediaBuyAction) -> bool:
    """True if an update has something to say to the sales agent."""
    given = (action.start_time, action.end_time, action.creative_ids)
    return bool(action.packages or action.optimization_goals) or any(value is not None for value in given)


def _version(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, action: MediaBuyAction) -> MediaBuy:
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
        version.start_ms = _start(platform, campaign, action)
    version.end_ms = action.end_time or version.end_ms
    for package in packages:
        if package.period is None:
            package.start_ms = package.start_ms if action.start_time is None else _start(platform, campaign, action)
            package.end_ms = action.end_time or package.end_ms
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
            row["optimization_goals"] = goals_request(version.goals)
    yield from _creative_rows(platform, campaign, version, action, rows)
    request: Json = {"packages": list(rows.values())} if rows else {}
    if action.start_time is not None:
        start_ms = _start(platform, campaign, action)
        request["start_time"] = "asap" if start_ms <= platform.now else iso(start_ms)
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
        mine = {package.package_id for package in version.packages}
        version.packages.extend(package for package in live.packages if package.package_id not in mine)
        move(platform, live, "ARCHIVED", f"replaced by version {version.version}")
        campaign.media_buys.remove(live)
    for row in body.get("affected_packages", []):
        for package in [p for p in version.packages if p.package_id == row["package_id"]]:
            package.creative_ids = tuple(a["creative_id"] for a in row.get("creative_assignments", []))
    move(platform, version, status_for(campaign, status), "the update was approved")


def drop_version(platform: BuyerPlatform, campaign: Campaign, version: MediaBuy, status: str, why: str) -> None:
    """An update was refused: the running version stays, and keeps in its history that there was one."""
    move(platform, version, status, why)
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
        if buy.status not in ("ACTIVE", "PAUSED"):
            return
    move(platform, buy, status, why)
    campaign.updated_ms = platform.now
