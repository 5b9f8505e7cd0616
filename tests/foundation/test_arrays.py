"""Array parameters made of NumPy columns are what the server makes of the same values one by one."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import numpy as np
import psycopg
import pytest

from xinshu.kernel.arrays import Dates, Uuids, Words, accept_arrays
from xinshu.kernel.assembly import Writer
from xinshu.kernel.database import looking_up


@pytest.fixture
def cursor(database):
    with psycopg.connect(database.conninfo) as connection, connection.cursor(binary=True) as cursor:
        accept_arrays(cursor)
        yield cursor


@pytest.mark.parametrize("count", [0, 1, 5_000])
def test_uuids_arrive(cursor, count):
    values = np.random.default_rng(count).integers(0, 256, (count, 16), dtype=np.uint8)
    (found,) = cursor.execute("SELECT %s", [Uuids(values)]).fetchone()
    assert found == [UUID(bytes=row.tobytes()) for row in values]


def test_dates_arrive(cursor):
    days = np.array([-719_162, -1, 0, 10_957, 20_635])
    (found,) = cursor.execute("SELECT %s", [Dates(days)]).fetchone()
    assert found == [date(1970, 1, 1) + timedelta(days=day) for day in days.tolist()]


@pytest.mark.parametrize(
    "texts", [[], [""], ["江苏", "", "a" * 70_000, '{"quoted", NULL}']], ids=["none", "empty", "several"]
)
def test_texts_arrive(cursor, texts):
    writer = Writer()
    written = writer.texts(texts)
    (found,) = cursor.execute("SELECT %s", [Words(writer.finished(), written.starts, written.sizes)]).fetchone()
    assert found == texts


def test_while_looking_up_joins_go_through_indexes_and_afterwards_as_before(cursor):
    def settings():
        names = "enable_hashjoin", "enable_seqscan", "jit"
        return [cursor.execute("SELECT current_setting(%s)", [name]).fetchone()[0] for name in names]

    with looking_up(cursor):
        assert settings() == ["off", "off", "off"]
    assert settings() == ["on", "on", "on"]
