"""The driver beneath Django's connection: prepared look-ups; and connections of its own beside it, for COPY and locks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString

import psycopg
from django.db import connection
from psycopg.types.string import ByteaBinaryLoader

_PREPARE_AFTER = 5
PLANNED_ONCE: LiteralString = "set_config('plan_cache_mode', 'force_generic_plan', true)"
"""Part of a statement: until the transaction ends a prepared statement is not planned anew for its values. Left to itself
the server does so each time, taking a list for longer than it is: half a millisecond for the partitions of the store."""


def fetch(statement: LiteralString, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
    """All rows of a statement that is asked again and again, in Django's transaction and role.

    The connection keeps it prepared, so Django does not build it anew; nor does the server plan it anew in a transaction
    that says `PLANNED_ONCE`. For look-ups by key. Placeholders are `%s`; a list is one value (`= ANY(%s)`).
    """
    with connection.wrap_database_errors, psycopg.Cursor(_driver()) as cursor:
        return cursor.execute(statement, values, prepare=True).fetchall()


def fetch_raw(statement: LiteralString, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
    """The same with each value as the server sends it in binary form: bytes, or None for NULL. For many rows that are
    looked at column by column; knows text, bytea, uuid, int2, int4 and date."""
    with connection.wrap_database_errors, psycopg.Cursor(_driver()) as cursor:
        for kind in _RAW_KINDS:
            cursor.adapters.register_loader(kind, ByteaBinaryLoader)
        return cursor.execute(statement, values, prepare=True, binary=True).fetchall()


_RAW_KINDS = ("text", "uuid", "int2", "int4", "date")


def _driver() -> psycopg.Connection[Any]:
    connection.close_if_health_check_failed()  # as Django's own cursors do: one that broke since the last request is replaced
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    if raw.prepare_threshold is None:  # Django turns preparing off; its own cursors never prepare in any case
        raw.prepare_threshold = _PREPARE_AFTER
    return raw


@contextmanager
def bulk_transaction() -> Iterator[psycopg.Connection]:
    """One transaction on a fresh connection to the same database, in the same role; rolled back on any error."""
    parameters = connection.get_connection_params()
    parameters.pop("context", None)
    parameters.pop("cursor_factory", None)
    with psycopg.connect(**parameters) as bulk:
        yield bulk


_BUT_INDEXES = ("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "enable_bitmapscan", "enable_material", "jit")
_INDEXES = ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan", "jit")


@contextmanager
def looking_up(cursor: psycopg.Cursor) -> Iterator[None]:
    """For the block, join by looking up each row in an index.

    Rows of a transaction under way are in no statistics: left to itself the planner takes full tables for empty ones
    and reads them once for every row. Compilation goes off too: ruling plans out looks expensive, which would start it.
    """
    _switch(cursor, _BUT_INDEXES, "off")
    yield
    _switch(cursor, _BUT_INDEXES, "on")


@contextmanager
def reading_through(cursor: psycopg.Cursor) -> Iterator[None]:
    """For the block, read tables from end to end, whatever the statistics say."""
    _switch(cursor, _INDEXES, "off")
    yield
    _switch(cursor, _INDEXES, "on")


def _switch(cursor: psycopg.Cursor, plans: Sequence[str], state: str) -> None:
    settings = ", ".join(f"set_config('{plan}', '{state}', true)" for plan in plans)
    cursor.execute(f"SELECT {settings}".encode())


@contextmanager
def own_connection() -> Iterator[psycopg.Connection]:
    """A fresh connection to the same database, in the same role, without a transaction until one is begun."""
    parameters = connection.get_connection_params()
    parameters.pop("context", None)
    parameters.pop("cursor_factory", None)
    with psycopg.connect(**parameters, autocommit=True) as own:
        yield own


@contextmanager
def only_one(name: str) -> Iterator[bool]:
    """Whether nobody else is inside a block of this name, in any process; the server frees it when the process dies."""
    with own_connection() as watch:
        taken = watch.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name]).fetchone()
        try:
            yield taken == (True,)
        finally:  # at once: a closed connection keeps its locks until the server gets round to ending it
            with suppress(psycopg.Error):
                watch.execute("SELECT pg_advisory_unlock_all()")
