"""What the store already has under the keys of a chunk, asked in whole columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import sql

from xinshu.kernel import packing
from xinshu.kernel.database import looking_up
from xinshu.records.chunk import NO_DAY, Chunk, Digested, Mask
from xinshu.records.domain import DIGEST_BYTES, LoadContext

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
    item, batch = sql.Literal(context.item_id), sql.Literal(context.batch_id)
    with connection.cursor(binary=True) as cursor:
        _lay_out(cursor, chunk)
        with looking_up(cursor):
            with cursor.copy(_KNOWN.format(item=item)) as copy:
                answer = b"".join(copy)
            found = np.frombuffer(answer[len(packing.HEADER) : -len(packing.TRAILER)], dtype=_ANSWER)
            rows = found["ordinal"].astype(np.int64)
            stored.states[rows] = np.where(found["same"], UNCHANGED, CHANGED)
            stored.ids[rows] = found["id"]
            stored.linked[rows] = found["linked"]
            new = np.flatnonzero(stored.states == NEW).tolist()
            if new and context.item.roles.document_no is not None:
                for ordinal, payload in cursor.execute(_SIMILAR.format(item=item, batch=batch), [new]):
                    stored.similar.setdefault(ordinal, payload)
    return stored


def _lay_out(cursor: psycopg.Cursor, chunk: Chunk) -> None:
    """Put the keys into a temporary table, neighbours in the index beside each other."""
    cursor.execute(
        "CREATE TEMP TABLE IF NOT EXISTS loading_keys (ordinal int, counterpart uuid, key_hash uuid,"
        " content_hash uuid, event_date date, authority text) ON COMMIT DROP"
    )
    cursor.execute("TRUNCATE loading_keys")
    rows = chunk.in_key_order(np.arange(chunk.height, dtype=np.int64))
    stream = packing.pack(
        (
            packing.integers(rows),
            packing.fixed(chunk.counterparts[rows]),
            packing.fixed(chunk.keys[rows]),
            packing.fixed(chunk.contents[rows]),
            packing.days(chunk.days[rows], chunk.days[rows] == NO_DAY),
            chunk.column(rows, "authority_code"),
        )
    )
    with cursor.copy("COPY loading_keys FROM STDIN (FORMAT binary)") as copy:
        for block in packing.blocks(stream):
            copy.write(block)
    cursor.execute("ANALYZE loading_keys")


# A row of the binary answer: number of fields, then each field after its length; all are of fixed width, none is NULL.
_ANSWER = np.dtype(
    [
        ("fields", ">i2"),
        ("size_1", ">i4"),
        ("ordinal", ">i4"),
        ("size_2", ">i4"),
        ("id", np.uint8, DIGEST_BYTES),
        ("size_3", ">i4"),
        ("same", np.bool_),
        ("size_4", ">i4"),
        ("linked", np.bool_),
    ]
)
_KNOWN = sql.SQL(
    """
COPY (SELECT k.ordinal, r.id, r.content_hash = k.content_hash, r.subject_id IS NOT NULL
      FROM loading_keys k
      JOIN records_record r ON r.counterpart = k.counterpart AND r.item_id = {item} AND r.key_hash = k.key_hash)
TO STDOUT (FORMAT binary)
"""
)
_SIMILAR = sql.SQL(
    """
SELECT k.ordinal, r.payload FROM loading_keys k
JOIN records_record r ON r.counterpart = k.counterpart AND r.item_id = {item}
 AND r.event_date = k.event_date AND r.authority = k.authority
WHERE k.ordinal = ANY(%s) AND k.authority <> '' AND r.batch_id <> {batch} AND r.key_hash <> k.key_hash
"""
)
