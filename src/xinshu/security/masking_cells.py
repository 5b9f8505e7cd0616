"""The masks of names and numbers over many cells at once, by a compiled loop; the same forms as `masking.mask`."""

from __future__ import annotations

from xinshu.kernel.cells import Bytes, Places
from xinshu.kernel.compiled import compiled

COMPILED = {"name": 0, "id": 1}
"""Number of each mask that the loop knows."""
LONGEST = 6
"""Bytes by which a masked form may be longer than the value."""


@compiled("int64(uint8[::1], int32[::1], int32[::1], int64, uint8[::1], int64, int32[::1], int32[::1])")
def write_masked(
    buffer: Bytes, starts: Places, sizes: Places, kind: int, out: Bytes, place: int, found: Places, found_sizes: Places
) -> int:
    """Write the masked form of every cell into `out` from `place` on; the place after the last. `found`, `found_sizes`:
    where they were put. The cells are valid UTF-8."""
    for row in range(len(starts)):
        at, size, begin = starts[row], sizes[row], place
        characters, last = 0, 0
        for byte in range(size):
            if buffer[at + byte] & 0xC0 != 0x80:
                characters += 1
                last = byte
        first = 1
        while first < size and buffer[at + first] & 0xC0 == 0x80:
            first += 1
        stars = characters
        if kind == 0 and characters:
            stars = min(max(characters - 1, 1), 2)
        elif kind == 1 and characters > 2:
            stars = characters - 2
        if kind == 0 or characters > 2:
            for byte in range(min(first, size)):
                out[place + byte] = buffer[at + byte]
            place += min(first, size)
        for _ in range(stars):
            out[place] = 0x2A
            place += 1
        if kind == 1 and characters > 2:
            for byte in range(last, size):
                out[place] = buffer[at + byte]
                place += 1
        found[row], found_sizes[row] = begin, place - begin
    return place
