"""Waiting records are looked up from the end that costs little, whatever the planner knows of the store."""

from __future__ import annotations

import numpy as np
import psycopg

from xinshu.kernel.arrays import Uuids, accept_arrays
from xinshu.kernel.database import looking_up
from xinshu.records.linking import _WAITING


def test_without_statistics_waiting_records_are_found_by_their_counterpart(database):
    keys = Uuids(np.random.default_rng(1).integers(0, 256, (100, 16), dtype=np.uint8))
    with psycopg.connect(database.conninfo) as connection, connection.cursor() as cursor, looking_up(cursor):
        accept_arrays(cursor)
        plan = [line for (line,) in cursor.execute(f"EXPLAIN {_WAITING}", [keys]).fetchall()]
    scans = [line for line in plan if "records_record" in line and "Scan" in line]
    assert len(scans) == 16
    assert all("counterpart_item_id_key_hash_idx" in line for line in scans)
