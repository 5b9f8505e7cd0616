"""Questions asked of 64 bytes at once in compiled code; the answer is one number with a bit for each byte.

What is asked is written with `Lanes` as if for one byte. It becomes vector instructions of whatever processor there is; LLVM
sees to their width. Compiled loops then go from set bit to set bit with `lowest`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.cgutils import get_item_pointer
from numba.extending import intrinsic

from xinshu.kernel.compiled import compiled

LANES = 64
"""Bytes asked at once: buffers end with at least as many beyond their text."""

_item_pointer: Any = get_item_pointer
_BYTE, _WORD = ir.IntType(8), ir.IntType(64)
_BYTES = ir.VectorType(_BYTE, LANES)
_HASHABLE = object.__hash__


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """64 bytes, or 64 answers about them. Compared with a number (0 to 255), or with a byte given as argument."""

    builder: Any
    value: Any

    __hash__ = _HASHABLE

    def __eq__(self, other: object) -> Lanes:  # type: ignore[override]
        return self._compared("==", other)

    def __ge__(self, other: int) -> Lanes:
        return self._compared(">=", other)

    def __lt__(self, other: int) -> Lanes:
        return self._compared("<", other)

    def __ne__(self, other: object) -> Lanes:  # type: ignore[override]
        return self._compared("!=", other)

    def __and__(self, other: Lanes) -> Lanes:
        return Lanes(self.builder, self.builder.and_(self.value, other.value))

    def __or__(self, other: Lanes) -> Lanes:
        return Lanes(self.builder, self.builder.or_(self.value, other.value))

    def __xor__(self, other: Lanes) -> Lanes:
        return Lanes(self.builder, self.builder.xor(self.value, other.value))

    def between(self, low: int, high: int) -> Lanes:
        """Bytes from `low` to `high`: one subtraction and one comparison."""
        moved = self.builder.sub(self.value, _splat(low))
        return Lanes(self.builder, self.builder.icmp_unsigned("<=", moved, _splat(high - low)))

    def among(self, *values: int) -> Lanes:
        """Bytes that are one of these."""
        return reduce(or_, (self == value for value in values))

    def _compared(self, how: str, other: object) -> Lanes:
        value = other.value if isinstance(other, Lanes) else _splat(cast(int, other))
        return Lanes(self.builder, self.builder.icmp_unsigned(how, self.value, value))


def _splat(value: int) -> ir.Constant:
    return ir.Constant(_BYTES, [value] * LANES)


At = Callable[[int], Lanes]
"""The 64 bytes from so many bytes after (or before) each place on."""


def lane_mask(ask: Callable[..., Lanes]) -> Callable[..., Any]:
    """Make of `ask(at)` or `ask(at, byte)` what compiled code can call: `f(buffer, place)` or `f(buffer, place, byte)`, a
    64-bit number whose bit i is the answer for `buffer[place + i]`. Nothing checks that the bytes read are there."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = signature.args[0]
        view = context.make_array(kind)(context, builder, values[0])
        place = context.cast(builder, values[1], signature.args[1], types.intp)

        def at(distance: int) -> Lanes:
            index = builder.add(place, ir.Constant(place.type, distance))
            pointer = _item_pointer(context, builder, kind, view, [index], wraparound=False)
            loaded = builder.load(builder.bitcast(pointer, _BYTES.as_pointer()))
            loaded.align = 1
            return Lanes(builder, loaded)

        given = []
        for value in values[2:]:
            one = builder.insert_element(ir.Constant(_BYTES, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
            order = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
            given.append(Lanes(builder, builder.shuffle_vector(one, ir.Constant(_BYTES, ir.Undefined), order)))
        return builder.bitcast(ask(at, *given).value, _WORD)

    if ask.__code__.co_argcount == 1:

        @intrinsic
        def mask(typing: Any, array: Any, place: Any) -> Any:  # pragma: no cover - runs inside compiled code
            del typing
            return types.uint64(array, place), generate
    else:

        @intrinsic
        def mask(typing: Any, array: Any, place: Any, byte: Any) -> Any:  # pragma: no cover
            del typing, byte
            return types.uint64(array, place, types.uint8), generate

    return cast(Callable[..., Any], mask)


@intrinsic
def _lowest(typing: Any, word: Any) -> Any:  # pragma: no cover - runs inside compiled code
    del typing, word

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        del context, signature
        return builder.cttz(values[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


@intrinsic
def _how_many(typing: Any, word: Any) -> Any:  # pragma: no cover - runs inside compiled code
    del typing, word

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        del context, signature
        return builder.ctpop(values[0])

    return types.int64(types.uint64), generate


lowest = cast(Callable[[Any], Any], _lowest)
"""Compiled code only: the place of the lowest set bit of a 64-bit number other than 0."""
how_many = cast(Callable[[Any], Any], _how_many)
"""Compiled code only: how many bits of a 64-bit number are set."""


@compiled(inline=True)
def first_lanes(count: int) -> Any:
    """Compiled code only: a mask of the first so many lanes; of all from 64 on."""
    return (np.uint64(1) << np.uint64(count)) - np.uint64(1) if count < LANES else ~np.uint64(0)
