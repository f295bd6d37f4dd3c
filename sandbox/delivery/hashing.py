"""Counter-based random numbers: a draw is a function of its key and of nothing that was drawn before.

SplitMix64 (Steele, Lea, Flood 2014) in compiled code and in plain Python, with the same results.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

_GAMMA = 0x9E3779B97F4A7C15
_MIX1 = 0xBF58476D1CE4E5B9
_MIX2 = 0x94D049BB133111EB
_MASK = 0xFFFFFFFFFFFFFFFF
_UNIT = 1.0 / (1 << 53)

G, M1, M2 = np.uint64(_GAMMA), np.uint64(_MIX1), np.uint64(_MIX2)
S30, S27, S31, S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


@nb.njit(inline="always", cache=True)  # type: ignore[untyped-decorator]
def mix(key: Any, counter: Any) -> Any:
    """64 random bits for ``counter`` under ``key`` (both unsigned 64-bit)."""
    z = key + (counter + np.uint64(1)) * G
    z = (z ^ (z >> S30)) * M1
    z = (z ^ (z >> S27)) * M2
    return z ^ (z >> S31)


@nb.njit(inline="always", cache=True)  # type: ignore[untyped-decorator]
def unit(bits: Any) -> Any:
    """A float in [0, 1) from 64 random bits."""
    return np.float64(bits >> S11) * _UNIT


def py_mix(key: int, counter: int) -> int:
    """:func:`mix` in plain Python."""
    z = (key + (counter + 1) * _GAMMA) & _MASK
    z = ((z ^ (z >> 30)) * _MIX1) & _MASK
    z = ((z ^ (z >> 27)) * _MIX2) & _MASK
    return z ^ (z >> 31)


def py_unit(bits: int) -> float:
    """:func:`unit` in plain Python."""
    return (bits >> 11) * _UNIT
