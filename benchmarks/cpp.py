"""The kernel in C++, compiled on the spot: ``kernel.cpp`` on the very tables of the engine, through ctypes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.worlds import START_MS, arguments_of, make_engine
from sandbox.core.time import HOUR_MS
from sandbox.delivery import loop
from sandbox.delivery.tables import (
    CAP,
    CONVERSION,
    CREATIVE,
    DRAW,
    GROUP,
    LINE,
    OPPORTUNITY,
    PLACE,
    SEGMENT,
    SHARE,
    SOURCE,
    TERMS,
    Limits,
    State,
)

FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-std=c++17", "-shared", "-fPIC")
"""Without fused multiply and add, which would round differently from the kernel."""

_RECORDS = {"Line": LINE, "Place": PLACE, "Group": GROUP, "Cap": CAP, "Person": DRAW, "Terms": TERMS, "Share": SHARE}
_RECORDS |= {
    "Creative": CREATIVE,
    "Segment": SEGMENT,
    "Opportunity": OPPORTUNITY,
    "Conversion": CONVERSION,
    "Source": SOURCE,
}
_C_TYPES = {np.dtype(np.float64): "double", **{np.dtype(f"i{n}"): f"int{8 * n}_t" for n in (2, 4, 8)}}
_C_TYPES |= {np.dtype(f"u{n}"): f"uint{8 * n}_t" for n in (1, 4, 8)}
_C_TYPES |= {record: name for name, record in _RECORDS.items()}


def compiler() -> str | None:
    """The C++ compiler of this machine, if it has one."""
    return next((found for name in ("g++", "clang++", "c++") if (found := shutil.which(name))), None)


def available() -> bool:
    """True if the kernel in C++ can be used; it is compiled now, before an engine's own loop is replaced."""
    return compiler() is not None and library() is not None


def prepare(
    hour_ms: int, hour_tick: int, hour: Any, first: int, last: int, keys: Any, limits: Limits, state: State,
    out: Any, to: Any
) -> Callable[[], tuple[int, int]]:  # fmt: skip
    """A call that does what :func:`sandbox.delivery.loop.decide` does with these arguments."""
    counts = np.zeros(2, np.int64)
    tables = [_pointers(table) for table in (limits, state, out)]
    numbers = [ctypes.c_int64(n) for n in (hour_ms, hour_tick, first, last, len(state.lines))]
    function, arguments = library().decide, (*numbers, *map(_address, (keys, hour, *tables, to, counts)))

    def call() -> tuple[int, int]:
        function(*arguments)
        return int(counts[0]), int(counts[1])

    return call


def traffic(hour_ms: int, sources: Any, *tables: Any) -> int:
    """What :func:`sandbox.delivery.traffic.traffic` does."""
    arrays = map(_address, (sources, *tables))
    return int(library().traffic(ctypes.c_int64(hour_ms), ctypes.c_int64(len(sources)), *arrays))


@cache
def library() -> ctypes.CDLL:
    """The compiled kernel. ``RuntimeError`` if there is no compiler."""
    found = compiler()
    if found is None:
        raise RuntimeError("there is no C++ compiler on this machine")
    source = Path(__file__).with_name("kernel.cpp")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tables.h").write_text(_header(), encoding="utf-8")
        target = str(Path(folder, "kernel.so"))
        subprocess.run([found, *FLAGS, f"-I{folder}", str(source), "-o", target], check=True)
        loaded = ctypes.CDLL(target)
    loaded.decide.restype, loaded.traffic.restype = None, ctypes.c_int64
    return loaded


def _header() -> str:
    """The engine's tables as C++ structures, taken from those that an engine hands to its loop."""
    engine = make_engine(1, 100)
    seen = arguments_of(loop, "decide", lambda: engine.advance(START_MS + HOUR_MS))
    records = [_record(name, dtype) for name, dtype in _RECORDS.items()]
    tables = [_table(seen[at]) for at in (6, 7, 8)]
    return "\n".join(["#include <cstdint>", *records, *tables])


def _record(name: str, dtype: np.dtype[Any]) -> str:
    fields = " ".join(f"{_C_TYPES[dtype[field]]} {field};" for field in dtype.names or ())
    return f"struct {name} {{ {fields} }};"


def _table(table: Any) -> str:
    """A named tuple of arrays and numbers as a structure of pointers and numbers."""
    fields = [
        f"{_C_TYPES[value.dtype]}* {name};" if isinstance(value, np.ndarray) else f"int64_t {name};"
        for name, value in table._asdict().items()
    ]
    return f"struct {type(table).__name__} {{ {' '.join(fields)} }};"


def _pointers(table: Any) -> Any:
    return np.array([v.ctypes.data if isinstance(v, np.ndarray) else int(v) for v in table], np.int64)


def _address(array: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
