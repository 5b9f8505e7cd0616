"""The full path of a 25-column penalty file, against PostgreSQL's COPY and against itself at a tenth of the size."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import polars as pl
from psycopg import sql

from bench.lines import Line
from bench.memory import peak_of
from bench.store import Store, say, timed
from xinshu.catalogue.domain import ItemField

TENTH = 10
_BLOCK = 1 << 20
_TYPES = {"date": "date", "amount": "numeric", "number": "numeric"}
_MEBIBYTE = 1 << 20
_MEMORY_LIMIT = 700  # MB


def run(store: Store, rounds: int) -> list[Line]:
    """Speed of the path by turns with its limits, then its memory in a process of its own."""
    file, small = store.file(store.rows), store.file(store.rows // TENTH)
    plain, shuffled = PlainTable(store, file), store.shuffled()
    ours: list[float] = []
    tenth: list[float] = []
    text: list[float] = []
    binary: list[float] = []
    bare: list[float] = []
    for number in range(rounds):
        say(f"ingest, round {number + 1}")
        store.empty()
        tenth.append(timed(lambda: store.ingest(small)))
        store.empty()
        ours.append(timed(lambda: store.ingest(file)))
        if number == 0:
            again = timed(lambda: store.ingest(file))
            say("the same rows in another order")
            reorder = timed(lambda: store.ingest(shuffled))
            copies = [StoredRows(store, form) for form in ("text", "binary")]
        say(f"COPY, round {number + 1}")
        for copy, times in zip(copies, (text, binary), strict=True):
            times.append(copy.load())
        bare.append(plain.load())
    plain.drop()
    speed, stored = store.rows / median(ours), copies[0].count
    small_speed = store.rows // TENTH / median(tenth)
    return [
        Line("ingest", speed, "r/s", "COPY text, same table and live indexes", stored / median(text), 0.6),
        Line("ingest", speed, "r/s", "COPY binary, same", stored / median(binary), None),
        Line("ingest", speed, "r/s", "bare COPY, plain typed table", store.rows / median(bare), 0.2),
        Line(f"ingest of {store.rows:,}", speed, "r/s", f"of {store.rows // TENTH:,}", small_speed, 0.7),
        Line("same rows in another order", reorder, "s", "first ingest", ours[0], 2.0, higher_is_better=False),
        Line("identical file again", again, "s", "one second", 1.0, 1.0, higher_is_better=False),
        *_memory(store, small, file),
    ]


def _memory(store: Store, small: Path, file: Path) -> list[Line]:
    """Peaks of a process that ingests one file; the store is left with the rows of the large one."""
    peaks = []
    for path in (small, file):
        say(f"memory of ingesting {path.name}")
        store.empty()
        peaks.append(peak_of(store, path) / _MEBIBYTE)
    small_peak, peak = peaks
    name = f"peak memory, ingest of {store.rows:,}"
    return [
        Line(name, peak, "MB", f"of {store.rows // TENTH:,}, at most 1.5 x", small_peak, 1 / 1.5, False),
        Line(name, peak, "MB", f"{_MEMORY_LIMIT} MB", _MEMORY_LIMIT, 1.0, False),
    ]


class StoredRows:
    """The rows an ingest stored, in file order, to be copied into the emptied table with its live indexes."""

    def __init__(self, store: Store, form: str) -> None:
        self._store, self._form = store, form
        self._file = store.folder / f"rows.{form}"
        with store.database() as connection:
            row = connection.execute("SELECT id FROM catalogue_item WHERE item = %s", [store.item.item]).fetchone()
            query = sql.SQL(
                "COPY (SELECT * FROM records_record WHERE item_id = {} ORDER BY row_no) TO STDOUT (FORMAT {})"
            )
            ordered = query.format(sql.Literal(row[0] if row else 0), sql.SQL(form))
            with self._file.open("wb") as out, connection.cursor().copy(ordered) as copy:
                for block in copy:
                    out.write(block)
            count = connection.execute("SELECT count(*) FROM records_record").fetchone()
            self.count: int = count[0] if count else 0

    def load(self) -> float:
        """Seconds of one COPY."""
        return _copy(self._store, self._file, "records_record", f"FORMAT {self._form}")


class PlainTable:
    """The file's rows in a table of the same columns as text, date and numeric, without index."""

    def __init__(self, store: Store, file: Path) -> None:
        self._store, self._file = store, store.folder / "plain.csv"
        rows = pl.read_csv(file, infer_schema=False, truncate_ragged_lines=True)
        fields = {each.title: each for each in store.item.fields}
        shown = [fields[title] for title in rows.columns]
        rows.select(_typed(shown)).write_csv(self._file, include_header=False)
        columns = ", ".join(f'"{each.code}" {_TYPES.get(each.kind, "text")}' for each in shown)
        with store.database() as connection:
            connection.execute(f"CREATE TABLE bench_plain ({columns})".encode())

    def load(self) -> float:
        """Seconds of one COPY."""
        return _copy(self._store, self._file, "bench_plain", "FORMAT csv")

    def drop(self) -> None:
        """Leave nothing behind."""
        with self._store.database() as connection:
            connection.execute("DROP TABLE bench_plain")


def _typed(fields: Iterable[ItemField]) -> Iterable[pl.Expr]:
    """Cells as their column takes them; what is no date or number is left empty."""
    for each in fields:
        cell = pl.col(each.title)
        match _TYPES.get(each.kind, "text"):
            case "date":
                yield cell.str.to_date("%Y-%m-%d", strict=False)
            case "numeric":
                yield cell.cast(pl.Decimal(18, 6), strict=False)
            case _:
                yield cell.str.replace_all("\0", "", literal=True)


def _copy(store: Store, file: Path, table: str, options: str) -> float:
    with store.database() as connection:
        connection.execute(f"TRUNCATE {table}".encode())
        connection.execute("CHECKPOINT")
        started = time.perf_counter()
        with (
            file.open("rb") as source,
            connection.cursor().copy(f"COPY {table} FROM STDIN ({options})".encode()) as copy,
        ):
            while block := source.read(_BLOCK):
                copy.write(block)
        return time.perf_counter() - started
