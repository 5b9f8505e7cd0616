"""Waiting records are looked up from the end that costs little, whatever the planner knows of the store."""

from __future__ import annotations

import numpy as np
import psycopg
import pytest

from xinshu.kernel.arrays import Uuids, accept_arrays
from xinshu.kernel.database import looking_up
from xinshu.records.linking import _WAITING

_MANY = """
INSERT INTO records_record (counterpart, item_id, key_hash, id, first_received_at, content_hash, batch_id, row_no, supplier,
                            authority, received_at, marks, payload)
SELECT gen_random_uuid(), 1, gen_random_uuid(), gen_random_uuid(), now(), gen_random_uuid(), 1, n, '', '', now(), 0, ''
FROM generate_series(1, 20000) n
"""


@pytest.fixture
def cursor(database):
    """In a store of waiting records of which the planner knows nothing."""
    with psycopg.connect(database.conninfo) as connection, connection.cursor() as cursor, looking_up(cursor):
        cursor.execute(_MANY)
        accept_arrays(cursor)
        yield cursor
        connection.rollback()


def test_without_statistics_waiting_records_are_found_by_their_counterpart(cursor):
    keys = Uuids(np.random.default_rng(1).integers(0, 256, (100, 16), dtype=np.uint8))
    plan = [line for (line,) in cursor.execute(f"EXPLAIN {_WAITING}", [keys]).fetchall()]
    scans = [line for line in plan if "records_record" in line and "Scan" in line]
    assert len(scans) == 16
    assert all("counterpart_item_id_key_hash_idx" in line for line in scans), scans[:3]
