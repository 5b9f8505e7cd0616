"""The main path: checking and ingesting a 25-column penalty file, against Polars and PostgreSQL's COPY."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import polars as pl
import psycopg

from bench.lines import Line
from xinshu.bootstrap.installation import django_ready, migrate, open_installation
from xinshu.demo import generate, penalty_file
from xinshu.kernel.embedded import locate
from xinshu.kernel.profiles import open_profile
from xinshu.project.environment import read_settings

AS_OF = datetime(2026, 11, 22, 4, tzinfo=UTC)
SUBJECTS = 20_000
BAD_RATE = 0.02


def timed(work: Callable[[], object]) -> float:
    """Seconds a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def run(folder: Path, rows: int, rounds: int) -> list[Line]:
    """All lines of the main path."""
    settings = read_settings()
    profile = open_profile("demo", settings.profiles_dir)
    say("generating")
    generate(
        folder / "registry", profile=profile, subjects=SUBJECTS, rows=SUBJECTS // 4, bad_rate=0.0, seed=1, as_of=AS_OF
    )
    file = folder / "penalties.csv"
    penalty_file(file, profile=profile, rows=rows, seed=1, bad_rate=BAD_RATE, as_of=AS_OF, subjects=SUBJECTS)
    shuffled = folder / "shuffled.csv"
    _shuffle(file, shuffled)
    django_ready()
    with open_installation(settings):
        migrate()
        bench = MainPath(folder, file, shuffled, rows)
        return [*bench.checking(rounds), *bench.loading(max(rounds - 1, 1))]


def say(what: str) -> None:
    """Progress, since a round takes a while."""
    print(f"  … {what}", flush=True)


def _shuffle(source: Path, target: Path) -> None:
    lines = source.read_text(encoding="utf-8").split("\n")
    head, body = lines[0], [line for line in lines[1:] if line]
    random.Random(1).shuffle(body)
    target.write_text("\n".join([head, *body]) + "\n", encoding="utf-8")


class MainPath:
    """Measures on one installation."""

    def __init__(self, folder: Path, file: Path, shuffled: Path, rows: int) -> None:
        from xinshu.bootstrap.desk import load_profile, open_desk
        from xinshu.cli.demo import read_manifest
        from xinshu.collection.reading import ReadLimits
        from xinshu.collection.services import receive

        self.settings = read_settings()
        self.file, self.shuffled, self.rows, self.folder = file, shuffled, rows, folder
        load_profile(self.settings, "demo", AS_OF)
        self.desk = open_desk(self.settings, "demo")
        self.item = self.desk.catalogue["administrative-penalty"]
        self.receive, self.limits = receive, ReadLimits.of(self.settings)
        manifest = read_manifest(folder / "registry")
        self.source = manifest[0].source
        for line in manifest:
            if line.item == "enterprise-registration":
                self.receive(
                    self.desk, line.path, item=self.desk.catalogue[line.item], source=line.source, received_at=AS_OF
                )

    def checking(self, rounds: int) -> list[Line]:
        """Every finding of every row with its message, against reading alone."""
        from xinshu.collection.reader import ReadJob, read_checked

        job = ReadJob(
            self.file,
            self.item,
            self.desk.reference,
            AS_OF,
            self.limits,
            self.settings.reader_memory_bytes,
            600,
            self.source,
        )
        list(read_checked(job))  # starts the process that readers are forked from
        ours, limit = [], []
        for number in range(rounds):
            say(f"checking, round {number + 1}")
            limit.append(timed(lambda: pl.read_csv(self.file, infer_schema=False, truncate_ragged_lines=True)))
            ours.append(timed(lambda: list(read_checked(job))))
        return [
            Line("check", self.rows / median(ours), "r/s", "Polars reading all text", self.rows / median(limit), 0.5)
        ]

    def loading(self, rounds: int) -> list[Line]:
        """The full path, against COPY of the rows it stored into the same table with its indexes."""
        ours, text, binary = [], [], []
        for number in range(rounds):
            say(f"ingest, round {number + 1}")
            self._empty()
            ours.append(timed(lambda: self._ingest(self.file)))
            if number == 0:
                again = timed(lambda: self._ingest(self.file))
                say("the same rows in another order")
                reorder = timed(lambda: self._ingest(self.shuffled))
            for form, times in (("text", text), ("binary", binary)):
                say(f"COPY {form}, round {number + 1}")
                times.append(self._copy_back(form))
        stored = self._stored
        speed = self.rows / median(ours)
        return [
            Line("ingest", speed, "r/s", "COPY text, same table and indexes", stored / median(text), 0.5),
            Line("ingest", speed, "r/s", "COPY binary, same", stored / median(binary), None),
            Line("same rows in another order", reorder, "s", "first ingest", ours[0], 2.0, higher_is_better=False),
            Line("identical file again", again, "s", "one second", 1.0, 1.0, higher_is_better=False),
        ]

    def _ingest(self, path: Path) -> None:
        self.receive(self.desk, path, item=self.item, source=self.source, received_at=AS_OF)

    @contextmanager
    def _database(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(locate(self.settings).conninfo(), autocommit=True) as connection:
            yield connection

    def _empty(self) -> None:
        """No records and batches of penalties; the registry stays. The raw files go too: keeping them is part of the work."""
        with self._database() as connection:
            connection.execute("TRUNCATE records_record, records_revision")
            connection.execute(
                "TRUNCATE collection_batch, collection_storedfinding, collection_doubtfulrow, collection_tally,"
                " collection_ruletally"
            )
            connection.execute("CHECKPOINT")
        for path in (self.settings.home / "raw").rglob("*.sealed"):
            path.unlink()

    def _copy_back(self, form: str) -> float:
        """COPY the stored rows, in file order, into the emptied table; seconds."""
        kept = self.folder / f"rows.{form}"
        with self._database() as connection:
            if not kept.exists():
                with (
                    kept.open("wb") as out,
                    connection.cursor().copy(
                        f"COPY (SELECT * FROM records_record WHERE item_id = {self._item_id(connection)} ORDER BY row_no)"
                        f" TO STDOUT (FORMAT {form})"
                    ) as copy,
                ):
                    for block in copy:
                        out.write(block)
                count = connection.execute("SELECT count(*) FROM records_record").fetchone()
                self._stored = count[0] if count else 0
            connection.execute("TRUNCATE records_record")
            connection.execute("CHECKPOINT")
            started = time.perf_counter()
            with (
                kept.open("rb") as source,
                connection.cursor().copy(f"COPY records_record FROM STDIN (FORMAT {form})") as copy,
            ):
                while block := source.read(1 << 20):
                    copy.write(block)
            return time.perf_counter() - started

    def _item_id(self, connection: psycopg.Connection) -> int:
        row = connection.execute("SELECT id FROM catalogue_item WHERE item = %s", [self.item.item]).fetchone()
        return int(row[0]) if row else 0
