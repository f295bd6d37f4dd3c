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
    re.findall(
        r"\w+",
        """a an and are as at be by for from in into is it of on or our that the their them this to us we
        who with want wants need needs looking campaign campaigns ads ad advertising media premium people""",
    )
)

# fmt: off
_TOPICS = {
    "business": "finance financial b2b professionals executives investors",
    "cars": "car automotive auto vehicles",
    "family": "parents mothers kids children",
    "food": "cooking recipes restaurant",
    "health": "fitness wellness medical",
    "music": "songs concert concerts",
    "news": "journalism newspaper politics",
    "sports": "sport football soccer basketball athletes",
    "technology": "tech technologies gadgets software",
    "travel": "travellers travelers tourism holiday vacation",
}
_PLACES = {
    "AT": "austria", "AU": "australia australian", "BR": "brazil", "CA": "canada canadian",
    "CH": "switzerland", "DE": "germany german", "ES": "spain spanish", "FR": "france french",
    "GB": "uk britain british england", "IN": "india", "IT": "italy italian", "JP": "japan japanese",
    "MX": "mexico", "NL": "netherlands dutch", "SE": "sweden", "US": "us usa america american",
}
# fmt: on
_SYNONYMS = {word: topic for topic, words in _TOPICS.items() for word in words.split()}
_COUNTRIES = {word: country for country, words in _PLACES.items() for word in words.split()}

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
    for i, word in enumerate(tokens):
        ruled_out = i > 0 and tokens[i - 1] in ("no", "not", "without", "less")
        named = [channel.name for channel in CHANNELS.values() if word in channel.words]
        if not ruled_out:
            channels.extend(named)
        if word in _COUNTRIES and (word != "us" or _means_country(text)):
            countries.append(_COUNTRIES[word])
        if word not in _FILLER and not named and not ruled_out and word not in words:
            words.append(word)
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
    sold_in = product.countries or tuple(dict.fromkeys(c for offer in product.offers for c in offer.country_codes))
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
