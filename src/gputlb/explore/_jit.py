"""How the parts of the compiled loops are compiled, and what they need of the machine that Python has no word for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

U = np.uint64


def _ask_for(_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of `array[index]`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte_pointer, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        pointer = builder.bitcast(builder.gep(made.data, [arguments[1]]), byte_pointer)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [byte_pointer], ir.FunctionType(ir.VoidType(), [byte_pointer, word, word, word])
        )
        builder.call(function, [pointer, word(1), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, index), generate


prefetch: Any = intrinsic(_ask_for)


# What costs compile time and isn't needed: ways to call from outside what only compiled code calls, files of what is
# in its callers' files already (and can't be inlined from there), and counts of references to arrays that the caller
# holds anyway.
_OUTER: Any = {"cache": True, "nogil": True, "no_cfunc_wrapper": True, "_nrt": False}
_INNER: Any = {**_OUTER, "cache": False, "no_cpython_wrapper": True}


def inner(function: F) -> F:
    """Compile a part of a loop."""
    compiled: F = njit(**_INNER)(function)
    return compiled


def outer(function: F) -> F:
    """Compile a loop that Python calls, and keep what was compiled for the next time where there is a place for it."""
    try:
        compiled: F = njit(**_OUTER)(function)
    except RuntimeError:  # neither beside this file nor in the home directory may a file be made
        compiled = njit(**{**_OUTER, "cache": False})(function)
    return compiled
