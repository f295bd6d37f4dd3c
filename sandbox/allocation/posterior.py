"""What is known about rates and values, from a prior and from counts; draws from it are Thompson sampling.

Conjugate pairs, so that learning is adding up (Gelman et al., "Bayesian Data Analysis", chapter 2): counts of
events in an exposure are Poisson with a gamma rate, successes of trials are binomial with a beta rate, and amounts
that scatter exponentially have a mean with an inverse gamma distribution. Everything is an array over items, and
every class is immutable. Thompson sampling takes one draw of each item for the truth and acts on it, so that what
is little known is tried from time to time (Russo et al., "A Tutorial on Thompson Sampling", 2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(slots=True, frozen=True)
class GammaRate:
    """Events per unit of exposure: gamma distributed with ``shape`` and ``exposure`` (its rate)."""

    shape: FloatArray
    exposure: FloatArray

    @classmethod
    def prior(cls, mean: FloatArray, events: float) -> GammaRate:
        """A belief in ``mean`` that is worth as much as ``events`` observed events."""
        return cls(np.full_like(mean, events), events / mean)

    def observe(self, events: FloatArray, exposure: FloatArray) -> GammaRate:
        """What is believed after ``events`` in ``exposure``."""
        return GammaRate(self.shape + events, self.exposure + exposure)

    @property
    def mean(self) -> FloatArray:
        """Expected events per unit of exposure."""
        return self.shape / self.exposure

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """One rate each that may be true."""
        return rng.standard_gamma(self.shape) / self.exposure


@dataclass(slots=True, frozen=True)
class BetaRate:
    """Successes per trial: beta distributed with ``alpha`` and ``beta``."""

    alpha: FloatArray
    beta: FloatArray

    @classmethod
    def prior(cls, mean: FloatArray, successes: float) -> BetaRate:
        """A belief in ``mean`` (above 0, at most 0.999) that is worth as much as ``successes`` observed ones."""
        certain = np.minimum(mean, 0.999)
        return cls(np.full_like(mean, successes), successes * (1 / certain - 1))

    def observe(self, successes: FloatArray, trials: FloatArray) -> BetaRate:
        """What is believed after ``successes`` in ``trials``; more successes than trials count as all."""
        won = np.minimum(successes, trials)
        return BetaRate(self.alpha + won, self.beta + trials - won)

    @property
    def mean(self) -> FloatArray:
        """Expected successes per trial."""
        return self.alpha / (self.alpha + self.beta)

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """One rate each that may be true."""
        return rng.beta(self.alpha, self.beta)


@dataclass(slots=True, frozen=True)
class MeanValue:
    """The mean of amounts such as the values of orders: inverse gamma with ``shape`` (above 1) and ``total``."""

    shape: FloatArray
    total: FloatArray

    @classmethod
    def prior(cls, mean: FloatArray, amounts: float) -> MeanValue:
        """A belief in ``mean`` that is worth as much as ``amounts`` observed amounts."""
        return cls(np.full_like(mean, amounts + 1), mean * amounts)

    def observe(self, amounts: FloatArray, total: FloatArray) -> MeanValue:
        """What is believed after so many ``amounts`` that add up to ``total``."""
        return MeanValue(self.shape + amounts, self.total + total)

    @property
    def mean(self) -> FloatArray:
        """Expected amount."""
        return self.total / (self.shape - 1)

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """One mean each that may be true."""
        return self.total / rng.standard_gamma(self.shape)


def calibrated(prior_mean: FloatArray, events: FloatArray, exposure: FloatArray, weight: float) -> FloatArray:
    """Prior rates on the level that all items together show; what they say about each other stays.

    ``weight`` is what the level of the priors is worth, in events. So an item without history is compared with the
    others as they turned out, not as somebody guessed.
    """
    level = (float(events.sum()) + weight) / (float((prior_mean * exposure).sum()) + weight)
    return prior_mean * level
