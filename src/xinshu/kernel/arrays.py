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

from xinshu.kernel.packing import EPOCH_DAYS

_UUID, _DATE = 2950, 1082  # type numbers, the same in every database
_UUIDS, _DATES = 2951, 1182


@dataclass(frozen=True, slots=True)
class Uuids:
    """A parameter of type uuid[]. `values`: shape (n, 16)."""

    values: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Dates:
    """A parameter of type date[]. `values`: days since 1970-01-01."""

    values: npt.NDArray[Any]


class _UuidsDumper(Dumper):
    format, oid = Format.BINARY, _UUIDS

    def dump(self, obj: Uuids) -> bytes:
        return _array(_UUID, obj.values)


class _DatesDumper(Dumper):
    format, oid = Format.BINARY, _DATES

    def dump(self, obj: Dates) -> bytes:
        days = (obj.values - EPOCH_DAYS).astype(">i4")
        return _array(_DATE, days.view(np.uint8).reshape(len(days), 4))


def accept_arrays(context: AdaptContext) -> None:
    """Let a connection or cursor take these as parameters."""
    if context.adapters is not None:
        context.adapters.register_dumper(Uuids, _UuidsDumper)
        context.adapters.register_dumper(Dates, _DatesDumper)


def _array(kind: int, values: npt.NDArray[np.uint8]) -> bytes:
    count, width = values.shape
    if not count:
        return np.array([0, 0, kind], dtype=">i4").tobytes()
    elements = np.empty((count, 4 + width), dtype=np.uint8)
    elements[:, :4] = np.frombuffer(width.to_bytes(4, "big"), dtype=np.uint8)
    elements[:, 4:] = values
    return np.array([1, 0, kind, count, 1], dtype=">i4").tobytes() + elements.tobytes()
