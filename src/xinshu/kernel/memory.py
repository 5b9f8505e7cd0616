"""How this process keeps memory, and when it looks for garbage. What asks for the GNU C library does nothing elsewhere."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def without_collection() -> Iterator[None]:
    """For a block that makes many objects which all stay: nobody looks through them for cycles again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def set_aside() -> Iterator[None]:
    """For a block that forks: what is here now is looked through for cycles neither here nor in the children, so that their
    pages stay shared (the idiom of `gc.freeze`)."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
