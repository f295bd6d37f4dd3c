"""Which products a text speaks of: by words, by their place in what was shown, by price. Nothing is random."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from agents.sponsored.catalog import WHOLE, Product

_WORD = re.compile(r"[a-z0-9]+")
_FILLER = frozenset(
    """a about am an and any are as at be been best but buy by can cost costs could did do does for from get give good
    had has have having he hello hi how i if in interested into is it its looking like me more much my near need of off
    on one ones or order our please price prices purchase researching she should show size some someone stock talk tell
    than that the their them then there these they this those to us user users want wants was we were what when where
    which who will with would you your now""".split()
)
"""Words that tell no product from another."""

_PLACES = {
    word: place
    for place, words in enumerate(("first 1st", "second 2nd", "third 3rd", "fourth 4th", "fifth 5th"))
    for word in words.split()
}
_CHEAPEST = ("cheapest", "least expensive", "lowest price", "most affordable")
_DEAREST = ("most expensive", "priciest", "dearest")


def words_of(text: str) -> list[str]:
    """The words of a text that matter, each once, without the s of a plural."""
    return list(dict.fromkeys(_root(word) for word in _WORD.findall(text.lower()) if word not in _FILLER))


def ranked(products: Iterable[Product], text: str) -> list[Product]:
    """The products that a text fits, the best first, those that are sold out last; none if it fits none."""
    wanted = words_of(text)
    scored = [(_score(product, wanted), product) for product in products]
    found = sorted(scored, key=lambda row: (row[1].status() == "sold_out", -row[0]))
    return [product for score, product in found if score > 0]


def named(products: Sequence[Product], text: str) -> list[Product]:
    """The products that a text names: those whose names have the most words of it; none if no name has any."""
    wanted = words_of(text)
    counts = [sum(word in words_of(product.name) for word in wanted) for product in products]
    most = max(counts, default=0)
    return [product for product, count in zip(products, counts, strict=True) if count == most > 0]


def placed(shown: Sequence[Product], text: str) -> Product | None:
    """The product that a text means by its place in what was shown (``the second one``), if it does."""
    words = _WORD.findall(text.lower())
    if "last" in words and len(shown) > 1:
        return shown[-1]
    places = [_PLACES[word] for word in words if word in _PLACES]
    return shown[places[0]] if places and places[0] < len(shown) else None


def priced(products: Sequence[Product], text: str) -> Product | None:
    """The product that a text means by its price (``the cheapest``), if it does; sold out ones are left aside."""
    can = [product for product in products if product.status() != "sold_out"]
    lower = text.lower()
    if can and any(said in lower for said in _CHEAPEST):
        return min(can, key=lambda product: product.price_micros())
    if can and any(said in lower for said in _DEAREST):
        return max(can, key=lambda product: product.price_micros())
    return None


def variant_in(product: Product, text: str) -> str:
    """The id of the variant of which a text has all words; :data:`WHOLE` if there is none."""
    said = set(_WORD.findall(text.lower()))
    for variant in product.config.variants:
        if said.issuperset(_WORD.findall(variant.name.lower())):
            return variant.id
    return WHOLE


def asks_variant(product: Product, text: str) -> bool:
    """True if a text uses the word that all variants share (``size``)."""
    names = [set(_WORD.findall(variant.name.lower())) for variant in product.config.variants]
    return bool(names) and bool(set.intersection(*names).intersection(_WORD.findall(text.lower())))


def _score(product: Product, wanted: Sequence[str]) -> int:
    name = words_of(product.name)
    told = words_of(f"{product.config.description} {' '.join(product.config.words)}")
    return sum(3 * (word in name) + (word in told) for word in wanted)


def _root(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
