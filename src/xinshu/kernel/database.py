"""A connection of the driver's own beside Django's: server-side binding, binary results, COPY."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection


@contextmanager
def bulk_transaction() -> Iterator[psycopg.Connection]:
    """One transaction on a fresh connection to the same database, in the same role; rolled back on any error."""
    parameters = connection.get_connection_params()
    parameters.pop("context", None)
    parameters.pop("cursor_factory", None)
    with psycopg.connect(**parameters) as bulk:
        yield bulk


_OTHER_PLANS = ("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "enable_bitmapscan", "enable_material", "jit")


@contextmanager
def looking_up(cursor: psycopg.Cursor) -> Iterator[None]:
    """For the block, join by looking up each row in an index.

    Rows of a transaction under way are in no statistics: left to itself the planner takes full tables for empty ones
    and reads them once for every row. Compilation goes off too: ruling plans out looks expensive, which would start it.
    """
    for plan in _OTHER_PLANS:
        cursor.execute(f"SET LOCAL {plan} = off")
    yield
    for plan in _OTHER_PLANS:
        cursor.execute(f"SET LOCAL {plan} = on")


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
        yield taken == (True,)
