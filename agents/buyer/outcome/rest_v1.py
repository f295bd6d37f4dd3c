"""What outcome agents call to manage a tactic: products, media buys, targeting (rules 208, 210 and 211).

They act with an API key of the seat that the tactic belongs to. Creatives, brand safety and the advertiser's caps
are the platform's: every media buy gets them like any other of the campaign.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from agents.buyer.asking import ask_agents
from agents.buyer.buy_status import move
from agents.buyer.context import customer_of, platform_of
from agents.buyer.offers import is_fixed, price, product_wire
from agents.buyer.outcome import answers
from agents.buyer.outcome.assignment import begin
from agents.buyer.outcome.ledger import buys_of
from agents.buyer.outcome.records import Order, Tactic
from agents.buyer.outcome.updates import end_of, start_of
from agents.buyer.records import Advertiser, Campaign, Customer, MediaBuy, Session, StagedProduct
from agents.buyer.submission import send_change, submit, targeting
from agents.buyer.wire import Channels, Countries
from sandbox.core.errors import AdcpError, ApiError
from sandbox.core.money import amount, micros
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request
from sandbox.operations.model import Id, PositiveAmount

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = Group("tactic media", "/rest/v1")
Json = dict[str, Any]
Steps = Generator[Any, Any, Any]

BID_OVER_FLOOR = 1.5
"""What is bid over the floor of a product that has no set price, where the agent names no bid."""

PERIODS = {"minute": "minutes", "hour": "hours", "day": "days", "week": "days", "campaign": "campaign"}
"""Units of AdCP's windows for the periods of a frequency cap."""


class GetProducts(Body):
    """Body of ``get_products``."""

    channels: Channels = []
    countries: Countries = []


class CreateMediaBuy(Body):
    """Body of ``create_media_buy``. The optional fields say more exactly what is bought, and make a retry harmless."""

    tactic_id: Id
    product_id: Id
    budget: PositiveAmount
    sales_agent_id: Id | None = None
    pricing_option_id: Id | None = None
    bid_price: PositiveAmount | None = None
    idempotency_key: Id | None = None


class FrequencyCap(Body):
    """At most so many impressions a person in a period."""

    impressions: int = Field(ge=1, le=1000)
    period: Literal["minute", "hour", "day", "week", "campaign"]


class UpdateTargeting(Body):
    """Body of ``update_targeting``: what is left out stays; an empty list or null takes away."""

    tactic_id: Id
    segments: list[str] = []
    frequency_cap: FrequencyCap | None = None


@operation("get_products", "POST", "/get-products", body=GetProducts, answer=answers.Products, mcp=False, rules=(208,))
def get_products(ctx: Context, request: Request) -> Steps:
    """What the sales agents offer on some channels in some countries, for the seat's advertisers."""
    platform, customer = platform_of(ctx), customer_of(ctx)
    advertiser = _advertiser(platform, customer)
    session = Session(
        discovery_id=platform.ids.uuid("outcome-discovery"),
        customer_id=customer.customer_id,
        advertiser_id=advertiser.advertiser_id,
        campaign_id=None,
        campaign_type="DECISIONED",
        brief=None,
        channels=request.body.channels,
        countries=request.body.countries,
        budget_micros=None,
        start_ms=None,
        end_ms=None,
        created_ms=platform.now,
    )
    yield from ask_agents(platform, session, advertiser, platform.sellers.agents(customer, routed=False))
    rows = []
    for seller_id, offered in session.products.items():
        for product in offered:
            row = product_wire(product, seller_id, platform.sellers.name(seller_id))
            rows.append({**row, **({"forecast": product["forecast"]} if "forecast" in product else {})})
    _remember(platform, session)
    return {"products": rows}


def _advertiser(platform: BuyerPlatform, customer: Customer) -> Advertiser:
    """In whose name products are asked for: the advertiser of the seat's last running tactic, or its first."""
    running = [t for t in platform.outcome.tactics.values() if t.customer_id == customer.customer_id and t.sent]
    if running:
        return platform.advertisers[platform.campaigns[running[-1].campaign_id].advertiser_id]
    for advertiser in platform.advertisers.values():
        if advertiser.customer_id == customer.customer_id and advertiser.brand is not None:
            return advertiser
    raise ApiError("INVALID_STATE", "the seat has no advertiser with a brand yet")


def _remember(platform: BuyerPlatform, session: Session) -> None:
    """Keep what was offered: later offers replace earlier ones of the same product."""
    platform.sessions[session.discovery_id] = session
    known = platform.outcome.offers.get(session.customer_id)
    if known is not None:
        for seller_id, offered in known.products.items():
            fresh = {product["product_id"] for product in session.products.get(seller_id, [])}
            kept = [product for product in offered if product["product_id"] not in fresh]
            session.products.setdefault(seller_id, []).extend(kept)
    platform.outcome.offers[session.customer_id] = session


@operation(
    "create_media_buy",
    "POST",
    "/create-media-buy",
    body=CreateMediaBuy,
    success_status=201,
    answer=answers.Bought,
    mcp=False,
    rules=(208, 210, 211),
)
def create_media_buy(ctx: Context, request: Request) -> Steps:
    """Buy a product for a tactic. All media buys of a tactic together are never more than its budget."""
    platform, body = platform_of(ctx), request.body
    tactic = yield from _tactic(ctx, body.tactic_id)
    key = body.idempotency_key
    if key is None:
        return (yield from _buy(platform, tactic, body))
    while (known := tactic.orders.get(key)) is not None:  # rule 207
        if known.body != body:
            raise ApiError("CONFLICT", "idempotencyKey: it came with another order before", "idempotencyKey")
        if known.answer is not None:
            return known.answer
        yield known.done
    order = tactic.orders[key] = Order(body, platform.world.env.event())
    try:
        order.answer = yield from _buy(platform, tactic, body)
    finally:
        if order.answer is None:
            del tactic.orders[key]
        order.done.succeed()
    return order.answer


def _buy(platform: BuyerPlatform, tactic: Tactic, body: CreateMediaBuy) -> Generator[Any, Any, Json]:
    campaign = platform.campaigns[tactic.campaign_id]
    if tactic.status != "ACTIVE" or end_of(platform, tactic) <= platform.now:
        raise ApiError("INVALID_STATE", f"the tactic is {tactic.status}; media can be bought while it is ACTIVE")
    seller_id, product = _product(platform, tactic, body)
    left = tactic.budget_micros - platform.outcome.bought_micros(tactic)
    if body.budget > left:  # rule 211
        raise ApiError(
            "VALIDATION_ERROR", f"budget: the tactic's budget leaves {amount(max(0, left))} for media", "budget"
        )
    buy = _draft(platform, campaign, tactic, seller_id, product, body)
    try:
        yield from submit(platform, campaign, buy, [])
    except AdcpError as error:
        if buy.status == "FAILED":
            move(platform, buy, "ARCHIVED", "the outcome agent has to decide anew")
        raise ApiError("INVALID_STATE", f"{seller_id} does not take it: {error}") from None
    left = tactic.budget_micros - platform.outcome.bought_micros(tactic)
    return {
        "mediaBuyId": buy.media_buy_id,
        "tacticId": tactic.tactic_id,
        "productId": body.product_id,
        "salesAgentId": seller_id,
        "budget": amount(body.budget),
        "status": buy.status,
        "remainingBudget": amount(left),
    }


def _tactic(ctx: Context, tactic_id: str) -> Generator[Any, Any, Tactic]:
    """A tactic that an agent of the seat has; an acknowledgement that is still on its way is waited for.

    A real agent that acts for a tactic before it answers has taken it.
    """
    tactic = platform_of(ctx).outcome.managed(customer_of(ctx).customer_id, tactic_id)
    if tactic is None:
        raise ApiError("NOT_FOUND", f"there is no running tactic {tactic_id}", "tacticId")
    if tactic.status == "ASSIGNING":
        platform = platform_of(ctx)
        agent = platform.outcome.agents[tactic.agent_id]
        if platform.world.real.is_asked(platform.world.network.actor_at(agent.endpoint_url)):
            begin(platform, platform.campaigns[tactic.campaign_id], tactic, f"{agent.name} buys for it")
        else:
            yield tactic.decided
    return tactic


def _product(platform: BuyerPlatform, tactic: Tactic, body: CreateMediaBuy) -> tuple[str, Json]:
    """The product as it was offered last, and its sales agent."""
    session = platform.outcome.offers.get(tactic.customer_id)
    found = [
        (seller_id, product)
        for seller_id, offered in (session.products.items() if session else ())
        for product in offered
        if product["product_id"] == body.product_id and body.sales_agent_id in (None, seller_id)
    ]
    if not found:
        raise ApiError("NOT_FOUND", f"get-products offered no {body.product_id}", "productId")
    if len(found) > 1:
        sellers = ", ".join(seller_id for seller_id, _ in found)
        raise ApiError("VALIDATION_ERROR", f"salesAgentId: {sellers} have such a product; say which", "salesAgentId")
    return found[0]


def _draft(
    platform: BuyerPlatform, campaign: Campaign, tactic: Tactic, seller_id: str, product: Json, body: CreateMediaBuy
) -> MediaBuy:
    """The media buy as it goes to the sales agent; it has no goals, so that only the outcome agent optimises it."""
    option = _option(product, body)
    bid = body.bid_price
    if not is_fixed(option) and bid is None:
        bid = round(micros(price(option)) * BID_OVER_FLOOR)
    session, now = platform.outcome.offers[tactic.customer_id], platform.now
    buy = MediaBuy(
        media_buy_id=platform.ids.next("mb"),
        campaign_id=campaign.campaign_id,
        seller_id=seller_id,
        name=f"{campaign.name} - {tactic.tactic_id} - {platform.sellers.name(seller_id)}",
        status="DRAFT",
        created_ms=now,
        updated_ms=now,
        products=[
            StagedProduct(
                product_id=body.product_id,
                name=str(product["name"]),
                discovery_id=session.discovery_id,
                pricing_option_id=option["pricing_option_id"],
                budget_micros=body.budget,
                bid_micros=None if is_fixed(option) else bid,
                selected_ms=now,
            )
        ],
        start_ms=start_of(platform, tactic),
        end_ms=end_of(platform, tactic),
        tactic=tactic.proposal_id,
        sending=True,
    )
    if session.discovery_id not in campaign.discovery_ids:
        campaign.discovery_ids.append(session.discovery_id)
    campaign.media_buys.append(buy)
    platform.status("platform_media_buy", buy.media_buy_id, None, "DRAFT", f"bought for tactic {tactic.tactic_id}")
    return buy


def _option(product: Json, body: CreateMediaBuy) -> Json:
    """The pricing option that is wanted; by default the first with a set price, or the first at all."""
    options: list[Json] = product["pricing_options"]
    if body.pricing_option_id is None:
        return next((option for option in options if is_fixed(option)), options[0])
    for option in options:
        if option["pricing_option_id"] == body.pricing_option_id:
            return option
    ids = ", ".join(option["pricing_option_id"] for option in options)
    raise ApiError("VALIDATION_ERROR", f"pricingOptionId: the product has {ids}", "pricingOptionId")


@operation(
    "update_targeting",
    "POST",
    "/update-targeting",
    body=UpdateTargeting,
    answer=answers.Targeted,
    mcp=False,
    rules=(208,),
)
def update_targeting(ctx: Context, request: Request) -> Steps:
    """Aim the media buys of a tactic, those there are and those to come, at audiences and under a frequency cap.

    A segment is an audience that was syndicated to a sales agent; the cap holds with each sales agent for each of
    its packages, as AdCP's targeting overlay has it. The advertiser's caps hold over all of them anyhow.
    """
    platform, body = platform_of(ctx), request.body
    tactic = yield from _tactic(ctx, body.tactic_id)
    campaign, given = platform.campaigns[tactic.campaign_id], body.model_fields_set
    held = {
        seller_id: [s for s in body.segments if _held(platform, campaign, s, seller_id)]
        for seller_id in platform.sellers.known()
    }
    if "segments" in given:
        everywhere = {name: value for name, value in tactic.targeting.items() if name == ""}
        aimed = {seller_id: {"audience_include": own} for seller_id, own in held.items() if own}
        tactic.targeting = {**everywhere, **aimed}
    if "frequency_cap" in given:
        tactic.targeting[""] = {} if body.frequency_cap is None else {"frequency_cap": _cap(body.frequency_cap)}
    errors = yield from _aim(platform, campaign, tactic)
    found = {segment for own in held.values() for segment in own}
    return {
        "tacticId": tactic.tactic_id,
        "segments": list(body.segments),
        "frequencyCap": None if body.frequency_cap is None else body.frequency_cap.model_dump(),
        "unmatched": [segment for segment in body.segments if segment not in found],
        "errors": errors,
    }


def _held(platform: BuyerPlatform, campaign: Campaign, segment: str, seller_id: str) -> bool:
    return platform.syndications.held(campaign.advertiser_id, "AUDIENCE", segment, seller_id)


def _cap(cap: FrequencyCap) -> Json:
    interval = 7 if cap.period == "week" else 1
    window = {"interval": interval, "unit": PERIODS[cap.period]}
    return {"max_impressions": cap.impressions, "per": "individuals", "window": window}


def _aim(platform: BuyerPlatform, campaign: Campaign, tactic: Tactic) -> Steps:
    """Send the targeting to all running media buys of a tactic; gives what was refused."""
    errors: list[Json] = []
    for buy in list(buys_of(platform, tactic)):
        if buy.status not in ("ACTIVE", "PAUSED") or buy.adcp_media_buy_id is None:
            continue
        overlay = {**targeting(platform, campaign, buy.seller_id), **platform.outcome.overlay(buy)}
        rows = [{"package_id": p.package_id, "targeting_overlay": overlay} for p in buy.packages if not p.canceled]
        try:
            yield from send_change(platform, campaign, buy, {"packages": rows})
        except AdcpError as error:
            errors.append({"mediaBuyId": buy.media_buy_id, "salesAgentId": buy.seller_id, "message": str(error)})
    return errors
