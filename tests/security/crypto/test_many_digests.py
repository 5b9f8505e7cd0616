"""Digests of many texts are those of hashlib, with libcrypto and without it."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinshu.kernel.assembly import Writer
from xinshu.security.crypto import many_digests
from xinshu.security.crypto.many_digests import sha256_rows


@pytest.fixture(params=["libcrypto", "hashlib"], autouse=True, scope="module")
def way(request):
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "hashlib":
            patch.setattr(many_digests, "_libcrypto", lambda: None)
        elif many_digests._libcrypto() is None:
            pytest.skip("no libcrypto on this system")
        yield


ROW = st.tuples(st.text(max_size=200), st.sampled_from(["", "a", "b" * 63, "c" * 64, "d" * 3_000]))


@given(st.lists(ROW, min_size=1, max_size=20), st.sampled_from([b"", b"secret", b"s" * 64]))
def test_each_row_has_the_digest_of_secret_and_texts(rows, secret):
    writer = Writer()
    columns = [writer.texts(column) for column in zip(*rows, strict=True)]
    starts, sizes = np.stack([each.starts for each in columns]), np.stack([each.sizes for each in columns])
    expected = [hashlib.sha256(secret + "".join(row).encode()).digest() for row in rows]
    assert [row.tobytes() for row in sha256_rows(secret, writer.finished(), starts, sizes)] == expected


def test_no_rows_have_no_digests():
    nothing = np.zeros((2, 0), dtype=np.int32)
    assert sha256_rows(b"secret", np.zeros(96, dtype=np.uint8), nothing, nothing).shape == (0, 32)
