"""Loading: judge by keys, then copy the new rows straight into the store (docs/decisions/0002-record-storage.md).

The only place that adds records; late linking and re-judging change links and dates of those there. One `Loader`
works on one batch, inside one transaction, as the role that owns the tables; a crash at any moment leaves nothing of
the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import numpy as np
import psycopg

from xinshu.catalogue.checks.findings import confirmed_findings
from xinshu.kernel import packing
from xinshu.kernel.database import looking_up
from xinshu.kernel.ids import uuid7_bytes
from xinshu.records.chunk import Chunk, Digests, Mask, Rows
from xinshu.records.counterparts import Counterparts
from xinshu.records.domain import DIGEST_BYTES, NO_DAY, Accepted, LoadContext, Marks, Taken
from xinshu.records.known import CHANGED, NEW, UNCHANGED, Known, Stored
from xinshu.records.linking import link_waiting
from xinshu.records.rendering import COLUMNS, Links, Renderer, Verdicts, place_of
from xinshu.records.store_rules import judge_links
from xinshu.security.roles import LOADER_ROLE
from xinshu.security.sealing import Vault
from xinshu.subjects.services import register

ITEM_LOCK = 0x5849_0001
SUBJECT_LOCK = 0x5849_0002

_CONTENT = (
    "content_hash, batch_id, row_no, supplier, authority, region, event_date, ends_on, received_at, rule_set, severity,"
    " public_from, repair_from, public_until, marks, payload, sealed"
)


def sealed_place(record: UUID) -> bytes:
    """What a record's sealed cell is bound to: its place in the store."""
    return place_of(record.bytes)


@dataclass(frozen=True, slots=True)
class Planned:
    """A chunk about which everything is decided: what `take` says of it, and the COPY streams of its new and its
    changed rows (None when there are none)."""

    taken: Taken
    new: packing.Bytes | None = None
    changed: packing.Bytes | None = None


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
        self._digests = Digests.of(vault)
        self._renderer = Renderer(context, vault, Verdicts(context))
        self._bearers: dict[str, int] = {}
        self._counterparts = Counterparts(self._lookups)

    def begin(self) -> None:
        """Become the loader and wait for one's turn: loads of one item one after another, and registrations, which
        link waiting records, apart from all other loads."""
        item = self._context.item
        for each in {self._connection, self._lookups}:
            each.execute(f"SET LOCAL ROLE {LOADER_ROLE}")
        shared = "" if item.creates_subjects else "_shared"
        self._connection.execute(f"SELECT pg_advisory_xact_lock{shared}(%s, 0)", [SUBJECT_LOCK])
        self._connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ITEM_LOCK, self._context.item_id])
        self._known = Known(self._lookups, self._context)

    def prepare(self, rows: Accepted) -> Chunk:
        """Digest a chunk of rows. Touches no connection: may run ahead in a
        thread while chunks before it are planned and taken."""
        return Chunk.of(rows, self._digests)

    @property
    def plans_ahead(self) -> bool:
        """Whether a chunk may be planned in another thread while one before it is taken: not where rows make subjects."""
        return self._lookups is not self._connection

    def plan(self, chunk: Chunk) -> Planned:
        """Decide about every row of a chunk, in file order. No row's key may come twice in a batch."""
        taken = Taken()
        stored = self._known.of(chunk)
        wanted = np.flatnonzero(stored.states != UNCHANGED)
        links, held = self._subjects(chunk, wanted, stored.similar, taken)
        wanted = wanted[~held[wanted]]
        self._count(chunk, wanted, stored, links, taken)
        new = chunk.in_key_order(wanted[stored.states[wanted] == NEW])
        changed = wanted[stored.states[wanted] == CHANGED]
        fresh = np.frombuffer(b"".join(uuid7_bytes(self._context.received_at, len(new))), dtype=np.uint8)
        return Planned(
            taken,
            self._renderer.stream(chunk, new, fresh.reshape(-1, DIGEST_BYTES), links),
            self._renderer.stream(chunk, changed, stored.ids[changed], links),
        )

    def take(self, planned: Planned) -> Taken:
        """Write what was planned."""
        if planned.new is not None:
            self._copy("records_record", planned.new)
        if planned.changed is not None:
            self._connection.execute(
                "CREATE TEMP TABLE IF NOT EXISTS loading_changed (LIKE records_record) ON COMMIT DROP"
            )
            self._connection.execute("TRUNCATE loading_changed")
            self._copy("loading_changed", planned.changed)
            self._connection.execute("ANALYZE loading_changed")
            with self._connection.cursor() as cursor, looking_up(cursor):  # not by reading all records for each chunk
                for statement in _REVISE:
                    cursor.execute(statement)
        return planned.taken

    # -- whose they are ------------------------------------------------------------------------------------------

    def _subjects(self, chunk: Chunk, wanted: Rows, similar: dict[int, str], taken: Taken) -> tuple[Links, Mask]:
        held, links = np.zeros(chunk.height, dtype=np.bool_), Links.nothing(chunk.height)
        if self._context.item.creates_subjects:
            links.put(wanted, Links.registered(self._register(chunk, wanted.tolist())))
            return links, held
        numbers = self._counterparts.of(chunk, wanted)
        links.put(wanted, self._counterparts.links(numbers))
        telling = np.union1d(wanted[~self._counterparts.plain(numbers)], np.array(list(similar), dtype=np.int64))
        which = numbers[np.searchsorted(wanted, telling)]
        judged = judge_links(
            self._lookups,
            self._context,
            chunk,
            {
                row: self._counterparts.link(number)
                for row, number in zip(telling.tolist(), which.tolist(), strict=True)
            },
            similar,
            self._bearers,
        )
        found = judged.table(self._context, chunk)
        taken.findings = confirmed_findings(found) if self._context.confirmed else found
        held[sorted(judged.held)] = True
        taken.doubtful += chunk.row_numbers[held].tolist()
        return links, held

    def _register(self, chunk: Chunk, rows: list[int]) -> list[bytes]:
        registrations = [chunk.registration(row) for row in rows]
        made = register(self._connection, registrations, now=self._context.received_at)
        link_waiting(
            self._connection,
            lambda text: self._digests.identity.one(text.encode()),
            [(subject, each.uscc, each.name_norm) for (subject, _), each in zip(made, registrations, strict=True)],
            catalogue=self._context.catalogue,
            now=self._context.received_at,
        )
        return [subject.bytes for subject, _ in made]

    # -- into the store ------------------------------------------------------------------------------------------

    def _copy(self, table: str, stream: packing.Bytes) -> None:
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({COLUMNS}) FROM STDIN (FORMAT binary)") as copy,
        ):
            for block in packing.blocks(stream):
                copy.write(block)

    @staticmethod
    def _count(chunk: Chunk, wanted: Rows, stored: Stored, links: Links, taken: Taken) -> None:
        same = np.flatnonzero(stored.states == UNCHANGED)
        rows = np.concatenate([wanted, same])
        states = stored.states[rows]
        waiting = np.where(states == UNCHANGED, ~stored.linked[rows], links.missing[rows])
        counted = (*(states == each for each in (NEW, CHANGED, UNCHANGED)), waiting, chunk.late[rows] & (states == NEW))
        days = chunk.days[rows]
        months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        different, which = np.unique(np.where(days == NO_DAY, NO_DAY, months), return_inverse=True)
        sums = np.stack([np.bincount(which[each], minlength=len(different)) for each in counted], axis=1)
        names = ["" if each == NO_DAY else str(np.datetime64(each, "M")) for each in different.tolist()]
        taken.months = dict(zip(names, sums.tolist(), strict=True))
        taken.new, taken.updated, taken.unchanged, taken.unlinked, _ = sums.sum(axis=0).tolist()


def _columns(names: str) -> list[str]:
    return [each.strip() for each in names.split(",")]


# A content that changes keeps what it replaces; its own moment is later than the replaced one's, whatever the clocks say.
# Whether a record was late is told by its first receipt: a correction of one that was on time stays on time (docs/rules.md).
_REVISE = (
    f"""
INSERT INTO records_revision (counterpart, id, known_until, {_CONTENT})
SELECT r.counterpart, r.id, greatest(c.received_at, r.received_at + interval '1 microsecond'),
       {", ".join(f"r.{name}" for name in _columns(_CONTENT))}
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
    document = c.document,
    marks = (c.marks & ~{int(Marks.LATE)}) | (r.marks & {int(Marks.LATE)}),
    {", ".join(f"{n} = c.{n}" for n in _columns(_CONTENT) if n not in {"received_at", "marks"})}
FROM loading_changed c WHERE r.counterpart = c.counterpart AND r.id = c.id
""",
)
