"""What the store already has under the keys of a chunk, asked in whole columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import psycopg

from xinshu.kernel.arrays import Dates, Uuids, accept_arrays
from xinshu.kernel.database import looking_up, reading_through
from xinshu.kernel.digest_table import DigestTable
from xinshu.records.chunk import Chunk, Digested, Mask
from xinshu.records.domain import DIGEST_BYTES, NO_DAY, LoadContext

NEW, CHANGED, UNCHANGED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Stored:
    """For each row of a chunk its state, the id of the stored record and whether that is linked (both without meaning
    for a new row); and {row: payload of a similar record} for new ones."""

    states: npt.NDArray[np.int8]
    ids: Digested
    linked: Mask
    similar: dict[int, str]

    @classmethod
    def nothing(cls, rows: int) -> Stored:
        """All rows are new."""
        ids = np.zeros((rows, DIGEST_BYTES), dtype=np.uint8)
        return cls(np.full(rows, NEW, dtype=np.int8), ids, np.zeros(rows, dtype=np.bool_), {})


class Known:
    """Answers for one batch. Made while the item's lock is held, so that nobody else adds to what it has.

    A file of the size of what is stored (a stock sent again) is not asked about chunk by chunk: what the item has is
    read once and kept as digests.
    """

    def __init__(self, connection: psycopg.Connection, context: LoadContext) -> None:
        self._connection, self._context = connection, context
        self._everything: _Everything | None = None
        anything = "SELECT 1 FROM records_record WHERE item_id = %s LIMIT 1"
        # Keys are unique within a batch, so nothing can be found by the first one of an item.
        self._nothing = connection.execute(anything, [context.item_id]).fetchone() is None
        (stored,) = connection.execute(_STORED_BYTES).fetchone() or (0,)
        self._to_read = stored <= _READ_AT_ONCE * context.file_bytes

    def of(self, chunk: Chunk) -> Stored:
        """The verdict of the store on every row of a chunk."""
        stored = Stored.nothing(chunk.height)
        if self._nothing:
            return stored
        with self._connection.cursor(binary=True) as cursor:
            accept_arrays(cursor)
            if self._to_read:
                self._everything, self._to_read = self._read(cursor), False
            if self._everything is None:
                _look_up(cursor, self._context, chunk, stored)
            else:
                self._everything.judge(chunk, stored)
            if self._context.item.roles.document_no is not None:
                _find_similar(cursor, self._context, chunk, stored)
        return stored

    def _read(self, cursor: psycopg.Cursor) -> _Everything | None:
        """All the item has; None when that is too much to be kept."""
        with reading_through(cursor):
            parts = cursor.execute(_EVERYTHING, [self._context.item_id, _MOST_KEPT + 1]).fetchall()
        records = np.frombuffer(b"".join(part for (part,) in parts), dtype=_RECORD)
        return None if len(records) > _MOST_KEPT else _Everything(DigestTable.of(records["key"]), records)


@dataclass(frozen=True, slots=True)
class _Everything:
    """The records of an item, found by the digests of counterpart and key."""

    table: DigestTable
    records: npt.NDArray[np.void]

    def judge(self, chunk: Chunk, stored: Stored) -> None:
        """Put the verdicts on a chunk into `stored`."""
        places = self.table.find(np.concatenate([chunk.counterparts, chunk.keys], axis=1))
        rows = np.flatnonzero(places >= 0)
        found = self.records[places[rows]]
        same = (found["content"] == chunk.contents[rows]).all(axis=1)
        stored.states[rows] = np.where(same, UNCHANGED, CHANGED)
        stored.ids[rows] = found["id"]
        stored.linked[rows] = found["linked"]


def _look_up(cursor: psycopg.Cursor, context: LoadContext, chunk: Chunk, stored: Stored) -> None:
    """Ask for each key of a chunk; put the verdicts into `stored`."""
    order = chunk.in_key_order(np.arange(chunk.height, dtype=np.int64))  # neighbours in the index beside each other
    keys = [Uuids(each[order]) for each in (chunk.counterparts, chunk.keys, chunk.contents)]
    with looking_up(cursor):
        row = cursor.execute(_KNOWN, [*keys, context.item_id], prepare=True).fetchone()
    found = np.frombuffer((row and row[0]) or b"", dtype=_ANSWER)
    rows = order[found["ordinal"].astype(np.int64) - 1]
    stored.states[rows] = np.where(found["same"], UNCHANGED, CHANGED)
    stored.ids[rows] = found["id"]
    stored.linked[rows] = found["linked"]


def _find_similar(cursor: psycopg.Cursor, context: LoadContext, chunk: Chunk, stored: Stored) -> None:
    """Ask for records of the same day, authority and counterpart beside the new rows."""
    new = np.flatnonzero((stored.states == NEW) & (chunk.days != NO_DAY))
    authorities = [chunk.text(row, "authority_code") for row in new.tolist()]
    rows = new[[bool(each) for each in authorities]]
    if not len(rows):
        return
    keys = [Uuids(each[rows]) for each in (chunk.counterparts, chunk.keys)]
    named = [each for each in authorities if each]
    values = [*keys, Dates(chunk.days[rows]), named, context.item_id, context.batch_id]
    with looking_up(cursor):
        found = cursor.execute(_SIMILAR, values, prepare=True).fetchall()
    for ordinal, payload in found:
        stored.similar.setdefault(int(rows[ordinal - 1]), payload)


_READ_AT_ONCE = (
    5  # bytes of the store for one of the file: about where reading all costs as much as asking for each row
)
_MOST_KEPT = 1_000_000  # records, 110 bytes each
_STORED_BYTES = """
SELECT coalesce(sum(pg_relation_size(inhrelid)), 0)::bigint FROM pg_inherits WHERE inhparent = 'records_record'::regclass
"""
_EVERYTHING = """
SELECT string_agg(uuid_send(counterpart) || uuid_send(key_hash) || uuid_send(content_hash) || uuid_send(id)
                  || boolsend(subject_id IS NOT NULL), ''::bytea)
FROM (SELECT tableoid AS part, counterpart, key_hash, content_hash, id, subject_id FROM records_record
      WHERE item_id = %s LIMIT %s) stored
GROUP BY part
"""
_RECORD = np.dtype(
    [
        ("key", np.uint8, 2 * DIGEST_BYTES),
        ("content", np.uint8, DIGEST_BYTES),
        ("id", np.uint8, DIGEST_BYTES),
        ("linked", np.bool_),
    ]
)
_ANSWER = np.dtype([("ordinal", ">i4"), ("id", np.uint8, DIGEST_BYTES), ("same", np.bool_), ("linked", np.bool_)])
# One value for all rows found, so that nothing has to be made of each of them here. OFFSET 0 keeps the planner, whose
# statistics may be of an empty table, from reading all records and looking for each among the keys.
_KNOWN = """
SELECT string_agg(int4send(k.ordinal::int) || uuid_send(r.id) || boolsend(r.content_hash = k.content_hash)
                  || boolsend(r.linked), ''::bytea)
FROM unnest(%s, %s, %s) WITH ORDINALITY k (counterpart, key_hash, content_hash, ordinal)
CROSS JOIN LATERAL (
    SELECT id, content_hash, subject_id IS NOT NULL AS linked FROM records_record
    WHERE counterpart = k.counterpart AND item_id = %s AND key_hash = k.key_hash OFFSET 0) r
"""
_SIMILAR = """
SELECT k.ordinal, r.payload
FROM unnest(%s, %s, %s, %s::text[]) WITH ORDINALITY k (counterpart, key_hash, event_date, authority, ordinal)
CROSS JOIN LATERAL (
    SELECT payload FROM records_record
    WHERE counterpart = k.counterpart AND item_id = %s AND event_date = k.event_date AND authority = k.authority
      AND batch_id <> %s AND key_hash <> k.key_hash OFFSET 0) r
"""
