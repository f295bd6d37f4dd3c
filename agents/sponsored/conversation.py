"""What the agent says: rules over keywords and the catalog, and no language model.

Every sentence is a fact of the catalog at this instant, or says that there is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agents.sponsored.catalog import WHOLE, Product, money
from agents.sponsored.matching import asks_variant, named, placed, priced, ranked, variant_in
from agents.sponsored.records import Choice, Session
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.sponsored.agent import SponsoredAgent

MOST_SHOWN = 5
"""Products that one answer tells of."""

_TOPICS = {
    "automated": r"are you (a |an )?(real|human|person|bot|robot|ai|machine|automated)|real person|a human",
    "price": r"prices?|priced|costs?|how much|discount(ed)?|on sale|deals?",
    "availability": r"available|availability|in stock|stock|sold out|how many|left",
    "variants": r"(what|which|other) (size|colou?r|version|model)|sizes|colou?rs|variants|versions|options|models",
    "validity": r"expires?|expiry|until when|deadline|last day|offer ends?|sale ends?",
    "list": r"what (else )?do you (have|offer|sell)|show (me )?(all|everything|more|others)|what else|alternatives?",
    "buy": r"buy|buying|purchase|order|check ?out|subscribe|i('| wi)ll take|i('| woul)d take|add to cart",
    "yes": r"yes|yeah|yep|sure|ok|okay|go ahead|confirm",
    "goodbye": r"bye|goodbye|thanks|thank you|that('| i)?s all|no thanks|nothing else|not interested",
}
_PATTERNS = {topic: re.compile(rf"\b({pattern})\b") for topic, pattern in _TOPICS.items()}
_REFUSED = re.compile(r"\b(don't|do not|not|never|won't|no longer)( \w+){0,2} (buy|order|purchase)")
_BACK = re.compile(r"\b(it|its|this|that|they|them)\b")
_QUESTIONS = ("automated", "price", "availability", "variants", "validity", "list")
"""Topics that are answered; while there is one of them, nothing is handed off and nobody is taken leave of."""


@dataclass(slots=True)
class Turn:
    """One answer: the text, the products that it shows, and what becomes of the session."""

    text: str
    products: list[Product] = field(default_factory=list)
    choice: Choice | None = None
    """What is to be bought now; the session is handed off."""
    over: bool = False
    """True if the user has taken leave."""


def topics_of(text: str) -> list[str]:
    """What a message asks for, by keywords: its questions, or if there is none what it wants."""
    lower = text.lower().replace("’", "'")
    found = [topic for topic, pattern in _PATTERNS.items() if pattern.search(lower)]
    asked = [topic for topic in found if topic in _QUESTIONS]
    if asked:
        return asked
    if "buy" in found:
        return ["refuse"] if _REFUSED.search(lower) else ["buy"]
    return found


def answer(agent: SponsoredAgent, session: Session, text: str) -> Turn:
    """The answer to a message; what it is about becomes what the session is about."""
    products = agent.products_in(session)
    if not products:
        return _nothing_left(agent, session)
    topics = topics_of(text)
    found, said = _meant(session, products, text)
    _remember(session, topics, found, text)
    about = _about_version(found[0], text) if len(found) == 1 else []
    if _wants_to_buy(session, topics, said or bool(about)):
        return _sell(agent, session, found or products, text)
    session.buying = False
    if "goodbye" in topics:
        return Turn(f"You are welcome. Goodbye from {agent.name}.", over=True)
    if topics == ["refuse"]:
        return Turn("Nothing is bought until you confirm it at the checkout. Ask me whatever else you want to know.")
    if topics == ["automated"]:
        return Turn(f"I am the automated assistant of {agent.name}, which pays for what I say. No person answers here.")
    if topics == ["validity"]:
        return Turn(_validity(agent, session))
    topics = topics or about
    if not said and topics in ([], ["yes"]):
        return _unknown(found, products)
    return _tell(agent, session, topics, products if "list" in topics or not found else found)


def act(agent: SponsoredAgent, session: Session, action: str, choice: Choice | None) -> Turn:
    """The answer to a button or card: ``buy`` or ``view`` a product, or what the session is about."""
    products = agent.products_in(session)
    if choice is not None:
        session.focus, session.variant_id = [choice.product_id], choice.variant_id
    meant = [product for product in products if product.id in session.focus] or products
    if not meant:
        return _nothing_left(agent, session)
    return _sell(agent, session, meant, "") if action == "buy" else _tell(agent, session, [], meant)


def _wants_to_buy(session: Session, topics: Sequence[str], said: bool) -> bool:
    """True if a message orders something, or answers our question what exactly is to be bought."""
    answers = topics in (["yes"], ["yes", "goodbye"]) or (said and topics in ([], ["yes"]))
    return topics == ["buy"] or (session.buying and answers)


def _about_version(product: Product, text: str) -> list[str]:
    """What a message wants to know that asks for nothing but names a variant, or one that there isn't."""
    if variant_in(product, text):
        return ["price", "availability"]
    return ["variants"] if asks_variant(product, text) else []


def _meant(session: Session, products: Sequence[Product], text: str) -> tuple[list[Product], bool]:
    """The products that a message is about, and whether it says so itself rather than by what went before."""
    here = {product.id: product for product in products}
    shown = [here[one] for one in session.shown if one in here]
    several = shown if len(shown) > 1 else products
    one = placed(several, text) or priced(several, text)
    if one is not None:
        return [one], True
    focus = [here[product_id] for product_id in session.focus if product_id in here]
    before = focus or (list(products) if len(products) == 1 else [])
    fitting = named(products, text) or ranked(products, text)
    if before and _BACK.search(text.lower()) and not named(products, text):
        return before, any(product in fitting for product in before)
    return (fitting, True) if fitting else (before, False)


def _remember(session: Session, topics: Sequence[str], found: Sequence[Product], text: str) -> None:
    session.topics += [topic for topic in topics if topic in (*_QUESTIONS, "buy") and topic not in session.topics]
    if not found:
        return
    focus = [product.id for product in found]
    said = variant_in(found[0], text) if len(found) == 1 else WHOLE
    if focus != session.focus or said:
        session.variant_id = said
    session.focus = focus


def _tell(agent: SponsoredAgent, session: Session, topics: Sequence[str], products: Sequence[Product]) -> Turn:
    told = list(products[:MOST_SHOWN])
    if len(told) == 1:
        return Turn(_one(agent, session, topics, told[0]), told)
    session.variant_id = WHOLE
    rows = "; ".join(f"{p.name}, {_price(agent, p)}, {p.summary().lower()}" for p in told)
    more = f" There are {len(products) - len(told)} more." if len(products) > len(told) else ""
    return Turn(f"{len(products)} fit: {rows}.{more}", told)


def _one(agent: SponsoredAgent, session: Session, topics: Sequence[str], product: Product) -> str:
    variant_id = _version(session, product)
    name = _titled(product, variant_id)
    asked = [topic for topic in topics if topic in ("price", "availability", "variants")]
    sentences: list[str] = []
    if not asked:
        asked = ["price", "availability"]
        if product.config.description:
            sentences.append(f"{product.name}: {product.config.description}")
    if "price" in asked:
        sentences.append(f"{name} costs {_price(agent, product, variant_id)}")
    if "availability" in asked:
        sentences.append(f"{name}: {_stock(product, variant_id)}")
    if "variants" in asked:
        sentences.append(_variants(product))
    return " ".join(f"{sentence.rstrip('.')}." for sentence in sentences)


def _version(session: Session, product: Product) -> str:
    """The variant of a product that the conversation is about; :data:`WHOLE` if it is about none of them."""
    return session.variant_id if session.variant_id in product.stock else WHOLE


def _titled(product: Product, variant_id: str) -> str:
    chosen = product.variant(variant_id)
    return f"{product.name} ({chosen.name})" if chosen else product.name


def _price(agent: SponsoredAgent, product: Product, variant_id: str = WHOLE) -> str:
    shown = money(product.price_micros(variant_id), agent.config.currency)
    before = agent.original_price(product, variant_id)
    several = not variant_id and not product.one_price()
    return f"{'from ' if several else ''}{shown}{f' (was {before})' if before and not several else ''}"


def _stock(product: Product, variant_id: str) -> str:
    if variant_id or not product.config.variants:
        left = product.left(variant_id)
        if left == 0:
            return "sold out"
        return f"only {left} left" if left is not None and left <= product.low_stock else "in stock"
    return ", ".join(product.summary(variant.id) for variant in product.config.variants)


def _variants(product: Product) -> str:
    if not product.config.variants:
        return f"{product.name} comes in one version"
    rows = [f"{v.name} (sold out)" if product.stock[v.id] == 0 else v.name for v in product.config.variants]
    return f"{product.name} comes in {', '.join(rows)}"


def _sell(agent: SponsoredAgent, session: Session, products: Sequence[Product], text: str) -> Turn:
    """Hand off to the checkout if it is clear what is bought, it is there, and the host can check out."""
    session.buying = True
    if len(products) > 1:
        return Turn(f"Which one would you like? {_names(products)}.", list(products[:MOST_SHOWN]))
    product, variant_id = products[0], _version(session, products[0])
    can = [variant for variant in product.config.variants if product.stock[variant.id] != 0]
    if product.config.variants and not variant_id:
        if asks_variant(product, text) or len(can) != 1:
            return Turn(f"Which version would you like? {_variants(product)}.", [product])
        variant_id = session.variant_id = can[0].id
    session.buying = False
    if product.left(variant_id) == 0:
        session.missed.append(product.id)
        others = [p for p in agent.products_in(session) if p is not product and p.status() != "sold_out"]
        instead = f" Still there: {_names(others)}." if others else ""
        return Turn(
            f"{product.name}: {product.summary(variant_id)}. It can't be bought now.{instead}", others[:MOST_SHOWN]
        )
    if session.can("commerce", "acp_checkout"):
        price = money(product.price_micros(variant_id), agent.config.currency)
        name = _titled(product, variant_id)
        said = f"I hand you over to the checkout for {name} at {price}. Nothing is bought until you confirm it there."
        return Turn(said, [product], Choice(product.id, variant_id))
    where = f" You can buy it at {product.config.url}." if product.config.url else ""
    return Turn(f"{product.name} can't be bought in this conversation.{where}", [product])


def _unknown(found: Sequence[Product], products: Sequence[Product]) -> Turn:
    """Honest about what isn't known, with what is."""
    if len(found) != 1:
        return Turn(f"I have no answer to that. I know prices, availability and versions of {_names(products)}.")
    told, page = found[0].config.description or found[0].summary(), found[0].config.url
    where = f" See {page}" if page else ""
    return Turn(f"I don't know that about {found[0].name}. What I know: {told.rstrip('.')}.{where}", list(found))


def _nothing_left(agent: SponsoredAgent, session: Session) -> Turn:
    titles = ", ".join(agent.offerings[one].config.title for one in session.offering_ids)
    return Turn(f"{titles} has nothing to offer any more.")


def _validity(agent: SponsoredAgent, session: Session) -> str:
    rows = []
    for offering in (agent.offerings[one].config for one in session.offering_ids):
        ends = "has no end date" if offering.expires is None else f"ends on {iso(offering.expires)}"
        rows.append(f"{offering.title} {ends}.")
    return " ".join(rows)


def greeting(agent: SponsoredAgent, session: Session) -> str:
    """The first words of a session."""
    hello = f"Hello {session.user.name}, I am" if session.user.name else "Hello, I am"
    return f"{hello} the automated assistant of {agent.name}."


def summary_of(agent: SponsoredAgent, session: Session) -> str:
    """What a conversation was about, for whoever goes on with it."""
    about = [agent.products[one].name for one in session.focus[:MOST_SHOWN] if one in agent.products]
    asked = f"asked about {', '.join(session.topics)}" if session.topics else "asked nothing in particular"
    return f"The user {asked}{' of ' if about else ''}{', '.join(about)}."


def _names(products: Sequence[Product]) -> str:
    more = f" and {len(products) - MOST_SHOWN} more" if len(products) > MOST_SHOWN else ""
    return ", ".join(product.name for product in products[:MOST_SHOWN]) + more
