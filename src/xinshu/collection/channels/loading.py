"""The job behind a hand-in: unseal the file, `receive` it, and keep telling how far it has come.

Run twice it does it once; killed at any point the next run finishes it; after five failures it is parked with a reason.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import structlog

from xinshu.catalogue.loading import find_item
from xinshu.collection.channels.workfolder import work_folder
from xinshu.collection.errors import FileRefused, ReaderFailed, UnknownSource
from xinshu.collection.models import Batch, HandIn
from xinshu.collection.rawfiles import open_raw
from xinshu.collection.reading import ReadLimits
from xinshu.collection.services import Desk, Progress, receive
from xinshu.collection.tasks import ask_to_load
from xinshu.kernel.database import only_one
from xinshu.kernel.errors import XinshuError
from xinshu.kernel.logs import current_trace
from xinshu.kernel.settings import Settings

OPEN = ("queued", "running")
MOST_ATTEMPTS = 5
_PATIENCE = timedelta(seconds=30)
_TOLD_EVERY = 0.3  # seconds
_log = structlog.get_logger(__name__)


def load_hand_in(desk: Desk, hand_in: UUID) -> None:
    """Load a file that was handed in. Done already, or being done by another process: nothing happens."""
    with only_one(f"hand-in {hand_in}") as mine:
        found = HandIn.objects.select_related("batch").filter(id=hand_in, state__in=OPEN).first()
        if not mine or found is None:
            return
        if found.attempts >= MOST_ATTEMPTS:
            _end(found, "failed", ReaderFailed("连续多次未能处理完", fix="请联系管理员，并告知批次号和追踪号"))
            return
        found.state, found.attempts = "running", found.attempts + 1
        found.started_at = found.started_at or datetime.now(UTC)
        found.save(update_fields=["state", "attempts", "started_at"])
        try:
            _receive(desk, found)
        except (FileRefused, UnknownSource) as refused:
            _end(found, "refused", refused)
        except ReaderFailed as problem:
            _again(found, problem)
        except XinshuError as problem:
            _log.exception("hand-in failed", hand_in=str(hand_in))
            _end(found, "failed", problem)
        except Exception:
            _log.exception("hand-in failed", hand_in=str(hand_in))
            _again(found, ReaderFailed("处理时程序出错", fix="请联系管理员，并告知批次号和追踪号"))
        else:
            _end(found, "done")


def ask_for_unfinished(now: datetime) -> int:
    """Ask again for the hand-ins whose job was lost with its process; returns how many."""
    count = 0
    for found in HandIn.objects.filter(state__in=OPEN, received_at__lt=now - _PATIENCE):
        with only_one(f"hand-in {found.id}") as idle:
            if idle:
                ask_to_load(found.id)
                count += 1
    return count


def limits_of(settings: Settings, channel: str) -> ReadLimits:
    """The limits of reading for a channel: smaller for what comes over the network."""
    whole = ReadLimits.of(settings)
    if channel == "folder":
        return whole
    return ReadLimits(
        min(whole.max_bytes, settings.web_max_bytes),
        min(whole.max_rows, settings.web_max_rows),
        whole.max_columns,
        whole.cell_max_chars,
        whole.max_unpacked_bytes,
        whole.chunk_bytes,
    )


def _receive(desk: Desk, found: HandIn) -> None:
    batch, tell = found.batch, _teller(found)
    item = find_item(desk.catalogue, batch.item)
    with work_folder(desk.settings.home) as folder:
        tell("读取文件", 0.0, 0)
        report = receive(
            desk,
            unsealed(desk, batch, folder),
            item=item,
            source=batch.supplier,
            received_at=batch.received_at,
            progress=tell,
            limits=limits_of(desk.settings, found.channel),
            name=batch.file,
            confirmed=batch.confirmed,
        )
    if report.batch != batch.label:  # the item has a new version since
        found.batch = Batch.objects.get(label=report.batch)
    found.rows, found.share = report.rows, 1.0


def unsealed(desk: Desk, batch: Batch, folder: Path) -> Path:
    """The file of a batch as it came, in a private folder; its name is ours but for the extension."""
    suffix = Path(batch.file).suffix
    path = folder / f"file{suffix if suffix.isascii() and len(suffix) <= 10 else ''}"
    with path.open("xb") as file:
        for block in open_raw(batch.digest, desk.settings.home, desk.vault):
            file.write(block)
    return path


def _teller(found: HandIn) -> Progress:
    """Keeps the progress in the database, a few times a second."""
    last, told = 0.0, ""

    def tell(step: str, share: float, rows: int) -> None:
        nonlocal last, told
        if step == told and time.monotonic() - last < _TOLD_EVERY:
            return
        last, told = time.monotonic(), step
        HandIn.objects.filter(id=found.id).update(step=step, share=share, rows=rows)

    return tell


def _end(found: HandIn, state: str, problem: XinshuError | None = None) -> None:
    found.state, found.step, found.finished_at = state, "", datetime.now(UTC)
    if problem is not None:
        found.code, found.message, found.fix, found.trace = (
            problem.code,
            problem.message,
            problem.fix,
            current_trace(),
        )
    found.save(
        update_fields=["state", "step", "finished_at", "code", "message", "fix", "trace", "batch", "rows", "share"]
    )


def _again(found: HandIn, problem: XinshuError) -> None:
    if found.attempts >= MOST_ATTEMPTS:
        _end(found, "failed", problem)
        return
    found.state, found.step = "queued", "稍后重试"
    found.save(update_fields=["state", "step"])
    ask_to_load(found.id, after=timedelta(seconds=5 * 2**found.attempts))
