"""control_media_buy: operational changes within the accepted terms (task-reference/control_media_buy.mdx)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.seller.accounts import account_for
from agents.seller.compact.answers import available_actions
from agents.seller.compact.controls import lift
from agents.seller.compact.envelope import check_envelope
from agents.seller.compact.purchases import catalogs_of
from agents.seller.context import seller_of
from agents.seller.records import MediaBuy, Package
from agents.seller.updates import change, check_revision
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount, micros, split
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

Json = dict[str, Any]

_SAME = ("media_buy_id", "revision", "paused", "canceled", "cancellation_reason", "reporting_webhook")
_BESIDE = ("push_notification_config", "context", "idempotency_key")


def control_media_buy(ctx: Context, request: Json) -> Generator[Any, Any, Json]:
    """Apply all controls or none, under the revision that the buyer has seen.

    Raises CONFLICT for an older revision, REQUOTE_REQUIRED for what the accepted terms do not cover,
    UNSUPPORTED_FEATURE, and what update_media_buy raises.
    """
    seller = seller_of(ctx)
    buy = seller.buy_for(ctx, request["media_buy_id"])
    if account_for(ctx, request["account"]).account_id != buy.account_id:
        why = f"there is no media buy {buy.media_buy_id} in this account"
        raise AdcpError("MEDIA_BUY_NOT_FOUND", why, field="media_buy_id")
    check_revision(buy, request)
    changes = lift({**request, "packages": _entries(seller, buy, request)})
    wanted = {name: request[name] for name in (*_SAME, *_BESIDE) if name in request}
    wanted |= {"packages": changes["packages"], "controls": changes["controls"]}
    if not request.get("canceled"):
        check_envelope(seller, buy, changes["packages"])
    return (yield from change(ctx, buy, wanted, request, controlled_wire))


def _entries(seller: Seller, buy: MediaBuy, request: Json) -> list[Json]:
    """What is to change in packages, with a new total and the pacing of the whole buy spread over them."""
    entries: dict[str, Json] = {}
    for number, patch in enumerate(request.get("packages", [])):
        field, package_id = f"packages[{number}]", patch["package_id"]
        if package_id in entries:
            raise AdcpError("INVALID_REQUEST", "two entries name the same package", field=f"{field}.package_id")
        entries[package_id] = _entry(seller, buy, patch, field)
    if "pacing" in request:
        for package in buy.live:
            entries.setdefault(package.package_id, {"package_id": package.package_id})
            entries[package.package_id].setdefault("pacing", request["pacing"])
    if "total_budget" in request:
        _spread(buy, request["total_budget"], entries)
    return list(entries.values())


def _entry(seller: Seller, buy: MediaBuy, patch: Json, field: str) -> Json:
    """A patch as a change of a package: null takes a dimension of its targeting away, others stay."""
    entry = {name: value for name, value in patch.items() if name != "catalog_ids"}
    package = buy.packages.get(patch["package_id"])
    if "budget" in patch and patch["budget"] is None:
        raise AdcpError("UNSUPPORTED_FEATURE", "every package has a budget of its own", field=f"{field}.budget")
    if "catalog_ids" in patch:
        entry["catalogs"] = catalogs_of(seller, buy.account_id, patch["catalog_ids"], f"{field}.catalog_ids")
    if "targeting_overlay" in patch and package is not None:
        merged = {**package.overlay, **patch["targeting_overlay"]}
        entry["targeting_overlay"] = {name: value for name, value in merged.items() if value is not None}
    return entry


def _spread(buy: MediaBuy, total: Json, entries: dict[str, Json]) -> None:
    """Give the packages for which no budget is said what a new total leaves, in proportion to what they have."""
    if total["currency"] != buy.currency:
        raise AdcpError("INVALID_REQUEST", f"the media buy is in {buy.currency}", field="total_budget.currency")
    said = {package_id for package_id, entry in entries.items() if "budget" in entry or entry.get("canceled")}
    rest = [package for package in buy.live if package.package_id not in said]
    given = sum(micros(entries[p]["budget"]) for p in said if "budget" in entries[p])
    given += sum(
        p.budget_micros
        for p in buy.packages.values()
        if p not in rest and "budget" not in entries.get(p.package_id, {})
    )
    left = micros(total["amount"]) - given
    if left < 0 or (left and not rest):
        raise AdcpError("INVALID_REQUEST", "the budgets do not add up to total_budget", field="total_budget")
    for package, share in zip(rest, split(left, [p.budget_micros for p in rest]) if rest else [], strict=True):
        entries.setdefault(package.package_id, {"package_id": package.package_id})["budget"] = amount(share)


def controlled_wire(seller: Seller, buy: MediaBuy, affected: list[Package], effective_ms: int | None) -> Json:
    """The successful answer: which packages were changed, and what can be done next."""
    return {
        "status": "completed",
        "media_buy_id": buy.media_buy_id,
        "revision": buy.revision,
        "media_buy_status": buy.status,
        "implementation_date": iso(seller.now if effective_ms is None else effective_ms),
        "affected_package_ids": [package.package_id for package in affected],
        "available_actions": available_actions(seller, buy),
    }
