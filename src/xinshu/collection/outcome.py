"""What a batch leaves behind besides records: findings, doubtful rows, tallies, totals; all in the loading transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np
import polars as pl
import psycopg

from xinshu.collection.findings_file import FindingsFile
from xinshu.collection.preparation import DOUBTFUL
from xinshu.collection.reader import CheckedPart
from xinshu.kernel import copying
from xinshu.records.domain import Accepted, Taken
from xinshu.security.sealing import Vault

_GATHERED_BYTES = 1 << 20
_FINDING = ("sheet", "row", "field", "title", "rule", "level", "value", "message", "fix")


def held_place(batch_id: int, row: int) -> bytes:
    """What a held row's sealed content is bound to."""
    return f"doubtful\0{batch_id}\0{row}".encode()


class Outcome:
    """Collects the outcome of one batch while it is loaded. Held rows come from the file's rules and the store's."""

    def __init__(
        self, connection: psycopg.Connection, batch_id: int, region: str, vault: Vault, file: FindingsFile
    ) -> None:
        self._connection, self._batch, self._region = connection, batch_id, region
        self._vault, self._file = vault, file
        self.rows = self.new = self.updated = self.unchanged = 0
        self.doubtful = self.duplicates = self.unlinked = 0
        self._months: dict[str, list[int]] = {}
        self._rules: dict[tuple[str, str], int] = {}
        self._findings = _Gathered(self._keep_findings)
        self._held = _Gathered(self._hold)

    def add(self, part: CheckedPart, taken: Taken | None) -> None:
        """One part of the file and what the store made of it."""
        self.rows += part.rows
        self.doubtful += part.doubtful_rows
        self.duplicates += part.duplicates
        self._findings.add(part.findings)
        self._held.add(part.doubtful)
        if taken is None:
            return
        self.new += taken.new
        self.updated += taken.updated
        self.unchanged += taken.unchanged
        self.unlinked += taken.unlinked
        self.doubtful += len(taken.doubtful)
        for month, counts in taken.months.items():
            kept = self._months.setdefault(month, [0] * 5)
            self._months[month] = [one + other for one, other in zip(kept, counts, strict=True)]
        self._findings.add(taken.findings)
        if taken.doubtful:
            self._held.add(_held(part.accepted, taken.doubtful))

    def _keep_findings(self, findings: pl.DataFrame) -> None:
        self._file.add(findings)
        for rule, level, count in findings.group_by("rule", "level").len().iter_rows():
            self._rules[rule, level] = self._rules.get((rule, level), 0) + count
        batch = copying.integers([self._batch])[0]
        columns = [copying.same(batch)]
        for name in _FINDING:
            values = findings[name].to_list()
            columns.append(copying.integers(values) if name == "row" else copying.texts(values))
        self._copy(
            "collection_storedfinding (batch_id, sheet, row_no, field, title, rule, level, value, message, fix)",
            columns,
        )

    def _hold(self, rows: pl.DataFrame) -> None:
        numbers = rows["row_no"].to_list()
        sealed = self._vault.seal_many(
            [raw.encode() for raw in rows["raw"]], [held_place(self._batch, number) for number in numbers]
        )
        flags = [b"\0\0\0\x01" + (b"\1" if duplicate else b"\0") for duplicate in rows["duplicate"].to_list()]
        self._copy(
            "collection_doubtfulrow (batch_id, row_no, duplicate, sealed)",
            [
                copying.same(copying.integers([self._batch])[0]),
                copying.integers(numbers),
                flags,
                copying.blobs(sealed),
            ],
        )

    def _copy(self, target: str, columns: Sequence[copying.Fields]) -> None:
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN (FORMAT binary)") as copy:
            for block in copying.render(columns):
                copy.write(block)

    def finish(self, seconds: float, now: datetime) -> None:
        """Write tallies and totals; the batch is loaded."""
        self._findings.flush()
        self._held.flush()
        with self._connection.cursor() as cursor:
            for month, (new, updated, unchanged, unlinked, late) in sorted(self._months.items()):
                rows = new + updated + unchanged
                cursor.execute(
                    _TALLY, [self._batch, self._region, month, rows, new, updated, unchanged, 0, 0, unlinked, late]
                )
            if self.doubtful or self.duplicates:
                rows = self.doubtful + self.duplicates
                cursor.execute(
                    _TALLY, [self._batch, self._region, "", rows, 0, 0, 0, self.doubtful, self.duplicates, 0, 0]
                )
            for (rule, level), count in sorted(self._rules.items()):
                cursor.execute(
                    "INSERT INTO collection_ruletally (batch_id, rule, level, count) VALUES (%s, %s, %s, %s)",
                    [self._batch, rule, level, count],
                )
            cursor.execute(
                _TOTALS,
                [
                    self.rows,
                    self.new,
                    self.updated,
                    self.unchanged,
                    self.doubtful,
                    self.duplicates,
                    self.unlinked,
                    seconds,
                    now,
                    self._batch,
                ],
            )


class _Gathered:
    """Tables kept until they are worth a statement of their own."""

    def __init__(self, write: Callable[[pl.DataFrame], None]) -> None:
        self._write = write
        self._waiting: list[pl.DataFrame] = []
        self._bytes = 0

    def add(self, table: pl.DataFrame) -> None:
        """One more table."""
        if table.height:
            self._waiting.append(table)
            self._bytes += int(table.estimated_size())
        if self._bytes > _GATHERED_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            self._write(pl.concat(self._waiting))
        self._waiting, self._bytes = [], 0


def _held(rows: Accepted, numbers: Sequence[int]) -> pl.DataFrame:
    """The content of some rows (their numbers in the file), as held rows are kept."""
    texts, row_numbers = rows.texts, rows.fact("row_no")
    chosen = np.flatnonzero(np.isin(row_numbers, numbers))
    payload, personal = texts.place("payload"), texts.place("personal")
    raw = [
        f'{{"row":{texts.text(payload, row)},"personal":{texts.text(personal, row) or "{}"}}}'
        for row in chosen.tolist()
    ]
    return pl.DataFrame({"row_no": row_numbers[chosen], "duplicate": [False] * len(raw), "raw": raw}, schema=DOUBTFUL)


_TALLY = """
INSERT INTO collection_tally (batch_id, region, event_month, rows, new, updated, unchanged, doubtful, duplicates,
                              unlinked, late)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_TOTALS = """
UPDATE collection_batch SET state = 'loaded', rows = %s, new = %s, updated = %s, unchanged = %s, doubtful = %s,
    duplicates = %s, unlinked = %s, seconds = %s, finished_at = %s WHERE id = %s
"""
