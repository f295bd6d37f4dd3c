"""Texts of drafts: taken from what the buyer wrote and what the brand says, never invented."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"[\"“]([^\"“”]{2,80})[\"”]")
_OPENING = re.compile(
    r"^(please\s+)?(create|make|design|build|draft|generate|produce|we (want|need)|i (want|need))\b"
    r".{0,60}?\b(for|about|promoting|to promote|announcing|to announce|that promotes?)\s+",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"[.;:!?\n]|,\s|\s(targeting|aimed at|aiming at|with|using|featuring|showing|on|in order|so that|that|who|which)\s"
    r"|\sfor\s",
    re.IGNORECASE,
)
_VERB = re.compile(r"^(promote|advertise|announce|introduce|present|sell)\s+((our|my|the|a|an)\s+)?", re.IGNORECASE)
_MOST_WORDS = 8

_CALLS = (
    (r"\b(download|install|app)\b", "Get the app"),
    (r"\b(sign[- ]?up|register|registration|newsletter)\b", "Sign up"),
    (r"\b(subscribe|subscription)\b", "Subscribe"),
    (r"\b(trial)\b", "Start free trial"),
    (r"\b(lead|quote|insurance|mortgage)\b", "Get a quote"),
    (r"\b(hotel|flight|travel|holiday|trip|reserve|reservation)\b", "Book now"),
    (r"\b(ticket|tickets|concert|show|event)\b", "Get tickets"),
    (r"\b(novel|book|author|read|reader|readers)\b", "Buy the book"),
    (r"\b(recruit|job|jobs|hiring)\b", "Apply now"),
    (r"\b(donate|donation|charity)\b", "Donate"),
    (r"\b(sale|shop|buy|purchase|order|offer|discount|roas|sales)\b", "Shop now"),
)
"""Calls to action by what the idea and the goal speak of; the first that fits."""


def call_to_action(idea: str, goal: str) -> str:
    """The call to action that fits the goal, or else the idea."""
    for text in (goal.lower(), idea.lower()):
        for pattern, words in _CALLS:
            if re.search(pattern, text):
                return words
    return "Learn more"


def headlines(idea: str, brand: str, tagline: str) -> list[str]:
    """Headlines to choose from, the best first: what is quoted, what the idea is about, the brand's own words."""
    found = [*_QUOTED.findall(idea), _subject(idea), tagline, f"Discover {brand}"]
    texts = [text.strip(" .,;:") for text in found]
    return list(dict.fromkeys(text for text in texts if text))


def _subject(idea: str) -> str:
    """What an idea is about, in its own first words."""
    text = _OPENING.sub("", _QUOTED.sub("", idea).strip())
    text = _VERB.sub("", text)
    text = re.sub(r"^(a|an|the)\s+(?=\S+\s+\S)", "", text, flags=re.IGNORECASE)
    closing = _CLOSING.search(text)
    words = (text[: closing.start()] if closing and closing.start() > 0 else text).split()
    kept = " ".join(words[:_MOST_WORDS])
    return kept[:1].upper() + kept[1:]


def shortened(text: str, words: int) -> str:
    """The first words of a text, up to a place where it can end."""
    parts = text.split()
    if len(parts) <= words:
        return text
    first = re.split(r"[,;:–—.]", text, maxsplit=1)[0].split()
    kept = first if 0 < len(first) <= words else parts[:words]
    while len(kept) > 1 and kept[-1].lower() in _LOOSE:
        kept = kept[:-1]
    return " ".join(kept).rstrip(",;:")


_LOOSE = frozenset("a an the of for and or with in on at to by from your our its is are".split())
"""Words with which no text ends."""
