"""Sealing: committed entries get their places in the chain, in blocks with signed heads that are kept outside as well.

The order is given here, under a lock, not when an entry is written: whoever commits late comes into a later block, and
numbers of rolled-back transactions are no gaps in the chain. An entry is due while no link names it. To find those due
without reading the whole table, a pass remembers the oldest transaction that was under way when it began: everything
of older ones was visible to it, and is sealed. A thorough pass looks at all entries (after a restore, transactions count
from another number).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from xinshu.kernel.database import bulk_transaction, only_one
from xinshu.kernel.settings import Settings
from xinshu.security.audit.anchors import Anchor, AnchorStore
from xinshu.security.audit.format import (
    BEGINNING,
    HASHES,
    ROW_COLUMNS,
    Head,
    chained,
    leaf_of,
    root_of,
    row_text,
)
from xinshu.security.crypto import Signer, Suite, signer

BLOCK_ROWS = 1_000
_AT_ONCE = 10  # blocks in a transaction
_LOCK = "xinshu.audit.sealer"

_DUE = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, min(e.id + 0), max(e.id + 0)
FROM security_audit_entry e
WHERE e.xact >= (SELECT CASE WHEN %s OR settled_xact > pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                             THEN 0 ELSE settled_xact END FROM security_audit_watch)
"""  # + 0: the bounds come from the index on xact, not from reading the primary key until something fits
_ROWS = f"""
SELECT {ROW_COLUMNS} FROM security_audit_entry e
WHERE e.id BETWEEN %s AND %s AND NOT EXISTS (SELECT FROM security_audit_link l WHERE l.entry_id = e.id)
ORDER BY e.id LIMIT %s
"""
_BLOCK = """
INSERT INTO security_audit_block (number, first_seq, last_seq, sealed_at, head, signature) VALUES (%s, %s, %s, %s, %s, %s)
"""
_ID = 8  # where `ROW_COLUMNS` has the entry's number


@dataclass(frozen=True, slots=True)
class Sealer:
    """What sealing needs. `stale_after`: how long a pass is good for."""

    signer: Signer
    anchors: AnchorStore
    stale_after: timedelta
    hash_name: str = "sm3"
    block_rows: int = BLOCK_ROWS

    @classmethod
    def of(cls, settings: Settings) -> Sealer:
        """Of an installation: key of purpose `audit`, made at the first call. Raises KeyringUnusable."""
        return cls(
            signer(settings.home, "audit"),
            AnchorStore(settings.audit_anchors),
            timedelta(minutes=settings.audit_stale_minutes),
            Suite(settings.crypto_suite).hash.value,
        )


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a pass did."""

    rows: int
    blocks: int
    anchored: int


@dataclass(frozen=True, slots=True)
class _Tip:
    """The end of the chain."""

    block: int = 0
    seq: int = 0
    chain: bytes = BEGINNING
    head: str = ""
    hash_name: str = "sm3"

    def digest(self) -> bytes:
        """Of the head, by the block's own hash."""
        return HASHES[self.hash_name](self.head.encode()) if self.head else BEGINNING


def seal(sealer: Sealer, now: datetime, *, thorough: bool = False) -> Sealed | None:
    """Seal and anchor everything committed before the call; only then the record counts as anchored at `now`.

    Returns:
        None when another process is at it.
    Raises:
        AnchorFailed: sealed, but not kept outside; the next pass tries again. Any error: nothing counts as anchored.
    """
    with only_one(_LOCK) as alone:
        if not alone:
            return None
        sealer.anchors.prepare()
        with bulk_transaction() as bulk:
            found = bulk.execute(_DUE, [thorough]).fetchone()
        settled, first, last = found or (0, None, None)
        rows, anchors = 0, []
        while first is not None and first <= last:
            with bulk_transaction() as bulk:
                batch = bulk.execute(_ROWS, [first, last, sealer.block_rows * _AT_ONCE]).fetchall()
                made = _seal_batch(bulk, sealer, batch, now)
            rows += len(batch)
            _keep(sealer, made)
            anchors += [each.block for each in made]
            first = batch[-1][_ID] + 1 if len(batch) == sealer.block_rows * _AT_ONCE else None
        again = _catch_up(sealer)
        with bulk_transaction() as bulk:
            bulk.execute(
                "UPDATE security_audit_watch SET checked_at = %s, fresh_until = %s, settled_xact = %s",
                [now, now + sealer.stale_after, settled],
            )
    return Sealed(rows, len(anchors), len(anchors) + again)


def _seal_batch(
    bulk: psycopg.Connection, sealer: Sealer, rows: Sequence[tuple[str | int, ...]], now: datetime
) -> list[Anchor]:
    tip, made = _tip(bulk), []
    for start in range(0, len(rows), sealer.block_rows):
        tip, anchor, links = _seal_block(tip, rows[start : start + sealer.block_rows], sealer, now)
        made.append(anchor)
        with bulk.cursor() as cursor:
            cursor.execute(_BLOCK, [tip.block, links[0][0], tip.seq, now, anchor.head, anchor.signature])
            _copy_links(cursor, links)
    return made


def _seal_block(
    tip: _Tip, rows: Sequence[tuple[str | int, ...]], sealer: Sealer, now: datetime
) -> tuple[_Tip, Anchor, list[tuple[int, int, int, bytes]]]:
    """A block of rows after the tip: the new tip, its anchor, and the links (seq, entry, block, chain)."""
    digest, block, chain = HASHES[sealer.hash_name], tip.block + 1, tip.chain
    leaves, links = [], []
    for seq, values in enumerate(rows, start=tip.seq + 1):
        leaf = leaf_of(row_text(seq, values).encode(), digest)
        chain = chained(chain, leaf, digest)
        leaves.append(leaf)
        links.append((seq, int(values[_ID]), block, chain))
    last = tip.seq + len(rows)
    head = Head(
        block,
        tip.seq + 1,
        last,
        tip.chain,
        chain,
        root_of(leaves, digest),
        tip.digest(),
        now,
        sealer.hash_name,
    ).text()
    signature = str(sealer.signer.sign(head.encode()))
    return _Tip(block, last, chain, head, sealer.hash_name), Anchor(block, head, signature, b"".join(leaves)), links


def _copy_links(cursor: psycopg.Cursor, links: Iterable[tuple[int, int, int, bytes]]) -> None:
    with cursor.copy("COPY security_audit_link (seq, entry_id, block, chain) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int8", "int8", "int8", "bytea"])
        for each in links:
            copy.write_row(each)


def _tip(bulk: psycopg.Connection) -> _Tip:
    found = bulk.execute(
        "SELECT b.number, b.last_seq, b.head::json ->> 'after', b.head, b.head::json ->> 'hash'"
        " FROM security_audit_block b ORDER BY number DESC LIMIT 1"
    ).fetchone()
    return _Tip() if found is None else _Tip(found[0], found[1], bytes.fromhex(found[2]), *found[3:])


def _keep(sealer: Sealer, made: Sequence[Anchor]) -> None:
    """Anchors of blocks just sealed; the mark moves only over blocks all of whose forerunners are kept."""
    if not made:
        return
    with bulk_transaction() as bulk:
        anchored = _anchored(bulk)
    if anchored + 1 != made[0].block:
        return  # earlier ones come first: see _catch_up
    for each in made:
        sealer.anchors.keep(each)
    _mark(made[-1].block)


def _catch_up(sealer: Sealer) -> int:
    """Keep the heads a broken pass left behind, and read the last one back. Returns how many."""
    with bulk_transaction() as bulk:
        anchored = _anchored(bulk)
        behind = bulk.execute(
            "SELECT number, head, signature FROM security_audit_block WHERE number >= %s ORDER BY number", [anchored]
        ).fetchall()
        for number, head, signature in behind:
            if number <= anchored:
                sealer.anchors.require(number, head, signature)
            else:
                sealer.anchors.keep(Anchor(number, head, signature, leaves_of(bulk, number, sealer.hash_name)))
    if behind and behind[-1][0] > anchored:
        _mark(behind[-1][0])
    return sum(number > anchored for number, _, _ in behind)


def leaves_of(bulk: psycopg.Connection, block: int, hash_name: str) -> bytes:
    """The leaves of a sealed block, made anew from its entries."""
    digest = HASHES[hash_name]
    rows = bulk.execute(
        f"SELECT l.seq, {ROW_COLUMNS} FROM security_audit_link l JOIN security_audit_entry e ON e.id = l.entry_id"
        " WHERE l.seq BETWEEN (SELECT first_seq FROM security_audit_block WHERE number = %(block)s)"
        " AND (SELECT last_seq FROM security_audit_block WHERE number = %(block)s) ORDER BY l.seq",
        {"block": block},
    )
    return b"".join(leaf_of(row_text(seq, values).encode(), digest) for seq, *values in rows)


def _anchored(bulk: psycopg.Connection) -> int:
    found = bulk.execute("SELECT anchored_block FROM security_audit_watch").fetchone()
    return int(found[0]) if found else 0


def _mark(block: int) -> None:
    with bulk_transaction() as bulk:
        bulk.execute("UPDATE security_audit_watch SET anchored_block = %s", [block])
