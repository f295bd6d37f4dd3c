"""How well a signal answers a description of an audience: words in common, with synonyms. Nothing is random."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.signals.config import SignalConfig

_WORD = re.compile(r"[a-z0-9]+")
_FILLER = frozenset(
    """a an and are as at be by for from have high in into is it likely near of on or our program propensity recent
    segment segments that the their them to us value want who whom with adult adults age aged audience audiences
    campaign consumer consumers customer customers data interested people signal signals target targeting user users
    behavior behaviour affinity male female women men""".split()
)
"""Words that every audience has."""

_SYNONYMS = {
    word: root
    for root, words in {
        "car": "auto automobile automotive vehicle dealer dealership driver",
        "electric": "ev bev",
        "buy": "buyer purchase purchaser shopper shopping bought intender intent market",
        "travel": "traveller traveler trip holiday flight flyer",
        "outdoor": "hiking hike hiker camping camp climb trail nature",
        "food": "grocery recipe cooking cook restaurant",
        "child": "kid baby parent family children",
        "loyalty": "loyal member",
        "tech": "electronic technology gadget",
    }.items()
    for word in words.split()
}


def words_of(text: str) -> list[str]:
    """The words of a text that matter, each once, as their roots."""
    return list(dict.fromkeys(_root(word) for word in _WORD.findall(text.lower()) if word not in _FILLER))


def ranked(signals: Sequence[SignalConfig], spec: str) -> list[SignalConfig]:
    """The signals that a description fits, the best first; all of them if it says nothing in particular."""
    wanted = [word for word in words_of(spec) if not word.isdigit()]
    if not wanted:
        return list(signals)
    scored = [(_score(signal, wanted), signal) for signal in signals]
    return [signal for score, signal in sorted(scored, key=lambda row: -row[0]) if score > 0]


def _score(signal: SignalConfig, wanted: Sequence[str]) -> int:
    name, told = words_of(signal.name), words_of(f"{signal.description} {' '.join(signal.words)}")
    return sum(3 * (word in name) + 1 * (word in told) for word in wanted)


def _root(word: str) -> str:
    if len(word) > 3 and word.endswith("ies"):
        word = f"{word[:-3]}y"
    elif len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return _SYNONYMS.get(word, word)
