"""The bounded reading process: a hostile file is opened, parsed and checked where it can do no harm.

The child is forked from a clean server process, holds no key and no database connection, may write no file, and is
ended when it takes too much memory or time. It is given the job and answers with bytes only (JSON heads and Arrow
tables), never with objects to unpickle.
"""

from __future__ import annotations

import gc
import io
import json
import multiprocessing
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from xinshu.catalogue.checks import CheckContext, ItemChecker, Looked
from xinshu.catalogue.checks.findings import FINDING_SCHEMA, as_findings
from xinshu.catalogue.checks.inspection import Facts, region_table
from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.reference import load_divisions, load_industries
from xinshu.catalogue.rulebook import Finding, make_finding
from xinshu.collection.bounded import without_main
from xinshu.collection.errors import FileRefused, ReaderFailed
from xinshu.collection.pipes import receive_rows, send_rows, widen
from xinshu.collection.preparation import DOUBTFUL, prepare
from xinshu.collection.reading import RawChunk, ReadLimits, ReadPlan, open_file
from xinshu.collection.reading.prefetch import worked_ahead
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.memory import keep_freed_memory
from xinshu.kernel.profiles import Profile
from xinshu.records.domain import Accepted
from xinshu.rules.deadlines import deadline_on, due
from xinshu.rules.domain import Rules
from xinshu.rules.loading import load_rules

_MEBIBYTE = 1 << 20
_POLL_SECONDS = 0.05
_LOOKING = 2  # threads that read chunks and look at them, beside the one that judges
_AHEAD = 4  # chunks that may wait for it
_SWITCH_SECONDS = 0.0002  # threads hand compiled work to each other and should not wait for a turn
_LARGER_PARTS = 6  # a check alone keeps no rows; parts from 32 MB on would be mapped anew each time
_ADDRESS_SPACE = 8 << 30  # beyond the memory limit: what libraries reserve without using


@dataclass(frozen=True, slots=True)
class Reference:
    """Reference data of a profile that checks compare with; load once, use for many files."""

    region_table: npt.NDArray[np.bool_]
    industries: frozenset[str]
    rules: Rules

    @classmethod
    def load(cls, profile: Profile) -> Self:
        """Read it from the profile's files. Raises ProfileInvalid."""
        return cls(region_table(load_divisions(profile)), frozenset(load_industries(profile)), load_rules(profile))

    def __getstate__(self) -> tuple[npt.NDArray[np.uint8], frozenset[str], Rules]:
        """What is sent to a reader: eight regions a byte, every file waits for it."""
        return np.packbits(self.region_table), self.industries, self.rules

    def __setstate__(self, state: tuple[npt.NDArray[np.uint8], frozenset[str], Rules]) -> None:
        regions, industries, rules = state
        object.__setattr__(self, "region_table", np.unpackbits(regions).view(np.bool_))
        object.__setattr__(self, "industries", industries)
        object.__setattr__(self, "rules", rules)


@dataclass(frozen=True, slots=True)
class ReadJob:
    """One file to read and check.

    `source`: USCC of the supplier, empty when unknown. `load`: also send the rows themselves, prepared for the store.
    `confirmed`: the supplier has confirmed what is in doubt, so that it keeps no row back.
    """

    path: Path
    item: CatalogueItem
    reference: Reference
    received_at: datetime
    limits: ReadLimits
    memory_bytes: int
    seconds: int
    source: str = ""
    load: bool = False
    name: str = ""
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """What the reader says about one part of the file; `done` is the share read, 0 to 1.

    `rows` are those of this part only. `findings` is a table (`catalogue.checks.findings.as_findings` makes objects of
    it). `accepted` and `doubtful` are rows made ready (see `preparation`), none unless the job loads.
    """

    rows: int
    doubtful_rows: int
    duplicates: int
    findings: pl.DataFrame
    done: float
    accepted: Accepted = field(default_factory=Accepted.nothing)
    doubtful: pl.DataFrame = field(default_factory=pl.DataFrame)


def read_checked(job: ReadJob) -> Iterator[CheckedPart]:
    """Read and check a file in a bounded child process; the first part has the findings on the heading.

    Raises:
        FileRefused: the file as a whole cannot be taken, the limits of memory and time included.
        ReaderFailed: the process ended without a verdict.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["xinshu.collection.reader"])
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(theirs, job), daemon=True)
    with without_main():
        process.start()
    theirs.close()
    watch = _Watch(process, job)
    watch.start()
    try:
        yield from _receive(mine, watch, job)
    finally:
        mine.close()
        process.kill()
        watch.ended.set()


def _receive(mine: Connection, watch: _Watch, job: ReadJob) -> Iterator[CheckedPart]:
    while True:
        try:
            head = json.loads(mine.recv_bytes())
            if head["kind"] == "end":
                return
            findings = _frame(mine.recv_bytes())
            if head["kind"] == "refused":
                raise FileRefused(tuple(as_findings(findings)))
            doubtful = _frame(mine.recv_bytes()) if job.load else pl.DataFrame()
            accepted = receive_rows(mine) if job.load else Accepted.nothing()
        except (EOFError, OSError) as problem:
            if watch.reason:
                raise FileRefused(
                    (make_finding("file.limit", row=0, file=job.name or job.path.name, **watch.reason),)
                ) from problem
            raise ReaderFailed("读取进程意外结束，文件未入库", fix="请重试；仍失败请把文件交管理员检查") from problem
        yield CheckedPart(
            head["rows"], head["doubtful"], head["duplicates"], findings, head["done"], accepted, doubtful
        )


class _Watch(threading.Thread):
    """Ends the child when it goes beyond its memory or time, and waits for its end: nobody else has to."""

    def __init__(self, process: ForkServerProcess, job: ReadJob) -> None:
        super().__init__(daemon=True)
        self._process, self._job = process, job
        self.ended = threading.Event()
        self.reason: dict[str, str] = {}

    def run(self) -> None:
        """Look at the child twenty times a second."""
        last = time.monotonic() + self._job.seconds
        while not self.reason and not self.ended.wait(_POLL_SECONDS):
            if _resident_bytes(self._process.pid or 0) > self._job.memory_bytes:
                size = self._job.memory_bytes // _MEBIBYTE
                self.reason = {"reason": f"读取所需内存超过 {size} MB", "expected": "请分成几个文件，或改用 CSV"}
            elif time.monotonic() > last:
                self.reason = {"reason": f"读取超过 {self._job.seconds} 秒", "expected": "请分成几个文件"}
        self._process.kill()
        self.ended.wait()
        self._process.join()
        self._process.close()


def _resident_bytes(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * resource.getpagesize()


# -- in the child ------------------------------------------------------------------------------------------------


def _child(answer: Connection, job: ReadJob) -> None:
    gc.disable()  # short-lived, and its tables are no garbage
    sys.setswitchinterval(_SWITCH_SECONDS)
    if not job.load:
        keep_freed_memory()
    _bound(job)
    try:
        widen(answer)
        for head, tables, accepted in _work(job):
            answer.send_bytes(json.dumps(head).encode())
            for table in tables:
                answer.send_bytes(table)
            if accepted is not None:
                send_rows(answer, accepted)
        answer.send_bytes(b'{"kind": "end"}')
    except FileRefused as refused:
        answer.send_bytes(b'{"kind": "refused"}')
        answer.send_bytes(_finding_bytes(list(refused.findings)))
    except BrokenPipeError:
        return
    except MemoryError:
        answer.send_bytes(b'{"kind": "refused"}')
        size = job.memory_bytes // _MEBIBYTE
        words = {"reason": f"读取所需内存超过 {size} MB", "expected": "请分成几个文件，或改用 CSV"}
        answer.send_bytes(_finding_bytes([make_finding("file.limit", row=0, file=job.name or job.path.name, **words)]))


def _bound(job: ReadJob) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = job.memory_bytes + _ADDRESS_SPACE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (job.seconds * 2, job.seconds * 2 + 1))


def _work(job: ReadJob) -> Iterator[tuple[dict[str, object], list[bytes], Accepted | None]]:
    name = job.name or job.path.name
    parts = 1 if job.load else _LARGER_PARTS
    limits = replace(job.limits, chunk_bytes=job.limits.chunk_bytes * parts)
    opened = open_file(job.path, ReadPlan(job.item, name, limits))
    checker = ItemChecker(job.item, check_context(job, name))
    head: dict[str, object] = {"kind": "part", "rows": 0, "doubtful": 0, "duplicates": 0, "done": 0.0}
    nothing = [_frame_bytes(pl.DataFrame())] if job.load else []
    yield head, [_finding_bytes(list(opened.findings)), *nothing], Accepted.nothing() if job.load else None

    def chunks() -> Iterator[RawChunk]:
        for chunk in opened.chunks:
            checker.learn(chunk.cells)
            yield chunk

    def look(chunk: RawChunk) -> tuple[RawChunk, Looked]:
        return chunk, checker.look(chunk.cells, chunk.shape)

    for chunk, looked in worked_ahead(look, chunks(), threads=_LOOKING, ahead=_AHEAD):
        yield _part(job, checker, chunk, looked)


def _part(
    job: ReadJob, checker: ItemChecker, chunk: RawChunk, looked: Looked
) -> tuple[dict[str, object], list[bytes], Accepted | None]:
    result = checker.judge(looked, chunk.rows, sheet=chunk.sheet)
    head = {
        "kind": "part",
        "rows": chunk.cells.height,
        "doubtful": int(result.doubtful.sum()),
        "duplicates": int(result.duplicate.sum()),
        "done": chunk.done,
    }
    tables = [_frame_bytes(result.findings)]
    if job.load:
        held = np.flatnonzero(result.doubtful | result.duplicate)
        doubtful = chunk.frame[held.tolist()]
        raw = doubtful.select(pl.struct(pl.all()).struct.json_encode().alias("raw")).to_series()
        held_frame = pl.DataFrame(
            {"row_no": chunk.rows[held], "duplicate": result.duplicate[held], "raw": raw}, schema=DOUBTFUL
        )
        tables.append(_frame_bytes(held_frame))
    return head, tables, prepare(job.item, result) if job.load else None


def check_context(job: ReadJob, name: str) -> CheckContext:
    """The reference data and the deadline for the day of receipt."""
    today = shanghai_date(job.received_at)
    facts = Facts(today, job.reference.industries, job.reference.region_table)
    if job.item.deadline is None:
        return CheckContext(facts, name, job.source, confirmed=job.confirmed)
    rules = job.reference.rules
    deadline = job.item.deadline.rule

    def last_day(day: date) -> date:
        return due(deadline, day, rules.calendar, rules.deadlines).day

    days = deadline_on(deadline, today, rules.deadlines).working_days
    return CheckContext(facts, name, job.source, last_day, days or 0, job.confirmed)


def _finding_bytes(findings: list[Finding]) -> bytes:
    return _frame_bytes(pl.DataFrame([each.as_dict() for each in findings], schema=FINDING_SCHEMA))


def _frame_bytes(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer)
    return buffer.getvalue()


def _frame(data: bytes) -> pl.DataFrame:
    return pl.read_ipc_stream(io.BytesIO(data))
