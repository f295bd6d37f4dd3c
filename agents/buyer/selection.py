"""The products that were chosen in a discovery session (rules 124 to 126)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field
from typing_extensions import TypedDict

from agents.buyer.buy_status import move
from agents.buyer.context import platform_of, session_for
from agents.buyer.offers import BudgetContext, is_fixed, price
from agents.buyer.records import Campaign, MediaBuy, Selection, Session
from agents.buyer.wire import budget_context, group, optional_amount
from sandbox.core.errors import ApiError
from sandbox.core.money import micros
from sandbox.core.time import iso
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request
from sandbox.operations.answer import Money, When
from sandbox.operations.model import Id, PositiveAmount

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = group("selection")


class SelectedProduct(Body):
    """A product to select. ``pricingOptionId`` chooses among its options; the first one by default."""

    product_id: Id
    sales_agent_id: Id
    group_id: Id
    group_name: str = Field(min_length=1)
    bid_price: PositiveAmount | None = None
    budget: PositiveAmount | None = None
    pricing_option_id: Id | None = None


class AddProducts(Body):
    """Body of ``add_discovery_products``."""

    products: list[SelectedProduct] = Field(min_length=1)


class RemoveProducts(Body):
    """Body of ``remove_discovery_products``."""

    product_ids: list[Id] = Field(min_length=1)


class SelectedRow(TypedDict):
    """A selected product; ``bidPrice`` is null where the price is set."""

    productId: str
    salesAgentId: str
    bidPrice: Money | None
    budget: Money | None
    pricingOptionId: str
    selectedAt: When
    groupId: str
    groupName: str


class SelectionAnswer(TypedDict):
    """The whole selection of a session."""

    discoveryId: str
    products: list[SelectedRow]
    totalProducts: int
    budgetContext: BudgetContext


@operation(
    "add_discovery_products",
    "POST",
    "/discovery/{discoveryId}/products",
    body=AddProducts,
    answer=SelectionAnswer,
    rules=(124, 125, 126),
)
def add_discovery_products(ctx: Context, request: Request) -> dict[str, Any]:
    """Add products to the selection, or change the bid and budget of selected ones."""
    session = session_for(ctx, request.path["discoveryId"])
    chosen = [
        _selection(session, wanted, f"products[{number}]", ctx.now)
        for number, wanted in enumerate(request.body.products)
    ]
    for selection in chosen:
        put(session, selection)
        _update_drafts(platform_of(ctx), session, selection)
    return _wire(session)


@operation(
    "list_discovery_products",
    "GET",
    "/discovery/{discoveryId}/products",
    answer=SelectionAnswer,
    rules=(125, 126),
)
def list_discovery_products(ctx: Context, request: Request) -> dict[str, Any]:
    """The whole selection with its budgets."""
    return _wire(session_for(ctx, request.path["discoveryId"]))


@operation(
    "remove_discovery_products",
    "DELETE",
    "/discovery/{discoveryId}/products",
    body=RemoveProducts,
    answer=SelectionAnswer,
    rules=(125, 126),
)
def remove_discovery_products(ctx: Context, request: Request) -> dict[str, Any]:
    """Take products out of the selection; NOT_FOUND if one of them is not in it."""
    session = session_for(ctx, request.path["discoveryId"])
    selected = [selection.product_id for selection in session.selections]
    for number, product_id in enumerate(request.body.product_ids):
        if product_id not in selected:
            raise ApiError("NOT_FOUND", f"product {product_id} is not selected", f"productIds[{number}]")
    removed = [s for s in session.selections if s.product_id in request.body.product_ids]
    drop_from_drafts(platform_of(ctx), session, [(s.seller_id, s.product_id) for s in removed])
    session.selections = [s for s in session.selections if s not in removed]
    return _wire(session)


def put(session: Session, selection: Selection) -> None:
    """Enter a selection; one of the same product and agent is replaced where it stands."""
    if not selection.product:
        selection.product = offered(session, selection.seller_id, selection.product_id) or {}
    for place, old in enumerate(session.selections):
        if (old.seller_id, old.product_id) == (selection.seller_id, selection.product_id):
            session.selections[place] = selection
            return
    session.selections.append(selection)


def offered(session: Session, seller_id: str, product_id: str) -> dict[str, Any] | None:
    """A product among the session's results."""
    products = session.products.get(seller_id, [])
    return next((product for product in products if product["product_id"] == product_id), None)


def _drafts(platform: BuyerPlatform, session: Session) -> Iterator[tuple[Campaign, MediaBuy]]:
    """DRAFT media buys of the campaigns to which a session is attached."""
    for campaign in platform.campaigns.values():
        if session.discovery_id in campaign.discovery_ids:
            yield from ((campaign, buy) for buy in campaign.media_buys if buy.status == "DRAFT")


def drop_from_drafts(platform: BuyerPlatform, session: Session, products: list[tuple[str, str]]) -> None:
    """Take products that are no longer selected off the DRAFT media buys to which they went.

    ``products`` are pairs of sales agent and product. A DRAFT without products is archived.
    """
    for _, buy in _drafts(platform, session):
        kept = [
            staged
            for staged in buy.products
            if staged.discovery_id != session.discovery_id or (buy.seller_id, staged.product_id) not in products
        ]
        if len(kept) < len(buy.products):
            buy.products, buy.updated_ms = kept, platform.now
            if not kept:
                move(platform, buy, "ARCHIVED", "its products are no longer selected")


def _update_drafts(platform: BuyerPlatform, session: Session, selection: Selection) -> None:
    """Carry a changed bid or budget over to the DRAFT media buy that has the product."""
    for _, buy in _drafts(platform, session):
        for staged in buy.products:
            same = (buy.seller_id, staged.product_id) == (selection.seller_id, selection.product_id)
            if same and staged.discovery_id == session.discovery_id:
                staged.budget_micros = selection.budget_micros
                staged.bid_micros = selection.bid_micros
                staged.pricing_option_id = selection.pricing_option_id
                buy.updated_ms = platform.now


def _selection(session: Session, wanted: SelectedProduct, field: str, now_ms: int) -> Selection:
    """The selection that a request asks for; VALIDATION_ERROR if it can't be bought that way."""
    product = offered(session, wanted.sales_agent_id, wanted.product_id)
    if product is None:
        raise ApiError(
            "VALIDATION_ERROR",
            f"{field}: {wanted.sales_agent_id} offers no product {wanted.product_id} in this session",
            f"{field}.productId",
        )
    options = product["pricing_options"]
    option = options[0]
    if wanted.pricing_option_id is not None:
        found = [o for o in options if o["pricing_option_id"] == wanted.pricing_option_id]
        if not found:
            ids = ", ".join(o["pricing_option_id"] for o in options)
            where = f"{field}.pricingOptionId"
            raise ApiError("VALIDATION_ERROR", f"{where}: the product's options are {ids}", where)
        option = found[0]
    return Selection(
        product_id=wanted.product_id,
        seller_id=wanted.sales_agent_id,
        group_id=wanted.group_id,
        group_name=wanted.group_name,
        selected_ms=now_ms,
        pricing_option_id=option["pricing_option_id"],
        bid_micros=_bid(option, wanted.bid_price, f"{field}.bidPrice"),
        budget_micros=wanted.budget,
        product=product,
    )


def _bid(option: dict[str, Any], bid_micros: int | None, field: str) -> int | None:
    """The bid for an option: needed, and at the floor or above, where the price is not fixed (rule 124)."""
    if is_fixed(option):
        return None
    floor = price(option)
    if bid_micros is None:
        raise ApiError(
            "VALIDATION_ERROR", f"{field}: {option['pricing_option_id']} is not fixed, bid at least {floor}", field
        )
    if bid_micros < micros(floor):
        raise ApiError("VALIDATION_ERROR", f"{field}: the floor is {floor}", field)
    return bid_micros


def _wire(session: Session) -> dict[str, Any]:
    rows = [
        {
            "productId": selection.product_id,
            "salesAgentId": selection.seller_id,
            "bidPrice": optional_amount(selection.bid_micros),
            "budget": optional_amount(selection.budget_micros),
            "pricingOptionId": selection.pricing_option_id,
            "selectedAt": iso(selection.selected_ms),
            "groupId": selection.group_id,
            "groupName": selection.group_name,
        }
        for selection in session.selections
    ]
    budgets = [s.budget_micros for s in session.selections if s.budget_micros is not None]
    return {
        "discoveryId": session.discovery_id,
        "products": rows,
        "totalProducts": len(rows),
        "budgetContext": budget_context(session.budget_micros, budgets),
    }
