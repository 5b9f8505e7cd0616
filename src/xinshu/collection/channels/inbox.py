"""The watched folder: `inbox/<USCC of the source>/<item>/FILE`; when done the file is in `done/` or `refused/` beside
where it lay, with a receipt `FILE.json`.

Only this module moves files there, and only one process at a time. A file is taken when nobody has touched it for a
while and it did not change while it was read; it stays in place until its job has ended, so a crash at any point is
mended by the next pass. Folders are opened without following links, names are never pieced together to paths.
Follows docs/channels.md.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from xinshu.collection.channels.errors import FileNameInvalid, Misplaced, NotAFile
from xinshu.collection.channels.handing_in import Delivery, hand_in
from xinshu.collection.channels.receipts import receipt
from xinshu.collection.channels.settling import DONE, REFUSED, put_away, shown_name
from xinshu.collection.models import HandIn
from xinshu.collection.rawfiles import FileChanged
from xinshu.collection.services import Desk
from xinshu.kernel.database import only_one
from xinshu.kernel.errors import XinshuError
from xinshu.kernel.logs import current_trace

SETTLE_SECONDS = 10.0
"""A file younger than this is left alone: somebody may still be writing it."""

_UNFINISHED = (".part", ".tmp", ".temp", ".filepart", ".crdownload", ".swp", "~")
_DEPTH = 2  # folders between the inbox and a file
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_INBOX = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC  # its own place may be a link
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Scan:
    """What a pass did: files taken in, and files put away (both kinds)."""

    taken: int = 0
    done: int = 0
    refused: int = 0

    def __add__(self, other: Scan) -> Scan:
        return Scan(self.taken + other.taken, self.done + other.done, self.refused + other.refused)


def prepare_inbox(folder: Path) -> None:
    """Make the watched folder if it is not there."""
    folder.mkdir(mode=0o770, parents=True, exist_ok=True)


def scan_inbox(desk: Desk, now: datetime, *, settle_seconds: float = SETTLE_SECONDS) -> Scan:
    """Look through the watched folder once: take in new files, put away those whose job has ended.

    A missing inbox, or another process at it, is an empty pass. What cannot be read now is left for the next pass.
    """
    with only_one("inbox") as mine, contextlib.suppress(FileNotFoundError):
        if mine:
            return _Pass(desk, now, settle_seconds).folder(os.open(desk.settings.inbox, _INBOX), ())
    return Scan()


@dataclass(frozen=True, slots=True)
class _Pass:
    """One pass; `way` is the names of the folders walked so far."""

    desk: Desk
    now: datetime
    settle_seconds: float

    def folder(self, descriptor: int, way: tuple[str, ...]) -> Scan:
        """Everything in one folder, which is closed afterwards."""
        found = Scan()
        try:
            for name in sorted(os.listdir(descriptor)):
                if name.startswith(".") or name in {DONE, REFUSED}:
                    continue
                try:
                    found += self._entry(descriptor, name, way)
                except FileNotFoundError:
                    continue  # its owner took it back
                except OSError as problem:
                    _log.warning("inbox entry skipped", depth=len(way), problem=problem.strerror)
        finally:
            os.close(descriptor)
        return found

    def _entry(self, parent: int, name: str, way: tuple[str, ...]) -> Scan:
        facts = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISDIR(facts.st_mode):
            if len(way) < _DEPTH:
                return self.folder(os.open(name, _FOLDER, dir_fd=parent), (*way, name))
            return Scan()
        if name.endswith(_UNFINISHED) or name.startswith("~$") or not self._still(facts):
            return Scan()
        try:
            return self._file(parent, name, way)
        except FileChanged:
            return Scan()
        except XinshuError as problem:
            told = {"code": problem.code, "message": problem.message, "fix": problem.fix, "trace": current_trace()}
            put_away(parent, name, REFUSED, {"file": shown_name(name), "state": "refused", "error": told})
            return Scan(refused=1)

    def _still(self, facts: os.stat_result) -> bool:
        """Untouched for a while; a clock ahead of ours counts as touched just now."""
        return time.time() - max(facts.st_mtime, facts.st_ctime) >= self.settle_seconds

    def _file(self, parent: int, name: str, way: tuple[str, ...]) -> Scan:
        with _opened(parent, name) as (descriptor, signature):
            if len(way) != _DEPTH:
                raise Misplaced
            place = "/".join(shown_name(each) for each in (*way, name))
            found = HandIn.objects.select_related("batch").filter(place=place, signature=signature).first()
            if found is None:
                self._take(descriptor, signature, place)
                return Scan(taken=1)
            if found.finished_at is None:
                return Scan()
            told = receipt(found, self.desk.settings.home)
            put_away(parent, name, DONE if found.state == "done" else REFUSED, told)
        HandIn.objects.filter(id=found.id).update(settled_at=self.now)
        return Scan(done=1) if found.state == "done" else Scan(refused=1)

    def _take(self, descriptor: int, signature: str, place: str) -> None:
        source, item, name = place.split("/")
        delivery = Delivery(
            channel="folder",
            source=source,
            item=item,
            name=name,
            received_at=self.now,
            place=place,
            signature=signature,
        )
        with open(descriptor, "rb", closefd=False) as stream:
            hand_in(
                self.desk,
                stream,
                delivery,
                max_bytes=self.desk.settings.file_max_bytes,
                unchanged=lambda: _signature(descriptor) == signature,
            )


@contextmanager
def _opened(parent: int, name: str) -> Iterator[tuple[int, str]]:
    """The file and its signature. Raises NotAFile for links and other things, FileNameInvalid for odd names."""
    if "/" in shown_name(name) or "\0" in name:
        raise FileNameInvalid
    try:
        descriptor = os.open(name, _FILE, dir_fd=parent)
    except OSError as problem:
        if problem.errno in {errno.ELOOP, errno.ENXIO, errno.EMLINK}:
            raise NotAFile from problem
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotAFile
        yield descriptor, _signature(descriptor)
    finally:
        os.close(descriptor)


def _signature(descriptor: int) -> str:
    facts = os.fstat(descriptor)
    return f"{facts.st_ino}:{facts.st_size}:{facts.st_mtime_ns}"
