"""PostgreSQL's binary COPY format from whole columns, put together by a compiled loop.

For many rows; `copying` renders the same from Python values. A column says for each row where its field lies in a
stretch of bytes and how long it is. Source: PostgreSQL manual, COPY, section "Binary Format".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core.cgutils import get_item_pointer
from numba.extending import intrinsic

from xinshu.kernel.compiled import compiled

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_item_pointer: Any = get_item_pointer

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
EPOCH_DAYS = 10_957
"""From 1970-01-01 to 2000-01-01, where PostgreSQL counts from."""
_NULL = -1
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Column:
    """The fields of one column: row r is `data[starts[r]:][:sizes[r]]`, NULL where the size is -1."""

    data: Bytes
    starts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int32]


def fixed(values: Bytes, null: Mask | None = None) -> Column:
    """Fields of one width. `values`: shape (rows, width), as PostgreSQL has them on the wire; `null`: rows without one."""
    rows, width = values.shape
    sizes = np.full(rows, width, dtype=np.int32)
    if null is not None:
        sizes[null] = _NULL
    return Column(np.ascontiguousarray(values).reshape(-1), np.arange(0, rows * width, width, dtype=np.int64), sizes)


def integers(values: npt.NDArray[Any]) -> Column:
    """int4."""
    return fixed(values.astype(">i4").view(np.uint8).reshape(len(values), 4))


def days(numbers: npt.NDArray[Any], null: Mask) -> Column:
    """date, of days since 1970-01-01."""
    counted = (numbers - EPOCH_DAYS).astype(">i4")
    return fixed(counted.view(np.uint8).reshape(len(counted), 4), null)


def cells(values: Sequence[bytes | None]) -> Column:
    """bytea, or fields ready for the wire without their length."""
    present = [value or b"" for value in values]
    sizes = np.fromiter(map(len, present), dtype=np.int64, count=len(present))
    starts = np.cumsum(sizes) - sizes
    null = np.fromiter((value is None for value in values), dtype=np.bool_, count=len(present))
    return Column(
        np.frombuffer(bytearray().join(present), dtype=np.uint8), starts, np.where(null, _NULL, sizes).astype(np.int32)
    )


def picked(fields: Sequence[bytes], which: npt.NDArray[Any]) -> Column:
    """Few different fields, as `copying` makes them (with their length), and for each row which one it has."""
    different = cells([None if field == _NULL_FIELD else field[4:] for field in fields])
    return Column(different.data, different.starts[which], different.sizes[which])


_NULL_FIELD = b"\xff\xff\xff\xff"


def same(field: bytes, rows: int) -> Column:
    """One field, as `copying` makes it, in every row."""
    return picked([field], np.zeros(rows, dtype=np.int64))


def pack(columns: Sequence[Column]) -> Bytes:
    """The whole COPY stream of columns that are equally long."""
    sizes = np.stack([each.sizes for each in columns])
    data = {id(each.data): each.data for each in columns}  # columns may lie in the same bytes
    largest = max(data.values(), key=len)
    rest = [each for each in data.values() if each is not largest]
    bases = dict(zip(map(id, [largest, *rest]), accumulate(map(len, [largest, *rest]), initial=0), strict=False))
    starts = np.stack([each.starts + bases[id(each.data)] for each in columns])
    rows = sizes.shape[1]
    length = len(HEADER) + rows * (2 + 4 * len(columns)) + int(np.maximum(sizes, 0).sum(dtype=np.int64)) + len(TRAILER)
    stream = np.empty(length, dtype=np.uint8)
    stream[: len(HEADER)] = np.frombuffer(HEADER, dtype=np.uint8)
    stream[-len(TRAILER) :] = np.frombuffer(TRAILER, dtype=np.uint8)
    _pack(largest, np.concatenate([largest[:0], *rest]), starts, sizes, stream, len(HEADER))
    return stream


def blocks(stream: Bytes) -> Iterator[bytes]:
    """A stream in pieces for the driver to send."""
    for start in range(0, len(stream), _BLOCK_BYTES):
        yield stream[start : start + _BLOCK_BYTES].tobytes()


@intrinsic
def _copy_bytes(
    typing: Any, target: Any, place: Any, source: Any, start: Any, size: Any
) -> Any:  # pragma: no cover - runs inside compiled code
    del typing

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointers = []
        for array, index in ((0, 1), (2, 3)):
            kind = signature.args[array]
            view = context.make_array(kind)(context, builder, values[array])
            offset = context.cast(builder, values[index], signature.args[index], types.intp)
            pointers.append(_item_pointer(context, builder, kind, view, [offset], wraparound=False))
        length = context.cast(builder, values[4], signature.args[4], types.intp)
        copy = builder.module.declare_intrinsic("llvm.memcpy", [pointers[0].type, pointers[1].type, ir.IntType(64)])
        builder.call(copy, [*pointers, length, ir.Constant(ir.IntType(1), 0)])
        return context.get_dummy_value()

    return types.void(target, place, source, start, size), generate


copy_bytes = cast(Callable[[Any, Any, Any, Any, Any], None], _copy_bytes)
"""Compiled code only: `target[place:][:size] = source[start:][:size]` of byte arrays. Nothing checks that they are there."""


@compiled("void(uint8[::1], uint8[::1], int64[:, ::1], int32[:, ::1], uint8[::1], int64)")
def _pack(
    largest: Bytes, rest: Bytes, starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int32], stream: Bytes, place: int
) -> None:
    columns, rows = sizes.shape
    for row in range(rows):
        stream[place] = columns >> 8
        stream[place + 1] = columns & 255
        place += 2
        for column in range(columns):
            size, start = sizes[column, row], starts[column, row]
            for shift in range(4):
                stream[place + shift] = size >> (24 - 8 * shift) & 255
            place += 4
            if size > 0:
                if start < len(largest):
                    copy_bytes(stream, place, largest, start, size)
                else:
                    copy_bytes(stream, place, rest, start - len(largest), size)
                place += size
