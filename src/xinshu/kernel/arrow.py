"""Text columns handed to Polars where they lie, by the Arrow C data interface: nothing is copied.

Source: Arrow columnar format, "Variable-size Binary View Layout"; Arrow C data interface, ArrowSchema and ArrowArray.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import carray, cfunc  # type: ignore[attr-defined]

from xinshu.kernel.compiled import store_number

Views = npt.NDArray[np.uint32]
"""One row of four numbers a text, as the layout has it."""


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]
_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]

_RELEASE_OF_SCHEMA, _RELEASE_OF_ARRAY, _PRIVATE_DATA = 7, 8, 9  # places in the structures, which are eight bytes each


# Polars gives a column back whenever it likes, also while an exception is on its way: no Python may run then.
@cfunc("void(CPointer(int64))", cache=True)
def _release_schema(schema: Any) -> None:
    carray(schema, 9)[_RELEASE_OF_SCHEMA] = 0


@cfunc("void(CPointer(int64))", cache=True)
def _release_array(array: Any) -> None:
    fields = carray(array, 10)
    store_number(fields[_PRIVATE_DATA], 1)
    fields[_RELEASE_OF_ARRAY] = 0


_RELEASE_SCHEMA, _RELEASE_ARRAY = _release_schema.address, _release_array.address


@dataclass(frozen=True, slots=True)
class _Loan:
    """What Polars points into, and a number that is 1 once it does so no longer."""

    things: tuple[object, ...]
    given_back: npt.NDArray[np.int64]


_numbers = count(1)
_lent: dict[int, _Loan] = {}  # what columns of Polars point into, by number, until they are given back


def _sweep() -> None:
    """Let go of what Polars has given back."""
    for number in [number for number, lent in _lent.items() if lent.given_back[0]]:
        del _lent[number]


class _Lent:
    """A text array as the interface hands it over, once. Lives until the taker has moved the structures."""

    def __init__(self, name: str, views: Views, buffer: npt.NDArray[np.uint8]) -> None:
        number = next(_numbers)
        sizes, given_back = np.array([buffer.size], dtype=np.int64), np.zeros(1, dtype=np.int64)
        places = (ctypes.c_void_p * 4)(None, views.ctypes.data, buffer.ctypes.data, sizes.ctypes.data)
        _sweep()
        _lent[number] = _Loan((views, buffer, sizes, places), given_back)
        self._schema = _Schema(b"vu", name.encode(), None, 0, 0, None, None, _RELEASE_SCHEMA, None)
        self._array = _Array(len(views), 0, 0, 4, 0, places, None, None, _RELEASE_ARRAY, given_back.ctypes.data)

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        del requested_schema
        return (
            _new_capsule(ctypes.addressof(self._schema), b"arrow_schema", None),
            _new_capsule(ctypes.addressof(self._array), b"arrow_array", None),
        )


def text_series(name: str, views: Views, buffer: npt.NDArray[np.uint8]) -> pl.Series:
    """A text column whose texts lie in `buffer`, which nobody may change from now on.

    Args:
        views: shape (rows, 4), C order. A text of at most 12 bytes stands in its view after its size; a longer one has
            size, first 4 bytes, 0, place in `buffer`. The texts are valid UTF-8: nothing checks that here.
    """
    return pl.Series(_Lent(name, views, buffer))
