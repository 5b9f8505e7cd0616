"""How near two written names are, for many pairs at once: an edit distance in which every character has a weight.

A character that few names hold weighs much, those of 有限公司 little; so a name without its form is near, and one with
another trade name is not. A homophone costs a quarter of a wrong character, two characters in the wrong order less than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

CODE_POINTS = 0x30000
_HOMOPHONE = np.float32(0.25)
_SWAP = np.float32(0.8)
_LEAST, _MOST = 0.12, 1.0
_RARE = 11.0  # bits: a character that one name in 2 000 holds has the whole weight
_PAIRS = 2_048  # at a time, so that the work stays in the processor's cache


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts laid end to end: code points, the number of each one's syllable, and where each text begins (and ends)."""

    points: Integers
    sounds: Integers
    starts: Integers

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Integers:
        """Characters of each text."""
        return np.diff(self.starts)

    @classmethod
    def of(cls, texts: list[str], sounds: Integers, without: str = "") -> Self:
        """Lay texts end to end, some characters left out; `sounds`: {code point: number of its syllable}."""
        points = np.frombuffer("".join(texts).encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.int64)
        points = np.minimum(points, CODE_POINTS - 1)
        lengths = np.asarray([len(each) for each in texts], dtype=np.int64)
        left_out = np.isin(points, [ord(char) for char in without])
        if left_out.any():
            owner = np.repeat(np.arange(len(texts)), lengths)
            lengths -= np.bincount(owner[left_out], minlength=len(texts))
            points = points[~left_out]
        starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        return cls(points, sounds[points], starts)

    def columns(self, which: Integers, width: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """(code points, syllables) of some texts, a text a column, filled up with 0."""
        steps = np.arange(width)[:, None]
        inside = steps < self.lengths[which][None, :]
        places = np.where(inside, self.starts[which][None, :] + steps, 0)
        return (
            np.where(inside, self.points[places], 0).astype(np.int32),
            np.where(inside, self.sounds[places], -1).astype(np.int32),
        )


def character_weights(texts: Texts) -> Floats:
    """{code point: weight} by how many of these texts hold the character; 0 for what fills up."""
    owner = np.repeat(np.arange(len(texts)), texts.lengths)
    keys = np.sort(texts.points * len(texts) + owner)
    once = keys[np.concatenate(([True], keys[1:] != keys[:-1]))] if len(keys) else keys
    held = np.bincount(once // max(len(texts), 1), minlength=CODE_POINTS)
    weights = np.log2(max(len(texts), 2) / np.maximum(held, 1)) / _RARE
    table = np.clip(weights, _LEAST, _MOST).astype(np.float32)
    table[0] = 0
    return table


def nearness(ours: Texts, theirs: Texts, pairs: tuple[Integers, Integers], weights: Floats) -> Floats:
    """1 less the weighted edits of each pair per weight of the heavier text."""
    one, other = pairs
    found = np.zeros(len(one), np.float32)
    order = np.argsort(np.maximum(ours.lengths[one], theirs.lengths[other]), kind="stable")
    for start in range(0, len(order), _PAIRS):
        some = order[start : start + _PAIRS]
        found[some] = _near(ours, theirs, one[some], other[some], weights)
    return found


def _near(ours: Texts, theirs: Texts, one: Integers, other: Integers, weights: Floats) -> Floats:
    a, heard_a = ours.columns(one, int(ours.lengths[one].max()))
    b, heard_b = theirs.columns(other, int(theirs.lengths[other].max()))
    weight_a, weight_b = weights[a], weights[b]
    row = np.concatenate((np.zeros((1, len(one)), np.float32), np.cumsum(weight_b, axis=0, dtype=np.float32)))
    before = row
    for i in range(len(a)):
        change = np.maximum(weight_a[i], weight_b)
        change *= np.where(heard_a[i] == heard_b, _HOMOPHONE, np.float32(1))
        change[a[i] == b] = 0
        fresh = np.minimum(row[:-1] + change, row[1:] + weight_a[i])
        if i:  # two characters in the wrong order
            swapped = (a[i] == b[:-1]) & (a[i - 1] == b[1:])
            np.minimum(fresh[1:], np.where(swapped, before[:-2] + _SWAP * weight_a[i], np.inf), out=fresh[1:])
        before, last, row = row, row, np.empty_like(row)
        row[0] = last[0] + weight_a[i]
        for j in range(len(b)):  # what was put in: depends on the column before
            np.minimum(fresh[j], row[j] + weight_b[j], out=row[j + 1])
    heaviest = np.maximum(weight_a.sum(axis=0), weight_b.sum(axis=0))
    near: Floats = np.maximum(0, 1 - row[-1] / np.maximum(heaviest, np.float32(0.01))).astype(np.float32)
    return near
