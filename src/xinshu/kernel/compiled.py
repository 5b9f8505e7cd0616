"""Loops over bytes compiled to machine code by numba, without the interpreter's lock unless they are short.

A function is compiled for the types in its signature when its module is imported, and kept in numba's cache beside the
module (or in the user's cache folder where that cannot be written): a process that may write no file can still use it.
Source: docs/decisions/0015-checks-look-at-bytes.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy.ma  # noqa: F401 - numba imports it at the first call, which may be in a process that is held to account
from llvmlite import ir
from numba import njit, types
from numba.core.cgutils import get_item_pointer
from numba.extending import intrinsic

_njit: Any = njit  # its stubs know no list of signatures
_item_pointer: Any = get_item_pointer
_Function = TypeVar("_Function", bound=Callable[..., Any])

WORD = 8
"""Bytes that `load_word` reads: buffers end with at least as many beyond their text."""


def compiled(*signatures: str, inline: bool = False, short: bool = False) -> Callable[[_Function], _Function]:
    """Compile a function for these signatures; without one, when another compiled function calls it. A `short` one keeps
    the interpreter's lock: to get it back takes longer than the work, when other threads want it too."""

    def wrap(function: _Function) -> _Function:
        options = {"nogil": not short, "error_model": "numpy", "inline": "always" if inline else "never"}
        arguments = (list(signatures),) if signatures else ()
        try:
            return cast(_Function, _njit(*arguments, cache=bool(signatures), **options)(function))
        except RuntimeError:  # no folder to keep it in: compiled anew in each process
            return cast(_Function, _njit(*arguments, **options)(function))

    return wrap


@intrinsic
def _load_word(typing: Any, array: Any, place: Any) -> Any:  # pragma: no cover - runs inside compiled code
    del typing

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = signature.args[0]
        view = context.make_array(kind)(context, builder, values[0])
        index = context.cast(builder, values[1], signature.args[1], types.intp)
        pointer = _item_pointer(context, builder, kind, view, [index], wraparound=False)
        loaded = builder.load(builder.bitcast(pointer, ir.IntType(64).as_pointer()))
        loaded.align = 1
        return loaded

    return types.uint64(array, place), generate


@intrinsic
def _store_number(typing: Any, address: Any, number: Any) -> Any:  # pragma: no cover - runs inside compiled code
    del typing

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointer = builder.inttoptr(values[0], ir.IntType(64).as_pointer())
        builder.store(context.cast(builder, values[1], signature.args[1], types.int64), pointer)
        return context.get_dummy_value()

    return types.void(address, number), generate


load_word = cast(Callable[[Any, Any], Any], _load_word)
"""Compiled code only: eight bytes of a byte array from any place on, as one number. Nothing checks that they are there."""
store_number = cast(Callable[[Any, Any], None], _store_number)
"""Compiled code only: write a 64-bit number to an address of this process."""
