"""Cells are the texts they were made of, and Polars reads them where they lie for as long as it likes."""

from __future__ import annotations

import gc

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinshu.kernel import arrow
from xinshu.kernel.cells import PADDING, Cells

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ROWS = st.lists(st.tuples(TEXT, TEXT), max_size=12)


def frame_of(rows) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"A": pl.String, "B": pl.String}, orient="row")


@given(ROWS)
def test_a_frame_comes_back_as_it_was(rows):
    frame = frame_of(rows)
    cells = Cells.of(frame)
    assert cells.height == len(rows)
    assert cells.frame().equals(frame)
    assert cells.series("B").to_list() == frame["B"].to_list()
    assert [cells.text(0, row) for row in range(len(rows))] == frame["A"].to_list()


@given(ROWS)
def test_rows_lie_one_after_another(rows):
    cells = Cells.of(frame_of(rows))
    for row in range(cells.height):
        begin = int(cells.ends[row - 1]) if row else 0
        for column in range(2):
            start, size = int(cells.starts[column, row]), int(cells.sizes[column, row])
            assert begin <= start <= start + size <= int(cells.ends[row]) <= len(cells.buffer) - PADDING


@given(ROWS, st.data())
def test_some_rows_are_those_rows(rows, data):
    chosen = data.draw(st.lists(st.integers(0, max(len(rows) - 1, 0)), unique=True).map(sorted)) if rows else []
    kept = Cells.of(frame_of(rows)).keep(np.array(chosen, dtype=np.intp))
    assert kept.frame().rows() == [rows[row] for row in chosen]


@pytest.mark.parametrize("size", [0, 1, 4, 11, 12, 13, 40])
def test_short_and_long_texts_at_the_edges_of_the_layout(size):
    text = "字" * (size // 3) + "x" * (size % 3)
    assert len(text.encode()) == size
    assert Cells.of(frame_of([(text, "z")])).frame().rows() == [(text, "z")]


def test_a_column_outlives_its_cells_and_is_let_go_afterwards():
    cells = Cells.of(frame_of([("示例纺织有限公司第一分公司", "x")] * 50))
    column = cells.series("A")
    part = column.slice(10, 5)
    del cells, column
    gc.collect()
    assert part.to_list() == ["示例纺织有限公司第一分公司"] * 5
    del part
    Cells.of(frame_of([("a", "b")])).series("A")  # the next loan looks for what came back
    assert len(arrow._lent) <= 2


def test_a_column_may_end_while_an_exception_is_on_its_way():
    def fail() -> None:
        column = Cells.of(frame_of([("示例" * 10, "x")])).series("A")
        raise KeyError(column.len())

    with pytest.raises(KeyError):
        fail()
