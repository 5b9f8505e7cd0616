"""Reading one chunk ahead in a thread, so that parsing and checking overlap."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def prefetch(source: Iterator[T]) -> Iterator[T]:
    """The same items in the same order, the next one being made while the caller works on the last."""
    end = object()
    with ThreadPoolExecutor(1) as reader:
        waiting = reader.submit(next, source, end)
        while (item := waiting.result()) is not end:
            waiting = reader.submit(next, source, end)
            yield item  # type: ignore[misc]
