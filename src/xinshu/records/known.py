"""What the store already has under the keys of a chunk, asked in whole columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import psycopg

from xinshu.kernel.arrays import Dates, Uuids, accept_arrays
from xinshu.kernel.database import looking_up
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


def ask(connection: psycopg.Connection, context: LoadContext, chunk: Chunk) -> Stored:
    """The verdict of the store on every row of a chunk."""
    stored = Stored.nothing(chunk.height)
    order = chunk.in_key_order(np.arange(chunk.height, dtype=np.int64))  # neighbours in the index beside each other
    keys = [Uuids(each[order]) for each in (chunk.counterparts, chunk.keys, chunk.contents)]
    with connection.cursor(binary=True) as cursor, looking_up(cursor):
        accept_arrays(cursor)
        row = cursor.execute(_KNOWN, [*keys, context.item_id], prepare=True).fetchone()
        found = np.frombuffer((row and row[0]) or b"", dtype=_ANSWER)
        rows = order[found["ordinal"].astype(np.int64) - 1]
        stored.states[rows] = np.where(found["same"], UNCHANGED, CHANGED)
        stored.ids[rows] = found["id"]
        stored.linked[rows] = found["linked"]
        if context.item.roles.document_no is not None:
            _find_similar(cursor, context, chunk, stored)
    return stored


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
    for ordinal, payload in cursor.execute(_SIMILAR, values, prepare=True):
        stored.similar.setdefault(int(rows[ordinal - 1]), payload)


_ANSWER = np.dtype([("ordinal", ">i4"), ("id", np.uint8, DIGEST_BYTES), ("same", np.bool_), ("linked", np.bool_)])
# One value for all rows found, so that nothing has to be made of each of them here.
_KNOWN = """
SELECT string_agg(int4send(k.ordinal::int) || uuid_send(r.id) || boolsend(r.content_hash = k.content_hash)
                  || boolsend(r.subject_id IS NOT NULL), ''::bytea)
FROM unnest(%s, %s, %s) WITH ORDINALITY k (counterpart, key_hash, content_hash, ordinal)
JOIN records_record r ON r.counterpart = k.counterpart AND r.item_id = %s AND r.key_hash = k.key_hash
"""
_SIMILAR = """
SELECT k.ordinal, r.payload
FROM unnest(%s, %s, %s, %s::text[]) WITH ORDINALITY k (counterpart, key_hash, event_date, authority, ordinal)
JOIN records_record r ON r.counterpart = k.counterpart AND r.item_id = %s
 AND r.event_date = k.event_date AND r.authority = k.authority
WHERE r.batch_id <> %s AND r.key_hash <> k.key_hash
"""
