"""Rows through a pipe: what was sent arrives, and numbers that point outside the bytes are refused."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from threading import Thread

import numpy as np
import pytest

from xinshu.collection.errors import ReaderFailed
from xinshu.collection.pipes import receive_rows, send_rows, widen
from xinshu.kernel.assembly import Writer
from xinshu.kernel.cells import PADDING, Texts
from xinshu.records.domain import FACTS, Accepted


def texts_of(columns):
    writer = Writer()
    written = [writer.texts(each) for each in columns.values()]
    starts, sizes = np.stack([each.starts for each in written]), np.stack([each.sizes for each in written])
    return Texts(tuple(columns), writer.finished(), starts, sizes)


def through(texts):
    mine, theirs = multiprocessing.Pipe(duplex=False)
    widen(theirs)
    facts = np.arange(len(FACTS) * texts.height, dtype=np.int64).reshape(len(FACTS), texts.height)
    sender = Thread(target=send_rows, args=(theirs, Accepted(facts, texts)))
    sender.start()
    try:
        came = receive_rows(mine)
        assert (came.facts == facts).all()
        return came.texts
    finally:
        sender.join()
        mine.close()
        theirs.close()


def test_what_was_sent_arrives():
    sent = texts_of({"a": ["甲", "", "x" * 3_000_000], "b": ["1", "2", "3"]})
    came = through(sent)
    assert came.columns == ("a", "b")
    assert [came.text(0, row) for row in range(3)] == ["甲", "", "x" * 3_000_000]
    assert [came.text(1, row) for row in range(3)] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"starts": np.array([[-1]], dtype=np.int32)}, id="before the bytes"),
        pytest.param({"sizes": np.array([[-1]], dtype=np.int32)}, id="a size below nothing"),
        pytest.param({"sizes": np.array([[4]], dtype=np.int32)}, id="beyond the bytes"),
        pytest.param({"starts": np.array([[2**31 - 1]], dtype=np.int32)}, id="a sum beyond 32 bits"),
        pytest.param({"buffer": np.zeros(PADDING - 1, dtype=np.uint8)}, id="no padding"),
    ],
)
def test_places_outside_the_bytes_are_refused(change):
    with pytest.raises(ReaderFailed):
        through(replace(texts_of({"a": ["xyz"]}), **change))
