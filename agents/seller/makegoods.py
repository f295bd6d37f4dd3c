"""Makegoods: what a guaranteed package gets that delivered less than was promised.

Terms, remedies and their names are those of docs/media-buy/advanced-topics/accountability.mdx and
enums/makegood-remedy.json. The settings are

* ``credit`` (the default): when the counts are final, what was not delivered is not billed, and the seller notes
  a credit of its worth. It is the default because the standard terms of the trade (IAB and 4A's, version 3.0,
  section VI) let no seller run an ad past the agreed period without the buyer's consent, and end in a credit
  where no make-good flight is agreed upon.
* ``extend``: such consent is in the contract. The flight goes on at its old budget until the goal is met, at most
  for ``makegood_limit``; what is missing even then is credited.
* ``none``: nothing is promised.

Promised are the impressions that a package names, or those that its budget buys at a fixed CPM, for the part of
the flight in which the line could serve: what the buyer's own pauses and missing creatives cost is not owed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from agents.seller.buy_states import mutated, refresh, remember, watch_dates
from agents.seller.records import MediaBuy, Package
from sandbox.core.money import amount
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.seller.config import SellerConfig
    from agents.seller.seller import Seller

REMEDIES = {"none": (), "extend": ("additional_delivery", "credit"), "credit": ("credit",)}
"""Remedies that an agent has, by its setting, those that it prefers first."""


@dataclass(slots=True)
class Makegood:
    """What a package was given. ``credit_micros`` is None until the counts are final, and if nothing is owed."""

    remedy: str
    promised: int
    missing: int
    until_ms: int | None = None
    credit_micros: int | None = None

    def wire(self, currency: str) -> dict[str, Any]:
        """The makegood as delivery reports carry it, in the package's ``ext``."""
        body: dict[str, Any] = {
            "remedy": self.remedy,
            "promised_impressions": self.promised,
            "missing_impressions": self.missing,
        }
        if self.until_ms is not None:
            body["extended_until"] = iso(self.until_ms)
        if self.credit_micros is not None:
            body |= {"credit": amount(self.credit_micros), "currency": currency}
        return body


def makegood_terms(config: SellerConfig) -> dict[str, Any] | None:
    """The ``measurement_terms`` of a guaranteed product (core/measurement-terms.json); None without a remedy."""
    remedies = REMEDIES[config.makegood]
    return {"makegood_policy": {"available_remedies": list(remedies)}} if remedies else None


def promised(package: Package) -> int | None:
    """The impressions that a package is guaranteed over its flight; None if it is guaranteed none."""
    option = package.option
    if not package.product.guaranteed or package.canceled:
        return None
    if package.impressions is not None:
        return package.impressions
    return package.budget_micros * 1000 // option.rate_micros if option.is_fixed and option.model == "cpm" else None


def watch_flight(seller: Seller, package_id: str, end_ms: int) -> None:
    """Look at a package just before its flight is over, while there is time to prolong it."""
    if seller.config.makegood == "extend" and end_ms - 1 > seller.now:
        seller.world.at(end_ms - 1, partial(_extend, seller, package_id, end_ms))


def _extend(seller: Seller, package_id: str, end_ms: int) -> None:
    """Prolong the flight of a package that falls short; once, and only if its end is still this one."""
    buy, package = seller.package(package_id)
    idle = buy.status != "active" or package.paused or package.exhausted or package_id in seller.ledger.makegoods
    if idle or buy.window(package)[1] != end_ms:
        return
    goal, missing = _shortfall(seller, buy, package, seller.ledger.counted(package_id)["impressions"])
    if not missing:
        return
    until_ms = end_ms + seller.config.makegood_limit
    seller.ledger.makegoods[package_id] = Makegood("additional_delivery", goal, missing, until_ms)
    for other in buy.packages.values():
        other.end_ms = buy.window(other)[1]
    package.end_ms, buy.end_ms = until_ms, max(buy.end_ms, until_ms)
    why = f"{package_id} is {missing} of {goal} impressions short; its flight goes on until {iso(until_ms)}"
    seller.decide("makegood", package_id, "additional_delivery", why)
    mutated(seller, buy, seller.id, "updated_dates", why)
    refresh(seller, buy, why)
    watch_dates(seller, buy)


def settle_makegoods(seller: Seller, buy: MediaBuy) -> None:
    """Credit what the packages of a completed buy did not deliver, now that the counts are final."""
    if seller.config.makegood == "none" or buy.status != "completed":
        return
    for package in buy.packages.values():
        counts = seller.ledger.between(package.package_id, 0, seller.now)
        goal, missing = _shortfall(seller, buy, package, counts["impressions"])
        if not missing:
            continue
        worth = _worth(package, goal, missing, counts["spend_micros"])
        given = seller.ledger.makegoods.setdefault(package.package_id, Makegood("credit", goal, missing))
        given.missing, given.credit_micros = missing, worth
        why = f"{package.package_id} is {missing} of {goal} impressions short; {amount(worth)} {buy.currency} back"
        seller.decide("makegood", package.package_id, "credit", why)
        buy.revision += 1
        remember(seller, buy, seller.id, "makegood_credited", why)


def _shortfall(seller: Seller, buy: MediaBuy, package: Package, delivered: int) -> tuple[int, int]:
    """What was promised, and what of it is missing; nothing is while it stays within the tolerance."""
    whole = promised(package)
    if whole is None:
        return 0, 0
    goal = int(whole * seller.ledger.active_share(package.package_id, *buy.window(package)))
    missing = goal - delivered
    return goal, missing if missing > goal * seller.config.makegood_tolerance else 0


def _worth(package: Package, goal: int, missing: int, spent_micros: int) -> int:
    """The worth of missing impressions in micros: at a CPM what they would have cost, of a flat rate their share."""
    option = package.option
    if option.model == "flat_rate":
        return spent_micros * missing // goal
    unspent = max(0, package.budget_micros - spent_micros)
    return min(unspent, missing * option.rate_micros // 1000) if option.model == "cpm" else unspent
