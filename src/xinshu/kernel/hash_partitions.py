"""In which partition PostgreSQL puts a row of a table partitioned by the hash of one uuid.

Source: PostgreSQL, src/common/hashfn.c `hash_bytes_extended`, src/backend/partitioning/partbounds.c
`compute_partition_hash_value`; dumps and upgrades rely on it, so it stays. As on processors that store the lowest byte first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]

_SEED = 0x7A5B22367996DCFD
_COMBINE = np.uint64(0x49A0F4DD15E5A8E3)
_START = (0x9E3779B9 + 16 + 3923095) & 0xFFFFFFFF
_MIX = (4, 6, 8, 16, 19, 4)
_FINAL = (14, 11, 25, 16, 4, 14, 24)


def partition_of(keys: npt.NDArray[np.uint8], partitions: int) -> npt.NDArray[np.int64]:
    """The remainder of each key's partition. `keys`: uuids, shape (rows, 16)."""
    words = np.ascontiguousarray(keys).view("<u4")
    a, b, c = (np.full(len(words), _START, dtype=np.uint32) for _ in range(3))
    _mix(a, b, c, np.array([[_SEED >> 32, _SEED & 0xFFFFFFFF, 0]], dtype=np.uint32))
    _mix(a, b, c, words[:, :3])
    a += words[:, 3]
    first, second, third = a, b, c
    for turn in _FINAL:
        third ^= second
        third -= _turned(second, turn)
        first, second, third = second, third, first
    b, c = first, second  # after seven turns
    hashed = (b.astype(np.uint64) << np.uint64(32)) | c
    found: npt.NDArray[np.int64] = ((hashed + _COMBINE) % np.uint64(partitions)).astype(np.int64)
    return found


def _mix(a: Words, b: Words, c: Words, more: Words) -> None:
    """Mix three more words in, in place."""
    a += more[:, 0]
    b += more[:, 1]
    c += more[:, 2]
    first, second, third = a, b, c
    for turn in _MIX:
        first -= third
        first ^= _turned(third, turn)
        third += second
        first, second, third = second, third, first


def _turned(words: Words, bits: int) -> Words:
    turned: Words = (words << np.uint32(bits)) | (words >> np.uint32(32 - bits))
    return turned
