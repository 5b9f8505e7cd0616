"""Giving the sealed record out: an export that can be checked anywhere, and the proof of one row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

import psycopg

from xinshu.security.audit.errors import NothingSealed
from xinshu.security.audit.format import (
    EXPORT_FORMAT,
    HASHES,
    PROOF_FORMAT,
    ROW_COLUMNS,
    canonical,
    instant,
    leaf_of,
    path_to,
    row_text,
)
from xinshu.security.audit.sealer import leaves_of
from xinshu.security.crypto import Signer

_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds."""

    first_block: int
    last_block: int
    rows: int


def write_export(
    bulk: psycopg.Connection, target: TextIO, signer: Signer, now: datetime, first: int = 1, last: int | None = None
) -> Exported:
    """Write the sealed blocks of a range with their rows, stubs and signatures, and what the file holds, signed.

    Raises:
        NothingSealed: there is no such block.
    """
    bulk.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    heads = bulk.execute(
        "SELECT number, first_seq, last_seq, head, signature FROM security_audit_block"
        " WHERE number >= %s AND (%s::bigint IS NULL OR number <= %s) ORDER BY number",
        [first, last, last],
    ).fetchall()
    if not heads:
        raise NothingSealed
    statement = canonical(
        {
            "first_block": heads[0][0],
            "format": EXPORT_FORMAT,
            "last_block": heads[-1][0],
            "written_at": instant(now),
        }
    )
    target.write(f"{EXPORT_FORMAT}\t{statement}\t{signer.sign(statement.encode())}\n")
    for said, signature in bulk.execute(
        "SELECT statement, signature FROM security_audit_stub WHERE last_block >= %s AND first_block <= %s"
        " ORDER BY first_block",
        [heads[0][0], heads[-1][0]],
    ):
        target.write(f"S\t{said}\t{signature}\n")
    count, rows = 0, _rows(bulk, heads[0][1], heads[-1][2])
    held = next(rows, None)
    for number, _, last_seq, head, signature in heads:
        target.write(f"B\t{number}\t{head}\t{signature}\n")
        while held is not None and held[0] <= last_seq:
            seq, entry, chain, *values = held
            target.write(f"R\t{seq}\t{entry}\t{chain.hex()}\t{row_text(seq, values)}\n")
            count, held = count + 1, next(rows, None)
    return Exported(heads[0][0], heads[-1][0], count)


def prove(bulk: psycopg.Connection, seq: int) -> str:
    """The proof that a row stands in the sealed record, as JSON.

    Raises:
        NothingSealed: no row has that number.
    """
    found = bulk.execute(
        f"SELECT b.number, b.first_seq, b.head, b.signature, {ROW_COLUMNS} FROM security_audit_link l"
        " JOIN security_audit_entry e ON e.id = l.entry_id JOIN security_audit_block b ON b.number = l.block"
        " WHERE l.seq = %s",
        [seq],
    ).fetchone()
    if found is None:
        raise NothingSealed
    number, first, head, signature, *values = found
    hash_name = json.loads(head)["hash"]
    packed = leaves_of(bulk, number, hash_name)
    size = len(leaf_of(b"", HASHES[hash_name]))
    leaves = [packed[at : at + size] for at in range(0, len(packed), size)]
    proof = {
        "format": PROOF_FORMAT,
        "row": row_text(seq, values),
        "path": path_to(leaves, seq - first, HASHES[hash_name]),
        "head": head,
        "signature": signature,
    }
    return json.dumps(proof, ensure_ascii=False, indent=2) + "\n"


def _rows(bulk: psycopg.Connection, first: int, last: int) -> Iterator[tuple[int, int, bytes, object]]:
    with bulk.cursor("audit_export") as stream:
        stream.itersize = _AT_ONCE
        stream.execute(
            f"SELECT l.seq, l.entry_id, l.chain, {ROW_COLUMNS} FROM security_audit_link l"
            " JOIN security_audit_entry e ON e.id = l.entry_id WHERE l.seq BETWEEN %s AND %s ORDER BY l.seq",
            [first, last],
        )
        yield from stream
