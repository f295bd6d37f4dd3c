"""People: who is active, whom a publisher sees, who is in which segment, and who is known across publishers.

A publisher with a ``match_rate`` below 1 knows some of its people by a name of its own only. To the frequency
caps such a person is somebody else there than everywhere else.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandbox.core.rng import derive
from sandbox.delivery.hashing import draws
from sandbox.delivery.model import Placement, Population
from sandbox.delivery.tables import DRAW, NONE

EVERYBODY = 1.0


def activity(seed: int, population: Population) -> NDArray[np.float64] | None:
    """How active each user is, with mean 1; None if all are equal."""
    if population.activity_shape is None:
        return None
    # the legacy generator: its numbers are the same in every version of NumPy
    rng = np.random.RandomState(derive(seed, "activity") % (1 << 32))
    weights = rng.gamma(population.activity_shape, size=population.users)
    return np.asarray(weights * (population.users / weights.sum()), np.float64)


def members(seed: int, publisher_id: str, audience: float, users: int) -> NDArray[np.int32]:
    """The people that a publisher ever sees, at least one; a larger audience has all of a smaller one."""
    luck = draws(derive(seed, "audience", publisher_id), users)
    inside = np.flatnonzero(luck < audience)
    return (inside if len(inside) else np.array([np.argmin(luck)])).astype(np.int32)


def unmatched(seed: int, publisher_id: str, match_rate: float, users: int) -> NDArray[np.bool_]:
    """Who is unknown to the identity graph at a publisher, by person."""
    return draws(derive(seed, "match", publisher_id), users) >= match_rate


def segment_key(seed: int, name: str) -> int:
    """The key of a segment: person ``n`` is in it if ``unit(mix(key, n))`` is below its share."""
    return derive(seed, "segment", name)


class People:
    """The tables of all people, grown as publishers come."""

    def __init__(self, seed: int, population: Population) -> None:
        self.population = population
        self.rows_count = population.users
        """Identities: one for each person, and one for each person that a publisher can't match."""
        self.rows = np.zeros(0, np.int32)
        self.draws = np.zeros(0, DRAW)
        self._seed = seed
        self._weights: NDArray[np.float64] | None = None
        self._drawn: dict[tuple[str, float], tuple[int, int]] = {}
        self._rows_at: dict[tuple[str, float], int] = {}

    def draw(self, placement: Placement) -> tuple[int, int]:
        """Where the people of a placement begin in ``draws``, and how many; (-1, all) if all are equal."""
        population = self.population
        if placement.audience >= EVERYBODY and population.activity_shape is None:
            return NONE, population.users
        publisher_id = placement.publisher_id if placement.audience < EVERYBODY else ""
        name = publisher_id, min(placement.audience, EVERYBODY)
        if name not in self._drawn:
            table = self._table(*name)
            self._drawn[name] = len(self.draws), len(table)
            self.draws = np.concatenate([self.draws, table])
        return self._drawn[name]

    def _table(self, publisher_id: str, audience: float) -> NDArray[Any]:
        from sandbox.delivery.traffic import alias_table

        users = self.population.users
        who = np.arange(users, dtype=np.int32)
        if audience < EVERYBODY:
            who = members(self._seed, publisher_id, audience, users)
        table = np.zeros(len(who), DRAW)
        table["accept"], table["own"] = 1.0, who
        if self._weights is None:
            self._weights = activity(self._seed, self.population)
        if self._weights is not None:
            mine = self._weights[who]
            table["accept"], other = alias_table(mine * (len(who) / mine.sum()))
            table["other"] = who[other]
        return table

    def identities(self, placement: Placement) -> int:
        """Where the rows of a publisher's people begin in ``rows``; NONE if it knows everybody by the common name."""
        if placement.match_rate >= 1.0:
            return NONE
        name = placement.publisher_id, placement.match_rate
        if name not in self._rows_at:
            users = self.population.users
            alone = unmatched(self._seed, *name, users)
            rows = np.arange(users, dtype=np.int32)
            rows[alone] = self.rows_count + np.arange(alone.sum())
            self.rows_count += int(alone.sum())
            self._rows_at[name] = len(self.rows)
            self.rows = np.concatenate([self.rows, rows])
        return self._rows_at[name]

    def rows_of(self, users: NDArray[np.int32], begin: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of people at publishers whose rows begin there (NONE: the common name)."""
        own = users.astype(np.int64)
        if not len(self.rows):
            return own
        return np.where(begin >= 0, self.rows[np.maximum(begin, 0) + own], own)
