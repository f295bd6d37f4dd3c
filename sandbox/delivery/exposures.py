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

    def rows(self, which: slice | NDArray[np.intp]) -> Exposures:
        """Some of the exposures; a slice makes no copy."""
        return Exposures(
            self.time_ms[which],
            self.user[which],
            self.line[which],
            self.creative[which],
            self.charge_micros[which],
        )


def _empty(size: int) -> Exposures:
    user, line, creative = (np.empty(size, np.int32) for _ in range(3))
    return Exposures(np.empty(size, np.int64), user, line, creative, np.empty(size, np.int64))


class Log:
    """Columns that grow by doubling; the compiled loop writes straight into them."""

    def __init__(self) -> None:
        self._columns = _empty(1024)
        self._length = 0

    def room(self, extra: int) -> Exposures:
        """The columns beyond the end of the log, with room for ``extra`` exposures."""
        needed = self._length + extra
        if needed > len(self._columns.time_ms):
            size = max(needed, 2 * len(self._columns.time_ms))
            old, self._columns = self.arrays(), _empty(size)
            for name in Exposures._fields:
                getattr(self._columns, name)[: self._length] = getattr(old, name)
        return self._columns.rows(slice(self._length, needed))

    def extend(self, length: int) -> None:
        """Say that the first ``length`` exposures of :meth:`room` have been written."""
        self._length += length

    def arrays(self) -> Exposures:
        """The whole log, without a copy."""
        return self._columns.rows(slice(self._length))

    def __len__(self) -> int:
        return self._length
