"""Rows told apart are told apart as a dictionary does it, over chunks and over growing tables."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xinshu.kernel.assembly import Writer
from xinshu.kernel.different import Different

ROW = st.tuples(st.sampled_from(["", "a", "ab", "abcdefgh", "abcdefghi"]), st.text(max_size=3), st.integers(-3, 3))


def numbers_of(different, rows):
    writer = Writer()
    columns = [writer.texts(column) for column in zip(*(row[:2] for row in rows), strict=True)]
    starts, sizes = np.stack([each.starts for each in columns]), np.stack([each.sizes for each in columns])
    return different.number(writer.finished(), starts, sizes, np.array([[row[2] for row in rows]])).tolist()


@given(st.lists(st.lists(ROW, min_size=1, max_size=20), max_size=4))
def test_equal_rows_have_the_number_of_the_first(chunks):
    different, known = Different(2, 1), {}
    for rows in chunks:
        assert numbers_of(different, rows) == [known.setdefault(row, len(known)) for row in rows]
    assert different.count == len(known)
    for (one, other, whole), number in known.items():
        assert different.row(number) == ([one, other], [whole])


def test_what_lies_across_two_columns_is_not_the_same():
    assert numbers_of(Different(2, 1), [("a", "bc", 0), ("ab", "c", 0), ("a", "bc", 0)]) == [0, 1, 0]


def test_many_rows_find_room():
    different = Different(2, 1)
    rows = [(f"row {number}", "x" * (number % 50), number % 7) for number in range(20_000)]
    for start in range(0, len(rows), 5_000):
        assert numbers_of(different, rows[start : start + 5_000]) == list(range(start, start + 5_000))
    assert numbers_of(different, rows[::-1]) == list(range(len(rows)))[::-1]
    assert different.row(12_345) == (["row 12345", "x" * 45], [12_345 % 7])
