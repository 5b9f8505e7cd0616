"""Subject page and search page under twenty readers at once: the web process as `xinshu up` starts it."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import median
from urllib.parse import quote

from bench.lines import Line
from bench.store import PROFILE, Store, say
from xinshu.cli.up import HOST, commands

READERS = 20
SECONDS = 10.0
_WARM_UP_SECONDS = 2.0
_BAR = 200.0  # ms
_START_SECONDS = 60.0
_SAMPLE = 5_000
_OK = 200


class PageFailed(RuntimeError):
    """A page answered with something else than itself; a time of it would mean nothing."""


@dataclass(frozen=True)
class Sample:
    """Subjects to ask for."""

    codes: Sequence[str]
    names: Sequence[str]


def run(store: Store) -> list[Line]:
    """p95 and median of each page, milliseconds, over all requests of all readers."""
    store.fill()
    sample = _sample(store)
    lines = []
    with _website(store) as port:
        for name, address in (("subject page", _subject_address), ("search page", _search_address)):
            say(f"{name}, {READERS} readers")
            _load(port, sample, address, _WARM_UP_SECONDS)
            times = _load(port, sample, address, SECONDS)
            say(f"{len(times):,} requests, {len(times) / SECONDS:,.0f} a second")
            size = f"{store.subjects:,} subjects, {store.rows:,} rows"
            p95 = sorted(times)[int(len(times) * 0.95)]
            lines += [
                Line(f"{name}, {READERS} at once, p95", p95, "ms", f"{_BAR:.0f} ms; {size}", _BAR, 1.0, False),
                Line(f"{name}, {READERS} at once, median", median(times), "ms", "the same", _BAR, None, False),
            ]
    return lines


def _sample(store: Store) -> Sample:
    with store.database() as connection:
        rows = connection.execute(
            "SELECT uscc, name FROM subjects_subject WHERE uscc <> '' AND name <> '' ORDER BY md5(uscc) LIMIT %s",
            [_SAMPLE],
        ).fetchall()
    return Sample([code for code, _ in rows], [name for _, name in rows])


def _subject_address(sample: Sample, dice: random.Random) -> str:
    return f"/s/{dice.choice(sample.codes)}"


def _search_address(sample: Sample, dice: random.Random) -> str:
    """A piece of a name, two to six characters."""
    name = dice.choice(sample.names)
    length = dice.randint(2, 6)
    place = dice.randrange(max(len(name) - length, 0) + 1)
    return f"/search?q={quote(name[place : place + length])}"


@contextmanager
def _website(store: Store) -> Iterator[int]:
    """The web process; its port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    with subprocess.Popen(
        commands(store.settings, port)["web"], env={**os.environ, "XINSHU_PROFILE": PROFILE}
    ) as process:
        try:
            _await(port, process)
            yield port
        finally:
            process.terminate()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise PageFailed("the website did not start")


def _load(port: int, sample: Sample, address: Callable[[Sample, random.Random], str], seconds: float) -> list[float]:
    """Milliseconds of every request the readers made in that time."""
    times: list[float] = []
    failures: list[str] = []
    end = time.perf_counter() + seconds

    def read(number: int) -> None:
        dice = random.Random(f"{number}/{seconds}")
        connection = HTTPConnection(HOST, port, timeout=30)
        while time.perf_counter() < end and not failures:
            path = address(sample, dice)
            started = time.perf_counter()
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
            except OSError as problem:
                failures.append(f"{path}: {problem!r}")
                return
            times.append((time.perf_counter() - started) * 1_000)
            if answer.status != _OK:
                failures.append(f"{path}: {answer.status}")
        connection.close()

    readers = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for each in readers:
        each.start()
    for each in readers:
        each.join()
    if failures:
        raise PageFailed(failures[0])
    return times
