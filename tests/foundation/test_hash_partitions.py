"""A row is expected in the partition where the server puts it."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import psycopg
import pytest

from xinshu.kernel.hash_partitions import partition_of


@pytest.mark.parametrize("partitions", [1, 16, 7])
def test_the_server_puts_rows_where_they_are_expected(database, partitions):
    keys = np.random.default_rng(1).integers(0, 256, (1_000, 16), dtype=np.uint8)
    keys[0], keys[1] = 0, 255
    with psycopg.connect(database.conninfo) as connection:
        connection.execute("CREATE TEMP TABLE parted (key uuid) PARTITION BY HASH (key)")
        for each in range(partitions):
            connection.execute(
                f"CREATE TEMP TABLE parted_{each} PARTITION OF parted"
                f" FOR VALUES WITH (MODULUS {partitions}, REMAINDER {each})"
            )
        connection.cursor().executemany(
            "INSERT INTO parted VALUES (%s)", [(UUID(bytes=each.tobytes()),) for each in keys]
        )
        put = dict(connection.execute("SELECT key, tableoid::regclass::text FROM parted").fetchall())
    expected = [f"parted_{each}" for each in partition_of(keys, partitions).tolist()]
    assert [put[UUID(bytes=each.tobytes())] for each in keys] == expected


def test_no_rows():
    assert partition_of(np.zeros((0, 16), dtype=np.uint8), 16).tolist() == []
