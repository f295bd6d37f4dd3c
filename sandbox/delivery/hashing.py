"""Counter-based random numbers: a draw is a function of its key and of nothing that was drawn before.

SplitMix64 (Steele, Lea, Flood 2014) in plain Python; ``loop.py`` has the same in compiled code.
"""

from __future__ import annotations

from math import cos, exp, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

_GAMMA = 0x9E3779B97F4A7C15
_MASK = 0xFFFFFFFFFFFFFFFF
_INVERSION_BELOW = 30.0


def mix(key: int, counter: int) -> int:
    """64 random bits for ``counter`` under ``key``."""
    z = (key + (counter + 1) * _GAMMA) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def unit(bits: int) -> float:
    """A float in [0, 1) from 64 random bits."""
    return (bits >> 11) * (1.0 / (1 << 53))


def poisson(mean: float, key: int) -> int:
    """A Poisson count: by inversion where the mean is small, in the normal approximation elsewhere."""
    if mean < _INVERSION_BELOW:
        count, chance = 0, exp(-mean)
        left = unit(mix(key, 0)) - chance
        while left >= 0.0 and chance > 0.0:
            count += 1
            chance *= mean / count
            left -= chance
        return count
    return max(0, int(mean + sqrt(mean) * normal(key) + unit(mix(key, 2))))


def normal(key: int, a: int = 0, b: int = 1) -> float:
    """A draw of the standard normal distribution (Box and Muller), made of the numbers ``a`` and ``b``."""
    return sqrt(-2.0 * log(1.0 - unit(mix(key, a)))) * cos(2.0 * pi * unit(mix(key, b)))


def draws(key: int, count: int) -> NDArray[np.float64]:
    """The floats ``unit(mix(key, n))`` for ``n`` below ``count``, in one array."""
    z = np.uint64(key) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GAMMA)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return np.asarray((z >> np.uint64(11)) * (1.0 / (1 << 53)), np.float64)
