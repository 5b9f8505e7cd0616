"""Which rows of a file have a key that an earlier row has: a table of hashes, filled by a compiled loop."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from xinshu.kernel.compiled import compiled

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_FIRST_ROOM = 1 << 16


@dataclass(slots=True)
class DuplicateWatch:
    """Remembers the keys of a file by two 64-bit hashes: 28 to 48 bytes for each row."""

    _hashes: Hashes = field(default_factory=lambda: np.empty((_FIRST_ROOM, 2), dtype=np.uint64))
    _rows: Places = field(default_factory=lambda: np.empty(_FIRST_ROOM, dtype=np.int32))
    _slots: Places = field(default_factory=lambda: np.full(2 * _FIRST_ROOM, -1, dtype=np.int32))
    _count: int = 0

    def see(self, first: Hashes, second: Hashes, rows: Numbers, eligible: Mask) -> dict[int, int]:
        """Take one chunk in. Returns {index in the chunk: row number of the first row with that key}."""
        self._make_room(self._count + len(rows))
        originals = np.full(len(rows), -1, dtype=np.int64)
        self._count = _take(
            first, second, rows, eligible, self._hashes, self._rows, self._slots, self._count, originals
        )
        repeated = np.flatnonzero(originals >= 0)
        return dict(zip(repeated.tolist(), originals[repeated].tolist(), strict=True))

    def _make_room(self, most: int) -> None:
        room = len(self._rows)
        if most <= room:
            return
        while room < most:
            room *= 2
        for name in ("_hashes", "_rows"):
            old = getattr(self, name)
            new = np.empty((room, *old.shape[1:]), dtype=old.dtype)
            new[: self._count] = old[: self._count]
            setattr(self, name, new)
        self._slots = np.full(2 * room, -1, dtype=np.int32)
        _put_again(self._hashes, self._count, self._slots)


@compiled("void(uint64[:, ::1], int64, int32[::1])")
def _put_again(hashes: Hashes, count: int, slots: Places) -> None:
    last = np.uint64(len(slots) - 1)
    for number in range(count):
        slot = np.int64(hashes[number, 0] & last)
        while slots[slot] >= 0:
            slot = (slot + 1) & np.int64(last)
        slots[slot] = number


@compiled(
    "int64(uint64[::1], uint64[::1], int64[::1], boolean[::1], uint64[:, ::1], int32[::1], int32[::1], int64, int64[::1])"
)
def _take(
    first: Hashes,
    second: Hashes,
    rows: Numbers,
    eligible: Mask,
    hashes: Hashes,
    kept: Places,
    slots: Places,
    count: int,
    originals: Numbers,
) -> int:
    """Find or put in the keys of the eligible rows; how many there are by now. `originals`: row number of the first row
    with the key of a later one."""
    last = np.uint64(len(slots) - 1)
    for index in range(len(rows)):
        if not eligible[index]:
            continue
        one, two = first[index], second[index]
        slot = np.int64(one & last)
        while True:
            number = slots[slot]
            if number < 0:
                slots[slot] = count
                hashes[count, 0], hashes[count, 1], kept[count] = one, two, rows[index]
                count += 1
                break
            if hashes[number, 0] == one and hashes[number, 1] == two:
                originals[index] = kept[number]
                break
            slot = (slot + 1) & np.int64(last)
    return count
