"""The exposure log: every impression, in order of time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Exposures(NamedTuple):
    """Parallel arrays, one entry an impression; ``line`` and ``creative`` are the engine's numbers."""

    time_ms: NDArray[np.int64]
    user: NDArray[np.int32]
    line: NDArray[np.int32]
    creative: NDArray[np.int32]
    charge_micros: NDArray[np.int64]


_TYPES = (np.int64, np.int32, np.int32, np.int32, np.int64)


class Log:
    """Grows by chunks; is joined when somebody looks."""

    def __init__(self) -> None:
        self._chunks: list[Exposures] = []
        self._length = 0

    @staticmethod
    def chunk(length: int) -> Exposures:
        """Empty arrays for up to ``length`` exposures."""
        return Exposures(*(np.empty(length, kind) for kind in _TYPES))

    def add(self, chunk: Exposures, length: int) -> None:
        """Append the first ``length`` exposures of a chunk."""
        if length:
            self._chunks.append(Exposures(*(part[:length].copy() for part in chunk)))
            self._length += length

    def arrays(self) -> Exposures:
        """The whole log."""
        if len(self._chunks) != 1:
            parts = zip(*self._chunks, strict=True) if self._chunks else ([] for _ in _TYPES)
            joined = (
                np.concatenate([np.empty(0, kind), *part]).astype(kind, copy=False)
                for kind, part in zip(_TYPES, parts, strict=True)
            )
            self._chunks = [Exposures(*joined)]
        return self._chunks[0]

    def __len__(self) -> int:
        return self._length
