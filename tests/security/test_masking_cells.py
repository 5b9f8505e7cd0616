"""The compiled masks are the masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinshu.kernel.assembly import Writer, Written
from xinshu.security.masking import mask
from xinshu.security.masking_cells import COMPILED, LONGEST, write_masked


@pytest.mark.parametrize("kind", sorted(COMPILED))
@given(st.lists(st.text(st.sampled_from("张三A1*é𠮷·") | st.characters(codec="utf-8"), max_size=20), max_size=8))
def test_every_value_is_masked_as_mask_does(kind, values):
    writer = Writer()
    texts = writer.texts(values)
    writer.room(sum(texts.sizes.tolist()) + LONGEST * len(values))
    starts, sizes = np.empty(len(values), dtype=np.int32), np.empty(len(values), dtype=np.int32)
    room, begin = len(writer.out), writer.place
    writer.place = write_masked(
        writer.out.copy(), texts.starts, texts.sizes, COMPILED[kind], writer.out, begin, starts, sizes
    )
    assert writer.place <= room
    assert writer.read(Written(starts, sizes)) == [mask(value, kind) for value in values]
