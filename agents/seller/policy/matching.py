"""How well a product answers a brief: words of channels, countries, audiences and topics, with synonyms.

The score is a sum of small plain points, and every point leaves its reason, so that ``brief_relevance`` can
say why a product was offered. Nothing is random: equal briefs give equal answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.seller.records import Product
from sandbox.domain.channels import CHANNELS

_WORD = re.compile(r"[a-z0-9]+")
_FILLER = frozenset(
    "a an and are as at be by for from in into is it of on or our that the their them this to us we who with "
    "want wants need needs looking campaign campaigns ads ad advertising media premium people".split()
)
_SYNONYMS = {
    "tech": "technology", "technologies": "technology", "gadgets": "technology", "software": "technology",
    "sport": "sports", "football": "sports", "soccer": "sports", "basketball": "sports", "athletes": "sports",
    "finance": "business", "financial": "business", "b2b": "business", "professionals": "business",
    "executives": "business", "investors": "business", "journalism": "news", "newspaper": "news",
    "politics": "news", "travellers": "travel", "travelers": "travel", "tourism": "travel", "holiday": "travel",
    "vacation": "travel", "cooking": "food", "recipes": "food", "restaurant": "food", "fitness": "health",
    "wellness": "health", "medical": "health", "parents": "family", "mothers": "family", "kids": "family",
    "children": "family", "automotive": "cars", "car": "cars", "auto": "cars", "vehicles": "cars",
    "songs": "music", "concert": "music", "concerts": "music",
}
_COUNTRIES = {
    "us": "US", "usa": "US", "america": "US", "american": "US", "canada": "CA", "canadian": "CA", "uk": "GB",
    "britain": "GB", "british": "GB", "england": "GB", "germany": "DE", "german": "DE", "france": "FR",
    "french": "FR", "spain": "ES", "spanish": "ES", "italy": "IT", "italian": "IT", "netherlands": "NL",
    "dutch": "NL", "australia": "AU", "australian": "AU", "japan": "JP", "japanese": "JP", "brazil": "BR",
    "india": "IN", "mexico": "MX", "sweden": "SE", "austria": "AT", "switzerland": "CH",
}

CHANNEL_POINTS, COUNTRY_POINTS, TOPIC_POINTS, WORD_POINTS = 5.0, 2.0, 3.0, 1.0


@dataclass(slots=True, frozen=True)
class Brief:
    """What a brief asks for, read into words: channels, countries (ISO codes) and other words that matter."""

    channels: frozenset[str]
    countries: frozenset[str]
    words: tuple[str, ...]


@dataclass(slots=True, frozen=True)
class Match:
    """How well a product fits. ``fits`` is False when the brief asks for something else altogether."""

    score: float
    reasons: tuple[str, ...]
    fits: bool

    @property
    def relevance(self) -> str:
        """One sentence that says why."""
        if not self.reasons:
            return "Part of our general offer; the brief names nothing that speaks for or against it."
        return f"Fits the brief: {'; '.join(self.reasons)}."


def read_brief(text: str) -> Brief:
    """Read a brief in plain English. A channel that it rules out (``no display``) is not asked for."""
    tokens = _WORD.findall(text.lower())
    channels: list[str] = []
    countries: list[str] = []
    words: list[str] = []
    for i, token in enumerate(tokens):
        ruled_out = i > 0 and tokens[i - 1] in ("no", "not", "without", "less")
        named = [channel.name for channel in CHANNELS.values() if token in channel.words]
        if not ruled_out:
            channels.extend(named)
        if token in _COUNTRIES and not (token == "us" and not _means_country(text)):
            countries.append(_COUNTRIES[token])
        if token not in _FILLER and not named and not ruled_out and token not in words:
            words.append(token)
    return Brief(frozenset(channels), frozenset(countries), tuple(words))


def _means_country(text: str) -> bool:
    return re.search(r"\b(US|U\.S\.|in the us)\b", text) is not None


def match_brief(brief: Brief, product: Product) -> Match:
    """Score a product against a brief; 0 or more, higher is better.

    A brief that names channels or countries fits only products that have one of them.
    """
    points = 0.0
    reasons: list[str] = []
    shared = [channel for channel in product.channels if channel in brief.channels]
    if shared:
        points += CHANNEL_POINTS * len(shared)
        reasons.append(f"it runs on {' and '.join(shared)}")
    sold_in = product.countries or tuple(dict.fromkeys(c for offer in product.offers for c in offer.countries))
    places = [country for country in sold_in if country in brief.countries]
    if places:
        points += COUNTRY_POINTS
        reasons.append(f"it is sold in {' and '.join(places)}")
    about = {_root(topic) for topic in product.audience}
    topics = list(dict.fromkeys(word for word in brief.words if _root(word) in about))
    if topics:
        points += TOPIC_POINTS * len(topics)
        reasons.append(f"it reaches an audience of {' and '.join(topics)}")
    told = {_root(word) for word in _WORD.findall(f"{product.name} {product.description}".lower())}
    echoed = [word for word in brief.words if word not in topics and _root(word) in told]
    if echoed:
        points += WORD_POINTS * len(echoed)
        reasons.append(f"its description speaks of {' and '.join(echoed)}")
    fits = (not brief.channels or bool(shared)) and (not brief.countries or bool(places))
    return Match(points, tuple(reasons), fits)


def _root(word: str) -> str:
    """The word that stands for it and its like: a synonym, or the singular."""
    word = _SYNONYMS.get(word.lower(), word.lower())
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
