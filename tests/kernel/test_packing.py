"""Whole columns give the very stream that values one by one give."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from xinshu.kernel import copying, packing


def by_value(columns):
    return b"".join(copying.render(columns))


def test_every_kind_of_column_is_what_copying_makes_of_it():
    ids = [bytes(range(16)), None, bytes(16)]
    days = [date(1999, 12, 31), None, date(2026, 7, 1)]
    names = ["", "江苏“一”", "x" * 70_000]
    spelt = np.frombuffer(bytearray("".join(names).encode()), dtype=np.uint8)
    stream = packing.pack(
        [
            packing.cells(ids),
            packing.fixed(np.frombuffer(b"".join(each or bytes(16) for each in ids), dtype=np.uint8).reshape(3, 16)),
            packing.integers(np.array([-1, 0, 2**31 - 1])),
            packing.days(np.array([-1 + 10_957, 0, 20_635]), np.array([False, True, False])),
            packing.Column(spelt, np.array([0, 0, 15]), np.array([0, 15, 70_000], dtype=np.int32)),
            packing.Column(spelt, np.array([15, 15, 15]), np.array([1, 0, 2], dtype=np.int32)),
            packing.picked([*copying.texts(["甲"]), copying.NULL], np.array([1, 0, 1])),
            packing.same(copying.small_integers([7])[0], 3),
        ]
    )
    assert stream.tobytes() == by_value(
        (
            copying.uuids(ids),
            copying.uuids(each or bytes(16) for each in ids),
            copying.integers([-1, 0, 2**31 - 1]),
            copying.dates(days),
            copying.texts(names),
            copying.texts(["x", "", "xx"]),
            copying.texts([None, "甲", None]),
            copying.same(copying.small_integers([7])[0]),
        )
    )


def test_rows_marked_null_have_no_field():
    values, null = np.ones((2, 4), dtype=np.uint8), np.array([True, False])
    assert packing.pack([packing.fixed(values, null)]).tobytes() == by_value((copying.integers([None, 0x01010101]),))


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1])
def test_blocks_are_the_stream(size):
    stream = np.arange(size, dtype=np.uint8)
    assert b"".join(packing.blocks(stream)) == stream.tobytes()


def test_no_row_is_an_empty_stream():
    assert packing.pack([packing.cells([])]).tobytes() == packing.HEADER + packing.TRAILER
