"""Keys are found where a dictionary finds them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinshu.kernel.digest_table import DigestTable

HALF = st.sampled_from([bytes(16), b"\1" + bytes(15), bytes(15) + b"\1", b"\xff" * 16]) | st.binary(
    min_size=16, max_size=16
)
KEY = st.builds(lambda one, other: one + other, HALF, HALF)


def array(keys):
    return np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, 32)


@given(st.lists(KEY, unique=True, max_size=60), st.lists(KEY, max_size=30))
def test_keys_are_found_as_in_a_dictionary(known, others):
    asked = [*others, *known]
    places = {key: place for place, key in enumerate(known)}
    assert DigestTable.of(array(known)).find(array(asked)).tolist() == [places.get(key, -1) for key in asked]


@pytest.mark.parametrize("count", [0, 1, 50_000])
def test_many_keys(count):
    keys = np.random.default_rng(1).integers(0, 256, (count + 1_000, 32), dtype=np.uint8)
    found = DigestTable.of(keys[:count]).find(keys)
    assert found.tolist() == [*range(count), *[-1] * 1_000]
