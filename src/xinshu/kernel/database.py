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
