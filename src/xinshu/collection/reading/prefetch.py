"""Working ahead in threads, so that reading, looking at and judging chunks overlap."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def prefetch(source: Iterator[T]) -> Iterator[T]:
    """The same items in the same order, the next one being made while the caller works on the last."""
    end = object()
    with ThreadPoolExecutor(1) as reader:
        waiting = reader.submit(next, source, end)
        while (item := waiting.result()) is not end:
            waiting = reader.submit(next, source, end)
            yield item  # type: ignore[misc]


def worked_ahead(work: Callable[[T], R], source: Iterator[T], *, threads: int) -> Iterator[R]:
    """`work` of each item in order, the next `threads` of them under way while the caller works on one. The first one is
    done before any other is begun: what it leaves behind, the others may use."""
    first = next(source, None)
    if first is None:
        return
    yield work(first)
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in source:
            waiting.append(pool.submit(work, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
