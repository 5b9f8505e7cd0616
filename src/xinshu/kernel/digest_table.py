"""Digests found again among many: an open hash table over keys of 32 bytes that are digests themselves.

The place of a key is taken from its own bytes: they must be digests with a secret, which nobody can choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from xinshu.kernel.compiled import compiled

Keys = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]

_WORDS = 4


@dataclass(frozen=True, slots=True)
class DigestTable:
    """Distinct keys by their place in the array they came in."""

    _keys: Keys
    _slots: npt.NDArray[np.int32]

    @classmethod
    def of(cls, keys: npt.NDArray[np.uint8]) -> Self:
        """`keys`: shape (n, 32), each once, fewer than 2**30."""
        words = _words(keys)
        slots = np.full(1 << (2 * len(words) + 1).bit_length(), -1, dtype=np.int32)
        _fill(words, slots)
        return cls(words, slots)

    def find(self, keys: npt.NDArray[np.uint8]) -> Rows:
        """The place of each key (shape (n, 32)), -1 for one that is not there."""
        words = _words(keys)
        found = np.empty(len(words), dtype=np.int64)
        _find(self._keys, self._slots, words, found)
        return found


def _words(keys: npt.NDArray[np.uint8]) -> Keys:
    return keys.copy().reshape(-1).view(np.uint64).reshape(-1, _WORDS)


@compiled("void(uint64[:, ::1], int32[::1])")
def _fill(keys: Keys, slots: npt.NDArray[np.int32]) -> None:
    last = np.uint64(len(slots) - 1)
    for row in range(len(keys)):
        slot = (keys[row, 0] ^ keys[row, 2]) & last
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & last
        slots[slot] = row


@compiled("void(uint64[:, ::1], int32[::1], uint64[:, ::1], int64[::1])")
def _find(known: Keys, slots: npt.NDArray[np.int32], keys: Keys, found: Rows) -> None:
    last = np.uint64(len(slots) - 1)
    for row in range(len(keys)):
        slot = (keys[row, 0] ^ keys[row, 2]) & last
        found[row] = -1
        while slots[slot] >= 0:
            place = slots[slot]
            if (
                known[place, 0] == keys[row, 0]
                and known[place, 1] == keys[row, 1]
                and known[place, 2] == keys[row, 2]
                and known[place, 3] == keys[row, 3]
            ):
                found[row] = place
                break
            slot = (slot + np.uint64(1)) & last
