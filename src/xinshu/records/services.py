"""Loading: judge by keys, then copy the new rows straight into the store (docs/decisions/0002-record-storage.md).

The only place that adds records; late linking and re-judging change links and dates of those there. One `Loader`
works on one batch, inside one transaction, as the role that owns the tables; a crash at any moment leaves nothing of
the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl
import psycopg

from xinshu.kernel import copying
from xinshu.kernel.database import looking_up
from xinshu.kernel.ids import uuid7_bytes
from xinshu.records.chunk import Chunk, Digests
from xinshu.records.domain import LoadContext, Marks, Publicity, PublicityFacts, Taken, judge_publicity
from xinshu.records.linking import link_waiting
from xinshu.records.store_rules import judge_links
from xinshu.security.roles import LOADER_ROLE
from xinshu.security.sealing import Vault
from xinshu.subjects.domain import Basis, Link
from xinshu.subjects.services import Reported, register, resolve

ITEM_LOCK = 0x5849_0001
SUBJECT_LOCK = 0x5849_0002
_NEW, _CHANGED, _UNCHANGED = 0, 1, 2
_REMEMBERED = 100_000  # resolved counterparts of one batch
_PLACE = b"records_record\0sealed\0"

_COLUMNS = (
    "counterpart, item_id, key_hash, id, subject_id, linked_by, linked_at, first_received_at, person_index, content_hash,"
    " batch_id, row_no, supplier, authority, region, event_date, ends_on, received_at, rule_set, severity, public_from,"
    " repair_from, public_until, marks, payload, sealed"
)
_CONTENT = (
    "content_hash, batch_id, row_no, supplier, authority, region, event_date, ends_on, received_at, rule_set, severity,"
    " public_from, repair_from, public_until, marks, payload, sealed"
)


def sealed_place(record: UUID) -> bytes:
    """What a record's sealed cell is bound to: its place in the store."""
    return _PLACE + record.bytes


class _Stored(NamedTuple):
    """What the store already has under a row's key."""

    id: bytes
    same_content: bool
    linked: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """A chunk about which everything is decided: what `take` says of it, and the COPY streams of its new and its
    changed rows (empty when there are none)."""

    taken: Taken
    new: tuple[bytes, ...] = ()
    changed: tuple[bytes, ...] = ()


class Loader:
    """Takes the accepted rows of one batch, chunk by chunk: `prepare`, `plan`, `take`.

    `lookups`: a second connection, on which `plan` asks the store while `take` writes another chunk on the first. It sees
    nothing of this batch, and need not: no key comes twice in a batch, and no subject changes while one is loaded.
    """

    def __init__(
        self, connection: psycopg.Connection, lookups: psycopg.Connection, context: LoadContext, vault: Vault
    ) -> None:
        self._connection = connection
        self._lookups = connection if context.item.creates_subjects else lookups
        self._context = context
        self._vault = vault
        self._digests = Digests.of(vault)
        self._verdicts: dict[PublicityFacts, Publicity] = {}
        self._bearers: dict[str, int] = {}
        self._resolved: dict[Reported, Link | None] = {}
        self._first_of_item = False

    def begin(self) -> None:
        """Become the loader and wait for one's turn: loads of one item one after another, and registrations, which
        link waiting records, apart from all other loads."""
        item = self._context.item
        for each in {self._connection, self._lookups}:
            each.execute(f"SET LOCAL ROLE {LOADER_ROLE}")
        shared = "" if item.creates_subjects else "_shared"
        self._connection.execute(f"SELECT pg_advisory_xact_lock{shared}(%s, 0)", [SUBJECT_LOCK])
        self._connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ITEM_LOCK, self._context.item_id])
        anything = "SELECT 1 FROM records_record WHERE item_id = %s LIMIT 1"
        self._first_of_item = self._connection.execute(anything, [self._context.item_id]).fetchone() is None

    def prepare(self, frame: pl.DataFrame) -> Chunk:
        """Digest a chunk of rows (columns: collection.preparation.prepare). Touches no connection: may run ahead in a
        thread while chunks before it are planned and taken."""
        return Chunk.of(frame, self._digests)

    @property
    def plans_ahead(self) -> bool:
        """Whether a chunk may be planned in another thread while one before it is taken: not where rows make subjects."""
        return self._lookups is not self._connection

    def plan(self, chunk: Chunk) -> Planned:
        """Decide about every row of a chunk, in file order. No row's key may come twice in a batch."""
        taken = Taken()
        stored, similar = self._known(chunk)
        states = np.asarray(
            [_NEW if each is None else _UNCHANGED if each.same_content else _CHANGED for each in stored]
        )
        wanted = np.flatnonzero(states != _UNCHANGED)
        links, held = self._subjects(chunk, wanted, similar, taken)
        wanted = wanted[~held[wanted]]
        self._count(chunk, wanted, states, stored, links, taken)
        new = [row for row in wanted.tolist() if states[row] == _NEW]
        new.sort(key=chunk.counterparts.__getitem__)  # neighbours in the indexes
        changed = [row for row in wanted.tolist() if states[row] == _CHANGED]
        known = [each.id for row in changed if (each := stored[row]) is not None]
        return Planned(
            taken,
            self._stream(chunk, new, uuid7_bytes(self._context.received_at, len(new)), links),
            self._stream(chunk, changed, known, links),
        )

    def take(self, planned: Planned) -> Taken:
        """Write what was planned."""
        if planned.new:
            self._copy("records_record", planned.new)
        if planned.changed:
            self._connection.execute(
                "CREATE TEMP TABLE IF NOT EXISTS loading_changed (LIKE records_record) ON COMMIT DROP"
            )
            self._connection.execute("TRUNCATE loading_changed")
            self._copy("loading_changed", planned.changed)
            self._connection.execute("ANALYZE loading_changed")
            for statement in _REVISE:
                self._connection.execute(statement)
        return planned.taken

    # -- what is there already -----------------------------------------------------------------------------------

    def _known(self, chunk: Chunk) -> tuple[list[_Stored | None], dict[int, str]]:
        """For each row what the store has under its key, and {row: payload} of a similar stored record."""
        if self._first_of_item:  # keys are unique within a batch, so nothing can be found
            return [None] * chunk.height, {}
        with self._lookups.cursor(binary=True) as cursor:
            cursor.execute(
                "CREATE TEMP TABLE IF NOT EXISTS loading_keys (ordinal int, counterpart uuid, key_hash uuid,"
                " content_hash uuid, event_date date, authority text) ON COMMIT DROP"
            )
            cursor.execute("TRUNCATE loading_keys")
            with cursor.copy("COPY loading_keys FROM STDIN (FORMAT binary)") as copy:
                columns = (
                    copying.integers(range(chunk.height)),
                    copying.uuids(chunk.counterparts),
                    copying.uuids(chunk.keys),
                    copying.uuids(chunk.contents),
                    copying.dates(chunk.event_dates),
                    copying.texts(chunk.authorities),
                )
                for block in copying.render(columns):
                    copy.write(block)
            cursor.execute("ANALYZE loading_keys")
            similar_too = self._context.item.roles.document_no is not None
            stored: list[_Stored | None] = [None] * chunk.height
            similar: dict[int, str] = {}
            with looking_up(cursor):
                cursor.execute(
                    _KNOWN + (_OR_SIMILAR if similar_too else ""),
                    {"item": self._context.item_id, "batch": self._context.batch_id},
                )
                for ordinal, record, same_key, same_content, linked, payload in cursor.fetchall():
                    if same_key:
                        stored[ordinal] = _Stored(record, same_content, linked)
                    else:
                        similar.setdefault(ordinal, payload)
        return stored, {ordinal: payload for ordinal, payload in similar.items() if stored[ordinal] is None}

    # -- whose they are ------------------------------------------------------------------------------------------

    def _subjects(
        self, chunk: Chunk, wanted: npt.NDArray[np.int64], similar: dict[int, str], taken: Taken
    ) -> tuple[dict[int, Link], npt.NDArray[np.bool_]]:
        held = np.zeros(chunk.height, dtype=np.bool_)
        rows = wanted.tolist()
        if self._context.item.creates_subjects:
            return self._register(chunk, rows), held
        links: dict[int, Link | None] = dict.fromkeys(rows)
        reported = {row: each for row, each in zip(rows, chunk.reported(rows), strict=True) if each is not None}
        links.update(self._resolve(reported))
        judged = judge_links(self._lookups, self._context, chunk, links, similar, self._bearers)
        taken.findings = judged.table(self._context, chunk)
        held[sorted(judged.held)] = True
        taken.doubtful += [chunk.row_numbers[row] for row in sorted(judged.held)]
        return {row: link for row, link in links.items() if link is not None and row not in judged.held}, held

    def _resolve(self, reported: dict[int, Reported]) -> dict[int, Link | None]:
        """`resolve`, asking once for a counterpart that comes again and again in a file."""
        asked = [each for each in dict.fromkeys(reported.values()) if each not in self._resolved]
        if len(self._resolved) + len(asked) > _REMEMBERED:
            self._resolved.clear()
            asked = list(dict.fromkeys(reported.values()))
        self._resolved.update(zip(asked, resolve(self._lookups, asked), strict=True))
        return {row: self._resolved[each] for row, each in reported.items()}

    def _register(self, chunk: Chunk, rows: list[int]) -> dict[int, Link]:
        registrations = [chunk.registration(row) for row in rows]
        made = register(self._connection, registrations, now=self._context.received_at)
        link_waiting(
            self._connection,
            self._digests.identity,
            [(subject, each.uscc, each.name_norm) for (subject, _), each in zip(made, registrations, strict=True)],
            catalogue=self._context.catalogue,
            now=self._context.received_at,
        )
        return {row: Link(subject.bytes, Basis.REGISTRATION) for row, (subject, _) in zip(rows, made, strict=True)}

    # -- into the store ------------------------------------------------------------------------------------------

    def _stream(self, chunk: Chunk, rows: list[int], ids: Sequence[bytes], links: dict[int, Link]) -> tuple[bytes, ...]:
        """The COPY stream of some rows, empty for none."""
        if not rows:
            return ()
        context = self._context
        found = [links.get(row) for row in rows]
        judged = [self._publicity(each) for each in chunk.publicity]
        verdicts = [judged[chunk.publicity_of[row]] for row in rows]
        received = copying.instant_field(context.received_at)
        columns = (
            copying.uuids(chunk.counterparts[row] for row in rows),
            copying.same(copying.small_integers([context.item_id])[0]),
            copying.uuids(chunk.keys[row] for row in rows),
            copying.uuids(ids),
            copying.uuids(None if link is None else link.subject for link in found),
            copying.small_integers(None if link is None else link.basis for link in found),
            [copying.NULL if link is None else received for link in found],
            copying.same(received),
            copying.uuids(chunk.persons.get(row) for row in rows),
            copying.uuids(chunk.contents[row] for row in rows),
            copying.same(copying.integers([context.batch_id])[0]),
            copying.integers(chunk.row_numbers[row] for row in rows),
            copying.same(copying.texts([context.supplier])[0]),
            copying.few_texts(chunk.authorities[row] for row in rows),
            copying.same(copying.integers([context.region])[0]),
            copying.dates(chunk.event_dates[row] for row in rows),
            copying.dates(chunk.ends_on[row] for row in rows),
            copying.same(received),
            copying.few_texts(each.rule_set for each in verdicts),
            copying.few_texts(each.severity for each in verdicts),
            copying.dates(each.public_from for each in verdicts),
            copying.dates(each.repair_from for each in verdicts),
            copying.dates(each.public_until for each in verdicts),
            copying.few_integers(
                _marks(chunk.late[row], chunk.event_dates[row], each, link)
                for row, each, link in zip(rows, verdicts, found, strict=True)
            ),
            copying.texts(chunk.payloads[row] for row in rows),
            self._sealed(chunk, rows, ids),
        )
        return tuple(copying.render(columns))

    def _copy(self, table: str, stream: tuple[bytes, ...]) -> None:
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({_COLUMNS}) FROM STDIN (FORMAT binary)") as copy,
        ):
            for block in stream:
                copy.write(block)

    def _sealed(self, chunk: Chunk, rows: list[int], ids: Sequence[bytes]) -> list[bytes]:
        """The sealed cells, NULL where a row has nothing personal."""
        wanted = [(row, each) for row, each in zip(rows, ids, strict=True) if chunk.personal[row]]
        cells = self._vault.seal_many(
            [chunk.personal[row].encode() for row, _ in wanted], [_PLACE + each for _, each in wanted]
        )
        sealed = dict(zip((row for row, _ in wanted), cells, strict=True))
        return copying.blobs(sealed.get(row) for row in rows)

    def _publicity(self, facts: PublicityFacts) -> Publicity:
        if facts not in self._verdicts:
            self._verdicts[facts] = judge_publicity(self._context.item, facts, self._context.today, self._context.rules)
        return self._verdicts[facts]

    def _count(
        self,
        chunk: Chunk,
        wanted: npt.NDArray[np.int64],
        states: npt.NDArray[np.int64],
        stored: list[_Stored | None],
        links: dict[int, Link],
        taken: Taken,
    ) -> None:
        same = np.flatnonzero(states == _UNCHANGED).tolist()
        waiting = {row for row in wanted.tolist() if row not in links}
        waiting |= {row for row in same if (each := stored[row]) is not None and not each.linked}
        for row in [*wanted.tolist(), *same]:
            counts = taken.months.setdefault(chunk.months[row], [0, 0, 0, 0, 0])
            counts[states[row]] += 1
            counts[3] += row in waiting
            counts[4] += chunk.late[row]
        taken.new = int((states[wanted] == _NEW).sum())
        taken.updated = len(wanted) - taken.new
        taken.unchanged = len(same)
        taken.unlinked = len(waiting)


_LATE, _DEFAULT_CLASS, _CLOSED = int(Marks.LATE), int(Marks.DEFAULT_CLASS), int(Marks.CLOSED_SUBJECT)


def _marks(late: bool, event: date | None, verdict: Publicity, link: Link | None) -> int:
    marks = (_LATE if late else 0) | (_DEFAULT_CLASS if verdict.default_class else 0)
    if link is not None and link.closed_on is not None and event is not None and link.closed_on < event:
        marks |= _CLOSED
    return marks


_KNOWN = """
SELECT k.ordinal, uuid_send(r.id), r.key_hash = k.key_hash, r.content_hash = k.content_hash, r.subject_id IS NOT NULL,
       CASE WHEN r.key_hash <> k.key_hash THEN r.payload END
FROM loading_keys k
JOIN records_record r ON r.counterpart = k.counterpart AND r.item_id = %(item)s
WHERE r.key_hash = k.key_hash
"""
_OR_SIMILAR = """
   OR (r.event_date = k.event_date AND r.authority = k.authority AND k.authority <> '' AND r.batch_id <> %(batch)s)
"""
# A content that changes keeps what it replaces; its own moment is later than the replaced one's, whatever the clocks say.
_REVISE = (
    f"""
INSERT INTO records_revision (counterpart, id, known_until, {_CONTENT})
SELECT r.counterpart, r.id, greatest(c.received_at, r.received_at + interval '1 microsecond'),
       {", ".join("r." + name.strip() for name in _CONTENT.split(","))}
FROM loading_changed c JOIN records_record r ON r.counterpart = c.counterpart AND r.id = c.id
""",
    f"""
UPDATE records_record r SET
    received_at = greatest(c.received_at, r.received_at + interval '1 microsecond'),
    subject_id = coalesce(c.subject_id, r.subject_id),
    linked_by = CASE WHEN c.subject_id IS NULL THEN r.linked_by ELSE c.linked_by END,
    linked_at = CASE WHEN c.subject_id IS NOT DISTINCT FROM r.subject_id OR c.subject_id IS NULL THEN r.linked_at
                     ELSE c.linked_at END,
    person_index = c.person_index,
    {", ".join(f"{n} = c.{n}" for n in (name.strip() for name in _CONTENT.split(",")) if n != "received_at")}
FROM loading_changed c WHERE r.counterpart = c.counterpart AND r.id = c.id
""",
)
