"""Counter-based random numbers: a draw is a function of its key and of nothing that was drawn before.

SplitMix64 (Steele, Lea, Flood 2014) in plain Python; ``loop.py`` has the same in compiled code.
"""

from __future__ import annotations

from math import cos, exp, log, pi, sqrt

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
    draws = [unit(mix(key, n)) for n in range(3)]
    if mean < _INVERSION_BELOW:
        count, chance = 0, exp(-mean)
        left = draws[0] - chance
        while left >= 0.0 and chance > 0.0:
            count += 1
            chance *= mean / count
            left -= chance
        return count
    normal = sqrt(-2.0 * log(1.0 - draws[0])) * cos(2.0 * pi * draws[1])
    return max(0, int(mean + sqrt(mean) * normal + draws[2]))
