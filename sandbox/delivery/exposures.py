"""The exposure log: every impression, in order of time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Exposures(NamedTuple):
    """Parallel arrays, one entry an impression.

    ``line``, ``creative`` and ``place`` are the engine's numbers, ``country`` and ``device`` its codes, the
    bits of ``outcome`` are those of :data:`~sandbox.delivery.tables.OUTCOMES`. The charge for a conversion
    stands at the impression that brings it.
    """

    time_ms: NDArray[np.int64]
    user: NDArray[np.int32]
    line: NDArray[np.int32]
    creative: NDArray[np.int32]
    place: NDArray[np.int32]
    country: NDArray[np.int16]
    device: NDArray[np.int16]
    outcome: NDArray[np.int16]
    charge_micros: NDArray[np.int64]

    def rows(self, which: slice | NDArray[np.intp]) -> Exposures:
        """Some of the exposures; a slice makes no copy."""
        columns: list[Any] = [column[which] for column in self]
        return Exposures(*columns)


_TYPES = (np.int64, *[np.int32] * 4, *[np.int16] * 3, np.int64)


def _empty(size: int) -> Exposures:
    columns: list[Any] = [np.empty(size, kind) for kind in _TYPES]
    return Exposures(*columns)


class Log:
    """Columns that grow to four times their size, as memory costs nothing until it is written to.

    The compiled loop writes straight into them.
    """

    def __init__(self) -> None:
        self._columns = _empty(1024)
        self._length = 0

    def room(self, extra: int) -> Exposures:
        """The columns beyond the end of the log, with room for ``extra`` exposures."""
        needed = self._length + extra
        if needed > len(self._columns.time_ms):
            size = max(needed, 4 * len(self._columns.time_ms))
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
