"""How long a thread keeps the interpreter while another one waits for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SECONDS = 0.0003  # Python's own 0.005 is as long as ten waits of a COPY for the next piece


@contextmanager
def short_turns() -> Iterator[None]:
    """For the block, threads of this process take turns more often: for work that is handed from thread to thread."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _SECONDS))
    try:
        yield
    finally:
        sys.setswitchinterval(before)
