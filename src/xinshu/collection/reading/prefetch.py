"""Working ahead in threads, so that reading, looking at and judging chunks overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Lock, Semaphore
from typing import Generic, TypeVar

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


def worked_ahead(work: Callable[[T], R], source: Iterator[T], *, threads: int, ahead: int) -> Iterator[R]:
    """`work` of each item in order. Each of the threads takes the next item and works on it by itself, whatever the caller
    does meanwhile; no more than `ahead` items are taken and not yet asked for. The source is asked by one thread at a time."""
    crew = _Crew(work, source, ahead)
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(threads):
            pool.submit(crew.run)
        try:
            while (result := crew.results.get()) is not None:
                yield result.result()
                crew.room.release()
        finally:
            crew.dismiss(threads)


class _Crew(Generic[T, R]):
    """What the threads share: the source, from which one at a time may take, and results in the order of their items."""

    def __init__(self, work: Callable[[T], R], source: Iterator[T], ahead: int) -> None:
        self.results: SimpleQueue[Future[R] | None] = SimpleQueue()
        self.room = Semaphore(ahead)
        self._work, self._source = work, source
        self._turn, self._over = Lock(), False

    def run(self) -> None:
        """Take and work until nothing is left."""
        while True:
            self.room.acquire()
            with self._turn:
                if self._over:
                    return
                result: Future[R] = Future()
                try:
                    item = next(self._source)
                except StopIteration:
                    self._over = True
                    self.results.put(None)
                    return
                except BaseException as problem:
                    self._over = True
                    result.set_exception(problem)
                    self.results.put(result)
                    return
                self.results.put(result)
            try:
                result.set_result(self._work(item))
            except BaseException as problem:
                result.set_exception(problem)

    def dismiss(self, threads: int) -> None:
        """Nobody asks for more: threads that wait for room end."""
        self._over = True
        self.room.release(threads)
