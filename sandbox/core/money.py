"""Money as integers: one unit of currency is 1,000,000 micros.

Amounts come from JSON as numbers and leave as numbers; in between they are ``int`` micros, so that
sums are exact whatever their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

MICROS = 1_000_000
"""Micros in one unit of currency."""


MOST = 1_000_000_000_000
"""The largest amount, in units of currency, that anything here deals with."""


def micros(amount: float | str | Decimal) -> int:
    """Convert an amount in units of currency (``12.5``) to micros (``12_500_000``), half to even.

    ``ValueError`` for what is no number, or larger than :data:`MOST`.
    """
    value = Decimal(str(amount))
    if not value.is_finite() or abs(value) > MOST:
        raise ValueError(f"an amount is at most {MOST:,}")
    scaled = value * MICROS
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def amount(value_micros: int) -> float | int:
    """Convert micros to units of currency as JSON writes them: an integer where nothing is lost."""
    whole, rest = divmod(value_micros, MICROS)
    return whole if rest == 0 else value_micros / MICROS


def split(total: int, weights: Sequence[float | int | Decimal]) -> list[int]:
    """Split ``total`` in proportion to ``weights`` so that the parts are integers and sum to ``total``.

    Largest remainder; ties go to the earlier part. Weights are finite and not negative, and their sum is
    positive; otherwise ``ValueError``.
    """
    shares = [Decimal(str(w)) for w in weights]
    whole = sum(shares, Decimal(0))
    if not shares or any(not w.is_finite() or w < 0 for w in shares) or whole <= 0:
        raise ValueError(f"weights must be finite, not negative and not all zero: {list(weights)}")
    exact = [Decimal(total) * w / whole for w in shares]
    parts = [int(e // 1) for e in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts
