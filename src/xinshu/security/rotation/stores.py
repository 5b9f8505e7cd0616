"""What is kept sealed, as the rooms declare it: columns, indexes made from sealed columns, folders of files.

Each is counted by key and moved to the present key in batches. A batch of a column is a range of pages: its rows are locked (one
that somebody else holds is left for the next pass, so nobody waits for nobody), opened, sealed anew and written in one
transaction.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import psycopg
import structlog
from psycopg import sql

from xinshu.security.crypto.errors import SealBroken
from xinshu.security.crypto.keyring import Purpose
from xinshu.security.roles import APP_ROLE
from xinshu.security.sealing import HEAD, Vault, file_keys, head_of, key_number

_PAGES = 128  # of a table in one batch: 1 MiB
_FILES = 8
_LOCK_WAIT = "5s"  # for the table, when a migration holds it
_WRITTEN_SECONDS = 3600  # a part file touched since then is being written
_log = structlog.get_logger(__name__)

Count = Counter[int]
"""{number of a key: how many things it sealed}."""


@dataclass(frozen=True, slots=True)
class Part:
    """A table or partition of `size` pages, or a folder of `size` files."""

    name: str
    size: int


class Store(Protocol):
    """Something whose content is on a key."""

    @property
    def title(self) -> str:
        """What it is called in the progress; unique."""

    @property
    def step(self) -> int:
        """Size of a batch, in the unit of its parts."""

    def parts(self, db: psycopg.Connection) -> list[Part]:
        """What there is now."""

    def count(self, db: psycopg.Connection, vault: Vault) -> Count:
        """Everything, by key."""

    def move(self, db: psycopg.Connection, vault: Vault, part: str, start: int) -> int:
        """Move one batch of a part; returns how many things it moved."""


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A bytea column of sealed cells. `place` is given the row's values of `keys`. `role`: who may update it."""

    table: str
    column: str
    keys: tuple[str, ...]
    place: Callable[..., bytes]
    role: str = APP_ROLE
    step = _PAGES

    @property
    def title(self) -> str:
        """Table and column."""
        return f"{self.table}.{self.column}"

    def parts(self, db: psycopg.Connection) -> list[Part]:
        """The table or its partitions."""
        return _leaves(db, self.table)

    def count(self, db: psycopg.Connection, _vault: Vault) -> Count:
        """Cells by key."""
        found: Count = Counter()
        statement = sql.SQL(
            "SELECT CASE substring({0} FROM 1 FOR 1) WHEN '\\x01'::bytea THEN substring({0} FROM 1 FOR 2)"
            " ELSE substring({0} FROM 1 FOR 4) END, count(*) FROM {1} WHERE {0} IS NOT NULL GROUP BY 1"
        ).format(sql.Identifier(self.column), sql.Identifier(self.table))
        with _as(db, self.role) as cursor:
            for head, number in cursor.execute(statement):
                found[_key_of(head)] += number
        return found

    def move(self, db: psycopg.Connection, vault: Vault, part: str, start: int) -> int:
        """Seal the cells of some pages with the present key."""
        head = head_of(vault.keyring.active(Purpose.CELLS))
        with _as(db, self.role) as cursor:
            rows = _locked(cursor, part, start, (self.column, *self.keys), "substring({} FROM 1 FOR 4) <> %s", [head])
            opened = list(_opened(vault, self.table, self.place, rows))
            sealed = vault.seal_many([value for _, value, _ in opened], [place for _, _, place in opened])
            _write(cursor, part, start, self.column, [line for line, _, _ in opened], sealed, "bytea")
        return len(opened)


@dataclass(frozen=True, slots=True)
class IndexColumn:
    """A uuid column of blind indexes. `index` makes a row's index anew from its values of `keys`, None when it cannot."""

    table: str
    column: str
    keys: tuple[str, ...]
    index: Callable[..., UUID | None]
    role: str = APP_ROLE
    step = _PAGES

    @property
    def title(self) -> str:
        """Table and column."""
        return f"{self.table}.{self.column}"

    def parts(self, db: psycopg.Connection) -> list[Part]:
        """The table or its partitions."""
        return _leaves(db, self.table)

    def count(self, db: psycopg.Connection, vault: Vault) -> Count:
        """Indexes by the key number in their first byte. Those of the first version have none: then each is compared."""
        living = vault.keyring.living(Purpose.INDEX)
        legacy = next((each.facts.number for each in living if each.facts.legacy), None)
        if legacy is not None:
            return self._compared(db, vault, legacy)
        numbers = {each.number & 0xFF: each.number for each in vault.keyring.facts() if each.purpose is Purpose.INDEX}
        found: Count = Counter()
        statement = sql.SQL(
            "SELECT get_byte(uuid_send({0}), 0), count(*) FROM {1} WHERE {0} IS NOT NULL GROUP BY 1"
        ).format(sql.Identifier(self.column), sql.Identifier(self.table))
        with _as(db, self.role) as cursor:
            for byte, number in cursor.execute(statement):
                found[numbers.get(byte, 0)] += number
        return found

    def _compared(self, db: psycopg.Connection, vault: Vault, legacy: int) -> Count:
        active, found = vault.keyring.active(Purpose.INDEX).facts.number, Counter[int]()
        for part in self.parts(db):
            for start in range(0, part.size, self.step):
                with _as(db, self.role) as cursor:
                    rows = _selected(cursor, part.name, start, (self.column, *self.keys), "")
                    for _, before, *values in rows:
                        found[active if self._made(vault, values) == before else legacy] += 1
        return found

    def move(self, db: psycopg.Connection, vault: Vault, part: str, start: int) -> int:
        """Make the indexes of some pages anew."""
        living = vault.keyring.living(Purpose.INDEX)
        byte = living[0].facts.number & 0xFF
        everything = any(each.facts.legacy for each in living)
        with _as(db, self.role) as cursor:
            rows = _locked(
                cursor,
                part,
                start,
                (self.column, *self.keys),
                "(get_byte(uuid_send({}), 0) <> %s OR %s)",
                [byte, everything],
            )
            made = [(line, before, self._made(vault, values)) for line, before, *values in rows]
            changed = [(line, index) for line, before, index in made if index is not None and index != before]
            _write(
                cursor, part, start, self.column, [line for line, _ in changed], [index for _, index in changed], "uuid"
            )
        return len(changed)

    def _made(self, vault: Vault, values: list[Any]) -> UUID | None:
        try:
            return self.index(vault, *values)
        except SealBroken:
            _log.exception("crypto.cell_broken", table=self.table)
            return None


@dataclass(frozen=True, slots=True)
class SealedFolder:
    """Files of `Vault.seal_file` under a folder. `place` is given the path."""

    title: str
    folder: Path
    pattern: str
    place: Callable[[Path], str]
    step = _FILES

    def _paths(self) -> list[Path]:
        return sorted(self.folder.rglob(self.pattern))

    def parts(self, _db: psycopg.Connection) -> list[Part]:
        """The folder."""
        return [Part(self.title, len(self._paths()))]

    def count(self, _db: psycopg.Connection, _vault: Vault) -> Count:
        """Files by key, one written with two keys under both; files being written count too."""
        found: Count = Counter()
        recent = time.time() - _WRITTEN_SECONDS
        growing = [each for each in self.folder.rglob("*.part") if _touched(each) > recent]
        for path in [*self._paths(), *growing]:
            try:
                with path.open("rb") as file:
                    found.update(file_keys(file, growing=path.suffix == ".part"))
            except FileNotFoundError:
                continue  # destroyed meanwhile, or finished: then it is counted in the next pass
            except SealBroken:
                _log.exception("crypto.file_broken", folder=self.title)
        return found

    def move(self, _db: psycopg.Connection, vault: Vault, _part: str, start: int) -> int:
        """Seal some files with the present key, each beside the old one, then in its place."""
        present, moved = {vault.keyring.active(Purpose.FILES).facts.number}, 0
        for path in self._paths()[start : start + self.step]:
            try:
                with path.open("rb") as file:
                    if file_keys(file) <= present:
                        continue
                    file.seek(0)
                    moved += self._reseal(vault, path, file)
            except FileNotFoundError:
                continue  # destroyed meanwhile
            except SealBroken:
                _log.exception("crypto.file_broken", folder=self.title)
        return moved

    def _reseal(self, vault: Vault, path: Path, file: Any) -> bool:
        """Whether it was done: a file destroyed meanwhile does not come back."""
        aside = path.with_suffix(".resealed")
        try:
            with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
                vault.reseal_file(file, target, self.place(path))
                target.flush()
                os.fsync(target.fileno())
            if not path.exists():
                return False
            aside.replace(path)
            return True
        finally:
            aside.unlink(missing_ok=True)


def _key_of(head: bytes) -> int:
    """The number in the head of a cell; 0 for what is no cell."""
    try:
        return key_number(bytes(head) + bytes(HEAD))
    except SealBroken:
        return 0


def _touched(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


@contextmanager
def _as(db: psycopg.Connection, role: str) -> Iterator[psycopg.Cursor[Any]]:
    """A transaction in a role."""
    with db.transaction(), db.cursor() as cursor:
        cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        cursor.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(_LOCK_WAIT)))
        yield cursor


def _leaves(db: psycopg.Connection, table: str) -> list[Part]:
    """Tables that hold the rows, with their pages."""
    statement = (
        "SELECT t.relid::regclass::text, pg_relation_size(t.relid) / current_setting('block_size')::int"
        " FROM pg_partition_tree(%s::regclass) t WHERE t.isleaf ORDER BY 1"
    )
    found = (
        db.execute(statement, [table]).fetchall()
        or db.execute(
            "SELECT %s, pg_relation_size(%s::regclass) / current_setting('block_size')::int", [table, table]
        ).fetchall()
    )
    return [Part(name, pages) for name, pages in found]


def _selected(
    cursor: psycopg.Cursor[Any],
    part: str,
    start: int,
    columns: tuple[str, ...],
    also: str,
    values: list[Any] | None = None,
) -> list[tuple[Any, ...]]:
    """(ctid, *columns) of rows on some pages whose first column is filled."""
    first = sql.Identifier(columns[0])
    statement = sql.SQL("SELECT ctid, {} FROM {} WHERE ctid >= %s::tid AND ctid < %s::tid AND {} IS NOT NULL").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(part), first
    )
    return cursor.execute(statement + sql.SQL(also).format(first), [*_pages(start), *(values or [])]).fetchall()


def _pages(start: int) -> list[str]:
    """First line of a batch of pages, and of the next one."""
    return [f"({start},0)", f"({start + _PAGES},0)"]


def _locked(
    cursor: psycopg.Cursor[Any], part: str, start: int, columns: tuple[str, ...], condition: str, values: list[Any]
) -> list[tuple[Any, ...]]:
    return _selected(cursor, part, start, columns, f" AND {condition} FOR UPDATE SKIP LOCKED", values)


def _opened(
    vault: Vault, table: str, place: Callable[..., bytes], rows: list[tuple[Any, ...]]
) -> Iterator[tuple[str, bytes, bytes]]:
    """(ctid, value, place) of cells that open; a broken one stays as it is and is told in the log."""
    for line, sealed, *keys in rows:
        bound = place(*keys)
        try:
            yield line, vault.open_cell(bytes(sealed), bound), bound
        except SealBroken:
            _log.exception("crypto.cell_broken", table=table)


def _write(
    cursor: psycopg.Cursor[Any], part: str, start: int, column: str, lines: list[str], values: list[Any], kind: str
) -> None:
    if not lines:
        return
    statement = sql.SQL(
        "UPDATE {0} t SET {1} = v.value FROM unnest(%s::tid[], %s::{2}[]) v(line, value)"
        " WHERE t.ctid = v.line AND t.ctid >= %s::tid AND t.ctid < %s::tid"
    ).format(sql.Identifier(part), sql.Identifier(column), sql.SQL(kind))
    cursor.execute(statement, [lines, values, *_pages(start)])
