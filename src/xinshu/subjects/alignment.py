"""How near two written names are, for many pairs at once: an edit distance in which every character has a weight.

A character that few names hold weighs much, those of 有限公司 little; so a name without its form is near, and one with
another trade name is not. A homophone costs a quarter of a wrong character, two characters in the wrong order less than
one, and what the written name leaves out in front or at the end (region, form) less than what it lacks in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from xinshu.kernel.compiled import compiled

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

CODE_POINTS = 0x30000
_HOMOPHONE = np.float32(0.25)
_SWAP = np.float32(0.8)
_SHORT = np.float32(0.4)  # of a character of the registered name before or behind the written one: a short form
_LEAST, _MOST = 0.12, 1.0
_RARE = 11.0  # bits: a character that one name in 2 000 holds has the whole weight
_LONGEST = 256  # characters; what is longer is compared by its beginning


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts laid end to end: code points, the number of each one's syllable, and where each text begins (and ends)."""

    points: Numbers
    sounds: Numbers
    starts: Integers

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Integers:
        """Characters of each text."""
        return np.diff(self.starts)

    @classmethod
    def of(cls, texts: list[str], sounds: Numbers, without: str = "") -> Self:
        """Lay texts end to end, some characters left out; `sounds`: {code point: number of its syllable}."""
        points = np.frombuffer("".join(texts).encode("utf-32-le", "replace"), dtype=np.int32)
        points = np.minimum(points, CODE_POINTS - 1)
        lengths = np.asarray([len(each) for each in texts], dtype=np.int64)
        left_out = np.isin(points, [ord(char) for char in without])
        if left_out.any():
            owner = np.repeat(np.arange(len(texts)), lengths)
            lengths -= np.bincount(owner[left_out], minlength=len(texts))
            points = points[~left_out]
        starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        return cls(points, sounds[points], starts)


def character_weights(texts: Texts) -> Floats:
    """{code point: weight} by how many of these texts hold the character; 0 for what fills up."""
    owner = np.repeat(np.arange(len(texts)), texts.lengths)
    keys = np.sort(texts.points.astype(np.int64) * len(texts) + owner)
    once = keys[np.concatenate(([True], keys[1:] != keys[:-1]))] if len(keys) else keys
    held = np.bincount(once // max(len(texts), 1), minlength=CODE_POINTS)
    weights = np.log2(max(len(texts), 2) / np.maximum(held, 1)) / _RARE
    table = np.clip(weights, _LEAST, _MOST).astype(np.float32)
    table[0] = 0
    return table


def nearness(ours: Texts, theirs: Texts, pairs: tuple[Integers, Integers], weights: Floats) -> Floats:
    """1 less the weighted edits of each pair per weight of the heavier text."""
    near = np.zeros(len(pairs[0]), np.float32)
    _align(ours.points, ours.sounds, ours.starts, theirs.points, theirs.sounds, theirs.starts, *pairs, weights, near)
    return near


@compiled(
    "void(int32[::1], int32[::1], int64[::1], int32[::1], int32[::1], int64[::1], int64[::1], int64[::1],"
    " float32[::1], float32[::1])"
)
def _align(
    points: Numbers,
    sounds: Numbers,
    starts: Integers,
    other_points: Numbers,
    other_sounds: Numbers,
    other_starts: Integers,
    ours: Integers,
    theirs: Integers,
    weights: Floats,
    near: Floats,
) -> None:
    """Fill `near`. Three rows of the table of edits at a time: the one being made, the last, and that before it."""
    rows = np.empty((3, _LONGEST + 1), np.float32)
    held = np.empty(_LONGEST, np.float32)
    for pair in range(len(ours)):
        a, b = starts[ours[pair]], other_starts[theirs[pair]]
        long_a = min(starts[ours[pair] + 1] - a, _LONGEST)
        long_b = min(other_starts[theirs[pair] + 1] - b, _LONGEST)
        heavy_a, heavy_b = np.float32(0), np.float32(0)
        rows[0, 0] = 0
        for j in range(long_b):
            held[j] = weights[other_points[b + j]]
            heavy_b += held[j]
            rows[0, j + 1] = _SHORT * heavy_b
        for i in range(long_a):
            point, sound = points[a + i], sounds[a + i]
            weight = weights[point]
            heavy_a += weight
            row, last, before = rows[(i + 1) % 3], rows[i % 3], rows[(i + 2) % 3]
            row[0] = heavy_a
            for j in range(long_b):
                if point == other_points[b + j]:
                    cost = last[j]
                else:
                    change = max(weight, held[j])
                    if sound == other_sounds[b + j]:
                        change *= _HOMOPHONE
                    cost = last[j] + change
                cost = min(cost, last[j + 1] + weight, row[j] + held[j])
                if i and j and point == other_points[b + j - 1] and points[a + i - 1] == other_points[b + j]:
                    cost = min(cost, before[j - 1] + _SWAP * weight)
                row[j + 1] = cost
        least, left = rows[long_a % 3, long_b], np.float32(0)
        for j in range(long_b, 0, -1):
            left += _SHORT * held[j - 1]
            least = min(least, rows[long_a % 3, j - 1] + left)
        near[pair] = max(np.float32(0), 1 - least / max(heavy_a, heavy_b, np.float32(0.01)))
