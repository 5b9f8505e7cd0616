"""What the lines measure with: an installation with a registry, and penalty files of several sizes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import psycopg

from xinshu.bootstrap.desk import load_profile, open_desk
from xinshu.catalogue.domain import CatalogueItem
from xinshu.cli.demo import read_manifest
from xinshu.collection.reading import ReadLimits
from xinshu.collection.services import Desk, receive
from xinshu.demo import generate, penalty_file
from xinshu.kernel.embedded import locate
from xinshu.kernel.profiles import open_profile
from xinshu.kernel.settings import Settings
from xinshu.project.environment import read_settings

AS_OF = datetime(2026, 11, 22, 4, tzinfo=UTC)
PROFILE = "demo"
_BAD_RATE = 0.02
_STARTED = time.perf_counter()


def timed(work: Callable[[], object]) -> float:
    """Seconds a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def say(what: str) -> None:
    """Progress with the seconds since the start, since a round takes a while."""
    print(f"  {time.perf_counter() - _STARTED:5.0f} s … {what}", flush=True)


@dataclass(frozen=True)
class Store:
    """An installation with `subjects` registered, its desk, and the files to load. The database is at hand."""

    folder: Path
    settings: Settings
    desk: Desk
    source: str
    rows: int
    subjects: int

    @classmethod
    def make(cls, folder: Path, *, rows: int, subjects: int) -> Store:
        """Generate a registry and load it."""
        settings = read_settings()
        say(f"registry of {subjects:,}")
        generate(
            folder / "registry",
            profile=open_profile(PROFILE, settings.profiles_dir),
            subjects=subjects,
            rows=subjects // 4,
            bad_rate=0.0,
            seed=1,
            as_of=AS_OF,
        )
        load_profile(settings, PROFILE, AS_OF)
        desk = open_desk(settings, PROFILE)
        manifest = read_manifest(folder / "registry")
        for line in manifest:
            if line.item == "enterprise-registration":
                receive(desk, line.path, item=desk.catalogue[line.item], source=line.source, received_at=AS_OF)
        store = cls(folder, settings, desk, manifest[0].source, rows, subjects)
        with store.database() as connection:
            # As autovacuum would within a minute: no line should hang on when it comes.
            connection.execute("ANALYZE")
        return store

    @property
    def item(self) -> CatalogueItem:
        """Penalties."""
        return self.desk.catalogue["administrative-penalty"]

    @cached_property
    def limits(self) -> ReadLimits:
        """Those of the command line."""
        return ReadLimits.of(self.settings)

    def file(self, rows: int) -> Path:
        """A penalty file of that many rows; made once."""
        path = self.folder / f"penalties-{rows}.csv"
        if not path.exists():
            say(f"file of {rows:,} rows")
            profile = open_profile(PROFILE, self.settings.profiles_dir)
            penalty_file(
                path, profile=profile, rows=rows, seed=1, bad_rate=_BAD_RATE, as_of=AS_OF, subjects=self.subjects
            )
        return path

    def shuffled(self) -> Path:
        """The large file with its rows in another order."""
        path = self.folder / "shuffled.csv"
        head, *body = [line for line in self.file(self.rows).read_text(encoding="utf-8").split("\n") if line]
        random.Random(1).shuffle(body)
        path.write_text("\n".join([head, *body]) + "\n", encoding="utf-8")
        return path

    def ingest(self, path: Path) -> None:
        """The full path for one file."""
        receive(self.desk, path, item=self.item, source=self.source, received_at=AS_OF)

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection]:
        """A connection as the owner, committing each statement."""
        with psycopg.connect(locate(self.settings).conninfo(), autocommit=True) as connection:
            yield connection

    def empty(self) -> None:
        """No records and batches of penalties; the registry stays. The raw files go too: keeping them is part of the work."""
        with self.database() as connection:
            connection.execute("TRUNCATE records_record, records_revision")
            connection.execute(
                "TRUNCATE collection_handin, collection_batch, collection_storedfinding, collection_doubtfulrow, collection_tally,"
                " collection_ruletally"
            )
            connection.execute("CHECKPOINT")
        for path in (self.settings.home / "raw").rglob("*.sealed"):
            path.unlink()

    def fill(self) -> None:
        """Have the rows of the large file in the store, whatever was measured before."""
        with self.database() as connection:
            found = connection.execute("SELECT count(*) FROM records_record").fetchone()
        if not found or found[0] < self.rows // 2:
            self.empty()
            self.ingest(self.file(self.rows))
        with self.database() as connection:
            connection.execute("VACUUM ANALYZE")
