"""What the accepted terms of a media buy cover: controls within them are done, all others are negotiated anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.core.errors import AdcpError
from sandbox.core.money import amount, micros

if TYPE_CHECKING:
    from agents.seller.records import MediaBuy, Proposal
    from agents.seller.seller import Seller

Json = dict[str, Any]

_AIMS = ("geo_countries", "geo_regions", "audience_include", "device_type")
"""Dimensions that say where to deliver: they may become narrower, not wider."""


def check_envelope(seller: Seller, buy: MediaBuy, entries: list[Json]) -> None:
    """REQUOTE_REQUIRED if changes of packages would pass the accepted budget, volume or targeting."""
    accepted = seller.proposals.get(buy.proposal_id)
    if accepted is None or accepted.terms is None:
        return
    changed = {entry["package_id"]: entry for entry in entries}
    budgets = [
        micros(changed.get(package_id, {}).get("budget", amount(package.budget_micros)))
        for package_id, package in buy.packages.items()
    ]
    agreed = accepted.terms["total_budget"]
    if sum(budgets) > micros(agreed["amount"]):
        raise _requote(accepted, f"the accepted budget is {agreed['amount']} {agreed['currency']}", "total_budget")
    purchases = dict(zip(accepted.packages, accepted.terms["purchases"], strict=True))
    for number, entry in enumerate(entries):
        if entry["package_id"] in purchases:
            _check_package(accepted, purchases[entry["package_id"]], entry, f"packages[{number}]")


def _check_package(accepted: Proposal, purchase: Json, entry: Json, field: str) -> None:
    volume = purchase.get("impressions")
    if volume is not None and entry.get("impressions", 0) > volume:
        raise _requote(accepted, f"{volume} impressions were accepted", f"{field}.impressions")
    if "targeting_overlay" not in entry:
        return
    agreed, wanted, place = purchase.get("targeting_overlay", {}), entry["targeting_overlay"], "targeting_overlay"
    for name in _AIMS:
        left = wanted.get(name, [])
        if name in agreed and not (left and set(left) <= set(agreed[name])):
            raise _requote(accepted, f"{name} may only become narrower", f"{field}.{place}.{name}")
    if agreed.get("property_list") != wanted.get("property_list") and "property_list" in agreed:
        raise _requote(accepted, "another property list is another offer", f"{field}.{place}.property_list")


def _requote(accepted: Proposal, why: str, field: str) -> AdcpError:
    hint = f"revise {accepted.proposal_id} with refine_proposals, finalize and accept the amendment"
    details = {"accepted_proposal_id": accepted.proposal_id}
    return AdcpError("REQUOTE_REQUIRED", why, field=field, suggestion=hint, details=details)
