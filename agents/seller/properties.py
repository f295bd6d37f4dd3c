"""Property lists: which of them a buyer means, resolved at the agent that keeps the list (facts 4.15)."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any

from agents.seller.records import Product
from sandbox.core.errors import AdcpError
from sandbox.kernel.network import Network, PeerTimeout, PeerUnreachable
from sandbox.protocol.answers import understood

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context


def resolve_list(ctx: Context, ref: dict[str, Any], field: str) -> Generator[Any, Any, tuple[str, ...]]:
    """The domains and bundles of a property list, fetched now from the agent that keeps it.

    Raises REFERENCE_NOT_FOUND if there is no such list, SERVICE_UNAVAILABLE if its agent can't be reached or its
    answer breaks its schema.
    """
    keeper = Network.actor_at(ref["agent_url"])
    version = ctx.version or "3.1"
    request = {"list_id": ref["list_id"], "resolve": True, "adcp_version": version}
    if "auth_token" in ref:
        request["auth_token"] = ref["auth_token"]
    try:
        reply = yield from ctx.call(keeper, "get_property_list", request)
    except (PeerUnreachable, PeerTimeout) as error:
        raise AdcpError(
            "SERVICE_UNAVAILABLE", f"the property list at {ref['agent_url']} can't be fetched", field=field
        ) from error
    if not reply.ok:
        raise AdcpError("REFERENCE_NOT_FOUND", f"there is no property list {ref['list_id']}", field=field)
    try:
        body = understood("get_property_list", reply, version)
    except AdcpError as error:
        why = f"the property list at {ref['agent_url']} can't be read: {error.message}"
        raise AdcpError("SERVICE_UNAVAILABLE", why, field=field) from error
    return tuple(str(entry["value"]) for entry in body.get("identifiers", []))


def deliverable(seller: Seller, overlay: dict[str, Any]) -> dict[str, Any]:
    """What of an overlay an ad server can act on; collection lists are of no use to it, and taken by some agents."""
    if seller.config.unresolved_lists == "refuse":
        return overlay
    return {name: value for name, value in overlay.items() if name != "collection_list"}


def undeliverable(overlay: dict[str, Any], listed: tuple[str, ...] | None) -> bool:
    """True if an overlay names a list that nobody could resolve: what it allows is not known."""
    return ("property_list" in overlay and listed == ()) or "collection_list" in overlay


def on_list(domain: str, listed: Iterable[str]) -> bool:
    """True if a domain is on a list, itself or as a subdomain of an entry."""
    return any(domain == entry or domain.endswith(f".{entry}") for entry in listed)


def restrict(products: list[Product], listed: Iterable[str]) -> list[Product]:
    """The products that have inventory on the list."""
    entries = tuple(listed)
    return [p for p in products if any(on_list(offer.domain, entries) for offer in p.offers)]


def allowed_domains(product: Product, listed: Iterable[str]) -> tuple[str, ...]:
    """The domains of a product that are on the list."""
    entries = tuple(listed)
    return tuple(dict.fromkeys(o.domain for o in product.offers if on_list(o.domain, entries)))
