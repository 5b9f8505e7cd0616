"""Working ahead keeps the order and tells errors where they belong."""

from __future__ import annotations

import threading
import time

import pytest

from xinshu.collection.reading.prefetch import prefetch, worked_ahead


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_results_come_in_order(count):
    assert list(worked_ahead(lambda each: each * 2, iter(range(count)), threads=2, ahead=3)) == [
        2 * n for n in range(count)
    ]
    assert list(prefetch(iter(range(count)))) == list(range(count))


def test_items_are_worked_on_side_by_side():
    both = threading.Barrier(2, timeout=10)

    def work(each):
        both.wait()  # passes only when two items are under way
        return each

    assert list(worked_ahead(work, iter(range(6)), threads=2, ahead=3)) == [0, 1, 2, 3, 4, 5]


def test_the_source_is_asked_by_one_thread_at_a_time():
    inside = threading.Lock()

    def source():
        for each in range(30):
            assert inside.acquire(blocking=False)
            time.sleep(0.001)
            inside.release()
            yield each

    assert list(worked_ahead(lambda each: each, source(), threads=3, ahead=5)) == list(range(30))


def test_an_error_comes_after_the_results_before_it():
    def work(each):
        if each == 3:
            raise ValueError(each)
        return each

    results = worked_ahead(work, iter(range(9)), threads=2, ahead=3)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="3"):
        next(results)


def test_an_error_of_the_source_comes_after_the_results_before_it():
    def source():
        yield from range(3)
        raise ValueError("source")

    results = worked_ahead(lambda each: each, source(), threads=2, ahead=3)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="source"):
        next(results)


def test_no_more_are_taken_than_may_wait():
    taken = []

    def source():
        for each in range(50):
            taken.append(each)
            yield each

    results = worked_ahead(lambda each: each, source(), threads=2, ahead=3)
    for asked in range(1, 20):
        assert next(results) == asked - 1
        assert len(taken) <= asked + 3
    results.close()  # and the threads end: this would hang otherwise
    assert len(taken) < 50


def test_threads_go_on_while_the_caller_is_busy():
    done = threading.Semaphore(0)

    def work(each):
        done.release()
        return each

    results = worked_ahead(work, iter(range(9)), threads=2, ahead=4)
    assert [next(results), next(results)] == [0, 1]
    for _ in range(5):  # 0 and 1 that were asked for, and those that may wait
        assert done.acquire(timeout=10)
    results.close()
