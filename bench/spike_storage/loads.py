"""Ways to bring a rendered file into `record`. Each returns named seconds; the caller has made the tables."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from forms import Form

Connection = psycopg.Connection[tuple[Any, ...]]
Seconds = dict[str, float]
CHUNK = 1 << 20
KEY = "(counterpart, item_id, key_hash)"
SAME = "r.counterpart = s.counterpart AND r.item_id = s.item_id AND r.key_hash = s.key_hash"
REPLACED = (
    "content_hash",
    "batch_id",
    "row_no",
    "publicity",
    "event_date",
    "public_from",
    "public_until",
    "sealed",
    "payload",
)


@contextmanager
def timed(into: Seconds, name: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    into[name] = into.get(name, 0.0) + time.perf_counter() - begin


def copy(c: Connection, table: str, columns: list[str], path: Path, options: str = "") -> None:
    """COPY the file at `path`, already in COPY's format, through the client protocol."""
    with (
        path.open("rb") as source,
        c.cursor() as cur,
        cur.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN {options}") as sink,
    ):
        while chunk := source.read(CHUNK):
            sink.write(chunk)


def direct(c: Connection, form: Form, path: Path, options: str = "") -> Seconds:
    """The yardstick: COPY straight into the live-indexed table."""
    out: Seconds = {}
    with timed(out, "total"), c.transaction():
        copy(c, "record", form.columns(), path, options)
    return out


def staged_copy(c: Connection, form: Form, path: Path, options: str = "") -> Seconds:
    out: Seconds = {}
    with timed(out, "copy"), c.transaction():
        copy(c, "staging", form.columns(), path, options)
    return out


def upsert(c: Connection, form: Form, *, order: str = "", settings: tuple[str, ...] = ()) -> Seconds:
    """One INSERT … SELECT … ON CONFLICT DO UPDATE WHERE the content differs."""
    names = ", ".join(form.columns())
    sets = ", ".join(f"{n} = EXCLUDED.{n}" for n in REPLACED if n in form.columns())
    sql = (
        f"INSERT INTO record AS r ({names}) SELECT {names} FROM staging s {order} "
        f"ON CONFLICT {KEY} DO UPDATE SET {sets}, received_at = now() WHERE r.content_hash IS DISTINCT FROM EXCLUDED.content_hash"
    )
    out: Seconds = {}
    with timed(out, "apply"), c.transaction():
        for setting in settings:
            c.execute(f"SET LOCAL {setting}")
        c.execute(sql)
    return out


def judged(
    c: Connection, form: Form, *, order: str = "", guard: str = "", analyze: bool = True, settings: tuple[str, ...] = ()
) -> Seconds:
    """Judge first (one join), then revision + UPDATE of the changed and INSERT of the new; the same are never touched."""
    names = ", ".join(form.columns())
    out: Seconds = {}
    with timed(out, "apply"), c.transaction():
        for setting in settings:
            c.execute(f"SET LOCAL {setting}")
        if analyze:
            with timed(out, "analyze"):
                c.execute("SET LOCAL default_statistics_target = 10")
                c.execute("ANALYZE staging (counterpart, item_id, key_hash)")
        with timed(out, "changed"):
            changed = (
                "CREATE TEMP TABLE changed ON COMMIT DROP AS SELECT s.ctid AS line, r.tableoid AS part, r.ctid AS place "
                f"FROM staging s JOIN record r ON {SAME} WHERE r.content_hash IS DISTINCT FROM s.content_hash"
            )
            if c.execute(changed).rowcount:
                c.execute(
                    "INSERT INTO revision SELECT r.counterpart, r.id, r.content_hash, r.batch_id, r.row_no, r.received_at, r.payload, "
                    f"r.sealed FROM changed x JOIN staging s ON s.ctid = x.line JOIN record r ON {SAME}"
                )
                sets = ", ".join(f"{n} = s.{n}" for n in REPLACED if n in form.columns())
                c.execute(
                    f"UPDATE record r SET {sets}, received_at = now() FROM changed x JOIN staging s ON s.ctid = x.line WHERE {SAME}"
                )
        with timed(out, "insert"):
            c.execute(
                f"INSERT INTO record ({names}) SELECT {names} FROM staging s "
                f"WHERE NOT EXISTS (SELECT FROM record r WHERE {SAME}) {order} {guard}"
            )
    return out


def keyed(c: Connection, form: Form, keys: Path, new: Path | None, changed: Path | None = None) -> Seconds:
    """Judge by keys alone; COPY the new (sorted by the client) into the table, the changed through staging. Binary files."""
    out: Seconds = {}
    with timed(out, "total"), c.transaction():
        c.execute(
            "CREATE TEMP TABLE k (counterpart uuid, key_hash uuid, content_hash uuid, item_id smallint, row_no int) ON COMMIT DROP"
        )
        with timed(out, "keys"):
            copy(c, "k", ["counterpart", "key_hash", "content_hash", "item_id", "row_no"], keys)
            c.execute("SET LOCAL default_statistics_target = 10")
            c.execute("ANALYZE k")
        with timed(out, "judge"):
            c.execute(f"SELECT s.row_no, r.content_hash = s.content_hash FROM k s JOIN record r ON {SAME}").fetchall()
        if new:
            with timed(out, "insert"):
                copy(c, "record", form.columns(), new, "(FORMAT binary)")
        if changed:
            with timed(out, "changed"):
                copy(c, "staging", form.columns(), changed, "(FORMAT binary)")
                c.execute("ANALYZE staging (counterpart, item_id, key_hash)")
                _revise(c, form)
    return out


def _revise(c: Connection, form: Form) -> None:
    """Keep the old content of every staged row as a revision, then overwrite it."""
    c.execute(
        "INSERT INTO revision SELECT r.counterpart, r.id, r.content_hash, r.batch_id, r.row_no, r.received_at, r.payload, r.sealed "
        f"FROM staging s JOIN record r ON {SAME}"
    )
    sets = ", ".join(f"{n} = s.{n}" for n in REPLACED if n in form.columns())
    c.execute(f"UPDATE record r SET {sets}, received_at = now() FROM staging s WHERE {SAME}")


def size(c: Connection) -> int:
    """Bytes on disk of `record` with indexes and TOAST, all partitions."""
    row = c.execute(
        "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname ~ '^record(_[0-9]+)?$' AND relkind = 'r'"
    ).fetchone()
    assert row is not None
    return int(row[0])
