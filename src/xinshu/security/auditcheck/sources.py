"""Where the record comes from: an export, or the database; and the folder of anchors."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import psycopg

from xinshu.security.auditcheck.errors import RecordUnreadable
from xinshu.security.auditcheck.record import (
    EXPORT_FORMAT,
    AnchorFound,
    Bad,
    Found,
    Kind,
    Row,
    StubFound,
    one_form,
)

_AT_ONCE = 5_000
_DIGEST = 32
_UTC = """to_char(e.{} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_NAMES = (
    "action", "actor", "address", "after", "at", "before", "code", "detail", "id", "object", "outcome", "purpose", "role",
    "stored", "ticket", "trace", "unit",
)  # fmt: skip
_VALUES = (
    f"e.action, e.actor, e.address, e.after_digest, {_UTC.format('at')}, e.before_digest, e.code, e.detail, e.id,"
    f" encode(e.object_ref, 'hex'), e.outcome, e.purpose, e.role, {_UTC.format('stored_at')}, e.ticket, e.trace, e.unit"
)
_ROWS = (
    f"SELECT l.seq, l.entry_id, l.chain, {_VALUES} FROM security_audit_link l"
    " LEFT JOIN security_audit_entry e ON e.id = l.entry_id WHERE l.seq BETWEEN %s AND %s ORDER BY l.seq"
)


def read_anchors(folder: Path, first_block: int = 1) -> dict[int, AnchorFound]:
    """Every anchor of a folder, from a block on. A file that is no anchor counts as a forged one of its block.

    Raises:
        RecordUnreadable: there is no such folder.
    """
    if not folder.is_dir():
        raise RecordUnreadable(f"没有存证目录 {folder}", fix="用 --anchors 指定存证目录")
    found = {}
    for path in sorted(folder.glob("[0-9]*/[0-9]*.json")):
        if int(path.stem) < first_block:
            continue
        try:
            facts = json.loads(path.read_bytes())
            packed = base64.b64decode(facts["leaves"])
            leaves = tuple(packed[at : at + _DIGEST] for at in range(0, len(packed), _DIGEST))
            found[int(path.stem)] = AnchorFound(str(facts["head"]), str(facts["signature"]), leaves)
        except (ValueError, KeyError, TypeError):
            found[int(path.stem)] = AnchorFound("", "", ())
    return found


@dataclass(slots=True)
class DatabaseSource:
    """The tables themselves, in one transaction on a connection of the caller's, blocks from one number to another."""

    connection: psycopg.Connection
    first_block: int = 1
    last_block: int | None = None
    statement: StubFound | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def stubs(self) -> list[StubFound]:
        """All stubs."""
        rows = self.connection.execute("SELECT statement, signature FROM security_audit_stub ORDER BY first_block")
        return [StubFound(*each) for each in rows]

    def blocks(self) -> Iterator[Found]:
        """The blocks with their rows; each block's rows are read from one stream over all of them."""
        heads = self.connection.execute(
            "SELECT number, first_seq, last_seq, head, signature FROM security_audit_block"
            " WHERE number >= %s AND (%s::bigint IS NULL OR number <= %s) ORDER BY number",
            [self.first_block, self.last_block, self.last_block],
        ).fetchall()
        if not heads:
            return
        with self.connection.cursor("audit_check") as stream:
            stream.itersize = _AT_ONCE
            stream.execute(_ROWS, [min(each[1] for each in heads), max(each[2] for each in heads)])
            waiting = _Stream(map(_row, stream))
            for number, _, last, head, signature in heads:
                yield Found(number, head, signature, waiting.up_to(last))
                for _rest in waiting.up_to(last):
                    pass

    def loose(self, last_seq: int) -> Iterator[Bad]:
        """Links that no block covers."""
        found = self.connection.execute(
            "SELECT seq, entry_id, block FROM security_audit_link WHERE seq > %s ORDER BY seq LIMIT 1", [last_seq]
        ).fetchone()
        if found is not None and self.last_block is None:
            yield Bad(Kind.ADDED, found[2], found[0], found[1])

    def unsealed(self) -> int | None:
        """Entries without a place in the chain."""
        found = self.connection.execute(
            "SELECT count(*) FROM security_audit_entry e WHERE NOT EXISTS"
            " (SELECT FROM security_audit_link l WHERE l.entry_id = e.id)"
        ).fetchone()
        return int(found[0]) if found else None


class _Stream:
    """Rows in order, handed out block by block."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows, self._held = rows, next(rows, None)

    def up_to(self, last: int) -> Iterator[Row]:
        """The rows up to a sequence number."""
        while self._held is not None and self._held.seq <= last:
            row, self._held = self._held, next(self._rows, None)
            yield row


def _row(values: tuple[Any, ...]) -> Row:
    seq, entry, chain, *rest = values
    if rest[8] is None:
        return Row(seq, entry, None, bytes(chain))
    facts = dict(zip(_NAMES, rest, strict=True))
    facts["seq"] = seq
    return Row(seq, entry, one_form(facts).encode(), bytes(chain))


@dataclass(slots=True)
class ExportSource:
    """A file written by `xinshu audit export`: lines, each with a letter and a tab before what it is about."""

    path: Path
    statement: StubFound | None = field(default=None, init=False)
    _stubs: list[StubFound] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        with self._open() as lines:
            first = lines.readline().rstrip("\n").split("\t")
            if first[0] != EXPORT_FORMAT or len(first) != 3:
                raise RecordUnreadable(f"{self.path.name} 不是审计导出文件", fix="用 xinshu audit export 导出")
            self.statement = StubFound(first[1], first[2])
            for line in lines:
                if not line.startswith("S\t"):
                    break
                self._stubs.append(StubFound(*_parts(line, 2)))

    def stubs(self) -> list[StubFound]:
        """All stubs."""
        return self._stubs

    def blocks(self) -> Iterator[Found]:
        """The blocks with their rows."""
        with self._open() as lines:
            lines.readline()
            line = next((each for each in lines if not each.startswith("S\t")), "")
            while line:
                number, head, signature = _parts(line, 3)
                rows = _ExportRows(lines)
                yield Found(_whole(number), head, signature, rows)
                for _rest in rows:
                    pass
                line = rows.after

    def loose(self, last_seq: int) -> Iterator[Bad]:
        """Nothing: rows without a block cannot stand in an export."""
        del last_seq
        return iter(())

    def unsealed(self) -> int | None:
        """Not known."""
        return None

    def _open(self) -> TextIO:
        try:
            return self.path.open(encoding="utf-8", errors="replace", newline="\n")
        except OSError as problem:
            raise RecordUnreadable(
                f"审计导出文件 {self.path} 无法读取：{problem.strerror}", fix="核对路径"
            ) from problem


class _ExportRows:
    """The row lines after a block's line; `after` is the line that ended them."""

    def __init__(self, lines: TextIO) -> None:
        self._lines, self.after, self._ended = lines, "", False

    def __iter__(self) -> Iterator[Row]:
        for line in () if self._ended else self._lines:
            if not line.startswith("R\t"):
                self.after, self._ended = line, True
                return
            seq, entry, chain, text = _parts(line, 4)
            try:
                kept = bytes.fromhex(chain)
            except ValueError:
                kept = b""
            yield Row(_whole(seq), _whole(entry), text.encode(), kept)
        self._ended = True


def _parts(line: str, count: int) -> list[str]:
    parts = line.rstrip("\n").split("\t")[1:]
    if len(parts) != count:
        raise RecordUnreadable("审计导出文件中有不成形的一行", fix="重新导出，或核对传送过程")
    return parts


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else -1
