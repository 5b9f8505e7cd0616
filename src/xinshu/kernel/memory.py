"""How this process keeps memory. GNU C library only; elsewhere nothing happens."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MOST_ARENAS = -1, -3, -8  # names of malloc.h
_LARGEST = 32 << 20  # the most the library takes for either way of keeping a block
_KEPT = 1 << 30


def keep_freed_memory() -> None:
    """Use freed blocks again instead of giving them back: a process that works through parts of one size would have every
    page of each part cleared for it anew. For processes that end soon."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MOST_ARENAS, 1)  # one thread's freed block serves another
        library.mallopt(_MMAP_THRESHOLD, _LARGEST)
        library.mallopt(_TRIM_THRESHOLD, _KEPT)
