"""Performance: what the saved manifests did once they were delivered (rule 195)."""

from __future__ import annotations

from agents.buyer.records import Delivered, MediaBuy, Package
from agents.buyer.sessions.case import Case, Findings

_ENOUGH = 1_000
"""Impressions from which a rate says something."""


def performance(case: Case) -> Findings:
    """Did it actually work after delivery? Runs only when there are data of deliveries."""
    ours, others = Delivered(), Delivered()
    campaign = case.platform.campaigns[case.session.campaign_id]
    shared = False
    for buy in campaign.media_buys:
        for package in buy.packages:
            told = _told(case, buy, package)
            mine = _shows(case, buy, package)
            shared = shared or (mine and told.impressions > 0 and not _only(case, package))
            target = ours if mine else others
            target.impressions += told.impressions
            target.clicks += told.clicks
            target.spend_micros += told.spend_micros
    if not ours.impressions:
        yield case.found("delivery", "not_run", "no sales agent has reported delivery of these manifests yet")
        return
    rate = ours.clicks / ours.impressions
    what = f"{ours.impressions:,} impressions, {ours.clicks:,} clicks, click-through rate {rate:.4%}"
    if shared:
        what += "; packages that show other manifests too are counted whole"
    yield case.found("delivery", "pass", what)
    if ours.impressions < _ENOUGH or others.impressions < _ENOUGH:
        yield case.found("click_rate", "not_run", "too little was delivered to compare it with the campaign's others")
        return
    usual = others.clicks / others.impressions
    status = "pass" if rate >= 0.8 * usual else "warn"
    yield case.found("click_rate", status, f"{rate:.4%} against {usual:.4%} of the campaign's others")  # type: ignore[arg-type]


def _told(case: Case, buy: MediaBuy, package: Package) -> Delivered:
    """What was reported of a package so far."""
    total = Delivered()
    for (buy_id, package_id, _), day in case.platform.delivered.items():
        if (buy_id, package_id) == (buy.media_buy_id, package.package_id):
            total.impressions += day.impressions
            total.clicks += day.clicks
            total.spend_micros += day.spend_micros
    return total


def _shows(case: Case, buy: MediaBuy, package: Package) -> bool:
    """True if a package shows a manifest of the session."""
    creatives = [case.platform.creatives[cid] for cid in case.session.creative_ids]
    if package.creative_ids:
        return any(creative.creative_id in package.creative_ids for creative in creatives)
    return any(buy.seller_id in creative.inline_with for creative in creatives)


def _only(case: Case, package: Package) -> bool:
    return set(package.creative_ids) <= set(case.session.creative_ids) and bool(package.creative_ids)
