"""Reading policies in plain language: what a sentence forbids, wants or limits, and to what it applies.

A sentence that fits none of the forms is kept as unreadable: it can be shown to people, not be evaluated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from agents.governance.matching import words
from sandbox.core.money import MOST, micros

_AMOUNT = re.compile(
    r"\b(?:over|above|exceeding|more than)\s+\$?\s*([0-9][0-9,]{0,17}(?:\.[0-9]{1,6})?)\s*([kKmM]?)\b(?!\s*%)"
)
_PERCENT = re.compile(r"\b([0-9]{1,3}(?:\.[0-9]{1,6})?)\s*%")
_FORBID = re.compile(r"^\s*(?:no|never|avoid|exclude|prohibit|do not (?:use|show|run))\b(.*)$", re.IGNORECASE)
_FORBIDDEN = re.compile(r"^(.*?)\b(?:is|are)\s+(?:prohibited|forbidden|not allowed)\b", re.IGNORECASE)
_REQUIRED = re.compile(r"^(.*?)\b(?:is |are )?required\b(?:\s+(?:for|on|with)\s+(.*))?$", re.IGNORECASE)
_REQUIRES = re.compile(r"^(.*?)\b(?:requires?|must (?:have|include|use)|needs?)\b(.*)$", re.IGNORECASE)
_NOISE = frozenset(
    words(
        "a an the any all of for in on to with by at from or and that this only our your advertising ads ad content"
        " product placement imagery image buy campaign line item before go live adjacent targeting property owned"
    )
)


@dataclass(slots=True, frozen=True)
class Demand:
    """One sentence of a policy.

    ``terms`` are alternatives, each a set of words of which all must occur. ``subject`` are words of which one must
    occur for the demand to apply; none means always. ``above_micros``: only for amounts over it.
    """

    kind: Literal["forbid", "require", "seller_share", "unreadable"]
    sentence: str
    terms: tuple[frozenset[str], ...] = ()
    subject: frozenset[str] = frozenset()
    above_micros: int | None = None
    percent: float = 100.0

    def applies(self, found: frozenset[str], amount_micros: int | None) -> bool:
        """True if it is about an action with these words and this amount."""
        large = self.above_micros is None or (amount_micros is not None and amount_micros > self.above_micros)
        return large and (not self.subject or bool(self.subject & found))

    def met_by(self, found: frozenset[str]) -> frozenset[str] | None:
        """The words by which a text has what the demand names; None if it has not."""
        return next((term for term in self.terms if term <= found), None)


def read_policy(text: str) -> list[Demand]:
    """The demands of a policy, one for each sentence."""
    return [_demand(part.strip()) for part in re.split(r"(?<=[.;!])\s+", text.strip()) if part.strip(" .")]


def _demand(sentence: str) -> Demand:
    bare = sentence.rstrip(".;! ")
    above = _above(bare)
    plain = _AMOUNT.sub(" ", bare)
    percent = _PERCENT.search(plain)
    if percent and "seller" in words(plain):
        return Demand("seller_share", sentence, above_micros=above, percent=float(percent.group(1)))
    forbidden = _FORBID.match(plain) or _FORBIDDEN.match(plain)
    if forbidden:
        return Demand("forbid", sentence, _terms(forbidden.group(1)), above_micros=above)
    required = _REQUIRED.match(plain)
    if required:
        subject = frozenset(words(required.group(2) or "")) - _NOISE
        return Demand("require", sentence, _terms(required.group(1)), subject, above)
    requires = _REQUIRES.match(plain)
    if requires:
        subject = frozenset(words(requires.group(1))) - _NOISE
        return Demand("require", sentence, _terms(requires.group(2)), subject, above)
    return Demand("unreadable", sentence)


def _above(text: str) -> int | None:
    found = _AMOUNT.search(text)
    if found is None:
        return None
    factor = {"": 1, "k": 1_000, "m": 1_000_000}[found.group(2).lower()]
    return micros(min(Decimal(found.group(1).replace(",", "")) * factor, Decimal(MOST)))


def _terms(text: str) -> tuple[frozenset[str], ...]:
    """The things that a text enumerates."""
    parts = re.split(r",|\bor\b|\band\b", text)
    terms = (frozenset(words(part)) - _NOISE for part in parts)
    return tuple(term for term in terms if term)
