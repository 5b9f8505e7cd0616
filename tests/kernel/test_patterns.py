"""Byte patterns: found wherever their halves say, by whatever instruction this processor has."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from xinshu.kernel import patterns
from xinshu.kernel.lanes import LANES, lane_mask
from xinshu.kernel.patterns import CAN_MATCH, matching, pattern_of

pytestmark = pytest.mark.skipif(not CAN_MATCH, reason="no look-up instruction known on this processor")

PATTERNS = [
    [("4", "1")],
    [("", "2"), ("5", "")],
    pattern_of("屯"),
    pattern_of("浜浗"),
    [("", ""), ("", ""), ("0", "9")],
]


def _takes(pattern, bytes_here) -> bool:
    return all(
        (not high or f"{byte >> 4:X}" in high) and (not low or f"{byte & 15:X}" in low)
        for (high, low), byte in zip(pattern, bytes_here, strict=False)
    )


@pytest.mark.parametrize("instruction", patterns._WIDTHS.values(), ids=patterns._WIDTHS)
def test_a_place_matches_when_each_half_is_taken(instruction, monkeypatch):
    has = patterns.binding.get_host_cpu_features()
    if instruction not in [found for feature, found in patterns._WIDTHS.items() if has.get(feature)]:
        pytest.skip("not on this processor")
    monkeypatch.setattr(patterns, "_LOOK_UP", instruction)
    ask = lane_mask(lambda at: matching(at, PATTERNS))

    @njit
    def answer(buffer, place):
        return ask(buffer, place)

    dice = np.random.default_rng(3)
    text = b"".join(dice.choice([b"A", b"\x42\x5f", "屯".encode(), "浓浗".encode(), b"\x09", b"xyz"], 200))
    buffer = np.frombuffer(text + dice.bytes(4000) + bytes(2 * LANES), dtype=np.uint8)
    seen = set()
    for place in range(0, len(buffer) - 2 * LANES, LANES):
        bits = int(answer(buffer, place))
        for lane in range(LANES):
            here = buffer[place + lane : place + lane + 3].tolist()
            expected = any(_takes(each, here) for each in PATTERNS)
            assert bool(bits >> lane & 1) == expected
            seen.add(expected)
    assert seen == {True, False}


def test_no_more_patterns_than_bits():
    with pytest.raises(ValueError, match="more patterns"):
        matching(lambda _: None, [[("1", "1")]] * 9)
