"""Digests of rows are those of hashlib, whichever way they are made."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinshu.kernel.cells import PADDING
from xinshu.security.crypto import sha256_rows as sha256

WAYS = [
    pytest.param(sha256.by_library, id="hashlib"),
    pytest.param(
        sha256.by_instructions,
        id="instructions",
        marks=pytest.mark.skipif(not sha256.IN_HARDWARE, reason="this processor has no SHA instructions"),
    ),
]


def digests(way, secret, rows):
    buffer, places = bytearray(), []
    for row in rows:
        places.append([(len(buffer) + sum(map(len, row[:at])), len(text)) for at, text in enumerate(row)])
        buffer += b"".join(row)
    data = np.frombuffer(buffer + bytes(PADDING), dtype=np.uint8).copy()
    found = np.array(places, dtype=np.int32)
    return way(secret, data, found[:, :, 0].T, found[:, :, 1].T)


def expected(secret, rows):
    return [hashlib.sha256(secret + b"".join(row)).digest() for row in rows]


@pytest.mark.parametrize("way", [*WAYS, pytest.param(sha256.digest_rows, id="as used")])
@given(st.binary(max_size=70), st.lists(st.tuples(st.binary(max_size=200), st.binary(max_size=70)), min_size=1))
def test_every_row_has_its_digest(way, secret, rows):
    assert [each.tobytes() for each in digests(way, secret, rows)] == expected(secret, rows)


@pytest.mark.parametrize("way", WAYS)
def test_every_length_around_the_ends_of_blocks(way):
    rows = [(bytes(range(256)) * 5,), *((b"\xff" * size,) for size in range(200))]
    assert [each.tobytes() for each in digests(way, b"s" * 32, rows)] == expected(b"s" * 32, rows)


@pytest.mark.skipif(not sha256.IN_HARDWARE, reason="this processor has no SHA instructions")
def test_instructions_that_answer_wrongly_are_not_used(monkeypatch):
    assert sha256._answers_rightly()
    monkeypatch.setattr(sha256, "_FIRST", sha256._FIRST + np.uint32(1))
    assert not sha256._answers_rightly()


@pytest.mark.parametrize("way", WAYS)
def test_no_rows_have_no_digests(way):
    nothing = np.zeros((2, 0), dtype=np.int32)
    assert way(b"secret", np.zeros(PADDING, dtype=np.uint8), nothing, nothing).shape == (0, sha256.DIGEST)
