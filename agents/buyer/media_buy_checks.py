"""Checks of actions on media buys in ``update_campaign``, made before anything is changed (rules 84 to 95)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.buyer.buy_status import OPEN, pending_version
from agents.buyer.campaign_bodies import MediaBuyAction, ProductChange
from agents.buyer.fees import committed_micros, package_spend_micros
from agents.buyer.goals import check_sources
from agents.buyer.offers import is_fixed, price
from agents.buyer.records import Advertiser, Campaign, MediaBuy
from agents.buyer.staging import product_of
from sandbox.core.errors import ApiError
from sandbox.core.money import amount, micros
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

CANCELABLE = OPEN
"""Statuses in which a media buy may be canceled (rule 93)."""


def check_actions(
    platform: BuyerPlatform,
    campaign: Campaign,
    advertiser: Advertiser,
    actions: list[MediaBuyAction],
    flight: tuple[int, int],
    media_micros: int,
) -> None:
    """Check every action of a request against the flight and the media budget to come; nothing is changed."""
    seen: set[str] = set()
    more_micros = 0
    for number, action in enumerate(actions):
        field = f"mediaBuys[{number}]"
        buy = find(campaign, action.media_buy_id, f"{field}.mediaBuyId")
        if action.media_buy_id in seen:
            raise ApiError("VALIDATION_ERROR", "two actions on one media buy", f"{field}.mediaBuyId")
        seen.add(action.media_buy_id)
        if action.action != "update":
            more_micros -= _freed_micros(platform, buy, action)
        if action.action == "cancel":
            _check_cancel(buy, action, field)
        elif action.action == "update":
            _check_update(platform, campaign, advertiser, buy, action, flight, field)
            budgets = {package.package_id: package.budget_micros for package in buy.packages}
            more_micros += sum(c.budget - budgets[c.package_id] for c in action.packages if c.budget is not None)
    platform.outcome.check_actions(campaign, actions)
    left = media_micros - committed_micros(platform, campaign)
    if more_micros > max(0, left):  # rule 56
        raise ApiError(
            "VALIDATION_ERROR",
            f"the packages want {amount(more_micros)} {campaign.currency} more, the media budget leaves "
            f"{amount(max(0, left))}",
            "mediaBuys",
        )


def _freed_micros(platform: BuyerPlatform, buy: MediaBuy, action: MediaBuyAction) -> int:
    """What an action leaves for others: the budgets that it ends, without what they have spent."""
    if buy.status not in OPEN:
        return 0
    ended = [p for p in buy.packages if not p.canceled and p.package_id in (action.package_ids or [p.package_id])]
    spent = sum(package_spend_micros(platform, buy, package) for package in ended)
    return sum(package.budget_micros for package in ended) - spent


def follow_flight(campaign: Campaign, actions: list[MediaBuyAction], flight: tuple[int, int]) -> list[MediaBuyAction]:
    """The actions, and further ones by which running media buys keep to the end of the flight (rule 88).

    Buys that end with their campaign get its new end; those with an end of their own keep it if it fits.
    """
    if flight[1] == campaign.end_ms or campaign.status == "DRAFT":
        return actions
    told = {action.media_buy_id: action for action in actions}
    extra = []
    for buy in campaign.media_buys:
        if buy.status not in ("ACTIVE", "PAUSED"):
            continue
        if buy.end_ms is None or (buy.end_ms != campaign.end_ms and buy.end_ms <= flight[1]):
            continue
        known = told.get(buy.media_buy_id)
        if known is None:
            reason = "the flight of the campaign changed"
            extra.append(MediaBuyAction(media_buy_id=buy.media_buy_id, end_time=iso(flight[1]), updated_reason=reason))
        elif known.action == "update" and known.end_time is None:
            known.end_time = flight[1]
    return [*actions, *extra]


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
        raise ApiError("INVALID_STATE", f"products change on DRAFTs only; it is {buy.status}", f"{field}.products")
    if action.packages and buy.status != "ACTIVE":
        raise ApiError("INVALID_STATE", f"packages change on ACTIVE buys only; it is {buy.status}", f"{field}.packages")
    if buy.status not in ("DRAFT", "ACTIVE") and not (buy.status == "PAUSED" and _only_ends(action)):
        raise ApiError("INVALID_STATE", f"a {buy.status} media buy can't be changed", field)
    if pending_version(campaign, buy) is not None:  # rule 90
        raise ApiError("INVALID_STATE", "an update of this media buy waits for approval already", field)
    if buy.sending:
        raise ApiError("INVALID_STATE", "this media buy is being submitted", field)
    _check_dates(buy, action, flight, field)
    check_sources(advertiser, action.optimization_goals or [], f"{field}.optimization_goals")
    known = [package.package_id for package in buy.packages if not package.canceled]
    for n, change in enumerate(action.packages):
        if change.package_id not in known:
            raise ApiError("NOT_FOUND", f"no package {change.package_id} to change", f"{field}.packages[{n}].packageId")
    _check_creatives(platform, campaign, action, field)
    for n, product in enumerate(action.products):
        _check_product(platform, campaign, buy, product, f"{field}.products[{n}]")


def _only_ends(action: MediaBuyAction) -> bool:
    """True if an update changes the end alone, as it follows from another end of the campaign (rule 88)."""
    return action.model_fields_set <= {"action", "media_buy_id", "end_time", "updated_reason"}


def _check_dates(buy: MediaBuy, action: MediaBuyAction, flight: tuple[int, int], field: str) -> None:
    """Within the campaign's flight (rule 88)."""
    start = action.start_time
    if isinstance(start, int) and start < flight[0]:
        raise ApiError("VALIDATION_ERROR", "the media buy would start before its campaign", f"{field}.start_time")
    if action.end_time is not None and action.end_time > flight[1]:
        raise ApiError("VALIDATION_ERROR", "the media buy would end after its campaign", f"{field}.end_time")
    begin_ms = start if isinstance(start, int) else (flight[0] if buy.start_ms is None else buy.start_ms)
    end_ms = action.end_time or (flight[1] if buy.end_ms is None else buy.end_ms)
    if end_ms <= begin_ms:
        name = "start_time" if action.end_time is None else "end_time"
        raise ApiError("VALIDATION_ERROR", "the media buy would end before it starts", f"{field}.{name}")


def _check_creatives(platform: BuyerPlatform, campaign: Campaign, action: MediaBuyAction, field: str) -> None:
    wanted = [(f"{field}.creative_ids", action.creative_ids or [])]
    wanted += [(f"{field}.packages[{n}].creative_ids", c.creative_ids or []) for n, c in enumerate(action.packages)]
    for where, creative_ids in wanted:
        for creative_id in creative_ids:
            creative = platform.creatives.get(creative_id)
            if creative is None or creative.campaign_id != campaign.campaign_id or creative.archived_ms is not None:
                raise ApiError("NOT_FOUND", f"the campaign has no creative {creative_id}", where)


def _check_product(
    platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, change: ProductChange, field: str
) -> None:
    staged = next((product for product in buy.products if product.product_id == change.product_id), None)
    if change.remove:
        if staged is None:
            raise ApiError("NOT_FOUND", f"the media buy has no product {change.product_id}", f"{field}.product_id")
        return
    offer = product_of(platform, campaign, buy.seller_id, change.product_id)
    if not offer:
        raise ApiError("NOT_FOUND", f"{buy.seller_id} offered no product {change.product_id}", f"{field}.product_id")
    options = {option["pricing_option_id"]: option for option in offer["pricing_options"]}
    option_id = change.pricing_option_id or (staged.pricing_option_id if staged else next(iter(options)))
    if option_id not in options:
        raise ApiError("VALIDATION_ERROR", f"there are {', '.join(options)}", f"{field}.pricingOptionId")
    bid = change.bid_price or (staged.bid_micros if staged else None)
    if not is_fixed(options[option_id]) and (bid is None or bid < micros(price(options[option_id]))):
        floor = price(options[option_id])
        raise ApiError("VALIDATION_ERROR", f"the price is not fixed; bid {floor} or more", f"{field}.bidPrice")
