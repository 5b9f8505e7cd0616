"""Questions asked of 64 bytes at once agree with asking each byte."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from xinshu.kernel.lanes import LANES, first_lanes, how_many, lane_mask, lowest

_EACH = np.arange(256, dtype=np.uint8)

_asked = {
    "equal": (lane_mask(lambda at: at(0) == 7), lambda one, _two: one == 7),
    "other": (lane_mask(lambda at: at(0) != 7), lambda one, _two: one != 7),
    "below": (lane_mask(lambda at: at(0) < 0x80), lambda one, _two: one < 0x80),
    "from": (lane_mask(lambda at: at(0) >= 0x80), lambda one, _two: one >= 0x80),
    "between": (lane_mask(lambda at: at(0).between(0x7E, 0xFD)), lambda one, _two: 0x7E <= one <= 0xFD),
    "among": (lane_mask(lambda at: at(0).among(0, 3, 255)), lambda one, _two: one in {0, 3, 255}),
    "both": (lane_mask(lambda at: (at(0) == 3) & (at(1) == 4)), lambda one, two: (one, two) == (3, 4)),
    "either": (lane_mask(lambda at: (at(0) == 3) | (at(1) == 3)), lambda one, two: 3 in {one, two}),
    "one only": (lane_mask(lambda at: (at(0) < 9) ^ (at(1) < 9)), lambda one, two: (one < 9) != (two < 9)),
}


@pytest.mark.parametrize("name", _asked)
def test_each_bit_answers_for_its_byte(name):
    mask, plain = _asked[name]

    @njit
    def answers(buffer, place):
        return mask(buffer, place)

    buffer = np.concatenate([_EACH, _EACH[::-1], np.zeros(LANES, dtype=np.uint8)])
    for block in range(0, 2 * len(_EACH), LANES):
        word = int(answers(buffer, block))
        for lane, (one, two) in enumerate(zip(buffer[block:], buffer[block + 1 : block + 1 + LANES], strict=False)):
            assert bool(word >> lane & 1) == bool(plain(int(one), int(two))), (name, one, two)


def test_a_byte_may_be_given():
    mask = lane_mask(lambda at, wanted: at(0) == wanted)

    @njit("uint64(uint8[::1], uint8)")
    def answers(buffer, wanted):
        return mask(buffer, 0, wanted)

    assert [int(answers(_EACH, wanted)) for wanted in (0, 5, 63, 64)] == [1, 1 << 5, 1 << 63, 0]


@pytest.mark.parametrize("word", [1, 0b1011000, 1 << 63, (1 << 64) - 1])
def test_bits_are_found_and_counted(word):
    @njit("UniTuple(int64, 2)(uint64)")
    def asked(number):
        return lowest(number), how_many(number)

    assert asked(word) == ((word & -word).bit_length() - 1, word.bit_count())


@pytest.mark.parametrize("count", [0, 1, 63, 64, 1000])
def test_the_first_lanes_are_told_from_the_rest(count):
    @njit("uint64(int64)")
    def asked(number):
        return first_lanes(number)

    assert int(asked(count)) == (1 << min(count, LANES)) - 1
