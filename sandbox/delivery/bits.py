"""Compiled basics: counter-based random bits, draws, and prefetching.

The compiler keeps what it made on disk and renews it when the file of a function changes. It does not see
changes of this file: touch ``loop.py`` and ``traffic.py`` too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic as numba_intrinsic

F = TypeVar("F", bound=Callable[..., Any])

_GAMMA, _MIX1, _MIX2 = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_S30, _S27, _S31, _S11, _ONE = (np.uint64(n) for n in (30, 27, 31, 11, 1))

compiled = nb.njit(cache=True, error_model="numpy")
_LEAN = {"error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}
# without reference counts of arrays, which cost more than deciding: for functions that make no array
unmanaged: Callable[[F], F] = nb.njit(cache=True, **_LEAN)  # type: ignore[call-overload]
# parts of them, for compiled functions to call: what a call by Python needs would take the compiler as long again
leaf: Callable[[F], F] = nb.njit(forceinline=True, no_cpython_wrapper=True, **_LEAN)  # type: ignore[call-overload]

intrinsic: Callable[[Callable[..., Any]], Callable[..., Any]] = numba_intrinsic


u = np.uint64
"""Around an index: a signed one would be checked for being negative at each access, which costs a tenth."""


@leaf
def mix(key: Any, counter: Any) -> Any:
    """64 random bits for ``counter`` under ``key`` (both unsigned 64-bit); see ``hashing.py``."""
    z = key + (counter + _ONE) * _GAMMA
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return z ^ (z >> _S31)


@leaf
def unit(bits: Any) -> Any:
    """A float in [0, 1) from 64 random bits."""
    return np.float64(bits >> _S11) * (1.0 / (1 << 53))


@leaf
def happens(key: Any, purpose: Any, rate: Any) -> Any:
    """True if something of this rate happens to the opportunity."""
    return unit(mix(key, purpose)) < rate


@leaf
def pick(draw: Any, shares: Any, first: Any, last: Any) -> Any:
    """The code of the one of ``shares[first:last]`` that the draw falls into."""
    for i in range(first, last - 1):
        if draw < shares[u(i)].edge:
            return shares[u(i)].code
    return shares[u(last - 1)].code


@intrinsic
def prefetch(_: Any, array: Any, index: Any) -> Any:
    """Ask the processor to fetch the memory of ``array[index]``, of a flat array, and to go on meanwhile."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        held = context.make_array(signature.args[0])(context, builder, args[0])
        place = builder.bitcast(builder.gep(held.data, [args[1]]), ir.IntType(8).as_pointer())
        word = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, word, word, word])
        call = builder.module.declare_intrinsic("llvm.prefetch", [place.type], kind)
        builder.call(call, [place, word(1), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, index), emit
