"""Work on a stranger's file in a process of its own that ends when it takes too much memory or time.

For work that leaves one file behind. (`reader` has its own manner: it answers with tables and may write nothing.)
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

_POLL_SECONDS = 0.05
_ADDRESS_SPACE = 8 << 30  # beyond the memory limit: what libraries reserve without using
_OPEN_FILES = 256

Work = Callable[..., dict[str, Any]]
_MAIN = threading.Lock()


class BoundReached(Exception):
    """The work was ended: `limit` is `memory`, `time` or `crash` (the process ended without an answer)."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


def run_bounded(work: Work, *arguments: object, memory_bytes: int, seconds: int, largest_file: int) -> dict[str, Any]:
    """`work(*arguments)` in a child process that answers with JSON, never with objects to unpickle.

    Args:
        work: a function of a module, with arguments that can be pickled.
        largest_file: bytes that any file it writes may have.
    Raises:
        BoundReached.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["xinshu.collection.reader", work.__module__])
    mine, theirs = context.Pipe(duplex=False)
    bounds = (memory_bytes, seconds, largest_file)
    process = context.Process(target=_child, args=(theirs, work, arguments, bounds), daemon=True)
    with without_main():
        process.start()
    theirs.close()
    try:
        _watch(process.pid or 0, mine, memory_bytes, seconds)
        return dict(json.loads(mine.recv_bytes()))
    except (EOFError, OSError) as problem:
        raise BoundReached("crash") from problem
    finally:
        mine.close()
        process.kill()
        process.join()
        process.close()


@contextlib.contextmanager
def without_main() -> Iterator[None]:
    """Start a process in here and it does not import the program's main module anew: that costs more time than many a
    file, and hangs where the module has no main guard. `multiprocessing` has no setting for it."""
    with _MAIN:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _watch(pid: int, mine: Connection, memory_bytes: int, seconds: int) -> None:
    last = time.monotonic() + seconds
    while not mine.poll(_POLL_SECONDS):
        if resident_bytes(pid) > memory_bytes:
            raise BoundReached("memory")
        if time.monotonic() > last:
            raise BoundReached("time")


def resident_bytes(pid: int) -> int:
    """The memory a process holds now; 0 when it is gone."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * resource.getpagesize()


def _child(answer: Connection, work: Work, arguments: tuple[object, ...], bounds: tuple[int, int, int]) -> None:
    memory_bytes, seconds, largest_file = bounds
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes + _ADDRESS_SPACE,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds * 2, seconds * 2 + 1))
    answer.send_bytes(json.dumps(work(*arguments)).encode())
