"""NumPy columns as array parameters of a statement, in PostgreSQL's binary form: no Python value for each row.

Source: PostgreSQL, src/backend/utils/adt/arrayfuncs.c, `array_recv`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format

from xinshu.kernel.cells import Bytes, Places
from xinshu.kernel.compiled import compiled
from xinshu.kernel.packing import EPOCH_DAYS, copy_bytes

_UUID, _DATE, _TEXT = 2950, 1082, 25  # type numbers, the same in every database
_UUIDS, _DATES, _TEXTS = 2951, 1182, 1009


@dataclass(frozen=True, slots=True)
class Uuids:
    """A parameter of type uuid[]. `values`: shape (n, 16)."""

    values: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Dates:
    """A parameter of type date[]. `values`: days since 1970-01-01."""

    values: npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Words:
    """A parameter of type text[]: the texts `buffer[starts[i]:][:sizes[i]]`, without NUL, which PostgreSQL refuses."""

    buffer: Bytes
    starts: Places
    sizes: Places


class _UuidsDumper(Dumper):
    format, oid = Format.BINARY, _UUIDS

    def dump(self, obj: Uuids) -> bytes:
        return _array(_UUID, obj.values)


class _DatesDumper(Dumper):
    format, oid = Format.BINARY, _DATES

    def dump(self, obj: Dates) -> bytes:
        days = (obj.values - EPOCH_DAYS).astype(">i4")
        return _array(_DATE, days.view(np.uint8).reshape(len(days), 4))


class _WordsDumper(Dumper):
    format, oid = Format.BINARY, _TEXTS

    def dump(self, obj: Words) -> bytes:
        count = len(obj.starts)
        elements = np.empty(4 * count + int(obj.sizes.sum(dtype=np.int64)), dtype=np.uint8)
        _write_texts(obj.buffer, obj.starts, obj.sizes, elements)
        return _head(_TEXT, count) + elements.tobytes()


def accept_arrays(context: AdaptContext) -> None:
    """Let a connection or cursor take these as parameters."""
    if context.adapters is not None:
        context.adapters.register_dumper(Uuids, _UuidsDumper)
        context.adapters.register_dumper(Dates, _DatesDumper)
        context.adapters.register_dumper(Words, _WordsDumper)


def _array(kind: int, values: npt.NDArray[np.uint8]) -> bytes:
    count, width = values.shape
    elements = np.empty((count, 4 + width), dtype=np.uint8)
    elements[:, :4] = np.frombuffer(width.to_bytes(4, "big"), dtype=np.uint8)
    elements[:, 4:] = values
    return _head(kind, count) + elements.tobytes()


def _head(kind: int, count: int) -> bytes:
    """Dimensions, no NULL among the elements, their type; their number and the first one's."""
    return np.array([1, 0, kind, count, 1] if count else [0, 0, kind], dtype=">i4").tobytes()


@compiled("void(uint8[::1], int32[::1], int32[::1], uint8[::1])")
def _write_texts(buffer: Bytes, starts: Places, sizes: Places, out: Bytes) -> None:
    place = 0
    for row in range(len(starts)):
        size = sizes[row]
        for shift in range(4):
            out[place + shift] = size >> (24 - 8 * shift) & 255
        copy_bytes(out, place + 4, buffer, starts[row], size)
        place += 4 + size
