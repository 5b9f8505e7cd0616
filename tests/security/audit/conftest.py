"""Entries to change one thing in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import transaction

from xinshu.kernel.database import bulk_transaction
from xinshu.security.audit.anchors import AnchorStore
from xinshu.security.audit.domain import AuditEntry
from xinshu.security.audit.exporting import write_export
from xinshu.security.audit.sealer import Sealer, seal
from xinshu.security.audit.services import record
from xinshu.security.auditcheck.chain import check
from xinshu.security.auditcheck.record import Keys, Report, Source
from xinshu.security.auditcheck.sources import DatabaseSource, read_anchors
from xinshu.security.crypto import public_key_pem, signer

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.fixture
def make_entry() -> Callable[..., AuditEntry]:
    """A valid entry; name only what the test is about."""

    def make(**changes: object) -> AuditEntry:
        return AuditEntry(
            **{
                "at": NOW,
                "actor": "u-17",
                "role": "query_officer",
                "unit": "11990000000000043T",
                "address": "192.0.2.7",
                "action": "disclosure.query",
                "object_ref": bytes(range(16)),
                "ticket": "CX-2026-00001",
                "purpose": "approval",
                **changes,
            }
        )

    return make


@dataclass
class Log:
    """A record to add to, seal and check: its sealer, its anchors and its public key."""

    home: Path
    sealer: Sealer
    make_entry: Callable[..., AuditEntry]
    now: datetime = NOW

    def add(self, count: int = 1, **changes: object) -> None:
        """Write entries, each in a transaction of its own."""
        for _ in range(count):
            with transaction.atomic():
                record(self.make_entry(**changes))

    def seal(self, count: int = 0, **changes: object):
        """Write so many entries more and seal what is there."""
        self.add(count, **changes)
        self.now += timedelta(minutes=1)
        return seal(self.sealer, self.now)

    @property
    def anchors(self) -> Path:
        """The place of anchors."""
        return self.sealer.anchors.folder

    @property
    def keys(self) -> Keys:
        """The key that is trusted."""
        return Keys(public_key_pem(self.home, "audit"))

    def check(self, *, anchored: bool = True, source: Source | None = None) -> Report:
        """Check the database, or another source, with the anchors."""
        anchors = read_anchors(self.anchors) if anchored else None
        if source is not None:
            return check(source, self.keys, anchors)
        with bulk_transaction() as bulk:
            return check(DatabaseSource(bulk), self.keys, anchors)

    def export(self, first: int = 1, last: int | None = None) -> Path:
        """An export of the record."""
        path = self.home / "export.txt"
        with bulk_transaction() as bulk, path.open("w", encoding="utf-8", newline="\n") as file:
            write_export(bulk, file, self.sealer.signer, self.now, first, last)
        return path


@pytest.fixture
def log(database, make_entry, tmp_path: Path) -> Log:
    """An empty record whose blocks have at most four rows."""
    home = tmp_path / "home"
    home.mkdir()
    store = AnchorStore(tmp_path / "anchors")
    return Log(home, Sealer(signer(home, "audit"), store, timedelta(minutes=15), block_rows=4), make_entry)


@pytest.fixture
def tamper(database) -> Callable[..., None]:
    """Change tables as somebody who owns the database and switches the triggers off."""

    def run(*statements: str) -> None:
        with psycopg.connect(database.conninfo, autocommit=True) as connection:
            for table in ("entry", "link", "block", "stub"):
                connection.execute(f"ALTER TABLE security_audit_{table} DISABLE TRIGGER USER")
            for statement in statements:
                connection.execute(statement)

    return run
