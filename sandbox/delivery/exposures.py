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
    """Columns that grow by doubling; the compiled loop writes straight into them."""

    def __init__(self) -> None:
        self._columns = Exposures(*(np.empty(1024, kind) for kind in _TYPES))
        self._length = 0

    def room(self, extra: int) -> Exposures:
        """The columns beyond the end of the log, with room for ``extra`` exposures."""
        needed = self._length + extra
        if needed > len(self._columns.time_ms):
            size = max(needed, 2 * len(self._columns.time_ms))
            grown = Exposures(*(np.empty(size, kind) for kind in _TYPES))
            for old, new in zip(self.arrays(), grown, strict=True):
                new[: self._length] = old
            self._columns = grown
        return Exposures(*(column[self._length : needed] for column in self._columns))

    def extend(self, length: int) -> None:
        """Say that the first ``length`` exposures of :meth:`room` have been written."""
        self._length += length

    def arrays(self) -> Exposures:
        """The whole log, without a copy."""
        return Exposures(*(column[: self._length] for column in self._columns))

    def __len__(self) -> int:
        return self._length
