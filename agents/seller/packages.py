"""From a package request to a package: every check that create_media_buy and new_packages share."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from agents.seller.audience_matching import check_audiences
from agents.seller.context import seller_of
from agents.seller.properties import allowed_domains, deliverable, resolve_list
from agents.seller.records import Account, Package, Product
from agents.seller.sandbox import creative_of
from agents.seller.wire import instant
from sandbox.core.errors import AdcpError
from sandbox.core.money import micros
from sandbox.core.time import iso
from sandbox.domain.formats import format_key
from sandbox.domain.pricing import PricingOption, check_purchase
from sandbox.domain.targeting import read_overlay

if TYPE_CHECKING:
    from agents.seller.config import SellerConfig
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

Lists = Mapping[tuple[str, str], tuple[str, ...]]
"""Property lists by agent and id, resolved before anything is decided."""

_CARRIED = (
    "context",
    "ext",
    "agency_estimate_number",
    "optimization_goals",
    "catalogs",
    "format_ids",
    "measurement_terms",
)


def fetch_lists(ctx: Context, packages: list[dict[str, Any]]) -> Generator[Any, Any, Lists]:
    """Resolve all property lists that package requests name."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for number, package in enumerate(packages):
        ref = package.get("targeting_overlay", {}).get("property_list")
        if ref is not None and list_key(ref) not in found:
            field = f"packages[{number}].targeting_overlay.property_list"
            try:
                found[list_key(ref)] = yield from resolve_list(ctx, ref, field)
            except AdcpError as error:
                if error.code != "SERVICE_UNAVAILABLE" or seller_of(ctx).config.unresolved_lists == "refuse":
                    raise
    return found


def list_key(ref: dict[str, Any]) -> tuple[str, str]:
    """What makes two references to a property list the same."""
    return ref["agent_url"], ref["list_id"]


def read_package(
    seller: Seller,
    account: Account,
    request: dict[str, Any],
    flight: tuple[int, int],
    lists: Lists,
    field: str,
    held: bool = False,
) -> Package:
    """A package as requested, checked but not yet entered (its id is empty).

    With ``held`` inventory is kept for it, so that the product needs not be on sale any more. ``flight`` is that of
    the media buy in ms, half open; ``field`` the path of the request. Raises
    PRODUCT_NOT_FOUND, PRODUCT_UNAVAILABLE, VALIDATION_ERROR, INVALID_REQUEST, BUDGET_TOO_LOW,
    TERMS_REJECTED, UNSUPPORTED_FEATURE, CREATIVE_NOT_FOUND.
    """
    check_terms(seller.config, request, field)
    product = _product(seller, request["product_id"], field, held)
    option = _option(product, request["pricing_option_id"], field)
    budget = micros(request["budget"])
    bid = micros(request["bid_price"]) if "bid_price" in request and not option.is_fixed else None
    check_purchase(option, budget, bid, field)
    _check_formats(product, request, field)
    overlay = request.get("targeting_overlay", {})
    check_audiences(seller, account.account_id, overlay, f"{field}.targeting_overlay")
    start_ms, end_ms = read_dates(request, flight, field)
    return Package(
        package_id="",
        product=product,
        option=option,
        budget_micros=budget,
        pacing=request.get("pacing", "even"),
        bid_micros=bid,
        start_ms=start_ms,
        end_ms=end_ms,
        impressions=int(request["impressions"]) if request.get("impressions") else None,
        paused=bool(request.get("paused")),
        overlay=overlay,
        daily_cap_micros=None if request.get("daily_budget_cap") is None else micros(request["daily_budget_cap"]),
        properties=read_properties(seller, product, overlay, lists, field),
        assignments=read_assignments(seller, account, product, request.get("creative_assignments", []), field),
        extras={name: request[name] for name in _CARRIED if name in request},
    )


def check_terms(config: SellerConfig, request: dict[str, Any], field: str) -> None:
    """TERMS_REJECTED for terms that the agent does not agree to; it says what it would agree to."""
    for name in ("performance_standards", "committed_metrics"):
        if request.get(name):
            raise AdcpError("TERMS_REJECTED", f"{name} can't be agreed here", field=f"{field}.{name}")
    terms, ours = request.get("measurement_terms"), config.measurement
    if not terms:
        return
    if ours is None:
        why = "measurement_terms can't be agreed; billing is by our own count"
        raise AdcpError("TERMS_REJECTED", why, field=f"{field}.measurement_terms")
    billing, place = terms.get("billing_measurement", {}), f"{field}.measurement_terms.billing_measurement"
    hint = f"use a window of {' or '.join(ours.windows)} and a variance of at least {ours.least_variance:g} %"
    if billing.get("measurement_window", ours.windows[0]) not in ours.windows:
        raise AdcpError("TERMS_REJECTED", hint, field=f"{place}.measurement_window", suggestion=hint)
    if billing.get("max_variance_percent", ours.least_variance) < ours.least_variance:
        raise AdcpError("TERMS_REJECTED", hint, field=f"{place}.max_variance_percent", suggestion=hint)


def _product(seller: Seller, product_id: str, field: str, held: bool) -> Product:
    product = seller.products.get(product_id)
    if product is None:
        raise AdcpError("PRODUCT_NOT_FOUND", f"there is no product {product_id}", field=f"{field}.product_id")
    if (product.sold_out and not held) or not seller.sellable(product):
        raise AdcpError("PRODUCT_UNAVAILABLE", f"{product_id} can't be bought now", field=f"{field}.product_id")
    return product


def _option(product: Product, option_id: str, field: str) -> PricingOption:
    option = product.option(option_id)
    if option is None:
        raise AdcpError(
            "VALIDATION_ERROR",
            f"{product.product_id} has no pricing option {option_id}",
            field=f"{field}.pricing_option_id",
            suggestion=f"use {', '.join(o.option_id for o in product.pricing)}",
        )
    return option


def _check_formats(product: Product, request: dict[str, Any], field: str) -> None:
    accepted = [format_key(fmt.ref) for fmt in product.formats]
    for number, ref in enumerate(request.get("format_ids", [])):
        if format_key(ref) not in accepted:
            raise AdcpError(
                "VALIDATION_ERROR",
                f"{product.product_id} does not take the format {ref['id']}",
                field=f"{field}.format_ids[{number}]",
                suggestion=f"use {', '.join(fmt.format_id for fmt in product.formats)}",
            )


def read_dates(request: dict[str, Any], flight: tuple[int, int], field: str) -> tuple[int | None, int | None]:
    """The own dates of a package, None where it follows the buy; they must lie within the buy's flight."""
    dates: list[int | None] = []
    for name in ("start_time", "end_time"):
        at_ms = instant(request[name], f"{field}.{name}") if name in request else None
        if at_ms is not None and not flight[0] <= at_ms <= flight[1]:
            raise AdcpError(
                "INVALID_REQUEST",
                f"{name} lies outside the flight {iso(flight[0])} to {iso(flight[1])}",
                field=f"{field}.{name}",
            )
        dates.append(at_ms)
    start = flight[0] if dates[0] is None else dates[0]
    end = flight[1] if dates[1] is None else dates[1]
    if start >= end:
        raise AdcpError("INVALID_REQUEST", "the package starts when it has ended", field=f"{field}.end_time")
    return dates[0], dates[1]


def read_properties(
    seller: Seller, product: Product, overlay: dict[str, Any], lists: Lists, field: str
) -> tuple[str, ...] | None:
    """The domains that a property list leaves of a product; None without a list, nothing if it can't be had."""
    read_overlay(deliverable(seller, overlay), f"{field}.targeting_overlay")
    ref = overlay.get("property_list")
    if ref is None:
        return None
    if list_key(ref) not in lists:
        return ()
    domains = allowed_domains(product, lists[list_key(ref)])
    if not domains:
        raise AdcpError(
            "VALIDATION_ERROR",
            f"{product.product_id} has no inventory on the property list {ref['list_id']}",
            field=f"{field}.targeting_overlay.property_list",
        )
    return domains


def read_assignments(
    seller: Seller, account: Account, product: Product, assignments: list[dict[str, Any]], field: str
) -> dict[str, float | None]:
    """Weights by creative id; a creative must be in the account's library and of a format of the product."""
    found: dict[str, float | None] = {}
    for number, assignment in enumerate(assignments):
        creative_id, place = assignment["creative_id"], f"{field}.creative_assignments[{number}]"
        creative = creative_of(seller, account.account_id, creative_id)
        if creative is None and seller.config.assign_ahead:
            found[creative_id] = assignment.get("weight")
            continue
        if creative is None:
            raise AdcpError("CREATIVE_NOT_FOUND", f"there is no creative {creative_id}", field=place)
        check_fit(product, creative_id, creative.body, place)
        found[creative_id] = assignment.get("weight")
    return found


def check_fit(product: Product, creative_id: str, body: dict[str, Any], field: str) -> None:
    """VALIDATION_ERROR if a creative is not of a format that the product takes."""
    accepted = [format_key(fmt.ref) for fmt in product.formats]
    ref = body.get("format_id")
    if ref is not None and format_key(ref) not in accepted:
        raise AdcpError(
            "VALIDATION_ERROR",
            f"creative {creative_id} is a {ref['id']}, which {product.product_id} does not take",
            field=field,
            suggestion=f"use {', '.join(fmt.format_id for fmt in product.formats)}",
        )
