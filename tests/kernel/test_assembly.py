"""What compiled loops put together is what plain Python makes of the same texts."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinshu.kernel.assembly import Source, Writer, character_table
from xinshu.kernel.cells import PADDING, Cells
from xinshu.kernel.text import NAME_CHARACTERS, normalise_name

TEXT = st.text(st.sampled_from('一示A1"\\\n\t\r\b\f\x00\x1f\x7f é𠮷') | st.characters(codec="utf-8"), max_size=20)
NAME = st.text("示A1a〔〕()（）【】·•Ａ \u3000\u200b⼈豈-－号é𠮷\U0002f800\U000e0100", max_size=12)


def source(table):
    """Rows of texts as cells; the last column lies in the extra bytes."""
    cells = Cells.of(pl.DataFrame(table, schema=dict.fromkeys(table, pl.String)))
    extra, starts, sizes = Writer(), cells.starts.copy(), cells.sizes.copy()
    last = extra.texts(next(reversed(table.values())))
    starts[-1], sizes[-1] = last.starts + len(cells.buffer), last.sizes
    return Source(cells.buffer, extra.finished(), starts, sizes)


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=6), st.booleans())
def test_objects_are_the_json_of_the_filled_cells(rows, bare):
    table = dict(zip("abc", zip(*rows, strict=True) if rows else [[], [], []], strict=True))
    cells, writer = source(table), Writer()
    chosen = np.arange(len(rows), dtype=np.int64)[::-1].copy()
    found, values = writer.objects(cells, chosen, ["a", "字段", "c"], bare=bare)
    for number, row in enumerate(reversed(rows)):
        filled = {name: text for name, text in zip(["a", "字段", "c"], row, strict=True) if text}
        wanted = "" if bare and not filled else json.dumps(filled, ensure_ascii=False, separators=(",", ":"))
        assert writer.read(found)[number] == wanted
        for column, text in enumerate(row):
            place, size = int(values[column, number]), len(text.encode())
            if place >= 0:
                assert writer.out[place : place + size].tobytes().decode() == text
            else:
                assert json.dumps(text, ensure_ascii=False) != f'"{text}"'


def test_cells_that_are_nothing_but_marks_to_escape_find_room():
    cells, writer = source({"a": ["\x01" * 100_000], "b": ['"' * 50_000]}), Writer()
    found, values = writer.objects(cells, np.array([0]), ["a", "b"])
    assert json.loads(writer.read(found)[0]) == {"a": "\x01" * 100_000, "b": '"' * 50_000}
    assert values.tolist() == [[-1], [-1]]


@given(st.lists(NAME, max_size=8))
def test_names_are_translated_as_python_does(names):
    writer = Writer()
    found = writer.translated(writer.texts(names), character_table(NAME_CHARACTERS), normalise_name)
    assert writer.read(found) == [normalise_name(name) for name in names]


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6), st.sampled_from(["", "\x1f"]))
def test_texts_are_joined(rows, separator):
    writer = Writer()
    found = writer.joined([writer.texts(column) for column in zip(*rows, strict=True)], separator)
    assert writer.read(found) == [separator.join(row) for row in rows]


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_cells_are_copied_from_either_place(texts):
    cells, writer = source({"a": texts, "b": texts[::-1]}), Writer()
    rows = np.arange(len(texts), dtype=np.int64)
    assert writer.read(writer.cells(cells, 0, rows)) == texts
    assert writer.read(writer.cells(cells, 1, rows)) == texts[::-1]


@pytest.mark.parametrize("size", [0, 1, 1 << 16, 1 << 18])
def test_what_is_written_stays_when_the_bytes_grow(size):
    writer = Writer()
    first = writer.texts(["甲"])
    second = writer.texts(["x" * size])
    assert writer.read(first) == ["甲"]
    assert writer.read(second) == ["x" * size]
    assert writer.finished()[-PADDING:].tolist() == [0] * PADDING
