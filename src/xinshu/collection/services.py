"""The main path: a file is received, read, checked, tied to subjects and loaded, whole or not at all.

A crash at any point leaves nothing or the whole batch; the same file again finishes it or is answered from it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Self

from django.db import connection, transaction

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.queries import item_numbers
from xinshu.collection.domain import BatchReport
from xinshu.collection.errors import FileRefused, UnknownSource
from xinshu.collection.findings_file import FindingsFile
from xinshu.collection.models import Batch
from xinshu.collection.outcome import Outcome
from xinshu.collection.queries import batch_report, findings_path
from xinshu.collection.rawfiles import file_digest, keep_raw
from xinshu.collection.reader import ReadJob, Reference, read_checked
from xinshu.collection.reading import ReadLimits
from xinshu.collection.reading.prefetch import prefetch
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.database import bulk_transaction
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.settings import Settings
from xinshu.kernel.turns import short_turns
from xinshu.records.domain import LoadContext
from xinshu.records.services import Loader
from xinshu.security.domain import OrganisationFacts
from xinshu.security.queries import organisation
from xinshu.security.sealing import Vault
from xinshu.subjects.services import settle

Progress = Callable[[str, float, int], None]
"""(step, share done 0-1, rows so far)."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What receiving needs of the installation; made once, used for many files."""

    settings: Settings
    reference: Reference
    catalogue: dict[str, CatalogueItem]
    vault: Vault

    @classmethod
    def open(cls, settings: Settings, profile: str | None = None) -> Self:
        """Read the profile (the settings' unless named) and open the keys. Raises ProfileInvalid, SealBroken."""
        chosen = open_profile(profile or settings.profile, settings.profiles_dir)
        return cls(settings, Reference.load(chosen), load_catalogue(chosen), Vault.open(settings.home))


def receive(
    desk: Desk,
    path: Path,
    *,
    item: CatalogueItem,
    source: str,
    received_at: datetime,
    progress: Progress = lambda _step, _done, _rows: None,
    limits: ReadLimits | None = None,
    name: str = "",
    confirmed: bool = False,
) -> BatchReport:
    """Receive one file and load it.

    Args:
        source: USCC of the supplier, one of the profile's organisations.
        received_at: the moment of receipt, with time zone; the first one stands when the same file comes again.
        limits: those of the channel; by default those of the command line and the watched folder.
        name: what the supplier calls the file, where `path` is a copy.
        confirmed: the supplier has confirmed what is in doubt: such rows are loaded and marked. A batch of its own.
    Returns:
        The report; that of the first time, marked `repeated`, when the identical file was loaded before.
    Raises:
        UnknownSource, FileUnreachable, FileRefused, ReaderFailed: nothing of the file is loaded.
    """
    progress("登记", 0.0, 0)
    supplier = organisation(source)
    if supplier is None:
        raise UnknownSource(source)
    digest, name = file_digest(path), name or path.name
    batch = register_batch(name, item, source, digest, received_at, confirmed=confirmed)
    if batch.state == "loaded":
        return batch_report(batch, desk.settings.home, repeated=True)
    keeper = _Keeper(path, digest, desk)
    keeper.start()
    try:
        job = ReadJob(
            path,
            item,
            desk.reference,
            batch.received_at,
            limits or ReadLimits.of(desk.settings),
            desk.settings.reader_memory_bytes,
            desk.settings.reader_seconds,
            supplier.uscc,
            load=True,
            name=name,
            confirmed=confirmed,
        )
        _load(desk, batch, job, supplier, progress, keeper)
    except FileRefused as refused:
        _refuse(desk, batch, refused)
        raise
    finally:
        keeper.join()
    batch.refresh_from_db()
    report = batch_report(batch, desk.settings.home, repeated=keeper.late)
    if item.creates_subjects and not report.repeated:
        settle(report.new)
    return report


class _Keeper(Thread):
    """Seals the raw file away while it is being read; the batch is not finished before it is."""

    def __init__(self, path: Path, digest: str, desk: Desk) -> None:
        super().__init__(daemon=True)
        self._path, self._digest, self._desk = path, digest, desk
        self.problem: Exception | None = None
        self.late = False  # another process loaded the batch while this one waited

    def run(self) -> None:
        """Keep the file; a failure is raised by `finish`."""
        try:
            keep_raw(self._path, self._digest, self._desk.settings.home, self._desk.vault)
        except Exception as problem:
            self.problem = problem

    def finish(self) -> None:
        """Wait for the file to be kept; raise what went wrong."""
        self.join()
        if self.problem is not None:
            raise self.problem


def register_batch(
    name: str, item: CatalogueItem, source: str, digest: str, received_at: datetime, *, confirmed: bool = False
) -> Batch:
    """The batch of this file: found again, or made with the next label of the (Shanghai) day.

    Raises:
        UnknownSource: no organisation has the code `source`.
    """
    if organisation(source) is None:
        raise UnknownSource(source)
    same = {
        "supplier": source,
        "item": item.item,
        "item_version": item.version,
        "digest": digest,
        "confirmed": confirmed,
    }
    with transaction.atomic():
        found = Batch.objects.filter(**same).first()
        if found is not None:
            return found
        day = shanghai_date(received_at)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO collection_batch_counter VALUES (%s, 1)"
                " ON CONFLICT (day) DO UPDATE SET last = collection_batch_counter.last + 1 RETURNING last",
                [day],
            )
            (number,) = cursor.fetchone()
        batch, _ = Batch.objects.get_or_create(
            **same,
            defaults={
                "label": f"PL-{day:%Y%m%d}-{number:04d}",
                "file": name[-255:],
                "received_at": received_at,
                "state": "received",
            },
        )
        return batch


def _load(
    desk: Desk, batch: Batch, job: ReadJob, supplier: OrganisationFacts, progress: Progress, keeper: _Keeper
) -> None:
    started = time.monotonic()
    numbers = item_numbers()
    context = LoadContext(
        job.item,
        numbers[job.item.item],
        {numbers[name]: each for name, each in desk.catalogue.items() if name in numbers},
        batch.id,
        supplier.uscc,
        int(supplier.region) if supplier.region else None,
        batch.received_at,
        shanghai_date(batch.received_at),
        batch.file,
        job.path.stat().st_size,
        desk.reference.rules,
        job.confirmed,
    )
    with (
        short_turns(),
        bulk_transaction() as bulk,
        bulk_transaction() as lookups,
        FindingsFile.writing(findings_path(desk.settings.home, batch)) as file,
    ):
        loader = Loader(bulk, lookups, context, desk.vault)
        loader.begin()
        state = bulk.execute("SELECT state FROM collection_batch WHERE id = %s FOR UPDATE", [batch.id]).fetchone()
        if state == ("loaded",):
            keeper.late = True
            file.discard()
            return
        outcome = Outcome(bulk, batch.id, supplier.region, desk.vault, file)
        ahead = ((part, loader.prepare(part.accepted) if part.accepted.height else None) for part in read_checked(job))
        planned = ((part, None if chunk is None else loader.plan(chunk)) for part, chunk in prefetch(ahead))
        for part, plan in prefetch(planned) if loader.plans_ahead else planned:
            outcome.add(part, None if plan is None else loader.take(plan))
            progress("入库", part.done, outcome.rows)
        outcome.finish(time.monotonic() - started, datetime.now(UTC))
        file.commit()
        keeper.finish()


def _refuse(desk: Desk, batch: Batch, refused: FileRefused) -> None:
    """Remember why a file was refused; its findings file tells the supplier."""
    with FindingsFile.writing(findings_path(desk.settings.home, batch)) as file:
        file.add_findings(refused.findings)
        file.commit()
    Batch.objects.filter(id=batch.id, state="received").update(state="refused", finished_at=datetime.now(UTC))
    refused.findings_file = findings_path(desk.settings.home, batch)
